#pragma once

#include "service/protection/decide.h"

namespace roamguard::protection {

/// A question as its message showed it, put together again for a page: place, prices, cap and period, the choices,
/// until when. What is forgotten when a question is closed (prices, offers) is missing from then on.
[[nodiscard]] notifications::Facts shown_facts(const Question& question, const CustomerState& state,
                                               const Terms& terms);

/// What was answered to a closed question, as it was printed; nothing where nobody answered.
[[nodiscard]] std::optional<notifications::Choice> shown_answer(const Question& question, const Terms& terms);

}  // namespace roamguard::protection
