#pragma once

#include <span>
#include <string>
#include <string_view>

namespace roamguard::tariffs {

/// The text as a cell that no spreadsheet takes for a formula: with a `'` before it where it begins with `=`, `+`, `-`,
/// `@`, a tab or a line end.
[[nodiscard]] std::string safe_cell(std::string_view text);

/// How a CSV file is written down.
struct CsvStyle {
    char delimiter = ',';
    std::string_view line_end = "\r\n";
    bool byte_order_mark = true;  ///< spreadsheets take a file without it for one of their own code page
};

/// Writes rows by RFC 4180; every cell is safe.
class CsvWriter {
public:
    explicit CsvWriter(const CsvStyle& style = {});
    void row(std::span<const std::string> cells);
    void row(std::initializer_list<std::string> cells) { row(std::span(cells.begin(), cells.size())); }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    CsvStyle style_;
    std::string text_;
};

/// A safe cell as it stands in a file with this separator: in quotes where it needs them.
[[nodiscard]] std::string written_cell(std::string_view text, char delimiter);

}  // namespace roamguard::tariffs
