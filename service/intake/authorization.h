#pragma once

#include <optional>
#include <string_view>

#include "service/intake/read_events.h"

namespace roamguard::intake {

/// A request to use a service before it is used (`POST /v1/authorizations`).
struct AuthorizationRequest {
    RoamingEvent about;  ///< subscriber, visited network, service, session and called, as usage has them; no more
    std::optional<std::int64_t> requested;  ///< base units, from 1; absent: as much as may be
    std::optional<std::int64_t> used;       ///< base units since the last answer for the session
    bool final = false;
    bool emergency = false;
};

/// Reads a request strictly, by the rules that events have. `status` of the refusal is 400 where it is no JSON, else
/// 422; `errors` list every fault.
[[nodiscard]] tl::expected<AuthorizationRequest, Refusal> read_authorization(std::string_view body,
                                                                             tariffs::Instant now,
                                                                             const Limits& limits);

}  // namespace roamguard::intake
