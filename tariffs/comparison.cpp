#include "tariffs/comparison.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

#include "tariffs/repricing.h"

namespace roamguard::tariffs {

namespace {

bool same_terms(const Row& a, const Row& b) {
    return a.minimum == b.minimum && a.increment == b.increment && a.tax == b.tax && a.tax_rate == b.tax_rate &&
           a.high_cost == b.high_cost && a.price.currency == b.price.currency;
}

std::optional<double> percent_of(const Rise& rise) {
    return rise.kind == Rise::Kind::known ? std::optional(rise.percent) : std::nullopt;
}

PriceChange change_of(const RowPair& pair) {
    const Row& row = pair.any();
    return {row.plan, row.destination, row.service, row.called, pair.before, pair.after, std::nullopt};
}

/// A pair of a long list, small until it is known which are kept.
struct Risen {
    std::size_t at = 0;
    Rise rise;
};

/// The dearest rises first, as many as are kept.
void keep_dearest(std::vector<Risen>& risen) {
    std::stable_sort(risen.begin(), risen.end(),
                     [](const Risen& a, const Risen& b) { return dearer_rise(a.rise, b.rise); });
    if (risen.size() > Comparison::cap) risen.resize(Comparison::cap);
}

void compare_rows(const std::vector<RowPair>& pairs, const Table& after, Comparison& result) {
    std::vector<Risen> risen;
    const auto list = [](std::vector<PriceChange>& changes, std::size_t& total, const RowPair& pair) {
        if (total++ < Comparison::cap) changes.push_back(change_of(pair));
    };
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const RowPair& pair = pairs[i];
        if (!pair.before) list(result.added, result.totals.added, pair);
        if (!pair.after) list(result.removed, result.totals.removed, pair);
        if (!pair.before || !pair.after) continue;
        const Rise rise = rise_between(*pair.before, *pair.after, after);
        const bool same_price = rise.kind == Rise::Kind::known && rise.percent == 0;
        if (same_price && same_terms(*pair.before, *pair.after)) continue;
        risen.push_back({i, rise});
        result.totals.dearer += rise.kind == Rise::Kind::from_nothing || rise.percent > 0 ? 1 : 0;
        result.totals.cheaper += rise.percent < 0 ? 1 : 0;
    }
    result.totals.changed = risen.size();
    keep_dearest(risen);
    for (const Risen& each : risen) {
        result.changed.push_back(change_of(pairs[each.at]));
        result.changed.back().percent = percent_of(each.rise);
    }
}

void compare_places(const Table& before, const Table& after, const std::vector<RowPair>& pairs, Comparison& result) {
    const std::vector<MovedPlace> moved = moved_places(before, after, pairs);
    std::vector<Risen> risen;
    for (std::size_t i = 0; i < moved.size(); ++i) {
        const Rise rise = rise_between(*moved[i].rows.before, *moved[i].rows.after, after);
        if (rise.kind != Rise::Kind::known || rise.percent != 0) risen.push_back({i, rise});
    }
    result.totals.moved = risen.size();
    keep_dearest(risen);
    for (const Risen& each : risen) {
        const MovedPlace& place = moved[each.at];
        result.moved.push_back({place.plan, place.place, place.service, place.called, place.rows.before,
                                place.rows.after, percent_of(each.rise)});
    }
}

bool same_pass(const Pass& a, const Pass& b) {
    return a.name == b.name && a.services == b.services && a.price == b.price && a.tax == b.tax &&
           a.tax_rate == b.tax_rate && a.allowance == b.allowance && a.validity == b.validity && a.day == b.day;
}

std::optional<double> percent_of(const Pass& before, const Pass& after, const Table& later) {
    // As prices of one message, so that one rule says how far a price went.
    const auto as_row = [](const Pass& pass) {
        Row row;
        row.price = pass.price;
        row.unit = {1, UnitKind::messages};
        row.tax = pass.tax;
        row.tax_rate = pass.tax_rate;
        return row;
    };
    return percent_of(rise_between(as_row(before), as_row(after), later));
}

void compare_passes(const Table& before, const Table& after, Comparison& result) {
    std::map<std::tuple<std::string_view, std::string_view, std::string_view>, PassChange> found;
    const auto entry = [&](const Pass& pass) -> PassChange& {
        PassChange& change = found[{pass.id, pass.plan, pass.destination}];
        change.pass = pass.id;
        change.plan = pass.plan;
        change.destination = pass.destination;
        return change;
    };
    for (const Pass& pass : before.passes())
        entry(pass).before = &pass;
    for (const Pass& pass : after.passes())
        entry(pass).after = &pass;
    for (auto& [key, change] : found) {
        if (change.before && change.after) {
            if (same_pass(*change.before, *change.after)) continue;
            change.percent = percent_of(*change.before, *change.after, after);
        }
        if (result.passes.size() < Comparison::cap) result.passes.push_back(std::move(change));
    }
}

void compare_zones(const Table& before, const Table& after, Comparison& result) {
    std::set<std::string> names;
    for (const Table* table : {&before, &after})
        for (std::string& zone : table->zones())
            names.insert(std::move(zone));
    for (const std::string& zone : names) {
        const auto old = before.countries_of(zone), fresh = after.countries_of(zone);
        std::vector<geoip::Country> differing;
        std::set_symmetric_difference(old.begin(), old.end(), fresh.begin(), fresh.end(),
                                      std::back_inserter(differing));
        for (geoip::Country country : differing)
            if (result.zones.size() < Comparison::cap)
                result.zones.push_back({zone, country, std::binary_search(fresh.begin(), fresh.end(), country)});
    }
}

void compare_rates(const Table& before, const Table& after, Comparison& result) {
    std::map<std::pair<Currency, Currency>, std::pair<WrittenRate, WrittenRate>> found;
    for (const WrittenRate& rate : before.rates())
        found[{rate.base, rate.quote}].first = rate;
    for (const WrittenRate& rate : after.rates())
        found[{rate.base, rate.quote}].second = rate;
    for (const auto& [pair, rates] : found) {
        const auto& [old, fresh] = rates;
        if (old.rate == fresh.rate || result.rates.size() >= Comparison::cap) continue;
        RateChange change{pair.first, pair.second, old.rate, fresh.rate, std::nullopt};
        if (!old.rate.empty() && !fresh.rate.empty()) change.percent = (fresh.value / old.value - 1) * 100;
        result.rates.push_back(std::move(change));
    }
}

void compare_guards(const Table& before, const Table& after, Comparison& result) {
    const auto texts = [](const Table& table) {
        std::set<std::pair<std::string, std::string>> all;
        for (const Rail& rail : table.rails())
            all.emplace("rails.csv", text_of(rail));
        for (const SampleTrip& trip : table.trips())
            all.emplace("trips.csv", text_of(trip));
        return all;
    };
    const auto old = texts(before), fresh = texts(after);
    std::vector<std::pair<std::string, std::string>> differing;
    std::set_symmetric_difference(old.begin(), old.end(), fresh.begin(), fresh.end(), std::back_inserter(differing));
    for (auto& [file, text] : differing)
        if (result.guards.size() < Comparison::cap) {
            const bool added = fresh.count({file, text}) != 0;
            result.guards.push_back({std::move(file), std::move(text), added});
        }
}

std::string everywhere_or(std::string_view text, std::string_view all) { return std::string(text == "*" ? all : text); }

}  // namespace

bool Comparison::empty() const {
    return totals.added + totals.removed + totals.changed + totals.moved == 0 && passes.empty() && zones.empty() &&
           rates.empty() && guards.empty();
}

Comparison compare(const Table& before, const Table& after) {
    Comparison result;
    const std::vector<RowPair> pairs = paired_rows(before, after);
    compare_rows(pairs, after, result);
    compare_places(before, after, pairs, result);
    compare_passes(before, after, result);
    compare_zones(before, after, result);
    compare_rates(before, after, result);
    compare_guards(before, after, result);
    return result;
}

std::string terms_text(const Row& row) {
    std::string text =
        to_decimal(row.price) + " " + row.price.currency.code() + " per " + to_text(row.unit, Style::per);
    if (row.increment != row.unit.amount)
        text += " by " + to_text(Quantity{row.increment, row.unit.kind}, Style::counted);
    if (row.minimum != row.increment) text += " from " + to_text(Quantity{row.minimum, row.unit.kind}, Style::counted);
    if (row.tax == Tax::excl) text += " before tax";
    if (row.high_cost != HighCost::by_limit)
        text += row.high_cost == HighCost::yes ? ", high cost" : ", never high cost";
    return text;
}

std::string service_text(Service service, std::optional<Called> called) {
    return std::string(word(service)) + (called ? ":" + std::string(word(*called)) : "");
}

std::string percent_text(const PriceChange& change) {
    if (!change.percent) return change.before && change.before->price.micros == 0 ? "was free" : "?";
    char text[64];
    std::snprintf(text, sizeof text, "%+.1f %%", *change.percent);
    return text;
}

std::string percent_text(std::int64_t millionths) {
    std::string text = to_decimal({millionths, Currency{}});  // always with two decimals
    while (text.back() == '0')
        text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text + " %";
}

std::string text_of(const Rail& rail) {
    std::string text = std::string(word(rail.rule)) + " of " +
                       (rail.service                                ? service_text(*rail.service, rail.called)
                        : rail.rule == Rail::Rule::required_country ? "data"
                                                                    : "every service") +
                       ", " + everywhere_or(rail.plan, "every plan") + ", " +
                       everywhere_or(rail.destination, "everywhere");
    if (rail.rule == Rail::Rule::maximum_price)
        text +=
            ": " + to_decimal(rail.limit) + " " + rail.limit.currency.code() + " per " + to_text(rail.unit, Style::per);
    if (rail.rule == Rail::Rule::maximum_change) text += ": " + percent_text(rail.percent);
    return text;
}

std::string text_of(const SampleTrip& trip) {
    std::string text =
        trip.name + ": " + to_text(trip.used, Style::counted) + " of " +
        service_text(trip.service, trip.called == Called::unknown ? std::nullopt : std::optional(trip.called)) +
        " under " + trip.plan + " in " + trip.place;
    if (trip.plmn) text += (trip.place.empty() ? "" : " ") + trip.plmn->text();
    return text + " costs " + to_decimal(trip.expected) + " " + trip.expected.currency.code();
}

}  // namespace roamguard::tariffs
