#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "geoip/country.h"
#include "service/customers/profile.h"
#include "tariffs/instant.h"
#include "tariffs/money.h"

namespace roamguard::customers {

/// What is usual in a country, where a profile does not say: the currency in use (ICU), the most populous time zone
/// (tzdata's zone.tab, corrected where its first line is not that), the likely language (ICU likely subtags, `zh-Hans`
/// for CN, `en` for GB). Cached; any thread.
struct HomeDefaults {
    tariffs::Currency currency;
    std::string time_zone;
    std::string language;
};
[[nodiscard]] const HomeDefaults& home_defaults(geoip::Country country);

/// All IANA zones of a country, as zone.tab lists them; its usual one where that has no line for it.
[[nodiscard]] std::vector<std::string> zones_of(geoip::Country country);

/// True for an IANA zone of the system's tz database (exact spelling).
[[nodiscard]] bool known_time_zone(std::string_view name);

/// A half-open stretch of time.
struct Period {
    tariffs::Instant start, end;
    friend bool operator==(const Period&, const Period&) = default;
};

/// The calendar period of `rule` (month, day, billing day) that contains `at`, on the wall clock of `time_zone`: it
/// begins at local midnight, or at the first moment that exists after it where a clock change skips midnight.
/// Must not be called for a trip (throws std::logic_error), nor with an unknown zone (throws). Any thread.
[[nodiscard]] Period period_of(const PeriodRule& rule, tariffs::Instant at, const std::string& time_zone);

/// The end of the calendar day of `at` on that zone's wall clock, and of `days - 1` more after it.
[[nodiscard]] tariffs::Instant end_of_days(tariffs::Instant at, std::int64_t days, const std::string& time_zone);

/// Minutes east of UTC in that zone at that moment.
[[nodiscard]] int offset_minutes(tariffs::Instant at, const std::string& time_zone);

}  // namespace roamguard::customers
