#include "service/http/api.h"

namespace roamguard::http {
namespace {

using nlohmann::json;

Response alive() { return json_response({{"status", "pass"}}); }

Response ready(Api& api) {
    const auto around = api.engine.around();
    json checks = json::object();
    bool usable = true;
    auto fail = [&](const char* part, const std::string& why) {
        usable = false;
        checks[part] = {{"status", "fail"}, {"detail", why}};
    };
    try {
        api.store().ping();
        if (api.engine.writes())
            checks["store"] = {{"status", "pass"}};
        else
            fail("store", "the store does not take what is written");
    } catch (const std::exception&) {
        fail("store", "the store does not answer");
    }
    if (around->book->empty())
        fail("tariffs", "no tariff table is published");
    else
        checks["tariffs"] = {{"status", "pass"}, {"versions", around->book->versions().size()}};
    if (around->networks && around->networks->size() > 0)
        checks["networks"] = {{"status", "pass"}, {"networks", around->networks->size()}};
    else
        fail("networks", "the networks table is empty");
    if (around->ips)
        checks["geoip"] = {{"status", "pass"}, {"builtAt", tariffs::to_rfc3339({around->ips->build_epoch_s() * 1000})}};
    else
        checks["geoip"] = {{"status", "warn"}, {"detail", "no IP database: " + api.ip_warning}};
    const std::vector<std::string> down = api.metrics.channels_down();
    for (const std::string& channel : down)
        checks["channel:" + channel] = {{"status", "warn"},
                                        {"detail", "the other side does not answer; messages wait"}};
    const char* status = !usable ? "fail" : around->ips && down.empty() ? "pass" : "warn";
    Response response = json_response({{"status", status}, {"checks", checks}}, usable ? 200 : 503);
    if (!usable) response.headers.emplace_back("Retry-After", "5");
    return response;
}

Response metrics(Api& api) {
    api.metrics.queued(api.engine.queued());
    Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = api.metrics.text();
    return response;
}

}  // namespace

void add_operation_routes(std::vector<Route>& routes, Api& api) {
    for (const auto& [path, id] : {std::pair{"/healthz", "health"}, {"/livez", "liveness"}})
        routes.push_back({"GET",
                          path,
                          {},
                          "Alive.",
                          0,
                          [](const Request&) { return alive(); },
                          Doc(id, "Operations").gives(200, "Health", "The process is alive.")});
    routes.push_back({"GET",
                      "/readyz",
                      {},
                      "Store, tariffs and networks usable.",
                      0,
                      [&api](const Request&) { return ready(api); },
                      Doc("readiness", "Operations")
                          .says("`checks` names each part. A missing IP database is a warning, not a failure.")
                          .gives(200, "Readiness", "Usable; `warn` where something is missing that it can do without.")
                          .gives(503, "Readiness", "Not usable; the failing part says why.")
                          .with("Retry-After")});
    routes.push_back({"GET",
                      "/metrics",
                      {},
                      "Prometheus metrics.",
                      0,
                      [&api](const Request&) { return metrics(api); },
                      Doc("metrics", "Operations")
                          .gives_as(200, "text/plain", "PrometheusText", "The metrics, in Prometheus's text format.")});
}

}  // namespace roamguard::http
