#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <tl/expected.hpp>

#include "service/protection/decide.h"

// Caps as a charging function shows them to policy functions (3GPP TS 29.594, Nchf_SpendingLimitControl): each cap is a
// policy counter, its status one of the operator's words.
namespace roamguard::engine {

class Turn;
struct Working;

/// What the status of a counter is called. The standard leaves the words to the operator: `nchf.statuses`.
struct StatusWords {
    std::vector<std::pair<int, std::string>> from_percent{{0, "active"}, {80, "warning"}};  ///< ascending from 0
    std::string held = "exhausted";  ///< while the cap holds its services

    /// Reads `0=active,80=warning,held=exhausted`; the refusal is a sentence that names the option.
    [[nodiscard]] static tl::expected<StatusWords, std::string> parse(std::string_view text);
    /// The word of the highest percent that was reached.
    [[nodiscard]] const std::string& at(int percent) const;
};

/// One counter per cap, in the caps' order, in the period that contains `now`. A hold that sleeps at home is none.
[[nodiscard]] std::vector<protection::CounterStatus> counter_statuses(const protection::CustomerState& state,
                                                                      const protection::Terms& terms,
                                                                      const StatusWords& words,
                                                                      protection::Instant now);
/// Those of them a subscription asked for, by name; none asked for: all.
[[nodiscard]] std::vector<protection::CounterStatus> asked_for(const std::vector<protection::CounterStatus>& all,
                                                               const protection::PolicySubscription& subscription);
/// SpendingLimitStatus of the standard.
[[nodiscard]] nlohmann::json policy_status_json(const protection::PolicySubscription& subscription,
                                                const std::vector<protection::CounterStatus>& statuses);

/// Owes every policy function whose counters differ from what it was last told their present status, all of them in one
/// row, which supersedes an older one nobody is sending. A counter whose cap is gone is told once more, as unused:
/// nothing limits any more. Subscriptions past their expiry are dropped.
void tell_policy(Turn& turn, Working& customer, const protection::Terms& terms);
/// The customer is about to be erased: every policy function is told that its subscription ended.
void terminate_policy(Turn& turn, Working& customer);

/// Forgets subscriptions past their expiry, and their aliases.
void drop_expired_policy(Turn& turn, Working& customer);
/// A counter falls back when its period ends and a subscription ends at its expiry; nobody else asks for these moments.
/// To be called whenever the state's `wake` was set; tell_policy does.
void wake_for_policy(Working& customer, protection::Instant now);
/// What a subscription was owed and not told yet it need not be told any more; an attempt under way is the last.
void withdraw_policy(Turn& turn, Working& customer, const std::string& subscription);

}  // namespace roamguard::engine
