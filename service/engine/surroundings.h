#pragma once

#include <memory>
#include <string>
#include <vector>

#include "geoip/ip_country.h"
#include "geoip/networks.h"
#include "notifications/templates.h"
#include "service/customers/regimes.h"
#include "service/engine/policy_counters.h"
#include "service/protection/decide.h"
#include "tariffs/table.h"

namespace roamguard::engine {

/// Everything a batch reads that is not a customer: one immutable snapshot, replaced whole by a reload or a
/// publication.
struct Surroundings {
    std::shared_ptr<const geoip::Networks> networks;
    std::shared_ptr<const geoip::IpCountry> ips;  ///< may be null: no database
    std::shared_ptr<const tariffs::Book> book;
    std::shared_ptr<const notifications::Templates> templates;
    std::shared_ptr<const customers::Regimes> regimes;
    protection::Rules rules;
    geoip::Country home_country;
    std::vector<geoip::Plmn> home_plmns;
    std::string default_regime = "generic";
    StatusWords policy_words;  ///< what policy functions are told of caps
    /// What the roaming platform is told.
    struct Platform {
        bool told = false;       ///< a web-hook is configured
        std::string allow_host;  ///< to be zero-rated while data is held: where the links in messages lead
    } platform;
    std::string public_url;  ///< where travellers reach us, for links in messages; no slash at its end
    tariffs::Span app_confirm_within = tariffs::minutes(2);  ///< then an app message goes by SMS too
    bool four_eyes = false;    ///< a draft is published only after somebody else has approved it
    bool camara_asks = false;  ///< a CAMARA server can be asked where a device is

    [[nodiscard]] protection::World world() const { return {book.get(), networks.get(), &rules}; }
};

}  // namespace roamguard::engine
