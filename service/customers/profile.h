#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "geoip/country.h"
#include "notifications/message.h"
#include "notifications/msisdn.h"
#include "tariffs/money.h"
#include "tariffs/units.h"

namespace roamguard::customers {

enum class LineKind { person, data_only, m2m, business };
[[nodiscard]] std::string_view word(LineKind kind);
[[nodiscard]] std::optional<LineKind> parse_line_kind(std::string_view word);

enum class AtLimit { hold, notify };
[[nodiscard]] std::string_view word(AtLimit at_limit);
[[nodiscard]] std::optional<AtLimit> parse_at_limit(std::string_view word);

/// Over what a cap counts. `billing_day` 1..31, 31 meaning the last day of the month.
struct PeriodRule {
    enum class Over { month, day, trip, billing_day } over = Over::month;
    int billing_day = 1;
    friend bool operator==(const PeriodRule&, const PeriodRule&) = default;
};
/// `month`, `day`, `trip`, `billing-day:15`.
[[nodiscard]] std::string to_text(PeriodRule rule);
[[nodiscard]] std::optional<PeriodRule> parse_period(std::string_view text);

/// A spend or volume cap, as a profile or a regime states it. All amounts of one cap are in millionths of its currency,
/// or in bytes for a volume cap.
struct CapRule {
    std::string id;
    std::vector<tariffs::Service> services;
    std::vector<std::string> destinations;  ///< alpha-2 codes, `zone:NAME`, classes; empty: everywhere abroad
    tariffs::Currency currency;             ///< none: a volume cap (data bytes)
    std::int64_t limit = 0;                 ///< of stage 1; 0 with `every` set
    tariffs::Tax tax = tariffs::Tax::incl;
    PeriodRule period;
    std::vector<int> thresholds;  ///< percent of the stage's whole limit, ascending, e.g. 50 80 100
    AtLimit at_limit = AtLimit::hold;
    std::vector<std::int64_t> stages;  ///< limits of stages 1, 2, ...; after the last, consent removes the limit
    std::optional<std::int64_t>
        extension;                      ///< how much each consent adds; absent with no stages: the limit itself again
    std::optional<std::int64_t> every;  ///< a repeating cap: a notice at each multiple

    [[nodiscard]] bool is_volume() const { return currency.none(); }
    friend bool operator==(const CapRule&, const CapRule&) = default;
};

/// A customer's profile: only what was given; the rest comes from the regime and the home country.
struct Profile {
    std::string id;  ///< opaque, immutable
    notifications::Msisdn msisdn;
    std::string imsi;
    std::optional<LineKind> kind;
    geoip::Country home_country;        ///< none when not given
    std::string plan;                   ///< empty when not given: `*`
    std::string language;               ///< BCP 47, empty when not given
    std::string time_zone;              ///< IANA, empty when not given
    std::string regime;                 ///< empty: the configured default
    std::vector<std::string> channels;  ///< `sms`, `app`; empty when not given
    std::string app_address;
    std::optional<std::vector<CapRule>> caps;  ///< given caps replace the regime's wholly
    std::optional<tariffs::Money> high_cost_per_megabyte;
    notifications::Msisdn payer;
    std::set<notifications::Kind> opt_out;
    std::optional<bool> hold;          ///< false: notices only, nothing is held (the default of m2m)
    std::optional<bool> data_roaming;  ///< false: data roaming is barred by the profile
    friend bool operator==(const Profile&, const Profile&) = default;
};

}  // namespace roamguard::customers
