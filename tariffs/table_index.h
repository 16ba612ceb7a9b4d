#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tariffs/table.h"

namespace roamguard::tariffs {

// What Table::compile builds and Table::find reads; no other file needs it.

/// How specific a destination is, the most specific first.
enum class Level { plmn, klass, country, zone, any };
inline constexpr std::size_t level_count = 5;

/// A destination as a number: the PLMN's digits, the class, the country or the zone's place in the list of zones.
struct DestinationKey {
    Level level = Level::any;
    std::uint32_t number = 0;  ///< below 2^24
    friend bool operator==(const DestinationKey&, const DestinationKey&) = default;
};

inline constexpr std::size_t country_numbers = 26 * 26;
using CountrySet = std::bitset<country_numbers>;
[[nodiscard]] std::uint32_t country_number(geoip::Country country);
[[nodiscard]] geoip::Country country_numbered(std::size_t number);

[[nodiscard]] DestinationKey plmn_key(const geoip::Plmn& plmn);
[[nodiscard]] DestinationKey class_key(geoip::NetworkClass klass);
[[nodiscard]] DestinationKey country_key(geoip::Country country);
/// `inflight`, `maritime`, `satellite`: the classes that have prices of their own.
[[nodiscard]] std::optional<geoip::NetworkClass> priced_class(std::string_view word);
inline constexpr std::string_view zone_prefix = "zone:";

/// The services, and voice_mo's narrowings as services of their own.
inline constexpr std::uint32_t slot_count = service_count + 4;
[[nodiscard]] std::uint32_t slot_of(Service service, std::optional<Called> called);

/// What a row is found by, in one word: the plan's number in the upper half.
[[nodiscard]] std::uint64_t row_key(DestinationKey destination, std::uint32_t plan, std::uint32_t slot);

/// Row numbers by row_key: open addressing in one array, because half a million rows in a node-based map cost three
/// times the memory and a cache miss more at each look-up.
class RowMap {
public:
    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t key) const;
    /// The row that has the key already, which then keeps it; nothing when `row` was entered.
    std::optional<std::uint32_t> insert(std::uint64_t key, std::uint32_t row);

private:
    static constexpr std::uint32_t vacant = 0xFFFFFFFF;
    struct Slot {
        std::uint64_t key = 0;
        std::uint32_t row = vacant;
    };
    [[nodiscard]] std::size_t place(std::uint64_t key) const;
    void grow();

    std::vector<Slot> slots_;
    std::size_t used_ = 0;
};

/// Numbers for names, in order of first use.
class Names {
public:
    [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const;
    std::uint32_t number(std::string_view name);
    [[nodiscard]] const std::vector<std::string>& in_order() const { return names_; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
    std::vector<std::string> names_;
};

/// An exchange rate as written: numerator / denominator, the denominator a power of ten.
struct Rate {
    std::int64_t numerator = 0;
    std::int64_t denominator = 1;
    int line = 0;
};
[[nodiscard]] double to_double(const Rate& rate);
/// Its digits, without idle zeros.
[[nodiscard]] std::string to_text(const Rate& rate);

struct Table::Index {
    RowMap rows;
    std::array<bool, level_count> level_used{};  ///< levels without any row are not looked at
    Names plans;
    Names zones;
    std::vector<CountrySet> zone_countries;  ///< by zone number
    std::array<std::vector<std::uint32_t>, country_numbers> zones_of_country;
    std::map<std::pair<Currency, Currency>, Rate> rates;  ///< (base, quote)

    struct PassKey {
        DestinationKey destination;
        std::uint32_t plan = 0;
    };
    std::vector<PassKey> passes;  ///< one for each of Table::passes_

    /// A destination as a row of a compiled table has it; nothing for a zone that is not here.
    [[nodiscard]] std::optional<DestinationKey> place_of(std::string_view destination) const;
};

}  // namespace roamguard::tariffs
