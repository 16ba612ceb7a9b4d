#include <algorithm>

#include "service/protection/rules.h"

namespace roamguard::protection {
namespace {

using tariffs::Called;
using tariffs::Row;
using tariffs::Service;

const tariffs::Table* table_at(const World& world, Instant at) {
    const tariffs::Version* version = world.book->in_force(at);
    return version ? version->table.get() : nullptr;
}

const Row* find_row(const std::optional<geoip::Plmn>& plmn, geoip::NetworkClass klass, geoip::Country country,
                    const Terms& terms, const tariffs::Table& table, Service service, Called called) {
    tariffs::RateQuery query;
    query.plan = terms.plan;
    query.plmn = plmn;
    query.klass = klass;
    query.country = country;
    query.service = service;
    query.called = called;
    return table.find(query);
}

/// Compares prices per base unit; across currencies through the table's rates, else as bare numbers.
bool dearer(const Row& a, const Row& b, const tariffs::Table& table) {
    std::int64_t a_price = a.price.micros;
    if (a.price.currency != b.price.currency)
        if (const auto converted = table.convert(a.price, b.price.currency)) a_price = converted->micros;
    return static_cast<__int128>(a_price) * b.unit.amount > static_cast<__int128>(b.price.micros) * a.unit.amount;
}

/// The dearest listed row of a country for a service: its own, or one of its networks'.
const Row* dearest_listed(const KnownPlace& place, const Terms& terms, const World& world, const tariffs::Table& table,
                          Service service) {
    const Row* best = row_for(place, terms, table, service, Called::unknown);
    if (place.klass != geoip::NetworkClass::terrestrial) return best;
    const Row* of_country = find_row(std::nullopt, place.klass, place.country, terms, table, service, Called::unknown);
    if (of_country && dearer(*of_country, *best, table)) best = of_country;  // whatever its row, the place has one then
    for (const geoip::Plmn& plmn : table.priced_networks()) {
        const geoip::Network* network = world.networks->find(plmn);
        if (!network || network->countries.empty() || network->countries.front() != place.country) continue;
        const Row* row = find_row(plmn, place.klass, place.country, terms, table, service, Called::unknown);
        if (row && (!best || dearer(*row, *best, table))) best = row;
    }
    return best;
}

}  // namespace

const Row* row_for(const KnownPlace& place, const Terms& terms, const tariffs::Table& table, Service service,
                   Called called) {
    return find_row(place.plmn, place.klass, place.country, terms, table, service, called);
}

KnownPlace known_place(const geoip::Place& found, const Terms& terms, const World& world, Instant at) {
    KnownPlace place;
    place.klass = found.klass;
    place.country = found.country;
    place.candidates = found.candidates;
    place.plmn = found.plmn;
    place.basis = found.basis;
    place.weak = found.weak;
    place.realtime = found.realtime;
    place.mcc = found.mcc;
    if (!found.ambiguous()) return place;
    const tariffs::Table* table = table_at(world, at);
    if (!table) return place;
    const Row* best = nullptr;
    for (geoip::Country country : found.candidates) {
        const Row* row = find_row(found.plmn, found.klass, country, terms, *table, Service::data, Called::unknown);
        if (row && (!best || dearer(*row, *best, *table))) {
            best = row;
            place.country = country;
        }
    }
    return place;
}

bool high_cost(const KnownPlace& place, const Terms& terms, const World& world, Instant at) {
    if (geoip::non_terrestrial(place.klass) || place.klass == geoip::NetworkClass::unknown) return true;
    const tariffs::Table* table = table_at(world, at);
    const Row* row = table ? row_for(place, terms, *table, Service::data, Called::unknown) : nullptr;
    if (!row) return true;
    if (row->high_cost != tariffs::HighCost::by_limit) return row->high_cost == tariffs::HighCost::yes;
    if (!terms.high_cost_per_megabyte) return false;
    const auto price = table->convert(tariffs::price_per_megabyte(*row), terms.high_cost_per_megabyte->currency);
    return !price || price->micros >= terms.high_cost_per_megabyte->micros;
}

std::vector<PriceView> prices_at(const KnownPlace& place, const Terms& terms, const World& world, Instant at) {
    std::vector<PriceView> views;
    const tariffs::Version* version = world.book->in_force(at);
    if (!version || place.home() || place.klass == geoip::NetworkClass::test) return views;
    for (int i = 0; i < tariffs::service_count; ++i) {
        const auto service = static_cast<Service>(i);
        if (const Row* row = row_for(place, terms, *version->table, service, Called::unknown))
            views.push_back({service, row->price, row->unit, version->number, row->line, row->tax});
    }
    return views;
}

std::vector<notifications::PriceLine> price_lines(const KnownPlace& place, const Terms& terms, const World& world,
                                                  Instant at) {
    std::vector<notifications::PriceLine> lines;
    const tariffs::Table* table = table_at(world, at);
    if (!table) return lines;
    for (int i = 0; i < tariffs::service_count; ++i) {
        const auto service = static_cast<Service>(i);
        if (const Row* row = dearest_listed(place, terms, world, *table, service))
            lines.push_back({service, row->price, row->unit, row->tax});
    }
    return lines;
}

void keep_prices_of(notifications::Facts& facts, const std::vector<tariffs::Service>& services) {
    std::erase_if(facts.prices, [&](const notifications::PriceLine& line) {
        return std::find(services.begin(), services.end(), line.service) == services.end();
    });
}

notifications::Facts facts_at(const KnownPlace& place, const Terms& terms, const World& world, Instant at,
                              notifications::Kind kind) {
    notifications::Facts facts;
    facts.kind = kind;
    facts.klass = place.klass;
    facts.country = place.country;
    facts.ambiguous = place.candidates.size() > 1;
    if (facts.ambiguous) facts.candidates = place.candidates;
    facts.language = terms.language;
    facts.time_zone = terms.time_zone;
    if (!place.home()) facts.prices = price_lines(place, terms, world, at);
    facts.no_guarantee = !place.realtime;
    return facts;
}

}  // namespace roamguard::protection
