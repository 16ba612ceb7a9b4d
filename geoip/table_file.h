#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roamguard::geoip {

/// One of this room's own CSV tables, read whole: comma, quotes doubled inside quotes, LF or CRLF, a header line.
/// Stricter than a tariff file, because nobody but an engineer writes one: every row has exactly the header's columns,
/// and an unknown column is a fault, since a misspelt one would silently change prices.
class TableFile {
public:
    /// The columns a table must have and those it may have.
    struct Columns {
        std::vector<std::string_view> required;
        std::vector<std::string_view> optional;
    };

    /// One row: its line number in the file (the header is line 1) and its cells in the header's order.
    struct Row {
        std::size_t line = 0;
        std::vector<std::string> cells;
    };

    /// Reads `path`, or with an empty path the built-in table `built_in` ("data/plmn.csv"). What is wrong is added to
    /// `faults`, a sentence each; rows at fault are left out. An unreadable file gives no rows and one fault.
    [[nodiscard]] static TableFile read(const std::filesystem::path& path, std::string_view built_in,
                                        const Columns& columns, std::vector<std::string>& faults);

    [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
    /// The row's cell of that column; empty when the file has no such (optional) column.
    [[nodiscard]] std::string_view cell(const Row& row, std::string_view column) const;
    /// `networks.csv, line 7: ` for sentences about a row.
    [[nodiscard]] std::string at(const Row& row) const;
    [[nodiscard]] const std::string& digest() const { return digest_; }  ///< SHA-256 (hex) of the bytes

private:
    void check_header(Row header, const Columns& columns, std::vector<std::string>& faults);
    [[nodiscard]] std::string place(std::size_t line) const;

    std::string name_;
    std::string digest_;
    std::vector<std::string> header_;
    std::vector<Row> rows_;
};

}  // namespace roamguard::geoip
