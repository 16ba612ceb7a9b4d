#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 7: which of several like questions an SMS is about, and what is told and kept of its answer.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr const char* given_a_payer = R"(profile {"msisdn":"+447700900042","payer":{"msisdn":"+447700900100"}})";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step reached{"1h: use 10 MB on 440-10", over, asked, "data held"};
const Step in_the_air{"0h: attach 901-14", "confirmation_requested", "confirm_destination", "data held"};
const Traveller daily{
    R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"day"}]})", "", "", "",
    false};

Step decided(std::string what, const std::string& chosen) {
    return {std::move(what), "", "help", "replied helped, note already_decided, chosen " + chosen};
}

}  // namespace

TEST_CASE("an answer of an earlier period neither closes nor opens the stage of this one") {
    const std::vector<Step> twice{
        arrival,
        reached,
        {"answer extend", "", "receipt monthly/1", "stage 2"},
        {"17h: use 10 MB on 440-10", over, asked, "data held, questions 2, stage 1"},
    };
    const auto then = [&](std::string title, const std::vector<Step>& steps) {
        std::vector<Step> all = twice;
        all.insert(all.end(), steps.begin(), steps.end());
        return Tale{std::move(title), daily, std::move(all)};
    };
    tell_all({
        then("while it is asked about", {decided("reply NO CODE1", "extend")}),
        then("when its stage is open",
             {{"answer extend", "", "receipt monthly/1", "stage 2"},
              {"reply NO CODE1", "", "help", "replied helped, note already_decided, chosen extend, stage 2"}}),
        {"nor makes the first asking of it a repeat",
         daily,
         {arrival,
          reached,
          {"answer decline", "", "declined monthly/1", ""},
          {"17h: use 10 MB on 440-10", over, std::string("released monthly/1, ") + asked, "data held"},
          {"answer decline", "", "declined monthly/1", "data blocked"},
          {"reply YES", "confirmation_requested", asked, "replied asked_again"}}},
    });
}

TEST_CASE("a question is told as it was answered, whatever a later one about the same was answered with") {
    const Step again{"reply YES", "confirmation_requested", "confirm_destination", "replied asked_again"};
    tell_all({
        {"a no before a yes",
         {},
         {in_the_air,
          {"reply NO", "", "declined", ""},
          again,
          {"reply YES", "", "receipt", "data allowed"},
          {"reply NO CODE1", "", "help", "replied helped, note already_decided, chosen decline, data allowed"}}},
        {"silence before a no",
         {},
         {in_the_air,
          {"24h: reply YES", "confirmation_requested", "confirm_destination", "replied asked_again"},
          {"reply NO", "", "declined", "data blocked"},
          decided("reply NO CODE1", "nothing")}},
        {"silence about a cap", {}, {arrival, reached, decided("26h: reply NO", "nothing")}},
    });
}

TEST_CASE("a no after a yes takes nothing back where nothing is held any more") {
    tell_all({{"not at a dear place either",
               {},
               {in_the_air,
                {"reply 1", "", "receipt", "data allowed"},
                {R"(profile {"hold":false})", "", "", "data allowed"},
                {"reply NO", "", "help", "replied helped, note nothing_open, data allowed, holds none"}}}});
}

TEST_CASE("a stage that was closed again is reached, also for a cap that only notifies since") {
    tell_all({{"nothing is told twice",
               {},
               {arrival,
                reached,
                {"reply 1", "", "receipt monthly/1", "stage 2"},
                {"reply NO", "", "declined monthly/1", "replied reopened, stage 1"},
                {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP",
                     "atLimit":"notify"}]})",
                 "", "released monthly/1", "data allowed"},
                {"use 5 MB", "counted", "", "used 15.00"}}}});
}

TEST_CASE("a user answers what the user was asked, and a payer what the payer was asked") {
    const std::vector<Step> both{arrival,
                                 reached,
                                 {given_a_payer, "", "", ""},
                                 {"2h: attach 901-14", "confirmation_requested",
                                  "confirm_destination to payer, confirm_destination", "questions 2"}};
    const auto then = [&](std::string title, const std::vector<Step>& steps) {
        std::vector<Step> all = both;
        all.insert(all.end(), steps.begin(), steps.end());
        return Tale{std::move(title), {}, std::move(all)};
    };
    tell_all({
        then("the user theirs, and then none",
             {{"reply 1", "", "receipt monthly/1", "replied confirmed, monthly.stage 2"},
              {"reply 1", "", "help", "replied helped, note none, offers 0, shows payer-decides yes"}}),
        then("not the payer's, though with its code",
             {{"reply 1 CODE2", "", "help", "replied helped, note not_understood, offers 2, question pending"}}),
        then("the payer only theirs",
             {{"payer 1 CODE1", "", "help to payer", "replied helped, note not_understood, offers 2, monthly.stage 1"},
              {"payer 1", "", "receipt to payer, receipt", "replied confirmed, question confirmed"},
              {"payer HELP", "", "help to payer",
               "replied helped, note nothing_open, shows payer-decides no, shows limit none"}}),
    });
}

TEST_CASE("a user may close again what a payer opened, also while the payer is asked about something else") {
    tell_all({{"a stage",
               {R"({"msisdn":"+447700900042","payer":{"msisdn":"+447700900100"}})", "", "", "", false},
               {arrival,
                {"1h: use 10 MB on 440-10", over, "confirm_cap monthly/1/100 to payer, confirm_cap monthly/1/100", ""},
                {"payer 1", "", "receipt monthly/1 to payer, receipt monthly/1", "stage 2"},
                {"2h: attach 901-14", "confirmation_requested", "confirm_destination to payer, confirm_destination",
                 "data held"},
                {"reply NO", "", "declined monthly/1", "replied reopened, stage 1"}}}});
}

TEST_CASE("a help answer shows the customer's own limit, if there is one") {
    tell_all({
        {"there is", {}, {arrival, {"reply HELP", "", "help", "shows limit 10.00"}}},
        {"there is none",
         {R"({"caps":[]})", "", "", "", false},
         {arrival, {"reply HELP", "", "help", "shows limit none"}}},
    });
}

TEST_CASE("a limit that changes is answered, however many texts went out") {
    tell_all({{"CAP lower",
               {},
               {arrival,
                {"reply a", "", "help", ""},
                {"reply b", "", "help", ""},
                {"reply c", "", "help", ""},
                {"reply CAP 10", "", "", "replied silent"},
                {"reply CAP 5", "", "receipt monthly/0", "replied cap_set, limit 5.00"}}}});
}

TEST_CASE("after an answer the clock is due for what is left") {
    tell_all({{"the trip's end in silence",
               {},
               {arrival,
                {"1h: use 10 MB on 440-10", over, asked, "wakes 25h"},
                {"reply 1", "", "receipt monthly/1", "wakes 721h"}}}});
}

namespace {

/// A customer in the air who was asked about the place.
struct Customer {
    CustomerState state{};
    Terms terms{};
    Rules rules{};
    tariffs::Book book{{{1, hour("0h") - tariffs::days(9), table_of({})}}};

    Customer() {
        terms.language = "de";
        terms.time_zone = "Europe/London";
        intake::RoamingEvent event;
        event.type = intake::EventType::attach;
        event.time.at = hour("0h");
        event.plmn = geoip::Plmn::parse("901-14");
        geoip::PlaceQuery query;
        query.plmn = event.plmn;
        Session none;
        (void)decide(event, resolve(query, networks(), nullptr, {}, geoip::Explain::off), terms, world(), hour("0h"),
                     "event", state, none);
    }
    [[nodiscard]] World world() const { return {&book, &networks(), &rules}; }
    ReplyDecision reply(std::string_view text, Instant now, Writer writer = {}) {
        return decide_reply(notifications::read_sms_reply(text), terms, world(), now, "sms", state, writer);
    }
};

}  // namespace

TEST_CASE("what an SMS did names its question, and what it was told is in the customer's language and time zone") {
    Customer customer;
    const std::string question = customer.state.questions.at(0).id;

    const ReplyDecision helped = customer.reply("HELP", hour("1h"));
    CHECK(helped.question.empty());
    REQUIRE(helped.decision.owed.size() == 1);
    CHECK(helped.decision.owed[0].question == question);
    CHECK(helped.decision.owed[0].facts.language == "de");
    CHECK(helped.decision.owed[0].facts.time_zone == "Europe/London");
    CHECK(helped.decision.owed[0].facts.code == customer.state.questions[0].code);

    const ReplyDecision yes = customer.reply("1", hour("2h"));
    CHECK(yes.question == question);
    CHECK(yes.decision.question == question);
    CHECK(customer.state.questions[0].actor.empty());
    CHECK(customer.state.questions[0].by == "sms");

    const ReplyDecision no = customer.reply("NO", hour("3h"));
    CHECK(no.result == ReplyResult::reopened);
    CHECK(no.question == question);
    CHECK(no.decision.question == question);
    REQUIRE(customer.state.holds.size() == 1);
    CHECK(customer.state.holds[0].since == hour("3h"));
    CHECK(customer.state.holds[0].question == question);
    CHECK(customer.state.holds[0].services == std::vector{tariffs::Service::data});

    const ReplyDecision again = customer.reply("YES", hour("4h"));
    CHECK(again.result == ReplyResult::asked_again);
    CHECK(again.question == customer.state.questions.at(1).id);
    CHECK(again.question != question);
}

TEST_CASE("where it is not clear which line an SMS is about it decides nothing and shows no question") {
    Customer customer;
    const ReplyDecision unclear = customer.reply("1", hour("1h"), {Writer::As::user, true});
    CHECK(unclear.result == ReplyResult::helped);
    CHECK(unclear.decision.owed.at(0).facts.note == notifications::Note::several_open);
    CHECK(unclear.decision.owed[0].facts.choices.empty());
    const ReplyDecision help = customer.reply("HELP", hour("1h"), {Writer::As::user, true});
    CHECK(help.decision.owed.at(0).facts.note == notifications::Note::several_open);
    CHECK(help.decision.owed[0].facts.choices.empty());
    CHECK(customer.state.questions.at(0).state == QuestionState::pending);
}

TEST_CASE("an answer of the payer is recorded as that") {
    Customer customer;
    customer.state.profile.payer = *notifications::Msisdn::parse("+447700900100");
    customer.state.questions.at(0).payer_decides = true;
    CHECK(customer.reply("1", hour("1h"), {Writer::As::payer, false}).result == ReplyResult::confirmed);
    CHECK(customer.state.questions[0].actor == "payer");
}

}  // namespace roamguard::protection::testing
