#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <unordered_map>

#include "service/customers/home.h"

namespace roamguard::customers {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Zones live as long as the process, so each thread keeps the pointers it has looked up once.
const date::time_zone& zone_named(const std::string& name) {
    thread_local std::unordered_map<std::string, const date::time_zone*> zones;
    if (const auto found = zones.find(name); found != zones.end()) return *found->second;
    if (!known_time_zone(name)) throw std::logic_error("a period was asked for in the unknown time zone " + name);
    return *zones.emplace(name, date::locate_zone(name)).first->second;
}

date::sys_seconds whole_seconds(tariffs::Instant at) {
    return date::floor<seconds>(date::sys_time<milliseconds>{milliseconds{at.ms}});
}

/// When that day begins there: midnight; the earlier one where the clock strikes it twice; the moment of the change
/// where the clock jumps over it (a day that was left out altogether begins and ends at that moment).
tariffs::Instant beginning_of(date::local_days day, const date::time_zone& zone) {
    const date::local_info info = zone.get_info(day);
    const date::sys_seconds at = info.result == date::local_info::nonexistent
                                     ? info.first.end
                                     : date::sys_seconds{day.time_since_epoch() - info.first.offset};
    return {milliseconds{at.time_since_epoch()}.count()};
}

/// Periods of a rule are numbered so that each begins where the one before ends: days since 1970, or months since year
/// 0.
class Calendar {
public:
    Calendar(const PeriodRule& rule, const date::time_zone& zone) : rule_(rule), zone_(zone) {
        if (rule.over == PeriodRule::Over::trip) throw std::logic_error("a trip is no calendar period");
        if (rule.over == PeriodRule::Over::billing_day && (rule.billing_day < 1 || rule.billing_day > 31))
            throw std::logic_error("a billing day is 1 to 31");
    }

    [[nodiscard]] int number_at(date::local_days day) const {
        if (rule_.over == PeriodRule::Over::day) return day.time_since_epoch().count();
        const date::year_month_day ymd{day};
        const int month = int{ymd.year()} * 12 + static_cast<int>(unsigned{ymd.month()}) - 1;
        return day < first_day(month) ? month - 1 : month;
    }

    [[nodiscard]] tariffs::Instant begin(int number) const { return beginning_of(first_day(number), zone_); }

private:
    [[nodiscard]] date::local_days first_day(int number) const {
        if (rule_.over == PeriodRule::Over::day) return date::local_days{date::days{number}};
        const date::year_month month = date::year{number / 12} / (number % 12 + 1);
        if (rule_.over == PeriodRule::Over::month) return date::local_days{month / 1};
        const date::day last = date::year_month_day_last{month / date::last}.day();
        return date::local_days{month / std::min(date::day{static_cast<unsigned>(rule_.billing_day)}, last)};
    }

    PeriodRule rule_;
    const date::time_zone& zone_;
};

}  // namespace

Period period_of(const PeriodRule& rule, tariffs::Instant at, const std::string& time_zone) {
    const date::time_zone& zone = zone_named(time_zone);
    const Calendar calendar(rule, zone);
    const date::sys_seconds moment = whole_seconds(at);
    const date::local_seconds wall{moment.time_since_epoch() + zone.get_info(moment).offset};

    int number = calendar.number_at(date::floor<date::days>(wall));
    Period period{calendar.begin(number), calendar.begin(number + 1)};
    // Where a clock is set back over midnight, the wall shows yesterday again although today has begun.
    while (at >= period.end) {
        ++number;
        period = {period.end, calendar.begin(number + 1)};
    }
    while (at < period.start) {
        --number;
        period = {calendar.begin(number), period.start};
    }
    return period;
}

tariffs::Instant end_of_days(tariffs::Instant at, std::int64_t days, const std::string& time_zone) {
    PeriodRule rule;
    rule.over = PeriodRule::Over::day;
    tariffs::Instant end = period_of(rule, at, time_zone).end;
    for (std::int64_t day = 1; day < days; ++day)
        end = period_of(rule, end, time_zone).end;
    return end;
}

int offset_minutes(tariffs::Instant at, const std::string& time_zone) {
    const auto offset = zone_named(time_zone).get_info(whole_seconds(at)).offset;
    return static_cast<int>(date::floor<std::chrono::minutes>(offset).count());
}

}  // namespace roamguard::customers
