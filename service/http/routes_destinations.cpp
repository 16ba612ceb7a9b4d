#include "service/http/api.h"
#include "service/http/place_query.h"
#include "service/http/tariff_views.h"

namespace roamguard::http {
namespace {

using nlohmann::json;

Response resolve_destination(Api& api, const Request& request) {
    const auto around = api.engine.around();
    auto query = read_place_query(request, *around);
    if (!query) return query.error();
    if (!query->plmn && query->mcc.empty() && query->tadig.empty() && query->ip.empty())
        return problem(422, "invalid_parameter", "give mcc and mnc, mcc alone, tadig or ip");
    const geoip::Place place =
        geoip::resolve(*query, *around->networks, around->ips.get(), around->home_plmns, geoip::Explain::on);
    protection::KnownPlace known;
    known.klass = place.klass;
    known.country = place.country;
    known.candidates = place.candidates;
    known.plmn = place.plmn;
    known.basis = place.basis;
    protection::Terms anyone;
    anyone.plan = request.parameter("plan").value_or("*");
    anyone.home_country = query->home_country;
    if (!around->book->empty()) known = protection::known_place(place, anyone, around->world(), api.engine.now());
    json out = destination_json(known);
    out["ambiguous"] = place.ambiguous();
    out["realtime"] = place.realtime;
    out["weak"] = place.weak;
    out["reasoning"] = place.reasoning;
    if (place.plmn)
        if (const geoip::Network* network = around->networks->find(*place.plmn))
            out["operator"] = network->operator_name;
    return json_response(out);
}

Response quote(Api& api, const Request& request) {
    const auto around = api.engine.around();
    auto query = read_place_query(request, *around);
    if (!query) return query.error();
    const auto at = read_at(request, api.engine.now());
    if (!at) return at.error();
    const auto place = read_place(request, *around, *query);
    if (!place) return place.error();
    tariffs::Book chosen;
    protection::World world = around->world();
    if (const auto number = request.parameter("version")) {
        const auto row = find_version(api, *number);
        if (!row) return no_such_version();
        auto table = table_of(api, *row);
        if (!table) return no_longer_valid();
        chosen = tariffs::Book(std::vector<tariffs::Version>{{row->number, *at, std::move(table)}});
        world.book = &chosen;
    }
    protection::Terms terms;
    terms.plan = request.parameter("plan").value_or("*");
    terms.home_country = query->home_country;
    const protection::KnownPlace known = protection::known_place(*place, terms, world, *at);
    const tariffs::Version* version = world.book->in_force(*at);
    if (!version) return problem(404, "no_tariff", "no tariff table is published yet");
    return json_response(
        {{"plan", terms.plan},
         {"at", tariffs::to_rfc3339(*at)},
         {"version", version->number},
         {"destination", destination_json(known)},
         {"highCost", protection::high_cost(known, terms, world, *at)},
         {"services", quoted_services(protection::prices_at(known, terms, world, *at), *version->table)}});
}

}  // namespace

json quoted_services(const std::vector<protection::PriceView>& views, const tariffs::Table& table) {
    json services = json::object();
    for (const protection::PriceView& view : views) {
        json item = money_json(view.price);
        item["per"] = tariffs::to_text(view.unit, tariffs::Style::per);
        item["tax"] = tariffs::word(view.tax);
        for (const tariffs::Row& row : table.rows())
            if (row.line == view.line)
                item["row"] = {
                    {"file", "tariffs.csv"},
                    {"line", row.line},
                    {"plan", row.plan},
                    {"destination", row.destination},
                    {"minimum", tariffs::to_text({row.minimum, row.unit.kind}, tariffs::Style::counted)},
                    {"increment", tariffs::to_text({row.increment, row.unit.kind}, tariffs::Style::counted)}};
        services[std::string(tariffs::word(view.service))] = item;
    }
    return services;
}

tl::expected<tariffs::Instant, Response> read_at(const Request& request, tariffs::Instant now) {
    const auto text = request.parameter("at");
    if (!text) return now;
    if (const auto written = tariffs::parse_rfc3339(*text)) return written->at;
    return tl::unexpected(
        problem(422, "invalid_parameter", "at must be an RFC 3339 time with an offset, e.g. 2026-11-24T12:00:00Z"));
}

tl::expected<geoip::Place, Response> read_place(const Request& request, const engine::Surroundings& around,
                                                const geoip::PlaceQuery& query) {
    geoip::Place place;
    if (const auto code = request.parameter("country")) {
        const auto country = geoip::Country::parse(*code);
        if (!country || !around.networks->known_country(*country))
            return tl::unexpected(
                problem(422, "invalid_parameter", "country must be an ISO 3166-1 alpha-2 code such as JP"));
        place.klass = geoip::NetworkClass::terrestrial;
        place.country = *country;
        place.plmn = query.plmn;
        place.basis = geoip::Basis::none;
        return place;
    }
    if (const auto word = request.parameter("class")) {
        const auto klass = geoip::parse_network_class(*word);
        if (!klass || !geoip::non_terrestrial(*klass))
            return tl::unexpected(problem(422, "invalid_parameter", "class must be inflight, maritime or satellite"));
        place.klass = *klass;
        place.plmn = query.plmn;
        place.basis = geoip::Basis::none;
        return place;
    }
    if (query.plmn || !query.mcc.empty() || !query.ip.empty() || !query.tadig.empty())
        return geoip::resolve(query, *around.networks, around.ips.get(), {}, geoip::Explain::off);
    return tl::unexpected(problem(422, "invalid_parameter", "give country, class, mcc and mnc, or ip"));
}

tl::expected<geoip::PlaceQuery, Response> read_place_query(const Request& request, const engine::Surroundings& around) {
    geoip::PlaceQuery query;
    query.home_country = around.home_country;
    const auto mcc = request.parameter("mcc"), mnc = request.parameter("mnc");
    if (mcc && mnc) {
        query.plmn = geoip::Plmn::parse(*mcc, *mnc);
        if (!query.plmn)
            return tl::unexpected(problem(422, "invalid_parameter", "mcc must be three digits and mnc two or three"));
    } else if (mcc) {
        if (mcc->size() != 3 || mcc->find_first_not_of("0123456789") != std::string::npos)
            return tl::unexpected(problem(422, "invalid_parameter", "mcc must be three digits"));
        query.mcc = *mcc;
    } else if (mnc) {
        return tl::unexpected(problem(422, "invalid_parameter", "mnc needs mcc"));
    }
    if (const auto tadig = request.parameter("tadig")) {
        if (tadig->size() != 5 || tadig->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != std::string::npos)
            return tl::unexpected(problem(422, "invalid_parameter", "tadig must be five capital letters or digits"));
        query.tadig = *tadig;
    }
    if (const auto ip = request.parameter("ip")) {
        if (!geoip::is_ip_address(*ip))
            return tl::unexpected(problem(422, "invalid_parameter", "ip must be an IPv4 or IPv6 address"));
        query.ip = *ip;
    }
    if (const auto of = request.parameter("ipOf")) {
        const auto value = geoip::parse_ip_of(*of);
        if (!value)
            return tl::unexpected(problem(422, "invalid_parameter", "ipOf must be device, serving_node or breakout"));
        query.ip_of = *value;
    }
    if (const auto home = request.parameter("homeCountry")) {
        const auto country = geoip::Country::parse(*home);
        if (!country || !around.networks->known_country(*country))
            return tl::unexpected(
                problem(422, "invalid_parameter", "homeCountry must be an ISO 3166-1 alpha-2 code such as GB"));
        query.home_country = *country;
    }
    return query;
}

Doc of_a_place(Doc doc) {
    return doc.query("mcc", "Mcc", "Mobile country code; alone it names the country only.")
        .query("mnc", "Mnc", "Mobile network code; needs `mcc`.")
        .query("tadig", "Tadig", "The network's TADIG code, where there is no `mcc`.")
        .query("ip", "IpAddress", "An address of the device or of what serves it.")
        .query("ipOf", "IpOf", "Whose address `ip` is.")
        .query("homeCountry", "CountryCode", "The customer's home; `home.country` unless given.");
}

void add_destination_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back(
        {"GET",
         "/v1/destinations/resolve",
         {"platform", "care", "product", "approver"},
         "Where a network or address is, with the reasoning.",
         0,
         [&api](const Request& request) { return resolve_destination(api, request); },
         of_a_place(Doc("resolveDestination", "Tariffs").says("At least one of `mcc`, `tadig` and `ip`."))
             .query("plan", "string", "Whose prices choose among several possible countries; `*` unless given.")
             .gives(200, "ResolvedDestination", "Where it is, and why.")
             .may(422, "A parameter is missing or wrong; `detail` names it.")});
    routes.push_back({"GET",
                      "/v1/tariffs/quote",
                      {"product", "approver", "care"},
                      "What a traveller would pay at a place, with the row that says so.",
                      0,
                      [&api](const Request& request) { return quote(api, request); },
                      of_a_place(Doc("quote", "Tariffs")
                                     .says("At least one of `country`, `class`, `mcc`, `tadig` and `ip`; `country` "
                                           "wins, then `class`.")
                                     .query("country", "CountryCode", "The country, where no network is meant.")
                                     .query("class", "OnBoard", "On board, where no network is meant."))
                          .query("version", "integer",
                                 "By this version, a draft too; by the one in force at `at` "
                                 "unless given.")
                          .query("plan", "string", "The traveller's plan; `*` unless given.")
                          .query("at", "Time", "When; now unless given.")
                          .gives(200, "Quote", "The prices, by service.")
                          .may(404, "`no_tariff`: no tariff table is published yet; or there is no such version.")
                          .may(409, "`no_longer_valid`: that version no longer compiles.")
                          .may(422, "A parameter is missing or wrong; `detail` names it.")});
}

}  // namespace roamguard::http
