#pragma once

#include <string>
#include <string_view>

namespace roamguard::storage {

/// PostgreSQL takes neither NUL nor what is no UTF-8 for text: each such byte becomes U+FFFD.
[[nodiscard]] std::string clean_text(std::string_view text);

}  // namespace roamguard::storage
