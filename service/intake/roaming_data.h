#pragma once

#include <string_view>

#include "service/intake/cloud_event.h"
#include "service/intake/read_events.h"

namespace roamguard::intake {

/// Reads a CloudEvent as one of our three types or one of CAMARA's, strictly by the table of the reference: every fault
/// of time and data is listed. `raw` is what came, for the refusal.
[[nodiscard]] ReadEvent read_roaming_event(CloudEvent event, std::string_view raw, tariffs::Instant now,
                                           const Limits& limits);

}  // namespace roamguard::intake
