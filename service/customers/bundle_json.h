#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "service/customers/profile_json.h"
#include "tariffs/instant.h"
#include "tariffs/units.h"

namespace roamguard::customers {

/// A bundle bought elsewhere, as it is recorded: `{pass?, name?, destinations?, services?, allowance?, used?, from?,
/// until?}`. With `pass` its terms are those of passes.csv; without it `name`, `destinations`, `allowance` and `until`
/// are required.
struct Bundle {
    std::string pass, name;
    std::vector<std::string> destinations;  ///< `JP`, `901-14`, `zone:asia`, `inflight`, `maritime`, `satellite`, `*`
    std::vector<tariffs::Service> services;
    std::optional<std::int64_t> allowance;  ///< base units of the services; none: unlimited
    std::optional<std::int64_t> used;       ///< base units; none: what was counted before stays
    std::optional<tariffs::Instant> from, until;
};

/// Reads a bundle strictly; every fault is listed. `known_country` says which codes exist.
[[nodiscard]] tl::expected<Bundle, std::vector<ProfileFault>> read_bundle(
    const nlohmann::json& body, const std::function<bool(geoip::Country)>& known_country);

}  // namespace roamguard::customers
