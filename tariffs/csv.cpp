#include "tariffs/csv.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace roamguard::tariffs {

namespace {

/// Files of other programs that people upload in place of CSV, by their first bytes.
struct Foreign {
    std::string_view magic;
    const char* code;
    const char* sentence;
};
constexpr const char* utf16_sentence = "the file is UTF-16 (`Unicode text`): save it as `CSV UTF-8`";
constexpr Foreign foreign_files[] = {
    {std::string_view("PK\x03\x04", 4), "zip",
     "the file is a zip archive or a spreadsheet (.xlsx, .ods), not CSV: save the sheet as `CSV UTF-8`"},
    {std::string_view("PK\x05\x06", 4), "zip", "the file is an empty zip archive, not CSV"},
    {std::string_view("\xD0\xCF\x11\xE0", 4), "xls",
     "the file is an old spreadsheet (.xls), not CSV: save the sheet as `CSV UTF-8`"},
    {std::string_view("\x1F\x8B", 2), "gzip", "the file is compressed by gzip: send the CSV itself"},
    {std::string_view("\xFF\xFE", 2), "utf16", utf16_sentence},
    {std::string_view("\xFE\xFF", 2), "utf16", utf16_sentence},
};

bool continuation(std::string_view bytes, std::size_t at) {
    return at < bytes.size() && (static_cast<unsigned char>(bytes[at]) & 0xC0) == 0x80;
}

/// Length of the UTF-8 character at `at`, 0 when it is none (overlong forms, surrogates, beyond U+10FFFF included).
std::size_t utf8_length(std::string_view bytes, std::size_t at) {
    const auto lead = static_cast<unsigned char>(bytes[at]);
    if (lead < 0x80) return 1;
    std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                         : lead >= 0xE0 && lead <= 0xEF ? 3
                         : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                        : 0;
    for (std::size_t i = 1; i < length; ++i)
        if (!continuation(bytes, at + i)) return 0;
    if (length < 3) return length;
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    const bool refused = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                         (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
    return refused ? 0 : length;
}

/// Where the readable text ends: at the first NUL or byte that is no UTF-8, else at the end.
std::size_t readable_bytes(std::string_view bytes) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::size_t length = utf8_length(bytes, at);
        if (length == 0 || bytes[at] == '\0') return at;
        at += length;
    }
    return at;
}

/// Comma unless the header line has none and shows a semicolon or a tab.
char sniff_delimiter(std::string_view text) {
    bool semicolon = false, tab = false, quoted = false;
    for (char c : text) {
        if (c == '"') quoted = !quoted;
        if (quoted) continue;
        if (c == ',') return ',';
        semicolon |= c == ';';
        tab |= c == '\t';
        if ((c == '\n' || c == '\r') && (semicolon || tab)) break;
    }
    return semicolon ? ';' : tab ? '\t' : ',';
}

/// What a spreadsheet's `sep=;` says; nothing where the first line is another.
std::optional<char> declared_delimiter(std::string_view text) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    const bool declared = line.size() >= 5 && (line.substr(0, 4) == "sep=" || line.substr(0, 4) == "SEP=") &&
                          std::string_view(";,\t").find(line[4]) != line.npos &&
                          line.find_first_not_of(" ;,\t", 5) == line.npos;
    return declared ? std::optional(line[4]) : std::nullopt;
}

std::string_view without_byte_order_mark(std::string_view bytes) {
    return bytes.substr(0, 3) == "\xEF\xBB\xBF" ? bytes.substr(3) : bytes;
}

/// UTF-16 without its mark: of the first characters, as far as they are ASCII, every other byte is NUL.
bool looks_like_utf16(std::string_view bytes) {
    std::size_t even = 0, odd = 0;
    const std::size_t looked_at = std::min<std::size_t>(bytes.size(), 64);
    for (std::size_t i = 0; i < looked_at; ++i)
        if (bytes[i] == '\0') ++(i % 2 == 0 ? even : odd);
    return looked_at >= 4 && (even == 0) != (odd == 0) && (even + odd) * 3 >= looked_at;
}

class Scanner {
public:
    Scanner(std::string_view bytes, const CsvLimits& limits) : bytes_(bytes), limits_(limits) {
        if (bytes.size() > limits.max_bytes) {
            fault_ = {"file_too_large",
                      "the file has " + std::to_string(bytes.size()) + " bytes; at most " +
                          std::to_string(limits.max_bytes) + " are read",
                      0};
            return;
        }
        for (const Foreign& foreign : foreign_files)
            if (bytes.substr(0, foreign.magic.size()) == foreign.magic) {
                fault_ = {foreign.code, foreign.sentence, 1};
                return;
            }
        if (looks_like_utf16(bytes)) {
            fault_ = {"utf16", utf16_sentence, 1};
            return;
        }
        bytes_ = without_byte_order_mark(bytes);
        before_ = bytes.size() - bytes_.size();
        end_ = readable_bytes(bytes_);
        delimiter_ = csv_delimiter(bytes_.substr(0, end_));
        if (declared_delimiter(bytes_.substr(0, end_))) {
            at_ = std::min(bytes_.find_first_of("\r\n"), end_);
            if (at_ < end_) take_line_end();
        }
    }

    /// The next record that is not blank; false at the end and at a fault.
    bool next(CsvRecord& record) {
        while (fault_.code.empty()) {
            if (at_ == end_) {
                if (end_ != bytes_.size()) unreadable_byte();
                return false;
            }
            record.line = line_;
            record.begin = before_ + at_;
            if (read_record(record) && !blank(record)) return true;
        }
        return false;
    }

    void fail(std::string code, std::string sentence, int line) {
        fault_ = {std::move(code), std::move(sentence), line};
    }
    [[nodiscard]] const CsvFault& fault() const { return fault_; }

private:
    bool read_record(CsvRecord& record) {
        std::size_t count = 0;
        for (bool more = true; more; ++count) {
            if (count == limits_.max_columns) {
                fail("too_many_columns", "the row has more than " + std::to_string(limits_.max_columns) + " columns",
                     line_);
                return false;
            }
            if (count == record.cells.size()) record.cells.emplace_back();
            if (!read_cell(record.cells[count])) return false;
            more = at_ < end_ && bytes_[at_] == delimiter_;
            if (more) ++at_;
        }
        record.cells.resize(count);
        if (at_ == end_ && end_ != bytes_.size()) {
            unreadable_byte();
            return false;
        }
        record.end = before_ + at_;
        if (at_ < end_) take_line_end();
        return true;
    }

    bool read_cell(std::string& cell) {
        cell.clear();
        skip_blanks();
        if (at_ < end_ && bytes_[at_] == '"') return read_quoted(cell);
        const std::size_t from = at_;
        while (at_ < end_ && !ends_cell(bytes_[at_]))
            ++at_;
        std::size_t to = at_;
        while (to > from && blank(bytes_[to - 1]))
            --to;
        if (to - from > limits_.max_cell_bytes) return cell_too_long(line_);
        cell.assign(bytes_.substr(from, to - from));
        return true;
    }

    bool read_quoted(std::string& cell) {
        const int start_line = line_;
        ++at_;
        for (;;) {
            if (at_ == end_) return unclosed(start_line);
            const char c = bytes_[at_];
            if (c == '"' && !(at_ + 1 < end_ && bytes_[at_ + 1] == '"')) break;
            if (cell.size() == limits_.max_cell_bytes) return cell_too_long(start_line);
            cell += c;
            at_ += c == '"' ? 2 : 1;
            if (c == '\n' || (c == '\r' && !(at_ < end_ && bytes_[at_] == '\n'))) ++line_;
        }
        ++at_;
        trim(cell);
        skip_blanks();
        if (at_ == end_ || ends_cell(bytes_[at_])) return true;
        fail("text_after_quote", "text follows a closing quote: a quote inside a quoted value is written twice (\"\")",
             line_);
        return false;
    }

    bool unclosed(int start_line) {
        if (end_ != bytes_.size())
            unreadable_byte();
        else
            fail("unclosed_quote", "the quote opened on line " + std::to_string(start_line) + " is never closed",
                 start_line);
        return false;
    }

    bool cell_too_long(int line) {
        fail("cell_too_long", "a value is longer than " + std::to_string(limits_.max_cell_bytes) + " bytes", line);
        return false;
    }

    void unreadable_byte() {
        const std::string where = "line " + std::to_string(line_);
        if (bytes_[end_] == '\0')
            fail("nul", where + " holds a NUL byte, so the file is no text: save it as `CSV UTF-8`", line_);
        else
            fail("not_utf8", where + " is not UTF-8: save the file as `CSV UTF-8`", line_);
    }

    void take_line_end() {
        if (bytes_[at_] == '\r' && at_ + 1 < end_ && bytes_[at_ + 1] == '\n') ++at_;
        ++at_;
        ++line_;
    }

    void skip_blanks() {
        while (at_ < end_ && blank(bytes_[at_]))
            ++at_;
    }
    void trim(std::string& cell) const {
        const auto ink = [](char c) { return c != ' ' && c != '\t'; };
        cell.erase(std::find_if(cell.rbegin(), cell.rend(), ink).base(), cell.end());
        cell.erase(cell.begin(), std::find_if(cell.begin(), cell.end(), ink));
    }

    [[nodiscard]] bool blank(char c) const { return c == ' ' || (c == '\t' && delimiter_ != '\t'); }
    [[nodiscard]] static bool blank(const CsvRecord& record) {
        return record.cells.size() == 1 && record.cells[0].empty();
    }
    [[nodiscard]] bool ends_cell(char c) const { return c == delimiter_ || c == '\n' || c == '\r'; }

    std::string_view bytes_;
    const CsvLimits& limits_;
    std::size_t at_ = 0;
    std::size_t end_ = 0;
    std::size_t before_ = 0;  ///< bytes before those read
    int line_ = 1;
    char delimiter_ = ',';
    CsvFault fault_;
};

}  // namespace

char csv_delimiter(std::string_view bytes) {
    const std::string_view text = without_byte_order_mark(bytes);
    return declared_delimiter(text).value_or(sniff_delimiter(text));
}

CsvFault scan_csv(std::string_view bytes, const CsvLimits& limits,
                  const std::function<CsvScan(const CsvRecord&)>& on_record) {
    Scanner scanner(bytes, limits);
    CsvRecord record;
    for (std::size_t count = 0; scanner.next(record); ++count) {
        if (count > limits.max_records) {
            scanner.fail("too_many_rows", "the file has more than " + std::to_string(limits.max_records) + " rows",
                         record.line);
            break;
        }
        if (on_record(record) == CsvScan::stop) break;
    }
    return scanner.fault();
}

CsvFile read_csv(std::string_view bytes, const CsvLimits& limits) {
    CsvFile file;
    CsvFault over;
    std::size_t kept = 0;
    CsvFault fault = scan_csv(bytes, limits, [&](const CsvRecord& record) {
        if (file.header.empty()) {
            file.header = record.cells;
            return CsvScan::go_on;
        }
        kept += record.cells.size();
        if (kept > limits.max_kept_cells) {
            over = {"too_many_cells", "the file has more than " + std::to_string(limits.max_kept_cells) + " values",
                    record.line};
            return CsvScan::stop;
        }
        file.records.push_back(record);
        return CsvScan::go_on;
    });
    if (fault.code.empty()) fault = std::move(over);
    file.fault = std::move(fault.sentence);
    file.fault_code = std::move(fault.code);
    file.fault_line = fault.line;
    return file;
}

}  // namespace roamguard::tariffs
