#include "tariffs/oddities.h"

#include <algorithm>
#include <bitset>
#include <map>
#include <set>
#include <tuple>

#include "tariffs/comparison.h"
#include "tariffs/fault_list.h"
#include "tariffs/repricing.h"
#include "tariffs/sheet.h"
#include "tariffs/table_index.h"

namespace roamguard::tariffs {

namespace {

constexpr double far = 10;
constexpr std::size_t fewest_neighbours = 4;  ///< below that nothing is usual

/// The countries that some row prices, by itself or by a zone.
CountrySet priced_countries(const Table& table) {
    std::set<std::string_view> destinations;
    for (const Row& row : table.rows())
        destinations.insert(row.destination);
    CountrySet countries;
    for (std::string_view destination : destinations) {
        if (const auto country = geoip::Country::parse(destination)) countries.set(country_number(*country));
        if (destination.substr(0, zone_prefix.size()) == zone_prefix)
            for (geoip::Country country : table.countries_of(destination.substr(zone_prefix.size())))
                countries.set(country_number(country));
    }
    return countries;
}

int level_of(std::string_view destination) {
    if (destination == "*") return 4;
    if (destination.substr(0, zone_prefix.size()) == zone_prefix) return 3;
    if (geoip::Country::parse(destination)) return 2;
    return priced_class(destination) ? 1 : 0;
}

std::string plan_and_place(const Row& row) {
    return service_text(row.service, row.called) + " in " + shown(row.destination) + " under the plan " +
           shown(row.plan);
}

class OddityFinder {
public:
    OddityFinder(const Table& draft, const Table* former) : draft_(draft), former_(former) {}

    std::vector<Fault> run() {
        compare_with_neighbours();
        look_at_passes();
        if (former_ != nullptr) compare_with_former();
        return found_.take();
    }

private:
    void add_price(const Row& row, std::string code, std::string detail) {
        found_.add({"tariffs.csv", row.line, "price", to_decimal(row.price), std::move(code), std::move(detail)});
    }
    /// Of something that is not in the draft any more.
    void add_loss(std::string file, std::string column, std::string_view value, std::string code, std::string detail) {
        found_.add({std::move(file), 0, std::move(column), shortened(value), std::move(code), std::move(detail)});
    }

    void compare_with_neighbours() {
        using Group = std::tuple<std::string_view, std::uint32_t, int, Currency>;
        std::map<Group, std::vector<const Row*>> groups;
        for (const Row& row : draft_.rows())
            if (row.price.micros != 0)
                groups[{row.plan, slot_of(row.service, row.called), level_of(row.destination), row.price.currency}]
                    .push_back(&row);
        for (auto& [key, rows] : groups) {
            if (rows.size() < fewest_neighbours) continue;
            std::vector<const Row*> sorted = rows;
            const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
            std::nth_element(sorted.begin(), middle, sorted.end(),
                             [](const Row* a, const Row* b) { return comparable_price(*a) < comparable_price(*b); });
            for (const Row* row : rows)
                compare_with_median(*row, **middle);
        }
    }

    void compare_with_median(const Row& row, const Row& median) {
        const double ratio = comparable_price(row) / comparable_price(median);
        if (ratio < far && ratio > 1 / far) return;
        add_price(row, "far_from_neighbours",
                  plan_and_place(row) + " costs " + terms_text(row) + ", ten times " +
                      (ratio >= far ? "or more" : "less than") + " what the plan usually asks, such as " +
                      terms_text(median) + " on line " + std::to_string(median.line) +
                      ": is the decimal point in its place?");
    }

    /// A pass that costs more than the usage it covers would.
    void look_at_passes() {
        for (const Pass& pass : draft_.passes()) {
            if (!pass.allowance || pass.price.micros == 0 || pass.services.empty() || found_.full()) continue;
            const Row* row = draft_.row_at(pass.plan, pass.destination, pass.services.front(), std::nullopt);
            if (row == nullptr) row = row_in_place_of(pass);
            if (row == nullptr) continue;
            const auto rate = draft_.rate_between(row->price.currency, pass.price.currency);
            if (!rate) continue;
            const double covered = static_cast<double>(row->price.micros) * *rate *
                                   static_cast<double>(pass.allowance->amount) / static_cast<double>(row->unit.amount);
            if (static_cast<double>(pass.price.micros) <= covered * (1 + 1e-9)) continue;
            found_.add({"passes.csv", pass.line, "price", to_decimal(pass.price), "pass_dearer_than_usage",
                        "the pass " + shown(pass.id) + " costs " + to_decimal(pass.price) + " " +
                            pass.price.currency.code() + ", more than the " + to_text(*pass.allowance, Style::counted) +
                            " it covers would cost by line " + std::to_string(row->line) + " of tariffs.csv (" +
                            terms_text(*row) + ")"});
        }
    }

    /// What prices the pass's place when no row is written for exactly that.
    const Row* row_in_place_of(const Pass& pass) const {
        if (level_of(pass.destination) != 1 && level_of(pass.destination) != 2) return nullptr;
        Row wanted;
        wanted.service = pass.services.front();
        return draft_.find(query_at(pass.destination, pass.plan, wanted));
    }

    void compare_with_former() {
        const std::vector<RowPair> pairs = paired_rows(*former_, draft_);
        note_losses();
        for (const RowPair& pair : pairs) {
            if (!pair.after) row_lost(*pair.before);
            if (pair.before && pair.after) compare_with_value(*pair.before, *pair.after, "");
        }
        for (const MovedPlace& moved : moved_places(*former_, draft_, pairs))
            compare_with_value(*moved.rows.before, *moved.rows.after, moved.place);
        compare_zones();
        compare_passes();
        compare_rates();
    }

    /// Whole plans and countries first, so that their rows are not listed one by one.
    void note_losses() {
        std::set<std::string_view> plans;
        for (const Row& row : draft_.rows())
            plans.insert(row.plan);
        for (const Row& row : former_->rows())
            if (plans.count(row.plan) == 0 && lost_plans_.insert(row.plan).second)
                add_loss("tariffs.csv", "plan", row.plan, "plan_lost",
                         "no row is for the plan " + shown(row.plan) + " any more: its customers would have no price" +
                             (plans.count("*") != 0 ? " but those of the plan `*`" : ""));
        lost_countries_ = priced_countries(*former_) & ~priced_countries(draft_);
        for (std::size_t i = 0; i < lost_countries_.size(); ++i)
            if (lost_countries_.test(i)) {
                const std::string code = country_numbered(i).code();
                add_loss("tariffs.csv", "destination", code, "country_lost",
                         shown(code) +
                             " had a price of its own or by a zone, and has none any more: it would be "
                             "priced by the default row `*`, if there is one");
            }
    }

    void row_lost(const Row& row) {
        if (lost_plans_.count(row.plan) != 0) return;
        const auto country = geoip::Country::parse(row.destination);
        if (country && lost_countries_.test(country_number(*country))) return;
        std::string instead;
        if (level_of(row.destination) == 1 || country) {
            const Row* next = draft_.find(query_at(row.destination, row.plan, row));
            instead = next ? "; priced by line " + std::to_string(next->line) + " instead (" + terms_text(*next) + ")"
                           : "; it would have no price";
        }
        add_loss("tariffs.csv", "destination", row.destination, "row_lost",
                 "there is no row any more for " + plan_and_place(row) + ", which was " + terms_text(row) + instead);
    }

    void compare_with_value(const Row& before, const Row& after, const std::string& place) {
        const std::string what = plan_and_place(after) + (place.empty() ? "" : ", which prices " + shown(place)) + ",";
        if (before.price.currency != after.price.currency)
            add_price(after, "currency_changed",
                      what + " was in " + before.price.currency.code() + " (" + terms_text(before) + ") and is in " +
                          after.price.currency.code() + " now");
        const Rise rise = rise_between(before, after, draft_);
        const bool far_off = rise.kind == Rise::Kind::from_nothing ||
                             (rise.kind == Rise::Kind::known &&
                              (rise.percent >= (far - 1) * 100 || rise.percent <= (1 / far - 1) * 100));
        if (!far_off) return;
        const std::string_view how = rise.kind == Rise::Kind::from_nothing ? "was free"
                                     : rise.percent > 0                    ? "ten times dearer or more"
                                                                           : "a tenth or less";
        add_price(after, "far_from_former",
                  what + " goes from " + terms_text(before) + " to " + terms_text(after) + " (" + std::string(how) +
                      "): is the decimal point in its place?");
    }

    void compare_zones() {
        for (const std::string& zone : former_->zones()) {
            const auto now = draft_.countries_of(zone);
            for (geoip::Country country : former_->countries_of(zone)) {
                if (std::binary_search(now.begin(), now.end(), country)) continue;
                if (lost_countries_.test(country_number(country))) continue;
                add_loss("zones.csv", "country", country.code(), "zone_country_lost",
                         country.code() + " is not in the zone " + shown(zone) + " any more");
            }
        }
    }

    void compare_passes() {
        std::set<std::tuple<std::string_view, std::string_view, std::string_view>> kept;
        for (const Pass& pass : draft_.passes())
            kept.emplace(pass.id, pass.plan, pass.destination);
        for (const Pass& pass : former_->passes())
            if (kept.count({pass.id, pass.plan, pass.destination}) == 0)
                add_loss("passes.csv", "pass", pass.id, "pass_lost",
                         "the pass " + shown(pass.id) + " of the plan " + shown(pass.plan) + " for " +
                             shown(pass.destination) + " is not offered any more");
    }

    void compare_rates() {
        std::map<std::pair<Currency, Currency>, WrittenRate> now;
        for (WrittenRate& rate : draft_.rates())
            now.emplace(std::pair(rate.base, rate.quote), std::move(rate));
        for (const WrittenRate& was : former_->rates()) {
            const std::string names = was.base.code() + " to " + was.quote.code();
            const auto at = now.find({was.base, was.quote});
            if (at == now.end()) {
                if (!draft_.rate_between(was.base, was.quote))
                    add_loss("fx.csv", "", was.base.code() + "," + was.quote.code(), "rate_lost",
                             "there is no rate from " + names +
                                 " any more: a price in one cannot be counted for a cap "
                                 "in the other");
                continue;
            }
            const double ratio = at->second.value / was.value;
            if (ratio < far && ratio > 1 / far) continue;
            found_.add({"fx.csv", at->second.line, "rate", at->second.rate, "far_from_former",
                        "the rate from " + names + " goes from " + was.rate + " to " + at->second.rate +
                            ": is it the right way round, and the decimal point in its place?"});
        }
    }

    const Table& draft_;
    const Table* former_;
    FaultList found_;
    std::set<std::string_view> lost_plans_;
    CountrySet lost_countries_;
};

}  // namespace

std::vector<Fault> oddities(const Table& draft, const Table* former) { return OddityFinder(draft, former).run(); }

}  // namespace roamguard::tariffs
