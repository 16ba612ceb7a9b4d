#pragma once

#include <string>

#include "tariffs/table.h"

namespace roamguard::commands {

/// The CSV files of a table's directory, by name without extension. Throws std::runtime_error when there is none.
[[nodiscard]] tariffs::TableFiles read_directory(const std::string& directory);
/// The same, compiled with the countries of the built-in networks table.
[[nodiscard]] tariffs::Table::Compiled compile_directory(const std::string& directory);
[[nodiscard]] tariffs::Table::Compiled compile_files(const tariffs::TableFiles& files);

}  // namespace roamguard::commands
