#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace roamguard::tariffs {

/// One record of a CSV file with the line its first character stands on (the header is line 1).
struct CsvRecord {
    int line = 0;
    std::vector<std::string> cells;
    std::size_t begin = 0, end = 0;  ///< its bytes in the file, without the line end
};

/// What a reader found, up to the limits. `fault` non-empty: the file is unreadable from `fault_line` on
/// (unclosed quote, NUL, invalid UTF-8, UTF-16, a zip or xlsx file, over a limit) and the sentence says why.
struct CsvFile {
    std::vector<std::string> header;
    std::vector<CsvRecord> records;
    std::string fault;
    std::string fault_code;
    int fault_line = 0;
};

struct CsvLimits {
    std::size_t max_bytes = 64u << 20;
    std::size_t max_cell_bytes = 4096;
    std::size_t max_columns = 200;
    std::size_t max_records = 1'000'000;
    /// For read_csv only, which keeps every cell (32 bytes and more each): bounds its memory against a file of commas.
    std::size_t max_kept_cells = 4'000'000;
};

/// RFC 4180 with comma (semicolon or tab when the header shows that), LF, CRLF or CR line ends, quotes, an optional
/// UTF-8 BOM, a spreadsheet's line `sep=;` before the header. Blank lines are skipped; cells are kept as written but
/// for surrounding ASCII blanks. Never throws on content.
[[nodiscard]] CsvFile read_csv(std::string_view bytes, const CsvLimits& limits = {});

/// What stands between the values of a row: comma, unless the header (or a spreadsheet's `sep=;` above it) shows a
/// semicolon or a tab.
[[nodiscard]] char csv_delimiter(std::string_view bytes);

/// Why reading ended early; an empty `code` says that it did not.
struct CsvFault {
    std::string
        code;  ///< utf16, zip, not_utf8, nul, unclosed_quote, text_after_quote, too_many_columns, cell_too_long, ...
    std::string sentence;
    int line = 0;
};

enum class CsvScan { go_on, stop };

/// The same reading without keeping anything: `on_record` sees the header first, then each record, whose storage is
/// used again for the next. For files of any number of rows in little memory.
[[nodiscard]] CsvFault scan_csv(std::string_view bytes, const CsvLimits& limits,
                                const std::function<CsvScan(const CsvRecord&)>& on_record);

}  // namespace roamguard::tariffs
