#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

namespace roamguard::json {

/// Why a text is no acceptable JSON, with the byte it stopped at (1-based, 0 when not applicable).
struct JsonFault {
    std::string code;  ///< not_json, too_deep, duplicate_key, number_out_of_range, invalid_utf8
    std::string detail;
    std::size_t byte = 0;
};

/// Reads untrusted JSON: depth at most `max_depth` (checked before any DOM exists), no duplicate keys (after
/// unescaping), no number that does not fit int64, uint64 or a finite double, valid UTF-8, nothing after the value,
/// no BOM, no comments. Never throws on content. `detail` quotes nothing of the text but a member's name.
[[nodiscard]] tl::expected<nlohmann::json, JsonFault> read_json(std::string_view text, int max_depth);

/// The shortest writing with members in byte order of their names, so that equal values have equal texts. For values
/// that read_json returned (or otherwise valid UTF-8 of bounded depth).
[[nodiscard]] std::string to_canonical(const nlohmann::json& value);

/// Where the first byte stands that is not well-formed UTF-8 (overlong forms and surrogates are not); npos when none.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text);

/// A name of the sender's for a sentence: in double quotes, at most 40 bytes of it, anything but printable ASCII as
/// `?`.
[[nodiscard]] std::string shown_name(std::string_view name);

/// What a value is, for a sentence: `a string`, `an object`, `null`.
[[nodiscard]] std::string_view kind_word(const nlohmann::json& value);

}  // namespace roamguard::json
