#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 7: a question says the exact terms, and what was answered is confirmed in writing with them.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr const char* dear_japan =
    "*,*,data,1.00,GBP,MB,1 B,1 B,,,\n"
    "*,JP,data,8.00,GBP,MB,1 B,1 B,,,yes\n"
    "*,JP,voice_mo,2.00,GBP,minute,,,,,\n";
constexpr const char* japan = "jp-day,*,JP,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Japan day\n";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step reached{"1h: use 12 MB", over, asked, "data held"};
const Step dear{"0h: attach 440-10", "confirmation_requested", "confirm_destination", "data held"};
/// The end of the usual story's month, in London: the clocks have gone forward by then.
constexpr const char* month_end = "519h";

Traveller with(const std::string& rows, const std::string& passes = "", const std::string& profile = "{}") {
    Traveller who;
    who.profile = profile;
    who.rows = rows;
    who.passes = passes;
    return who;
}

Traveller with_cap(const std::string& fields) {
    return with("", "", R"({"caps":[{"id":"monthly","services":["data"],)" + fields + "}]}");
}

}  // namespace

TEST_CASE("a cap's question shows what was reached, of which services, until when, and the tax it counts with") {
    tell_all({
        {"of a month",
         {},
         {arrival,
          {"1h: use 12 MB", over, asked,
           std::string("shows cap monthly, shows stage 1, shows threshold 100, shows limit 10.00, shows used 10.00, "
                       "shows next-limit 15.00, shows services data, shows prices data, shows tax incl, shows until ") +
               month_end}}},
        {"of a cap without the tax",
         with("*,*,data,1.00,GBP,MB,1 B,1 B,excl,,\n", "",
              R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","tax":"excl"}]})"),
         {arrival,
          {"1h: use 12 MB", over, asked, "shows tax excl"},
          {"answer extend", "", "receipt monthly/1", "shows tax excl"}}},
        {"of a trip",
         with_cap(R"("amount":"10.00","currency":"GBP","period":"trip")"),
         {arrival,
          {"1h: use 12 MB", over, asked, "shows until trip"},
          {"answer extend", "", "receipt monthly/1", "shows until trip"}}},
    });
}

TEST_CASE("the answer to a cap's question is confirmed with the cap as it stands then") {
    tell_all({
        {"the next stage with its limit",
         {},
         {arrival,
          reached,
          {"answer extend", "", "receipt monthly/1",
           std::string("shows cap monthly, shows limit 15.00, shows used 10.00, shows services data, shows prices "
                       "data, shows tax incl, chosen extend, shows still-off no, shows until ") +
               month_end}}},
        {"no with the limit that stays",
         {},
         {arrival,
          reached,
          {"answer decline", "", "declined monthly/1",
           "shows cap monthly, shows limit 10.00, shows used 10.00, chosen decline, shows still-off yes"}}},
        {"the last stage as none",
         with_cap(R"("amount":"10.00","currency":"GBP","stages":["10.00"])"),
         {arrival,
          {"1h: use 12 MB", over, asked, "shows next-limit none"},
          {"answer extend", "", "receipt monthly/1", "shows limit none, limit none"}}},
        {"no to the last stage with the limit that stays",
         with_cap(R"("amount":"10.00","currency":"GBP","stages":["10.00"])"),
         {arrival, reached, {"answer decline", "", "declined monthly/1", "shows limit 10.00"}}},
        {"a pass with its end, and no price: nothing goes on at one",
         with("", japan),
         {arrival,
          reached,
          {"2h: answer pass:jp-day", "", "receipt monthly/1",
           "chosen pass, shows until 26h, shows services data, shows prices none, shows limit none"}}},
        {"a pass whose end is not certain yet, without one",
         with("", "d,*,US,data,4.00,GBP,incl,20,10 MB,1 d,local,Day\n"),
         {{"0h: attach 310-410", "welcomed", "welcome", ""},
          {"1h: use 12 MB on 310-410", over, asked, ""},
          {"6h: answer pass:d", "", "receipt monthly/1", "chosen pass, shows until none"}}},
    });
}

TEST_CASE("a destination's question and its answer show the place that was asked about") {
    tell_all({
        {"with its prices, the cap, and that it is about data, whatever the cap counts",
         with(dear_japan, "",
              R"({"caps":[{"id":"monthly","services":["data","voice_mo"],"amount":"10.00","currency":"GBP"}]})"),
         {{"0h: attach 440-10", "confirmation_requested", "confirm_destination",
           "shows country JP, shows prices data+voice_mo, shows services data, shows cap monthly, shows limit 10.00"},
          {"1h: answer continue", "", "receipt",
           "shows country JP, shows services data, shows cap none, chosen continue"}}},
        {"also where the answer comes from a place that was gone on to",
         with(dear_japan),
         {dear,
          {"10m: attach 450-05", "welcomed", "welcome", "shows country KR"},
          {"20m: answer continue", "", "receipt", "shows country JP"},
          {"30m: attach 440-10", "welcome_suppressed", "", "data allowed"}}},
        {"a cap's answer shows where the traveller is",
         with(dear_japan),
         {{"0h: attach 450-05", "welcomed", "welcome", ""},
          {"1h: use 12 MB", over, asked, "shows country KR"},
          {"2h: attach 208-10", "welcomed", "welcome", ""},
          {"3h: answer extend", "", "receipt monthly/1", "shows country FR"}}},
        {"a no to a destination, and a later yes, are one answer",
         with(dear_japan),
         {dear,
          {"1h: answer decline", "", "declined", "data blocked, opened nothing"},
          {"3h: reply 1", "confirmation_requested", "confirm_destination", "replied asked_again"},
          {"answer continue", "", "receipt", "data allowed, opened destination"},
          {"5h: attach 450-05", "welcomed", "welcome", ""},
          {"6h: attach 440-10", "welcome_suppressed", "", "data allowed, holds none"}}},
    });
}

TEST_CASE("a stage that is opened") {
    tell_all({
        {"of the period that was asked about, and of no other",
         with_cap(R"("amount":"10.00","currency":"GBP","period":"day","extension":"5.00")"),
         {arrival,
          {"1h: use 4 MB on 440-10", "counted", "", ""},
          {"17h: use 12 MB on 440-10", over, asked, "used 10.00"},
          {"18h: answer extend", "", "receipt monthly/1", "stage 2"},
          {"2h, heard 19h: use 1 MB on 440-10", "counted", "", "stage 1, used 5.00"}}},
        {"of the cap that was asked about, and of no other",
         with("", "",
              R"({"caps":[{"id":"small","services":["data"],"amount":"10.00","currency":"GBP","extension":"5.00"},
                          {"id":"large","services":["data"],"amount":"50.00","currency":"GBP","extension":"5.00"}]})"),
         {arrival,
          {"1h: use 12 MB", over, "confirm_cap small/1/100", ""},
          {"answer extend", "", "receipt small/1", "small.stage 2, large.stage 1"}}},
        {"has the thresholds it has passed already on record: they are not told",
         with_cap(R"("amount":"10.00","currency":"GBP","thresholds":[50,80,100],"extension":"5.00")"),
         {arrival,
          {"1h: use 12 MB", over, asked, ""},
          {"answer extend", "", "receipt monthly/1", "percent 66"},
          {"use 1 MB", "counted", "", "percent 73"},
          {"use 1 MB", "threshold_reached, counted", "threshold monthly/2/80", "percent 80"}}},
        {"is asked about when it is full",
         with_cap(R"("amount":"10.00","currency":"GBP","extension":"5.00")"),
         {arrival,
          reached,
          {"answer extend", "", "receipt monthly/1", "data allowed"},
          {"use 5 MB", over, "confirm_cap monthly/2/100",
           "shows stage 2, shows limit 15.00, shows used 15.00, shows next-limit 20.00"}}},
        {"full from the beginning holds nothing where the cap only notifies by then",
         with_cap(R"("amount":"10.00","currency":"GBP","extension":"5.00")"),
         {arrival,
          reached,
          {R"(reload {"caps":[{"id":"monthly","services":["data"],"amount":"2.00","currency":"GBP","extension":"1.00",
              "atLimit":"notify"}]})",
           "", "", ""},
          {"answer extend", "", "receipt monthly/1", "data allowed, holds none"}}},
    });
}

TEST_CASE("a day's hold and its question end with the day, to the minute") {
    tell_all({{"not before",
               with_cap(R"("amount":"10.00","currency":"GBP","period":"day")"),
               {arrival,
                reached,
                {"15h59m: clock", "", "", "data held, question pending"},
                {"16h: clock", "", "released monthly/1", "data allowed, holds none, question withdrawn"}}}});
}

}  // namespace roamguard::protection::testing
