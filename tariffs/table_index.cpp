#include "tariffs/table_index.h"

#include <stdexcept>

namespace roamguard::tariffs {

namespace {

/// The finaliser of SplitMix64: neighbouring keys land far apart.
std::uint64_t mixed(std::uint64_t key) {
    key = (key ^ (key >> 30)) * 0xBF58476D1CE4E5B9u;
    key = (key ^ (key >> 27)) * 0x94D049BB133111EBu;
    return key ^ (key >> 31);
}

}  // namespace

std::uint64_t row_key(DestinationKey destination, std::uint32_t plan, std::uint32_t slot) {
    if (destination.number >= (1u << 24) || slot >= slot_count) throw std::logic_error("row_key out of range");
    return static_cast<std::uint64_t>(plan) << 32 | static_cast<std::uint64_t>(destination.number) << 8 |
           static_cast<std::uint64_t>(destination.level) << 4 | slot;
}

std::uint32_t slot_of(Service service, std::optional<Called> called) {
    if (!called || *called == Called::unknown) return static_cast<std::uint32_t>(service);
    return static_cast<std::uint32_t>(service_count) + static_cast<std::uint32_t>(*called) - 1;
}

std::uint32_t country_number(geoip::Country country) {
    if (country.none()) throw std::logic_error("no country has no number");
    const std::string code = country.code();
    return static_cast<std::uint32_t>((code[0] - 'A') * 26 + (code[1] - 'A'));
}

geoip::Country country_numbered(std::size_t number) {
    const char code[2] = {static_cast<char>('A' + number / 26), static_cast<char>('A' + number % 26)};
    return geoip::Country::parse(std::string_view(code, 2)).value();
}

DestinationKey plmn_key(const geoip::Plmn& plmn) {
    std::uint32_t number = 0;
    for (char c : plmn.mcc() + plmn.mnc())
        number = number * 10 + static_cast<std::uint32_t>(c - '0');
    // `01` and `001` are different networks: a two-digit MNC is told apart by where its numbers begin.
    return {Level::plmn, plmn.mnc().size() == 2 ? number + 1'000'000 : number};
}

DestinationKey class_key(geoip::NetworkClass klass) { return {Level::klass, static_cast<std::uint32_t>(klass)}; }

DestinationKey country_key(geoip::Country country) { return {Level::country, country_number(country)}; }

std::optional<geoip::NetworkClass> priced_class(std::string_view word) {
    if (word == "inflight") return geoip::NetworkClass::inflight;
    if (word == "maritime") return geoip::NetworkClass::maritime;
    if (word == "satellite") return geoip::NetworkClass::satellite;
    return std::nullopt;
}

std::optional<DestinationKey> Table::Index::place_of(std::string_view destination) const {
    if (destination == "*") return DestinationKey{Level::any, 0};
    if (const auto klass = priced_class(destination)) return class_key(*klass);
    if (destination.substr(0, zone_prefix.size()) == zone_prefix) {
        const auto zone = zones.find(destination.substr(zone_prefix.size()));
        return zone ? std::optional(DestinationKey{Level::zone, *zone}) : std::nullopt;
    }
    if (const auto country = geoip::Country::parse(destination)) return country_key(*country);
    const auto plmn = geoip::Plmn::parse(destination);
    return plmn ? std::optional(plmn_key(*plmn)) : std::nullopt;
}

std::size_t RowMap::place(std::uint64_t key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = mixed(key) & mask;
    while (slots_[at].row != vacant && slots_[at].key != key)
        at = (at + 1) & mask;
    return at;
}

std::optional<std::uint32_t> RowMap::find(std::uint64_t key) const {
    if (slots_.empty()) return std::nullopt;
    const Slot& slot = slots_[place(key)];
    if (slot.row == vacant) return std::nullopt;
    return slot.row;
}

std::optional<std::uint32_t> RowMap::insert(std::uint64_t key, std::uint32_t row) {
    if ((used_ + 1) * 4 > slots_.size() * 3) grow();
    Slot& slot = slots_[place(key)];
    if (slot.row != vacant) return slot.row;
    slot = {key, row};
    ++used_;
    return std::nullopt;
}

void RowMap::grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old)
        if (slot.row != vacant) slots_[place(slot.key)] = slot;
}

double to_double(const Rate& rate) {
    return static_cast<double>(rate.numerator) / static_cast<double>(rate.denominator);
}

std::string to_text(const Rate& rate) {
    std::string text = std::to_string(rate.numerator / rate.denominator);
    if (rate.numerator % rate.denominator == 0) return text;
    // The denominator's one is dropped, which leaves the decimals with the zeros before them.
    std::string decimals = std::to_string(rate.numerator % rate.denominator + rate.denominator).substr(1);
    while (decimals.back() == '0')
        decimals.pop_back();
    return text + "." + decimals;
}

std::optional<std::uint32_t> Names::find(std::string_view name) const {
    const auto at = numbers_.find(name);
    if (at == numbers_.end()) return std::nullopt;
    return at->second;
}

std::uint32_t Names::number(std::string_view name) {
    if (const auto known = find(name)) return *known;
    const auto next = static_cast<std::uint32_t>(names_.size());
    numbers_.emplace(std::string(name), next);
    names_.emplace_back(name);
    return next;
}

}  // namespace roamguard::tariffs
