#pragma once

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "data/embedded.h"
#include "tariffs/csv.h"
#include "tariffs/table.h"

namespace roamguard::tariffs::testing {

/// The alpha-2 codes of the built-in list of countries.
inline bool known_country(geoip::Country country) {
    static const std::set<std::string> codes = [] {
        std::set<std::string> found;
        const CsvFile file = read_csv(data::embedded_files().at("data/countries.csv"));
        for (const CsvRecord& record : file.records)
            found.insert(record.cells.at(0));
        return found;
    }();
    return codes.count(country.code()) != 0;
}

inline Table::Compiled compile(const TableFiles& files) { return Table::compile(files, known_country); }

/// `tariffs.csv:3 price decimal_comma: sentence`, one line a fault.
inline std::string text(const Fault& fault) {
    return fault.file + ":" + std::to_string(fault.line) + " " + fault.column + " " + fault.code + ": " + fault.detail;
}
inline std::string text(const std::vector<Fault>& faults) {
    std::string all;
    for (const Fault& fault : faults)
        all += text(fault) + "\n";
    return all;
}

/// A table that must be without fault.
inline std::shared_ptr<const Table> sound(const TableFiles& files) {
    Table::Compiled compiled = compile(files);
    if (!compiled.table) throw std::runtime_error("the test's own table is at fault:\n" + text(compiled.faults));
    return compiled.table;
}

inline Currency currency(std::string_view code) { return Currency::parse(code).value(); }
inline geoip::Country country(std::string_view code) { return geoip::Country::parse(code).value(); }
inline Money money(std::string_view amount, std::string_view code) {
    const DecimalResult result = parse_decimal(amount, Sign::allowed);
    if (result.fault != DecimalFault::none) throw std::runtime_error("the test's own amount is at fault");
    return {result.micros, currency(code)};
}

}  // namespace roamguard::tariffs::testing
