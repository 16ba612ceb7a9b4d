#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "service/engine/turn.h"

// What the roaming platform is told of holds: a CloudEvent with the whole set of them, a row of the outbox like any
// other, committed with the cause.
namespace roamguard::engine {

/// A hold as the platform and GET /v1/holds show it.
[[nodiscard]] nlohmann::json hold_json(const protection::Hold& hold);
/// The holds in force now; those that sleep at home, or that a pass lifts, are none.
[[nodiscard]] nlohmann::json holds_in_force(const protection::CustomerState& state);
/// `{id, msisdn?, imsi?}`.
[[nodiscard]] nlohmann::json subscriber_json(const customers::Profile& profile);

/// Owes the platform one event where the decision changed the holds: `org.roamguard.data.held.v1` where one began, else
/// `org.roamguard.data.released.v1`. A later one supersedes it as long as it waits.
void tell_platform(Turn& turn, Working& customer, const protection::Decision& decision, std::string_view cause,
                   std::string_view seed);

/// Owes the platform `org.roamguard.charge.requested.v1` for each pass that was bought. Without a platform the row is
/// there all the same, failed with `no_platform`, and may be retried once there is one.
void request_charges(Turn& turn, Working& customer, const protection::Decision& decision, std::string_view cause);

/// The customer is about to be erased: every hold in force ends.
void release_erased(Turn& turn, Working& customer);

}  // namespace roamguard::engine
