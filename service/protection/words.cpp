#include <stdexcept>

#include "data/digest.h"
#include "service/protection/rules.h"

namespace roamguard::protection {

std::string_view word(Outcome outcome) {
    switch (outcome) {
        case Outcome::rejected:
            return "rejected";
        case Outcome::duplicate:
            return "duplicate";
        case Outcome::test_network:
            return "test_network";
        case Outcome::stale:
            return "stale";
        case Outcome::cap_reached:
            return "cap_reached";
        case Outcome::counted_over_cap:
            return "counted_over_cap";
        case Outcome::confirmation_requested:
            return "confirmation_requested";
        case Outcome::threshold_reached:
            return "threshold_reached";
        case Outcome::inadvertent:
            return "inadvertent";
        case Outcome::returned_home:
            return "returned_home";
        case Outcome::welcomed:
            return "welcomed";
        case Outcome::welcome_suppressed:
            return "welcome_suppressed";
        case Outcome::counted:
            return "counted";
        case Outcome::noted:
            return "noted";
    }
    throw std::logic_error("an outcome without a word");
}

std::string_view word(DataState state) {
    switch (state) {
        case DataState::allowed:
            return "allowed";
        case DataState::held:
            return "held";
        case DataState::blocked:
            return "blocked";
    }
    throw std::logic_error("a data state without a word");
}

std::string_view word(Cause cause) { return cause == Cause::cap ? "cap" : "destination"; }

std::string_view word(Opened::What what) {
    switch (what) {
        case Opened::What::stage:
            return "stage";
        case Opened::What::destination:
            return "destination";
        case Opened::What::pass:
            return "pass";
    }
    throw std::logic_error("something opened without a word");
}

std::string_view word(AuthorizationDecision::Verdict verdict) {
    switch (verdict) {
        case AuthorizationDecision::Verdict::allow:
            return "allow";
        case AuthorizationDecision::Verdict::hold:
            return "hold";
        case AuthorizationDecision::Verdict::deny:
            return "deny";
    }
    throw std::logic_error("a verdict without a word");
}

std::string_view word(QuestionState state) {
    switch (state) {
        case QuestionState::pending:
            return "pending";
        case QuestionState::confirmed:
            return "confirmed";
        case QuestionState::declined:
            return "declined";
        case QuestionState::expired:
            return "expired";
        case QuestionState::withdrawn:
            return "withdrawn";
    }
    throw std::logic_error("a question's state without a word");
}

std::string_view word(ReplyResult result) {
    switch (result) {
        case ReplyResult::confirmed:
            return "confirmed";
        case ReplyResult::declined:
            return "declined";
        case ReplyResult::asked_again:
            return "asked_again";
        case ReplyResult::reopened:
            return "reopened";
        case ReplyResult::stopped:
            return "stopped";
        case ReplyResult::started:
            return "started";
        case ReplyResult::told_usage:
            return "told_usage";
        case ReplyResult::cap_set:
            return "cap_set";
        case ReplyResult::cap_asked:
            return "cap_asked";
        case ReplyResult::helped:
            return "helped";
        case ReplyResult::silent:
            return "silent";
    }
    throw std::logic_error("a reply's result without a word");
}

std::string KnownPlace::destination() const {
    if (klass == geoip::NetworkClass::home) return "home";
    if (klass == geoip::NetworkClass::terrestrial) return country.none() ? "unknown" : country.code();
    if (plmn) return plmn->text();
    return std::string(geoip::word(klass));
}

void Decision::add(Outcome outcome) {
    if (has(outcome)) return;
    auto at = outcomes.begin();
    while (at != outcomes.end() && *at < outcome)
        ++at;
    outcomes.insert(at, outcome);
}

bool Decision::has(Outcome outcome) const {
    for (Outcome one : outcomes)
        if (one == outcome) return true;
    return false;
}

std::string derived_id(std::string_view prefix, std::string_view seed, std::string_view what) {
    std::string text(seed);
    text += '/';
    text += what;
    return std::string(prefix) + data::to_hex(data::sha256(text), 10);
}

std::string derived_code(std::string_view id) {
    const data::Sha256 digest = data::sha256(id);
    const unsigned number =
        (static_cast<unsigned>(digest[0]) << 16 | static_cast<unsigned>(digest[1]) << 8 | digest[2]) % 10000u;
    std::string text = std::to_string(number);
    return std::string(4 - text.size(), '0') + text;
}

}  // namespace roamguard::protection
