#include "tariffs/sheet.h"

#include <algorithm>
#include <array>

#include "tariffs/suggest.h"

namespace roamguard::tariffs {

namespace {

constexpr std::size_t absent = static_cast<std::size_t>(-1);

/// The column of a file that came back with its faults, and comes again corrected.
constexpr std::string_view annotation = "error";

/// Headings seen in real price lists for columns that have another name here.
struct Heading {
    std::string_view written, meant;
};
constexpr Heading headings[] = {
    {"country", "destination"},
    {"place", "destination"},
    {"network", "destination"},
    {"zone", "destination"},
    {"tariff", "plan"},
    {"rate", "price"},
    {"amount", "price"},
    {"cost", "price"},
    {"per", "unit"},
    {"rounding_increment", "increment"},
    {"rounding", "increment"},
    {"step", "increment"},
    {"min", "minimum"},
    {"minimum_charge", "minimum"},
    {"vat", "tax_rate"},
    {"vat_rate", "tax_rate"},
    {"highcost", "high_cost"},
    {"id", "pass"},
    {"bundle", "pass"},
    {"duration", "validity"},
    {"from", "base"},
    {"to", "quote"},
    {"volume", "allowance"},
    {"service", "services"},
    {"services", "service"},
};

std::string suggest_column(std::string_view written, std::span<const SheetColumn> columns) {
    std::vector<std::string_view> names;
    for (const SheetColumn& column : columns)
        names.push_back(column.name);
    const std::string near = suggest_word(written, names);
    if (!near.empty()) return near;
    for (const Heading& heading : headings)
        if (folded(written) == heading.written && std::find(names.begin(), names.end(), heading.meant) != names.end())
            return std::string(heading.meant);
    return {};
}

std::string list_of(std::span<const SheetColumn> columns) {
    std::string text;
    for (const SheetColumn& column : columns)
        text += (text.empty() ? "" : ", ") + std::string(column.name);
    return text;
}

/// Characters that look like a blank or like nothing, and would make two equal-looking names different.
std::string_view invisible_character(std::string_view text) {
    struct Invisible {
        std::string_view bytes, name;
    };
    static constexpr Invisible known[] = {
        {"\xC2\xA0", "U+00A0, a no-break space"},       {"\xC2\xAD", "U+00AD, a soft hyphen"},
        {"\xE2\x80\x8B", "U+200B, a zero-width space"}, {"\xE2\x80\x8E", "U+200E, a direction mark"},
        {"\xE2\x80\x8F", "U+200F, a direction mark"},   {"\xE2\x80\xAF", "U+202F, a narrow no-break space"},
        {"\xE3\x80\x80", "U+3000, a wide space"},       {"\xEF\xBB\xBF", "U+FEFF, a byte order mark"},
    };
    bool plain = true;
    for (char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) return "a control character, such as a line end";
        plain &= byte < 0x80;
    }
    if (plain) return {};
    for (const Invisible& each : known)
        if (text.find(each.bytes) != text.npos) return each.name;
    return {};
}

}  // namespace

class SheetReader {
public:
    SheetReader(const SheetKind& kind, FaultList& faults, const std::function<void(SheetRow&)>& on_row)
        : kind_(kind), faults_(faults), on_row_(on_row) {}

    int read(std::string_view bytes) {
        const CsvFault fault = scan_csv(bytes, {}, [this](const CsvRecord& record) {
            if (width_ == 0)
                read_header(record);
            else
                read_row(record);
            return faults_.full() ? CsvScan::stop : CsvScan::go_on;
        });
        if (!fault.code.empty())
            add(fault.line, "", "", fault.code, fault.sentence);
        else if (width_ == 0)
            add(0, "", "", "empty_file",
                std::string(kind_.file) + " is empty: it needs a header row with the columns " +
                    list_of(kind_.columns));
        else if (rows_ == 0 && kind_.rows == Need::required)
            add(0, "", "", "no_rows", std::string(kind_.file) + " has a header but no rows");
        return rows_;
    }

private:
    void read_header(const CsvRecord& record) {
        width_ = record.cells.size();
        places_.assign(kind_.columns.size(), absent);
        for (std::size_t i = 0; i < width_; ++i)
            read_heading(record, i);
        for (std::size_t c = 0; c < places_.size(); ++c)
            if (kind_.columns[c].need == Need::required && places_[c] == absent)
                add(record.line, kind_.columns[c].name, "", "missing_column",
                    "the header has no column " + shown(kind_.columns[c].name) + ", which " + std::string(kind_.file) +
                        " needs");
    }

    void read_heading(const CsvRecord& record, std::size_t i) {
        const std::string& name = record.cells[i];
        for (std::size_t c = 0; c < places_.size(); ++c) {
            if (kind_.columns[c].name != name) continue;
            if (places_[c] == absent)
                places_[c] = i;
            else
                add(record.line, name, name, "duplicate_column",
                    "the header names the column " + shown(name) + " twice");
            return;
        }
        if (name == annotation) return;
        add(record.line, name, name, "unknown_column",
            with_suggestion(shown(name) + " is no column of " + std::string(kind_.file) + ", which may have " +
                                list_of(kind_.columns),
                            suggest_column(name, kind_.columns)));
    }

    void read_row(const CsvRecord& record) {
        const auto& cells = record.cells;
        if (std::all_of(cells.begin(), cells.end(), [](const std::string& cell) { return cell.empty(); })) return;
        ++rows_;
        if (cells.size() != width_) return wrong_width(record);
        SheetRow row(kind_, record.line, faults_);
        for (std::size_t c = 0; c < places_.size(); ++c)
            if (places_[c] != absent) read_cell(row, c, cells[places_[c]]);
        on_row_(row);
    }

    void wrong_width(const CsvRecord& record) {
        const bool more = record.cells.size() > width_;
        add(record.line, "", "", more ? "too_many_cells" : "too_few_cells",
            "the row has " + std::to_string(record.cells.size()) + " values and the header " + std::to_string(width_) +
                " columns: " +
                (more ? "write decimals with a point, and put a value that holds a comma in quotes"
                      : "leave a value empty, but keep its comma"));
    }

    void read_cell(SheetRow& row, std::size_t column, const std::string& cell) {
        row.cells_[column] = cell;
        if (cell.empty()) {
            if (kind_.columns[column].need == Need::required)
                row.fault(column, "missing_value", "the row has no " + std::string(kind_.columns[column].name));
            return;
        }
        if (cell[0] == '=' || cell[0] == '@' || cell[0] == '+')
            row.fault(column, "formula",
                      shown(cell) + " begins like a spreadsheet formula: write the value itself, without the " +
                          shown(cell.substr(0, 1)));
        else if (const auto name = invisible_character(cell); !name.empty())
            row.fault(column, "invisible_character",
                      shown(cell) + " holds " + std::string(name) + ": type the value anew");
        else
            return;
        row.cells_[column] = {};  // nothing more to say of it
    }

    void add(int line, std::string_view column, std::string_view value, std::string code, std::string detail) {
        faults_.add(
            {std::string(kind_.file), line, shortened(column), shortened(value), std::move(code), std::move(detail)});
    }

    const SheetKind& kind_;
    FaultList& faults_;
    const std::function<void(SheetRow&)>& on_row_;
    std::size_t width_ = 0;            ///< of the header; 0 before it was read
    std::vector<std::size_t> places_;  ///< of each known column in a record
    int rows_ = 0;
};

void SheetRow::fault(std::size_t column, std::string code, std::string detail) {
    faults_.add({std::string(kind_.file), line_, std::string(kind_.columns[column].name), shortened(cells_[column]),
                 std::move(code), std::move(detail)});
}

void SheetRow::warn(FaultList& warnings, std::size_t column, std::string code, std::string detail) const {
    warnings.add({std::string(kind_.file), line_, std::string(kind_.columns[column].name), shortened(cells_[column]),
                  std::move(code), std::move(detail)});
}

int read_sheet(const SheetKind& kind, std::string_view bytes, FaultList& faults,
               const std::function<void(SheetRow&)>& on_row) {
    return SheetReader(kind, faults, on_row).read(bytes);
}

std::string shortened(std::string_view text) {
    constexpr std::size_t most = 100;
    if (text.size() <= most) return std::string(text);
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
        --end;
    return std::string(text.substr(0, end));
}

std::string shown(std::string_view text) { return "`" + shortened(text) + "`"; }

std::string with_suggestion(std::string sentence, std::string_view suggestion) {
    return suggestion.empty() ? sentence : sentence + "; did you mean " + std::string(suggestion) + "?";
}

}  // namespace roamguard::tariffs
