#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tariffs/table.h"

namespace roamguard::tariffs {

/// The file as it came (separator, quotes, line ends, byte order mark) with one more column, `error`: the faults and
/// warnings of each row. `file` is the name faults have, `tariffs.csv`. Those of the header or the whole file stand in
/// the first row below it. A column `error` that the file had is filled anew. Cells that a spreadsheet would take for
/// formulas are made safe. Of a file that cannot be read to its end the faults alone remain.
[[nodiscard]] std::string annotated(std::string_view csv, std::string_view file, const std::vector<Fault>& faults,
                                    const std::vector<Fault>& warnings);

}  // namespace roamguard::tariffs
