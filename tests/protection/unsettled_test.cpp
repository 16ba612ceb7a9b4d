#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 2: `roaming-on` names no country, so it is noted and waits a minute for the event that does; only
// then is the place unknown.
namespace roamguard::protection::testing {
namespace {

const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step told{"0h: roaming-on", "noted", "", "place none, data allowed"};

}  // namespace

TEST_CASE("abroad, and nobody says where") {
    tell_all({
        {"after a minute the place is unknown, and protected like a high-cost one",
         {},
         {told,
          {"59s: clock", "", "", "place none"},
          {"1m: clock", "confirmation_requested", "confirm_destination", "place unknown, data held, trip 1"}}},
        {"the country that follows is the only welcome",
         {},
         {told, {"10s: attach 440-10", "welcomed", "welcome", "place JP"}, {"2m: clock", "", "", "place JP"}}},
        {"news of one crossing may differ by a minute in their times",
         {},
         {{"10m: roaming-on", "noted", "", ""},
          {"9m, heard 10m: attach 440-10", "welcomed", "welcome", "place JP"},
          {"12m: clock", "", "", "place JP"}}},
        {"an older place does not say where the traveller is now",
         {},
         {{"10m: roaming-on", "noted", "", ""},
          {"8m59s, heard 10m: attach 440-10", "welcomed", "welcome", "place JP"},
          {"11m: clock", "confirmation_requested", "confirm_destination", "place unknown"}}},
        {"a place newer than the news is known already",
         {},
         {{"1h: attach 440-10", "welcomed", "welcome", ""},
          {"0h, heard 1h: roaming-on", "noted", "", ""},
          {"1h5m: clock", "", "", "place JP, data allowed"}}},
        {"so is one abroad that was told less than a minute before",
         {},
         {arrival, {"59s: roaming-on", "noted", "", ""}, {"5m: clock", "", "", "place JP"}}},
        {"one that was told a minute before may have been left since",
         {},
         {arrival,
          {"1m: roaming-on", "noted", "", "place JP"},
          {"2m: clock", "confirmation_requested", "confirm_destination", "place unknown"}}},
        {"home is left by it, however lately it was told",
         {},
         {{"0h: attach home", "returned_home", "", ""},
          {"10s: roaming-on", "noted", "", "place home"},
          {"1m10s: clock", "confirmation_requested", "confirm_destination", "place unknown"}}},
        {"an older one of the same kind changes nothing",
         {},
         {{"10m: roaming-on", "noted", "", ""},
          {"5m, heard 10m30s: roaming-on", "noted", "", ""},
          {"11m: clock", "confirmation_requested", "confirm_destination", "place unknown"}}},
        {"a newer one is waited for anew",
         {},
         {told,
          {"30s: roaming-on", "noted", "", ""},
          {"1m: clock", "", "", "place none"},
          {"1m30s: clock", "confirmation_requested", "confirm_destination", "place unknown"}}},
        {"another operator's customer is noted and never asked",
         {"{}", "", "", "", true},
         {{"0h: roaming-on", "noted", "", "place none"}, {"2m: clock", "", "", "place none, data allowed"}}},
        {"a subscription's beginning or end says nothing of the traveller",
         {},
         {{"0h: subscription", "noted", "", "place none"}}},
    });
}

TEST_CASE("while the country is waited for") {
    tell_all({
        {"usage without a network has the default price, and enters nothing",
         {"{}", "*,JP,data,3.00,GBP,MB,,,,,\n*,*,data,9.00,GBP,MB,,,,,\n", "", "", false},
         {arrival,
          {"5m: roaming-on", "noted", "", ""},
          {"5m30s: use 1 MB", "threshold_reached, counted", "threshold monthly/1/80",
           "counted-at unknown, added 9.00 GBP, place JP"}}},
        {"usage before the news belongs to the place known then",
         {},
         {arrival, {"10m: roaming-on", "noted", "", ""}, {"5m, heard 10m: use 1 MB", "counted", "", "counted-at JP"}}},
        {"usage that names its network says where",
         {},
         {told,
          {"30s: use 1 MB on 440-10", "welcomed, counted", "welcome", "place JP"},
          {"2m: clock", "", "", "place JP"}}},
        {"a cap it reaches is held and asked about before any place is known",
         {},
         {told,
          {"30s: use 10 MB", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100",
           "place none, holds cap:monthly, question pending"}}},
        {"a cap lowered meanwhile is told of all the same",
         {},
         {told,
          {"30s: use 4 MB", "counted", "", "place none"},
          {R"(40s: profile {"caps":[{"id":"monthly","services":["data"],"amount":"5.00","currency":"GBP",
              "period":"month","thresholds":[80]}]})",
           "threshold_reached", "threshold monthly/1/80", "percent 80"}}},
        {"data without a price adds nothing, and no question can say where it is asked",
         {"{}", "*,JP,data,1.00,GBP,MB,,,,,\n", "", "", false},
         {told, {"30s: use 1 MB", "counted", "", "listed unpriced, holds none, used 0.00"}}},
        {"a request has the default price too",
         {"{}", "*,JP,data,1.00,GBP,MB,,,,,\n*,*,data,5.00,GBP,MB,,,,,\n", "", "", false},
         {arrival,
          {"5m: roaming-on", "noted", "", ""},
          {"5m30s: ask data 9 MB in session a", "", "", "said allow within_caps, granted 2 MB, kept 10.00"}}},
    });
}

}  // namespace roamguard::protection::testing
