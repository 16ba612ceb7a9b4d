#pragma once

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "geoip/place.h"
#include "service/engine/surroundings.h"
#include "service/http/doc.h"
#include "service/http/server.h"

namespace roamguard::http {

/// `?mcc=&mnc=&tadig=&ip=&ipOf=&homeCountry=`, each checked; the refusal names the parameter and its rule.
[[nodiscard]] tl::expected<geoip::PlaceQuery, Response> read_place_query(const Request& request,
                                                                         const engine::Surroundings& around);
/// `?country=`, `?class=`, or what the query names; the refusal names the parameter.
[[nodiscard]] tl::expected<geoip::Place, Response> read_place(const Request& request,
                                                              const engine::Surroundings& around,
                                                              const geoip::PlaceQuery& query);
/// `?at=`, now unless given.
[[nodiscard]] tl::expected<tariffs::Instant, Response> read_at(const Request& request, tariffs::Instant now);
/// The price of each service with the row that says so.
[[nodiscard]] nlohmann::json quoted_services(const std::vector<protection::PriceView>& views,
                                             const tariffs::Table& table);
/// The parameters that say where.
[[nodiscard]] Doc of_a_place(Doc doc);

}  // namespace roamguard::http
