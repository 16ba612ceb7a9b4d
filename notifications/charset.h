#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace roamguard::notifications {

/// Text of a gateway as UTF-8. `charset` as ICU knows it (`UTF-8`, `UTF-16BE`, `ISO-8859-1`, `windows-1252`); nothing
/// for a charset nobody knows or bytes that are not of it. Any thread.
[[nodiscard]] std::optional<std::string> to_utf8(std::string_view bytes, const std::string& charset);

}  // namespace roamguard::notifications
