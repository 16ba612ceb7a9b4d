#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tariffs/table.h"

namespace roamguard::tariffs {

/// A price as it was and as it is to be. Pointers lead into the tables compared, which must outlive it.
struct PriceChange {
    std::string plan, destination;
    Service service = Service::data;
    std::optional<Called> called;
    const Row* before = nullptr;  ///< none: added
    const Row* after = nullptr;   ///< none: removed
    /// Of the price per comparable unit, rise > 0. Nothing where it was free before, or no rate leads from one currency
    /// or tax basis to the other.
    std::optional<double> percent;
};

struct PassChange {
    std::string pass, plan, destination;
    const Pass* before = nullptr;
    const Pass* after = nullptr;
    std::optional<double> percent;  ///< of the price
};

struct ZoneChange {
    std::string zone;
    geoip::Country country;
    bool added = false;
};

struct RateChange {
    Currency base, quote;
    std::string before, after;  ///< as written; empty: none
    std::optional<double> percent;
};

/// A guard rail or sample trip that came or went; a changed one does both.
struct GuardChange {
    std::string file;  ///< rails.csv, trips.csv
    std::string text;  ///< the row in words
    bool added = false;
};

/// What differs between two tables. Each list holds at most `cap`, the totals count all.
struct Comparison {
    static constexpr std::size_t cap = 10'000;

    std::vector<PriceChange> added, removed;  ///< by plan, destination, service
    std::vector<PriceChange> changed;         ///< dearest rise first; in price, steps, tax or high_cost
    /// Places priced by another row than before, since rows or countries of zones came or went: `destination` is the
    /// country or class. Dearest rise first.
    std::vector<PriceChange> moved;
    std::vector<PassChange> passes;
    std::vector<ZoneChange> zones;
    std::vector<RateChange> rates;
    std::vector<GuardChange> guards;

    struct Totals {
        std::size_t added = 0, removed = 0, changed = 0, dearer = 0, cheaper = 0, moved = 0;
    } totals;

    [[nodiscard]] bool empty() const;
};

/// O(n log n) in the rows of both.
[[nodiscard]] Comparison compare(const Table& before, const Table& after);

/// `JP data 3.00 CNY per MB`'s last part: `3.00 CNY per MB`, with the steps, tax and high_cost where they are not as
/// usual.
[[nodiscard]] std::string terms_text(const Row& row);
/// `voice_mo:home`.
[[nodiscard]] std::string service_text(Service service, std::optional<Called> called);
/// `+12.5 %`, `-3 %`, `now charged`, `?`.
[[nodiscard]] std::string percent_text(const PriceChange& change);
/// A percentage in millionths: `20 %`, `2.5 %`.
[[nodiscard]] std::string percent_text(std::int64_t millionths);
/// The guard rail, the sample trip in words.
[[nodiscard]] std::string text_of(const Rail& rail);
[[nodiscard]] std::string text_of(const SampleTrip& trip);

}  // namespace roamguard::tariffs
