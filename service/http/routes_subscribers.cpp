#include "service/engine/customer_jobs.h"
#include "service/http/api.h"
#include "service/json/reader.h"

namespace roamguard::http {
namespace {

using nlohmann::json;
using notifications::Msisdn;

constexpr std::size_t max_profile = 64 * 1024;
constexpr std::size_t max_import = 4u << 20;
constexpr std::size_t import_turn = 500;

tl::expected<Msisdn, Response> number_of(const std::string& text) {
    if (const auto number = Msisdn::parse(text)) return *number;
    return tl::unexpected(problem(422, "invalid_msisdn",
                                  "the number in the path must be E.164: +, country code and 7 to 15 digits in all"));
}

tl::expected<json, Response> read_body(const std::string& body) {
    auto read = roamguard::json::read_json(body, 32);
    if (!read) return tl::unexpected(problem(400, read.error().code, "the body is not JSON: " + read.error().detail));
    return std::move(*read);
}

std::vector<FieldProblem> fields_of(const engine::CustomerRefusal& refusal) {
    std::vector<FieldProblem> fields;
    for (const customers::ProfileFault& fault : refusal.faults)
        fields.push_back({fault.pointer, fault.code, fault.detail});
    return fields;
}

Response answer(const engine::ProfileJob::Result& result) {
    if (result.refusal)
        return problem(result.refusal->status, result.refusal->code, result.refusal->detail,
                       fields_of(*result.refusal));
    return json_response(result.profile, result.created ? 201 : 200);
}

Response change_profile(Api& api, const Request& request, engine::ProfileJob::How how) {
    const auto number = number_of(request.captures[0]);
    if (!number) return number.error();
    auto body = read_body(request.body);
    if (!body) return body.error();
    engine::ProfileJob job(how, {{*number, std::move(*body)}});
    if (auto refusal = submit(api, job)) return *refusal;
    return answer(job.results().front());
}

Response show_profile(Api& api, const Request& request) {
    const auto id = find_customer(api, request.captures[0]);
    const auto seen = id ? see_customer(api, *id) : std::nullopt;
    if (!seen || !seen->state.known) return no_such_customer();
    return json_response(customers::profile_to_json(seen->state.profile));
}

Response show_status(Api& api, const Request& request) {
    const auto id = find_customer(api, request.captures[0]);
    const auto seen = id ? see_customer(api, *id) : std::nullopt;
    if (!seen) return no_such_customer();
    const protection::CustomerState& state = seen->state;
    json out = {{"id", state.profile.id},
                {"known", state.known},
                {"data", protection::word(protection::data_state(state, seen->terms))}};
    out["destination"] = state.place() ? destination_json(*state.place()) : json(nullptr);
    if (state.place()) out["destination"]["since"] = tariffs::to_rfc3339(state.places.back().at);
    out["trip"] = nullptr;
    if (state.trip.number > 0 && !state.trip.ended) {
        out["trip"] = {{"number", state.trip.number}, {"startedAt", tariffs::to_rfc3339(state.trip.started)}};
        out["trip"]["spent"] = json::array();
        for (const tariffs::Money& money : state.trip.spent)
            out["trip"]["spent"].push_back(money_json(money));
    }
    out["caps"] = json::array();
    for (const protection::CapView& view : protection::cap_views(state, seen->terms, api.engine.now()))
        out["caps"].push_back(cap_json(view, seen->terms.time_zone));
    out["holds"] = json::array();
    for (const protection::Hold& hold : state.holds)
        out["holds"].push_back(engine::hold_json(hold));
    return json_response(out);
}

Response erase(Api& api, const Request& request) {
    const std::string& name = request.captures[0];
    std::string alias;
    if (name.rfind("imsi:", 0) == 0) {
        alias = engine::alias_of_imsi(name.substr(5));
    } else {
        const auto number = number_of(name);
        if (!number) return number.error();
        alias = engine::alias_of(*number);
    }
    engine::EraseJob job(alias);
    if (auto refusal = submit(api, job)) return *refusal;
    if (!job.found()) return no_such_customer();
    Response response;
    response.status = 204;
    return response;
}

Response renumber(Api& api, const Request& request) {
    const auto from = number_of(request.captures[0]);
    if (!from) return from.error();
    auto body = read_body(request.body);
    if (!body) return body.error();
    const auto to = body->is_object() && body->size() == 1 && body->contains("msisdn") && (*body)["msisdn"].is_string()
                        ? Msisdn::parse((*body)["msisdn"].get<std::string>())
                        : std::nullopt;
    if (!to)
        return problem(422, "invalid_field", "send {\"msisdn\":\"+…\"}, the new number in E.164",
                       {{"/msisdn", "invalid_msisdn", "must be E.164: +, country code and 7 to 15 digits in all"}});
    engine::RenumberJob job(*from, *to);
    if (auto refusal = submit(api, job)) return *refusal;
    return answer(job.result());
}

/// NDJSON, one profile a line: each taken or refused by itself, at most 500 a turn of the engine.
Response import_profiles(Api& api, const Request& request) {
    json errors = json::array();
    std::int64_t taken = 0, made = 0;
    std::vector<engine::ProfileJob::Item> items;
    std::vector<int> lines;
    std::optional<Response> refused;
    auto flush = [&] {
        if (items.empty()) return;
        engine::ProfileJob job(engine::ProfileJob::How::put, std::move(items));
        items.clear();
        if ((refused = submit(api, job))) return;
        for (std::size_t i = 0; i < job.results().size(); ++i) {
            const engine::ProfileJob::Result& result = job.results()[i];
            if (!result.refusal) {
                ++taken;
                if (result.created) ++made;
                continue;
            }
            const engine::CustomerRefusal& refusal = *result.refusal;
            json faults = json::array();
            for (const customers::ProfileFault& fault : refusal.faults)
                faults.push_back({{"pointer", fault.pointer}, {"code", fault.code}, {"detail", fault.detail}});
            errors.push_back(
                {{"line", lines[i]}, {"code", refusal.code}, {"detail", refusal.detail}, {"errors", faults}});
        }
        lines.clear();
    };
    int line = 0;
    std::string_view rest = request.body;
    while (!rest.empty() && !refused) {
        const std::size_t end = rest.find('\n');
        std::string_view text = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        ++line;
        if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
        if (text.find_first_not_of(" \t") == std::string_view::npos) continue;
        auto read = roamguard::json::read_json(text, 32);
        if (!read) {
            errors.push_back({{"line", line},
                              {"code", read.error().code},
                              {"detail", read.error().detail},
                              {"errors", json::array()}});
            continue;
        }
        items.push_back({Msisdn{}, std::move(*read)});
        lines.push_back(line);
        if (items.size() == import_turn) flush();
    }
    if (!refused) flush();
    if (refused) return *refused;
    return json_response({{"imported", taken}, {"created", made}, {"rejected", errors.size()}, {"errors", errors}});
}

Response list_holds(Api& api, const Request& request) {
    const auto page = read_page(request);
    if (!page) return page.error();
    json items = json::array();
    storage::CustomerId after = page->before;
    std::optional<std::int64_t> next;
    for (;;) {
        const auto rows = api.store().read_customers(after, 500);
        for (const storage::CustomerRow& row : rows) {
            after = row.id;
            protection::CustomerState state = storage::decode_state(row.state);
            json holds = engine::holds_in_force(state);
            if (holds.empty()) continue;
            items.push_back({{"subscriber", engine::subscriber_json(state.profile)},
                             {"sequence", state.hold_sequence},
                             {"holds", std::move(holds)}});
            if (static_cast<int>(items.size()) == page->limit) return list_response(std::move(items), after);
        }
        if (rows.size() < 500) break;
    }
    return list_response(std::move(items), next);
}

}  // namespace

void add_subscriber_routes(std::vector<Route>& routes, Api& api) {
    const std::string path = "/v1/subscribers/{msisdn}";
    using How = engine::ProfileJob::How;
    routes.push_back(
        {"PUT",
         path,
         {"admin"},
         "Stores a customer's profile.",
         max_profile,
         [&api](const Request& request) { return change_profile(api, request, How::put); },
         Doc("putSubscriber", "Subscribers")
             .says("The whole profile: what is left out comes from the regime and the home country. A change acts at "
                   "once on what is used.")
             .takes("application/json", "SubscriberProfile")
             .gives(200, "SubscriberProfile", "Stored.")
             .gives(201, "SubscriberProfile", "Stored, and new.")
             .may(400, "The body is not JSON.")
             .may(409, "`id_immutable`, `id_taken` or `would_join`: it would mix two customers.")
             .may(422, "A field breaks a rule; `errors` names each.")
             .commits()});
    routes.push_back({"PATCH",
                      path,
                      {"admin"},
                      "Changes a profile by JSON merge patch.",
                      max_profile,
                      [&api](const Request& request) { return change_profile(api, request, How::patch); },
                      Doc("patchSubscriber", "Subscribers")
                          .says("RFC 7396: a member replaces, `null` removes, arrays are replaced whole.")
                          .takes("application/merge-patch+json", "SubscriberPatch")
                          .gives(200, "SubscriberProfile", "Changed.")
                          .may(400, "The body is not JSON.")
                          .may(404, "No profile has this number.")
                          .may(409, "`id_immutable` or `would_join`.")
                          .may(422, "A field breaks a rule; `errors` names each.")
                          .commits()});
    routes.push_back({"GET",
                      path,
                      {"care"},
                      "A customer's profile.",
                      0,
                      [&api](const Request& request) { return show_profile(api, request); },
                      Doc("getSubscriber", "Subscribers")
                          .gives(200, "SubscriberProfile", "As it was given; what it leaves out comes from the regime.")
                          .may(404, "Nobody with a profile is known by this number.")});
    routes.push_back(
        {"DELETE",
         path,
         {"admin"},
         "Erasure: personal data gone, the counts kept.",
         0,
         [&api](const Request& request) { return erase(api, request); },
         Doc("eraseSubscriber", "Subscribers")
             .says("The key of the customer's evidence is destroyed: what was personal is unreadable from then on, the "
                   "chain of hashes stays.")
             .gives(204, "", "Erased.")
             .may(404, "Nobody is known by this number.")
             .may(422, "The path names no number.")
             .commits()});
    routes.push_back({"POST",
                      path + "/renumber",
                      {"admin"},
                      "The same customer under a new number.",
                      1024,
                      [&api](const Request& request) { return renumber(api, request); },
                      Doc("renumberSubscriber", "Subscribers")
                          .says("The history stays with the customer; the old number becomes free.")
                          .takes("application/json", "Renumbering")
                          .gives(200, "SubscriberProfile", "The profile, under the new number.")
                          .may(400, "The body is not JSON.")
                          .may(404, "Nobody is known by the old number.")
                          .may(409, "The new number is another customer's.")
                          .may(422, "The path or the body names no number.")
                          .commits()});
    routes.push_back({"GET",
                      path + "/status",
                      {"care"},
                      "Place, trip, caps and holds as they stand.",
                      0,
                      [&api](const Request& request) { return show_status(api, request); },
                      Doc("getSubscriberStatus", "Subscribers")
                          .gives(200, "SubscriberStatus", "As it stands now.")
                          .may(404, "Nobody is known by this number.")});
    routes.push_back({"POST",
                      "/v1/subscribers",
                      {"admin"},
                      "Imports profiles, one JSON object a line, each taken or refused by itself.",
                      max_import,
                      [&api](const Request& request) { return import_profiles(api, request); },
                      Doc("importSubscribers", "Subscribers")
                          .takes("application/x-ndjson", "NdjsonProfiles")
                          .gives(200, "ImportResult", "How many were taken, and every line that was not.")
                          .commits()});
    routes.push_back({"GET",
                      "/v1/holds",
                      {"platform", "care"},
                      "Every hold in force, for a platform that lost track.",
                      0,
                      [&api](const Request& request) { return list_holds(api, request); },
                      Doc("listHolds", "Holds")
                          .says("One item for each customer with a hold in force. A customer in no page has none.")
                          .paged()
                          .gives(200, "HoldList", "A page of customers.")});
}

}  // namespace roamguard::http
