#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, sections 3 and 6: where a traveller is, and whom a welcome greets.
namespace roamguard::protection::testing {
namespace {

constexpr const char* two_prices = "*,JP,data,1.00,GBP,MB,,,,,\n*,440-20,data,3.00,GBP,MB,,,,,\n";
constexpr const char* cheaper_network = "*,JP,data,3.00,GBP,MB,,,,,\n*,440-10,data,1.00,GBP,MB,,,,,\n";
constexpr const char* monaco_is_dearer = "*,FR,data,1.00,GBP,MB,,,,,\n*,MC,data,4.00,GBP,MB,,,,,\n";
constexpr const char* same_price = "*,FR,data,1.00,GBP,MB,,,,,\n*,MC,data,1.00,GBP,MB,,,,,\n";

}  // namespace

TEST_CASE("entering a country sends one welcome") {
    tell_all({
        {"the first attach abroad welcomes",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", "place JP, data allowed, price data 1.00"}}},
        {"the same country again is suppressed",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"1h: attach 440-10", "welcome_suppressed", "", "place JP"}}},
        {"staying for days in a country is no new entry",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""}, {"3d: attach 440-10", "welcome_suppressed", "", ""}}},
        {"coming back within 24 hours is not greeted again",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"10h: attach 450-05", "welcomed", "welcome", "place KR"},
          {"23h59m: attach 440-10", "welcome_suppressed", "", "place JP"}}},
        {"coming back after exactly 24 hours is greeted again",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"10h: attach 450-05", "welcomed", "welcome", ""},
          {"24h: attach 440-10", "welcomed", "welcome", ""}}},
        {"a customer who switched welcomes off gets none, and is protected all the same",
         {R"({"optOut":["welcome"]})", "", "", "", false},
         {{"0h: attach 440-10", "welcome_suppressed", "", "data allowed"},
          {"1h: attach 901-14", "confirmation_requested", "confirm_destination", "data held"}}},
        {"usage in a new country acts as an attach first",
         {},
         {{"0h: use 2 MB on 440-10", "welcomed, counted", "welcome", "place JP, used 2.00, trip 1"},
          {"1h: use 1 MB on 450-05", "welcomed, counted", "welcome", "place KR, used 3.00"},
          {"2h: use 1 MB on 450-05", "counted", "", "place KR"}}},
        {"a detach says only that the device left, and never ends a trip",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"1h: attach 450-05", "welcomed", "welcome", ""},
          {"1h1m: detach 440-10", "noted", "", "place KR, trip 1"}}},
    });
}

TEST_CASE("several networks of one country are steering, with the dearest listed price in the one welcome") {
    tell_all({
        {"the second network is not greeted",
         {"{}", two_prices, "", "", false},
         {{"0h: attach 440-10", "welcomed", "welcome", "price data 3.00"},
          {"5m: attach 440-20", "welcome_suppressed", "", "place JP"},
          {"10m: attach 440-10", "welcome_suppressed", "", ""}}},
        {"the dearer network first",
         {"{}", two_prices, "", "", false},
         {{"0h: attach 440-20", "welcomed", "welcome", "price data 3.00"},
          {"5m: attach 440-10", "welcome_suppressed", "", ""}}},
        {"a cheaper network must not hide the country's own price",
         {"{}", cheaper_network, "", "", false},
         {{"0h: attach 440-10", "welcomed", "welcome", "price data 3.00"},
          {"5m: attach 440-20", "welcome_suppressed", "", ""}}},
    });
}

TEST_CASE("a network of several countries is priced at the dearest candidate, and the message says so") {
    tell_all({
        {"France or Monaco is Monaco where that is dearer",
         {"{}", monaco_is_dearer, "", "", false},
         {{"0h: attach 208-01", "welcomed", "welcome", "place MC, ambiguous, price data 4.00"},
          {"use 1 MB on 208-01", "counted", "", "added 4.00 GBP"}}},
        {"on a tie the table's first",
         {"{}", same_price, "", "", false},
         {{"0h: attach 208-01", "welcomed", "welcome", "place FR, ambiguous, price data 1.00"}}},
        {"a dearest candidate at the customer's limit is protected",
         {R"({"highCostPerMegabyte":{"amount":"4.00","currency":"GBP"}})", monaco_is_dearer, "", "", false},
         {{"0h: attach 208-01", "confirmation_requested", "confirm_destination", "data held, ambiguous"}}},
        {"one country is not ambiguous", {}, {{"0h: attach 440-10", "welcomed", "welcome", "unambiguous"}}},
    });
}

TEST_CASE("an attach older than the known place is stale, and still informs usage of its time") {
    tell_all({
        {"usage without a network takes the last place known not later than its time",
         {"{}", "*,JP,data,1.00,GBP,MB,,,,,\n*,KR,data,0.20,GBP,MB,,,,,\n*,TH,data,3.00,GBP,MB,,,,,\n", "", "", false},
         {{"10h: attach 440-10", "welcomed", "welcome", ""},
          {"20h: attach 450-05", "welcomed", "welcome", ""},
          {"12h, heard 21h: attach 520-03", "stale", "", "place KR"},
          {"11h, heard 22h: use 1 MB", "counted", "", "counted-at JP, added 1.00 GBP"},
          {"13h, heard 22h: use 1 MB", "counted", "", "counted-at TH, added 3.00 GBP"},
          {"21h, heard 22h: use 1 MB", "counted", "", "counted-at KR, added 0.20 GBP"}}},
        {"a stale attach at home is no return",
         {},
         {{"10h: attach 440-10", "welcomed", "welcome", ""},
          {"5h, heard 11h: attach home", "stale", "", "place JP, trip 1"}}},
        {"usage without any known place is at an unknown one, and protected",
         {},
         {{"0h: use 1 MB", "confirmation_requested, counted", "confirm_destination", "data held, added 1.00 GBP"}}},
    });
}

TEST_CASE("the latest place by event time counts, whichever event told of it") {
    tell_all({
        {"an attach older than usage elsewhere is stale",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"10h: use 1 MB on 440-10", "counted", "", ""},
          {"7h, heard 11h: attach 450-05", "stale", "", "place JP"}}},
        {"a late attach at home does not undo newer usage abroad",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"10h: use 1 MB on 440-10", "counted", "", ""},
          {"7h, heard 11h: attach home", "stale", "", "place JP"}}},
    });
}

TEST_CASE("where a device was while one network's country was told otherwise") {
    tell_all({
        {"usage that names no network is where the network was taken to be at its time",
         {"{}", same_price, "", "", false},
         {{"0h: attach 208-01", "welcomed", "welcome", "place FR"},
          {"5h: publish *,FR,data,1.00,GBP,MB,,,,,\n*,MC,data,1.10,GBP,MB,,,,,", "", "", ""},
          {"6h: use 1 MB on 208-01", "welcomed, counted", "welcome", "place MC"},
          {"7h: use 1 MB on 208-01", "counted", "", "place MC"},
          {"6h30m, heard 8h: use 1 MB", "counted", "", "counted-at MC"},
          {"3h, heard 8h: use 1 MB", "counted", "", "counted-at FR"}}},
    });
}

TEST_CASE("what does not roam is noted") {
    tell_all({
        {"Wi-Fi calling is charged as at home", {}, {{"0h: attach 440-10 vowifi", "noted", "", "place none, trip 0"}}},
        {"a test network is never billed and never messaged",
         {},
         {{"0h: attach 001-01", "test_network", "", "place none"},
          {"use 5 MB on 999-99", "test_network", "", "used 0.00, trip 0"},
          {"attach 440-10", "welcomed", "welcome", ""},
          {"attach 001-01", "test_network", "", "place JP"}}},
        {"another operator's customer is never messaged",
         {"{}", "", "", "", true},
         {{"0h: attach 440-10", "noted", "", "place none"},
          {"use 50 MB on 440-10", "noted", "", "used 0.00, data allowed"},
          {"attach 901-14", "noted", "", "data allowed"}}},
        {"usage at home is no roaming",
         {},
         {{"0h: use 50 MB on 234-15", "noted", "", "used 0.00, trip 0"},
          {"attach home", "returned_home", "", "trip 0"},
          {"use 50 MB", "noted", "", "used 0.00"}}},
    });
}

TEST_CASE("a device's own address alone never ends a trip and never releases a hold") {
    tell_all({
        {"an address at home does not bring the traveller home",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"1h: attach device GB", "noted", "", "place JP"},
          {"8h: clock", "", "", "trip 1"}}},
        {"an address elsewhere does not release a destination's hold",
         {},
         {{"0h: attach 901-14", "confirmation_requested", "confirm_destination", "data held"},
          {"1h: attach device KR", "noted", "", "place 901-14, data held, question pending"}}},
        {"an address that no database knows does not release a destination's hold",
         {},
         {{"0h: attach 901-14", "confirmation_requested", "confirm_destination", "data held"},
          {"1h: attach device private", "noted", "", "place 901-14, holds destination:901-14, question pending"}}},
        {"an address at home does not put a cap's hold to sleep",
         {},
         {{"0h: use 10 MB on 440-10", "cap_reached, confirmation_requested, welcomed, counted",
           "welcome, confirm_cap monthly/1/100", "data held"},
          {"1h: attach device GB", "noted", "", "data held"}}},
        {"without better knowledge it welcomes", {}, {{"0h: attach device KR", "welcomed", "welcome", "place KR"}}},
    });
}

TEST_CASE("a network whose records come late gives no guarantee") {
    tell_all({
        {"the welcome says so itself",
         {},
         {{"0h: attach 440-10 late records", "welcomed", "welcome", ""},
          {"1h: attach 440-10 late records", "welcome_suppressed", "", ""}}},
        {"where no welcome goes out it is said alone, once",
         {R"({"optOut":["welcome"]})", "", "", "", false},
         {{"0h: attach 440-10 late records", "welcome_suppressed", "no_guarantee", ""},
          {"1h: attach 440-10 late records", "welcome_suppressed", "", ""}}},
    });
}

TEST_CASE("home and a neighbour country in quick alternation get one advice instead of a welcome per flap") {
    tell_all({
        {"the second entry within two hours is inadvertent",
         {},
         {{"0h: attach 272-01", "welcomed", "welcome", ""},
          {"10m: attach home", "returned_home", "", ""},
          {"20m: attach 272-01", "inadvertent", "inadvertent", "place IE, data allowed"},
          {"30m: attach home", "returned_home", "", ""},
          {"40m: attach 272-05", "welcome_suppressed", "", ""}}},
        {"a long stay is no flap",
         {},
         {{"0h: attach 272-01", "welcomed", "welcome", ""},
          {"30m: attach home", "returned_home", "", ""},
          {"40m: attach 272-01", "welcome_suppressed", "", ""}}},
        {"a far country is no neighbour",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"10m: attach home", "returned_home", "", ""},
          {"20m: attach 440-10", "welcome_suppressed", "", ""}}},
        {"the advice comes again after 24 hours",
         {},
         {{"0h: attach 272-01", "welcomed", "welcome", ""},
          {"10m: attach home", "returned_home", "", ""},
          {"20m: attach 272-01", "inadvertent", "inadvertent", ""},
          {"25h: attach home", "returned_home", "", ""},
          {"30h: attach 272-01", "welcomed", "welcome", ""},
          {"30h10m: attach home", "returned_home", "", ""},
          {"30h20m: attach 272-01", "inadvertent", "inadvertent", ""}}},
        {"protection is unaffected",
         {"{}", "*,IE,data,1.00,GBP,MB,,,,,yes\n", "", "", false},
         {{"0h: attach 272-01", "confirmation_requested", "confirm_destination", "data held"},
          {"10m: attach home", "returned_home", "", "data allowed"},
          {"20m: attach 272-01", "inadvertent, welcome_suppressed", "inadvertent", "data held, question pending"}}},
    });
}

}  // namespace roamguard::protection::testing
