#include "service/engine/authorization_job.h"
#include "service/http/api.h"

namespace roamguard::http {
namespace {

using nlohmann::json;

json answer_json(const protection::AuthorizationDecision& answer) {
    json out = {{"decision", protection::word(answer.verdict)},
                {"reason", answer.reason},
                {"granted", nullptr},
                {"price", nullptr},
                {"pass", answer.pass.empty() ? json(nullptr) : json(answer.pass)},
                {"confirmation", answer.question.empty() ? json(nullptr) : json{{"id", answer.question}}}};
    if (answer.granted > 0)
        out["granted"] = {{"quantity", answer.granted}, {"validUntil", tariffs::to_rfc3339(answer.valid_until)}};
    if (answer.price) out["price"] = prices_json({*answer.price}).front();
    return out;
}

Response authorize(Api& api, const Request& request) {
    auto asked = intake::read_authorization(request.body, api.engine.now(), api.intake);
    if (!asked) return refused(asked.error());
    engine::AuthorizationJob job(std::move(*asked));
    if (auto refusal = submit(api, job)) return *refusal;
    const protection::AuthorizationDecision& answer = job.answer();
    api.metrics.authorization(std::string(protection::word(answer.verdict)), answer.reason);
    for (const engine::Notification& one : job.notifications())
        api.metrics.message(one.kind);
    return json_response(answer_json(answer));
}

}  // namespace

void add_authorization_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back({"POST",
                      "/v1/authorizations",
                      {"platform"},
                      "Asks before a service is used, and how much of it may be.",
                      16 * 1024,
                      [&api](const Request& request) { return authorize(api, request); },
                      Doc("authorize", "Authorizations")
                          .says("For charging functions. What is granted never reaches past a cap, counts what other "
                                "grants may still use, and is reserved until it is reported by `used`, recorded as "
                                "usage of the same `session`, or lapses. A network newer than the known place acts as "
                                "an attach first.")
                          .takes("application/json", "AuthorizationRequest")
                          .gives(200, "Authorization", "Decided; what it reserves is durable.")
                          .may(400, "The body is not JSON.")
                          .may(422, "A field is missing or wrong; `errors` names it.")
                          .commits()});
}

}  // namespace roamguard::http
