#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 6: at a high-cost place data waits for the traveller.
namespace roamguard::protection::testing {
namespace {

constexpr const char* limit_of_three = R"({"highCostPerMegabyte":{"amount":"3.00","currency":"GBP"}})";
constexpr const char* asked = "confirmation_requested";
constexpr const char* question = "confirm_destination";

Tale entering(std::string title, std::string profile, std::string rows, std::string fx, std::string network,
              const char* data) {
    const bool held = std::string(data) == "held";
    return {std::move(title),
            {std::move(profile), std::move(rows), std::move(fx), "", false},
            {{"0h: attach " + network, held ? asked : "welcomed", held ? question : "welcome",
              std::string("data ") + data}}};
}

}  // namespace

TEST_CASE("a place is high-cost by its row, the customer's limit, its class, or because nothing is known") {
    tell_all({
        entering("a flagged row", "{}", "*,JP,data,0.01,GBP,MB,,,,,yes\n", "", "440-10", "held"),
        entering("a row flagged no, whatever the limit", limit_of_three, "*,JP,data,9.00,GBP,MB,,,,,no\n", "", "440-10",
                 "allowed"),
        entering("above the limit", limit_of_three, "*,JP,data,3.01,GBP,MB,,,,,\n", "", "440-10", "held"),
        entering("exactly at the limit", limit_of_three, "*,JP,data,3.00,GBP,MB,,,,,\n", "", "440-10", "held"),
        entering("below the limit", limit_of_three, "*,JP,data,2.99,GBP,MB,,,,,\n", "", "440-10", "allowed"),
        entering("no limit, no flag", "{}", "*,JP,data,99.00,GBP,MB,,,,,\n", "", "440-10", "allowed"),
        entering("per megabyte, not per unit", limit_of_three, "*,JP,data,0.03,GBP,10 KB,,,,,\n", "", "440-10", "held"),
        entering("below per megabyte", limit_of_three, "*,JP,data,29.99,GBP,10 MB,,,,,\n", "", "440-10", "allowed"),
        entering("in another currency at the limit", limit_of_three, "*,JP,data,4.00,USD,MB,,,,,\n", "USD,GBP,0.75\n",
                 "440-10", "held"),
        entering("in another currency below the limit", limit_of_three, "*,JP,data,3.99,USD,MB,,,,,\n",
                 "USD,GBP,0.75\n", "440-10", "allowed"),
        entering("in a currency that cannot be compared", limit_of_three, "*,JP,data,0.01,USD,MB,,,,,\n", "", "440-10",
                 "held"),
        entering("in the air", "{}", "", "", "901-14", "held"),
        entering("in the air, though its row says no", "{}", "*,inflight,data,0.01,GBP,MB,,,,,no\n", "", "901-14",
                 "held"),
        entering("at sea", "{}", "", "", "901-12", "held"),
        entering("by satellite", "{}", "", "", "901-03", "held"),
        entering("a network that stands for no place", "{}", "", "", "901-13", "held"),
        entering("a country without a data price", "{}", "*,KR,data,1.00,GBP,MB,,,,,\n", "", "440-10", "held"),
        entering("a price that cannot be converted to the cap's currency is known all the same, until data is used",
                 "{}", "*,JP,data,0.01,USD,MB,,,,,\n", "", "440-10", "allowed"),
        entering("a dearer network of a cheap country", limit_of_three,
                 "*,JP,data,1.00,GBP,MB,,,,,\n*,440-20,data,3.00,GBP,MB,,,,,\n", "", "440-20", "held"),
    });
}

TEST_CASE("the question carries the whole content of the welcome") {
    tell_all({{"the price is in it",
               {limit_of_three, "*,JP,data,5.00,GBP,MB,,,,,\n*,JP,sms_mo,0.40,GBP,message,,,,,\n", "", "", false},
               {{"0h: attach 440-10", asked, question, "price data 5.00, price sms_mo 0.40, holds destination:JP"}}}});
}

TEST_CASE(
    "a country's price is the dearest of its own and its networks', so that changing networks never makes it too low") {
    const auto priced_as = [](std::string title, std::string rows, const std::string& price, std::string fx = "") {
        return Tale{std::move(title),
                    {"{}", std::move(rows), std::move(fx), "", false},
                    {{"0h: attach 440-10", "welcomed", "welcome", "price data " + price}}};
    };
    tell_all({
        priced_as("networks of another country, and those of none, have no part in it",
                  "*,JP,data,1.00,GBP,MB,,,,,\n*,450-05,data,9.00,GBP,MB,,,,,\n*,901-14,data,9.00,GBP,MB,,,,,\n*,999-"
                  "98,data,9.00,GBP,MB,,,,,\n",
                  "1.00"),
        priced_as("in another currency by its rate", "*,JP,data,2.00,GBP,MB,,,,,\n*,440-20,data,3.00,USD,MB,,,,,\n",
                  "2.00", "USD,GBP,0.5\n"),
        priced_as("and dearer by it", "*,JP,data,2.00,GBP,MB,,,,,\n*,440-20,data,5.00,USD,MB,,,,,\n", "5.00",
                  "USD,GBP,0.5\n"),
        priced_as("without a rate as bare numbers", "*,JP,data,2.00,GBP,MB,,,,,\n*,440-20,data,3.00,USD,MB,,,,,\n",
                  "3.00"),
        priced_as("by the same unit", "*,JP,data,1.00,GBP,MB,,,,,\n*,440-20,data,2.00,GBP,10 MB,,,,,\n", "1.00"),
        {"where the country has none, its network's",
         {"{}", "*,440-20,data,3.00,GBP,MB,,,,,\n", "", "", false},
         {{"0h: attach 440-10", "confirmation_requested", "confirm_destination", "price data 3.00"}}},
        {"of a network in several countries, the only one that has a price",
         {"{}", "*,MC,data,4.00,GBP,MB,,,,,\n", "", "", false},
         {{"0h: attach 208-01", "welcomed", "welcome", "place MC, ambiguous, price data 4.00"}}},
        {"in the air there is no country's price",
         {"{}", "*,901-14,data,9.00,GBP,MB,,,,,\n*,440-10,data,11.00,GBP,MB,,,,,\n", "", "", false},
         {{"0h: attach 901-14", "confirmation_requested", "confirm_destination", "price data 9.00"}}},
    });
}

TEST_CASE("the answer to a destination's question") {
    tell_all({
        {"continue releases and lasts for the trip",
         {},
         {{"0h: attach 901-14", asked, question, "data held"},
          {"answer continue", "", "receipt", "data allowed, question confirmed"},
          {"1h: attach 440-10", "welcomed", "welcome", ""},
          {"5h: attach 901-14", "welcome_suppressed", "", "data allowed, holds none"},
          {"30h: attach 440-10", "welcomed", "welcome", ""},
          {"60h: attach 901-14", "welcomed", "welcome", "data allowed"}}},
        {"the next trip asks again",
         {},
         {{"0h: attach 901-14", asked, question, "data held"},
          {"answer continue", "", "receipt", "data allowed"},
          {"2h: attach home", "returned_home", "", ""},
          {"9h: attach 901-14", asked, question, "data held, trip 2"}}},
        {"home shorter than the dwell continues the trip and its answer",
         {},
         {{"0h: attach 901-14", asked, question, "data held"},
          {"answer continue", "", "receipt", "data allowed"},
          {"2h: attach home", "returned_home", "", ""},
          {"7h59m: attach 901-14", "welcome_suppressed", "", "data allowed, trip 1"}}},
        {"decline blocks",
         {},
         {{"0h: attach 901-14", asked, question, "data held"},
          {"answer decline", "", "declined", "data blocked, question declined"},
          {"1h: use 1 MB on 901-14", "counted", "", "data blocked"}}},
        {"a second answer changes nothing",
         {},
         {{"0h: attach 901-14", asked, question, ""},
          {"answer decline", "", "declined", ""},
          {"answer continue", "", "", "data blocked, refused already_decided"}}},
        {"what was not offered is refused",
         {},
         {{"0h: attach 901-14", asked, question, ""},
          {"answer extend", "", "", "data held, refused not_offered, question pending"}}},
        {"silence keeps the hold",
         {},
         {{"0h: attach 901-14", asked, question, ""},
          {"24h: clock", "", "", "data held, question expired"},
          {"25h: use 1 MB on 901-14", "counted", "", "data held"}}},
        {"using on is never consent",
         {},
         {{"0h: attach 901-14", asked, question, ""},
          {"1h: use 1 MB on 901-14", "counted", "", "data held, question pending, used 1.00"}}},
    });
}

TEST_CASE("a destination's hold ends with leaving that place, and its question waits an hour") {
    tell_all({
        {"returning within the hour finds it pending",
         {},
         {{"0h: attach 901-14", asked, question, "data held"},
          {"10m: attach 440-10", "welcomed", "welcome", "data allowed, holds none, question pending"},
          {"1h9m: attach 901-14", "welcome_suppressed", "", "data held, questions 1, question pending"},
          {"answer continue", "", "receipt", "data allowed"}}},
        {"returning later asks anew",
         {},
         {{"0h: attach 901-14", asked, question, "data held"},
          {"10m: attach 440-10", "welcomed", "welcome", "data allowed"},
          {"1h10m: clock", "", "", "question withdrawn"},
          {"1h20m: attach 901-14", asked, question, "data held, questions 2, question pending"}}},
        {"an answer while away counts for the return",
         {},
         {{"0h: attach 901-14", asked, question, "data held"},
          {"10m: attach 440-10", "welcomed", "welcome", ""},
          {"20m: answer continue", "", "receipt", ""},
          {"30m: attach 901-14", "welcome_suppressed", "", "data allowed"}}},
        {"returning early after a decline stays blocked",
         {},
         {{"0h: attach 901-14", asked, question, ""},
          {"5m: answer decline", "", "declined", "data blocked"},
          {"10m: attach 440-10", "welcomed", "welcome", "data allowed"},
          {"20m: attach 901-14", "welcome_suppressed", "", "data blocked"}}},
        {"at home no hold applies",
         {},
         {{"0h: attach 901-14", asked, question, ""},
          {"10m: attach home", "returned_home", "", "data allowed, holds none"}}},
        {"another network of the same country keeps it",
         {"{}", "*,JP,data,1.00,GBP,MB,,,,,yes\n", "", "", false},
         {{"0h: attach 440-10", asked, question, ""},
          {"10m: attach 440-20", "welcome_suppressed", "", "data held, questions 1"}}},
    });
}

TEST_CASE("usage enters a high-cost place like an attach, and a new trip asks anew") {
    tell_all({
        {"usage newer than the known place",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"1h: use 1 MB on 901-14", "confirmation_requested, counted", question, "data held, place 901-14"}}},
        {"after thirty silent days the confirmed answer is gone",
         {},
         {{"0h: attach 901-14", asked, question, ""},
          {"answer continue", "", "receipt", "data allowed"},
          {"31d: clock", "", "", "trip 1 ended"},
          {"32d: use 1 MB on 901-14", "confirmation_requested, counted", question, "trip 2, data held"}}},
        {"usage that turns out unpriced is protected like high-cost",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", "data allowed"},
          {"1h: publish *,KR,data,1.00,GBP,MB,,,,,", "", "", ""},
          {"2h: use 1 MB on 440-10", "confirmation_requested, counted", question, "data held, listed unpriced"}}},
    });
}

TEST_CASE("who is never held") {
    tell_all({
        {"a machine is held only if its profile says so",
         {R"({"kind":"m2m"})", "", "", "", false},
         {{"0h: attach 901-14", "welcomed", "welcome", "data allowed"},
          {"use 12 MB", "cap_reached, counted", "cap_reached monthly/1/100",
           "data allowed, used 12.00, overrun 0.00"}}},
        {"a barred line is blocked and not asked",
         {R"({"dataRoaming":"barred"})", "", "", "", false},
         {{"0h: attach 901-14", "welcomed", "welcome", "data blocked, holds none"}}},
    });
}

}  // namespace roamguard::protection::testing
