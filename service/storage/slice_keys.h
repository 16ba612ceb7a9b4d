#pragma once

#include <cstdint>
#include <string>
#include <utility>

// Where a slice ended, as text, for keys of two parts and of bytes.
namespace roamguard::storage {

/// `first:second`, both numbers; before all of them for an empty text.
[[nodiscard]] std::string pair_text(std::int64_t first, std::int64_t second);
[[nodiscard]] std::pair<std::int64_t, std::int64_t> pair_of(const std::string& text);
/// `number:text`.
[[nodiscard]] std::pair<std::int64_t, std::string> named_of(const std::string& text);
[[nodiscard]] std::int64_t number_of(const std::string& text);
/// Hexadecimal back to bytes.
[[nodiscard]] std::string unhex(const std::string& hex);

}  // namespace roamguard::storage
