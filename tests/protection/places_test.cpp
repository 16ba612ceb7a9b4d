#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 6, attach: what is remembered of places, and what coming back to one finds.
namespace roamguard::protection::testing {
namespace {

constexpr const char* asked = "confirmation_requested";
constexpr const char* question = "confirm_destination";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step dear_arrival{"0h: attach 901-14", asked, question, "data held"};

}  // namespace

TEST_CASE("what is remembered of a long day is bounded") {
    std::vector<Step> steps{arrival};
    for (int minute = 1; minute <= 49; ++minute)
        steps.push_back({std::to_string(minute) + "m: attach 440-10", "welcome_suppressed", "", "place JP"});
    steps.push_back({"2m, heard 2h: use 1 MB", "counted", "", "counted-at JP"});
    steps.push_back({"1m59s, heard 2h: use 1 MB", "counted", "", "counted-at unknown, place JP"});
    std::vector<Step> tour;
    for (const char* network :
         {"202-01",  "204-04", "206-01", "214-01", "216-01", "218-03", "219-01", "220-01", "222-01", "226-01", "228-01",
          "230-01",  "231-01", "232-01", "238-01", "240-01", "242-01", "244-05", "246-01", "247-01", "248-01", "250-01",
          "255-01",  "257-01", "259-01", "260-01", "262-01", "266-01", "268-01", "270-01", "272-01", "274-01", "276-01",
          "278-01",  "280-01", "282-01", "283-01", "284-01", "286-01", "290-01", "292-01", "294-01", "295-01", "297-01",
          "334-020", "404-01", "410-01", "412-01", "413-01", "414-01", "415-01", "416-01", "417-01", "418-05", "419-02",
          "420-01",  "421-01", "422-02", "424-02", "426-01", "427-01", "429-01", "432-11", "434-04", "436-01"})
        tour.push_back({"attach " + std::string(network), "welcomed", "welcome", ""});
    tour.push_back({"attach 204-04", "welcome_suppressed", "", "place NL"});
    tour.push_back({"attach 202-01", "welcomed", "welcome", "place GR"});
    tell_all({{"the last forty-eight places say where late usage happened", {}, steps},
              {"the last sixty-four welcomes are not repeated", {}, tour}});
}

TEST_CASE("an alternation that is none") {
    tell_all({
        {"home was known before and never left",
         {},
         {{"0h: attach home", "returned_home", "", ""},
          {"5m: attach home", "returned_home", "", ""},
          {"10m: attach 272-01", "welcomed", "welcome", ""}}},
        {"half an hour at home between",
         {},
         {{"0h: attach 272-01", "welcomed", "welcome", ""},
          {"10m: attach home", "returned_home", "", ""},
          {"40m: attach 272-01", "welcome_suppressed", "", ""}}},
        {"just less than that is one",
         {},
         {{"0h: attach 272-01", "welcomed", "welcome", ""},
          {"10m: attach home", "returned_home", "", ""},
          {"39m59s: attach 272-01", "inadvertent", "inadvertent", ""}}},
        {"half an hour abroad",
         {},
         {{"0h: attach 272-01", "welcomed", "welcome", ""},
          {"30m: attach home", "returned_home", "", ""},
          {"31m: attach 272-01", "welcome_suppressed", "", ""}}},
        {"just less than that is one too, several networks and reports of home counting as one stay",
         {},
         {{"0h: attach home", "returned_home", "", ""},
          {"1m: attach 272-01", "welcomed", "welcome", ""},
          {"20m: attach 272-05", "welcome_suppressed", "", ""},
          {"30m59s: attach home", "returned_home", "", ""},
          {"40m: attach home", "returned_home", "", ""},
          {"45m: attach 272-01", "inadvertent", "inadvertent", ""}}},
        {"the first entry was from another country",
         {},
         {arrival,
          {"1m: attach 272-01", "welcomed", "welcome", ""},
          {"5m: attach home", "returned_home", "", ""},
          {"10m: attach 272-01", "welcome_suppressed", "", ""}}},
        {"the other entry was into another country",
         {},
         {arrival, {"5m: attach home", "returned_home", "", ""}, {"10m: attach 272-01", "welcomed", "welcome", ""}}},
    });
}

TEST_CASE("a question about a place waits for an early return, whatever covered the traveller there meanwhile") {
    tell_all({
        {"back under a bundle it stays open, and leaving again begins the hour anew",
         {},
         {dear_arrival,
          {"10m: attach 440-10", "welcomed", "welcome", "data allowed, question pending"},
          {"15m: bundle b 0h 20h unlimited 901-14", "", "", "data allowed"},
          {"20m: attach 901-14", "welcome_suppressed", "", "data allowed, question pending"},
          {"1h10m: clock", "", "", "question pending"},
          {"2h: attach 440-10", "welcome_suppressed", "", "question pending"},
          {"2h59m: clock", "", "", "question pending"},
          {"3h: clock", "", "", "question withdrawn"}}},
    });
}

TEST_CASE("a dear place that is entered again") {
    tell_all({
        {"on another trip it is asked about anew, though its hold stood through the silence",
         {},
         {dear_arrival,
          {"1h: answer decline", "", "declined", "data blocked"},
          {"31d: attach 901-14", asked, question, "trip 2, data held, questions 2"}}},
        {"each place has a question of its own",
         {},
         {dear_arrival,
          {"5m: attach 901-12", asked, question, "questions 2"},
          {"10m: attach 901-14", "welcome_suppressed", "", "data held, questions 2, holds destination:901-14"}}},
        {"expired on the way it is not repeated within the hour",
         {},
         {dear_arrival,
          {"1h: answer decline", "", "declined", ""},
          {"2h: attach 440-10", "welcomed", "welcome", ""},
          {"3h: attach 901-14", asked, question, "data held"}}},
        {"a price that leads to no cap, once used there, keeps the answer that was given",
         {"{}", "*,*,data,1.00,GBP,MB,,,,,\n*,FR,data,1.00,CHF,MB,,,,,\n", "", "", false},
         {{"0h: attach 208-02", "welcomed", "welcome", "place FR, data allowed"},
          {"10m: use 1 MB on 208-02", asked + std::string(", counted"), question, "data held, listed unpriced"},
          {"20m: answer decline", "", "declined", "data blocked"},
          {"30m: attach 440-10", "welcomed", "welcome", "data allowed"},
          {"40m: attach 208-02", "welcome_suppressed", "", "data allowed"},
          {"50m: use 1 MB on 208-02", "counted", "", "data blocked"}}},
        {"late usage without a price holds nothing where the traveller is now",
         {"{}", "*,*,data,1.00,GBP,MB,,,,,\n*,FR,data,1.00,CHF,MB,,,,,\n", "", "", false},
         {{"0h: attach 208-02", "welcomed", "welcome", ""},
          {"1h: attach 440-10", "welcomed", "welcome", ""},
          {"30m, heard 2h: use 1 MB on 208-02", "counted", "", "listed unpriced, holds none, data allowed"}}},
        {"nor for a machine, nor where data is barred",
         {R"({"kind":"m2m"})", "*,*,data,1.00,GBP,MB,,,,,\n*,FR,data,1.00,CHF,MB,,,,,\n", "", "", false},
         {{"0h: attach 208-02", "welcomed", "welcome", ""},
          {"10m: use 1 MB on 208-02", "counted", "", "listed unpriced, holds none"},
          {R"(20m: profile {"hold":true,"dataRoaming":"barred"})", "", "", ""},
          {"30m: use 1 MB on 208-02", "counted", "", "listed unpriced, holds none, data blocked"}}},
    });
}

TEST_CASE("a bundle that ends where data is dear") {
    const Step covered{"0h: bundle b 0h 9h unlimited 901-14", "", "", ""};
    const Step welcomed{"1h: attach 901-14", "welcomed", "welcome", "data allowed"};
    const Step over{"9h: clock", "", "pass_ended", "data allowed, holds none"};
    tell_all({
        {"asks nothing of a machine", {R"({"kind":"m2m"})", "", "", "", false}, {covered, welcomed, over}},
        {"nor where data is barred",
         {R"({"dataRoaming":"barred"})", "", "", "", false},
         {covered,
          {"1h: attach 901-14", "welcomed", "welcome", "data blocked"},
          {"9h: clock", "", "pass_ended", "data blocked, holds none"}}},
        {"nor who has agreed to that place for the trip",
         {},
         {dear_arrival,
          {"10m: answer continue", "", "receipt", "data allowed"},
          {"20m: bundle b 0h 9h unlimited 901-14", "", "", ""},
          over}},
        {"nor where another bundle covers it",
         {},
         {covered,
          {"0h: bundle c 0h 30h unlimited *", "", "", ""},
          welcomed,
          {"9h: clock", "", "pass_ended", "data allowed, holds none"},
          {"10h: end c", asked, "pass_ended, confirm_destination", "data held, bundle ended"}}},
        {"asks anew who had declined before",
         {},
         {dear_arrival,
          {"10m: answer decline", "", "declined", "data blocked"},
          {"20m: attach 440-10", "welcomed", "welcome", ""},
          {"30m: bundle b 0h 9h unlimited 901-14", "", "", ""},
          {"2h: attach 901-14", "welcome_suppressed", "", "data allowed, holds none"},
          {"9h: clock", asked, "pass_ended, confirm_destination", "data held"}}},
    });
}

TEST_CASE("a cap's hold that wakes abroad") {
    const Step reached{"1h: use 10 MB on 440-10", "cap_reached, confirmation_requested, counted",
                       "confirm_cap monthly/1/100", "data held"};
    const Step home{"2h: attach home", "returned_home", "", "data allowed, holds cap:monthly/asleep"};
    tell_all({
        {"asks nothing while a bundle covers all of it",
         {},
         {arrival,
          reached,
          home,
          {"3h: bundle b 2h 20h unlimited JP", "", "", ""},
          {"5h: attach 440-10", "welcome_suppressed", "", "data allowed, lifted data, questions 1"},
          {"20h: clock", "", "pass_ended", "data held"}}},
        {"asks nothing again within the hour",
         {},
         {arrival,
          reached,
          {"1h10m: attach home", "returned_home", "", ""},
          {"1h20m: attach 440-10", "welcome_suppressed", "", "data held, questions 1, question pending"}}},
        {"asks for the first time what a bundle had kept from being asked",
         {},
         {arrival,
          {"1h: use 4 MB on 440-10", "counted", "", ""},
          {"2h: bundle b 0h 3h unlimited JP", "", "", ""},
          {R"(2h10m: profile {"caps":[{"id":"monthly","services":["data"],"amount":"4.00","currency":"GBP",
              "period":"month","thresholds":[]}]})",
           "cap_reached", "", "data allowed, lifted data, questions 0"},
          {"2h20m: attach home", "returned_home", "", "holds cap:monthly/asleep"},
          {"3h: clock", "", "pass_ended", "questions 0"},
          {"4h: attach 440-10", "confirmation_requested, welcome_suppressed", "confirm_cap monthly/1/100",
           "data held"}}},
        {"holds on where a reload took the cap away, and says nothing of it",
         {},
         {arrival,
          reached,
          home,
          {R"(reload {"caps":[]})", "", "", ""},
          {"5h: attach 440-10", "welcome_suppressed", "", "data held, questions 1"}}},
    });
}

TEST_CASE("entering a network whose records come late says so once") {
    tell_all({
        {"in the welcome, though the last trip is summed up before it",
         {},
         {{"0h: use 1 MB on 440-10", "welcomed, counted", "welcome", ""},
          {"1h: attach home", "returned_home", "", ""},
          {"30h: attach 440-10 late records", "welcomed", "trip_summary 1.00 GBP, welcome", ""}}},
        {"beside a cap's question, which does not",
         {},
         {{"0h: use 10 MB on 440-10", "cap_reached, confirmation_requested, welcomed, counted",
           "welcome, confirm_cap monthly/1/100", ""},
          {"2h: attach home", "returned_home", "", ""},
          {"4h: attach 440-10 late records", "confirmation_requested, welcome_suppressed",
           "confirm_cap monthly/1/100, no_guarantee", ""}}},
    });
}

TEST_CASE("a device's own address, where nothing speaks against it") {
    tell_all({
        {"leads from home abroad",
         {},
         {{"0h: attach home", "returned_home", "", ""}, {"1h: attach device JP", "welcomed", "welcome", "place JP"}}},
        {"may repeat the known place", {}, {arrival, {"1h: attach device JP", "welcome_suppressed", "", "place JP"}}},
        {"leads on where nothing is held", {}, {arrival, {"1h: attach device FR", "welcomed", "welcome", "place FR"}}},
    });
    tell_all({{"Wi-Fi calling roams where the operator says so",
               {"{}", "", "", "", false, {}, "", tariffs::minutes(10), true, true},
               {{"0h: attach 440-10 vowifi", "welcomed", "welcome", "place JP"}}}});
}

TEST_CASE("before any tariff is published") {
    const Traveller nothing{"{}", "", "", "", false, {}, "", tariffs::minutes(10), false};
    tell_all({
        {"every place is protected, usage is listed, and nothing is counted in money",
         nothing,
         {{"0h: attach 440-10", asked, question, "data held, price data none"},
          {"1h: use 1 MB on 440-10", "counted", "", "listed unpriced, used 0.00"},
          {"2h: use 1 MB on 440-10 charged 2.00 GBP", "counted", "", "used 2.00, added 2.00 GBP"},
          {"3h: ask text 2 messages", "", "", "said allow no_cap"},
          {"4h: publish *,*,data,1.00,GBP,MB,1 B,1 B,,,", "", "", ""},
          {"5h: use 1 MB on 440-10", "counted", "", "used 3.00"}}},
        {"a charge in another currency is listed, no rate leads to the cap",
         nothing,
         {{"0h: attach 440-10", asked, question, ""},
          {"1h: use 1 MB on 440-10 charged 2.00 EUR", "counted", "", "listed unpriced, used 0.00"}}},
        {"no zone counts yet, and a network of several countries stays as it was found",
         {R"({"caps":[{"id":"asia","services":["data"],"destinations":["zone:asia","FR"],"amount":"10.00",
              "currency":"GBP"}]})",
          "",
          "",
          "",
          false,
          {},
          "",
          tariffs::minutes(10),
          false},
         {{"0h: attach 440-10", asked, question, "questions 1"},
          {"1h: use 1 MB on 440-10 charged 2.00 GBP", "counted", "", "used 0.00"},
          {"2h: attach 208-01", asked, question, "place FR, ambiguous"}}},
    });
}

}  // namespace roamguard::protection::testing
