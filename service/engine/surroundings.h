#pragma once

#include <memory>
#include <string>
#include <vector>

#include "geoip/ip_country.h"
#include "geoip/networks.h"
#include "notifications/templates.h"
#include "service/customers/regimes.h"
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

    [[nodiscard]] protection::World world() const { return {book.get(), networks.get(), &rules}; }
};

}  // namespace roamguard::engine
