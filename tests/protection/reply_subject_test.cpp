#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 7: which question an SMS is about when questions are over, and what it then does.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr const char* passes =
    "jp-day,*,JP,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Japan day\n"
    "jp-week,*,JP,data,20.00,GBP,incl,20,unlimited,7 d,rolling,Japan week\n";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step reached{"1h: use 10 MB on 440-10", over, asked, "data held"};
const Step in_the_air{"0h: attach 901-14", "confirmation_requested", "confirm_destination", "data held"};

Step no_more_than(const char* limit) {
    return {
        std::string(
            R"(profile {"caps":[{"id":"monthly","services":["data"],"currency":"GBP","thresholds":[100],"amount":")") +
            limit + R"("}]})",
        "", "released monthly/1", "data allowed, holds none"};
}
Step decided(std::string what, const std::string& chosen) {
    return {std::move(what), "", "help", "replied helped, note already_decided, chosen " + chosen};
}
Step nothing_open(std::string what) { return {std::move(what), "", "help", "replied helped, note nothing_open"}; }
Traveller with_passes() {
    Traveller who;
    who.passes = passes;
    return who;
}

}  // namespace

TEST_CASE("a no about a pass that was bought changes nothing, as long as it is valid") {
    tell_all({
        {"and is about nothing after that",
         with_passes(),
         {arrival,
          reached,
          {"reply 2", "", "receipt monthly/1", "replied confirmed, bought 1, chosen pass, data allowed"},
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"currency":"GBP","thresholds":[100],"amount":"50.00"}]})",
           "", "", "holds none, question confirmed"},
          decided("reply NO", "pass"),
          {"26h: clock", "", "pass_ended", "pass jp-day ended"},
          nothing_open("reply NO")}},
        {"nor is it about one that was bought elsewhere",
         {},
         {arrival,
          {"30m: bundle b 0h 48h unlimited KR", "", "", "bundle recorded"},
          reached,
          no_more_than("50.00"),
          nothing_open("reply NO")}},
    });
}

TEST_CASE("an answer of an earlier trip is neither taken back nor given again") {
    const std::vector<Step> twice{in_the_air,
                                  {"10m: answer continue", "", "receipt", "data allowed"},
                                  {"1h: attach home", "returned_home", "", ""},
                                  {"8h: clock", "", "", "trip 1 ended"}};
    const auto then = [&](std::string title, const std::vector<Step>& steps) {
        std::vector<Step> all = twice;
        all.insert(all.end(), steps.begin(), steps.end());
        return Tale{std::move(title), {}, std::move(all)};
    };
    const Step again{"30h: attach 901-14", "confirmation_requested", "confirm_destination", "data held, trip 2"};
    tell_all({
        then("when the trip is over", {decided("9h: reply NO CODE1", "continue"), nothing_open("reply NO")}),
        then("when the next trip has a yes of its own", {again,
                                                         {"31h: answer continue", "", "receipt", "data allowed"},
                                                         {"reply NO CODE1", "", "help",
                                                          "replied helped, note already_decided, chosen continue, "
                                                          "data allowed"}}),
        then("when the next trip has a no of its own",
             {again,
              {"31h: answer decline", "", "declined", "data blocked"},
              {"reply NO CODE1", "", "help", "replied helped, note already_decided, chosen continue, data blocked"}}),
    });
}

TEST_CASE("a wish to continue after a no need not wait because of an earlier trip's question") {
    tell_all({{"the first asking on this trip is no repeat",
               {},
               {in_the_air,
                {"10m: answer decline", "", "declined", "data blocked"},
                {"1h: attach home", "returned_home", "", ""},
                {"8h: clock", "", "", "trip 1 ended"},
                {"30h: attach 901-14", "confirmation_requested", "confirm_destination", "data held, trip 2"},
                {"answer decline", "", "declined", "data blocked"},
                {"reply 1 CODE", "confirmation_requested", "confirm_destination", "replied asked_again"}}}});
}

TEST_CASE("a no after a yes closes nothing where the cap holds nothing any more") {
    const std::vector<Step> opened{arrival, reached, {"answer extend", "", "receipt monthly/1", "stage 2"}};
    const auto then = [&](std::string title, const std::vector<Step>& steps) {
        std::vector<Step> all = opened;
        all.insert(all.end(), steps.begin(), steps.end());
        return Tale{std::move(title), {}, std::move(all)};
    };
    tell_all({
        then("it was removed", {{R"(profile {"caps":[]})", "", "", "data allowed"}, nothing_open("reply NO")}),
        then(
            "it only notifies",
            {{R"(profile {"caps":[{"id":"monthly","services":["data"],"currency":"GBP","amount":"20.00","atLimit":"notify"}]})",
              "", "", "data allowed"},
             nothing_open("reply NO"),
             decided("reply NO CODE1", "extend")}),
        then("its next stage is reached, and asked about",
             {{"use 5 MB", over, "confirm_cap monthly/2/100", "data held"},
              {"reply 1 CODE1", "", "help",
               "replied helped, note already_decided, chosen extend, stage 2, question pending, data held"},
              {"reply NO CODE1", "", "help",
               "replied helped, note already_decided, chosen extend, stage 2, question pending, data held"}}),
        then("its period is over", {{"22d: clock", "", "", ""}, decided("reply NO CODE1", "extend")}),
        then("the customer has set another limit since",
             {{"reply CAP 50", "confirmation_requested", "confirm_cap monthly/0", "replied cap_asked"},
              {"reply 1", "", "receipt monthly/0", "stage 1, limit 50.00, data allowed"},
              decided("reply NO CODE1", "extend")}),
    });
}

TEST_CASE("the written answer shows what limits from then on, and until when") {
    const Traveller trip{
        R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"trip"}]})", "", "",
        "", false};
    tell_all({
        {"after a yes the next limit",
         {},
         {arrival,
          reached,
          {"reply 1", "", "receipt monthly/1",
           "shows limit 15.00, shows used 10.00, shows until 519h, shows still-off no, shows cap monthly, "
           "shows services data, shows prices data"}}},
        {"after a no the one that was reached",
         {},
         {arrival,
          reached,
          {"reply NO", "", "declined monthly/1", "shows limit 10.00, shows until 519h, shows still-off yes"}}},
        {"of a trip no end",
         trip,
         {arrival, reached, {"reply 1", "", "receipt monthly/1", "shows limit 20.00, shows until trip"}}},
    });
}

TEST_CASE("a no at the very end of a period takes nothing back") {
    tell_all(
        {{"for its stage is over",
          {R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"day"}]})", "",
           "", "", false},
          {arrival, reached, {"answer extend", "", "receipt monthly/1", "stage 2"}, nothing_open("16h: reply NO")}}});
}

TEST_CASE("the code of a period's question does nothing in the next period") {
    tell_all({{"that has a question of its own",
               {R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"day"}]})",
                "", "", "", false},
               {arrival,
                reached,
                {"16h: clock", "", "released monthly/1", "question withdrawn"},
                {"17h: use 10 MB on 440-10", over, asked, "data held, questions 2"},
                {"reply 1 CODE1", "", "help",
                 "replied helped, note already_decided, chosen nothing, data held, question pending, stage 1"}}}});
}

TEST_CASE("a yes among several costly choices") {
    tell_all({
        {"selects none of them",
         with_passes(),
         {arrival,
          reached,
          {"reply YES", "", "help", "replied helped, note not_understood, offers 4, question pending"}}},
        {"after the question expired asks for all of them anew",
         with_passes(),
         {arrival,
          reached,
          {"26h: clock", "", "", "question expired, data held"},
          {"reply 7", "", "help", "replied helped, note not_understood, offers 0"},
          {"reply YES", "confirmation_requested", asked, "replied asked_again, question pending, offers 4"}}},
    });
}

TEST_CASE("a wish to continue about a cap that is gone asks nothing") {
    tell_all({{"by a reload that nobody was told of",
               {},
               {arrival,
                reached,
                {"reply NO", "", "declined monthly/1", "data blocked"},
                {R"(reload {"caps":[]})", "", "", ""},
                decided("reply 1", "decline")}}});
}

TEST_CASE("an answer about a cap that a reload took away ends the hold and opens no stage") {
    tell_all({{"extend",
               {},
               {arrival,
                reached,
                {R"(reload {"caps":[]})", "", "", ""},
                {"answer extend", "", "receipt monthly/1",
                 "data allowed, holds none, question confirmed, opened nothing, shows limit none"}}}});
}

TEST_CASE("a stage that is full when it opens holds nothing where its cap only notifies since a reload") {
    tell_all(
        {{"extend",
          {},
          {arrival,
           {"use 8 MB", "threshold_reached, counted", "threshold monthly/1/80", ""},
           {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"3.00","currency":"GBP"}]})",
            "cap_reached, confirmation_requested", asked, "data held"},
           {R"(reload {"caps":[{"id":"monthly","services":["data"],"amount":"3.00","currency":"GBP","atLimit":"notify"}]})",
            "", "", ""},
           {"answer extend", "", "receipt monthly/1", "data allowed, holds none, stage 2, limit 6.00"}}}});
}

TEST_CASE("where nobody knows the place, answers count all the same") {
    tell_all({{"a yes, a no and a wish to continue",
               {},
               {{"0h: roaming-on", "noted", "", "place none"},
                {"0h: use 10 MB", over, asked, "place none, used 10.00"},
                {"0h: reply 1", "", "receipt monthly/1", "replied confirmed, stage 2, holds none"},
                {"0h: reply NO", "", "declined monthly/1", "replied reopened, stage 1, holds cap:monthly/declined"},
                {"0h: reply 1", "confirmation_requested", asked, "replied asked_again, holds cap:monthly"}}}});
}

TEST_CASE("a payer has to do with no question that was the user's") {
    tell_all({{"whose line was given a payer since",
               {},
               {arrival,
                reached,
                {"answer extend", "", "receipt monthly/1", "stage 2"},
                {R"(profile {"msisdn":"+447700900042","payer":{"msisdn":"+447700900100"}})", "", "", ""},
                {"payer NO CODE1", "", "help to payer", "replied helped, note nothing_open, stage 2"},
                {"payer NO", "", "help to payer", "replied helped, note nothing_open, stage 2"}}}});
}

TEST_CASE("the answer to USAGE lists every cap with its use, limit and end, and the running trip's sum") {
    const Traveller two{R"({"caps":[{"id":"trip","services":["data"],"amount":"20.00","currency":"GBP","period":"trip"},
                                    {"id":"month","volume":"1 GB"}]})",
                        "", "", "", false};
    tell_all({
        {"before a trip its cap has no end",
         two,
         {{"0h: reply USAGE", "", "usage",
           "replied told_usage, shows caps data/0.00/20.00/incl/trip/none data/none/1 GB/incl/519h"}}},
        {"on a trip neither",
         two,
         {arrival,
          {"1h: use 3 MB on 440-10", "counted", "", ""},
          {"reply USAGE", "", "usage 3.00 GBP", "shows caps data/3.00/20.00/incl/trip/none data/3 MB/1 GB/incl/519h"}}},
        {"after it nothing is spent on a trip",
         two,
         {arrival,
          {"1h: use 3 MB on 440-10", "counted", "", ""},
          {"2h: attach home", "returned_home", "", ""},
          {"9h: clock", "", "trip_summary 3.00 GBP", ""},
          {"reply USAGE", "", "usage", "shows caps data/0.00/20.00/incl/trip/none data/3 MB/1 GB/incl/519h"}}},
        {"where a credit gave all back nothing is spent",
         two,
         {arrival,
          {"credit 3.00 GBP", "counted", "", ""},
          {"reply USAGE", "", "usage", "shows caps data/0.00/20.00/incl/trip/none data/none/1 GB/incl/519h"}}},
    });
}

TEST_CASE("of questions that are over the last twelve are kept, and every open one") {
    std::vector<Step> steps{in_the_air,
                            {"1h: use 10 MB on 901-14", over, asked, "questions 2"},
                            {"answer decline", "", "declined monthly/1", ""}};
    for (int asked_again = 0; asked_again < 14; ++asked_again) {
        const std::string questions = std::to_string(std::min(3 + asked_again, 14));
        steps.push_back(
            {"reply 1 CODE", "confirmation_requested", asked, "replied asked_again, questions " + questions});
        steps.push_back({"answer decline", "", "declined monthly/1", ""});
        steps.push_back({std::to_string(3 + asked_again) + "h: clock", "", "", ""});
    }
    steps.push_back({"reply 1 CODE1", "", "receipt", "replied confirmed, holds cap:monthly/declined"});
    tell_all({{"a place's question outlives those about a cap", {}, steps}});
}

TEST_CASE("a pass bought for a stage is what its question was answered with, whatever its stage came to later") {
    const std::vector<Step> bought{arrival, reached, {"reply 2", "", "receipt monthly/1", "bought 1, data allowed"}};
    const auto then = [&](std::string title, const std::vector<Step>& steps) {
        std::vector<Step> all = bought;
        all.insert(all.end(), steps.begin(), steps.end());
        return Tale{std::move(title), with_passes(), std::move(all)};
    };
    tell_all({
        then("while it is valid", {decided("reply NO", "pass"), decided("reply NO CODE1", "pass")}),
        then("when the stage was opened after it",
             {{"26h: clock", "confirmation_requested", "pass_ended, confirm_cap monthly/1/100", "data held"},
              {"answer extend", "", "receipt monthly/1", "stage 2, data allowed"},
              {"reply NO CODE1", "", "help",
               "replied helped, note already_decided, chosen pass, stage 2, data allowed"}}),
    });
}

}  // namespace roamguard::protection::testing
