#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 7: passes and bundles at the bounds of their time, allowance and place.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step to_the_cap{"1h: use 12 MB on 440-10", over, asked, "data held"};
const Traveller dear{"{}", "*,*,data,8.00,GBP,MB,1 B,1 B,,,yes\n", "", "", false};

Traveller with(const std::string& passes) {
    Traveller who;
    who.passes = passes;
    return who;
}

}  // namespace

TEST_CASE("a bundle at the moment it begins") {
    tell_all({
        {"covers what starts then, and not what started before",
         {},
         {arrival,
          {"0h: bundle b 2h 48h 10 MB JP", "", "", ""},
          {"2h: use 1 MB on 440-10", "counted", "", "used 0.00, pass b used 1 MB"},
          {"1h59m59s, heard 3h: use 1 MB on 440-10", "counted", "", "used 1.00, pass b used 1 MB"}}},
    });
}

TEST_CASE("the clock wakes at the end of the bundle that ends first") {
    tell_all({
        {"whichever was recorded first",
         {},
         {arrival,
          {"0h: bundle long 0h 48h 10 MB JP", "", "", "wakes 2d"},
          {"0h: bundle short 0h 24h 10 MB JP", "", "", "wakes 1d"},
          {"0h: bundle middle 0h 36h 10 MB JP", "", "", "wakes 1d"}}},
        {"and not for one that is over already",
         {},
         {arrival,
          {"0h: bundle long 0h 48h 10 MB JP", "", "", ""},
          {"0h: bundle short 0h 24h 10 MB JP", "", "", ""},
          {"1h: use 10 MB on 440-10", "counted", "pass_ended", "pass short ended, wakes 2d"}}},
    });
}

TEST_CASE("a bundle that is changed where data is dear") {
    tell_all({
        {"so that it covers that place no more has it asked about",
         dear,
         {{"0h: bundle b 0h 48h 10 MB JP", "", "", ""},
          {"1h: attach 440-10", "welcomed", "welcome", "data allowed"},
          {"2h: bundle b 0h 48h 10 MB FR", "confirmation_requested", "confirm_destination",
           "bundle changed, data held"}}},
        {"and used up there it has it asked about too",
         dear,
         {{"0h: bundle b 0h 48h 10 MB JP", "", "", ""},
          {"1h: attach 440-10", "welcomed", "welcome", "data allowed"},
          {"2h: use 10 MB on 440-10", "confirmation_requested, counted", "pass_ended, confirm_destination",
           "data held, used 0.00"}}},
        {"and ended there as well",
         dear,
         {{"0h: bundle b 0h 48h 10 MB JP", "", "", ""},
          {"1h: attach 440-10", "welcomed", "welcome", "data allowed"},
          {"2h: end b", "confirmation_requested", "pass_ended, confirm_destination", "data held"}}},
    });
}

TEST_CASE("a bundle lifts and binds what the traveller is held by, and asks nothing while its question is open") {
    tell_all({
        {"declined, the pass that ends has it asked anew",
         {},
         {arrival,
          to_the_cap,
          {"1h5m: answer decline", "", "declined monthly/1", "data blocked"},
          {"2h: bundle b 2h 3h 10 MB JP", "", "", "data allowed, lifted data"},
          {"3h: clock", "confirmation_requested", "pass_ended, confirm_cap monthly/1/100",
           "data held, lifted nothing, questions 2"}}},
        {"another bundle beside it changes nothing",
         {},
         {arrival,
          to_the_cap,
          {"2h: bundle b 2h 48h 10 MB JP", "", "", "data allowed, lifted data"},
          {"3h: bundle c 3h 48h 10 MB JP", "", "", "data allowed, lifted data, questions 1"},
          {"4h: end b", "", "pass_ended", "data allowed, lifted data, questions 1"},
          {"5h: end c", "", "pass_ended", "data held, lifted nothing, question pending"}}},
    });
}

TEST_CASE("what was bought belongs to what the trip cost") {
    tell_all({
        {"with what was used before it",
         with("d,*,JP,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Day\n"),
         {arrival,
          to_the_cap,
          {"2h: answer pass:d", "", "receipt monthly/1", "data allowed, bought 1, opened pass"},
          {"3h: attach home", "returned_home", "", ""},
          {"26h: clock", "", "trip_summary 16.00 GBP, pass_ended", ""}}},
    });
}

}  // namespace roamguard::protection::testing
