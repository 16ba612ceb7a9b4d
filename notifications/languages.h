#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace roamguard::notifications {

/// A language tag in its usual writing: `ZH-hans-cn` is `zh-Hans-CN`. Empty for text that is no tag.
[[nodiscard]] std::string canonical_tag(std::string_view tag);

/// The tags whose templates write the same language, nearest first: `de-AT`, `de`; `zh-CN`, `zh-Hans`; `zh-HK`,
/// `zh-Hant`.
[[nodiscard]] std::vector<std::string> same_language(std::string_view tag);

/// All tags to look for, nearest first: same_language, for Chinese then `zh-Hans`, and `en` in the end.
[[nodiscard]] std::vector<std::string> fallbacks(std::string_view tag);

/// Whether a tag's language is written from right to left.
[[nodiscard]] bool right_to_left(std::string_view tag);

/// The locale for numbers and dates in a text of `template_language`: the customer's own region where it writes the
/// same language (`en-GB` for `en`), else the template's.
[[nodiscard]] std::string locale_for(std::string_view tag, const std::string& template_language);

}  // namespace roamguard::notifications
