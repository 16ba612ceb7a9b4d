#pragma once

#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "service/intake/read_events.h"

namespace roamguard::intake {

/// Roaming reports of the core network. Of a report only ROAMING_STATUS is read, other kinds and unknown members are
/// ignored, so no event at all is a fit answer. A network named is an attach there (a detach where the device was
/// purged), none named is `roaming_on` or, when not roaming, an attach `at_home`.
///
/// The reports of one notification stand or fall together, since its sender repeats the whole: one fault refuses it
/// with status 400, each fault named by its pointer into the body. 413 when it holds more than `max_batch` reports.
///
/// An event's `id` is a digest of its report, so that a report sent again is a duplicate; `data_json` is the report.
/// Where a report names no time it happened now, and `now` is part of the digest.

/// TS 29.122 MonitoringNotification, from an SCEF or NEF. The events' source is the `subscription`, their type name
/// `3gpp.monitoring-event.roaming-status`.
[[nodiscard]] tl::expected<std::vector<RoamingEvent>, Refusal> read_monitoring_events(std::string_view body,
                                                                                      tariffs::Instant now,
                                                                                      const Limits& limits);

/// An array of TS 29.503 MonitoringReport (Nudm_EE), from a UDM. The events' source is `/3gpp/ee/<referenceId>`, their
/// type name `3gpp.ee.roaming-status`.
[[nodiscard]] tl::expected<std::vector<RoamingEvent>, Refusal> read_ee_notifications(std::string_view body,
                                                                                     tariffs::Instant now,
                                                                                     const Limits& limits);

}  // namespace roamguard::intake
