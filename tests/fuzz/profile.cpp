#include "service/customers/bundle_json.h"
#include "service/customers/profile_json.h"
#include "service/json/reader.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard;
using namespace roamguard::customers;

namespace {

const Regimes& built_in() {
    static const Regimes regimes = Regimes::load("").value();
    return regimes;
}

void check(const std::vector<ProfileFault>& faults) {
    HOLDS(!faults.empty());
    for (const ProfileFault& fault : faults) {
        HOLDS(fault.pointer.empty() || fault.pointer.front() == '/');
        HOLDS(!fault.code.empty() && !fault.detail.empty());
    }
}

void check_profile(const nlohmann::json& body) {
    const ProfileContext context{&built_in(), [](geoip::Country) { return true; }, "generic", {}};
    const auto profile = read_profile(body, context);
    if (!profile) return check(profile.error());
    const nlohmann::json written = profile_to_json(*profile);
    const auto again = read_profile(written, context);
    HOLDS(again && *again == *profile);
    // A patch that says the same changes nothing, and an empty one neither.
    HOLDS(merge_patch(written, written) == written);
    HOLDS(merge_patch(written, nlohmann::json::object()) == written);
    // What was stored is read whatever the configuration became.
    HOLDS(read_profile(written, {}).has_value());
}

void check_bundle(const nlohmann::json& body) {
    const auto bundle = read_bundle(body, [](geoip::Country) { return true; });
    if (!bundle) return check(bundle.error());
    HOLDS(!bundle->pass.empty() || (!bundle->name.empty() && !bundle->destinations.empty() && bundle->until));
    HOLDS(!bundle->allowance || *bundle->allowance > 0);
    HOLDS(!bundle->used || *bundle->used >= 0);
}

}  // namespace

FUZZ(input) {
    const auto body = json::read_json(input, 32);
    if (!body) return;
    check_profile(*body);
    check_bundle(*body);
}
