#include "service/customers/home.h"
#include "service/protection/rules.h"

namespace roamguard::protection {

Terms terms_of(const customers::Profile& profile, const customers::Regime& regime, geoip::Country home_country) {
    const customers::HomeDefaults& usual = customers::home_defaults(home_country);
    Terms terms;
    terms.home_country = home_country;
    terms.currency = usual.currency;
    terms.plan = profile.plan.empty() ? "*" : profile.plan;
    terms.language = profile.language.empty() ? usual.language : profile.language;
    terms.time_zone = profile.time_zone.empty() ? usual.time_zone : profile.time_zone;
    terms.caps = profile.caps ? *profile.caps : customers::caps_for(regime, usual.currency);
    terms.high_cost_per_megabyte = profile.high_cost_per_megabyte;
    const bool machine = profile.kind && *profile.kind == customers::LineKind::m2m;
    terms.holds = profile.hold.value_or(!machine);
    terms.barred = profile.data_roaming ? !*profile.data_roaming : regime.data_roaming_off;
    terms.opt_out = profile.opt_out;
    terms.may_opt_out = regime.may_opt_out;
    return terms;
}

}  // namespace roamguard::protection
