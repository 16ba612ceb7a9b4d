#include <charconv>

#include "service/http/api.h"
#include "service/http/camara_error.h"

namespace roamguard::http {
namespace {

std::optional<std::int64_t> whole_number(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Response try_later(int seconds, const std::string& code, const std::string& detail) {
    Response response = problem(503, code, detail);
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
    return response;
}

}  // namespace

namespace {

/// What a route reads may be away like what it writes: the caller is told to come again, in the route's own manners.
void answer_when_store_is_away(Route& route, Api& api) {
    const bool camara = speaks_camara(route);
    route.handle = [&api, camara, handle = std::move(route.handle)](const Request& request) {
        try {
            return handle(request);
        } catch (const storage::StoreUnavailable& error) {
            if (const auto* broken = dynamic_cast<const storage::StoreBroken*>(&error)) api.engine.broke(*broken);
            Response away = try_later(2, "store_unavailable", "the store did not answer; try again");
            return camara ? correlated(request, as_camara_error(away)) : away;
        }
    };
}

}  // namespace

std::vector<Route> all_routes(Api& api) {
    std::vector<Route> routes;
    add_event_routes(routes, api);
    add_authorization_routes(routes, api);
    add_destination_routes(routes, api);
    add_tariff_routes(routes, api);
    add_tariff_step_routes(routes, api);
    add_tariff_review_routes(routes, api);
    add_subscriber_routes(routes, api);
    add_pass_routes(routes, api);
    add_evidence_routes(routes, api);
    add_report_routes(routes, api);
    add_confirmation_routes(routes, api);
    add_message_routes(routes, api);
    add_link_routes(routes, api);
    add_operation_routes(routes, api);
    add_store_routes(routes, api);
    add_sandbox_routes(routes, api);
    add_sms_routes(routes, api);
    add_camara_routes(routes, api);
    add_three_gpp_routes(routes, api);
    add_nchf_routes(routes, api);
    add_docs_routes(routes);
    for (Route& route : routes)
        answer_when_store_is_away(route, api);
    return routes;
}

std::optional<Response> submit(Api& api, engine::Job& job) {
    try {
        api.engine.submit(job);
        return std::nullopt;
    } catch (const engine::Overloaded& overloaded) {
        return try_later(overloaded.retry_after_s, "overloaded",
                         "too many events are waiting; nothing of this request was done, send it again");
    } catch (const storage::StoreUnavailable&) {
        return try_later(
            2, "store_unavailable",
            "the store did not answer; it is not known whether this request was done, send it again unchanged");
    }
}

tl::expected<storage::Page, Response> read_page(const Request& request, int most) {
    storage::Page page;
    page.limit = most > 500 ? most : page.limit;
    if (const auto limit = request.parameter("limit")) {
        const auto value = whole_number(*limit);
        if (!value || *value < 1 || *value > most)
            return tl::unexpected(
                problem(400, "invalid_parameter", "limit must be a whole number from 1 to " + std::to_string(most)));
        page.limit = static_cast<int>(*value);
    }
    if (const auto cursor = request.parameter("cursor")) {
        const auto value = whole_number(*cursor);
        if (!value || *value < 1)
            return tl::unexpected(problem(400, "invalid_parameter", "cursor must be a `next` of this list"));
        page.before = *value;
    }
    return page;
}

Response list_response(nlohmann::json items, std::optional<std::int64_t> next) {
    return json_response({{"items", std::move(items)},
                          {"next", next ? nlohmann::json(std::to_string(*next)) : nlohmann::json(nullptr)}});
}

std::optional<storage::CustomerId> find_customer(Api& api, const std::string& name) {
    if (name.rfind("imsi:", 0) == 0)
        if (const auto found = api.store().read_alias(engine::alias_of_imsi(name.substr(5)))) return found;
    if (const auto number = notifications::Msisdn::parse(name))
        return api.store().read_alias(engine::alias_of(*number));
    return api.store().read_alias(engine::alias_of_id(name));
}

Response no_such_customer() { return problem(404, "unknown_subscriber", "nobody is known by this number"); }

std::optional<Seen> see_customer(Api& api, storage::CustomerId id) {
    auto row = api.store().read_customer(id);
    if (!row) return std::nullopt;
    Seen seen;
    seen.row = std::move(*row);
    seen.state = storage::decode_state(seen.row.state);
    seen.terms = engine::terms_for(*api.engine.around(), seen.state);
    return seen;
}

bool sees_numbers(const Request& request) {
    return request.role == "admin" || request.role == "care" || request.role == "gateway";
}

}  // namespace roamguard::http
