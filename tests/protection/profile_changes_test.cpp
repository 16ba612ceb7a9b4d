#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 5: a change acts at once on what is used.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step reached{"use 10 MB", over, asked, "data held"};

std::string monthly(const std::string& fields) {
    return R"(profile {"caps":[{"id":"monthly","services":["data"],)" + fields + "}]}";
}
std::string of(const std::string& amount, const std::string& more = "") {
    return monthly(R"("amount":")" + amount + R"(","currency":"GBP","period":"month","thresholds":[50,80,100])" + more);
}

}  // namespace

TEST_CASE("a lowered limit") {
    tell_all({
        {"sends only the highest passed threshold",
         {},
         {arrival,
          {"use 4 MB", "counted", "", ""},
          {of("5.00"), "threshold_reached", "threshold monthly/1/80", "percent 80, limit 5.00, data allowed"},
          {"use 1 B", "counted", "", ""}}},
        {"sends nothing where nothing new is passed",
         {},
         {arrival,
          {"use 5 MB", "threshold_reached, counted", "threshold monthly/1/50", ""},
          {of("9.00"), "", "", "percent 55"},
          {"use 3 MB", "threshold_reached, counted", "threshold monthly/1/80", ""}}},
        {"holds at a hundred per cent or more, exactly counts",
         {},
         {arrival,
          {"use 4 MB", "counted", "", ""},
          {of("4.00"), "cap_reached, confirmation_requested", asked, "percent 100, data held"}}},
        {"holds above it",
         {},
         {arrival,
          {"use 4 MB", "counted", "", ""},
          {of("2.00"), "cap_reached, confirmation_requested", asked, "used 4.00, percent 200, data held"},
          {"use 1 MB", "counted_over_cap, counted", "", "used 4.00, overrun 1.00"}}},
        {"of a cap that only notifies tells that it is reached",
         {},
         {arrival,
          {"use 4 MB", "counted", "", ""},
          {of("4.00", R"(,"atLimit":"notify")"), "cap_reached", "cap_reached monthly/1/100", "data allowed"}}},
        {"at home holds from the next attach abroad",
         {},
         {arrival,
          {"use 4 MB", "counted", "", ""},
          {"1h: attach home", "returned_home", "", ""},
          {of("4.00"), "cap_reached, confirmation_requested", asked, "data allowed, holds cap:monthly/asleep"}}},
    });
}

TEST_CASE("a raised limit") {
    tell_all({
        {"releases, withdraws the question and says so; no threshold of the stage is told twice",
         {},
         {arrival,
          reached,
          {of("20.00"), "", "released monthly/1", "data allowed, holds none, question withdrawn, percent 50"},
          {"use 6 MB", "counted", "", "used 16.00"},
          {"use 4 MB", over, asked, "data held"}}},
        {"at home, where nothing was off, is not told to be on again",
         {},
         {arrival,
          reached,
          {"1h: attach home", "returned_home", "", "data allowed, holds cap:monthly/asleep"},
          {of("20.00"), "", "", "data allowed, holds none, question withdrawn"}}},
        {"that is still reached keeps the hold, and asks anew with the terms that count now",
         {},
         {arrival,
          {"use 4 MB", "counted", "", ""},
          {of("2.00"), "cap_reached, confirmation_requested", asked, "data held"},
          {of("3.00"), "confirmation_requested", asked, "data held, question pending"},
          {"answer extend", "", "receipt monthly/1", "stage 2, limit 6.00"}}},
        {"below what is used makes the next stage full when it opens: it holds at once, and asks for the one after",
         {},
         {arrival,
          {"use 8 MB", "threshold_reached, counted", "threshold monthly/1/80", ""},
          {of("3.00"), "cap_reached, confirmation_requested", asked, "data held"},
          {"answer extend", "cap_reached, confirmation_requested", "receipt monthly/1, confirm_cap monthly/2/100",
           "data held, stage 2, limit 6.00, used 8.00"}}},
    });
}

TEST_CASE("other changes of a cap") {
    tell_all({
        {"of its thresholds releases nothing, also after a credit",
         {},
         {arrival,
          reached,
          {"credit 4.00 GBP", "counted", "", "data held, used 6.00"},
          {monthly(R"("amount":"10.00","currency":"GBP","period":"month","thresholds":[90,100],"extension":"5.00")"),
           "", "", "data held, question pending"},
          {of("11.00"), "", "released monthly/1", "data allowed, holds none"}}},
        {"notices only releases",
         {},
         {arrival,
          reached,
          {of("10.00", R"(,"atLimit":"notify")"), "", "released monthly/1", "data allowed, holds none"},
          {"use 5 MB", "counted", "", "used 15.00, overrun 0.00"}}},
        {"a removed cap releases",
         {},
         {arrival,
          reached,
          {R"(profile {"caps":[]})", "", "released monthly/1", "data allowed, holds none, question withdrawn"}}},
        {"put back within its period it is as full as it was, and holds",
         {},
         {arrival,
          reached,
          {R"(profile {"caps":[]})", "", "released monthly/1", "data allowed"},
          {of("10.00"), "cap_reached, confirmation_requested", asked, "data held, question pending, used 10.00"},
          {"use 1 MB", "counted_over_cap, counted", "", "overrun 1.00"}}},
        {"put back with room in it, it holds nothing",
         {},
         {arrival,
          reached,
          {R"(profile {"caps":[]})", "", "released monthly/1", "data allowed"},
          {of("20.00"), "", "", "data allowed, holds none"},
          {"use 10 MB", over, asked, "used 20.00, data held"}}},
        {"a cap that no longer covers data no longer holds it",
         {},
         {arrival,
          reached,
          {R"(profile {"caps":[{"id":"monthly","services":["voice_mo"],"amount":"10.00","currency":"GBP","thresholds":[50,80,100]}]})",
           "confirmation_requested", asked, "data allowed"}}},
        {"a new period starts with the next period",
         {},
         {arrival,
          {"use 6 MB", "threshold_reached, counted", "threshold monthly/1/50", ""},
          {monthly(R"("amount":"10.00","currency":"GBP","period":"day","thresholds":[50,80,100])"), "", "",
           "used 6.00"},
          {"30h: use 3 MB on 440-10", "threshold_reached, counted", "threshold monthly/1/80", "used 9.00"},
          {"21d16h: use 1 MB on 440-10", "counted", "", "used 1.00"},
          {"22d16h: use 1 MB on 440-10", "counted", "", "used 1.00"}}},
        {"a new currency starts with the next period",
         {"{}", "", "EUR,GBP,0.5\n", "", false},
         {arrival,
          {"use 6 MB", "threshold_reached, counted", "threshold monthly/1/50", ""},
          {monthly(R"("amount":"10.00","currency":"EUR","thresholds":[50,80,100])"), "", "", "used 6.00, limit 10.00"},
          {"use 2 MB", "threshold_reached, counted", "threshold monthly/1/80", "used 8.00"},
          {"21d16h: use 1 MB on 440-10", "counted", "", "used 2.00"}}},
        {"a change taken back leaves the running period to the present limit",
         {"{}", "", "EUR,GBP,0.5\n", "", false},
         {arrival,
          {"use 6 MB", "threshold_reached, counted", "threshold monthly/1/50", ""},
          {monthly(R"("amount":"10.00","currency":"EUR","thresholds":[50,80,100])"), "", "", ""},
          {of("6.00"), "cap_reached, confirmation_requested", asked, "limit 6.00, data held"}}},
        {"a limit made a repeating cap ends the hold, which is told like any other end of a hold",
         {},
         {arrival,
          reached,
          {monthly(R"("every":"4.00","currency":"GBP")"), "", "released monthly/1",
           "data allowed, holds none, question withdrawn, shows used 10.00, shows limit 12.00, shows still-off no, "
           "stage 3, limit 12.00"},
          {"use 2 MB", "cap_reached, counted", "cap_reached monthly/3/100", "used 12.00"}}},
        {"a limit made a repeating cap where nothing held tells nothing",
         {},
         {arrival,
          {"use 1 MB", "counted", "", ""},
          {monthly(R"("every":"4.00","currency":"GBP")"), "", "", "stage 1, limit 4.00"}}},
        {"a limit made a repeating cap where more was credited than used begins with its first multiple",
         {},
         {arrival,
          {"credit 9.00 GBP", "counted", "", ""},
          {monthly(R"("every":"4.00","currency":"GBP")"), "", "", "stage 1, limit 4.00"},
          {"use 13 MB", "cap_reached, counted", "cap_reached monthly/1/100", "used 4.00"}}},
        {"a limit made a repeating cap at home, where nothing was off, is not told to be on again",
         {},
         {arrival,
          reached,
          {"1h: attach home", "returned_home", "", ""},
          {monthly(R"("every":"4.00","currency":"GBP")"), "", "", "holds none, question withdrawn"}}},
        {"a limit made a repeating one of the next period, and that taken back for this one, repeats",
         {},
         {arrival,
          reached,
          {monthly(R"("every":"4.00","currency":"GBP","period":"day")"), "", "", "limit 10.00, data held"},
          {monthly(R"("every":"4.00","currency":"GBP","period":"month")"), "", "released monthly/1",
           "data allowed, holds none, stage 3"}}},
        {"a cap under a new name goes on from what it counted, but for one that repeats",
         {R"({"caps":[{"id":"daily","services":["data"],"amount":"50.00","currency":"GBP","period":"day"},
                      {"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP"}]})",
          "", "", "", false},
         {arrival,
          {"use 4 MB", "counted", "", ""},
          {R"(profile {"caps":[{"id":"daily","services":["data"],"amount":"50.00","currency":"GBP","period":"day"},
                               {"id":"mine","services":["data"],"amount":"10.00","currency":"GBP"}]})",
           "", "", "mine.used 4.00, daily.used 4.00"},
          {R"(profile {"caps":[{"id":"daily","services":["data"],"amount":"50.00","currency":"GBP","period":"day"},
                               {"id":"steps","services":["data"],"every":"10.00","currency":"GBP"}]})",
           "", "", "steps.used 0.00, daily.used 4.00"}}},
        {"a cap under a new name goes on in a period that is to come, and holds there again",
         {R"({"caps":[{"id":"daily","services":["data"],"amount":"10.00","currency":"GBP","period":"day"}]})", "", "",
          "", false},
         {arrival,
          {"16h, heard 15h50m: use 10 MB", over, "confirm_cap daily/1/100", "data held"},
          {R"(15h55m: profile {"caps":[{"id":"mine","services":["data"],"amount":"10.00","currency":"GBP","period":"day"}]})",
           "", "released daily/1", "data allowed, holds none"},
          {"16h1m: use 1 MB", over, "confirm_cap mine/1/100", "used 10.00, overrun 1.00, data held"}}},
        {"a repeating cap made a limit is at its first stage",
         {R"({"caps":[{"id":"monthly","services":["data"],"every":"2.00","currency":"GBP"}]})", "", "", "", false},
         {arrival,
          {"use 6 MB", "cap_reached, counted", "cap_reached monthly/3/100", ""},
          {of("10.00"), "threshold_reached", "threshold monthly/1/50", "limit 10.00, percent 60"}}},
    });
}

TEST_CASE("a wish for a higher cap") {
    const Step wish{"reply CAP 20", "confirmation_requested", "confirm_cap monthly/0", "question pending"};
    tell_all({
        {"is withdrawn with the cap", {}, {arrival, wish, {R"(profile {"caps":[]})", "", "", "question withdrawn"}}},
        {"is withdrawn where the limit is another now",
         {},
         {arrival, wish, {of("12.00"), "", "", "question withdrawn"}}},
        {"stays where something else changes",
         {},
         {arrival,
          wish,
          {of("10.00", R"(,"atLimit":"notify")"), "", "", "question pending"},
          {"reply 1", "", "receipt monthly/0", "limit 20.00"}}},
    });
}

TEST_CASE("what is only noted") {
    tell_all({
        {"the beginning of a subscription", {}, {{"0h: subscription", "noted", "", "place none"}}},
        {"leaving a network", {}, {arrival, {"detach 440-10", "noted", "", "place JP"}}},
        {"leaving a test network", {}, {arrival, {"detach 001-01", "test_network", "", "place JP"}}},
        {"a bundle that ends before it begins covers nothing when it would have begun",
         {},
         {arrival,
          {"1h: bundle b 5h 20h unlimited JP", "", "", "bundle recorded"},
          {"2h: end b", "", "pass_ended", "bundle ended"},
          {"5h: clock", "", "", "pass b ended"},
          {"6h: use 3 MB on 440-10", "counted", "", "used 3.00"}}},
    });
}

TEST_CASE("other changes of a profile") {
    tell_all({
        {"a new SIM withdraws open questions and keeps the hold",
         {},
         {arrival, reached, {"sim", "", "", "question withdrawn, data held"}}},
        {"a new SIM changes no answer that was given",
         {},
         {arrival,
          reached,
          {"answer extend", "", "receipt monthly/1", "question confirmed"},
          {"sim", "", "", "question confirmed, stage 2, data allowed"}}},
        {"notices only releases every hold",
         {},
         {{"0h: attach 901-14", "confirmation_requested", "confirm_destination", "data held"},
          {R"(profile {"hold":false})", "", "", "data allowed, holds none, question withdrawn"}}},
        {"barring blocks at once, abroad only",
         {},
         {arrival,
          {R"(profile {"dataRoaming":"barred"})", "", "", "data blocked"},
          {"1h: attach home", "returned_home", "", "data allowed"}}},
    });
}

}  // namespace roamguard::protection::testing
