#include "tariffs/rails.h"

#include <algorithm>
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

constexpr std::string_view all = "*";

std::string line_of(std::string_view file, int line) { return std::string(file) + " line " + std::to_string(line); }

/// The rails of one rule by what they guard. As with prices, the most specific one counts: by destination, then plan,
/// then service.
class RailBook {
public:
    RailBook(const Table& draft, Rail::Rule rule) {
        for (const Rail& rail : draft.rails())
            if (rail.rule == rule) rails_[rail.destination][rail.plan].push_back(&rail);
    }
    [[nodiscard]] bool empty() const { return rails_.empty(); }

    /// The rail of a price that stands for `destination` as this plan sees it.
    [[nodiscard]] const Rail* find(std::string_view destination, std::string_view plan, const Row& row) const {
        for (std::string_view place : {destination, all}) {
            const auto at = rails_.find(place);
            if (at == rails_.end()) continue;
            for (std::string_view owner : {plan, all})
                if (const auto own = at->second.find(owner); own != at->second.end())
                    if (const Rail* rail = most_specific(own->second, row)) return rail;
        }
        return nullptr;
    }

    /// The plans and countries that rails name.
    [[nodiscard]] std::set<std::string_view> plans() const {
        std::set<std::string_view> names;
        for (const auto& [place, by_plan] : rails_)
            for (const auto& [plan, rails] : by_plan)
                if (plan != all) names.insert(plan);
        return names;
    }
    [[nodiscard]] std::vector<std::string_view> countries() const {
        std::vector<std::string_view> names;
        for (const auto& [place, by_plan] : rails_)
            if (geoip::Country::parse(place)) names.push_back(place);
        return names;
    }

private:
    static const Rail* most_specific(const std::vector<const Rail*>& rails, const Row& row) {
        const Rail* best = nullptr;
        int best_rank = 0;
        for (const Rail* rail : rails) {
            if (rail->service && *rail->service != row.service) continue;
            if (rail->called && rail->called != row.called) continue;
            if (rail->rule == Rail::Rule::maximum_price && rail->unit.kind != row.unit.kind) continue;
            const int rank = rail->called ? 3 : rail->service ? 2 : 1;
            if (rank > best_rank) best = rail, best_rank = rank;
        }
        return best;
    }

    std::map<std::string_view, std::map<std::string_view, std::vector<const Rail*>>> rails_;
};

/// A price as somebody meets it: a row, the place and the plan it is looked at from.
struct Seen {
    const Row& row;
    std::string_view place;  ///< the row's destination, or a country that a rail names
    std::string_view plan;
};

/// Every price a rail may guard: each row; each row of every plan as the plans that rails name see it; and what prices
/// the countries that rails name where they have no row of their own.
template <typename OnPrice>
void each_price(const Table& draft, const RailBook& book, OnPrice on_price) {
    for (const Row& row : draft.rows())
        on_price(Seen{row, row.destination, row.plan});

    const auto plans = book.plans();
    for (const Row& row : draft.rows())
        if (row.plan == all)
            for (std::string_view plan : plans)
                if (!draft.row_at(plan, row.destination, row.service, row.called))
                    on_price(Seen{row, row.destination, plan});

    const auto countries = book.countries();
    if (countries.empty()) return;
    for (const Row& row : draft.rows()) {
        const bool zone = row.destination.rfind(zone_prefix, 0) == 0;
        if (!zone && row.destination != all) continue;
        const auto members = places_of(row, draft);
        for (std::string_view country : countries) {
            if (zone && !std::binary_search(members.begin(), members.end(), country)) continue;
            const auto look = [&](std::string_view plan) {
                if (draft.find(query_at(country, plan, row)) == &row) on_price(Seen{row, country, plan});
            };
            look(row.plan);
            if (row.plan == all)
                for (std::string_view plan : plans)
                    look(plan);
        }
    }
}

class RailCheck {
public:
    RailCheck(const Table& draft, const Table* former) : draft_(draft), former_(former) {}

    std::vector<Fault> run() {
        check_prices();
        if (former_ != nullptr) check_changes();
        check_countries();
        for (const SampleTrip& trip : draft_.trips())
            check_trip(trip);
        return broken_.take();
    }

private:
    void fault_price(const Seen& seen, std::string code, std::string detail) {
        // A row is named once for each rail it breaks, however many plans and places see it.
        if (!named_.emplace(code, seen.row.line, detail).second) return;
        broken_.add({"tariffs.csv", seen.row.line, "price", to_decimal(seen.row.price), std::move(code),
                     service_text(seen.row.service, seen.row.called) + " in " + shown(seen.row.destination) +
                         " under the plan " + shown(seen.row.plan) + " " + std::move(detail)});
    }

    void check_prices() {
        const RailBook book(draft_, Rail::Rule::maximum_price);
        if (book.empty()) return;
        each_price(draft_, book, [&](const Seen& seen) {
            const Rail* rail = broken_.full() ? nullptr : book.find(seen.place, seen.plan, seen.row);
            if (rail == nullptr) return;
            const std::string limit = to_decimal(rail->limit) + " " + rail->limit.currency.code() + " per " +
                                      to_text(rail->unit, Style::per) + ", which " + line_of("rails.csv", rail->line) +
                                      " allows at most";
            const auto over = above(seen.row, *rail);
            if (!over)
                fault_price(seen, "rail_not_comparable",
                            "costs " + terms_text(seen.row) + ", and no rate of fx.csv leads from there to " + limit);
            else if (*over)
                fault_price(seen, "above_maximum_price", "costs " + terms_text(seen.row) + ", above " + limit);
        });
    }

    /// Nothing where no rate leads to the rail's currency.
    [[nodiscard]] std::optional<bool> above(const Row& row, const Rail& rail) const {
        __extension__ using Wide = __int128;
        if (row.price.currency == rail.limit.currency)
            return static_cast<Wide>(row.price.micros) * rail.unit.amount >
                   static_cast<Wide>(rail.limit.micros) * row.unit.amount;
        const auto rate = draft_.rate_between(row.price.currency, rail.limit.currency);
        if (!rate) return std::nullopt;
        const double price = static_cast<double>(row.price.micros) * *rate / static_cast<double>(row.unit.amount);
        const double limit = static_cast<double>(rail.limit.micros) / static_cast<double>(rail.unit.amount);
        return price > limit * (1 + 1e-9);
    }

    void check_changes() {
        const RailBook book(draft_, Rail::Rule::maximum_change);
        if (book.empty()) return;
        each_price(draft_, book, [&](const Seen& seen) {
            const Rail* rail = broken_.full() ? nullptr : book.find(seen.place, seen.plan, seen.row);
            if (rail == nullptr) return;
            const Row* before =
                seen.place == seen.row.destination
                    ? former_->row_at(seen.row.plan, seen.row.destination, seen.row.service, seen.row.called)
                    : former_->find(query_at(seen.place, seen.plan, seen.row));
            if (before != nullptr) check_change(seen, *before, *rail);
        });
        for (const MovedPlace& moved : moved_places(*former_, draft_, paired_rows(*former_, draft_))) {
            const Row& row = *moved.rows.after;
            if (const Rail* rail = broken_.full() ? nullptr : book.find(moved.place, moved.plan, row))
                check_change({row, moved.place, moved.plan}, *moved.rows.before, *rail);
        }
    }

    void check_change(const Seen& seen, const Row& before, const Rail& rail) {
        const Rise rise = rise_between(before, seen.row, draft_);
        const double most = static_cast<double>(rail.percent) / 1e6;
        const bool within = rise.kind == Rise::Kind::known && rise.percent <= most && rise.percent >= -most;
        if (within) return;
        const std::string where = seen.place == seen.row.destination ? "" : " in " + shown(seen.place);
        const std::string went = "goes" + where + " from " + terms_text(before) + " to " + terms_text(seen.row);
        const std::string limit =
            "; " + line_of("rails.csv", rail.line) + " allows a change of " + percent_text(rail.percent);
        if (rise.kind == Rise::Kind::unknown)
            fault_price(seen, "rail_not_comparable",
                        went + ", and nothing in the table leads from one currency or tax basis to the other" + limit);
        else
            fault_price(seen, "above_maximum_change", went + limit);
    }

    void check_countries() {
        std::set<std::string_view> plans;
        for (const Row& row : draft_.rows())
            if (row.plan != all) plans.insert(row.plan);
        if (plans.empty()) plans.insert(all);
        for (const Rail& rail : draft_.rails()) {
            if (rail.rule != Rail::Rule::required_country) continue;
            if (rail.plan != all) {
                check_country(rail, rail.plan);
                continue;
            }
            for (std::string_view plan : plans)
                check_country(rail, plan);
        }
    }

    void check_country(const Rail& rail, std::string_view plan) {
        if (broken_.full()) return;
        RateQuery query;
        query.plan = plan;
        query.klass = geoip::NetworkClass::terrestrial;
        query.country = geoip::Country::parse(rail.destination).value();
        query.service = rail.service.value_or(Service::data);
        query.called = rail.called.value_or(Called::other);
        const Row* row = draft_.find(query);
        if (row != nullptr && row->destination != all) return;
        broken_.add(
            {"rails.csv", rail.line, "destination", rail.destination, "country_without_price",
             "the plan " + shown(plan) + " has no row for " + shown(rail.destination) +
                 " nor for a zone with it: " + service_text(query.service, rail.called) + " there " +
                 (row ? "is priced by the default row, " + line_of("tariffs.csv", row->line) : "has no price")});
    }

    void check_trip(const SampleTrip& trip) {
        if (broken_.full()) return;
        const auto fault = [&](std::string code, const std::string& detail) {
            broken_.add({"trips.csv", trip.line, "expected", to_decimal(trip.expected), std::move(code),
                         text_of(trip) + ", it says; " + detail});
        };
        try {
            const Row* row = draft_.find(query_of(trip));
            if (row == nullptr) return fault("trip_without_price", "no row of tariffs.csv prices it");
            const auto total = draft_.convert(price_of(*row, trip.used.amount), trip.expected.currency);
            if (!total)
                return fault("trip_not_convertible",
                             line_of("tariffs.csv", row->line) + " prices it in " + row->price.currency.code() +
                                 ", from which fx.csv has no rate to " + trip.expected.currency.code());
            const Money paid = round_to_minor(*total, Rounding::half_up);
            if (paid != trip.expected)
                fault("trip_total", "by " + line_of("tariffs.csv", row->line) + " (" + terms_text(*row) +
                                        ") it costs " + to_decimal(paid) + " " + paid.currency.code());
        } catch (const MoneyOverflow&) {
            fault("trip_total", "its price is too large to be counted");
        }
    }

    static RateQuery query_of(const SampleTrip& trip) {
        Row row;
        row.service = trip.service;
        RateQuery query = query_at(trip.place, trip.plan, row);
        query.called = trip.called;
        query.plmn = trip.plmn;
        return query;
    }

    const Table& draft_;
    const Table* former_;
    FaultList broken_;
    std::set<std::tuple<std::string, int, std::string>> named_;
};

}  // namespace

std::vector<Fault> broken_rails(const Table& draft, const Table* former) { return RailCheck(draft, former).run(); }

}  // namespace roamguard::tariffs
