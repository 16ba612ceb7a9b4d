#include "geoip/table_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <tl/expected.hpp>

#include "data/digest.h"
#include "data/embedded.h"

namespace roamguard::geoip {

namespace {

constexpr std::size_t max_bytes = 32u << 20;

tl::expected<std::string, std::string> bytes_of(const std::filesystem::path& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);  // refuses directories, pipes and what is not there
    if (error) return tl::unexpected(error.message());
    if (size > max_bytes) return tl::unexpected(fmt::format("it is larger than {} MiB", max_bytes >> 20));
    std::ifstream in(path, std::ios::binary);
    if (!in) return tl::unexpected(std::generic_category().message(errno));
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    if (in.bad()) return tl::unexpected(std::string("reading it failed"));
    return bytes;
}

std::string built_in_bytes(std::string_view name) {
    const auto& files = data::embedded_files();
    const auto found = files.find(std::string(name));
    if (found == files.end()) throw std::logic_error(fmt::format("{} is not compiled into the program", name));
    return std::string(found->second);
}

/// Takes one record after another from a text; a record may span lines inside quotes.
class Records {
public:
    explicit Records(std::string_view text) : text_(text) {
        if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
    }

    [[nodiscard]] bool done() const { return at_ >= text_.size(); }
    [[nodiscard]] std::size_t line() const { return line_; }

    /// The next record's cells; nothing when its quotes are wrong, after which the rest cannot be trusted.
    std::optional<std::vector<std::string>> next() {
        std::vector<std::string> cells;
        for (;;) {
            std::optional<std::string> cell = peek() == '"' ? quoted() : plain();
            if (!cell) return std::nullopt;
            cells.push_back(std::move(*cell));
            if (take(',')) continue;
            take('\r');
            if (!done() && !take('\n')) return std::nullopt;
            ++line_;
            return cells;
        }
    }

private:
    [[nodiscard]] char peek() const { return done() ? '\n' : text_[at_]; }
    bool take(char wanted) {
        if (done() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }

    std::optional<std::string> plain() {
        const std::size_t end = std::min(text_.find_first_of(",\r\n\"", at_), text_.size());
        std::string cell(text_.substr(at_, end - at_));
        at_ = end;
        if (peek() == '"') return std::nullopt;
        return cell;
    }

    std::optional<std::string> quoted() {
        std::string cell;
        for (++at_; !done(); ++at_) {
            if (text_[at_] == '\n') ++line_;
            if (text_[at_] != '"') {
                cell += text_[at_];
                continue;
            }
            ++at_;
            if (peek() != '"') return cell;
            cell += '"';
        }
        return std::nullopt;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

bool listed(const std::vector<std::string_view>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool blank(const std::vector<std::string>& cells) { return cells.size() == 1 && cells[0].empty(); }

}  // namespace

TableFile TableFile::read(const std::filesystem::path& path, std::string_view built_in, const Columns& columns,
                          std::vector<std::string>& faults) {
    TableFile table;
    table.name_ = path.empty() ? std::string(built_in) : path.string();
    const auto bytes = path.empty() ? built_in_bytes(built_in) : bytes_of(path);
    if (!bytes) {
        faults.push_back(fmt::format("{} cannot be read: {}", table.name_, bytes.error()));
        return table;
    }
    table.digest_ = data::to_hex(data::sha256(*bytes));
    const std::size_t faults_before = faults.size();
    for (Records records(*bytes); !records.done();) {
        const std::size_t line = records.line();
        auto cells = records.next();
        if (!cells) {
            faults.push_back(table.place(line) +
                             "a quote is out of place; quote a whole field and double quotes inside");
            break;
        }
        if (blank(*cells)) continue;
        if (table.header_.empty()) {
            table.check_header({line, std::move(*cells)}, columns, faults);
            if (faults.size() != faults_before) return table;  // nothing below a wrong header can be read rightly
        } else if (cells->size() != table.header_.size()) {
            faults.push_back(fmt::format("{}the row has {} fields where the header has {}", table.place(line),
                                         cells->size(), table.header_.size()));
        } else {
            table.rows_.push_back({line, std::move(*cells)});
        }
    }
    if (table.header_.empty()) faults.push_back(fmt::format("{} is empty", table.name_));
    return table;
}

std::string_view TableFile::cell(const Row& row, std::string_view column) const {
    const auto found = std::find(header_.begin(), header_.end(), column);
    if (found == header_.end()) return {};
    return row.cells[static_cast<std::size_t>(found - header_.begin())];
}

std::string TableFile::at(const Row& row) const { return place(row.line); }

void TableFile::check_header(Row header, const Columns& columns, std::vector<std::string>& faults) {
    header_ = std::move(header.cells);
    for (auto name = header_.begin(); name != header_.end(); ++name) {
        if (!listed(columns.required, *name) && !listed(columns.optional, *name))
            faults.push_back(fmt::format("{}there is no column \"{}\"", place(header.line), *name));
        if (std::find(header_.begin(), name, *name) != name)
            faults.push_back(fmt::format("{}the column \"{}\" stands there twice", place(header.line), *name));
    }
    for (std::string_view name : columns.required)
        if (std::find(header_.begin(), header_.end(), name) == header_.end())
            faults.push_back(fmt::format("{}the column \"{}\" is missing", place(header.line), name));
}

std::string TableFile::place(std::size_t line) const { return fmt::format("{}, line {}: ", name_, line); }

}  // namespace roamguard::geoip
