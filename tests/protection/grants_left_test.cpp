#include <catch2/catch.hpp>

#include "tests/protection/line.h"

// What is left of grants whose records have come, and of those that are taken together: contract, section 6.
namespace roamguard::protection::testing {
namespace {

constexpr const char* by_byte = "*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n";
constexpr std::int64_t mega = 1 << 20;
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Traveller in_blocks{"{}", "*,*,data,1.00,GBP,MB,1 MB,1 MB,,,\n", "", "", false};

}  // namespace

TEST_CASE("what a settled grant had left is kept for the next one of its session") {
    tell_all({
        {"which begins the block that the first was to begin, and was recorded as free of charge",
         in_blocks,
         {arrival,
          {"ask data 512 KB in session a", "", "", "kept 1.00"},
          {"ask data 1536 KB in session a", "", "", "kept 2.00"},
          {"use 512 KB in session a free", "counted", "", "used 0.00, kept 2.00"},
          {"use 1536 KB in session a", "counted", "", "used 2.00, kept 0.00"}}},
        {"also where that is the last byte",
         in_blocks,
         {arrival,
          {"ask data 1 B in session a", "", "", "kept 1.00"},
          {"ask data 1 B in session a", "", "", "kept 1.00"},
          {"use 1 B in session a free", "counted", "", "used 0.00, kept 1.00"},
          {"use 1 B in session a", "counted", "", "used 1.00, kept 0.00"}}},
        {"which is not what a pass covers",
         in_blocks,
         {arrival,
          {"1h: ask data 512 KB in session a", "", "", "kept 1.00"},
          {"bundle b 1h 48h 10 MB JP", "", "", ""},
          {"ask data 512 KB in session a", "", "", "said allow pass, kept 1.00"},
          {"use 512 KB in session a free", "counted", "", "kept 0.00"}}},
        {"nor what is partly recorded itself",
         in_blocks,
         {arrival,
          {"ask data 512 KB in session a", "", "", "kept 1.00"},
          {"use 256 KB in session a free", "counted", "", "used 0.00, kept 1.00"},
          {"use 256 KB in session a", "counted", "", "used 1.00, kept 0.00"}}},
    });
}

TEST_CASE("what nothing of its session can use any more is free at once") {
    tell_all({
        {"where its records cost less than was kept",
         {},
         {arrival,
          {"ask data 2 MB in session a", "", "", "kept 2.00"},
          {"use 2 MB in session a free", "counted", "", "used 0.00, kept 0.00"}}},
        {"and other sessions keep theirs",
         {},
         {arrival,
          {"ask data 2 MB in session a", "", "", "kept 2.00"},
          {"ask data 3 MB in session b", "", "", "kept 5.00"},
          {"use 2 MB in session a free", "counted", "", "used 0.00, kept 3.00"}}},
    });
}

TEST_CASE("the last byte of a grant keeps what it costs") {
    Line line("*,*,data,0.000001,GBP,B,1 B,1 B,,,no\n", 5);
    CHECK(line.ask(request("a", 3), hour("1h")).granted == 3);
    line.record("a", 2, hour("1h"), hour("1h"));
    CHECK(kept_of(line.state) == 1);
    line.record("a", 1, hour("1h"), hour("1h"));
    CHECK(kept_of(line.state) == 0);
}

TEST_CASE("of grants taken together what came before their report is not awaited again") {
    Line line(by_byte, 100'000'000);
    (void)line.ask(request("a", mega), hour("1h"));
    (void)line.ask(request("a", mega), hour("1h10m"));
    line.record("a", mega + mega / 2, hour("1h"), hour("1h10m"));
    for (int i = 0; i < 31; ++i)
        (void)line.ask(request("s" + std::to_string(i), mega), hour("1h10m"));
    CHECK(line.state.grants.size() == 32);
    (void)line.ask(report("a", 2 * mega), hour("1h20m"));
    CHECK(kept_of(line.state) == 31'500'000);
}

TEST_CASE("grants of several sessions that are taken together stay reserved until they lapse") {
    Line line(by_byte, 100'000'000);
    const auto one_each = [&](int from, int to) {
        for (int i = from; i < to; ++i)
            CHECK(line.ask(request("s" + std::to_string(i), mega), hour("1h")).granted == mega);
    };
    one_each(0, 33);
    CHECK(kept_of(line.state) == 33'000'000);
    SECTION("whatever comes without a session") {
        line.record("", 2 * mega, hour("1h"), hour("2h"));
        CHECK(kept_of(line.state) == 33'000'000);
    }
    SECTION("also beside what was reported without a session, which is its own") {
        (void)line.ask(report("", mega), hour("1h"));  // the next two become one with them
        (void)line.ask(report("", mega), hour("1h"));
        CHECK(kept_of(line.state) == 35'000'000);
        line.record("", 2 * mega, hour("1h"), hour("2h"));
        CHECK(kept_of(line.state) == 33'000'000);
    }
    SECTION("and then they are free") {
        line.record("", mega, hour("1h"), hour("7h29m"));
        CHECK(kept_of(line.state) == 33'000'000);
        line.record("", mega, hour("1h"), hour("7h30m"));
        CHECK(kept_of(line.state) == 0);
    }
}

}  // namespace roamguard::protection::testing
