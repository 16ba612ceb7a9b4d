#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 6: a trip runs from the first foreign attach or usage until home has lasted six hours, or nothing
// was heard for thirty days.
namespace roamguard::protection::testing {
namespace {

constexpr const char* trip_cap = R"({"caps":[{"id":"trip","services":["data"],"amount":"10.00","currency":"GBP",
    "period":"trip","thresholds":[50,80,100],"extension":"5.00"}]})";

}  // namespace

TEST_CASE("a trip ends when home has lasted, and then says what was spent") {
    tell_all({
        {"a summary follows when the trip ends and money was spent",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "trip 1"},
          {"1h: use 1 MB on 450-05", "welcomed, counted", "welcome", "trip 1"},
          {"2h: attach home", "returned_home", "", "trip 1, place home"},
          {"7h59m: clock", "", "", "trip 1"},
          {"8h: clock", "", "trip_summary 4.00 GBP", "trip 1 ended"},
          {"9h: clock", "", "", "trip 1 ended"}}},
        {"no summary where nothing was spent",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", "trip 1"},
          {"2h: attach home", "returned_home", "", ""},
          {"8h: clock", "", "", "trip 1 ended"}}},
        {"leaving home sooner continues the trip",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "trip 1"},
          {"2h: attach home", "returned_home", "", ""},
          {"7h59m: attach 440-10", "welcome_suppressed", "", "trip 1"},
          {"9h: attach home", "returned_home", "", "trip 1"},
          {"15h: clock", "", "trip_summary 3.00 GBP", "trip 1 ended"}}},
        {"a second attach at home does not start the dwell again",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "trip 1"},
          {"2h: attach home", "returned_home", "", ""},
          {"7h: attach home", "returned_home", "", ""},
          {"8h1m: clock", "", "trip_summary 3.00 GBP", "trip 1 ended"}}},
        {"an attach abroad after the dwell begins the next trip, the clock having said nothing",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "trip 1"},
          {"2h: attach home", "returned_home", "", ""},
          {"26h: attach 440-10", "welcomed", "trip_summary 3.00 GBP, welcome", "trip 2"}}},
        {"of two attaches of one moment the later heard is where the traveller is, and the trip goes on from there",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "trip 1"},
          {"2h: attach home", "returned_home", "", ""},
          {"2h: attach 450-05", "welcomed", "welcome", "trip 1, place KR"},
          {"9h: clock", "", "", "trip 1, place KR"},
          {"9h: use 1 MB on 450-05", "counted", "", "trip 1"}}},
        {"thirty silent days end it",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "trip 1"},
          {"29d23h: clock", "", "", "trip 1"},
          {"30d: clock", "", "trip_summary 3.00 GBP", "trip 1 ended"}}},
        {"a late record of the silence has it go on",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "trip 1"},
          {"30d: clock", "", "trip_summary 3.00 GBP", "trip 1 ended"},
          {"20d, heard 31d: use 1 MB on 440-10", "counted", "", "trip 1"},
          {"32d: use 1 MB on 440-10", "counted", "", "trip 1"},
          {"63d: clock", "", "", "trip 1 ended"}}},
        {"usage keeps it alive",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", "trip 1"},
          {"29d: use 1 MB on 440-10", "counted", "", "trip 1"},
          {"31d: use 1 MB on 440-10", "counted", "", "trip 1"}}},
        {"usage of the trip that is heard after its end adds no second summary",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "trip 1"},
          {"2h: attach home", "returned_home", "", ""},
          {"8h: clock", "", "trip_summary 3.00 GBP", "trip 1 ended"},
          {"1h, heard 9h: use 1 MB on 440-10", "counted", "", "trip 1 ended, used 4.00"},
          {"10h: clock", "", "", "trip 1 ended"}}},
    });
}

TEST_CASE("a trip that is first told of when its traveller is home again ends six hours after the return") {
    tell_all({{"the summary does not wait for thirty silent days",
               {},
               {{"10h: attach home", "returned_home", "", "trip 0"},
                {"5h, heard 11h: use 3 MB on 440-10", "counted", "", "trip 1, place home, used 3.00"},
                {"16h: clock", "", "trip_summary 3.00 GBP", "trip 1 ended"}}}});
}

TEST_CASE("a trip begins with its earliest event, whenever that is heard") {
    tell_all({
        {"usage from before the first attach belongs to the trip's summary",
         {},
         {{"10h: attach 440-10", "welcomed", "welcome", "trip 1"},
          {"9h, heard 11h: use 3 MB on 440-10", "counted", "", "trip 1"},
          {"12h: attach home", "returned_home", "", ""},
          {"18h: clock", "", "trip_summary 3.00 GBP", "trip 1 ended"}}},
        {"a cap per trip counts it too, however long before",
         {trip_cap, "", "", "", false},
         {{"20h: use 3 MB on 440-10", "welcomed, counted", "welcome", "used 3.00"},
          {"1h, heard 21h: use 1 MB on 440-10", "counted", "", ""},
          {"2h, heard 22h: use 1 MB on 440-10", "threshold_reached, counted", "threshold trip/1/50", ""},
          {"23h: use 1 MB on 440-10", "counted", "", "used 6.00"}}},
    });
}

TEST_CASE("a cap per trip") {
    tell_all({
        {"counts over months and ends with the trip",
         {trip_cap, "", "", "", false},
         {{"0h: use 4 MB on 440-10", "welcomed, counted", "welcome", "used 4.00"},
          {"25d: use 4 MB on 440-10", "threshold_reached, counted", "threshold trip/1/80", "used 8.00"},
          {"25d2h: attach home", "returned_home", "", ""},
          {"26d: clock", "", "trip_summary 8.00 GBP", "trip 1 ended"},
          {"27d: use 4 MB on 440-10", "welcomed, counted", "welcome", "trip 2, used 4.00"}}},
        {"usage of an ended trip counts there, and neither sends nor holds",
         {trip_cap, "", "", "", false},
         {{"0h: use 4 MB on 440-10", "welcomed, counted", "welcome", ""},
          {"2h: attach home", "returned_home", "", ""},
          {"9h: clock", "", "trip_summary 4.00 GBP", "trip 1 ended"},
          {"1h, heard 10h: use 7 MB on 440-10", "counted", "", "used 10.00, overrun 1.00, holds none"}}},
        {"consent opens the next stage although an earlier record was heard in between",
         {trip_cap, "", "", "", false},
         {{"2h: use 10 MB on 440-10", "cap_reached, confirmation_requested, welcomed, counted",
           "welcome, confirm_cap trip/1/100", "data held"},
          {"1h, heard 3h: use 1 MB on 440-10", "counted_over_cap, counted", "", "used 10.00, overrun 1.00"},
          {"4h: answer extend", "", "receipt trip/1", "data allowed, stage 2, limit 15.00"},
          {"5h: use 1 MB on 440-10", "counted", "", "used 11.00, overrun 1.00"}}},
        {"a trip that goes on after the clock had ended it goes on in its cap",
         {trip_cap, "", "", "", false},
         {{"0h: use 4 MB on 440-10", "welcomed, counted", "welcome", ""},
          {"2h: attach home", "returned_home", "", ""},
          {"9h: clock", "", "trip_summary 4.00 GBP", "trip 1 ended"},
          {"7h, heard 10h: attach 440-10", "welcome_suppressed", "", "trip 1"},
          {"11h: use 4 MB on 440-10", "threshold_reached, counted", "threshold trip/1/80", "used 8.00"}}},
        {"the hold ends with the trip",
         {trip_cap, "", "", "", false},
         {{"0h: use 10 MB on 440-10", "cap_reached, confirmation_requested, welcomed, counted",
           "welcome, confirm_cap trip/1/100", "data held"},
          {"2h: attach home", "returned_home", "", "data allowed, holds cap:trip/asleep"},
          {"8h: clock", "", "trip_summary 10.00 GBP", "trip 1 ended, holds none, question withdrawn"},
          {"9h: attach 440-10", "welcome_suppressed", "", "data allowed"}}},
    });
}

}  // namespace roamguard::protection::testing
