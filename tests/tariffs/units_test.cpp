#include "tariffs/units.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

using namespace roamguard::tariffs;

TEST_CASE("quantities are an optional whole number and a unit, in base units") {
    struct Case {
        const char* text;
        std::int64_t amount;
        UnitKind kind;
    };
    const Case cases[] = {{"MB", 1048576, UnitKind::bytes},      {"10 KB", 10240, UnitKind::bytes},
                          {"128 B", 128, UnitKind::bytes},       {"3 MB", 3145728, UnitKind::bytes},
                          {"5 GB", 5368709120, UnitKind::bytes}, {"1 TB", 1099511627776, UnitKind::bytes},
                          {"10KB", 10240, UnitKind::bytes},      {"mb", 1048576, UnitKind::bytes},
                          {"minute", 60, UnitKind::seconds},     {"30 s", 30, UnitKind::seconds},
                          {"60 seconds", 60, UnitKind::seconds}, {"second", 1, UnitKind::seconds},
                          {"2 min", 120, UnitKind::seconds},     {"1 Hour", 3600, UnitKind::seconds},
                          {"message", 1, UnitKind::messages},    {"100 messages", 100, UnitKind::messages},
                          {"SMS", 1, UnitKind::messages}};
    for (const Case& each : cases) {
        INFO(each.text);
        const auto quantity = parse_quantity(each.text);
        REQUIRE(quantity);
        CHECK(quantity->amount == each.amount);
        CHECK(quantity->kind == each.kind);
    }
}

TEST_CASE("texts that are no quantity are refused") {
    for (const char* text : {"", "10", "0 MB", "-1 MB", "+1 MB", "0.5 MB", "1,5 MB", "Mbit", "MiB", "MB/s", "10 MB ",
                             " MB", "MB 10", "per MB", "99999999999999999999 B", "9007199254740993 TB", "minutes 5"}) {
        INFO(text);
        CHECK_FALSE(parse_quantity(text));
    }
}

TEST_CASE("a quantity is written in its largest exact unit, without the number when it is a price's unit") {
    CHECK(to_text({1048576, UnitKind::bytes}, Style::counted) == "1 MB");
    CHECK(to_text({1048576, UnitKind::bytes}, Style::per) == "MB");
    CHECK(to_text({10240, UnitKind::bytes}, Style::per) == "10 KB");
    CHECK(to_text({1500, UnitKind::bytes}, Style::counted) == "1500 B");
    CHECK(to_text({60, UnitKind::seconds}, Style::counted) == "1 minute");
    CHECK(to_text({60, UnitKind::seconds}, Style::per) == "minute");
    CHECK(to_text({90, UnitKind::seconds}, Style::counted) == "90 seconds");
    CHECK(to_text({7200, UnitKind::seconds}, Style::counted) == "2 hours");
    CHECK(to_text({1, UnitKind::messages}, Style::per) == "message");
    CHECK(to_text({2, UnitKind::messages}, Style::counted) == "2 messages");
    CHECK(to_text({0, UnitKind::bytes}, Style::counted) == "0 B");
}

TEST_CASE("a written quantity reads back as itself") {
    rc::prop("round trip", [] {
        const Quantity quantity{*rc::gen::inRange<std::int64_t>(1, std::int64_t{1} << 60),
                                *rc::gen::element(UnitKind::bytes, UnitKind::seconds, UnitKind::messages)};
        RC_ASSERT(parse_quantity(to_text(quantity, Style::counted)) == quantity);
        RC_ASSERT(parse_quantity(to_text(quantity, Style::per)) == quantity);
    });
}

TEST_CASE("every service has one word, one kind of unit, and reads back") {
    for (int i = 0; i < service_count; ++i) {
        const auto service = static_cast<Service>(i);
        CHECK(parse_service(word(service)) == service);
    }
    CHECK(kind_of(Service::data) == UnitKind::bytes);
    CHECK(kind_of(Service::voice_mt) == UnitKind::seconds);
    CHECK(kind_of(Service::sms_mo) == UnitKind::messages);
    CHECK_FALSE(parse_service("Data"));
    CHECK_FALSE(parse_service("voice_mo:home"));
    CHECK(word(Called::premium) == "premium");
    CHECK(word(Called::unknown) == "unknown");
}
