#include "tariffs/csv.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard::tariffs;

namespace {

constexpr CsvLimits limits{1 << 20, 64, 8, 100, 500};

/// Cells as a careful writer puts them. A bar at each end keeps blanks, which the reader takes off around a cell.
std::string written(const std::vector<std::string>& cells) {
    std::string line;
    for (const std::string& cell : cells) {
        line += line.empty() ? "\"|" : ",\"|";
        for (const char c : cell)
            line += c == '"' ? "\"\"" : std::string(1, c);
        line += "|\"";
    }
    return line + "\r\n";
}

void check_round_trip(const CsvFile& file) {
    std::string text = "first,second\n";
    for (const CsvRecord& record : file.records)
        text += written(record.cells);
    const CsvFile again = read_csv(text);
    HOLDS(again.fault.empty());
    HOLDS(again.records.size() == file.records.size());
    for (std::size_t i = 0; i < file.records.size(); ++i) {
        HOLDS(again.records[i].cells.size() == file.records[i].cells.size());
        for (std::size_t j = 0; j < file.records[i].cells.size(); ++j)
            HOLDS(again.records[i].cells[j] == "|" + file.records[i].cells[j] + "|");
    }
}

}  // namespace

FUZZ(input) {
    const CsvFile file = read_csv(input, limits);
    HOLDS(file.fault.empty() == file.fault_code.empty());
    HOLDS(file.records.size() <= limits.max_records);
    std::vector<CsvRecord> scanned;
    const CsvFault fault = scan_csv(input, limits, [&](const CsvRecord& record) {
        scanned.push_back(record);
        return CsvScan::go_on;
    });
    HOLDS(fault.code == file.fault_code || file.fault_code == "too_many_cells");
    if (file.fault.empty()) HOLDS(scanned.size() == file.records.size() + (file.header.empty() ? 0 : 1));
    int line = 0;
    for (const CsvRecord& record : file.records) {
        HOLDS(record.line > line && record.cells.size() <= limits.max_columns);
        for (const std::string& cell : record.cells)
            HOLDS(cell.size() <= limits.max_cell_bytes);
        line = record.line;
    }
    check_round_trip(file);
}
