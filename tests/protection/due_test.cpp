#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// When a customer is looked at by the clock: the earliest of all that is due, and nothing that is past or not theirs.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* daily = R"({"caps":[{"id":"daily","services":["data"],"amount":"10.00","currency":"GBP",
    "period":"day"}]})";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step at_sea{"0h: attach 901-12", "confirmation_requested", "confirm_destination", ""};

}  // namespace

TEST_CASE("what is waited for") {
    tell_all({
        {"a question's expiry, until it is answered",
         {},
         {{"0h: attach 901-12", "confirmation_requested", "confirm_destination", "wakes 1d"},
          {"1h: answer continue", "", "receipt", "wakes 30d"}}},
        {"a question's expiry, where there is no trip",
         {},
         {{"0h: reply CAP 100", "confirmation_requested", "confirm_cap monthly/0", "wakes 1d"}}},
        {"the hour after the place it asks about was left",
         {},
         {at_sea, {"2h: attach 440-10", "welcomed", "welcome", "wakes 3h"}}},
        {"the end of the period that is held, not of one that is past",
         {daily, "", "", "", false},
         {arrival,
          {"1h: use 1 MB on 440-10", "counted", "", "wakes 721h"},
          {"17h: use 12 MB on 440-10", over, "confirm_cap daily/1/100", "wakes 40h"}}},
        {"nor of another cap's period that begins with it",
         {R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP"},
                      {"id":"daily","services":["data"],"amount":"50.00","currency":"GBP","period":"day"}]})",
          "", "", "", false},
         {{"21d16h: attach 440-10", "welcomed", "welcome", ""},
          {"21d17h: use 12 MB on 440-10", over, "confirm_cap monthly/1/100", "wakes 545h"}}},
        {"a pass's end, and the beginning of one recorded ahead, while it has not ended",
         {},
         {arrival,
          {"1h: bundle b 5h 20h unlimited JP", "", "", "wakes 5h"},
          {"5h: clock", "", "", "wakes 20h"},
          {"6h: bundle c 8h 30h unlimited JP", "", "", "wakes 8h"},
          {"7h: end c", "", "pass_ended", "wakes 20h"}}},
        {"the country that nobody named", {}, {{"0h: roaming-on", "noted", "", "wakes 1m"}}},
        {"a trip's end, but not while events of it still come in",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "wakes 30d"},
          {"2h: attach home", "returned_home", "", "wakes 8h"},
          {"1h, heard 8h: use 1 MB on 440-10", "counted", "", "wakes 28802s"},
          {"8h1s: clock", "", "", "trip 1"},
          {"8h2s: clock", "", "trip_summary 4.00 GBP", "trip 1 ended, wakes never"}}},
    });
}

TEST_CASE("a silent trip is looked at on the whole hour after its thirty days") {
    const Rules rules;
    CustomerState state;
    state.trip.number = 1;
    for (const std::int64_t beyond : {0, 1, 3'599'999, 3'600'000}) {
        state.trip.last_heard = hour("1h") + tariffs::Span{beyond};
        CHECK(next_wake(state, rules) == hour(beyond == 0 ? "1h" : "2h") + rules.trip_silence);
    }
    state.trip.ended = hour("2h");
    CHECK_FALSE(next_wake(state, rules));
}

TEST_CASE("a trip that silence ended counts its late records, also when the next has begun") {
    tell_all({{"and the next one does not",
               {R"({"caps":[{"id":"trip","services":["data"],"amount":"10.00","currency":"GBP","period":"trip"}]})", "",
                "", "", false},
               {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "used 3.00"},
                {"30d: clock", "", "trip_summary 3.00 GBP", "trip 1 ended"},
                {"40d: use 1 MB on 440-10", "welcomed, counted", "welcome", "trip 2, used 1.00"},
                {"29d, heard 41d: use 1 MB on 440-10", "counted", "", "trip 2, used 4.00"},
                {"42d: use 1 MB on 440-10", "counted", "", "used 2.00"}}}});
}

TEST_CASE("the end of a trip, to the second and the millionth") {
    tell_all({
        {"home that is told late is not the end while events still come in",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"2h, heard 8h: attach home", "returned_home", "", "wakes 28802s"}}},
        {"of home and abroad in one moment the later heard counts, also where the trip is not known yet",
         {},
         {{"10h: attach home", "returned_home", "", ""},
          {"10h, heard 11h: attach 440-10", "welcomed", "welcome", "trip 1, place JP"},
          {"17h: clock", "", "", "trip 1"}}},
        {"the summary has every millionth",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", ""},
          {"use 0 on 440-10 charged 0.000001 GBP", "counted", "", "added 0.000001 GBP"},
          {"2h: attach home", "returned_home", "", ""},
          {"8h: clock", "", "trip_summary 3.000001 GBP", "trip 1 ended"}}},
    });
}

TEST_CASE("what is granted counts for a changed limit only where it has reached one") {
    tell_all({{"a limit lowered to what is used and granted warns and does not hold",
               {},
               {arrival,
                {"use 3 MB", "counted", "", ""},
                {"ask data 4 MB in session a", "", "", "said allow within_caps, granted 4 MB, kept 4.00"},
                {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"6.00","currency":"GBP",
                    "thresholds":[50,80,100]}]})",
                 "threshold_reached", "threshold monthly/1/50", "percent 50, data allowed"}}}});
}

TEST_CASE("news of being abroad") {
    tell_all({
        {"from before coming home is no news",
         {},
         {{"1h: attach home", "returned_home", "", ""},
          {"0h, heard 1h: roaming-on", "noted", "", "wakes never"},
          {"2h: clock", "", "", "place home"}}},
        {"of the moment of coming home was heard later, and counts",
         {},
         {{"0h: attach home", "returned_home", "", ""},
          {"0h: roaming-on", "noted", "", "wakes 1m"},
          {"1m: clock", "confirmation_requested", "confirm_destination", "place unknown"}}},
        {"told twice is waited for from the first time",
         {},
         {{"0h: roaming-on", "noted", "", ""},
          {"0h, heard 30s: roaming-on", "noted", "", "wakes 1m"},
          {"1m: clock", "confirmation_requested", "confirm_destination", "place unknown"}}},
    });
}

}  // namespace roamguard::protection::testing
