#include "service/engine/bundle_job.h"
#include "service/http/api.h"
#include "service/json/reader.h"

namespace roamguard::http {
namespace {

using nlohmann::json;
using protection::BundleResult;
using protection::HeldPass;

constexpr std::size_t max_bundle = 8 * 1024;
constexpr std::size_t longest_id = 64;

bool good_id(const std::string& id) {
    return !id.empty() && id.size() <= longest_id && std::all_of(id.begin(), id.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '.' || c == '_' || c == '-';
    });
}

std::string_view state_of(const HeldPass& pass, tariffs::Instant now) {
    if (pass.ended || pass.until <= now) return "ended";
    return pass.from <= now ? "active" : "waiting";
}

json pass_json(const HeldPass& pass, tariffs::Instant now) {
    json out = {{"id", pass.id},
                {"name", pass.name},
                {"state", state_of(pass, now)},
                {"boughtElsewhere", pass.elsewhere},
                {"destinations", pass.destinations},
                {"from", tariffs::to_rfc3339(pass.from)},
                {"until", tariffs::to_rfc3339(pass.until)},
                {"untilCertain", pass.until_certain},
                {"used", pass.used}};
    out["pass"] = pass.pass.empty() ? json(nullptr) : json(pass.pass);
    out["services"] = json::array();
    for (const tariffs::Service service : pass.services)
        out["services"].push_back(tariffs::word(service));
    out["allowance"] = pass.allowance ? json(*pass.allowance) : json(nullptr);
    out["price"] = pass.price.currency.none() ? json(nullptr) : money_json(pass.price);
    out["tax"] = tariffs::word(pass.tax);
    out["confirmation"] = pass.question.empty() ? json(nullptr) : json(pass.question);
    out["endedAt"] = pass.ended ? json(tariffs::to_rfc3339(*pass.ended)) : json(nullptr);
    return out;
}

Response list_passes(Api& api, const Request& request) {
    const auto id = find_customer(api, request.captures[0]);
    const auto seen = id ? see_customer(api, *id) : std::nullopt;
    if (!seen) return no_such_customer();
    json items = json::array();
    const tariffs::Instant now = api.engine.now();
    for (auto pass = seen->state.passes.rbegin(); pass != seen->state.passes.rend(); ++pass)
        items.push_back(pass_json(*pass, now));
    return list_response(std::move(items), std::nullopt);
}

Response put_pass(Api& api, const Request& request) {
    const auto number = notifications::Msisdn::parse(request.captures[0]);
    if (!number)
        return problem(422, "invalid_msisdn",
                       "the number in the path must be E.164: +, country code and 7 to 15 digits in all");
    if (!good_id(request.captures[1]))
        return problem(422, "invalid_id", "a bundle's id is 1 to 64 letters, digits, points, underscores and hyphens");
    auto body = roamguard::json::read_json(request.body, 8);
    if (!body) return problem(400, body.error().code, "the body is not JSON: " + body.error().detail);
    const auto around = api.engine.around();
    const auto bundle =
        customers::read_bundle(*body, [&](geoip::Country country) { return around->networks->known_country(country); });
    const auto refuse = [](int status, const std::string& code, const std::string& detail,
                           const std::vector<customers::ProfileFault>& faults) {
        std::vector<FieldProblem> fields;
        for (const customers::ProfileFault& fault : faults)
            fields.push_back({fault.pointer, fault.code, fault.detail});
        return problem(status, code, detail, fields);
    };
    if (!bundle) {
        const customers::ProfileFault& first = bundle.error().front();
        return refuse(422, "invalid_bundle", first.pointer + ": " + first.detail, bundle.error());
    }
    engine::BundleJob job(*number, request.captures[1], *bundle);
    if (auto refusal = submit(api, job)) return *refusal;
    if (const auto& refusal = job.refusal())
        return refuse(refusal->status, refusal->code, refusal->detail, refusal->faults);
    return json_response(pass_json(job.pass(), api.engine.now()), job.created() ? 201 : 200);
}

Response end_pass(Api& api, const Request& request) {
    const auto customer = find_customer(api, request.captures[0]);
    if (!customer) return no_such_customer();
    engine::BundleEndJob job(*customer, request.captures[1]);
    if (auto refusal = submit(api, job)) return *refusal;
    if (job.result() == BundleResult::unknown)
        return problem(404, "unknown_pass", "the customer has no pass or bundle with this id");
    if (job.result() == BundleResult::not_a_bundle)
        return problem(409, "not_a_bundle", "a pass that was bought here ends by its own terms");
    Response response;
    response.status = 204;
    return response;
}

}  // namespace

void add_pass_routes(std::vector<Route>& routes, Api& api) {
    const std::string path = "/v1/subscribers/{msisdn}/passes";
    routes.push_back({"GET",
                      path,
                      {"care", "admin"},
                      "A customer's passes and bundles, newest first.",
                      0,
                      [&api](const Request& request) { return list_passes(api, request); },
                      Doc("listPasses", "Passes")
                          .says("What was bought by a confirmation and what was recorded as bought elsewhere. Those "
                                "that ended stay for 40 days, since late records may still belong to them.")
                          .gives(200, "PassList", "In one page.")
                          .may(404, "Nobody is known by this number.")});
    routes.push_back({"PUT",
                      path + "/{id}",
                      {"admin", "platform"},
                      "Records a bundle bought elsewhere.",
                      max_bundle,
                      [&api](const Request& request) { return put_pass(api, request); },
                      Doc("putPass", "Passes")
                          .says("It covers usage that starts from `from` until `until`, as long as its allowance "
                                "lasts: nothing of it counts for a money cap, and holds on its services are lifted "
                                "where it is valid. Nothing is charged for it. Sent again under the same id it "
                                "changes.")
                          .path("id", "string", "Yours: 1 to 64 letters, digits, points, underscores and hyphens.")
                          .takes("application/json", "Bundle")
                          .gives(200, "Pass", "Changed.")
                          .gives(201, "Pass", "Recorded.")
                          .may(400, "The body is not JSON.")
                          .may(409, "`not_a_bundle`: a pass bought here has this id.")
                          .may(422, "A field breaks a rule; `errors` names each.")
                          .commits()});
    routes.push_back({"DELETE",
                      path + "/{id}",
                      {"admin", "platform"},
                      "Ends a bundle bought elsewhere.",
                      0,
                      [&api](const Request& request) { return end_pass(api, request); },
                      Doc("endPass", "Passes")
                          .says("From now on it covers nothing; holds it lifted bind again.")
                          .path("id", "string", "The bundle's.")
                          .gives(204, "", "Ended.")
                          .may(404, "Nobody is known by this number, or has such a bundle.")
                          .may(409, "`not_a_bundle`: it was bought here.")
                          .commits()});
}

}  // namespace roamguard::http
