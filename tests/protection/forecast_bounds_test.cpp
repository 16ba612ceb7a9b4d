#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 6, and docs/reference/forecast.md: where exactly a forecast begins to tell. The cap is 10.00, told
// at 99 %; a byte costs a millionth; the lead time is ten minutes. The figures follow from the rule by hand.
namespace roamguard::protection::testing {
namespace {

constexpr const char* early = "threshold monthly/1/99 early";
constexpr const char* told = "threshold_reached, counted";
constexpr const char* over = "cap_reached, confirmation_requested, counted";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step first{"10m: use 1 B in session a", "counted", "", ""};

Traveller who(const std::string& caps) {
    return {R"({"caps":[)" + caps + "]}", "*,*,data,0.000001,GBP,B,1 B,1 B,,,no\n", "", "", false};
}
std::string cap(const std::string& id, const std::string& more = "") {
    return R"({"id":")" + id + R"(","services":["data"],"amount":"10.00","currency":"GBP","thresholds":[99],
              "extension":"10.00")" +
           more + "}";
}
const Traveller usual = who(cap("monthly"));

/// The last record's byte decides.
void to_the_byte(std::vector<Tale>& tales, const std::string& title, const std::vector<Step>& before,
                 const std::string& when, std::int64_t least, const std::string& session) {
    const auto last = [&](std::int64_t bytes) {
        return when + ": use " + std::to_string(bytes) + " B in session " + session;
    };
    for (const bool enough : {true, false}) {
        Tale tale{title + (enough ? "" : ", a byte less"), usual, {arrival}};
        tale.steps.insert(tale.steps.end(), before.begin(), before.end());
        tale.steps.push_back(enough ? Step{last(least), told, early, ""} : Step{last(least - 1), "counted", "", ""});
        tales.push_back(tale);
    }
}

}  // namespace

TEST_CASE("a forecast begins to tell at a byte") {
    std::vector<Tale> tales;
    to_the_byte(tales, "after two records", {first}, "12m", 2'727'270, "a");
    to_the_byte(tales, "after three, of which the older weighs less",
                {first, {"12m: use 1000000 B in session a", "counted", "", ""}}, "15m", 3'086'954, "a");
    to_the_byte(tales, "where records come late by one delay",
                {{"1m, heard 41m: use 1 B in session a", "counted", "", ""},
                 {"11m, heard 51m: use 1000000 B in session a", "counted", "", ""}},
                "21m, heard 69m", 2'567'354, "a");
    to_the_byte(tales, "where they come later than before",
                {{"10m, heard 18m: use 1 B in session a", "counted", "", ""},
                 {"12m, heard 36m: use 1000000 B in session a", "counted", "", ""}},
                "14m, heard 38m", 1'531'102, "a");
    to_the_byte(tales, "of two sessions, one of which is overdue",
                {first,
                 {"12m: use 2000000 B in session a", "counted", "", ""},
                 {"20m: use 1 B in session b", "counted", "", ""}},
                "21m", 1'304'798, "b");
    to_the_byte(tales, "where a late record joins the time that was measured",
                {first, {"12m: use 1000000 B in session a", "counted", "", ""}}, "11m, heard 13m", 1'191'386, "a");
    to_the_byte(tales, "where it ended with the newest",
                {first, {"12m30s: use 1000000 B in session a", "counted", "", ""}}, "12m30s, heard 13m", 1'469'862,
                "a");
    to_the_byte(tales, "after half an hour of silence", {first, {"12m: use 2700000 B in session a", "counted", "", ""}},
                "42m", 6'671'362, "b");
    tell_all(tales);
}

TEST_CASE("what is too long ago for a forecast") {
    const Step burst{"12m: use 2700000 B in session a", "counted", "", ""};
    tell_all({
        {"more than half an hour of silence",
         usual,
         {arrival, first, burst, {"42m1s: use 7190000 B in session b", "counted", "", ""}}},
        {"a session that begins anew after it",
         usual,
         {arrival, first, burst, {"43m: use 7000000 B in session a", "counted", "", ""}}},
        {"not three times its interval",
         usual,
         {arrival,
          first,
          {"30m: use 2700000 B in session a", "counted", "", ""},
          {"1h30m: use 7190000 B in session b", told, early, ""}}},
        {"but more than that",
         usual,
         {arrival,
          first,
          {"30m: use 2700000 B in session a", "counted", "", ""},
          {"1h30m1s: use 7190000 B in session b", "counted", "", ""}}},
        {"a record from before what was measured",
         usual,
         {arrival,
          first,
          {"12m30s: use 1000000 B in session a", "counted", "", ""},
          {"10m50s, heard 13m: use 2000000 B in session a", "counted", "", ""}}},
        {"not one from just after its beginning",
         usual,
         {arrival,
          first,
          {"12m30s: use 1000000 B in session a", "counted", "", ""},
          {"10m51s, heard 13m: use 2000000 B in session a", told, early, ""}}},
    });
}

TEST_CASE("whose pace a forecast is about") {
    const std::string dear = cap("dear", R"(,"destinations":["KR"])");
    const Step reached{"12m: use 10000000 B in session a", over, "confirm_cap monthly/1/100", ""};
    const Step extended{"13m: answer extend", "", "receipt monthly/1", "stage 2, limit 20.00"};
    tell_all({
        {"of the stage that consent opened, not of the one before",
         usual,
         {arrival,
          first,
          reached,
          extended,
          {"14m: use 1000000 B in session a", "counted", "", "stage 2"},
          {"15m: use 7000000 B in session a", told, "threshold monthly/2/99 early", ""}}},
        {"a record that ended when consent was given is none of the new stage",
         usual,
         {arrival,
          first,
          reached,
          extended,
          {"13m, heard 14m: use 1000000 B in session a", "counted", "", ""},
          {"15m: use 7000000 B in session a", "counted", "", ""}}},
        {"a second later it is",
         usual,
         {arrival,
          first,
          reached,
          extended,
          {"13m1s, heard 14m: use 1000000 B in session a", "counted", "", ""},
          {"15m: use 7000000 B in session a", told, "threshold monthly/2/99 early", ""}}},
        {"of today, not of yesterday",
         who(cap("monthly", R"(,"period":"day")")),
         {{"15h50m: attach 440-10", "welcomed", "welcome", ""},
          {"15h52m: use 1 B in session a", "counted", "", ""},
          {"15h59m: use 1000000 B in session a", "counted", "", ""},
          {"16h1m: use 7000000 B in session a", "counted", "", ""},
          {"16h2m: use 1000000 B in session a", told, early, "percent 80"}}},
        {"of each cap what counts for it",
         who(cap("monthly") + "," + dear),
         {{"0h: attach 450-05", "welcomed", "welcome", ""},
          {"10m: use 1 B on 450-05 in session a", "counted", "", ""},
          {"11m: use 100000 B on 450-05 in session a", "counted", "", ""},
          {"12m: use 3500000 B on 440-10 in session a", "threshold_reached, welcomed, counted",
           "welcome, threshold monthly/1/99 early", "monthly.percent 36, dear.percent 1"}}},
    });
}

TEST_CASE("when the cap would last long enough") {
    tell_all({
        {"until its period ends",
         who(cap("monthly", R"(,"period":"day")")),
         {{"15h40m: attach 440-10", "welcomed", "welcome", ""},
          {"15h52m23s: use 1 B in session a", "counted", "", ""},
          {"15h54m23s: use 4000000 B in session a", "counted", "", ""}}},
        {"or not",
         who(cap("monthly", R"(,"period":"day")")),
         {{"15h40m: attach 440-10", "welcomed", "welcome", ""},
          {"15h52m22s: use 1 B in session a", "counted", "", ""},
          {"15h54m22s: use 4000000 B in session a", told, early, ""}}},
    });
}

}  // namespace roamguard::protection::testing
