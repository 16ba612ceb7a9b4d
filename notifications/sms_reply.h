#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tariffs/money.h"

namespace roamguard::notifications {

/// What a customer's SMS says, by the grammar alone; who asked what is not looked at here.
struct SmsReply {
    enum class Says {
        number,  ///< `1`, `1 4821`: a choice as printed, perhaps with the question's code
        yes,     ///< `YES`, `是`, `JA`: counts where exactly one question is open with exactly one costly choice
        no,      ///< `NO`, `NO 4821`
        stop,
        start,
        usage,
        cap,  ///< `CAP 100`, `CAP 99.50 EUR`: a cap of one's own
        help,
        unreadable  ///< anything else: changes nothing
    } says = Says::unreadable;
    int number = 0;              ///< of number: 1 to 9
    std::string code;            ///< four digits, empty when none was given
    std::int64_t micros = 0;     ///< of cap: the amount in millionths of its currency; may be 0
    tariffs::Currency currency;  ///< of cap: as named, none where it was not
};

/// The whole text must match. Case, accents, full-width forms and surrounding space and punctuation do not matter.
/// Never fails: what is no valid UTF-8 or outside the grammar is `unreadable`. Any thread.
[[nodiscard]] SmsReply read_sms_reply(std::string_view utf8);

}  // namespace roamguard::notifications
