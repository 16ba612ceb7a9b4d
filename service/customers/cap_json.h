#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "geoip/country.h"
#include "service/customers/object_reader.h"
#include "service/customers/profile.h"

namespace roamguard::customers {

/// Which alpha-2 codes exist; empty: any two letters.
using KnownCountry = std::function<bool(geoip::Country)>;

/// Reads a list of caps, as profiles and regime files write them. What comes back is worth something only where no
/// fault was added.
[[nodiscard]] std::vector<CapRule> read_caps(const nlohmann::json& list, const std::string& pointer,
                                             const KnownCountry& known_country, Faults& faults);

/// A decimal string above zero, as millionths; otherwise nothing and a fault at `pointer`.
[[nodiscard]] std::optional<std::int64_t> read_money(const nlohmann::json& value, std::string_view name,
                                                     const std::string& pointer, Faults& faults);

/// The ISO 4217 code in `currency` of that object; nothing and a fault where it is unknown.
[[nodiscard]] std::optional<tariffs::Currency> read_currency(ObjectReader& object);

/// A country by its two capital letters, if it exists.
[[nodiscard]] std::optional<geoip::Country> existing_country(std::string_view text, const KnownCountry& known_country);

}  // namespace roamguard::customers
