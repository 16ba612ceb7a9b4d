#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tariffs/csv.h"
#include "tariffs/fault_list.h"

namespace roamguard::tariffs {

enum class Need { required, optional };

/// A column a file may have, known by its name.
struct SheetColumn {
    std::string_view name;
    Need need = Need::optional;
};

/// One of the files of an upload: its name as shown and its columns.
struct SheetKind {
    std::string_view file;  ///< `tariffs.csv`
    std::span<const SheetColumn> columns;
    Need rows = Need::optional;  ///< required: a header alone is a fault
};

/// A row whose cells are reached by their column's place in SheetKind::columns. Valid during the call it is given to.
class SheetRow {
public:
    SheetRow(const SheetKind& kind, int line, FaultList& faults)
        : kind_(kind), line_(line), faults_(faults), cells_(kind.columns.size()) {}

    [[nodiscard]] int line() const { return line_; }
    /// Empty where the file has no such column, the cell is empty, or it is at fault already.
    [[nodiscard]] std::string_view text(std::size_t column) const { return cells_[column]; }
    [[nodiscard]] bool given(std::size_t column) const { return !cells_[column].empty(); }
    void fault(std::size_t column, std::string code, std::string detail);
    /// Lists a warning in `warnings` as `fault` does among the faults.
    void warn(FaultList& warnings, std::size_t column, std::string code, std::string detail) const;

private:
    friend class SheetReader;
    const SheetKind& kind_;
    int line_;
    FaultList& faults_;
    std::vector<std::string_view> cells_;
};

/// Reads a file by its header. Faults of the file, its header and its cells as such (missing, a formula, an invisible
/// character) are listed here; what a cell means is for `on_row`. Returns the number of rows that are not empty.
int read_sheet(const SheetKind& kind, std::string_view bytes, FaultList& faults,
               const std::function<void(SheetRow&)>& on_row);

/// `text` in backquotes, cut to 100 bytes at a character's edge.
[[nodiscard]] std::string shown(std::string_view text);
[[nodiscard]] std::string shortened(std::string_view text);
/// The sentence with `; did you mean …?` where there is a suggestion.
[[nodiscard]] std::string with_suggestion(std::string sentence, std::string_view suggestion);

}  // namespace roamguard::tariffs
