#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <stdexcept>

#include "service/customers/home.h"
#include "tariffs/instant.h"

using namespace roamguard::customers;
using roamguard::tariffs::Instant;

namespace {

Instant at(const std::string& text) {
    const auto time = roamguard::tariffs::parse_rfc3339(text);
    REQUIRE(time);
    return time->at;
}

/// A moment as the wall of that zone shows it.
std::string on_the_wall(Instant moment, const std::string& zone) {
    return roamguard::tariffs::to_rfc3339(moment, offset_minutes(moment, zone));
}

PeriodRule rule(const char* text) { return parse_period(text).value(); }

const std::vector<std::string> zones{
    "UTC",          "Europe/Berlin",    "Asia/Shanghai",   "America/Asuncion",    "Africa/Cairo",    "Asia/Beirut",
    "Pacific/Apia", "America/St_Johns", "Pacific/Chatham", "Pacific/Kiritimati",  "Pacific/Niue",    "America/Havana",
    "Asia/Tehran",  "Africa/Monrovia",  "Asia/Kathmandu",  "Australia/Lord_Howe", "Atlantic/Azores", "Asia/Gaza"};

}  // namespace

TEST_CASE("a period runs from local midnight to local midnight") {
    struct Row {
        const char *rule, *zone, *moment, *start, *end;
    };
    const std::vector<Row> rows{
        {"month", "Asia/Shanghai", "2026-11-24T05:31:00Z", "2026-11-01T00:00:00+08:00", "2026-12-01T00:00:00+08:00"},
        {"month", "Asia/Shanghai", "2026-10-31T16:00:00Z", "2026-11-01T00:00:00+08:00", "2026-12-01T00:00:00+08:00"},
        {"month", "Asia/Shanghai", "2026-10-31T15:59:59.999Z", "2026-10-01T00:00:00+08:00",
         "2026-11-01T00:00:00+08:00"},
        {"month", "Europe/Berlin", "2026-03-31T23:30:00Z", "2026-04-01T00:00:00+02:00", "2026-05-01T00:00:00+02:00"},
        {"month", "Europe/Berlin", "2026-10-15T00:00:00Z", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"},
        {"month", "UTC", "2026-12-31T23:59:59Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"day", "Europe/London", "2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00+01:00"},
        {"day", "Europe/London", "2026-10-25T00:30:00+01:00", "2026-10-25T00:00:00+01:00", "2026-10-26T00:00:00Z"},
        {"day", "Pacific/Kiritimati", "2026-06-01T09:59:00Z", "2026-06-01T00:00:00+14:00", "2026-06-02T00:00:00+14:00"},
        {"day", "Pacific/Niue", "2026-06-01T10:59:00Z", "2026-05-31T00:00:00-11:00", "2026-06-01T00:00:00-11:00"},
        {"day", "Asia/Kathmandu", "2026-06-01T18:15:00Z", "2026-06-02T00:00:00+05:45", "2026-06-03T00:00:00+05:45"},
        {"billing-day:15", "Europe/London", "2026-11-14T23:59:59Z", "2026-10-15T00:00:00+01:00",
         "2026-11-15T00:00:00Z"},
        {"billing-day:15", "Europe/London", "2026-11-15T00:00:00Z", "2026-11-15T00:00:00Z", "2026-12-15T00:00:00Z"},
        {"billing-day:15", "UTC", "2026-01-01T00:00:00Z", "2025-12-15T00:00:00Z", "2026-01-15T00:00:00Z"},
        {"billing-day:31", "UTC", "2026-02-15T00:00:00Z", "2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"},
        {"billing-day:31", "UTC", "2026-02-28T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"},
        {"billing-day:30", "UTC", "2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-30T00:00:00Z"},
        {"billing-day:29", "UTC", "2026-02-28T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-29T00:00:00Z"},
        {"billing-day:31", "UTC", "2026-04-30T12:00:00Z", "2026-04-30T00:00:00Z", "2026-05-31T00:00:00Z"},
        {"billing-day:1", "UTC", "2026-04-30T12:00:00Z", "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.rule, row.zone, row.moment);
        const Period period = period_of(rule(row.rule), at(row.moment), row.zone);
        CHECK(on_the_wall(period.start, row.zone) == on_the_wall(at(row.start), row.zone));
        CHECK(on_the_wall(period.end, row.zone) == on_the_wall(at(row.end), row.zone));
    }
}

TEST_CASE("where a clock change skips, repeats or swallows midnight, days still touch") {
    struct Row {
        const char *zone, *moment, *start, *end;
    };
    const std::vector<Row> rows{
        // Forward over midnight: the day begins at one o'clock.
        {"America/Asuncion", "2023-10-01T12:00:00-03:00", "2023-10-01T01:00:00-03:00", "2023-10-02T00:00:00-03:00"},
        {"Africa/Cairo", "2024-04-26T12:00:00+03:00", "2024-04-26T01:00:00+03:00", "2024-04-27T00:00:00+03:00"},
        {"Asia/Beirut", "2022-03-27T12:00:00+03:00", "2022-03-27T01:00:00+03:00", "2022-03-28T00:00:00+03:00"},
        {"Africa/Cairo", "2024-04-25T23:59:59+02:00", "2024-04-25T00:00:00+02:00", "2024-04-26T01:00:00+03:00"},
        // Back over midnight: at 00:00 the clock shows 23:00 of the day before once more.
        {"Africa/Cairo", "2024-10-31T23:30:00+02:00", "2024-10-31T00:00:00+03:00", "2024-11-01T00:00:00+02:00"},
        // Back at 00:01: the day has begun, the wall shows 23:01 of the day before, and it stays the same day.
        {"America/St_Johns", "2010-11-07T00:00:30-02:30", "2010-11-07T00:00:00-02:30", "2010-11-08T00:00:00-03:30"},
        {"America/St_Johns", "2010-11-06T23:30:00-03:30", "2010-11-07T00:00:00-02:30", "2010-11-08T00:00:00-03:30"},
        // Samoa had no 30 December 2011.
        {"Pacific/Apia", "2011-12-29T23:59:59-10:00", "2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"},
        {"Pacific/Apia", "2011-12-31T00:00:00+14:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.zone, row.moment);
        const Period period = period_of(rule("day"), at(row.moment), row.zone);
        CHECK(on_the_wall(period.start, row.zone) == on_the_wall(at(row.start), row.zone));
        CHECK(on_the_wall(period.end, row.zone) == on_the_wall(at(row.end), row.zone));
    }
}

TEST_CASE("the zones are those of the system, where Paraguay keeps summer time all year") {
    CHECK(offset_minutes(at("2026-07-01T00:00:00Z"), "America/Asuncion") == -180);
    CHECK(offset_minutes(at("2026-07-01T00:00:00Z"), "Asia/Almaty") == 300);
    CHECK(offset_minutes(at("2026-07-01T00:00:00Z"), "America/St_Johns") == -150);
    CHECK(offset_minutes(at("2026-01-01T00:00:00Z"), "Asia/Kathmandu") == 345);
}

TEST_CASE("any moment lies in its period, and periods touch in both directions") {
    rc::prop("for every zone and rule", [] {
        const auto zone = *rc::gen::elementOf(zones);
        const auto text = *rc::gen::elementOf(std::vector<std::string>{
            "month", "day", "billing-day:1", "billing-day:15", "billing-day:28", "billing-day:29", "billing-day:31"});
        const PeriodRule over = rule(text.c_str());
        const Instant moment{*rc::gen::inRange<std::int64_t>(0, 2'100'000'000'000)};
        const Period period = period_of(over, moment, zone);
        RC_ASSERT(period.start <= moment);
        RC_ASSERT(moment < period.end);
        RC_ASSERT(period_of(over, period.start, zone) == period);
        RC_ASSERT(period_of(over, Instant{period.end.ms - 1}, zone) == period);
        RC_ASSERT(period_of(over, period.end, zone).start == period.end);
        RC_ASSERT(period_of(over, Instant{period.start.ms - 1}, zone).end == period.start);
    });
}

TEST_CASE("a period begins at midnight, or at the very moment a clock change jumps over it") {
    rc::prop("for every zone", [] {
        const auto zone = *rc::gen::elementOf(zones);
        const Instant moment{*rc::gen::inRange<std::int64_t>(100'000'000'000, 2'100'000'000'000)};
        const Instant start = period_of(rule("day"), moment, zone).start;
        const std::string wall = on_the_wall(start, zone);
        const bool midnight = wall.find("T00:00:00") != std::string::npos;
        const bool jump = offset_minutes(start, zone) > offset_minutes(Instant{start.ms - 1}, zone);
        RC_ASSERT(midnight || jump);
    });
}

TEST_CASE("a trip, an unknown zone and an impossible billing day are mistakes of ours") {
    const Instant moment = at("2026-11-24T00:00:00Z");
    CHECK_THROWS_WITH(period_of(rule("trip"), moment, "UTC"), "a trip is no calendar period");
    CHECK_THROWS_WITH(period_of(rule("day"), moment, "Europe/Atlantis"),
                      "a period was asked for in the unknown time zone Europe/Atlantis");
    CHECK_THROWS_AS(period_of({PeriodRule::Over::billing_day, 32}, moment, "UTC"), std::logic_error);
    CHECK_THROWS_AS(offset_minutes(moment, ""), std::logic_error);
}
