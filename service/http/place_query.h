#pragma once

#include <tl/expected.hpp>

#include "geoip/place.h"
#include "service/engine/surroundings.h"
#include "service/http/server.h"

namespace roamguard::http {

/// `?mcc=&mnc=&tadig=&ip=&ipOf=&homeCountry=`, each checked; the refusal names the parameter and its rule.
[[nodiscard]] tl::expected<geoip::PlaceQuery, Response> read_place_query(const Request& request,
                                                                         const engine::Surroundings& around);

}  // namespace roamguard::http
