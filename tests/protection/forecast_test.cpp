#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "service/storage/codec.h"
#include "tests/protection/random_world.h"
#include "tests/protection/story.h"

// Contract, section 6: a cap's last threshold is told early where its limit is nearer than the usual delay and
// warn.lead-time. The usual cap is 10.00, told at 50 and 80 %; a megabyte costs 1.00; the lead time is ten minutes.
namespace roamguard::protection::testing {
namespace {

using notifications::Kind;

constexpr const char* early = "threshold monthly/1/80 early";
constexpr const char* told = "threshold_reached, counted";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

std::string one_cap(const std::string& fields) {
    return R"({"caps":[{"id":"monthly","services":["data"],)" + fields + "}]}";
}

Traveller with(const std::string& profile) {
    Traveller who;
    who.profile = profile;
    return who;
}

}  // namespace

TEST_CASE("a fast session is told of before the limit") {
    tell_all({
        {"the last threshold goes out once, with what is recorded so far, and reaching it sends none again",
         {},
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"12m: use 4500 KB in session a", told, early, "used 4.395508, percent 43"},
          {"17m: use 2 MB in session a", "counted", "", "percent 63"},
          {"18m: use 2 MB in session a", "counted", "", "percent 83"},
          {"19m: use 2 MB in session a", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100",
           "data held"}}},
        {"a record that passes a threshold and foretells the limit sends one message, for the last threshold",
         {},
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"12m: use 6 MB in session a", told, early, "percent 60"},
          {"5h: use 2 MB in session a", "counted", "", "percent 80"}}},
        {"the last threshold passed is told as passed",
         {},
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"12m: use 9 MB in session a", told, "threshold monthly/1/80", "percent 90"}}},
        {"two sessions burn together",
         {},
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"10m: use 1 KB in session b", "counted", "", ""},
          {"12m: use 2 MB in session a", "counted", "", ""},
          {"12m: use 2900 KB in session b", told, early, "percent 48"}}},
        {"a cap of volume too",
         with(one_cap(R"("volume":"10 MB","thresholds":[80])")),
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"12m: use 5 MB in session a allowance", told, early, "percent 50"}}},
        {"and one that only tells",
         with(one_cap(R"("amount":"10.00","currency":"GBP","thresholds":[50,80],"atLimit":"notify")")),
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"12m: use 4500 KB in session a", told, early, ""},
          {"17m: use 9 MB in session a", "cap_reached, counted", "cap_reached monthly/1/100", ""}}},
        {"records that come late are warned of earlier by as much",
         {},
         {{"0h, heard 1h: use 1 KB on 440-10 in session a", "welcomed, counted", "welcome", ""},
          {"10m, heard 1h10m: use 1 MB on 440-10 in session a", "counted", "", ""},
          {"20m, heard 1h20m: use 2560 KB on 440-10 in session a", told, early, "percent 35"}}},
        {"a record's end counts for the pace, not its beginning",
         {},
         {arrival,
          {"10m, heard 20m: use 1 KB in session a until 20m", "counted", "", ""},
          {"20m, heard 22m: use 4500 KB in session a until 22m", told, early, ""}}},
    });
}

TEST_CASE("nothing is told early without reason") {
    Traveller off;
    off.warn_lead_time = {};
    tell_all({
        {"one record tells no pace", {}, {arrival, {"10m: use 4900 KB in session a", "counted", "", ""}}},
        {"two at one time tell none either",
         {},
         {arrival,
          {"10m: use 2 MB in session a", "counted", "", ""},
          {"10m: use 2 MB in session a", "counted", "", ""},
          {"10m: use 0 in session a", "counted", "", ""}}},
        {"records of no session tell none",
         {},
         {arrival, {"10m: use 1 KB", "counted", "", ""}, {"11m: use 4500 KB", "counted", "", ""}}},
        {"a slow pace is none to tell of",
         {},
         {arrival,
          {"10m: use 1 MB in session a", "counted", "", ""},
          {"1h: use 1 MB in session a", "counted", "", ""},
          {"2h: use 2 MB in session a", "counted", "", "percent 40"}}},
        {"a session that slowed down is not told of for its old burst",
         {},
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"14m: use 3584 KB in session a", "counted", "", ""},
          {"40m: use 1 KB in session a", "counted", "", ""},
          {"41m: use 300 KB in session a", "counted", "", ""}}},
        {"a session not heard of for half an hour burns no more when another one is",
         {},
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"11m: use 1536 KB in session a", "counted", "", ""},
          {"42m: use 1 KB in session b", "counted", "", ""},
          {"43m: use 1 MB in session b", "counted", "", ""}}},
        {"a session burns no more of a cap it was not heard of for, though it is rarely heard of for another",
         with(R"({"caps":[{"id":"jp","services":["data"],"amount":"99.00","currency":"GBP","destinations":["JP"]},
                          {"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","thresholds":[80]}]})"),
         {arrival,
          {"10m: use 1 KB on 440-10 in session a", "counted", "", ""},
          {"38m: use 1 KB on 440-10 in session a", "counted", "", ""},
          {"1h50m: use 1 KB on 440-10 in session a", "counted", "", ""},
          {"1h51m: use 3 MB on 208-10 in session a", "welcomed, counted", "welcome", "monthly.percent 30"},
          {"2h30m: use 1 KB on 208-10 in session b", "counted", "", ""},
          {"2h31m: use 1382 KB on 208-10 in session b", "counted", "", "monthly.percent 43"}}},
        {"records of long ago tell no pace of now",
         {},
         {arrival,
          {"10m, heard 11m: use 1 KB in session b", "counted", "", ""},
          {"10m, heard 10h: use 1 KB in session a", "counted", "", ""},
          {"12m, heard 10h1m: use 4500 KB in session a", "counted", "", "percent 43"}}},
        {"a credit is no burn, and that it comes late says nothing of other records",
         {},
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"10m, heard 5h: credit 0.50 GBP in session a", "counted", "", ""},
          {"5h1m: use 1 KB in session b", "counted", "", ""},
          {"5h11m: use 4 MB in session b", "counted", "", ""}}},
        {"a long record that comes when it ends is not late",
         with(one_cap(R"("amount":"10.00","currency":"GBP","thresholds":[80])")),
         {arrival,
          {"10m, heard 30m: use 1 KB in session a until 30m", "counted", "", ""},
          {"30m, heard 50m: use 6 MB in session a until 50m", "counted", "", ""}}},
        {"usage from before an extension is none of the stage it opened",
         {},
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"20m: use 10 MB in session a", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100",
           ""},
          {"21m: use 5 MB in session a", "counted_over_cap, counted", "", ""},
          {"22m: answer extend", "", "receipt monthly/1", "limit 15.00, stage 2"},
          {"18m, heard 23m: use 500 KB in session a", "counted", "", ""},
          {"21m, heard 24m: use 1500 KB in session a", "counted", "", ""},
          {"25m: use 1 KB in session a", "counted", "", ""}}},
        {"a limit that the period's end comes before",
         with(one_cap(R"("amount":"10.00","currency":"GBP","period":"day","thresholds":[80])")),
         {{"15h40m: attach 440-10", "welcomed", "welcome", ""},
          {"15h56m: use 1 KB in session a", "counted", "", ""},
          {"15h58m: use 4500 KB in session a", "counted", "", ""}}},
        {"a cap without thresholds below its limit",
         with(one_cap(R"("amount":"10.00","currency":"GBP","thresholds":[100])")),
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"12m: use 4500 KB in session a", "counted", "", ""}}},
        {"a customer who switched threshold messages off gets no early one either",
         with(R"({"optOut":["threshold"]})"),
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"12m: use 4500 KB in session a", told, "", ""},
          {"17m: use 4 MB in session a", "counted", "", ""}}},
        {"a lead time of nothing turns it off",
         off,
         {arrival,
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"12m: use 4500 KB in session a", "counted", "", ""}}},
    });
}

TEST_CASE("more than eight sessions: the one heard of longest ago is forgotten") {
    std::vector<Step> steps{arrival, {"10m: use 1 KB in session a", "counted", "", ""}};
    for (const char* other : {"1", "2", "3", "4", "5", "6", "7", "8"})
        steps.push_back({std::string("10m") + other + "s: use 1 KB in session s" + other, "counted", "", ""});
    steps.push_back({"12m: use 4500 KB in session a", "counted", "", ""});
    tell_all({{"its next record is its first again", {}, steps}});
}

TEST_CASE("warnings in random worlds") {
    rc::prop("one message a cap, period, stage and threshold, ascending; an early one below its threshold", [] {
        const RandomWorld world = random_world();
        Life life(world);
        std::map<std::tuple<std::string, std::int64_t, int>, std::vector<int>> told;
        bool any_early = false;
        for (RandomEvent event : random_usage_and_consent(world, 60)) {
            if (event.number % 2 == 0) event.session = "a";
            for (const Owed& owed : life.live(event).owed) {
                const Kind kind = owed.facts.kind;
                if (kind == Kind::threshold || kind == Kind::cap_reached || kind == Kind::confirm_cap)
                    told[{owed.cap, owed.period_start.ms, owed.stage}].push_back(owed.threshold);
                any_early |= owed.facts.early;
                if (owed.facts.early)
                    RC_ASSERT(owed.facts.used.money->micros * 100 <
                              owed.facts.limit.money->micros * owed.facts.threshold_percent);
            }
        }
        for (const auto& [stage, thresholds] : told) {
            RC_ASSERT(std::is_sorted(thresholds.begin(), thresholds.end()));
            RC_ASSERT(std::set<int>(thresholds.begin(), thresholds.end()).size() == thresholds.size());
        }
        RC_CLASSIFY(any_early);
    });
    rc::prop("what is remembered for it stays small and in order, whatever comes late or twice", [] {
        const RandomWorld world = random_world();
        Life life(world);
        for (const RandomEvent& event : random_usage_and_consent(world, 60)) {
            (void)life.live(event);
            life.store_and_read();
            RC_ASSERT(life.state.burns.size() <= 8u);
            RC_ASSERT(life.state.feed_delay_ms >= 0);
            for (const Burn& burn : life.state.burns)
                for (const BurnShare& share : burn.shares) {
                    RC_ASSERT(share.amount >= 0);
                    RC_ASSERT((share.interval_ms > 0) == (share.span_ms > 0));
                }
        }
    });
}

}  // namespace roamguard::protection::testing
