#pragma once

#include <array>
#include <stdexcept>
#include <string_view>

#include "service/protection/state.h"

// A confirmation's states and what ends it: the one table that the code, its tests and the document
// (docs/reference/confirmations.md) follow.
namespace roamguard::protection {

/// What ends a question.
enum class Ending { confirm, decline, expire, leave, period_over, new_sim, replace, release };

struct Transition {
    QuestionState from;
    Ending ending;
    QuestionState to;
    std::string_view word;  ///< of the ending, as the document names it
    std::string_view when;
    std::string_view effect;  ///< on what it asked about
};

/// Every transition there is. A question begins pending; no state but that one has a way out, so each ends once.
inline constexpr std::array<Transition, 8> transitions{{
    {QuestionState::pending, Ending::confirm, QuestionState::confirmed, "confirm",
     "a costly choice is made, by SMS, link, app or care",
     "the stage or the destination opens and its hold ends; or a pass begins, is charged, and lifts the hold"},
    {QuestionState::pending, Ending::decline, QuestionState::declined, "decline", "the answer is no",
     "the hold stays, as blocked; a wish to continue asks again"},
    {QuestionState::pending, Ending::expire, QuestionState::expired, "expire", "nobody answered within 24 hours",
     "the hold stays; a wish to continue asks again"},
    {QuestionState::pending, Ending::leave, QuestionState::withdrawn, "leave",
     "the place it is about was left an hour ago", "none: its hold ended with leaving"},
    {QuestionState::pending, Ending::period_over, QuestionState::withdrawn, "period_over",
     "the cap's period or the trip is over", "the hold ends with it"},
    {QuestionState::pending, Ending::new_sim, QuestionState::withdrawn, "new_sim", "the customer's IMSI is another one",
     "the hold stays; a wish to continue asks again"},
    {QuestionState::pending, Ending::replace, QuestionState::withdrawn, "replace",
     "the same is asked anew with other terms", "the newer question takes its place"},
    {QuestionState::pending, Ending::release, QuestionState::withdrawn, "release",
     "the profile, or usage that never came, took its ground away", "the hold ends"},
}};

/// The state a question is in after an ending. Throws std::logic_error where the table has no such way.
[[nodiscard]] constexpr QuestionState state_after(QuestionState state, Ending ending) {
    for (const Transition& one : transitions)
        if (one.from == state && one.ending == ending) return one.to;
    throw std::logic_error("a question that is over cannot end again");
}

}  // namespace roamguard::protection
