#pragma once

#include <nlohmann/json.hpp>

#include "tariffs/comparison.h"

namespace roamguard::json {

/// `{"added":[…],"removed":[…],"changed":[{…,"before","after","percent"}],…}`, as answers and commands show it.
[[nodiscard]] nlohmann::json comparison_json(const tariffs::Comparison& found);

/// Faults or warnings: `[{"file","line","column","value","code","detail"}]`.
[[nodiscard]] nlohmann::json faults_json(const std::vector<tariffs::Fault>& faults);

}  // namespace roamguard::json
