#pragma once

#include <span>
#include <string>
#include <string_view>

namespace roamguard::tariffs {

// What someone probably meant. Every function gives an empty text when nothing is near, or two things are equally so.

/// The alpha-2 code for a country written otherwise: in lower case, as alpha-3 code, by habit (`UK`), by its
/// name in one of the languages of data/countries.csv, or by a slightly misspelt English name.
[[nodiscard]] std::string suggest_country(std::string_view written);

/// The ISO 4217 code for a symbol, a habit (`RMB`), lower case or two swapped letters.
[[nodiscard]] std::string suggest_currency(std::string_view written);

/// The nearest of the allowed words: the same but for letter case, `-`, `_` and blanks, else one or two letters off.
[[nodiscard]] std::string suggest_word(std::string_view written, std::span<const std::string_view> allowed);

/// The number that `1,50`, `1.234,50`, `3.00 EUR` or `US$5` mean, written with a point. `1,500` might be either of two.
[[nodiscard]] std::string suggest_number(std::string_view written);

/// ASCII letters in lower case.
[[nodiscard]] std::string folded(std::string_view text);

}  // namespace roamguard::tariffs
