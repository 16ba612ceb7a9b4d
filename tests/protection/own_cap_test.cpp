#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 7: `CAP 100` sets one's own cap, asked back first when it is higher.
namespace roamguard::protection::testing {
namespace {

const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step some{"use 4 MB", "counted", "", "used 4.00"};
const Step reached{"use 12 MB", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100",
                   "data held, used 10.00"};
const Traveller child{R"({"msisdn":"+447700900042","payer":{"msisdn":"+447700900100"}})", "", "", "", false};

Traveller with_caps(const std::string& caps) { return {R"({"caps":)" + caps + "}", "", "", "", false}; }

}  // namespace

TEST_CASE("a cap that is not above the present one counts at once") {
    tell_all({
        {"lower", {}, {arrival, {"reply CAP 8", "", "receipt monthly/0", "replied cap_set, note own_cap, limit 8.00"}}},
        {"in its currency", {}, {arrival, {"reply cap 8.50 gbp", "", "receipt monthly/0", "limit 8.50"}}},
        {"and warns of what is used",
         {},
         {arrival,
          some,
          {"reply CAP 5", "threshold_reached", "receipt monthly/0, threshold monthly/1/80",
           "percent 80, data allowed"}}},
        {"and holds at once where that much is used",
         {},
         {arrival,
          some,
          {"reply CAP 4", "cap_reached, confirmation_requested", "receipt monthly/0, confirm_cap monthly/1/100",
           "percent 100, data held, holds cap:monthly"}}},
        {"the present one again is answered and changes nothing",
         {},
         {arrival, some, {"reply CAP 10", "", "receipt monthly/0", "replied cap_set, limit 10.00, used 4.00"}}},
        {"closes a stage that was opened",
         {},
         {arrival,
          reached,
          {"reply 1", "", "receipt monthly/1", "stage 2, limit 15.00, data allowed"},
          {"reply CAP 10", "cap_reached, confirmation_requested", "receipt monthly/0, confirm_cap monthly/1/100",
           "replied cap_set, stage 1, limit 10.00, data held"}}},
        {"asks anew about the limit that counts now",
         {},
         {arrival,
          reached,
          {"reply CAP 6", "cap_reached, confirmation_requested", "receipt monthly/0, confirm_cap monthly/1/100",
           "stage 1, limit 6.00, data held, questions 2"}}},
        {"of stages the higher ones stay",
         with_caps(R"([{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"month",
                        "stages":["10.00","20.00"]}])"),
         {arrival,
          {"reply CAP 8", "", "receipt monthly/0", "limit 8.00"},
          {"use 8 MB", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100", "data held"},
          {"reply 1", "", "receipt monthly/1", "limit 10.00"}}},
        {"with the extension it had",
         {},
         {arrival,
          {"reply CAP 8", "", "receipt monthly/0", "limit 8.00"},
          {"use 8 MB", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100", "data held"},
          {"reply 1", "", "receipt monthly/1", "stage 2, limit 13.00"}}},
        {"of several caps the first in money that does not repeat",
         with_caps(R"([{"id":"v","services":["data"],"volume":"5 GB","period":"month"},
                       {"id":"e","services":["data"],"every":"100.00","currency":"GBP","period":"month"},
                       {"id":"m","services":["data"],"amount":"10.00","currency":"GBP","period":"month"},
                       {"id":"n","services":["data"],"amount":"30.00","currency":"GBP","period":"month"}])"),
         {arrival,
          {"use 4 MB", "counted", "", "m.used 4.00"},
          {"reply CAP 8", "", "receipt m/0", "m.limit 8.00, n.limit 30.00, shows used 4.00, shows limit 8.00"}}},
        {"the user of a line that somebody else pays may lower it",
         child,
         {arrival, {"reply CAP 8", "", "receipt monthly/0", "replied cap_set, limit 8.00"}}},
    });
}

TEST_CASE("a higher cap is asked back first, and nothing is held because of it") {
    const Step asked{"reply CAP 100", "confirmation_requested", "confirm_cap monthly/0",
                     "replied cap_asked, note own_cap, offers 2, limit 10.00, data allowed, question pending"};
    tell_all({
        {"yes raises it",
         {},
         {arrival,
          some,
          asked,
          {"reply YES", "", "receipt monthly/0", "replied confirmed, note own_cap, limit 100.00, used 4.00"},
          {"use 7 MB", "counted", "", "data allowed"}}},
        {"the code counts as of any question",
         {},
         {arrival, asked, {"reply 1 CODE", "", "receipt monthly/0", "limit 100.00"}}},
        {"no leaves it",
         {},
         {arrival, asked, {"reply NO", "", "declined monthly/0", "replied declined, note own_cap, limit 10.00"}}},
        {"silence leaves it",
         {},
         {arrival,
          asked,
          {"25h: clock", "", "", "question expired, limit 10.00"},
          {"reply 1", "", "help", "replied helped, note nothing_open, limit 10.00"}}},
        {"it counts as recorded meanwhile, and the cap still holds",
         {},
         {arrival,
          asked,
          {"use 12 MB", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100",
           "data held, questions 2"},
          {"reply 1", "", "help", "note several_open, data held"},
          {"reply 1 CODE1", "", "receipt monthly/0, released monthly/1", "data allowed, limit 100.00, holds none"}}},
        {"another wish takes its place",
         {},
         {arrival,
          asked,
          {"reply CAP 50", "confirmation_requested", "confirm_cap monthly/0", "replied cap_asked, questions 2"},
          {"reply 1 CODE1", "", "help", "replied helped, note already_decided, limit 10.00"},
          {"reply YES", "", "receipt monthly/0", "limit 50.00"}}},
        {"a lower one withdraws it",
         {},
         {arrival, asked, {"reply CAP 9", "", "receipt monthly/0", "limit 9.00, question withdrawn"}}},
        {"so does another profile",
         {},
         {arrival,
          asked,
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"20.00","currency":"GBP","period":"month"}]})",
           "", "", "question withdrawn, limit 20.00"}}},
        {"as often as automatic texts go out",
         {},
         {arrival, asked, asked, asked, {"reply CAP 100", "", "", "replied silent, questions 3"}}},
        {"the payer decides it",
         child,
         {arrival,
          {"reply CAP 100", "confirmation_requested", "confirm_cap monthly/0 to payer, confirm_cap monthly/0",
           "replied cap_asked, offers 0"},
          {"reply YES", "", "help", "replied helped, note none, limit 10.00"},
          {"payer YES", "", "receipt monthly/0 to payer, receipt monthly/0", "replied confirmed, limit 100.00"}}},
        {"and asked so at home as well",
         {},
         {{"reply CAP 100", "confirmation_requested", "confirm_cap monthly/0", "replied cap_asked, question pending"},
          {"reply 1", "", "receipt monthly/0", "limit 100.00"}}},
    });
}

TEST_CASE("a higher first stage takes the place of those it reaches") {
    const Traveller stages = with_caps(R"([{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP",
                                            "period":"month","thresholds":[],"stages":["10.00","20.00","30.00"]}])");
    const auto wish = [](const std::string& limit) {
        return Step{"reply CAP " + limit, "confirmation_requested", "confirm_cap monthly/0", "limit 10.00"};
    };
    const std::string over = "cap_reached, confirmation_requested, counted";
    tell_all({
        {"of those above it the next follows",
         stages,
         {arrival,
          wish("15"),
          {"reply YES", "", "receipt monthly/0", "limit 15.00"},
          {"use 15 MB", over, "confirm_cap monthly/1/100", "choices extend decline"},
          {"reply 1", "", "receipt monthly/1", "stage 2, limit 20.00"}}},
        {"one that is exactly as high is that stage",
         stages,
         {arrival,
          wish("20"),
          {"reply YES", "", "receipt monthly/0", "limit 20.00"},
          {"use 20 MB", over, "confirm_cap monthly/1/100", "choices extend decline"},
          {"reply 1", "", "receipt monthly/1", "stage 2, limit 30.00"}}},
        {"above all of them none follows",
         stages,
         {arrival,
          wish("30"),
          {"reply YES", "", "receipt monthly/0", "limit 30.00"},
          {"use 30 MB", over, "confirm_cap monthly/1/100", "data held"},
          {"reply 1", "", "receipt monthly/1", "stage 2, limit none"}}},
    });
}

TEST_CASE("how high a cap one may wish for") {
    const Traveller rich = with_caps(R"([{"id":"monthly","services":["data"],"amount":"2000000.00","currency":"GBP",
                                          "period":"month"}])");
    const auto asked = [](const std::string& limit) {
        return Step{"reply CAP " + limit, "confirmation_requested", "confirm_cap monthly/0", "replied cap_asked"};
    };
    const auto refused = [](const std::string& limit) {
        return Step{"reply CAP " + limit, "", "help", "replied helped, note not_understood"};
    };
    tell_all({
        {"a thousand times the present one, and not a penny more", {}, {arrival, asked("10000"), refused("10000.01")}},
        {"a thousand million, and not a penny more", rich, {arrival, asked("1000000000"), refused("1000000000.01")}},
    });
}

TEST_CASE("which period a cap of one's own counts in") {
    const std::string trip = R"([{"id":"trip","services":["data"],"amount":"10.00","currency":"GBP","period":"trip"}])";
    const std::string day = R"([{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"day",
                                 "extension":"5.00"}])";
    tell_all({
        {"the trip's",
         with_caps(trip),
         {arrival, some, {"reply CAP 8", "", "receipt trip/0", "limit 8.00, used 4.00"}}},
        {"the one that begins now, not the one that ends",
         with_caps(day),
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"15h: use 4 MB", "counted", "", "used 4.00"},
          {"16h: use 2 MB", "counted", "", "used 2.00"},
          {"16h: reply CAP 8", "", "receipt monthly/0", "shows used 2.00, shows until 40h"}}},
        {"not tomorrow's, of which a record has come already",
         with_caps(day),
         {{"15h55m: attach 440-10", "welcomed", "welcome", ""},
          {"16h5m, heard 15h56m: use 12 MB", "cap_reached, confirmation_requested, counted",
           "confirm_cap monthly/1/100", ""},
          {"15h57m: answer extend", "", "receipt monthly/1", ""},
          {"15h58m: reply CAP 10", "", "receipt monthly/0", "stage 1, used 0.00"},
          {"16h10m: clock", "", "", "stage 2, used 10.00"}}},
        {"none, where the terms have no such cap any more",
         {},
         {arrival,
          {"reply CAP 100", "confirmation_requested", "confirm_cap monthly/0", ""},
          {R"(reload {"caps":[{"id":"other","services":["data"],"amount":"10.00","currency":"GBP"}]})", "", "", ""},
          {"reply YES", "", "", "replied confirmed, other.limit 10.00"}}},
    });
}

TEST_CASE("an amount that can be no limit gets help and changes nothing") {
    std::vector<Tale> tales;
    for (const std::string text : {"CAP 0", "CAP 0.00", "CAP 8.999 GBP", "CAP 8 EUR", "CAP 10001", "CAP 1000000001",
                                   "CAP 999999999999", "CAP", "CAP eight"})
        tales.push_back(
            {text, {}, {arrival, {"reply " + text, "", "help", "replied helped, note not_understood, limit 10.00"}}});
    tales.push_back({"finer than the currency's smallest coin",
                     with_caps(R"([{"id":"monthly","services":["data"],"amount":"1000","currency":"JPY",
                                    "period":"month"}])"),
                     {arrival,
                      {"reply CAP 99.5", "", "help", "replied helped, note not_understood, limit 1000"},
                      {"reply CAP 99", "", "receipt monthly/0", "limit 99"}}});
    tales.push_back({"where no cap is in money",
                     with_caps(R"([{"id":"v","services":["data"],"volume":"5 GB","period":"month"},
                                   {"id":"e","services":["data"],"every":"10.00","currency":"GBP","period":"month"}])"),
                     {arrival, {"reply CAP 8", "", "help", "replied helped, note not_understood"}}});
    tales.push_back({"a later cap in money is the one meant",
                     with_caps(R"([{"id":"v","services":["data"],"volume":"5 GB","period":"month"},
                                   {"id":"m","services":["data"],"amount":"10.00","currency":"GBP","period":"month"}])"),
                     {arrival, {"reply CAP 8", "", "receipt m/0", "m.limit 8.00"}}});
    tell_all(tales);
}

}  // namespace roamguard::protection::testing
