#include "tariffs/repricing.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <tuple>

#include "tariffs/table_index.h"

namespace roamguard::tariffs {

namespace {

double comparable_amount(UnitKind kind) {
    switch (kind) {
        case UnitKind::bytes:
            return 1 << 20;
        case UnitKind::seconds:
            return 60;
        case UnitKind::messages:
            return 1;
    }
    throw std::logic_error("unknown UnitKind");
}

auto order_of(const Row& row) {
    return std::tuple(std::string_view(row.plan), std::string_view(row.destination), slot_of(row.service, row.called));
}
bool before_in_order(const Row* a, const Row* b) { return order_of(*a) < order_of(*b); }

std::vector<const Row*> in_order(const Table& table) {
    std::vector<const Row*> rows;
    rows.reserve(table.rows().size());
    for (const Row& row : table.rows())
        rows.push_back(&row);
    std::sort(rows.begin(), rows.end(), before_in_order);
    return rows;
}

bool same_key(const Row& a, const Row& b) { return order_of(a) == order_of(b); }

std::optional<double> with_tax(double price, const Row& row) {
    if (row.tax == Tax::incl) return price;
    if (!row.tax_rate) return std::nullopt;
    return price * (1 + static_cast<double>(row.tax_rate->millionths) / 1e6);
}

/// The same price, unit and currency apart from how they are written, without rounding.
bool same_price(const Row& a, const Row& b) {
    __extension__ using Wide = __int128;
    return a.price.currency == b.price.currency && a.tax == b.tax &&
           static_cast<Wide>(a.price.micros) * b.unit.amount == static_cast<Wide>(b.price.micros) * a.unit.amount;
}

/// Countries that came to a zone or left it, by the destination that names the zone.
std::map<std::string, std::vector<std::string>> countries_gained(const Table& before, const Table& after) {
    std::map<std::string, std::vector<std::string>> gained;
    for (const std::string& zone : after.zones()) {
        const auto old = before.countries_of(zone);
        for (geoip::Country country : after.countries_of(zone))
            if (!std::binary_search(old.begin(), old.end(), country))
                gained[std::string(zone_prefix) + zone].push_back(country.code());
    }
    return gained;
}

/// Gathers what moved, seen from one of the two tables; the other is asked what it has in a row's place.
class MoveFinder {
public:
    MoveFinder(const Table& before, const Table& after, std::vector<MovedPlace>& found)
        : before_(before), after_(after), found_(found) {}

    /// `row` stands in one of the tables only, or prices this place in one of them only.
    void look(const Row& row, const std::string& place) {
        const RateQuery query = query_at(place, row.plan, row);
        const Row* was = before_.find(query);
        const Row* is = after_.find(query);
        if (was == nullptr || is == nullptr || same_key(*was, *is) || (was != &row && is != &row)) return;
        found_.push_back({place, {was, is}, row.plan, row.service, row.called});
    }

private:
    const Table& before_;
    const Table& after_;
    std::vector<MovedPlace>& found_;
};

}  // namespace

double comparable_price(const Row& row) {
    return static_cast<double>(row.price.micros) * comparable_amount(row.unit.kind) /
           static_cast<double>(row.unit.amount);
}

std::string_view comparable_unit(UnitKind kind) {
    switch (kind) {
        case UnitKind::bytes:
            return "MB";
        case UnitKind::seconds:
            return "minute";
        case UnitKind::messages:
            return "message";
    }
    throw std::logic_error("unknown UnitKind");
}

Rise rise_between(const Row& before, const Row& after, const Table& later) {
    if (same_price(before, after)) return {Rise::Kind::known, 0};
    std::optional<double> was = comparable_price(before), is = comparable_price(after);
    if (*was == 0) return {*is == 0 ? Rise::Kind::known : Rise::Kind::from_nothing, 0};
    if (before.tax != after.tax && *is != 0) {
        was = with_tax(*was, before);
        is = with_tax(*is, after);
    }
    const auto rate = later.rate_between(before.price.currency, after.price.currency);
    if (is == 0.0) return {Rise::Kind::known, -100};
    if (!was || !is || !rate) return {Rise::Kind::unknown, 0};
    const double percent = (*is / (*was * *rate) - 1) * 100;
    const double rounded = std::round(percent * 1e4) / 1e4;
    return {Rise::Kind::known, rounded == 0 ? percent : rounded};
}

bool dearer_rise(const Rise& a, const Rise& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    return a.percent > b.percent;
}

std::vector<RowPair> paired_rows(const Table& before, const Table& after) {
    const std::vector<const Row*> old = in_order(before), fresh = in_order(after);
    std::vector<RowPair> pairs;
    pairs.reserve(std::max(old.size(), fresh.size()));
    auto b = old.begin();
    auto a = fresh.begin();
    while (b != old.end() || a != fresh.end()) {
        const bool only_before = a == fresh.end() || (b != old.end() && before_in_order(*b, *a));
        const bool only_after = b == old.end() || (a != fresh.end() && before_in_order(*a, *b));
        pairs.push_back({only_after ? nullptr : *b++, only_before ? nullptr : *a++});
    }
    return pairs;
}

std::vector<MovedPlace> moved_places(const Table& before, const Table& after, const std::vector<RowPair>& pairs) {
    std::vector<MovedPlace> found;
    MoveFinder finder(before, after, found);
    const auto lost = countries_gained(after, before), gained = countries_gained(before, after);
    for (const RowPair& pair : pairs) {
        if (!pair.before || !pair.after) {
            for (const std::string& place : places_of(pair.any(), pair.after ? after : before))
                finder.look(pair.any(), place);
            continue;
        }
        if (const auto zone = lost.find(pair.before->destination); zone != lost.end())
            for (const std::string& place : zone->second)
                finder.look(*pair.before, place);
        if (const auto zone = gained.find(pair.after->destination); zone != gained.end())
            for (const std::string& place : zone->second)
                finder.look(*pair.after, place);
    }
    const auto order = [](const MovedPlace& moved) {
        return std::tuple(std::string_view(moved.plan), std::string_view(moved.place),
                          slot_of(moved.service, moved.called));
    };
    std::sort(found.begin(), found.end(),
              [&](const MovedPlace& a, const MovedPlace& b) { return order(a) < order(b); });
    found.erase(std::unique(found.begin(), found.end(),
                            [&](const MovedPlace& a, const MovedPlace& b) { return order(a) == order(b); }),
                found.end());
    return found;
}

RateQuery query_at(std::string_view place, std::string_view plan, const Row& row) {
    RateQuery query;
    query.plan = plan;
    query.service = row.service;
    // An unknown called party takes the dearest row; what a plain row prices is every call no narrower row does.
    if (row.service == Service::voice_mo) query.called = row.called.value_or(Called::other);
    if (const auto klass = priced_class(place)) {
        query.klass = *klass;
    } else if (const auto country = geoip::Country::parse(place)) {
        query.klass = geoip::NetworkClass::terrestrial;
        query.country = *country;
    }
    return query;
}

std::vector<std::string> places_of(const Row& row, const Table& table) {
    if (row.destination.rfind(zone_prefix, 0) == 0) {
        std::vector<std::string> places;
        for (geoip::Country country : table.countries_of(row.destination.substr(zone_prefix.size())))
            places.push_back(country.code());
        return places;
    }
    if (priced_class(row.destination) || geoip::Country::parse(row.destination)) return {row.destination};
    return {};
}

}  // namespace roamguard::tariffs
