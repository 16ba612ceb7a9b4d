#include "tariffs/table.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "tariffs/table_index.h"

namespace roamguard::tariffs {

namespace {

constexpr Called narrowings[] = {Called::home, Called::local, Called::other, Called::premium};

/// The numbers of up to two plans in order of precedence: the subscriber's, then `*`.
class PlanChoice {
public:
    PlanChoice(const Names& plans, std::string_view plan) {
        if (const auto own = plans.find(plan)) numbers_[size_++] = *own;
        if (const auto every = plans.find("*"); every && plan != "*") numbers_[size_++] = *every;
    }
    [[nodiscard]] const std::uint32_t* begin() const { return numbers_; }
    [[nodiscard]] const std::uint32_t* end() const { return numbers_ + size_; }

private:
    std::uint32_t numbers_[2] = {0, 0};
    std::size_t size_ = 0;
};

/// Countries and zones price only what stands on the ground of a known country.
bool on_the_ground(const RateQuery& query) {
    return !query.country.none() && !geoip::non_terrestrial(query.klass) && query.klass != geoip::NetworkClass::unknown;
}

/// The destinations of one level that the query is in; several only for zones.
std::span<const std::uint32_t> destinations_at(Level level, const RateQuery& query,
                                               const std::vector<std::uint32_t>& zones, std::uint32_t& one) {
    switch (level) {
        case Level::plmn:
            if (!query.plmn) return {};
            one = plmn_key(*query.plmn).number;
            return {&one, 1};
        case Level::klass:
            if (!geoip::non_terrestrial(query.klass)) return {};
            one = class_key(query.klass).number;
            return {&one, 1};
        case Level::country:
            if (!on_the_ground(query)) return {};
            one = country_number(query.country);
            return {&one, 1};
        case Level::zone:
            return zones;
        case Level::any:
            one = 0;
            return {&one, 1};
    }
    throw std::logic_error("unknown Level");
}

const std::vector<std::uint32_t>& zones_at(
    const std::array<std::vector<std::uint32_t>, country_numbers>& zones_of_country, const RateQuery& query) {
    static const std::vector<std::uint32_t> none;
    return on_the_ground(query) ? zones_of_country[country_number(query.country)] : none;
}

/// True when a base unit under `a` costs more than under `b`. Prices in different currencies are compared by fx.csv;
/// without a rate as they stand, since some order is needed and either is a guess.
bool dearer(const Table& table, const Row& a, const Row& b) {
    __extension__ using Wide = __int128;
    const std::int64_t a_micros = table.convert(a.price, b.price.currency).value_or(a.price).micros;
    return static_cast<Wide>(a_micros) * b.unit.amount > static_cast<Wide>(b.price.micros) * a.unit.amount;
}

}  // namespace

Table::Table() : index_(std::make_shared<const Index>()) {}

const Row* Table::find(const RateQuery& query) const {
    const Index& index = *index_;
    const PlanChoice plans(index.plans, query.plan);
    const auto& zones = zones_at(index.zones_of_country, query);
    std::uint32_t one = 0;

    for (Level level : {Level::plmn, Level::klass, Level::country, Level::zone, Level::any}) {
        if (!index.level_used[static_cast<std::size_t>(level)]) continue;
        const auto destinations = destinations_at(level, query, zones, one);
        for (std::uint32_t plan : plans) {
            const auto row_for = [&](std::optional<Called> called) -> const Row* {
                for (std::uint32_t destination : destinations)
                    if (const auto row =
                            index.rows.find(row_key({level, destination}, plan, slot_of(query.service, called))))
                        return &rows_[*row];
                return nullptr;
            };
            const bool narrowed = query.service == Service::voice_mo;
            const Row* best = narrowed && query.called != Called::unknown ? row_for(query.called) : nullptr;
            if (best == nullptr) best = row_for(std::nullopt);
            if (narrowed && query.called == Called::unknown)
                for (Called called : narrowings)
                    if (const Row* row = row_for(called); row && (!best || dearer(*this, *row, *best))) best = row;
            if (best != nullptr) return best;
        }
    }
    return nullptr;
}

const Row* Table::row_at(std::string_view plan, std::string_view destination, Service service,
                         std::optional<Called> called) const {
    const auto number = index_->plans.find(plan);
    const auto place = index_->place_of(destination);
    if (!number || !place) return nullptr;
    const auto row = index_->rows.find(row_key(*place, *number, slot_of(service, called)));
    return row ? &rows_[*row] : nullptr;
}

std::optional<Money> Table::convert(Money amount, Currency to) const {
    if (amount.currency == to) return amount;
    const auto& rates = index_->rates;
    if (const auto direct = rates.find({amount.currency, to}); direct != rates.end())
        return Money{mul_div(amount.micros, direct->second.numerator, direct->second.denominator, Rounding::half_up),
                     to};
    if (const auto inverse = rates.find({to, amount.currency}); inverse != rates.end())
        return Money{mul_div(amount.micros, inverse->second.denominator, inverse->second.numerator, Rounding::half_up),
                     to};
    return std::nullopt;
}

std::vector<std::string> Table::zones_of(geoip::Country country) const {
    std::vector<std::string> names;
    if (country.none()) return names;
    for (std::uint32_t zone : index_->zones_of_country[country_number(country)])
        names.push_back(index_->zones.in_order()[zone]);
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<geoip::Country> Table::countries_of(std::string_view zone) const {
    std::vector<geoip::Country> countries;
    const auto number = index_->zones.find(zone);
    if (!number) return countries;
    for (std::uint32_t one = 0; one < country_numbers; ++one)
        if (index_->zone_countries[*number].test(one)) countries.push_back(country_numbered(one));
    return countries;
}

std::vector<std::string> Table::zones() const {
    std::vector<std::string> names = index_->zones.in_order();
    std::sort(names.begin(), names.end());
    return names;
}

std::vector<WrittenRate> Table::rates() const {
    std::vector<WrittenRate> written;
    for (const auto& [pair, rate] : index_->rates)
        written.push_back({pair.first, pair.second, to_text(rate), to_double(rate), rate.line});
    return written;
}

std::optional<double> Table::rate_between(Currency from, Currency to) const {
    if (from == to) return 1.0;
    const auto& rates = index_->rates;
    if (const auto direct = rates.find({from, to}); direct != rates.end()) return to_double(direct->second);
    if (const auto inverse = rates.find({to, from}); inverse != rates.end()) return 1.0 / to_double(inverse->second);
    return std::nullopt;
}

std::string_view word(Rail::Rule rule) {
    switch (rule) {
        case Rail::Rule::maximum_price:
            return "maximum_price";
        case Rail::Rule::maximum_change:
            return "maximum_change";
        case Rail::Rule::required_country:
            return "required_country";
    }
    throw std::logic_error("unknown Rule");
}

const Pass* Table::pass_named(std::string_view id, std::string_view plan) const {
    for (const std::string_view wanted : {plan, std::string_view("*")})
        for (const Pass& pass : passes_)
            if (pass.id == id && pass.plan == wanted) return &pass;
    return nullptr;
}

std::vector<const Pass*> Table::passes_for(const RateQuery& query) const {
    const Index& index = *index_;
    const PlanChoice plans(index.plans, query.plan);
    const auto& zones = zones_at(index.zones_of_country, query);
    std::uint32_t one = 0;
    std::vector<const Pass*> found;

    const auto offer = [&](const Pass& pass) {
        for (const Pass* other : found)
            if (other->id == pass.id) return;  // a more specific row of the same pass was found before
        found.push_back(&pass);
    };
    for (Level level : {Level::plmn, Level::klass, Level::country, Level::zone, Level::any}) {
        const auto destinations = destinations_at(level, query, zones, one);
        for (std::uint32_t plan : plans)
            for (std::size_t i = 0; i < passes_.size(); ++i) {
                const Index::PassKey& key = index.passes[i];
                if (key.destination.level == level && key.plan == plan &&
                    std::find(destinations.begin(), destinations.end(), key.destination.number) != destinations.end())
                    offer(passes_[i]);
            }
    }
    if (found.empty()) return found;
    const Currency common = found.front()->price.currency;
    const auto rank = [&](const Pass* pass) {
        return std::pair(convert(pass->price, common).value_or(pass->price).micros, std::string_view(pass->id));
    };
    std::sort(found.begin(), found.end(), [&](const Pass* a, const Pass* b) { return rank(a) < rank(b); });
    return found;
}

Book::Book(std::vector<Version> versions) : versions_(std::move(versions)) {
    std::sort(versions_.begin(), versions_.end(), [](const Version& a, const Version& b) {
        return std::pair(a.effective_at, a.number) < std::pair(b.effective_at, b.number);
    });
}

const Version* Book::in_force(Instant at) const {
    if (versions_.empty()) return nullptr;
    // Before the first took effect that one rates: of several with its moment, the one that then holds.
    const Instant moment = std::max(at, versions_.front().effective_at);
    const auto after = std::upper_bound(versions_.begin(), versions_.end(), moment,
                                        [](Instant t, const Version& v) { return t < v.effective_at; });
    return &*std::prev(after);
}

const Version* Book::numbered(int number) const {
    const auto at =
        std::find_if(versions_.begin(), versions_.end(), [&](const Version& v) { return v.number == number; });
    return at == versions_.end() ? nullptr : &*at;
}

}  // namespace roamguard::tariffs
