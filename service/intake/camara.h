#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "service/intake/cloud_event.h"
#include "service/intake/faults.h"
#include "service/intake/read_events.h"

namespace roamguard::intake {

/// CAMARA Device Roaming Status: notifications of device-roaming-status-subscriptions 0.8.0 and 0.7.0, of
/// roaming-status-subscriptions 0.6.1 and of device-status 0.5, and the answer of device-roaming-status 1.1.0. Members
/// nobody knows are ignored, as the API design guide asks of consumers; what is read is read strictly.

/// One of the types read here: a listed prefix and a listed event.
[[nodiscard]] bool is_camara_type(std::string_view type);
/// Any type of CAMARA's, listed or not.
[[nodiscard]] bool is_of_camara(std::string_view type);
/// The sentence that refuses a type of CAMARA's that is not listed.
[[nodiscard]] std::string unlisted_camara_type(std::string_view type);

/// Whether `camara_compat` forgives this source the slips of CAMARA's own examples: a number as `id`, `countryName` as
/// one string, a roaming-change-country with only one of `countryCode` and `countryName`.
enum class Manners { strict, forgiving };
[[nodiscard]] Manners manners_of(std::string_view source, const Limits& limits);

/// Fills an event's type, customer and place from the data, an object, of an event of a listed type. A `countryCode` or
/// a country in `countryName` is an attach, roaming without either `roaming_on`, not roaming an attach `at_home`.
void read_camara_data(const CloudEvent& event, const Limits& limits, RoamingEvent& out, Faults& faults);

/// A notification on CAMARA's own route: structured mode only (415 otherwise), and a type not listed is 400. Everything
/// else as `read_events`.
[[nodiscard]] ReadEvent read_camara(const HttpHeaders& headers, std::string_view body, tariffs::Instant now,
                                    const Limits& limits);

inline constexpr std::string_view camara_retrieve_source = "urn:roamguard:camara-retrieve";

/// What the answer of `POST .../device-roaming-status/v1/retrieve` says of `who`, as an attach at `at`. Otherwise why
/// it says nothing, in a sentence that quotes nothing of it: it is unreadable, about another number, or roaming without
/// a country. A `countryName` as one string is forgiven, for we asked.
[[nodiscard]] tl::expected<RoamingEvent, std::string> event_of_retrieve(std::string_view body, const Subscriber& who,
                                                                        std::string id, tariffs::Instant at);

}  // namespace roamguard::intake
