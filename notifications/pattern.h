#pragma once

#include <unicode/msgfmt.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "notifications/format.h"
#include "notifications/variables.h"

namespace roamguard::notifications {

/// One checked message pattern (ICU MessageFormat with named variables). Immutable after construction; to format, each
/// thread needs its own copy of the format.
struct Pattern {
    std::string source;
    std::unique_ptr<const icu::MessageFormat> format;
    std::vector<const Variable*> used;      ///< exactly the variables it names
    std::vector<icu::UnicodeString> names;  ///< theirs, for ICU
};

/// Refuses with every fault found: text that is not UTF-8, a pattern ICU cannot read, an unknown variable, a variable
/// used as what it is not (a select over what is shown, a keyword its variable never has), an apostrophe before a
/// brace, which would quote it.
[[nodiscard]] tl::expected<Pattern, std::vector<std::string>> compile(std::string_view source,
                                                                      const std::string& language);

/// The text of a message, with empty lines and doubled spaces taken out. `format` is this thread's copy of the
/// pattern's.
[[nodiscard]] std::string render(const Pattern& pattern, const icu::MessageFormat& format, const Facts& facts,
                                 Formatter& formatter);

}  // namespace roamguard::notifications
