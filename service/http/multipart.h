#pragma once

#include <map>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace roamguard::http {

/// The parts of a `multipart/form-data` body by name (RFC 7578). The error is a sentence: no boundary, a part without a
/// name, a name twice, an end that never comes. At most 16 parts.
[[nodiscard]] tl::expected<std::map<std::string, std::string>, std::string> read_multipart(
    std::string_view content_type, std::string_view body);

}  // namespace roamguard::http
