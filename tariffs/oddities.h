#pragma once

#include <vector>

#include "tariffs/table.h"

namespace roamguard::tariffs {

/// What is legal but odd: a price ten times (or a tenth of) its neighbours or its former value; a row, a plan, a
/// country, a country of a zone, a pass or a rate lost; a currency changed; a pass dearer than what it covers.
/// `former` may be nullptr: then only what the draft shows by itself. At most FaultList::cap and a last word.
[[nodiscard]] std::vector<Fault> oddities(const Table& draft, const Table* former);

}  // namespace roamguard::tariffs
