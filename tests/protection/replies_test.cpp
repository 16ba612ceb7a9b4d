#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "service/storage/codec.h"
#include "tests/protection/random_world.h"
#include "tests/protection/story.h"

// Contract, section 7: what a customer's SMS does.
namespace roamguard::protection::testing {
namespace {

using notifications::Kind;
using notifications::SmsReply;

/// A cap reached in a country that is not high-cost: one question is open.
const std::vector<Step> cap_reached{
    {"0h: attach 440-10", "welcomed", "welcome", ""},
    {"1h: use 12 MB on 440-10", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100",
     "data held, used 10.00, overrun 2.00, holds cap:monthly"}};
/// A high-cost place: one question is open.
const std::vector<Step> in_the_air{
    {"0h: attach 901-14", "confirmation_requested", "confirm_destination", "data held, holds destination:901-14"}};
/// Both: the destination's question came first.
const std::vector<Step> both_open{{"0h: attach 901-14", "confirmation_requested", "confirm_destination", "data held"},
                                  {"30m: use 12 MB on 901-14", "cap_reached, confirmation_requested, counted",
                                   "confirm_cap monthly/1/100", "holds destination:901-14 cap:monthly"}};

Tale tale(std::string title, std::vector<Step> before, const std::vector<Step>& steps, Traveller who = {}) {
    before.insert(before.end(), steps.begin(), steps.end());
    return {std::move(title), std::move(who), std::move(before)};
}

Step asked_destination(std::string what) {
    return {std::move(what), "confirmation_requested", "confirm_destination",
            "replied asked_again, data held, question pending, offers 2"};
}

}  // namespace

TEST_CASE("a number, a yes or a no answers the one open question") {
    tell_all({
        tale(
            "1 extends the cap", cap_reached,
            {{"reply 1", "", "receipt monthly/1",
              "replied confirmed, data allowed, holds none, stage 2, limit 15.00, question confirmed, chosen extend"}}),
        tale("with the code", cap_reached, {{"reply 1 CODE", "", "receipt monthly/1", "replied confirmed, stage 2"}}),
        tale("2 declines", cap_reached,
             {{"reply 2", "", "declined monthly/1",
               "replied declined, data blocked, stage 1, question declined, chosen decline"}}),
        tale("2 with the code", cap_reached,
             {{"reply 2 CODE", "", "declined monthly/1", "replied declined, data blocked"}}),
        tale("yes, where only one choice costs", cap_reached,
             {{"reply Yes!", "", "receipt monthly/1", "replied confirmed, stage 2, data allowed"}}),
        tale("no", cap_reached, {{"reply no", "", "declined monthly/1", "replied declined, data blocked"}}),
        tale("no with the code", cap_reached, {{"reply NO CODE", "", "declined monthly/1", "replied declined"}}),
        tale("1 continues at the destination", in_the_air,
             {{"reply 1", "", "receipt", "replied confirmed, data allowed, question confirmed, chosen continue"}}),
        tale("yes in Chinese", in_the_air, {{"reply 是。", "", "receipt", "replied confirmed, data allowed"}}),
        tale("no in Japanese", in_the_air, {{"reply 「いいえ」", "", "declined", "replied declined, data blocked"}}),
        tale("an answer while away counts for the return", in_the_air,
             {{"10m: attach 440-10", "welcomed", "welcome", ""},
              {"20m: reply 1", "", "receipt", "replied confirmed"},
              {"30m: attach 901-14", "welcome_suppressed", "", "data allowed"}}),
        tale("a question about calls of a line whose data is barred", {},
             {{"0h: attach 440-10", "welcomed", "welcome", "data blocked"},
              {"1h: use 12 MB on 440-10", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100",
               ""},
              {"reply 1", "", "receipt monthly/1", "replied confirmed, data blocked, stage 2"}},
             {R"({"dataRoaming":"barred"})", "", "", "", false}),
    });
}

TEST_CASE("what selects nothing beyond doubt gets a help answer and changes nothing") {
    tell_all({
        tale("a number that was not offered", cap_reached,
             {{"reply 3", "", "help", "replied helped, note not_understood, offers 2, data held, question pending"}}),
        tale("the code of no question", cap_reached,
             {{"reply 1 NOCODE", "", "help", "replied helped, note not_understood, offers 2, question pending"}}),
        tale("no with the code of no question", cap_reached,
             {{"reply NO NOCODE", "", "help", "replied helped, note not_understood, question pending"}}),
        tale("a yes with a code", cap_reached,
             {{"reply YES CODE", "", "help", "replied helped, note not_understood, question pending"}}),
        tale("a sentence", cap_reached,
             {{"reply yes please", "", "help", "replied helped, note not_understood, data held, question pending"}}),
        tale("nothing at all", cap_reached, {{"reply", "", "help", "replied helped, note not_understood"}}),
        tale("no question was ever asked", {},
             {{"0h: attach 440-10", "welcomed", "welcome", ""},
              {"reply 1", "", "help", "replied helped, note nothing_open, offers 0, chosen nothing"},
              {"reply YES", "", "help", "replied helped, note nothing_open"},
              {"reply NO", "", "help", "replied helped, note nothing_open"}}),
        tale("a code where no question was ever asked", {},
             {{"0h: attach 440-10", "welcomed", "welcome", ""},
              {"reply 1 NOCODE", "", "help", "replied helped, note nothing_open"}}),
        tale("the place was left and its question withdrawn", in_the_air,
             {{"10m: attach 440-10", "welcomed", "welcome", ""},
              {"2h: reply 1", "", "help", "replied helped, note nothing_open, question withdrawn, data allowed"}}),
    });
}

TEST_CASE("several open questions need the code") {
    tell_all({
        tale("a number alone", both_open,
             {{"reply 1", "", "help", "replied helped, note several_open, offers 0, data held"}}),
        tale("a yes alone", both_open, {{"reply YES", "", "help", "replied helped, note several_open, data held"}}),
        tale("a no alone", both_open,
             {{"reply NO", "", "help",
               "replied helped, note several_open, holds destination:901-14 cap:monthly, question pending"}}),
        tale("another code", both_open, {{"reply 1 NOCODE", "", "help", "replied helped, note several_open"}}),
        tale("the first one's code", both_open,
             {{"reply 1 CODE1", "", "receipt", "replied confirmed, holds cap:monthly, data held, chosen continue"},
              {"reply 1", "", "receipt monthly/1", "replied confirmed, holds none, data allowed"}}),
        tale("the second one's code", both_open,
             {{"reply 1 CODE2", "", "receipt monthly/1", "replied confirmed, holds destination:901-14, stage 2"}}),
        tale("a no with a code", both_open,
             {{"reply NO CODE2", "", "declined monthly/1",
               "replied declined, holds destination:901-14 cap:monthly/declined, data blocked"}}),
        tale("the code of the one answered already", both_open,
             {{"reply 2 CODE1", "", "declined", "replied declined"},
              {"reply 1 CODE1", "confirmation_requested", "confirm_destination", "replied asked_again, offers 2"}}),
    });
}

TEST_CASE("a second answer is told what was decided") {
    tell_all({
        tale("a number after a confirmation", cap_reached,
             {{"reply 1", "", "receipt monthly/1", "replied confirmed, stage 2"},
              {"reply 1", "", "help", "replied helped, note already_decided, chosen extend, stage 2, data allowed"}}),
        tale("a yes after a confirmation", in_the_air,
             {{"reply 1", "", "receipt", "replied confirmed"},
              {"reply YES", "", "help", "replied helped, note already_decided, chosen continue"}}),
        tale("the number that declines, after a confirmation", in_the_air,
             {{"reply 1", "", "receipt", "replied confirmed"},
              {"reply 2", "", "help", "replied helped, note already_decided, chosen continue, data allowed"}}),
        tale("a no after a no", cap_reached,
             {{"reply NO", "", "declined monthly/1", "replied declined"},
              {"2h: reply NO", "", "help", "replied helped, note already_decided, chosen decline, data blocked"}}),
        tale("a no after silence", in_the_air,
             {{"25h: reply NO", "", "help",
               "replied helped, note already_decided, chosen nothing, question expired, data held"}}),
        tale("the answer that care gave counts as well", cap_reached,
             {{"answer extend", "", "receipt monthly/1", ""},
              {"reply YES", "", "help", "replied helped, note already_decided, chosen extend, stage 2"}}),
        tale("not once the period is over", cap_reached,
             {{"reply 1", "", "receipt monthly/1", "replied confirmed"},
              {"23d: reply 1", "", "help", "replied helped, note nothing_open"}}),
    });
}

TEST_CASE("a wish to continue after a decline or silence asks again, at most once an hour") {
    tell_all({
        tale("after a decline", in_the_air,
             {{"reply NO", "", "declined", "data blocked"},
              asked_destination("1m: reply YES"),
              {"2m: reply NO", "", "declined", "data blocked"},
              {"59m: reply YES", "", "help", "replied helped, note already_decided, chosen decline, data blocked"},
              asked_destination("61m: reply YES"),
              {"reply YES", "", "receipt", "replied confirmed, data allowed, questions 3"}}),
        tale("by the number that would continue", in_the_air,
             {{"reply NO", "", "declined", ""}, asked_destination("2h: reply 1")}),
        tale("with the code of the closed question", in_the_air,
             {{"reply NO", "", "declined", ""}, asked_destination("2h: reply 1 CODE")}),
        tale("not by the number that declines", in_the_air,
             {{"reply NO", "", "declined", ""},
              {"2h: reply 2", "", "help", "replied helped, note already_decided, data blocked, questions 1"}}),
        tale("not by a number that was not offered", in_the_air,
             {{"reply NO", "", "declined", ""},
              {"2h: reply 3", "", "help", "replied helped, note not_understood, data blocked, questions 1"}}),
        tale("after silence", in_the_air, {asked_destination("24h: reply YES")}),
        tale("at once after a no said by mistake", in_the_air,
             {{"reply NO", "", "declined", ""}, asked_destination("reply YES")}),
        tale("once an hour, however often", in_the_air,
             {{"reply NO", "", "declined", ""},
              asked_destination("2h: reply 1"),
              {"2h10m: reply NO", "", "declined", "replied declined"},
              {"2h20m: reply 1", "", "help", "replied helped, note already_decided"},
              asked_destination("3h: reply 1")}),
        tale("about the cap", cap_reached,
             {{"reply 2", "", "declined monthly/1", "data blocked"},
              {"3h: reply YES", "confirmation_requested", "confirm_cap monthly/1/100",
               "replied asked_again, data held, question pending, holds cap:monthly, used 10.00, overrun 2.00"},
              {"reply 1", "", "receipt monthly/1", "replied confirmed, stage 2, data allowed"}}),
        tale("about a cap whose hold sleeps at home", cap_reached,
             {{"reply 2", "", "declined monthly/1", ""},
              {"3h: attach home", "returned_home", "", "holds cap:monthly/asleep/declined"},
              {"4h: reply 1", "confirmation_requested", "confirm_cap monthly/1/100",
               "replied asked_again, holds cap:monthly/asleep"}}),
        tale("after the SIM was changed", in_the_air,
             {{"sim", "", "", "question withdrawn"}, asked_destination("2h: reply 1")}),
        tale("not while it is open again", in_the_air,
             {{"reply NO", "", "declined", ""},
              asked_destination("2h: reply YES"),
              {"4h: reply 1 CODE1", "", "help",
               "replied helped, note already_decided, offers 2, questions 2, question pending"}}),
        tale("not where the hold is gone", in_the_air,
             {{"reply NO", "", "declined", "data blocked"},
              {"1h: attach 440-10", "welcomed", "welcome", "data allowed"},
              {"3h: reply YES", "", "help", "replied helped, note nothing_open, questions 1"}}),
        tale("not about a period that is over", cap_reached,
             {{"reply NO", "", "declined monthly/1", ""},
              {"23d: reply YES", "", "released monthly/1, help", "replied helped, note nothing_open, questions 1"}}),
    });
}

TEST_CASE("a no after a confirmation closes the stage again and holds") {
    tell_all({
        tale("a cap's stage", cap_reached,
             {{"reply 1", "", "receipt monthly/1", "stage 2, data allowed"},
              {"reply NO", "", "declined monthly/1",
               "replied reopened, stage 1, limit 10.00, data blocked, holds cap:monthly/declined, chosen decline, "
               "question confirmed"}}),
        tale("with the question's code", cap_reached,
             {{"reply 1", "", "receipt monthly/1", ""},
              {"reply NO CODE", "", "declined monthly/1", "replied reopened, data blocked"}}),
        tale("what was used meanwhile stays used, and what comes after is overrun", cap_reached,
             {{"reply 1", "", "receipt monthly/1", ""},
              {"use 2 MB", "threshold_reached, counted", "threshold monthly/2/80", "used 12.00, overrun 2.00"},
              {"reply NO", "", "declined monthly/1", "replied reopened, used 12.00, percent 120, overrun 2.00"},
              {"use 1 MB", "counted_over_cap, counted", "", "used 12.00, overrun 3.00, data blocked"}}),
        tale("the latest stage only, and once", cap_reached,
             {{"reply 1", "", "receipt monthly/1", "stage 2"},
              {"use 5 MB", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/2/100", "used 15.00"},
              {"reply YES", "", "receipt monthly/2", "stage 3"},
              {"reply NO", "", "declined monthly/2", "replied reopened, stage 2, limit 15.00, data blocked"},
              {"reply NO", "", "help", "replied helped, note already_decided, chosen decline, stage 2"}}),
        tale("at home the hold sleeps, and binds with the next attach abroad", cap_reached,
             {{"reply 1", "", "receipt monthly/1", ""},
              {"2h: attach home", "returned_home", "", ""},
              {"3h: reply NO", "", "declined monthly/1",
               "replied reopened, holds cap:monthly/asleep/declined, data allowed"},
              {"4h: attach 440-10", "confirmation_requested, welcome_suppressed", "confirm_cap monthly/1/100",
               "data held, holds cap:monthly"}}),
        tale("a yes afterwards asks anew", cap_reached,
             {{"reply 1", "", "receipt monthly/1", ""},
              {"reply NO", "", "declined monthly/1", "replied reopened"},
              {"reply YES", "confirmation_requested", "confirm_cap monthly/1/100", "replied asked_again"},
              {"reply 1", "", "receipt monthly/1", "replied confirmed, stage 2, data allowed"}}),
        tale("a destination", in_the_air,
             {{"reply 1", "", "receipt", "data allowed"},
              {"reply NO", "", "declined",
               "replied reopened, data blocked, holds destination:901-14/declined, chosen decline"},
              {"reply NO", "", "help", "replied helped, note already_decided, chosen decline"},
              asked_destination("2h: reply YES")}),
        tale("a destination that was left is asked about on return", in_the_air,
             {{"reply 1", "", "receipt", "data allowed"},
              {"1h: attach 440-10", "welcomed", "welcome", ""},
              {"2h: reply NO", "", "declined", "replied reopened, data allowed, holds none"},
              {"3h: attach 901-14", "confirmation_requested", "confirm_destination", "data held"}}),
        tale("not on the next trip", in_the_air,
             {{"reply 1", "", "receipt", ""},
              {"1h: attach home", "returned_home", "", ""},
              {"8h: clock", "", "", "trip 1 ended"},
              {"9h: reply NO", "", "help", "replied helped, note nothing_open, holds none"}}),
        tale("not in the next period", cap_reached,
             {{"reply 1", "", "receipt monthly/1", ""},
              {"23d: reply NO", "", "help", "replied helped, note nothing_open, holds none"}}),
        tale("not where another question was declined since", in_the_air,
             {{"reply 1", "", "receipt", ""},
              {"1h: use 12 MB on 901-14", "cap_reached, confirmation_requested, counted", "confirm_cap monthly/1/100",
               ""},
              {"reply NO", "", "declined monthly/1", "replied declined, holds cap:monthly/declined"},
              {"reply NO", "", "help", "replied helped, note already_decided, holds cap:monthly/declined"},
              {"reply NO CODE1", "", "declined",
               "replied reopened, holds cap:monthly/declined destination:901-14/declined"}}),
        tale("not where the profile holds no more", cap_reached,
             {{"reply 1", "", "receipt monthly/1", ""},
              {"profile {\"hold\":false}", "", "", ""},
              {"reply NO", "", "help", "replied helped, note nothing_open, holds none, data allowed"}}),
    });
}

TEST_CASE("STOP and START switch what may be switched off") {
    tell_all({
        {"off and on again",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", "texts on"},
          {"reply STOP", "", "receipt", "replied stopped, note stopped, texts off, chosen nothing"},
          {"1h: attach 450-05", "welcome_suppressed", "", ""},
          {"reply start", "", "receipt", "replied started, note started, texts on"},
          {"2h: attach 262-01", "welcomed", "welcome", ""}}},
        {"an open question stays open and its hold stands",
         {},
         {{"0h: attach 901-14", "confirmation_requested", "confirm_destination", ""},
          {"reply STOP", "", "receipt", "replied stopped, data held, question pending"},
          {"reply START", "", "receipt", "replied started, data held, question pending"}}},
        {"one that changes nothing counts among the automatic texts",
         {},
         {{"0h: reply START", "", "receipt", "replied started"},
          {"reply START", "", "receipt", "replied started"},
          {"reply START", "", "receipt", "replied started"},
          {"reply START", "", "", "replied silent"},
          {"reply STOP", "", "receipt", "replied stopped, texts off"},
          {"reply STOP", "", "", "replied silent, texts off"}}},
        {"where the regime lets nothing be switched off it is told that nothing changed",
         {"{}", "", "", "", false, {}},
         {{"0h: reply STOP", "", "help", "replied helped, note not_understood, texts on"}}},
    });
}

TEST_CASE("HELP says what can be answered") {
    tell_all({
        tale("nothing", {}, {{"0h: reply HELP", "", "help", "replied helped, note nothing_open, offers 0"}}),
        tale("the open question's choices", cap_reached,
             {{"reply 帮助", "", "help", "replied helped, note none, offers 2, question pending, data held"}}),
        tale("that the code is needed", both_open,
             {{"reply aide", "", "help", "replied helped, note several_open, offers 0"}}),
    });
}

TEST_CASE("at most three automatic texts go out within an hour") {
    tell_all({
        tale("whatever they answer", cap_reached,
             {{"2h: reply HELP", "", "help", "replied helped"},
              {"2h10m: reply USAGE", "", "usage 12.00 GBP", "replied told_usage"},
              {"2h20m: reply what?", "", "help", "replied helped"},
              {"2h30m: reply HELP", "", "", "replied silent"},
              {"2h30m: reply USAGE", "", "", "replied silent"},
              {"2h59m59s: reply 9", "", "", "replied silent, data held"},
              {"3h: reply HELP", "", "help", "replied helped"},
              {"3h: reply HELP", "", "", "replied silent"},
              {"3h10m: reply HELP", "", "help", "replied helped"}}),
        tale("what decides is answered all the same", cap_reached,
             {{"reply a", "", "help", ""},
              {"reply b", "", "help", ""},
              {"reply c", "", "help", ""},
              {"reply d", "", "", "replied silent"},
              {"reply 1", "", "receipt monthly/1", "replied confirmed, stage 2"},
              {"reply NO", "", "declined monthly/1", "replied reopened"},
              {"reply STOP", "", "receipt", "replied stopped"},
              {"reply 1", "confirmation_requested", "confirm_cap monthly/1/100", "replied asked_again, data held"}}),
    });
}

TEST_CASE("another operator's customer gets nothing") {
    tell_all({tale("whatever is sent", {},
                   {{"0h: reply HELP", "", "", "replied silent"},
                    {"reply STOP", "", "", "replied silent, texts on"},
                    {"reply 1", "", "", "replied silent"}},
                   {"{}", "", "", "", true})});
}

namespace {

/// A customer of a kind the stories have not: several caps.
struct Customer {
    CustomerState state;
    Terms terms;
    tariffs::Book book{{{1, hour("0h") - tariffs::days(9), table_of({})}}};
    Rules rules;

    ReplyDecision reply(std::string_view text, Instant now) {
        return decide_reply(notifications::read_sms_reply(text), terms, {&book, &networks(), &rules}, now, "sms-1",
                            state);
    }
};

customers::CapRule cap(std::string id, std::int64_t limit, customers::PeriodRule::Over over) {
    customers::CapRule rule;
    rule.id = std::move(id);
    rule.services = {tariffs::Service::data};
    rule.limit = limit;
    rule.currency = tariffs::Currency::parse("GBP").value();
    rule.period.over = over;
    return rule;
}

CapCount count(std::string id, Instant now) {
    CapCount count;
    count.cap = std::move(id);
    count.start = now - tariffs::days(9);
    count.end = now + tariffs::days(20);
    return count;
}

}  // namespace

TEST_CASE("USAGE tells every cap as it stands, and what this trip cost") {
    using Over = customers::PeriodRule::Over;
    Customer customer;
    const Instant now = hour("1h");
    customer.terms.time_zone = "Europe/London";
    customer.terms.language = "en";
    customer.terms.caps = {cap("month", 50'000'000, Over::month), cap("trip", 20'000'000, Over::trip),
                           cap("day", 0, Over::day), cap("last", 5'000'000, Over::month)};
    customer.terms.caps[0].tax = tariffs::Tax::excl;
    customer.terms.caps[2].currency = {};
    customer.terms.caps[2].limit = 100 << 20;
    customer.terms.caps[3].stages = {5'000'000};
    CapCount month = count("month", now);
    month.used = 12'000'000;
    month.overrun = 3'000'000;
    CapCount last = count("last", now);
    last.stage = 2;
    last.used = 7'000'000;
    customer.state.counts = {month, last};
    customer.state.trip.number = 1;
    customer.state.trip.spent = {{2'500'000, tariffs::Currency::parse("GBP").value()},
                                 {0, tariffs::Currency::parse("EUR").value()}};

    const ReplyDecision told = customer.reply("USAGE", now);

    REQUIRE(told.decision.owed.size() == 1);
    const notifications::Facts& facts = told.decision.owed[0].facts;
    CHECK(told.result == ReplyResult::told_usage);
    CHECK(facts.kind == Kind::usage);
    REQUIRE(facts.caps.size() == 4);
    CHECK(facts.caps[0].used.money->micros == 12'000'000);
    CHECK(facts.caps[0].limit.money->micros == 50'000'000);
    CHECK(facts.caps[0].tax == tariffs::Tax::excl);
    CHECK(facts.caps[0].period_end == now + tariffs::days(20));
    CHECK_FALSE(facts.caps[0].per_trip);
    CHECK(facts.caps[1].per_trip);
    CHECK_FALSE(facts.caps[1].period_end.has_value());
    CHECK_FALSE(facts.caps[2].limit.money.has_value());
    CHECK(facts.caps[2].limit.bytes == 100 << 20);
    CHECK(facts.caps[2].period_end == tariffs::parse_rfc3339("2026-03-11T00:00:00Z")->at);
    CHECK(facts.caps[3].used.money->micros == 7'000'000);
    CHECK_FALSE(facts.caps[3].limit.money.has_value());  // nothing limits it any more
    CHECK(facts.caps[3].limit.bytes == 0);
    REQUIRE(facts.spent.size() == 1);
    CHECK(facts.spent[0].micros == 2'500'000);
}

TEST_CASE("a trip that ended is not told by USAGE") {
    Customer customer;
    customer.terms.language = "en";
    customer.state.trip.number = 1;
    customer.state.trip.ended = hour("0h");
    customer.state.trip.spent = {{2'500'000, tariffs::Currency::parse("GBP").value()}};
    CHECK(customer.reply("usage", hour("1h")).decision.owed.at(0).facts.spent.empty());
}

TEST_CASE("START leaves alone what only the profile may switch") {
    Customer customer;
    customer.terms.may_opt_out = {Kind::welcome, Kind::inadvertent};
    customer.state.profile.opt_out = {Kind::welcome};
    CHECK(customer.reply("STOP", hour("1h")).result == ReplyResult::stopped);
    CHECK(customer.state.profile.opt_out == std::set<Kind>{Kind::welcome, Kind::inadvertent});
    customer.state.profile.opt_out.insert(Kind::trip_summary);
    CHECK(customer.reply("START", hour("1h")).result == ReplyResult::started);
    CHECK(customer.state.profile.opt_out == std::set<Kind>{Kind::trip_summary});
}

TEST_CASE("two questions that are open at once never have the same code") {
    // Codes are drawn from ten thousand: among these seeds some would meet.
    for (int i = 0; i < 300; ++i) {
        Customer customer;
        customer.terms.time_zone = "UTC";
        for (int n = 0; n < 12; ++n)
            customer.terms.caps.push_back(cap("cap-" + std::to_string(n), 1, customers::PeriodRule::Over::month));
        intake::RoamingEvent event;
        event.type = intake::EventType::usage;
        event.time.at = hour("0h");
        event.plmn = geoip::Plmn::parse("440-10");
        event.quantity = 5 << 20;
        Session session;
        geoip::PlaceQuery query;
        query.plmn = event.plmn;
        const geoip::Place place = resolve(query, networks(), nullptr, {}, geoip::Explain::off);
        (void)decide(event, place, customer.terms, {&customer.book, &networks(), &customer.rules}, hour("0h"),
                     "event-" + std::to_string(i), customer.state, session);
        std::set<std::string> codes;
        for (const Question& question : customer.state.questions) {
            REQUIRE(question.code.size() == 4);
            REQUIRE(question.state == QuestionState::pending);
            codes.insert(question.code);
        }
        REQUIRE(customer.state.questions.size() == 12);
        REQUIRE(codes.size() == 12);
    }
}

TEST_CASE("every result has a word of its own") {
    std::set<std::string_view> words;
    for (int i = 0; i <= static_cast<int>(ReplyResult::silent); ++i)
        words.insert(word(static_cast<ReplyResult>(i)));
    CHECK(words.size() == 11);
    CHECK(words.count("asked_again") == 1);
}

namespace {

std::set<std::string> confirmed(const CustomerState& state) {
    std::set<std::string> ids;
    for (const Question& question : state.questions)
        if (question.state == QuestionState::confirmed) ids.insert(question.id);
    return ids;
}

/// Something a phone may send: mostly what means something, with this customer's codes or others.
std::string random_text(const CustomerState& state) {
    static const std::vector<std::string> texts{"1",    "2",     "3",     "9",       "YES",   "ja",          "NO",
                                                "nein", "STOP",  "START", "HELP",    "USAGE", "hello",       "",
                                                "1 2",  "CAP 3", "0",     "12",      "yes!",  "not yes",     "OK",
                                                "是",   "否",    "1\xff", "CAP 900", "CAP 0", "cap 3 please"};
    static const std::vector<std::string> answers{"1", "2", "YES", "NO"};
    std::string text = *rc::gen::elementOf(*rc::gen::inRange(0, 2) == 0 ? answers : texts);
    if (*rc::gen::inRange(0, 4) != 0) return text;
    const std::string stranger = std::to_string(*rc::gen::inRange(1000, 10000));
    if (state.questions.empty() || *rc::gen::inRange(0, 4) == 0) return text + " " + stranger;
    const auto nth = *rc::gen::inRange<std::size_t>(0, state.questions.size());
    return text + " " + state.questions[nth].code;
}

bool own_cap_confirmed(const CustomerState& state, const ReplyDecision& decision) {
    return decision.result == ReplyResult::confirmed &&
           std::any_of(state.questions.begin(), state.questions.end(),
                       [&](const Question& one) { return one.id == decision.question && one.own_cap; });
}

/// How far a customer's consent reaches: the stages, and the holds that are in force.
bool no_more_open(const CustomerState& before, const CustomerState& after) {
    for (const CapCount& count : after.counts)
        for (const CapCount& was : before.counts)
            if (count.cap == was.cap && count.start == was.start &&
                (count.stage > was.stage || count.used != was.used || count.overrun != was.overrun ||
                 (was.reached && !count.reached)))
                return false;
    for (const Hold& hold : before.holds)
        if (std::none_of(after.holds.begin(), after.holds.end(), [&](const Hold& one) {
                return one.cause == hold.cause && one.about == hold.about && one.services == hold.services &&
                       one.asleep <= hold.asleep;
            }))
            return false;
    return true;
}

}  // namespace

TEST_CASE("only a number or a yes confirms, and nothing else opens anything") {
    rc::prop("whatever happened and whatever is sent", [] {
        const RandomWorld world = random_world();
        Rules rules;
        const World around{world.book.get(), &networks(), &rules};
        Life life(world);
        Terms terms = world.terms;
        terms.may_opt_out = {Kind::welcome};
        int number = 0;
        for (const RandomEvent& event : random_events(world, 30)) {
            life.live(event);
            const std::string text = random_text(life.state);
            const SmsReply reply = notifications::read_sms_reply(text);
            const std::string seed = "sms-" + std::to_string(++number);
            CustomerState settled = life.state;  // what the clock alone does
            (void)decide_answer({"none", "", "", ""}, terms, around, event.heard, seed, settled);
            CustomerState again = life.state;
            const ReplyDecision decision = decide_reply(reply, terms, around, event.heard, seed, life.state);
            RC_ASSERT(decide_reply(reply, terms, around, event.heard, seed, again).question == decision.question);
            RC_ASSERT(storage::encode(again) == storage::encode(life.state));

            const std::set<std::string> before = confirmed(settled), after = confirmed(life.state);
            RC_ASSERT(life.state.automatic.size() <= 3u);
            // A cap of one's own that was set may at once warn, hold or release.
            const bool own = decision.result == ReplyResult::cap_set || own_cap_confirmed(life.state, decision);
            RC_ASSERT(decision.decision.owed.size() == (decision.result == ReplyResult::silent ? 0u : 1u) ||
                      (own && !decision.decision.owed.empty()));
            RC_ASSERT(own || life.state.profile.caps == settled.profile.caps);
            const bool may_confirm = reply.says == SmsReply::Says::number || reply.says == SmsReply::Says::yes;
            if (decision.result == ReplyResult::confirmed) {
                RC_ASSERT(may_confirm);
                RC_ASSERT(after.count(decision.question) == 1u);
                RC_ASSERT(before.count(decision.question) == 0u);
                continue;
            }
            RC_ASSERT(std::includes(before.begin(), before.end(), after.begin(), after.end()));
            RC_ASSERT(no_more_open(settled, life.state));
            if (decision.result == ReplyResult::cap_set || decision.result == ReplyResult::cap_asked) {
                RC_ASSERT(reply.says == SmsReply::Says::cap);
                continue;
            }
            if (may_confirm || reply.says == SmsReply::Says::no) continue;
            // Everything else leaves all as the clock left it, but for the texts that were sent and switched.
            CustomerState rest = life.state;
            rest.automatic = settled.automatic;
            rest.profile.opt_out = settled.profile.opt_out;
            RC_ASSERT(storage::encode(rest) == storage::encode(settled));
        }
    });
}

}  // namespace roamguard::protection::testing
