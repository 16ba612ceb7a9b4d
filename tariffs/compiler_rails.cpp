#include <algorithm>

#include "tariffs/cells.h"
#include "tariffs/compiler.h"
#include "tariffs/suggest.h"

namespace roamguard::tariffs {

namespace {

enum RailColumn : std::size_t {
    rail_rule,
    rail_plan,
    rail_destination,
    rail_service,
    rail_value,
    rail_currency,
    rail_unit
};
constexpr SheetColumn rail_columns[] = {{"rule", Need::required},        {"plan", Need::optional},
                                        {"destination", Need::optional}, {"service", Need::optional},
                                        {"value", Need::optional},       {"currency", Need::optional},
                                        {"unit", Need::optional}};

enum TripColumn : std::size_t {
    trip_name,
    trip_plan,
    trip_country,
    trip_plmn,
    trip_service,
    trip_called,
    trip_quantity,
    trip_expected,
    trip_currency
};
constexpr SheetColumn trip_columns[] = {
    {"trip", Need::required},     {"plan", Need::required},     {"country", Need::optional},
    {"plmn", Need::optional},     {"service", Need::required},  {"called", Need::optional},
    {"quantity", Need::required}, {"expected", Need::required}, {"currency", Need::required}};

constexpr Rail::Rule rules[] = {Rail::Rule::maximum_price, Rail::Rule::maximum_change, Rail::Rule::required_country};

/// Checking costs rails times rows at worst.
constexpr std::size_t most_rails = 1'000;
constexpr std::size_t most_trips = 10'000;

std::optional<Rail::Rule> read_rule(SheetRow& row) {
    if (!row.given(rail_rule)) return std::nullopt;
    const std::string_view text = row.text(rail_rule);
    for (Rail::Rule rule : rules)
        if (text == word(rule)) return rule;
    struct Habit {
        std::string_view written, meant;
    };
    static constexpr Habit habits[] = {
        {"max", "maximum_price"},         {"max_price", "maximum_price"},  {"price_cap", "maximum_price"},
        {"max_change", "maximum_change"}, {"change", "maximum_change"},    {"max_increase", "maximum_change"},
        {"required", "required_country"}, {"country", "required_country"}, {"must_have", "required_country"}};
    static constexpr std::string_view words[] = {"maximum_price", "maximum_change", "required_country"};
    std::string near = suggest_word(text, words);
    for (const Habit& habit : habits)
        if (folded(text) == habit.written) near = habit.meant;
    row.fault(
        rail_rule, "unknown_rule",
        with_suggestion(shown(text) + " is no rule: use maximum_price, maximum_change or required_country", near));
    return std::nullopt;
}

void need(SheetRow& row, std::size_t column, Rail::Rule rule, std::string_view example) {
    if (row.given(column)) return;
    row.fault(column, "missing_value",
              "the rule " + std::string(word(rule)) + " needs a " + std::string(rail_columns[column].name) +
                  ", such as " + std::string(example));
}

void leave_empty(SheetRow& row, std::size_t column, Rail::Rule rule) {
    if (row.given(column))
        row.fault(column, "unneeded_value",
                  "the rule " + std::string(word(rule)) + " has no " + std::string(rail_columns[column].name) +
                      ": leave it empty");
}

/// The unit of a rail: of the service's kind where it names one, of any kind otherwise.
std::optional<Quantity> read_rail_unit(SheetRow& row, const std::optional<Service>& service) {
    if (service || !row.given(rail_unit)) return read_quantity(row, rail_unit, service.value_or(Service::data));
    if (const auto unit = parse_quantity(row.text(rail_unit))) return unit;
    row.fault(rail_unit, "unknown_unit",
              shown(row.text(rail_unit)) + " is no unit, such as `MB`, `minute` or `message`");
    return std::nullopt;
}

/// What a rail guards: two rails of one rule must not guard the same.
std::string scope_of(const Rail& rail) {
    std::string scope = std::string(word(rail.rule)) + '\n' + rail.plan + '\n' + rail.destination + '\n';
    if (rail.service) return scope + std::to_string(slot_of(*rail.service, rail.called));
    return rail.rule == Rail::Rule::maximum_price ? scope + "kind " + std::to_string(static_cast<int>(rail.unit.kind))
                                                  : scope;
}

std::optional<Called> read_called(SheetRow& row, Service service) {
    if (!row.given(trip_called)) return Called::unknown;
    const std::string_view text = row.text(trip_called);
    static constexpr std::string_view words[] = {"home", "local", "other", "premium"};
    if (service != Service::voice_mo) {
        row.fault(trip_called, "unneeded_value", "only a call with the service voice_mo has a called party");
        return std::nullopt;
    }
    for (Called called : {Called::home, Called::local, Called::other, Called::premium})
        if (text == word(called)) return called;
    row.fault(trip_called, "unknown_word",
              with_suggestion(shown(text) + " is none of home, local, other, premium", suggest_word(text, words)));
    return std::nullopt;
}

/// A total that is paid: in whole minor units.
std::optional<Money> read_expected(SheetRow& row) {
    const auto amount = read_price(row, trip_expected);
    const auto currency = read_currency(row, trip_currency);
    if (!amount || !currency) return std::nullopt;
    const Money expected{*amount, *currency};
    const Money paid = round_to_minor(expected, Rounding::half_up);
    if (paid == expected) return expected;
    row.fault(
        trip_expected, "too_many_decimals",
        with_suggestion(shown(row.text(trip_expected)) + " has more decimals than " + currency->code() + " is paid in",
                        to_decimal(paid)));
    return std::nullopt;
}

}  // namespace

constinit const SheetKind rails_sheet{"rails.csv", rail_columns, Need::optional};
constinit const SheetKind trips_sheet{"trips.csv", trip_columns, Need::optional};

void Compiler::read_rail(SheetRow& row) {
    const auto rule = read_rule(row);
    if (!rule) return;
    Rail rail;
    rail.rule = *rule;
    rail.line = row.line();
    std::optional<DestinationKey> place;
    const bool scope = read_rail_scope(row, rail, place);
    if (!read_rail_limit(row, rail) || !scope) return;
    if (rail.rule == Rail::Rule::required_country && (!place || place->level != Level::country)) {
        row.fault(rail_destination, row.given(rail_destination) ? "not_a_country" : "missing_value",
                  "the rule required_country needs a country as its destination, such as JP");
        return;
    }
    const auto [earlier, fresh] = rail_lines.try_emplace(scope_of(rail), rail.line);
    if (!fresh)
        row.fault(rail_rule, "duplicate_key",
                  "line " + std::to_string(earlier->second) +
                      " has this rule for the same plan, destination and service already");
    else if (rails.size() == most_rails)
        row.fault(rail_rule, "too_many_rows",
                  "rails.csv has more than " + std::to_string(most_rails) +
                      " rows: a rail with `*` or an empty cell guards many prices at once");
    else
        rails.push_back(std::move(rail));
}

bool Compiler::read_rail_scope(SheetRow& row, Rail& rail, std::optional<DestinationKey>& place) {
    if (row.given(rail_plan)) rail.plan = read_name(row, rail_plan);
    if (row.given(rail_destination)) {
        place = read_destination(row, rail_destination);
        rail.destination = row.text(rail_destination);
    }
    const auto service = read_service(row, rail_service);
    if (service) {
        rail.service = service->service;
        rail.called = service->called;
    }
    return !rail.plan.empty() && (place || !row.given(rail_destination)) && (service || !row.given(rail_service));
}

/// The limit of the rule, and nothing beside it.
bool Compiler::read_rail_limit(SheetRow& row, Rail& rail) {
    if (rail.rule == Rail::Rule::maximum_price) {
        need(row, rail_value, rail.rule, "50");
        need(row, rail_currency, rail.rule, "EUR");
        need(row, rail_unit, rail.rule, "MB");
        const auto value = read_price(row, rail_value);
        const auto currency = read_currency(row, rail_currency);
        const auto unit = read_rail_unit(row, rail.service);
        if (!value || !currency || !unit) return false;
        rail.limit = {*value, *currency};
        rail.unit = *unit;
        return true;
    }
    leave_empty(row, rail_currency, rail.rule);
    leave_empty(row, rail_unit, rail.rule);
    if (rail.rule == Rail::Rule::required_country) {
        leave_empty(row, rail_value, rail.rule);
        return true;
    }
    need(row, rail_value, rail.rule, "20 (percent)");
    const auto percent = read_percent(row, rail_value);
    rail.percent = percent.value_or(0);
    return percent.has_value();
}

void Compiler::read_trip(SheetRow& row) {
    SampleTrip trip;
    trip.name = read_name(row, trip_name);
    trip.plan = read_name(row, trip_plan);
    trip.line = row.line();
    const bool placed = read_trip_place(row, trip);
    const auto service = read_service(row, trip_service);
    const auto expected = read_expected(row);
    if (!service) return;
    if (service->called)
        row.fault(trip_service, "narrowed_service",
                  "a trip says whom it calls in the column called: write voice_mo here and " +
                      std::string(word(*service->called)) + " there");
    trip.service = service->service;
    const auto called = read_called(row, trip.service);
    const auto used = read_quantity(row, trip_quantity, trip.service);
    if (trip.name.empty() || trip.plan.empty() || !placed || service->called || !called || !used || !expected) return;
    trip.called = *called;
    trip.used = *used;
    trip.expected = *expected;
    if (trips.size() == most_trips)
        row.fault(trip_name, "too_many_rows",
                  "trips.csv has more than " + std::to_string(most_trips) + " rows: keep those that say most");
    else
        trips.push_back(std::move(trip));
}

/// A country or class, a network with its country, or a network that stands in no country.
bool Compiler::read_trip_place(SheetRow& row, SampleTrip& trip) {
    const std::string_view place = row.text(trip_country);
    bool sound = true;
    if (!place.empty()) {
        sound = priced_class(place) || read_country(row, trip_country);
        trip.place = place;
    }
    if (row.given(trip_plmn)) {
        sound = read_network(row, trip_plmn) && sound;
        trip.plmn = geoip::Plmn::parse(row.text(trip_plmn));
    }
    if (!place.empty() || !sound || (trip.plmn && trip.plmn->mcc() == "901")) return sound;
    row.fault(trip_country, "missing_value",
              trip.plmn ? "the row has no country: write that of the network too, such as JP"
                        : "the row has no country, such as JP, nor inflight, maritime or satellite");
    return false;
}

}  // namespace roamguard::tariffs
