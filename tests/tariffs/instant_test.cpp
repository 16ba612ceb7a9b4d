#include "tariffs/instant.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

using namespace roamguard::tariffs;

TEST_CASE("times of RFC 3339 are read to the millisecond with the offset they were written in") {
    struct Case {
        const char* text;
        std::int64_t ms;
        int offset_minutes;
    };
    const Case cases[] = {
        {"1970-01-01T00:00:00Z", 0, 0},
        {"2026-11-24T05:31:00Z", 1795498260000, 0},
        {"2026-11-24T05:31:00.123+08:00", 1795469460123, 480},
        {"2026-11-24t05:31:00z", 1795498260000, 0},
        {"2026-11-24T05:31:00.5-03:30", 1795510860500, -210},
        {"2026-11-24T05:31:00.999999999Z", 1795498260999, 0},
        {"2024-02-29T23:59:59Z", 1709251199000, 0},
        {"2016-12-31T23:59:60Z", 1483228800000, 0},
        {"2017-01-01T08:59:60.250+09:00", 1483228800250, 540},
        {"1970-01-01T00:00:00+01:00", -3600000, 60},
        {"9998-12-31T23:59:59.999Z", 253370764799999, 0},
        {"2026-11-24T05:31:00+23:59", 1795411920000, 1439},
    };
    for (const Case& each : cases) {
        INFO(each.text);
        const auto time = parse_rfc3339(each.text);
        REQUIRE(time);
        CHECK(time->at.ms == each.ms);
        CHECK(time->offset_minutes == each.offset_minutes);
    }
}

TEST_CASE("texts that are no time of RFC 3339 are refused") {
    const char* cases[] = {"",
                           "2026-11-24",
                           "2026-11-24T05:31Z",
                           "2026-11-24 05:31:00Z",
                           "2026-11-24T05:31:00",
                           "2026-11-24T05:31:00+0800",
                           "2026-11-24T05:31:00+08",
                           "2026-11-24T24:00:00Z",
                           "2026-11-24T05:60:00Z",
                           "2026-11-24T05:31:61Z",
                           "2026-11-24T05:31:60Z",
                           "2026-11-24T23:59:60Z",
                           "2025-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "1969-12-31T23:59:59Z",
                           "9999-01-01T00:00:00Z",
                           "26-11-24T05:31:00Z",
                           "2026-11-24T05:31:00.Z",
                           "2026-11-24T05:31:00.1234567890Z",
                           "2026-11-24T05:31:00,5Z",
                           "2026-11-24T05:31:00+24:00",
                           "2026-11-24T05:31:00+08:60",
                           "2026-11-24T05:31:00ZZ",
                           " 2026-11-24T05:31:00Z",
                           "2026-11-24T05:31:00Z ",
                           "+2026-11-24T05:31:00Z",
                           "2026-11-24T5:31:00Z",
                           "2016-12-31T23:59:60+01:00"};
    for (const char* text : cases) {
        INFO(text);
        CHECK_FALSE(parse_rfc3339(text));
    }
}

TEST_CASE("a time is written with milliseconds only when it has some, in UTC or with an offset") {
    CHECK(to_rfc3339(Instant{1795498260000}) == "2026-11-24T05:31:00Z");
    CHECK(to_rfc3339(Instant{1795498260007}) == "2026-11-24T05:31:00.007Z");
    CHECK(to_rfc3339(Instant{1793462400000}, 480) == "2026-11-01T00:00:00+08:00");
    CHECK(to_rfc3339(Instant{0}, -210) == "1969-12-31T20:30:00-03:30");
    CHECK(to_rfc3339(Instant{-1}) == "1969-12-31T23:59:59.999Z");
    CHECK_THROWS_AS(to_rfc3339(Instant{std::numeric_limits<std::int64_t>::max()}), std::logic_error);
    CHECK_THROWS_AS(to_rfc3339(Instant{0}, 1440), std::logic_error);
}

TEST_CASE("a written time reads back as the same moment and offset") {
    rc::prop("round trip", [] {
        const Instant at{*rc::gen::inRange<std::int64_t>(86'400'000, 253'370'000'000'000)};
        const int offset = *rc::gen::inRange(-1439, 1440);
        const auto back = parse_rfc3339(to_rfc3339(at, offset));
        RC_ASSERT(back.has_value());
        RC_ASSERT(back->at == at);
        RC_ASSERT(back->offset_minutes == offset);
        RC_ASSERT(parse_rfc3339(to_rfc3339(at))->at == at);
    });
}

TEST_CASE("configuration durations are whole numbers with one unit") {
    CHECK(parse_span("90s") == seconds(90));
    CHECK(parse_span("30m") == minutes(30));
    CHECK(parse_span("6h") == hours(6));
    CHECK(parse_span("35d") == days(35));
    CHECK(parse_span("250ms") == Span{250});
    CHECK(parse_span("0s") == Span{0});
    for (const char* text : {"", "s", "5", "5 s", "-5s", "+5s", "1.5h", "5S", "5min", "5w", "99999999999999999999s",
                             "9223372036854775807d", "1h30m"}) {
        INFO(text);
        CHECK_FALSE(parse_span(text));
    }
}

TEST_CASE("a duration is written in its largest whole unit and reads back") {
    CHECK(to_text(days(35)) == "35d");
    CHECK(to_text(hours(24)) == "1d");
    CHECK(to_text(minutes(90)) == "90m");
    CHECK(to_text(Span{1500}) == "1500ms");
    CHECK(to_text(Span{0}) == "0s");
    rc::prop("round trip", [] {
        const Span span{*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 50)};
        RC_ASSERT(parse_span(to_text(span)) == span);
    });
}
