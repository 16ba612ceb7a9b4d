#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "geoip/place.h"
#include "tariffs/instant.h"
#include "tariffs/money.h"
#include "tariffs/units.h"

namespace roamguard::tariffs {

/// One thing wrong (or odd) with an uploaded table. `line` counts from 1 at the header, 0 for the whole file.
struct Fault {
    std::string file;  ///< tariffs.csv, zones.csv, passes.csv, fx.csv, rails.csv, trips.csv; empty: all of them
    int line = 0;
    std::string column;
    std::string value;   ///< as written, cut to 100 characters
    std::string code;    ///< stable: unknown_country, decimal_comma, duplicate_key, ...
    std::string detail;  ///< a sentence a product manager can act on, with a suggestion where there is one
};

/// The files of one upload, exactly as they came, by name without extension: `tariffs`, `zones`, `passes`, `fx`,
/// `rails`, `trips`.
using TableFiles = std::map<std::string, std::string>;

enum class HighCost { by_limit, yes, no };

/// A row of tariffs.csv, compiled.
struct Row {
    std::string plan;         ///< `*` for every plan
    std::string destination;  ///< as written: `JP`, `901-14`, `zone:asia`, `inflight`, `*`
    Service service = Service::data;
    std::optional<Called> called;  ///< a narrowed voice_mo row
    Money price;                   ///< for `unit`
    Quantity unit;
    std::int64_t minimum = 0;    ///< first charged block, in base units, > 0
    std::int64_t increment = 0;  ///< following blocks, in base units, > 0
    Tax tax = Tax::incl;
    std::optional<TaxRate> tax_rate;
    HighCost high_cost = HighCost::by_limit;
    int line = 0;  ///< in tariffs.csv, and the row's identity within a version
};

/// A row of passes.csv, compiled.
struct Pass {
    std::string id, plan, destination, name;
    std::vector<Service> services;
    Money price;
    Tax tax = Tax::incl;
    std::optional<TaxRate> tax_rate;
    std::optional<Quantity> allowance;  ///< absent: unlimited
    Span validity;
    enum class Day { rolling, home, local } day = Day::rolling;
    int line = 0;
};

/// A row of rails.csv: what must hold before a table is published.
struct Rail {
    enum class Rule { maximum_price, maximum_change, required_country } rule = Rule::maximum_price;
    std::string plan = "*", destination = "*";  ///< `*`: all
    std::optional<Service> service;             ///< absent: all that are counted in the unit's kind
    std::optional<Called> called;
    Money limit;               ///< of maximum_price, for `unit`
    Quantity unit;             ///< of maximum_price
    std::int64_t percent = 0;  ///< of maximum_change, in millionths of a percent
    int line = 0;
};
[[nodiscard]] std::string_view word(Rail::Rule rule);

/// A row of trips.csv: usage whose price must come to `expected`.
struct SampleTrip {
    std::string name, plan;
    std::string place;  ///< an alpha-2 code, a class, or empty
    std::optional<geoip::Plmn> plmn;
    Service service = Service::data;
    Called called = Called::unknown;
    Quantity used;
    Money expected;
    int line = 0;
};

/// A row of fx.csv.
struct WrittenRate {
    Currency base, quote;
    std::string rate;  ///< its digits, without idle zeros
    double value = 0;
    int line = 0;
};

/// What a row is looked up by. `called` matters for voice_mo only.
struct RateQuery {
    std::string_view plan;
    std::optional<geoip::Plmn> plmn;
    geoip::NetworkClass klass = geoip::NetworkClass::unknown;
    geoip::Country country;  ///< none for non-terrestrial and unknown
    Service service = Service::data;
    Called called = Called::unknown;
};

/// One compiled version of the price list. Immutable after construction; any thread.
class Table {
public:
    /// An empty table, which prices nothing.
    Table();

    struct Compiled;
    /// Everything wrong is listed; `table` is set only when `faults` is empty. `warnings` are legal but odd.
    /// `known_country` says which alpha-2 codes exist.
    static Compiled compile(const TableFiles& files, const std::function<bool(geoip::Country)>& known_country);

    /// The most specific row: PLMN, then class, country, zone, `*`; within one, the plan, then `*`; within one, the
    /// narrower service (for an unknown `called` the dearest of the narrowed and plain rows). nullptr when none fits.
    /// Non-terrestrial and unknown places never match a country or zone.
    [[nodiscard]] const Row* find(const RateQuery& query) const;

    /// The row of exactly this key; nullptr when there is none.
    [[nodiscard]] const Row* row_at(std::string_view plan, std::string_view destination, Service service,
                                    std::optional<Called> called) const;

    /// `amount` in another currency by fx.csv, directly or inverted; nothing when no rate leads there.
    [[nodiscard]] std::optional<Money> convert(Money amount, Currency to) const;

    [[nodiscard]] std::span<const Row> rows() const { return rows_; }
    [[nodiscard]] std::span<const Pass> passes() const { return passes_; }
    [[nodiscard]] std::vector<std::string> zones_of(geoip::Country country) const;
    /// The countries of a zone, in order; none where there is no such zone.
    [[nodiscard]] std::vector<geoip::Country> countries_of(std::string_view zone) const;
    /// The names of all zones, in order.
    [[nodiscard]] std::vector<std::string> zones() const;
    /// fx.csv, in order of the currencies.
    [[nodiscard]] std::vector<WrittenRate> rates() const;
    /// What one unit of `from` is in `to`, for comparisons that need not be exact and must not overflow.
    [[nodiscard]] std::optional<double> rate_between(Currency from, Currency to) const;
    [[nodiscard]] std::span<const Rail> rails() const { return rails_; }
    [[nodiscard]] std::span<const SampleTrip> trips() const { return trips_; }
    /// The networks that have rows of their own, in order.
    [[nodiscard]] std::span<const geoip::Plmn> priced_networks() const { return priced_networks_; }

    /// The passes that can be bought there under the plan, cheapest first (then by id); of several rows with one pass
    /// id the most specific, by the same precedence as `find`. `service` and `called` of the query do not matter.
    [[nodiscard]] std::vector<const Pass*> passes_for(const RateQuery& query) const;
    /// The row of a pass id under the plan, else under `*`; the first where several places have one. nullptr when none.
    [[nodiscard]] const Pass* pass_named(std::string_view id, std::string_view plan) const;

private:
    friend struct Compiler;
    std::vector<Row> rows_;
    std::vector<Pass> passes_;
    std::vector<geoip::Plmn> priced_networks_;
    std::vector<Rail> rails_;
    std::vector<SampleTrip> trips_;
    // Index: see table.cpp. Keys are (level of destination, destination, plan, service).
    struct Index;
    std::shared_ptr<const Index> index_;
};

struct Table::Compiled {
    std::shared_ptr<const Table> table;
    std::vector<Fault> faults;
    std::vector<Fault> warnings;
};

/// Price of one megabyte (1,048,576 bytes) under a data row, rounded half up to a millionth.
[[nodiscard]] Money price_per_megabyte(const Row& row);

/// The quantity charged for `used` base units: 0 for 0, else rounded up to `minimum`, then to whole `increment`s beyond
/// it.
[[nodiscard]] std::int64_t charged_quantity(const Row& row, std::int64_t used);
/// The price of a segment that used `used` base units in all, exact and rounded once (half up) to a millionth.
[[nodiscard]] Money price_of(const Row& row, std::int64_t used);

/// A published version.
struct Version {
    int number = 0;
    Instant effective_at;
    std::shared_ptr<const Table> table;
};

/// All published versions, in order of effect. Immutable after construction; share by shared_ptr and swap to publish.
class Book {
public:
    Book() = default;
    explicit Book(std::vector<Version> versions);  ///< any order
    /// The version with the latest effective_at not after `at` (ties: the higher number); before the first took
    /// effect, the first. nullptr when there is none at all.
    [[nodiscard]] const Version* in_force(Instant at) const;
    [[nodiscard]] const Version* numbered(int number) const;
    [[nodiscard]] bool empty() const { return versions_.empty(); }
    [[nodiscard]] std::span<const Version> versions() const { return versions_; }

private:
    std::vector<Version> versions_;
};

}  // namespace roamguard::tariffs
