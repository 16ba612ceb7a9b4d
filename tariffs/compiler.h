#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tariffs/sheet.h"
#include "tariffs/table_index.h"

namespace roamguard::tariffs {

extern const SheetKind zones_sheet, tariffs_sheet, passes_sheet, fx_sheet;  // compiler_rows.cpp
extern const SheetKind rails_sheet, trips_sheet;                            // compiler_rails.cpp

/// One run of Table::compile: reads the files in the order zones, tariffs, passes, fx, rails, trips (each needs those
/// before it), then looks at what only all of them together show. Used once, by one thread.
struct Compiler {
    Compiler(const TableFiles& upload, const std::function<bool(geoip::Country)>& known)
        : files(upload), known_country(known) {}

    Table::Compiled run();

    // compiler_rows.cpp: one function a file's row.
    void read_zone(SheetRow& row);
    void read_tariff(SheetRow& row);
    void read_pass(SheetRow& row);
    void read_rate(SheetRow& row);

    // compiler_rails.cpp
    void read_rail(SheetRow& row);
    void read_trip(SheetRow& row);

    // compiler_places.cpp
    std::optional<DestinationKey> read_destination(SheetRow& row, std::size_t column);
    std::optional<geoip::Country> read_country(SheetRow& row, std::size_t column);

    // compiler_whole.cpp: faults and warnings of the files together.
    void check_overlaps();
    void look_for_oddities();

    const TableFiles& files;
    const std::function<bool(geoip::Country)>& known_country;
    FaultList faults, warnings;

    std::shared_ptr<Table::Index> index = std::make_shared<Table::Index>();
    std::vector<Row> rows;
    std::vector<Pass> passes;
    std::vector<Rail> rails;
    std::vector<SampleTrip> trips;

    /// A row or pass of a zone, under what the zones of one country must not both have.
    struct ZoneUse {
        std::uint64_t group = 0;  ///< plan and slot, or plan and pass id
        std::uint32_t zone = 0;
        int line = 0;
    };
    std::vector<ZoneUse> tariff_zones, pass_zones;

    struct Untaxed {
        std::string_view file;
        int first_line = 0;
        int rows = 0;
    };
    std::map<std::pair<std::string_view, std::string>, Untaxed> untaxed;  ///< `excl` without a rate, by file and plan
    std::map<std::pair<std::uint32_t, std::uint32_t>, int> zone_members;  ///< (zone, country) -> line
    std::map<std::string, int, std::less<>> pass_lines;                   ///< by pass, plan and destination
    std::map<std::string, int> rail_lines;                                ///< by what a rail guards
    std::set<Currency> currencies;
    Names pass_ids;
    std::vector<bool> plan_has_rows;  ///< by plan number: named in tariffs.csv, not only in passes.csv

    struct Places {
        std::unordered_set<std::string_view> destinations;  ///< as written
        CountrySet countries;                               ///< named, or in a zone that is
    };
    std::map<std::string_view, Places> priced;  ///< by plan; under the empty name all plans together
    std::unordered_map<std::string, std::string>
        country_suggestions;  ///< a misspelt name often fills thousands of rows

private:
    void refuse_unknown_files();
    void read_file(std::string_view name, const SheetKind& kind, void (Compiler::*read_row)(SheetRow&));
    void note_untaxed(std::string_view file, std::string_view plan, int line);
    void add_row(Row row, DestinationKey key, SheetRow& source);
    std::optional<DestinationKey> read_zone_name(SheetRow& row, std::size_t column, std::string_view name);
    std::optional<DestinationKey> read_network(SheetRow& row, std::size_t column);
    std::optional<DestinationKey> read_other_word(SheetRow& row, std::size_t column);
    std::string suggested_country(std::string_view written);
    void warn_of_missing_defaults();
    void warn_of_missing_tax_rates();
    void warn_of_missing_rates();
    void warn_of_contradicting_rates();
    void warn_of_idle_passes();
    void warn_of_unknown_plans();
    void warn_of_unknown_plan(const SheetKind& kind, std::string_view plan, int line);
    bool read_rail_scope(SheetRow& row, Rail& rail, std::optional<DestinationKey>& place);
    bool read_rail_limit(SheetRow& row, Rail& rail);
    bool read_trip_place(SheetRow& row, SampleTrip& trip);
    void check_overlaps_of(std::vector<ZoneUse>& uses, const SheetKind& kind);
    [[nodiscard]] bool has_rows(std::string_view plan) const;
    void note_priced_places();
    [[nodiscard]] bool priced_somewhere(const Pass& pass, DestinationKey key) const;
};

}  // namespace roamguard::tariffs
