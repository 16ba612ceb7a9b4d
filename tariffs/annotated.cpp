#include "tariffs/annotated.h"

#include <algorithm>
#include <map>

#include "tariffs/csv.h"
#include "tariffs/csv_writer.h"

namespace roamguard::tariffs {

namespace {

constexpr std::string_view heading = "error";
/// Of one cell: what comes back must be readable again (CsvLimits::max_cell_bytes), and by people.
constexpr std::size_t most_words = 2'000;

/// What is wrong, by the line that names it, in the order found.
std::map<int, std::string> words_by_line(std::string_view file, const std::vector<Fault>& faults,
                                         const std::vector<Fault>& warnings) {
    std::map<int, std::string> words;
    const auto add = [&](const std::vector<Fault>& list, std::string_view kind) {
        for (const Fault& fault : list) {
            if (fault.file != file && !fault.file.empty()) continue;
            std::string& text = words[fault.line];
            text += (text.empty() ? "" : " | ") + std::string(kind);
            if (fault.line <= 1) text += "whole file: ";
            if (!fault.column.empty()) text += fault.column + ": ";
            text += fault.detail;
        }
    };
    add(faults, "");
    add(warnings, "warning: ");
    return words;
}

std::string_view line_end_of(std::string_view csv) {
    const std::size_t at = csv.find_first_of("\r\n");
    if (at == csv.npos) return "\n";
    return csv[at] == '\n' ? "\n" : csv.substr(at, 2) == "\r\n" ? "\r\n" : "\r";
}

class Annotator {
public:
    Annotator(std::string_view csv, std::map<int, std::string> words)
        : csv_(csv), delimiter_(csv_delimiter(csv)), words_(std::move(words)) {}

    std::string run() {
        // A record is written when the next one shows how far its lines reach.
        CsvRecord last;
        const CsvFault fault = scan_csv(csv_, {}, [&](const CsvRecord& record) {
            if (width_ == 0)
                write_header(record);
            else {
                if (last.line != 0) write_row(last, record.line);
                last = record;
            }
            return CsvScan::go_on;
        });
        // The part that can be read, given back, might be taken for the whole.
        if (width_ == 0 || !fault.code.empty()) return faults_alone();
        if (last.line != 0)
            write_row(last, last_line);
        else if (!words_.empty())
            write_words_below();
        out_ += csv_.substr(copied_);
        return std::move(out_);
    }

private:
    static constexpr int last_line = 2'000'000'000;

    void write_header(const CsvRecord& record) {
        width_ = record.cells.size();
        filled_anew_ = record.cells.back() == heading && width_ > 1;
        write(record, std::string(heading));
    }

    void write_row(const CsvRecord& record, int next_line) { write(record, take_words(next_line)); }

    /// The words of all lines before this one that were not written yet.
    std::string take_words(int next_line) {
        std::string text;
        while (!words_.empty() && words_.begin()->first < next_line) {
            text += (text.empty() ? "" : " | ") + words_.begin()->second;
            words_.erase(words_.begin());
        }
        if (text.size() <= most_words) return text;
        std::size_t end = most_words;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
            --end;
        return text.substr(0, end) + "… and more";
    }

    /// The record as it came and the cell; anew where a cell must change.
    void write(const CsvRecord& record, const std::string& cell) {
        const bool old_errors = filled_anew_ && record.cells.size() == width_;
        const bool safe = std::all_of(record.cells.begin(), record.cells.end(),
                                      [](const std::string& each) { return each == safe_cell(each); });
        const std::size_t kept = record.cells.size() - (old_errors ? 1 : 0);
        out_ += csv_.substr(copied_, record.begin - copied_);
        if (safe && !old_errors)
            out_ += csv_.substr(record.begin, record.end - record.begin);
        else
            for (std::size_t i = 0; i < kept; ++i)
                out_ += (i == 0 ? "" : std::string(1, delimiter_)) + written_cell(record.cells[i], delimiter_);
        // A row that is too short gets its missing cells, so that the words stand below their heading.
        const std::size_t columns = width_ - (filled_anew_ ? 1 : 0);
        out_.append(columns > kept ? columns - kept + 1 : 1, delimiter_);
        out_ += written_cell(cell, delimiter_);
        copied_ = record.end;
    }

    void write_words_below() {
        const std::string_view end = line_end_of(csv_);
        out_ += end;
        out_.append(width_ - (filled_anew_ ? 1 : 0), delimiter_);
        out_ += written_cell(take_words(last_line), delimiter_);
    }

    /// Of a file that cannot be read at all.
    std::string faults_alone() {
        CsvWriter writer;
        writer.row({std::string(heading)});
        for (const auto& [line, text] : words_)
            writer.row({(line > 1 ? "line " + std::to_string(line) + ": " : "") + text});
        return writer.take();
    }

    std::string_view csv_;
    char delimiter_;
    std::map<int, std::string> words_;
    std::string out_;
    std::size_t copied_ = 0;  ///< bytes of the file that were taken over
    std::size_t width_ = 0;   ///< of the header; 0 before it was read
    bool filled_anew_ = false;
};

}  // namespace

std::string annotated(std::string_view csv, std::string_view file, const std::vector<Fault>& faults,
                      const std::vector<Fault>& warnings) {
    return Annotator(csv, words_by_line(file, faults, warnings)).run();
}

}  // namespace roamguard::tariffs
