#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, sections 4 and 7: a pass starts at its confirmation and covers usage that starts from then; its price and
// what it covers count for no money cap; it is never renewed by itself.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr const char* japan =
    "jp-day,*,JP,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Japan day\n"
    "jp-week,*,JP,data,20.00,GBP,incl,20,unlimited,7 d,rolling,Japan week\n";
constexpr const char* dear =
    "*,*,data,1.00,GBP,MB,1 B,1 B,,,\n"
    "*,JP,data,8.00,GBP,MB,1 B,1 B,,,yes\n";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step to_the_cap{"1h: use 12 MB on 440-10", over, asked, "data held, overrun 2.00"};

Traveller with(const std::string& passes, const std::string& profile = "{}", const std::string& rows = "") {
    Traveller who;
    who.profile = profile;
    who.rows = rows;
    who.passes = passes;
    return who;
}

}  // namespace

TEST_CASE("what is offered") {
    tell_all({
        {"at a cap the next stage, the passes cheapest first, and no",
         with(japan),
         {arrival, {"1h: use 12 MB", over, asked, "choices extend pass:jp-day pass:jp-week decline, offers 4"}}},
        {"at a dear place the passes, going on, and no",
         with(japan, "{}", dear),
         {{"0h: attach 440-10", "confirmation_requested", "confirm_destination",
           "choices pass:jp-day pass:jp-week continue decline, data held"}}},
        {"only what is valid there and helps with what is off",
         with("fr,*,FR,data,1.00,GBP,incl,20,1 GB,24 h,rolling,France\n"
              "talk,*,JP,voice_mo,1.00,GBP,incl,20,10 minutes,24 h,rolling,Calls\n"
              "world,*,*,data,9.00,GBP,incl,20,1 GB,24 h,rolling,World\n"),
         {arrival, {"1h: use 12 MB", over, asked, "choices extend pass:world decline"}}},
        {"a plan's own passes only to that plan",
         with("gold,gold,JP,data,1.00,GBP,incl,20,1 GB,24 h,rolling,Gold\n"),
         {arrival, {"1h: use 12 MB", over, asked, "choices extend decline"}}},
    });
}

TEST_CASE("a pass bought at a cap") {
    tell_all({
        {"lifts the hold, is charged once, and counts for no money cap",
         with(japan),
         {arrival,
          to_the_cap,
          {"2h: answer pass:jp-day", "", "receipt monthly/1",
           "bought 1, opened pass, lifted data, data allowed, stage 1, used 10.00, pass jp-day until 26h"},
          {"3h: use 4 MB on 440-10", "counted", "",
           "used 10.00, overrun 2.00, added 0.00 GBP, pass jp-day used 4 MB"}}},
        {"a second answer buys nothing",
         with(japan),
         {arrival,
          to_the_cap,
          {"2h: answer pass:jp-day", "", "receipt monthly/1", "bought 1"},
          {"3h: answer pass:jp-day", "", "", "bought 0, refused already_decided"}}},
        {"usage that began before it is not covered, however late it is heard",
         with(japan),
         {arrival,
          to_the_cap,
          {"2h: answer pass:jp-day", "", "receipt monthly/1", ""},
          {"1h30m, heard 3h: use 1 MB on 440-10", "counted_over_cap, counted", "", "overrun 3.00"},
          {"2h, heard 3h: use 1 MB on 440-10", "counted", "", "overrun 3.00, pass jp-day used 1 MB"}}},
        {"tells 80 % once, and its end once; the hold binds again and the question is put anew",
         with(japan),
         {arrival,
          to_the_cap,
          {"2h: answer pass:jp-day", "", "receipt monthly/1", ""},
          {"3h: use 8 MB on 440-10", "counted", "pass_threshold/80", "data allowed"},
          {"4h: use 1 MB on 440-10", "counted", "", "pass jp-day open"},
          {"5h: use 3 MB on 440-10", "counted_over_cap, confirmation_requested, counted",
           "pass_ended, confirm_cap monthly/1/100",
           "overrun 4.00, pass jp-day used 10 MB, pass jp-day ended, data held, lifted nothing, question pending"},
          {"6h: use 1 MB on 440-10", "counted_over_cap, counted", "", "overrun 5.00, pass jp-day used 10 MB"}}},
        {"when its time is over it ends by the clock, without being renewed",
         with(japan),
         {arrival,
          to_the_cap,
          {"2h: answer pass:jp-day", "", "receipt monthly/1", ""},
          {"25h59m: clock", "", "", "data allowed"},
          {"26h: clock", "confirmation_requested", "pass_ended, confirm_cap monthly/1/100",
           "data held, pass jp-day ended, bought 0"},
          {"25h, heard 27h: use 1 MB on 440-10", "counted", "", "overrun 2.00, pass jp-day used 1 MB"}}},
        {"at home nothing binds when it ends; the next attach asks",
         with(japan),
         {arrival,
          to_the_cap,
          {"2h: answer pass:jp-day", "", "receipt monthly/1", ""},
          {"4h: attach home", "returned_home", "", "data allowed"},
          {"26h: clock", "", "trip_summary 16.00 GBP, pass_ended", "data allowed"},
          {"27h: attach 440-10", "confirmation_requested, welcomed", "confirm_cap monthly/1/100, welcome",
           "data held"}}},
        {"where it is not valid it lifts nothing and covers nothing",
         with(japan),
         {arrival,
          to_the_cap,
          {"2h: answer pass:jp-day", "", "receipt monthly/1", "data allowed"},
          {"3h: attach 208-10", "confirmation_requested, welcomed", "confirm_cap monthly/1/100, welcome",
           "data held, lifted nothing"},
          {"use 1 MB on 208-10", "counted_over_cap, counted", "", "overrun 3.00, pass jp-day used 0 B"},
          {"4h: attach 440-10", "welcome_suppressed", "", "data allowed, lifted data"}}},
        {"NO afterwards undoes nothing: it is paid for",
         with(japan),
         {arrival,
          to_the_cap,
          {"2h: reply 2", "", "receipt monthly/1", "data allowed, replied confirmed"},
          {"2h1m: reply NO", "", "help", "data allowed, note already_decided"},
          {"2h2m: reply 2", "", "help", "data allowed, replied helped"}}},
        {"what the sender charged on top is counted and listed",
         with(japan),
         {arrival,
          to_the_cap,
          {"2h: answer pass:jp-day", "", "receipt monthly/1", ""},
          {"3h: use 1 MB on 440-10 in session a charged 1.00 GBP", "counted_over_cap, counted", "",
           "overrun 3.00, listed mismatch"},
          {"4h: use 1 MB on 440-10 charged 0.00 GBP allowance", "counted", "", "overrun 3.00, pass jp-day used 2 MB"},
          {"5h: use 1 MB on 440-10 free", "counted", "", "pass jp-day used 2 MB"}}},
        {"one session under a pass and after it is two segments",
         with(japan),
         {arrival,
          {"1h: use 6 MB on 440-10 in session a", "threshold_reached, counted", "threshold monthly/1/50", "used 6.00"},
          {"2h: use 6 MB on 440-10 in session a", over, asked, ""},
          {"3h: answer pass:jp-day", "", "receipt monthly/1", ""},
          {"4h: use 5 MB on 440-10 in session a", "counted", "", "added 0.00 GBP, listed nothing"},
          {"5h: use 6 MB on 440-10 in session a", "counted_over_cap, confirmation_requested, counted",
           "pass_ended, confirm_cap monthly/1/100", "added 1.00 GBP, overrun 3.00"}}},
    });
}

TEST_CASE("a pass that does not help where the customer went on to leaves the place asked about") {
    tell_all({
        {"answered from a place that has become dear, the receipt is of the answered question",
         with("jp,*,JP,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Japan day\n"),
         {arrival,
          to_the_cap,
          {"2h: attach 208-10", "welcomed", "welcome", "data held"},
          {"3h: publish *,*,data,8.00,GBP,MB,1 B,1 B,,,yes", "", "", ""},
          {"4h: answer pass:jp", "confirmation_requested", "confirm_destination, receipt monthly/1",
           "bought 1, opened pass, data held, holds cap:monthly destination:FR"}}},
    });
}

TEST_CASE("a pass bought at a dear place") {
    tell_all({
        {"lifts the hold there; when it ends data is held again and asked about",
         with(japan, "{}", dear),
         {{"0h: attach 440-10", "confirmation_requested", "confirm_destination", "data held"},
          {"1h: answer pass:jp-day", "", "receipt", "data allowed, lifted data, holds destination:JP, opened pass"},
          {"2h: use 2 MB on 440-10", "counted", "", "used 0.00, data allowed"},
          {"25h: clock", "confirmation_requested", "pass_ended, confirm_destination",
           "data held, lifted nothing, question pending"}}},
        {"going away and coming back within its time needs no question",
         with(japan, "{}", dear),
         {{"0h: attach 440-10", "confirmation_requested", "confirm_destination", ""},
          {"1h: answer pass:jp-day", "", "receipt", ""},
          {"2h: attach 208-10", "welcomed", "welcome", "holds none, data allowed"},
          {"3h: attach 440-10", "welcome_suppressed", "", "data allowed, holds none"},
          {"25h: clock", "confirmation_requested", "pass_ended, confirm_destination", "data held"}}},
        {"its allowance used up holds the rest of the same record's successor",
         with(japan, "{}", dear),
         {{"0h: attach 440-10", "confirmation_requested", "confirm_destination", ""},
          {"1h: answer pass:jp-day", "", "receipt", ""},
          {"2h: use 10 MB on 440-10", "confirmation_requested, counted", "pass_ended, confirm_destination",
           "used 0.00, data held"}}},
    });
}

TEST_CASE("calendar days") {
    // The stories begin on 2026-03-10 at 08:00 in London, 17:00 in Tokyo, 04:00 in New York, 22:00 the day before in
    // Honolulu.
    const std::string rows = "*,*,data,1.00,GBP,MB,1 B,1 B,,,\n";
    tell_all({
        {"a day at home ends at midnight at home",
         with("d,*,JP,data,4.00,GBP,incl,20,10 MB,1 d,home,Day\n"),
         {arrival, to_the_cap, {"2h: answer pass:d", "", "receipt monthly/1", "pass d until 16h"}}},
        {"two days at home end a day later",
         with("d,*,JP,data,4.00,GBP,incl,20,10 MB,2 d,home,Days\n"),
         {arrival, to_the_cap, {"2h: answer pass:d", "", "receipt monthly/1", "pass d until 40h"}}},
        {"bought a minute before midnight it lasts that minute: the text has said so",
         with("d,*,JP,data,4.00,GBP,incl,20,10 MB,1 d,home,Day\n"),
         {arrival, to_the_cap, {"15h59m: answer pass:d", "", "receipt monthly/1", "pass d until 16h"}}},
        {"a day at the destination ends at midnight there, where the country has one time",
         with("d,*,JP,data,4.00,GBP,incl,20,10 MB,1 d,local,Day\n"),
         {arrival,
          to_the_cap,
          {"2h: answer pass:d", "", "receipt monthly/1", "pass d until 7h"},
          {"3h: use 1 MB written +09:00 on 440-10", "counted", "", "pass d until 7h"}}},
        {"where it has several, the last of them until a covered record tells the local time",
         with("d,*,US,data,4.00,GBP,incl,20,10 MB,1 d,local,Day\n"),
         {{"0h: attach 310-410", "welcomed", "welcome", ""},
          {"1h: use 12 MB on 310-410", over, asked, ""},
          {"6h: answer pass:d", "", "receipt monthly/1", "pass d until 26h"},
          {"7h: use 1 MB written -04:00 on 310-410", "counted", "", "pass d until 20h"},
          {"8h: use 1 MB written -07:00 on 310-410", "counted", "", "pass d until 20h"}}},
        {"a time written as UTC, or as no time the country has, says nothing of it",
         with("d,*,US,data,4.00,GBP,incl,20,10 MB,1 d,local,Day\n"),
         {{"0h: attach 310-410", "welcomed", "welcome", ""},
          {"1h: use 12 MB on 310-410", over, asked, ""},
          {"6h: answer pass:d", "", "receipt monthly/1", "pass d until 26h"},
          {"7h: use 1 MB written Z on 310-410", "counted", "", "pass d until 26h"},
          {"8h: use 1 MB written +01:00 on 310-410", "counted", "", "pass d until 26h"}}},
    });
}

TEST_CASE("bundles bought elsewhere") {
    tell_all({
        {"cover from their beginning; a covered dear place is welcomed without a question",
         with("", "{}", dear),
         {{"0h: bundle b 0h 48h 10 MB JP", "", "", "pass b open, bought 0, opened nothing"},
          {"1h: attach 440-10", "welcomed", "welcome", "data allowed"},
          {"2h: use 9 MB on 440-10", "counted", "pass_threshold/80", "used 0.00"},
          {"48h: clock", "confirmation_requested", "pass_ended, confirm_destination", "data held"}}},
        {"recorded while data is held it lifts the hold; ended early it binds again",
         with(""),
         {arrival,
          to_the_cap,
          {"2h: bundle b 2h 48h unlimited JP", "", "", "data allowed, lifted data"},
          {"3h: end b", "", "pass_ended", "data held, question pending"},
          {"4h: use 1 MB on 440-10", "counted_over_cap, counted", "", "overrun 3.00"}}},
        {"one that begins later covers nothing yet",
         with(""),
         {arrival,
          {"1h: bundle b 5h 48h 10 MB JP", "", "", ""},
          {"2h: use 2 MB on 440-10", "counted", "", "used 2.00, pass b used 0 B"},
          {"6h: use 2 MB on 440-10", "counted", "", "used 2.00, pass b used 2 MB"}}},
        {"one recorded ahead lifts the hold when it begins, by the clock",
         with(""),
         {arrival,
          to_the_cap,
          {"2h: bundle b 5h 48h 10 MB JP", "", "", "data held"},
          {"4h59m: clock", "", "", "data held"},
          {"5h: clock", "", "", "data allowed, lifted data"}}},
        {"of two that cover, the one that ends first is used",
         with(""),
         {arrival,
          {"0h: bundle long 0h 48h 10 MB JP", "", "", ""},
          {"0h: bundle short 0h 24h 10 MB JP", "", "", ""},
          {"1h: use 2 MB on 440-10", "counted", "", "pass short used 2 MB, pass long used 0 B"},
          {"2h: use 9 MB on 440-10", "counted", "pass_ended", "pass short used 10 MB, used 1.00"}}},
    });
}

}  // namespace roamguard::protection::testing
