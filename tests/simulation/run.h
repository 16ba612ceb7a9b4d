#pragma once

#include <optional>
#include <string>

#include "tests/simulation/script.h"
#include "tests/storage/home.h"

namespace roamguard::simulation {

/// Lives a script through with the real engine, dispatchers and rules on a store of this kind, against the model. What
/// promise was broken first, and at which step; nothing when all were kept.
[[nodiscard]] std::optional<std::string> broken_by(const Script& script, testing::Kind kind, Plant plant = Plant::none);

/// As few steps as still break some promise, by taking out halves, quarters, … and single steps.
[[nodiscard]] Script shrunk(Script script, testing::Kind kind, Plant plant = Plant::none);

}  // namespace roamguard::simulation
