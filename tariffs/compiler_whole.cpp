#include <algorithm>
#include <array>

#include "tariffs/compiler.h"
#include "tariffs/suggest.h"

namespace roamguard::tariffs {

namespace {

constexpr std::string_view every_plan = "*";
constexpr std::string_view all_plans;
constexpr std::size_t most_plans_compared = 200;

std::size_t first_of(const CountrySet& countries) {
    for (std::size_t i = 0; i < countries.size(); ++i)
        if (countries.test(i)) return i;
    return 0;
}

}  // namespace

void Compiler::check_overlaps() {
    check_overlaps_of(tariff_zones, tariffs_sheet);
    check_overlaps_of(pass_zones, passes_sheet);
}

/// Within one group (a plan and service, or a plan and pass) no country may be in two of the zones, since neither row
/// would be the more specific one.
void Compiler::check_overlaps_of(std::vector<ZoneUse>& uses, const SheetKind& kind) {
    std::stable_sort(uses.begin(), uses.end(), [](const ZoneUse& a, const ZoneUse& b) { return a.group < b.group; });
    CountrySet taken;
    std::array<const ZoneUse*, country_numbers> taken_by{};  // read only where `taken` is set
    const ZoneUse* last = nullptr;
    for (const ZoneUse& use : uses) {
        if (last == nullptr || last->group != use.group) taken.reset();
        last = &use;
        const CountrySet& countries = index->zone_countries[use.zone];
        if (const CountrySet common = taken & countries; common.any()) {
            const std::size_t country = first_of(common);
            const auto zone_text = [&](std::uint32_t zone) { return "`zone:" + index->zones.in_order()[zone] + "`"; };
            const ZoneUse& other = *taken_by[country];
            faults.add({std::string(kind.file), use.line, "destination",
                        shortened("zone:" + index->zones.in_order()[use.zone]), "overlapping_zones",
                        country_numbered(country).code() + " is in " + zone_text(use.zone) + " and in " +
                            zone_text(other.zone) + " of line " + std::to_string(other.line) +
                            ", which has the same plan and " + (&kind == &passes_sheet ? "pass" : "service") +
                            ": take it out of one of the zones"});
        }
        const CountrySet fresh = countries & ~taken;
        if (fresh.none()) continue;
        for (std::size_t i = 0; i < fresh.size(); ++i)
            if (fresh.test(i)) taken_by[i] = &use;
        taken |= fresh;
    }
}

void Compiler::look_for_oddities() {
    warn_of_missing_defaults();
    warn_of_missing_tax_rates();
    warn_of_missing_rates();
    warn_of_contradicting_rates();
    warn_of_idle_passes();
    warn_of_unknown_plans();
}

void Compiler::warn_of_missing_defaults() {
    const std::uint32_t slot = slot_of(Service::data, std::nullopt);
    const auto has_default = [&](std::string_view plan) {
        const auto number = index->plans.find(plan);
        return number && index->rows.find(row_key({Level::any, 0}, *number, slot));
    };
    if (has_default(every_plan)) return;
    for (const std::string& plan : index->plans.in_order())
        if (has_rows(plan) && !has_default(plan))
            warnings.add({std::string(tariffs_sheet.file), 0, "destination", shortened(plan), "no_default_row",
                          "the plan " + shown(plan) +
                              " has no data row for the destination `*`: places that no row "
                              "names, and unknown ones, have no price"});
}

void Compiler::warn_of_missing_tax_rates() {
    for (const auto& [where, found] : untaxed)
        warnings.add(
            {std::string(where.first), found.first_line, "tax_rate", "", "no_tax_rate",
             std::to_string(found.rows) + (found.rows == 1 ? " row" : " rows") + " of the plan " + shown(where.second) +
                 ", the first on line " + std::to_string(found.first_line) +
                 ", are `excl` without a tax_rate: what they price cannot be counted for a cap that includes tax"});
}

void Compiler::warn_of_missing_rates() {
    for (auto a = currencies.begin(); a != currencies.end(); ++a)
        for (auto b = std::next(a); b != currencies.end(); ++b)
            if (index->rates.count({*a, *b}) == 0 && index->rates.count({*b, *a}) == 0)
                warnings.add({std::string(fx_sheet.file), 0, "", a->code() + "," + b->code(), "no_fx_rate",
                              "there is no rate between " + a->code() + " and " + b->code() +
                                  ", which are both used: a price in one cannot be counted for a cap in the other"});
}

void Compiler::warn_of_contradicting_rates() {
    for (const auto& [pair, rate] : index->rates) {
        const auto back = index->rates.find({pair.second, pair.first});
        if (back == index->rates.end() || rate.line > back->second.line) continue;
        const double product = to_double(rate) * to_double(back->second);
        if (product > 1.01 || product < 0.99)
            warnings.add({std::string(fx_sheet.file), back->second.line, "rate", "", "contradicting_rates",
                          "the rate from " + pair.second.code() + " to " + pair.first.code() +
                              " and its inverse on line " + std::to_string(rate.line) + " differ by more than 1 %"});
    }
}

void Compiler::warn_of_idle_passes() {
    if (passes.empty()) return;
    note_priced_places();
    for (std::size_t i = 0; i < passes.size(); ++i) {
        const Pass& pass = passes[i];
        warn_of_unknown_plan(passes_sheet, pass.plan, pass.line);
        if (!priced_somewhere(pass, index->passes[i].destination))
            warnings.add({std::string(passes_sheet.file), pass.line, "destination", shortened(pass.destination),
                          "pass_without_row",
                          "no row of tariffs.csv prices " + shown(pass.destination) + " for the plan " +
                              shown(pass.plan) + ": what the pass does not cover has no price there"});
    }
}

void Compiler::warn_of_unknown_plan(const SheetKind& kind, std::string_view plan, int line) {
    if (plan == every_plan || has_rows(plan)) return;
    std::vector<std::string_view> plans;
    for (const std::string& other : index->plans.in_order())
        if (plans.size() < most_plans_compared && has_rows(other)) plans.push_back(other);
    warnings.add({std::string(kind.file), line, "plan", shortened(plan), "unknown_plan",
                  with_suggestion("no row of tariffs.csv is for the plan " + shown(plan), suggest_word(plan, plans))});
}

/// A rail for a misspelt plan would guard nothing.
void Compiler::warn_of_unknown_plans() {
    for (const Rail& rail : rails)
        warn_of_unknown_plan(rails_sheet, rail.plan, rail.line);
    for (const SampleTrip& trip : trips)
        warn_of_unknown_plan(trips_sheet, trip.plan, trip.line);
}

bool Compiler::has_rows(std::string_view plan) const {
    const auto number = index->plans.find(plan);
    return number && *number < plan_has_rows.size() && plan_has_rows[*number];
}

void Compiler::note_priced_places() {
    for (const Row& row : rows) {
        priced[row.plan].destinations.insert(row.destination);
        priced[all_plans].destinations.insert(row.destination);
    }
    for (auto& [plan, places] : priced)
        for (std::string_view destination : places.destinations) {
            if (const auto country = geoip::Country::parse(destination)) places.countries.set(country_number(*country));
            if (destination.substr(0, 5) == "zone:")
                if (const auto zone = index->zones.find(destination.substr(5)))
                    places.countries |= index->zone_countries[*zone];
        }
}

bool Compiler::priced_somewhere(const Pass& pass, DestinationKey key) const {
    const auto prices = [&](std::string_view plan) {
        const auto at = priced.find(plan);
        if (at == priced.end()) return false;
        const Places& places = at->second;
        if (key.level == Level::any || places.destinations.count("*") != 0) return true;
        if (key.level == Level::country) return places.countries.test(key.number);
        if (key.level == Level::zone) return (places.countries & index->zone_countries[key.number]).any();
        return places.destinations.count(pass.destination) != 0;
    };
    return pass.plan == every_plan ? prices(all_plans) : prices(pass.plan) || prices(every_plan);
}

}  // namespace roamguard::tariffs
