#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tariffs/table.h"

namespace roamguard::tariffs {

// What comparisons, oddities and guard rails all ask: which prices of two tables belong together, and how far apart
// they are.

/// The price of a megabyte, a minute or a message, in millionths.
[[nodiscard]] double comparable_price(const Row& row);
[[nodiscard]] std::string_view comparable_unit(UnitKind kind);  ///< `MB`, `minute`, `message`

/// How far a price went.
struct Rise {
    enum class Kind {
        from_nothing,  ///< it was free, so no percentage says it
        known,
        unknown  ///< no rate leads from one currency to the other, or from one tax basis
    } kind = Kind::known;
    double percent = 0;  ///< to four decimals; below 0: a fall
};
/// Currencies are converted by the later table; where the tax basis differs both are taken with tax.
[[nodiscard]] Rise rise_between(const Row& before, const Row& after, const Table& later);
/// The dearest rise first: from nothing, then by percent, then what nobody can tell.
[[nodiscard]] bool dearer_rise(const Rise& a, const Rise& b);

/// The rows of one key in two tables; one may be missing.
struct RowPair {
    const Row* before = nullptr;
    const Row* after = nullptr;
    [[nodiscard]] const Row& any() const { return after ? *after : *before; }
};
/// Every key of either table, in order of plan, destination and service.
[[nodiscard]] std::vector<RowPair> paired_rows(const Table& before, const Table& after);

/// A country or class that another row prices than before, because rows or countries of zones came or went.
struct MovedPlace {
    std::string place;  ///< a country or class
    RowPair rows;       ///< both set, of different keys
    std::string plan;
    Service service = Service::data;
    std::optional<Called> called;
};
[[nodiscard]] std::vector<MovedPlace> moved_places(const Table& before, const Table& after,
                                                   const std::vector<RowPair>& pairs);

/// The question whose answer is `row` at a country or class, if nothing more specific prices it there.
[[nodiscard]] RateQuery query_at(std::string_view place, std::string_view plan, const Row& row);
/// The countries and classes a row may price: its own, those of its zone; none for `*` and networks.
[[nodiscard]] std::vector<std::string> places_of(const Row& row, const Table& table);

}  // namespace roamguard::tariffs
