#pragma once

#include <string>
#include <string_view>

namespace roamguard::notifications {

enum class Encoding { gsm7, ucs2 };
[[nodiscard]] std::string_view word(Encoding encoding);

/// How an SMS text is sent (3GPP TS 23.038, 23.040).
struct Measure {
    Encoding encoding = Encoding::gsm7;
    int units = 0;  ///< septets (extension characters cost 2) or UTF-16 units
    int segments =
        0;  ///< 160/153 septets or 70/67 units; an escape or surrogate pair is never split. 0 for an empty text
};

/// Valid UTF-8 in; invalid bytes count as U+FFFD.
[[nodiscard]] Measure measure(std::string_view utf8);

/// Replaces what needlessly forces UCS-2 by its GSM 03.38 neighbours: no-break and narrow no-break spaces always;
/// typographic apostrophes and quotes, dashes and the ellipsis where the whole text then fits GSM 7 bit. A text that
/// needs UCS-2 anyway keeps the punctuation of its own writing. Doing it twice changes nothing more.
[[nodiscard]] std::string normalise_for_sms(std::string_view utf8);

}  // namespace roamguard::notifications
