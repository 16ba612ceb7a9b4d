#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace roamguard::notifications {

/// The short phrases of one language from which variables are built (`price.line = {label}: {price} per {unit}`): the
/// file `words.txt` beside its templates. Lines are `key = phrase`; empty lines and lines starting with `#` are
/// skipped. A phrase names its own variables in braces; there is no quoting. Immutable after construction.
class Words {
public:
    /// Every fault of the text, each with its line: not UTF-8, unknown or repeated key, unknown variable, missing key.
    /// `base` (may be nullptr) gives the keys that the text leaves out.
    [[nodiscard]] static tl::expected<Words, std::vector<std::string>> parse(std::string_view text, const Words* base);

    /// The phrase of a key that every language has; an unknown key is a fault of ours (std::logic_error).
    [[nodiscard]] const std::string& of(std::string_view key) const;
    /// The phrase of `family.member` (`money.GBP`, `country.HK`, `volume.MB`); nullptr where the language has none.
    [[nodiscard]] const std::string* find(std::string_view family, std::string_view member) const;

private:
    std::map<std::string, std::string, std::less<>> phrases_;
};

[[nodiscard]] bool valid_utf8(std::string_view text);

/// `pattern` with each `{name}` replaced by its value. Values are not read again, so they may hold braces.
[[nodiscard]] std::string fill(std::string_view pattern,
                               std::initializer_list<std::pair<std::string_view, std::string_view>> values);

}  // namespace roamguard::notifications
