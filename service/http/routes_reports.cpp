#include "service/http/api.h"

namespace roamguard::http {
namespace {

using nlohmann::json;

/// Rounded down, so that 100 is said of nothing less than all.
int percent_of(const storage::Coverage::Count& count) {
    return count.opened == 0 ? 100 : static_cast<int>(count.confirmed * 100 / count.opened);
}

json count_json(const storage::Coverage::Count& count) {
    return {{"opened", count.opened}, {"confirmed", count.confirmed}, {"percent", percent_of(count)}};
}

Response coverage(Api& api, const Request& request) {
    tariffs::Instant since{0};
    if (const auto text = request.parameter("since")) {
        const auto time = tariffs::parse_rfc3339(*text);
        if (!time) return problem(422, "invalid_parameter", "since is an RFC 3339 time, such as 2026-11-01T00:00:00Z");
        since = time->at;
    }
    const storage::Coverage found = api.store().read_coverage(since);
    constexpr std::string_view prefix = "opened_";
    storage::Coverage::Count all;
    json kinds = json::object();
    for (const std::string what : {"stage", "destination", "pass"})
        kinds[what] = count_json({});
    for (const auto& [kind, count] : found.kinds) {
        kinds[kind.substr(prefix.size())] = count_json(count);
        all.opened += count.opened;
        all.confirmed += count.confirmed;
    }
    json out = count_json(all);
    out["kinds"] = std::move(kinds);
    out["unconfirmed"] = json::array();
    for (const storage::FindingRow& row : found.unconfirmed) {
        const json body = json::parse(row.body);
        json item = {{"at", tariffs::to_rfc3339(row.at)},
                     {"what", body["what"]},
                     {"about", body["about"]},
                     {"confirmation", body["confirmation"]}};
        const auto seen = see_customer(api, row.customer);
        item["subscriber"] = seen ? json(seen->state.profile.id) : json(nullptr);
        out["unconfirmed"].push_back(std::move(item));
    }
    return json_response(out);
}

}  // namespace

void add_report_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back({"GET",
                      "/v1/reports/coverage",
                      {"care", "product", "admin"},
                      "How much of what was opened or charged rests on a recorded confirmation.",
                      0,
                      [&api](const Request& request) { return coverage(api, request); },
                      Doc("coverageReport", "Reports")
                          .says("Every stage opened, destination opened and pass bought is held against the answer in "
                                "the customer's evidence. Anything but 100 is a fault to look into at once: "
                                "`unconfirmed` lists it.")
                          .query("since", "string", "Only what was opened from this time on (RFC 3339).")
                          .gives(200, "CoverageReport", "As things stand.")
                          .may(422, "`since` is no time.")});
}

}  // namespace roamguard::http
