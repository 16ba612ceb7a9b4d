#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, sections 4 and 6: what senders charged in several currencies and on several tax bases, what passes cover of
// it, and what cannot be counted.
namespace roamguard::protection::testing {
namespace {

constexpr const char* much = R"({"caps":[{"id":"much","services":["data","voice_mo","voice_mt","sms_mo"],
    "amount":"1000.00","currency":"GBP","thresholds":[]}]})";
constexpr const char* plain = "*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n";
constexpr const char* with_tax = "*,*,data,1.20,GBP,MB,1 B,1 B,incl,20,no\n";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

Traveller at(std::string rows, std::string fx = "") { return {much, std::move(rows), std::move(fx), "", false}; }

}  // namespace

TEST_CASE("what one session is charged in several ways is counted on the tariff's basis") {
    tell_all({
        {"on the tariff's own tax basis as it is",
         at(with_tax),
         {arrival, {"use 1 MB charged 2.00 GBP incl", "counted", "", "added 2.00 GBP, used 2.00"}}},
        {"in two currencies",
         at(plain, "USD,GBP,0.5\n"),
         {arrival,
          {"use 1 MB in session a charged 2.00 GBP", "counted", "", "used 2.00"},
          {"use 1 MB in session a charged 4.00 USD", "counted", "", "added 2.00 GBP, used 4.00"},
          {"use 1 MB in session a charged 3.00 GBP", "counted", "", "added 3.00 GBP, used 7.00"}}},
        {"with and without tax",
         at(with_tax),
         {arrival,
          {"use 1 MB in session a charged 2.00 GBP incl", "counted", "", "used 2.00"},
          {"use 1 MB in session a charged 2.00 GBP excl", "counted", "", "added 2.40 GBP, used 4.40"},
          {"use 1 MB in session a charged 2.00 GBP incl", "counted", "", "added 2.00 GBP, used 6.40"}}},
        {"that cannot be brought there is not counted, and the tariff's price is",
         at(plain),
         {arrival,
          {"use 2 MB charged 9.00 GBP excl", "counted", "", "added 2.00 GBP, used 2.00, listed nothing"},
          {"use 2 MB charged 9.00 USD", "counted", "", "added 2.00 GBP, used 4.00, listed nothing"}}},
        {"of an allowance on its own tax basis",
         at(with_tax),
         {arrival,
          {"use 9 MB charged 1.50 GBP excl allowance", "counted", "", "added 1.50 GBP, used 1.80, listed nothing"}}},
    });
}

TEST_CASE("a session's mismatch is told of all it was charged, by currency") {
    tell_all({
        {"a charge in one rate's currency is not compared with another's",
         at(plain, "EUR,GBP,1\n"),
         {arrival,
          {"1h: use 1 MB on 440-10 in session a charged 3.00 GBP", "counted", "", "listed mismatch"},
          {"2h: publish *,*,data,1.00,EUR,MB,1 B,1 B,,,no", "", "", ""},
          {"3h: use 1 MB on 440-10 in session a charged 1.00 EUR", "counted", "", "listed nothing"}}},
        {"what was not charged is not compared",
         at(plain),
         {arrival,
          {"use 5 MB on 440-20 in session a", "counted", "", "listed nothing"},
          {"use 1 MB on 440-10 in session a charged 1.00 GBP", "counted", "", "listed nothing"}}},
        {"a charge for nothing is",
         at(plain),
         {arrival, {"use 0 in session a charged 1.00 GBP", "counted", "", "added 1.00 GBP, listed mismatch"}}},
    });
}

TEST_CASE("where no rate leads to the cap's currency nothing is counted, also where the charge alone would have one") {
    tell_all({{"the session was counted by a price that has none",
               at("*,*,data,1.00,USD,MB,1 B,1 B,,,no\n", "EUR,USD,2\nEUR,GBP,1\n"),
               {arrival,
                {"use 1 MB in session a", "confirmation_requested, counted", "confirm_destination",
                 "used 0.00, listed unpriced"},
                {"use 1 MB in session a charged 20.00 EUR", "counted", "", "used 0.00, added 39.00 USD"}}}});
}

TEST_CASE("what is beyond counting adds nothing and is listed") {
    tell_all({
        {"a price",
         at("*,*,data,2.00,GBP,MB,1 B,1 B,,,no\n"),
         {arrival,
          {"use 6000000000 GB in session a", "confirmation_requested, counted", "confirm_destination",
           "used 0.00, added nothing, listed unpriced"},
          {"use 1 MB in session a", "counted", "", "used 2.00, added 2.00 GBP, listed nothing"}}},
        {"its conversion",
         at("*,*,data,1.00,USD,MB,1 B,1 B,,,no\n", "USD,GBP,2\n"),
         {arrival,
          {"use 6000000000 GB", "confirmation_requested, counted", "confirm_destination",
           "used 0.00, listed unpriced"}}},
    });
}

TEST_CASE("what a pass covers costs nothing more, and the rest what it costs") {
    tell_all({
        {"a bundle where the tariff has no price",
         at("*,KR,data,1.00,GBP,MB,,,,,\n"),
         {{"bundle b 0h 24h unlimited JP", "", "", "bundle recorded"},
          {"1h: use 5 MB on 440-10", "welcomed, counted", "welcome",
           "added 0.00 GBP, used 0.00, listed nothing, pass b used 5 MB, data allowed"}}},
        {"what goes beyond its allowance is priced, and the sender's charge is for that",
         at(plain),
         {arrival,
          {"bundle b 0h 24h 4 MB JP", "", "", ""},
          {"1h: use 6 MB on 440-10 charged 5.00 GBP", "counted", "pass_ended",
           "added 5.00 GBP, used 5.00, listed mismatch, pass b used 4 MB"}}},
        {"what goes beyond and has no price is listed",
         at("*,KR,data,1.00,GBP,MB,,,,,\n"),
         {{"bundle b 0h 24h 4 MB JP", "", "", ""},
          {"1h: use 3 MB on 440-10", "welcomed, counted", "welcome", "listed nothing"},
          {"2h: use 6 MB on 440-10", "confirmation_requested, counted", "pass_ended, confirm_destination",
           "used 0.00, listed unpriced, data held"}}},
        {"a record that uses all of it exactly leaves nothing to price",
         at(plain),
         {arrival,
          {"bundle b 0h 24h 4 MB JP", "", "", ""},
          {"1h: use 4 MB on 440-10", "counted", "pass_ended", "added 0.00 GBP, used 0.00, pass b ended"}}},
        {"a record of a single byte draws on it",
         at(plain),
         {arrival,
          {"bundle b 0h 24h 4 MB JP", "", "", ""},
          {"1h: use 1 B on 440-10", "counted", "", "used 0.00, pass b used 1 B"}}},
        {"a free record draws on none",
         at(plain),
         {arrival,
          {"bundle b 0h 24h 4 MB JP", "", "", ""},
          {"1h: use 1 MB on 440-10 free", "counted", "", "used 0.00, pass b used 0 B"}}},
    });
}

TEST_CASE("volume is counted whatever it costs, and in a period that is over too") {
    tell_all({{"late",
               {R"({"caps":[{"id":"daily","volume":"10 MB","period":"day","thresholds":[50]}]})", "", "", "", false},
               {{"0h: use 4 MB on 440-10", "welcomed, counted", "welcome", "used 4 MB"},
                {"17h: use 1 MB on 440-10", "counted", "", "used 1 MB"},
                {"1h, heard 18h: use 8 MB on 440-10", "counted", "", "used 10 MB, overrun 2 MB, holds none"}}}});
}

TEST_CASE("a record belongs to where the traveller was when it happened") {
    const Traveller who{much, "*,JP,data,1.00,GBP,MB,1 B,1 B,,,no\n*,KR,data,3.00,GBP,MB,1 B,1 B,,,no\n", "", "",
                        false};
    tell_all({
        {"exactly when a place was entered, there",
         who,
         {arrival,
          {"2h: attach 450-05", "welcomed", "welcome", ""},
          {"2h, heard 3h: use 1 MB", "counted", "", "added 3.00 GBP, counted-at KR"},
          {"1h59m, heard 4h: use 1 MB", "counted", "", "added 1.00 GBP, counted-at JP"}}},
        {"abroad, while nobody says where, nowhere",
         who,
         {arrival,
          {"2h: roaming-on", "noted", "", ""},
          {"2h, heard 2h: use 1 MB", "counted", "", "listed unpriced, counted-at unknown"},
          {"1h59m, heard 2h: use 1 MB", "counted", "", "added 1.00 GBP, counted-at JP"}}},
        {"in a test network nothing is counted",
         who,
         {arrival, {"1h: use 1 MB on 001-01", "test_network", "", "used 0.00, place JP"}}},
    });
}

}  // namespace roamguard::protection::testing
