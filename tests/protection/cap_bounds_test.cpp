#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, sections 5 and 6: what a cap's messages show, and where its counting has its bounds.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr const char* at_fifty = "threshold monthly/1/50";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

Traveller with_caps(const std::string& caps) { return {R"({"caps":[)" + caps + "]}", "", "", "", false}; }
Traveller with_cap(const std::string& fields) {
    return with_caps(R"({"id":"monthly","services":["data"],)" + fields + "}");
}
Traveller tenner(const std::string& more) { return with_cap(R"("amount":"10.00","currency":"GBP")" + more); }
const std::string trip_cap = R"(,"period":"trip","thresholds":[50])";

}  // namespace

TEST_CASE("a threshold's message shows its stage, limit, use, what holds at the limit, and until when it counts") {
    tell_all({
        {"of a month",
         {},
         {arrival,
          {"use 6 MB", "threshold_reached, counted", at_fifty,
           "shows stage 1, shows threshold 50, shows limit 10.00, shows used 6.00, shows notice-only no, "
           "shows tax incl, shows services data, shows prices data, shows cap monthly, shows until 519h"}}},
        {"of a later stage",
         {},
         {arrival,
          {"use 10 MB", over, asked, "shows stage 1, shows next-limit 15.00, shows until 519h, shows code yes"},
          {"answer extend", "", "receipt monthly/1", ""},
          {"use 2 MB", "threshold_reached, counted", "threshold monthly/2/80", "shows stage 2, shows limit 15.00"}}},
        {"of a cap that only notifies",
         tenner(R"(,"atLimit":"notify","thresholds":[50])"),
         {arrival, {"use 6 MB", "threshold_reached, counted", at_fifty, "shows notice-only yes"}}},
        {"of a trip, which has no end to show",
         tenner(trip_cap),
         {arrival,
          {"use 6 MB", "threshold_reached, counted", at_fifty, "shows until trip"},
          {"use 4 MB", over, asked, "shows until trip, shows threshold 100"}}},
        {"of a repeating cap the multiple that was passed",
         with_cap(R"("every":"2.00","currency":"GBP")"),
         {arrival,
          {"use 5 MB", "cap_reached, counted", "cap_reached monthly/2/100",
           "shows stage 2, shows limit 4.00, shows used 5.00, stage 3, limit 6.00"}}},
        {"of a volume cap in bytes",
         with_cap(R"("volume":"10 MB","thresholds":[50])"),
         {arrival, {"use 6 MB", "threshold_reached, counted", at_fifty, "shows limit 10 MB, shows used 6 MB"}}},
        {"without tax where the cap is without",
         {R"({"caps":[{"id":"monthly","services":["data","sms_mo"],"amount":"10.00","currency":"GBP","tax":"excl",
                       "thresholds":[50]}]})",
          "*,*,data,1.00,GBP,MB,,,excl,,\n*,*,sms_mo,0.25,GBP,message,,,,,\n*,*,voice_mo,0.60,GBP,minute,,,,,\n", "",
          "", false},
         {arrival,
          {"use 6 MB", "threshold_reached, counted", at_fifty,
           "shows tax excl, shows services data+sms_mo, shows prices data+sms_mo"}}},
    });
}

TEST_CASE("a cap that only notifies tells each threshold and its limit once") {
    tell_all({
        {"the limit is reached by using exactly as much",
         tenner(R"(,"atLimit":"notify","thresholds":[50,80])"),
         {arrival,
          {"use 10 MB", "cap_reached, counted", "cap_reached monthly/1/100", "percent 100, data allowed"},
          {"use 1 B", "counted", "", ""}}},
        {"ninety-nine per cent is not the limit yet",
         tenner(R"(,"atLimit":"notify","thresholds":[99])"),
         {arrival,
          {"use 10138 KB", "threshold_reached, counted", "threshold monthly/1/99", "percent 99"},
          {"use 1 MB", "cap_reached, counted", "cap_reached monthly/1/100", ""},
          {"use 1 MB", "counted", "", ""}}},
        {"after listed stages were opened nothing is told any more",
         tenner(R"(,"stages":["10.00"],"thresholds":[50,100])"),
         {arrival,
          {"use 10 MB", over, asked, "shows next-limit none"},
          {"answer extend", "", "receipt monthly/1", "limit none, stage 2, percent 0"},
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","stages":["10.00"],
               "thresholds":[50,100],"atLimit":"notify"}]})",
           "", "", "limit none"},
          {"use 10 MB", "counted", "", "used 20.00"}}},
        {"usage of a closed period in which it held is beyond the limit, though it only notifies now",
         tenner(R"(,"period":"day")"),
         {{"0h: use 10 MB on 440-10", "cap_reached, confirmation_requested, welcomed, counted",
           "welcome, confirm_cap monthly/1/100", "data held"},
          {"17h: clock", "", "released monthly/1", "holds none"},
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"day",
               "atLimit":"notify"}]})",
           "", "", ""},
          {"1h, heard 18h: use 1 MB on 440-10", "counted_over_cap, counted", "", "used 10.00, overrun 1.00"}}},
    });
}

TEST_CASE("credits take a repeating cap below its multiples, and below nothing") {
    tell_all({{"none is told until the next is reached",
               with_cap(R"("every":"2.00","currency":"GBP")"),
               {arrival,
                {"credit 9.00 GBP", "counted", "", "used 0.00"},
                {"use 9 MB", "counted", "", "used 0.00"},
                {"use 2 MB", "cap_reached, counted", "cap_reached monthly/1/100", "used 2.00"}}}});
}

TEST_CASE("sums stop at the ends of their range, where a wrapped one would open the cap again") {
    tell_all({
        {"of bytes",
         with_cap(R"("volume":"1 GB","atLimit":"notify","thresholds":[100])"),
         {arrival,
          {"use 6000000000 GB charged 0.00 GBP free", "cap_reached, counted", "cap_reached monthly/1/100", ""},
          {"use 6000000000 GB charged 0.00 GBP free", "counted", "", "used 9223372036854775807 B"}}},
        {"of money",
         {},
         {arrival,
          {"credit 9000000000000.00 GBP", "counted", "", "used 0.00"},
          {"credit 9000000000000.00 GBP", "counted", "", "used 0.00"},
          {"use 1 MB charged 9000000000000.00 GBP allowance", "counted", "", "used 0.00"},
          {"use 1 MB charged 223372036864.775808 GBP allowance", over, asked, "used 10.00"}}},
    });
}

TEST_CASE("a welcome or question shows the first cap as it stands then") {
    tell_all({
        {"with what is used of it",
         {},
         {{"0h: use 3 MB on 440-10", "welcomed, counted", "welcome", "shows used 0.00, shows limit 10.00"},
          {"1h: attach 450-05", "welcomed", "welcome",
           "shows country KR, shows used 3.00, shows limit 10.00, shows cap monthly, shows services data, shows "
           "notice-only no"}}},
        {"and whether it holds anything",
         tenner(R"(,"atLimit":"notify","tax":"excl")"),
         {{"0h: attach 440-10", "welcomed", "welcome", "shows notice-only yes, shows tax excl, shows used 0.00"}}},
        {"never below nothing",
         {},
         {arrival,
          {"credit 4.00 GBP", "counted", "", ""},
          {"1h: attach 450-05", "welcomed", "welcome", "shows used 0.00"}}},
        {"none where there is none",
         with_caps(""),
         {{"0h: attach 901-14", "confirmation_requested", "confirm_destination", "shows cap none, shows limit none"}}},
        {"none where consent has opened its last stage",
         tenner(R"(,"stages":["10.00"],"thresholds":[100])"),
         {arrival,
          {"use 10 MB", over, asked, ""},
          {"answer extend", "", "receipt monthly/1", "shows limit none"},
          {"1h: attach 450-05", "welcomed", "welcome", "shows cap none, shows limit none"}}},
        {"of the period it happened in, also where one of the next has begun",
         tenner(R"(,"period":"day")"),
         {arrival,
          {"16h, heard 15h50m: use 3 MB", "counted", "", "used 3.00"},
          {"15h55m: attach 450-05", "welcomed", "welcome", "shows used 0.00, shows limit 10.00"}}},
    });
}

TEST_CASE("a hold that ends is told with what counts from then on") {
    const Traveller daily = tenner(R"(,"period":"day")");
    const Step held{"10h: use 10 MB on 440-10", over, asked, "data held, wakes 16h"};
    tell_all({
        {"what was used of the next period already",
         daily,
         {arrival,
          held,
          {"16h30m, heard 15h50m: use 2 MB", "counted", "", "used 2.00"},
          {"16h: clock", "", "released monthly/1", "holds none, shows used 2.00, shows limit 10.00"}}},
        {"and that nothing is off any more, where another cap holds other services",
         with_caps(R"({"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP"},
                      {"id":"texts","services":["sms_mo"],"amount":"1.00","currency":"GBP"})"),
         {arrival,
          {"use 10 MB", over, asked, ""},
          {"text 4", over, "confirm_cap texts/1/100", "holds cap:monthly cap:texts"},
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"50.00","currency":"GBP"},
                               {"id":"texts","services":["sms_mo"],"amount":"1.00","currency":"GBP"}]})",
           "", "released monthly/1", "holds cap:texts, shows still-off no, shows services data"}}},
        {"no cap, where a reload took it away",
         daily,
         {arrival,
          held,
          {R"(reload {"caps":[]})", "", "", ""},
          {"16h: clock", "", "released monthly/1", "holds none, shows cap none"}}},
        {"no place, where nobody knows it",
         {},
         {{"0h: roaming-on", "noted", "", "place none"},
          {"0h: use 10 MB", over, asked, "place none"},
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"50.00","currency":"GBP"}]})", "",
           "released monthly/1", "holds none, shows country none, shows limit 50.00"}}},
    });
}

TEST_CASE("an answer for a period ahead of the clock leaves the present one as it is") {
    tell_all({{"also when its cap changes",
               tenner(R"(,"period":"day")"),
               {arrival,
                {"10h: use 10 MB on 440-10", over, asked, "data held"},
                {"16h30m, heard 15h: use 10 MB", over, asked, "data held, questions 2"},
                {"15h10m: answer extend", "", "receipt monthly/1", "holds none"},
                {R"(15h20m: profile {"caps":[{"id":"monthly","services":["data","sms_mo"],"amount":"10.00",
                    "currency":"GBP","period":"day"}]})",
                 "", "", "stage 1, used 10.00"}}}});
}

TEST_CASE("what a device used of a trip that the clock has ended is kept for that trip's cap") {
    tell_all({{"told when it is home again",
               tenner(trip_cap),
               {{"0h: use 1 MB on 440-10", "welcomed, counted", "welcome", "used 1.00"},
                {"30d: clock", "", "trip_summary 1.00 GBP", "trip 1 ended"},
                {"31d: ask data on 234-15 in session a used 1 MB final", "", "", "said allow final, kept 1.00"},
                {"1h, heard 32d: use 1 MB on 440-10", "counted", "", "used 2.00"}}}});
}

TEST_CASE("a cap of a zone counts in no other zone") {
    tell_all({{"where a country is in several zones, each is looked at",
               {R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP",
                             "destinations":["zone:asia"]}]})",
                "", "", "asia,JP\nisles,JP\nasia,KR\neurope,FR\n", false},
               {{"0h: use 1 MB on 208-10", "welcomed, counted", "welcome", "used 0.00"},
                {"1h: use 2 MB on 450-05", "welcomed, counted", "welcome", "used 2.00"},
                {"2h: use 4 MB on 440-10", "welcomed, counted", "welcome", "used 6.00"}}}});
}

TEST_CASE("the periods of a cap whose rule changed follow each other without a gap") {
    tell_all({
        {"a day after a month",
         tenner(""),
         {arrival,
          {"use 1 MB", "counted", "", "used 1.00"},
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"day"}]})",
           "", "", "used 1.00"},
          {"21d14h: use 1 MB on 440-10", "counted", "", "used 2.00"},
          {"21d15h: use 4 MB on 440-10", "counted", "", "used 4.00"},
          {"22d15h: use 8 MB on 440-10", "threshold_reached, counted", "threshold monthly/1/80", "used 8.00"}}},
        {"a record from long before the first trip is no part of the month that a cap counted before it counted trips",
         tenner(""),
         {{"40d: use 1 MB on 440-10", "welcomed, counted", "welcome", "used 1.00"},
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"trip"}]})",
           "", "", "used 1.00"},
          {"5d, heard 41d: use 2 MB on 440-10", "counted", "", "used 2.00"},
          {"41d1h: use 1 MB on 440-10", "counted", "", "used 2.00"}}},
        {"a month after a day begins with the day's end, and counts what came before the day too",
         tenner(R"(,"period":"day")"),
         {{"2d: attach 440-10", "welcomed", "welcome", ""},
          {"use 1 MB", "counted", "", "used 1.00"},
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP"}]})", "", "",
           "used 1.00"},
          {"2d16h: use 2 MB on 440-10", "counted", "", "used 2.00"},
          {"1d, heard 2d17h: use 4 MB on 440-10", "counted", "", "used 4.00"},
          {"3d: use 1 MB on 440-10", "counted", "", "used 3.00"}}},
    });
}

}  // namespace roamguard::protection::testing
