#include <algorithm>
#include <kainjow/mustache.hpp>

#include "data/digest.h"
#include "data/embedded.h"
#include "service/engine/evidence.h"
#include "service/http/api.h"

namespace roamguard::http {
namespace {

using nlohmann::json;

constexpr int most_entries = 1'000'000;
constexpr int most_entries_a_page = 5000;

std::vector<storage::EvidenceRow> chain_of(Api& api, const Seen& seen) {
    auto entries = api.store().read_evidence(seen.row.id, seen.state.last_entry, most_entries);
    std::reverse(entries.begin(), entries.end());
    return entries;
}

std::string words_of(const json& list) {
    std::string text;
    for (const json& word : list)
        if (word.is_string()) text += (text.empty() ? "" : ", ") + word.get<std::string>();
    return text;
}

/// What the entry itself tells of, without what was decided about it.
std::string subject(const std::string& kind, const json& entry) {
    const auto member = [&](const char* name) { return entry.value(name, ""); };
    if (entry.contains("event"))
        return entry["event"].value("type", "") + " " + entry["event"].value("id", "") + " of " +
               entry["event"].value("time", "");
    if (kind == "message") return member("kind") + " by " + member("channel");
    if (kind == "delivery")
        return member("kind") + " by " + member("channel") + ": " + member("state") +
               (member("error").empty() ? "" : " (" + member("error") + ")");
    if (kind == "answer") return member("choice") + " by " + member("by");
    if (kind == "authorization")
        return "asked to use " + entry["asked"].value("service", "") + ": " + entry["answer"].value("decision", "") +
               " (" + entry["answer"].value("reason", "") + ")";
    if (kind == "reply") return "SMS of the customer, read as " + member("says") + ": " + member("result");
    if (kind == "pass") return "bundle " + member("name") + " " + member("what");
    if (kind == "platform") {
        const json told = entry.value("data", json::object());
        if (member("type") == "org.roamguard.charge.requested.v1") {
            const json price = told.value("price", json::object());
            return "the platform is asked to charge " + price.value("amount", "") + " " + price.value("currency", "") +
                   " for the pass " + told.value("pass", json::object()).value("name", "");
        }
        return "the platform is told: " + words_of(told.value("services", json::array())) +
               (member("type") == "org.roamguard.data.held.v1" ? " held" : " released") + " (" +
               words_of(told.value("causes", json::array())) + "), number " + std::to_string(told.value("sequence", 0));
    }
    if (kind == "policy" || kind == "profile") return kind + " " + member("what");
    return {};
}

/// What a person reads of an entry: one line of what happened.
std::string summary(const std::string& kind, const json& entry) {
    if (!entry.is_object()) return "erased or dropped; its hash remains";
    std::string text = subject(kind, entry);
    const auto add = [&](const std::string& more) { text += (text.empty() ? "" : " → ") + more; };
    const json& decision = entry.contains("decision") ? entry["decision"] : entry;
    if (!decision.is_object()) return text;
    if (decision.contains("outcomes") && !decision["outcomes"].empty()) add(words_of(decision["outcomes"]));
    if (kind != "platform" && decision.contains("holds"))
        for (const json& change : decision["holds"])
            add(words_of(change["services"]) + " " + change.value("what", "") + " (" + change.value("cause", "") + " " +
                change.value("about", "") + ")");
    return text.empty() ? kind : text;
}

json entry_json(const storage::EvidenceRow& row, const std::string& key, const std::string& before) {
    json out = {{"number", row.number},
                {"at", tariffs::to_rfc3339(row.at)},
                {"kind", row.kind},
                {"hash", roamguard::data::to_hex(row.hash)},
                {"before", before}};
    try {
        const auto text = engine::open(row, key);
        out["entry"] = text ? json::parse(*text, nullptr, false) : json(nullptr);
    } catch (const std::runtime_error& error) {
        out["entry"] = nullptr;
        out["fault"] = error.what();
    }
    out["summary"] = summary(row.kind, out["entry"]);
    return out;
}

/// The words of a message, either way, that belong in front of whoever judges a complaint.
std::string spoken(const json& item) {
    const std::string kind = item.value("kind", "");
    const json& entry = item["entry"];
    return entry.is_object() && (kind == "message" || kind == "reply") ? entry.value("text", "") : "";
}

/// The evidence file as a page that prints well; every text is escaped by the template.
Response timeline_page(const Seen& seen, const json& items, const std::string& head) {
    using kainjow::mustache::data;
    data rows(data::type::list);
    for (const json& item : items) {
        const json& entry = item["entry"];
        data row;
        row.set("number", std::to_string(item.value("number", 0)));
        row.set("at", item.value("at", ""));
        row.set("kind", item.value("kind", ""));
        row.set("headline", item.value("summary", ""));
        row.set("text", spoken(item));
        row.set("detail", entry.is_object() ? entry.dump(2) : "");
        row.set("hash", item.value("hash", "").substr(0, 16));
        rows << row;
    }
    data all;
    all.set("subscriber", seen.state.profile.id);
    all.set("entries", std::to_string(seen.state.entries));
    all.set("head", head);
    all.set("rows", rows);
    kainjow::mustache::mustache page(std::string(roamguard::data::embedded_files().at("web/timeline.mustache")));
    Response response;
    response.content_type = "text/html; charset=utf-8";
    response.body = page.render(all);
    response.headers.emplace_back(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    return response;
}

/// A page of the evidence file: its entries in order, the newest page first; `next` leads to the page before it.
Response timeline(Api& api, const Request& request) {
    const auto id = find_customer(api, request.captures[0]);
    const auto seen = id ? see_customer(api, *id) : std::nullopt;
    if (!seen) return no_such_customer();
    const auto page = read_page(request, most_entries_a_page);
    if (!page) return page.error();
    const std::int64_t from = page->before > 0 ? page->before : seen->state.last_entry;
    auto rows = api.store().read_evidence(*id, from, page->limit + 1);
    if (rows.empty() && page->before > 0)
        return problem(400, "invalid_parameter", "cursor must be a `next` of this list");
    std::string before(64, '0');
    std::optional<std::int64_t> next;
    if (static_cast<int>(rows.size()) > page->limit) {
        before = roamguard::data::to_hex(rows.back().hash);
        next = rows.back().row;
        rows.pop_back();
    }
    json items = json::array();
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
        items.push_back(entry_json(*row, seen->row.key, before));
        before = roamguard::data::to_hex(row->hash);
    }
    const std::string head = roamguard::data::to_hex(seen->state.head);
    if (request.parameter("format").value_or("json") == "html") return timeline_page(*seen, items, head);
    return json_response({{"subscriber", seen->state.profile.id},
                          {"head", head},
                          {"entries", seen->state.entries},
                          {"items", std::move(items)},
                          {"next", next ? json(std::to_string(*next)) : json(nullptr)}});
}

Response verify_chain(Api& api, const Request& request) {
    const auto id = find_customer(api, request.captures[0]);
    const auto seen = id ? see_customer(api, *id) : std::nullopt;
    if (!seen) return no_such_customer();
    const auto fault = engine::verify(chain_of(api, *seen), seen->state, seen->row.key);
    json out = {{"ok", !fault}, {"entries", seen->state.entries}, {"head", roamguard::data::to_hex(seen->state.head)}};
    if (fault) out["fault"] = {{"number", fault->number}, {"detail", fault->sentence}};
    return json_response(out);
}

}  // namespace

void add_evidence_routes(std::vector<Route>& routes, Api& api) {
    const std::string path = "/v1/subscribers/{msisdn}";
    routes.push_back(
        {"GET",
         path + "/timeline",
         {"care"},
         "The evidence file, in order.",
         0,
         [&api](const Request& request) { return timeline(api, request); },
         Doc("readTimeline", "Subscribers")
             .says("Within a page entries stand in the order they happened; the first page is the newest, and `next` "
                   "leads to the one before it. Each entry carries a hash over the one before and its own encrypted "
                   "content, so that an altered history shows.")
             .query("format", "TimelineFormat", "`html` for a page that prints well.")
             .query("limit", "TimelineLimit", "How many entries at most.")
             .query("cursor", "Cursor", "The `next` of the page before.")
             .gives(200, "Timeline", "A page of the evidence file.")
             .gives_as(200, "text/html", "string", "A page of the evidence file.")
             .may(400, "`limit` or `cursor` is none.")
             .may(404, "Nobody is known by this number.")});
    for (const auto& [end, id] : {std::pair{"/verify", "verifyEvidence"}, {"/timeline/verify", "verifyTimeline"}})
        routes.push_back({"GET",
                          path + end,
                          {"care"},
                          "Checks the evidence chain.",
                          0,
                          [&api](const Request& request) { return verify_chain(api, request); },
                          Doc(id, "Subscribers")
                              .gives(200, "Verification", "Whether the chain holds, and where it does not.")
                              .may(404, "Nobody is known by this number.")});
}

}  // namespace roamguard::http
