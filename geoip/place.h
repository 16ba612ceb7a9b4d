#pragma once

#include <optional>
#include <string>
#include <vector>

#include "geoip/country.h"
#include "geoip/ip_country.h"
#include "geoip/networks.h"
#include "geoip/plmn.h"

namespace roamguard::geoip {

/// What the place rests on.
enum class Basis { none, plmn, mcc, ip, camara };
[[nodiscard]] std::string_view word(Basis value);

/// Whose address an event carries. A `device` address is weak: home-routed traffic looks like home.
enum class IpOf { device, serving_node, breakout };
[[nodiscard]] std::string_view word(IpOf value);
[[nodiscard]] std::optional<IpOf> parse_ip_of(std::string_view word);

/// What is known of where the device is. At least one of plmn, tadig, mcc, ip is usually set; with none the answer
/// is an unknown place with Basis::none.
struct PlaceQuery {
    std::optional<Plmn> plmn;
    std::string mcc;  ///< an MCC alone (CAMARA gives no network); empty when absent or when plmn is set
    std::vector<Country> camara_countries;  ///< CAMARA's countryName, to settle a shared MCC
    std::string tadig;                      ///< five characters; used when plmn is absent
    std::string ip;                         ///< empty when absent
    IpOf ip_of = IpOf::device;
    Country home_country;  ///< the customer's
};

/// The answer: where, why, and what else it could be.
struct Place {
    NetworkClass klass = NetworkClass::unknown;
    Country country;  ///< none for non-terrestrial, test and unknown; the first candidate when ambiguous
    std::vector<Country>
        candidates;  ///< all possible countries; more than one means ambiguous (the caller picks the dearest)
    std::optional<Plmn> plmn;
    std::string mcc;  ///< of the network, three digits; empty when unknown
    Basis basis = Basis::none;
    bool weak = false;     ///< rests on a `device` address alone: never ends a trip, never releases a hold
    bool realtime = true;  ///< false: usage records of this network come late
    std::vector<std::string>
        reasoning;  ///< one sentence a step, in order, for /v1/destinations/resolve and the evidence

    [[nodiscard]] bool home() const { return klass == NetworkClass::home; }
    [[nodiscard]] bool ambiguous() const { return candidates.size() > 1; }
};

/// Finds the place, by the ladder of the contract's section 3: home first (a PLMN in home_plmns, or one whose possible
/// countries include the customer's home country), then PLMN exact, then MCC; the IP where there is no PLMN, or to
/// settle a PLMN shared by several countries when it belongs to a serving node or a break-out. Pure.
/// `ips` may be nullptr (no database). `home_plmns` are the operator's own networks.
/// `explain` off leaves `reasoning` empty, for the hot path.
enum class Explain { off, on };
[[nodiscard]] Place resolve(const PlaceQuery& query, const Networks& networks, const IpCountry* ips,
                            const std::vector<Plmn>& home_plmns, Explain explain);

}  // namespace roamguard::geoip
