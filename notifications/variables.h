#pragma once

#include <span>
#include <string>
#include <string_view>

#include "notifications/format.h"
#include "notifications/message.h"

namespace roamguard::notifications {

/// A name that a template may use in braces. `docs/reference/templates.md` explains each.
struct Variable {
    std::string_view name;
    /// The possible words of a variable to select by, separated by `|`; empty for a variable that is shown; `number`
    /// for one that a plural counts.
    std::string_view choices;
    /// Its value for a message: text ready to be shown, or one of the words, or digits.
    std::string (*value)(const Facts&, Formatter&);

    [[nodiscard]] bool shown() const { return choices.empty(); }
    [[nodiscard]] bool counts() const { return choices == "number"; }
    /// Whether `word` is one of the words to select by.
    [[nodiscard]] bool selects(std::string_view word) const;
};

/// All of them, by name in alphabetical order.
[[nodiscard]] std::span<const Variable> variables();
/// nullptr for an unknown name.
[[nodiscard]] const Variable* find_variable(std::string_view name);

}  // namespace roamguard::notifications
