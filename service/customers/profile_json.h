#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "service/customers/profile.h"
#include "service/customers/regimes.h"

namespace roamguard::customers {

/// One field at fault, as in problem details.
struct ProfileFault {
    std::string pointer, code, detail;
};

/// What the reader needs to know of the world. Left empty it lets pass what it cannot judge (any regime, any two
/// letters as a country, any switchable kind): that is how a stored profile is read again after a regime's file or the
/// default regime changed, so that no change of configuration makes a customer unreadable.
struct ProfileContext {
    const Regimes* regimes = nullptr;
    std::function<bool(geoip::Country)> known_country;
    std::string default_regime = "generic";  ///< whose opt-outs count where the profile names no regime
    notifications::Msisdn own;               ///< the number in the path, which a payer must differ from; may be none
};

/// Reads the JSON of contract section 5 strictly: unknown fields, wrong types and bad values are all listed.
/// `msisdn` in the body, where present, must equal the one in the path (checked by the caller).
[[nodiscard]] tl::expected<Profile, std::vector<ProfileFault>> read_profile(const nlohmann::json& body,
                                                                            const ProfileContext& context);
/// The JSON of what was given (absent fields stay absent), fit for read_profile again and for merge patch.
[[nodiscard]] nlohmann::json profile_to_json(const Profile& profile);
/// RFC 7396.
[[nodiscard]] nlohmann::json merge_patch(nlohmann::json target, const nlohmann::json& patch);

/// JSON of one cap as in a profile.
[[nodiscard]] nlohmann::json cap_to_json(const CapRule& cap);

}  // namespace roamguard::customers
