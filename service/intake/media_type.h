#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace roamguard::intake {

/// A media type as in Content-Type (RFC 9110, 8.3.1).
struct MediaType {
    std::string essence;  ///< `type/subtype`, lower case, without parameters
    std::string charset;  ///< lower case, empty when not given

    /// `*/json` or `*/*+json`, as CloudEvents declares JSON data.
    [[nodiscard]] bool json() const;
    /// No charset given, or UTF-8.
    [[nodiscard]] bool utf8() const { return charset.empty() || charset == "utf-8"; }
};

/// Nothing when the text does not have the form of a media type.
[[nodiscard]] std::optional<MediaType> parse_media_type(std::string_view text);

}  // namespace roamguard::intake
