#include <cmath>

#include <fmt/format.h>

#include "service/engine/links.h"
#include "service/http/place_query.h"
#include "service/http/tariff_views.h"
#include "service/json/tariff_json.h"
#include "tariffs/comparison.h"
#include "tariffs/csv_writer.h"

namespace roamguard::http {
namespace {

using nlohmann::json;
using tariffs::Comparison;
using tariffs::PriceChange;

// ---- what differs

json comparison_json(const Comparison& found, int version, int against) {
    json out = roamguard::json::comparison_json(found);
    out["version"] = version;
    out["against"] = against ? json(against) : json(nullptr);
    return out;
}

// ---- the same for a spreadsheet

std::string direction(const std::optional<double>& percent, const char* otherwise) {
    if (!percent || *percent == 0) return otherwise;
    return *percent > 0 ? "dearer" : "cheaper";
}

/// Without a sign: the word before says which way.
std::string size_of(const std::optional<double>& percent) {
    return percent ? fmt::format("{:.10g}", std::fabs(*percent)) : "";
}

void write_changes(tariffs::CsvWriter& csv, const std::vector<PriceChange>& changes, const char* what) {
    const auto line = [](const tariffs::Row* row) { return row ? std::to_string(row->line) : std::string(); };
    const auto terms = [](const tariffs::Row* row) { return row ? tariffs::terms_text(*row) : std::string(); };
    for (const PriceChange& change : changes)
        csv.row({direction(change.percent, what), change.plan, change.destination,
                 tariffs::service_text(change.service, change.called), terms(change.before), terms(change.after),
                 size_of(change.percent), line(change.before), line(change.after)});
}

/// Sections one below the other, the dearest rise first: what a manager reads.
std::string comparison_csv(const Comparison& found) {
    tariffs::CsvWriter csv;
    csv.row({"change", "plan", "destination", "service", "before", "after", "percent", "line before", "line after"});
    write_changes(csv, found.changed, "changed");
    write_changes(csv, found.moved, "priced by another row");
    write_changes(csv, found.added, "added");
    write_changes(csv, found.removed, "removed");
    const auto price = [](const tariffs::Pass* pass) {
        return pass ? tariffs::to_decimal(pass->price) + " " + pass->price.currency.code() : std::string();
    };
    for (const tariffs::PassChange& change : found.passes)
        csv.row({direction(change.percent, !change.before  ? "added"
                                           : !change.after ? "removed"
                                                           : "changed"),
                 change.plan, change.destination, "pass " + change.pass, price(change.before), price(change.after),
                 size_of(change.percent), "", ""});
    for (const tariffs::ZoneChange& change : found.zones)
        csv.row(
            {change.added ? "added" : "removed", "", change.country.code(), "zone " + change.zone, "", "", "", "", ""});
    for (const tariffs::RateChange& change : found.rates)
        csv.row({"changed", "", "", "rate " + change.base.code() + " to " + change.quote.code(), change.before,
                 change.after, size_of(change.percent), "", ""});
    for (const tariffs::GuardChange& change : found.guards)
        csv.row({change.added ? "added" : "removed", "", "", change.file, change.added ? "" : change.text,
                 change.added ? change.text : "", "", "", ""});
    return csv.take();
}

/// `?against=`, else the version in force; of that one, what it was uploaded against. Without any everything is new.
tl::expected<InForce, Response> read_against(Api& api, const Request& request, const storage::VersionRow& of) {
    const auto asked = request.parameter("against");
    if (!asked) {
        InForce force = in_force_at(api, api.engine.now());
        if (force.number != of.number && force.table) return force;
    }
    if (!asked && of.base == 0) return InForce{0, std::make_shared<const tariffs::Table>()};
    const auto row = find_version(api, asked ? *asked : std::to_string(of.base));
    if (!row) return tl::unexpected(no_such_version());
    InForce other{row->number, table_of(api, *row)};
    if (!other.table) return tl::unexpected(no_longer_valid());
    return other;
}

Response diff(Api& api, const Request& request) {
    const auto row = find_version(api, request.captures[0]);
    if (!row) return no_such_version();
    const auto table = table_of(api, *row);
    if (!table) return no_longer_valid();
    const auto against = read_against(api, request, *row);
    if (!against) return against.error();
    const Comparison found = tariffs::compare(*against->table, *table);
    if (wants_csv(request))
        return csv_response(comparison_csv(found),
                            fmt::format("tariffs-{}-against-{}.csv", row->number,
                                        against->number ? std::to_string(against->number) : std::string("none")));
    return version_response(*row, comparison_json(found, row->number, against->number));
}

// ---- what a traveller would be told

/// Somebody nobody knows arrives there: decided and rendered as for any traveller, and nothing of it is kept.
json messages_of(const engine::Surroundings& around, const protection::World& world, const geoip::Place& place,
                 const customers::Profile& profile, tariffs::Instant at) {
    protection::CustomerState state;
    state.profile = profile;
    intake::RoamingEvent event;
    event.type = intake::EventType::attach;
    event.time = {at, 0};
    protection::Session session;
    const protection::Terms terms = engine::terms_for(around, state);
    const protection::Decision decision = protection::decide(event, place, terms, world, at, "preview", state, session);
    json list = json::array();
    for (const protection::Owed& owed : decision.owed) {
        notifications::Facts facts = owed.facts;
        for (const protection::Question& question : state.questions)
            if (question.id == owed.question && facts.links != notifications::Links::none)
                facts.link =
                    engine::link_to(around.public_url, engine::token_of("of a traveller whom nobody knows", question));
        const notifications::Rendered rendered = around.templates->render(facts);
        list.push_back({{"kind", notifications::word(facts.kind)},
                        {"language", rendered.language},
                        {"text", rendered.text},
                        {"encoding", notifications::word(rendered.measure.encoding)},
                        {"units", rendered.measure.units},
                        {"segments", rendered.measure.segments},
                        {"template", rendered.template_id}});
    }
    return list;
}

Response preview(Api& api, const Request& request) {
    const auto row = find_version(api, request.captures[0]);
    if (!row) return no_such_version();
    const auto around = api.engine.around();
    const auto query = read_place_query(request, *around);
    if (!query) return query.error();
    const auto at = read_at(request, api.engine.now());
    if (!at) return at.error();
    auto place = read_place(request, *around, *query);
    if (!place) return place.error();
    if (place->country == query->home_country && place->klass == geoip::NetworkClass::terrestrial)
        place->klass = geoip::NetworkClass::home;
    const std::string language = request.parameter("language").value_or("");
    if (!language.empty() && !notifications::valid_language(language))
        return problem(422, "invalid_parameter", "language must be a BCP 47 tag such as en or zh-Hans");
    auto table = table_of(api, *row);
    if (!table) return no_longer_valid();
    const tariffs::Book book(std::vector<tariffs::Version>{{row->number, *at, table}});
    protection::World world = around->world();
    world.book = &book;
    customers::Profile profile;
    profile.plan = request.parameter("plan").value_or("");
    profile.language = language;
    profile.home_country = query->home_country;
    protection::CustomerState state;
    state.profile = profile;
    const protection::Terms terms = engine::terms_for(*around, state);
    const protection::KnownPlace known = protection::known_place(*place, terms, world, *at);
    return json_response({{"version", row->number},
                          {"plan", terms.plan},
                          {"at", tariffs::to_rfc3339(*at)},
                          {"destination", destination_json(known)},
                          {"highCost", protection::high_cost(known, terms, world, *at)},
                          {"services", quoted_services(protection::prices_at(known, terms, world, *at), *table)},
                          {"messages", messages_of(*around, world, *place, profile, *at)}});
}

}  // namespace

void add_tariff_review_routes(std::vector<Route>& routes, Api& api) {
    const std::vector<std::string> readers{"product", "approver", "care"};
    routes.push_back(
        {"GET", "/v1/tariffs/versions/{n}/diff", readers, "What becomes dearer, by how much, and where.", 0,
         [&api](const Request& request) { return diff(api, request); },
         Doc("diffTariffs", "Tariffs")
             .says("Prices are compared per megabyte, minute and message, so that 0.10 per 10 KB stands beside 10 per "
                   "MB. `changed` and `moved` (places that another row prices now) have the dearest rise first. Each "
                   "list has at most 10,000 entries; `totals` counts all.")
             .query("against", "integer",
                    "The version to compare with; the one in force unless given, and of that one what was before it.")
             .query("format", "DiffFormat", "`csv` for a spreadsheet, as `Accept: text/csv`.")
             .gives(200, "TariffDiff", "What differs.")
             .gives_as(200, "text/csv", "string", "The same for a spreadsheet.")
             .may(404, "There is no version with this number.")
             .may(409, "`no_longer_valid`: a version no longer compiles.")});
    routes.push_back(
        {"GET", "/v1/tariffs/versions/{n}/preview", readers, "What a traveller would pay and be told, by this version.",
         0, [&api](const Request& request) { return preview(api, request); },
         of_a_place(Doc("previewTariffs", "Tariffs")
                        .says("Of a draft too. `messages` are the SMS that a traveller nobody knows yet would get on "
                              "arrival, word for word but for the code and the link of a question. At least one of "
                              "`country`, `class`, `mcc`, `tadig` and `ip`.")
                        .query("country", "CountryCode", "The country, where no network is meant.")
                        .query("class", "OnBoard", "On board, where no network is meant."))
             .query("plan", "string", "The traveller's plan; `*` unless given.")
             .query("at", "Time", "When; now unless given.")
             .query("language", "string", "The traveller's language, a BCP 47 tag.")
             .gives(200, "TariffPreview", "Prices and messages.")
             .may(404, "There is no version with this number.")
             .may(409, "`no_longer_valid`: it no longer compiles.")
             .may(422, "A parameter is missing or wrong; `detail` names it.")});
}

}  // namespace roamguard::http
