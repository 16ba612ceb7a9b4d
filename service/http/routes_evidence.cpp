#include <algorithm>

#include "data/digest.h"
#include "service/engine/evidence.h"
#include "service/http/api.h"

namespace roamguard::http {
namespace {

using nlohmann::json;

constexpr int most_entries = 1'000'000;

std::vector<storage::EvidenceRow> chain_of(Api& api, const Seen& seen) {
    auto entries = api.store().read_evidence(seen.state.last_entry, most_entries);
    std::reverse(entries.begin(), entries.end());
    return entries;
}

json entry_json(const storage::EvidenceRow& row, const std::string& key, const std::string& before) {
    json out = {{"number", row.number}, {"at", tariffs::to_rfc3339(row.at)}, {"kind", row.kind}, {"hash", data::to_hex(row.hash)}, {"before", before}};
    try {
        const auto text = engine::open(row, key);
        out["entry"] = text ? json::parse(*text, nullptr, false) : json(nullptr);
    } catch (const std::runtime_error& error) {
        out["entry"] = nullptr;
        out["fault"] = error.what();
    }
    return out;
}

Response timeline(Api& api, const Request& request) {
    const auto id = find_customer(api, request.captures[0]);
    const auto seen = id ? see_customer(api, *id) : std::nullopt;
    if (!seen) return no_such_customer();
    json items = json::array();
    std::string before(64, '0');
    for (const storage::EvidenceRow& row : chain_of(api, *seen)) {
        items.push_back(entry_json(row, seen->row.key, before));
        before = data::to_hex(row.hash);
    }
    return json_response({{"subscriber", seen->state.profile.id}, {"head", before}, {"entries", seen->state.entries}, {"items", std::move(items)}, {"next", nullptr}});
}

Response verify_chain(Api& api, const Request& request) {
    const auto id = find_customer(api, request.captures[0]);
    const auto seen = id ? see_customer(api, *id) : std::nullopt;
    if (!seen) return no_such_customer();
    const auto fault = engine::verify(chain_of(api, *seen), seen->state, seen->row.key);
    json out = {{"ok", !fault}, {"entries", seen->state.entries}, {"head", data::to_hex(seen->state.head)}};
    if (fault) out["fault"] = {{"number", fault->number}, {"detail", fault->sentence}};
    return json_response(out);
}

}  // namespace

void add_evidence_routes(std::vector<Route>& routes, Api& api) {
    const std::string path = "/v1/subscribers/{msisdn}";
    routes.push_back({"GET", path + "/timeline", {"care"}, "The evidence file, in order.", 0,
                      [&api](const Request& request) { return timeline(api, request); }});
    for (const char* end : {"/verify", "/timeline/verify"})
        routes.push_back({"GET", path + end, {"care"}, "Checks the evidence chain.", 0,
                          [&api](const Request& request) { return verify_chain(api, request); }});
}

}  // namespace roamguard::http
