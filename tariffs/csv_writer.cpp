#include "tariffs/csv_writer.h"

namespace roamguard::tariffs {

std::string safe_cell(std::string_view text) {
    constexpr std::string_view begins_a_formula = "=+-@\t\r\n";
    const bool safe = text.empty() || begins_a_formula.find(text.front()) == text.npos;
    return (safe ? "" : "'") + std::string(text);
}

std::string written_cell(std::string_view text, char delimiter) {
    std::string cell = safe_cell(text);
    const bool plain = cell.find_first_of("\"\r\n") == cell.npos && cell.find(delimiter) == cell.npos &&
                       (cell.empty() || (cell.front() != ' ' && cell.back() != ' ' && cell.back() != '\t'));
    if (plain) return cell;
    std::string quoted = "\"";
    for (char c : cell)
        quoted.append(c == '"' ? 2 : 1, c);
    return quoted + '"';
}

CsvWriter::CsvWriter(const CsvStyle& style) : style_(style), text_(style.byte_order_mark ? "\xEF\xBB\xBF" : "") {}

void CsvWriter::row(std::span<const std::string> cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) text_ += style_.delimiter;
        text_ += written_cell(cells[i], style_.delimiter);
    }
    text_ += style_.line_end;
}

}  // namespace roamguard::tariffs
