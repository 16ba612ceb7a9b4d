#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tariffs/instant.h"

namespace roamguard::intake {

/// The values CloudEvents attributes may have (spec.md, Type System). Texts are valid UTF-8 unless said otherwise.

/// No control characters (U+0000-001F, U+007F-009F) and no Unicode noncharacters.
[[nodiscard]] bool is_attribute_text(std::string_view text);

/// Lower-case letters a-z and digits, at least one.
[[nodiscard]] bool is_attribute_name(std::string_view name);

/// RFC 3986: a URI reference by its characters, percent escapes and scheme rule; not empty.
[[nodiscard]] bool is_uri_reference(std::string_view text);
/// The same with a scheme.
[[nodiscard]] bool is_uri(std::string_view text);

/// An RFC 3339 time. Years this product does not work with are still times: they lie before or after everything.
struct AttributeTime {
    enum class Range { within, before, after };
    Range range = Range::within;
    tariffs::WrittenTime written;  ///< only when within
};
[[nodiscard]] std::optional<AttributeTime> parse_time(std::string_view text);

/// A `ce-*` header's value (http-protocol-binding.md, 3.1.3.2): double quotes undone, then percent-decoded once.
/// Nothing for an open quote, a `%` without two hexadecimal digits, or a result that is not UTF-8. Any bytes.
[[nodiscard]] std::optional<std::string> decode_header_value(std::string_view value);

}  // namespace roamguard::intake
