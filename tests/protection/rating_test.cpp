#include <catch2/catch.hpp>

#include <stdexcept>

#include "tests/protection/story.h"

// Contract, sections 4 and 6: what a record adds.
namespace roamguard::protection::testing {
namespace {

constexpr const char* much = R"({"caps":[{"id":"much","services":["data","voice_mo","voice_mt","sms_mo"],
    "amount":"1000.00","currency":"GBP","thresholds":[]}]})";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

Traveller at(std::string rows, std::string fx = "") { return {much, std::move(rows), std::move(fx), "", false}; }
Step adds(std::string what, const std::string& added) {
    return {std::move(what), "counted", "", "added " + added + ", listed nothing"};
}

}  // namespace

TEST_CASE("rating by segments") {
    const char* blocks = "*,*,data,1.00,GBP,MB,100 KB,50 KB,,,\n";
    tell_all({
        {"rounded up to the minimum, then to the increment",
         at("*,*,voice_mo,0.60,GBP,minute,60 s,30 s,,,\n*,*,data,1.00,GBP,MB,,,,,no\n"),
         {arrival, adds("call 1 s in session a", "0.60 GBP"), adds("call 59 s in session a", "0.00 GBP"),
          adds("call 1 s in session a", "0.30 GBP"), adds("call 30 s in session a", "0.30 GBP"),
          adds("call 90 s", "0.90 GBP"), adds("call 91 s", "1.20 GBP")}},
        {"the session's sum is rounded, not each record",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival, adds("use 100 KB in session a", "1.00 GBP"), adds("use 100 KB in session a", "0.00 GBP"),
          adds("use 100 KB in session b", "1.00 GBP"), adds("use 900 KB in session a", "1.00 GBP"),
          adds("use 100 KB", "1.00 GBP"), adds("use 100 KB", "1.00 GBP")}},
        {"an increment of nothing costs nothing",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival, adds("use 0 in session a", "0.00 GBP"), adds("use 1 B in session a", "1.00 GBP"),
          adds("use 0 in session a", "0.00 GBP")}},
        {"another network is another segment",
         at(blocks),
         {arrival, adds("use 1 KB on 440-10 in session a", "0.097656 GBP"),
          adds("use 1 KB on 440-20 in session a", "0.097656 GBP"),
          adds("use 1 KB on 440-10 in session a", "0.00 GBP")}},
        {"another version is another segment",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival,
          adds("1h: use 1 KB on 440-10 in session a", "1.00 GBP"),
          {"2h: publish *,*,data,5.00,GBP,MB,,,,,", "", "", ""},
          adds("3h: use 1 KB on 440-10 in session a", "5.00 GBP"),
          adds("1h30m, heard 4h: use 1 KB on 440-10 in session a", "0.00 GBP"),
          adds("4h: use 1 KB on 440-10 in session a", "0.00 GBP")}},
        {"another period is another segment",
         {R"({"caps":[{"id":"day","services":["data"],"amount":"100.00","currency":"GBP","period":"day","thresholds":[]}]})",
          "*,*,data,1.00,GBP,MB,,,,,\n", "", "", false},
         {arrival, adds("15h: use 1 KB on 440-10 in session a", "1.00 GBP"),
          adds("17h: use 1 KB on 440-10 in session a", "1.00 GBP"),
          adds("14h, heard 18h: use 1 KB on 440-10 in session a", "0.00 GBP")}},
        {"what a call goes to is another row",
         at("*,*,voice_mo,9.00,GBP,minute,,,,,\n*,*,voice_mo:home,1.00,GBP,minute,,,,,\n*,*,voice_mo:local,2.00,GBP,"
            "minute,,,,,\n"
            "*,*,voice_mo:other,3.00,GBP,minute,,,,,\n*,*,voice_mo:premium,4.00,GBP,minute,,,,,\n*,*,data,1.00,GBP,MB,,"
            ",,,\n"),
         {arrival, adds("call 1 s to home", "1.00 GBP"), adds("call 1 s to GB", "1.00 GBP"),
          adds("call 1 s to local", "2.00 GBP"), adds("call 1 s to JP", "2.00 GBP"), adds("call 1 s to FR", "3.00 GBP"),
          adds("call 1 s to premium", "4.00 GBP"), adds("call 1 s", "9.00 GBP")}},
        {"the most specific row",
         at("*,*,data,9.00,GBP,MB,,,,,\n*,JP,data,2.00,GBP,MB,,,,,\nglobal,JP,data,1.00,GBP,MB,,,,,\n*,440-20,data,5."
            "00,GBP,MB,,,,,\n"),
         {arrival, adds("use 1 MB on 440-10", "1.00 GBP"), adds("use 1 MB on 440-20", "5.00 GBP")}},
    });
}

TEST_CASE("what the sender charged") {
    tell_all({
        {"protection uses the higher of rated and charged, over the segment",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival,
          {"use 1 MB in session a charged 3.00 GBP", "counted", "", "added 3.00 GBP, listed mismatch"},
          {"use 1 MB in session a charged 0.50 GBP", "counted", "", "added 0.50 GBP, listed mismatch"},
          {"use 4 MB in session a", "counted", "", "added 2.50 GBP, used 6.00"}}},
        {"a charge within five per cent is no mismatch",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival, {"use 1 MB charged 1.05 GBP", "counted", "", "added 1.05 GBP, listed nothing"}}},
        {"a charge beyond five per cent is one, above or below",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival,
          {"use 1 MB charged 1.050001 GBP", "counted", "", "added 1.050001 GBP, listed mismatch"},
          {"use 1 MB charged 0.949999 GBP", "counted", "", "added 1.00 GBP, listed mismatch"},
          {"use 1 MB charged 0.95 GBP", "counted", "", "added 1.00 GBP, listed nothing"}}},
        {"the tolerance is over the session",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival,
          {"use 1 MB in session a charged 1.50 GBP", "counted", "", "listed mismatch"},
          {"use 9 MB in session a charged 9.00 GBP", "counted", "", "added 9.00 GBP, listed nothing"}}},
        {"an allowance adds what it says and is not compared",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival,
          {"use 9 MB charged 0.00 GBP allowance", "counted", "", "added 0.00 GBP, listed nothing, used 0.00"},
          {"use 9 MB charged 0.25 GBP allowance", "counted", "", "added 0.25 GBP, listed nothing, used 0.25"},
          {"use 9 MB free", "counted", "", "listed nothing, used 0.25"}}},
        {"a charge on the other tax basis is brought to the row's",
         at("*,*,data,1.20,GBP,MB,,,incl,20,\n"),
         {arrival,
          {"use 1 MB charged 1.00 GBP excl", "counted", "", "added 1.20 GBP, listed nothing"},
          {"use 1 MB charged 2.00 GBP excl", "counted", "", "added 2.40 GBP, listed mismatch"}}},
        {"a charge in another currency is brought to the row's",
         at("*,*,data,1.00,GBP,MB,,,,,\n", "USD,GBP,0.75\n"),
         {arrival, {"use 1 MB charged 4.00 USD", "counted", "", "used 3.00, listed mismatch"}}},
        {"a credit is no mismatch",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival,
          {"use 4 MB charged 4.00 GBP", "counted", "", "used 4.00, listed nothing"},
          {"credit 1.00 GBP", "counted", "", "used 3.00, listed nothing"}}},
        {"without a row the sender's charge counts",
         at("*,KR,data,1.00,GBP,MB,,,,,\n"),
         {{"0h: use 1 MB on 440-10 charged 2.00 GBP", "confirmation_requested, counted", "confirm_destination",
           "added 2.00 GBP, used 2.00"}}},
    });
}

TEST_CASE("a charge in the cap's own currency counts to the millionth") {
    tell_all({{"reaching the limit exactly counts, though the tariff is in another currency",
               {R"({"caps":[{"id":"monthly","services":["data"],"amount":"300.00","currency":"CNY","thresholds":[]}]})",
                "*,*,data,1.00,USD,MB,,,,,no\n", "USD,CNY,7.1\n", "", false},
               {arrival,
                {"use 42 MB charged 300.00 CNY", "cap_reached, confirmation_requested, counted",
                 "confirm_cap monthly/1/100", "used 300.00, overrun 0.00, percent 100, data held"}}}});
}

TEST_CASE("what has no price adds nothing, is listed, and is protected like high-cost") {
    tell_all({
        {"no row for the service",
         at("*,*,data,1.00,GBP,MB,,,,,\n"),
         {arrival, {"text 3", "counted", "", "used 0.00, listed unpriced"}}},
        {"no row for the place",
         at("*,KR,data,1.00,GBP,MB,,,,,\n"),
         {{"0h: use 3 MB on 440-10", "confirmation_requested, counted", "confirm_destination",
           "used 0.00, listed unpriced, data held"}}},
        {"the next record that has a price counts",
         at("*,KR,data,1.00,GBP,MB,,,,,\n"),
         {{"0h: use 3 MB on 440-10", "confirmation_requested, counted", "confirm_destination",
           "used 0.00, listed unpriced"},
          {"1h: use 3 MB on 450-05", "welcomed, counted", "welcome", "used 3.00, listed nothing"}}},
    });
}

TEST_CASE("a quantity is rounded up exactly, or refused where the blocks are more than can be counted") {
    tariffs::Row row;
    row.price = {1'000'000, tariffs::Currency::parse("GBP").value()};
    row.unit = {1, tariffs::UnitKind::bytes};
    row.minimum = 10;
    row.increment = 4;
    CHECK(tariffs::charged_quantity(row, 0) == 0);
    CHECK(tariffs::charged_quantity(row, 1) == 10);
    CHECK(tariffs::charged_quantity(row, 10) == 10);
    CHECK(tariffs::charged_quantity(row, 11) == 14);
    CHECK(tariffs::charged_quantity(row, 14) == 14);
    CHECK(tariffs::charged_quantity(row, 15) == 18);
    CHECK_THROWS_AS(tariffs::charged_quantity(row, -1), std::logic_error);
    row.increment = std::int64_t{1} << 62;
    CHECK_THROWS_AS(tariffs::charged_quantity(row, INT64_MAX), tariffs::MoneyOverflow);  // two such blocks
    row.minimum = std::int64_t{1} << 62;
    CHECK_THROWS_AS(tariffs::charged_quantity(row, row.minimum + 1), tariffs::MoneyOverflow);  // one, and the minimum
}

TEST_CASE("a price per megabyte is of data alone") {
    tariffs::Row row;
    row.price = {1'000'000, tariffs::Currency::parse("GBP").value()};
    row.unit = {1 << 10, tariffs::UnitKind::bytes};
    CHECK(tariffs::price_per_megabyte(row).micros == 1'024'000'000);
    row.unit.kind = tariffs::UnitKind::seconds;
    CHECK_THROWS_AS(tariffs::price_per_megabyte(row), std::logic_error);
}

}  // namespace roamguard::protection::testing
