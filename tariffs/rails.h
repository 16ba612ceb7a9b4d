#pragma once

#include <vector>

#include "tariffs/table.h"

namespace roamguard::tariffs {

/// The guard rails and sample trips of the draft that do not hold: a draft with any is not published. A price names
/// its row in tariffs.csv, a missing country its line in rails.csv, a trip its line in trips.csv. `former` is the
/// version in force; without one no change is too large. At most FaultList::cap and a last word.
[[nodiscard]] std::vector<Fault> broken_rails(const Table& draft, const Table* former);

}  // namespace roamguard::tariffs
