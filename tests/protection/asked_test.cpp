#include <catch2/catch.hpp>

#include <algorithm>

#include "service/protection/shown.h"
#include "tests/protection/line.h"

// What a question keeps of the terms it showed, and of its answer: contract, section 7.
namespace roamguard::protection::testing {
namespace {

constexpr std::int64_t mega = 1 << 20;
constexpr const char* cheap = "*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n";
constexpr const char* dear = "*,*,data,0.03,GBP,10 KB,,,,,yes\n*,*,voice_mo,9.00,GBP,minute,,,,,\n";
constexpr const char* passes =
    "day,*,FR,data,4.00,GBP,excl,20,10 MB,24 h,rolling,France day\n"
    "talk,*,FR,voice_mo,5.00,GBP,incl,20,10 minutes,2 d,home,Talk\n";

/// A line that is held at its cap in France, asked at two hours.
Line at_its_cap(const std::string& offers = "") {
    Line line(cheap, 10'000'000, offers);
    line.terms.caps.front().extension = 5'000'000;
    line.record("a", 12 * mega, hour("2h"), hour("2h"));
    return line;
}

Decision arrive(Line& line, Instant at) {
    intake::RoamingEvent event;
    event.type = intake::EventType::attach;
    event.time.at = at;
    event.plmn = geoip::Plmn::parse("208-01");
    Session none;
    return decide(event, Line::france(), line.terms, line.world(), at, line.seed(), line.state, none);
}

Question closed(const std::string& id) {
    Question question;
    question.id = id;
    question.state = QuestionState::expired;
    return question;
}

}  // namespace

TEST_CASE("a cap's question is kept with what it showed, and its hold names it") {
    Line line = at_its_cap();
    const Question& question = line.state.questions.back();
    const CapCount& count = line.state.counts.front();
    CHECK(question.cause == Cause::cap);
    CHECK(question.about == "monthly");
    CHECK(question.period_start == count.start);
    CHECK(question.stage == 1);
    CHECK(question.trip == 1);
    CHECK(question.asked == hour("2h"));
    CHECK(question.expires == hour("26h"));
    CHECK(question.place.country.code() == "FR");
    CHECK(question.choices == std::vector<std::string>{"extend", "decline"});
    CHECK(question.limit == 10'000'000);
    CHECK(question.used == 10'000'000);
    CHECK(question.next_limit == 15'000'000);
    CHECK(question.prices.size() == 1);
    CHECK_FALSE(question.payer_decides);
    CHECK_FALSE(question.own_cap);
    CHECK(line.state.holds.front().question == question.id);
}

TEST_CASE("the message that asks about a cap has the question's code, its expiry, and goes out with the hold") {
    Line line(cheap, 10'000'000);
    const Decision decision = line.record("a", 12 * mega, hour("2h"), hour("2h"));
    const Question& question = line.state.questions.back();
    const Owed& owed = decision.owed.back();
    CHECK(decision.question == question.id);
    CHECK(owed.question == question.id);
    CHECK(owed.cap == "monthly");
    CHECK(owed.stage == 1);
    CHECK(owed.threshold == 100);
    CHECK(owed.period_start == line.state.counts.front().start);
    CHECK(owed.with_hold);
    CHECK(owed.facts.code == question.code);
    CHECK(owed.facts.expires_at == question.expires);
    CHECK(owed.facts.links == notifications::Links::on);
    CHECK(owed.facts.language == "en");
    CHECK(owed.facts.time_zone == "Europe/London");
    CHECK(owed.facts.klass == geoip::NetworkClass::terrestrial);
    CHECK_FALSE(owed.facts.no_guarantee);
}

TEST_CASE("a destination's question is kept with the price of a megabyte, and is no cap's") {
    Line line(dear, 10'000'000);
    const Decision decision = arrive(line, hour("1h"));
    const Question& question = line.state.questions.back();
    CHECK(question.price_per_megabyte->micros == 3'072'000);
    CHECK(question.price_per_megabyte->currency.code() == "GBP");
    CHECK(question.prices.size() == 2);
    CHECK(question.choices == std::vector<std::string>{"continue", "decline"});
    CHECK(line.state.holds.front().question == question.id);
    const Owed& owed = decision.owed.back();
    CHECK(owed.cap.empty());
    CHECK(owed.threshold == 0);
    CHECK(owed.with_hold);
    CHECK(owed.question == question.id);
    CHECK(owed.facts.choices.front().does == notifications::Choice::Does::proceed);
    CHECK(owed.facts.choices.back().does == notifications::Choice::Does::decline);
}

TEST_CASE("a pass among the choices is printed with its terms") {
    Line line(cheap, 10'000'000, passes);
    line.terms.caps.front().services = {tariffs::Service::data, tariffs::Service::voice_mo};
    const Decision decision = line.record("a", 12 * mega, hour("2h"), hour("2h"));
    const auto& choices = decision.owed.back().facts.choices;
    REQUIRE(choices.size() == 4);
    CHECK(choices[0].does == notifications::Choice::Does::extend);
    CHECK(choices[0].pass_name.empty());
    CHECK(choices[1].does == notifications::Choice::Does::pass);
    CHECK(choices[1].pass_name == "France day");
    CHECK(choices[1].price->micros == 4'000'000);
    CHECK(choices[1].tax == tariffs::Tax::excl);
    CHECK(choices[1].allowance == 10 * mega);
    CHECK(choices[1].allowance_kind == tariffs::UnitKind::bytes);
    CHECK(choices[1].validity == tariffs::hours(24));
    CHECK_FALSE(choices[1].calendar_days);
    CHECK(choices[2].pass_name == "Talk");
    CHECK(choices[2].tax == tariffs::Tax::incl);
    CHECK(choices[2].allowance == 600);
    CHECK(choices[2].allowance_kind == tariffs::UnitKind::seconds);
    CHECK(choices[2].validity == tariffs::days(2));
    CHECK(choices[2].calendar_days);
    CHECK(choices[3].does == notifications::Choice::Does::decline);
}

TEST_CASE("a decided question keeps who decided it, when, and of its offers only what was chosen") {
    const std::string choice = GENERATE(as<std::string>{}, "extend", "pass:day", "decline");
    Line line = at_its_cap(passes);
    const std::string id = line.state.questions.back().id;
    const AnswerDecision answered =
        decide_answer({id, choice, "care", "agent"}, line.terms, line.world(), hour("3h"), line.seed(), line.state);
    CHECK(answered.result == AnswerResult::accepted);
    CHECK(answered.decision.question == id);
    CHECK(answered.decision.owed.front().question == id);
    CHECK(answered.decision.owed.front().cap == "monthly");
    CHECK(answered.decision.owed.front().stage == 1);
    const Question& question = line.state.questions.back();
    CHECK(question.state == (choice == "decline" ? QuestionState::declined : QuestionState::confirmed));
    CHECK(question.chosen == choice);
    CHECK(question.by == "care");
    CHECK(question.actor == "agent");
    CHECK(question.decided == hour("3h"));
    CHECK(question.prices.empty());
    CHECK(question.offers.size() == (choice == "pass:day" ? 1U : 0U));
}

TEST_CASE("a page shows a destination's question with its place, prices, and that it is about data") {
    Line line(dear, 10'000'000);
    (void)arrive(line, hour("1h"));
    Question question = line.state.questions.back();
    const notifications::Facts facts = shown_facts(question, line.state, line.terms);
    CHECK(facts.klass == geoip::NetworkClass::terrestrial);
    CHECK(facts.country == question.place.country);
    CHECK(facts.prices.size() == 2);
    CHECK(facts.services == std::vector{tariffs::Service::data});
    CHECK(facts.ambiguous);
    CHECK_FALSE(facts.no_guarantee);
    question.place.candidates.resize(1);
    CHECK_FALSE(shown_facts(question, line.state, line.terms).ambiguous);
    CHECK(shown_facts(question, line.state, line.terms).candidates.empty());
}

TEST_CASE("a page shows a cap's question with what the cap counts and how") {
    Line line(cheap, 10'000'000);
    line.terms.caps.front().services = {tariffs::Service::data, tariffs::Service::voice_mo};
    line.record("a", 12 * mega, hour("2h"), hour("2h"));
    line.terms.caps.front().tax = tariffs::Tax::excl;
    const notifications::Facts facts = shown_facts(line.state.questions.back(), line.state, line.terms);
    CHECK(facts.services == line.terms.caps.front().services);
    CHECK(facts.cap_tax == tariffs::Tax::excl);
    CHECK_FALSE(facts.per_trip);
    CHECK(facts.period_end == line.state.counts.front().end);
    CHECK(facts.stage == 1);
}

TEST_CASE("an answer to no question, or to one of several") {
    Line line = at_its_cap();
    const auto answer = [&](const std::string& id) {
        return decide_answer({id, "extend", "sms", ""}, line.terms, line.world(), hour("3h"), line.seed(), line.state)
            .result;
    };
    CHECK(answer("q-none") == AnswerResult::unknown_question);
    line.state.questions.push_back(closed("q-later"));
    CHECK(answer("q-later") == AnswerResult::already_decided);
    CHECK(answer(line.state.questions.front().id) == AnswerResult::accepted);
}

TEST_CASE("an app answers whoever uses it where nobody else pays, and else only as the payer") {
    struct Row {
        bool paid;
        std::string by, actor;
        AnswerResult result;
    };
    for (const Row& row : {Row{false, "app", "anybody", AnswerResult::accepted},
                           Row{true, "app", "anybody", AnswerResult::payer_decides},
                           Row{true, "app", "+447700900100", AnswerResult::accepted},
                           Row{true, "care", "anybody", AnswerResult::accepted}}) {
        Line line(cheap, 10'000'000);
        if (row.paid) line.state.profile.payer = *notifications::Msisdn::parse("+447700900100");
        line.record("a", 12 * mega, hour("2h"), hour("2h"));
        CHECK(line.state.questions.back().payer_decides == row.paid);
        const std::string id = line.state.questions.back().id;
        CHECK(decide_answer({id, "extend", row.by, row.actor}, line.terms, line.world(), hour("3h"), line.seed(),
                            line.state)
                  .result == row.result);
    }
}

TEST_CASE("the twelve questions decided last are kept, and every open one") {
    const int decided = GENERATE(11, 12, 13, 14);
    Line line(cheap, 10'000'000);
    Question open = closed("open");
    open.state = QuestionState::pending;
    open.cause = Cause::destination;
    open.expires = hour("30h");
    line.state.questions.push_back(open);
    for (int i = 1; i <= decided; ++i)
        line.state.questions.push_back(closed("q-" + std::to_string(i)));
    line.record("a", 12 * mega, hour("2h"), hour("2h"));
    const int dropped = std::max(0, decided - 12);
    CHECK(line.state.questions.size() == static_cast<std::size_t>(decided - dropped + 2));
    CHECK(line.state.questions.front().id == "open");
    CHECK(line.state.questions[1].id == "q-" + std::to_string(dropped + 1));
}

TEST_CASE("a question's code is none that an open question has") {
    const auto code_beside = [](const std::vector<std::string>& codes, QuestionState state) {
        Line line(cheap, 10'000'000);
        for (const std::string& code : codes) {
            Question other = closed("other-" + code);
            other.state = state;
            other.cause = Cause::destination;
            other.expires = hour("30h");
            other.code = code;
            line.state.questions.push_back(other);
        }
        line.record("a", 12 * mega, hour("2h"), hour("2h"));
        return line.state.questions.back().code;
    };
    const std::string first = code_beside({}, QuestionState::pending);
    const std::string second = code_beside({first}, QuestionState::pending);
    const std::string third = code_beside({first, second}, QuestionState::pending);
    CHECK(first.size() == 4);
    CHECK(second.size() == 4);
    CHECK(second != first);
    CHECK(third != first);
    CHECK(third != second);
    CHECK(code_beside({second}, QuestionState::pending) == first);
    CHECK(code_beside({first}, QuestionState::expired) == first);
}

TEST_CASE("a wish for a higher cap is kept with what it asks for, and holds nothing") {
    Line line(cheap, 10'000'000);
    line.record("a", 4 * mega, hour("1h"), hour("1h"));
    const ReplyDecision wished = decide_reply(notifications::read_sms_reply("CAP 100"), line.terms, line.world(),
                                              hour("2h"), line.seed(), line.state);
    CHECK(wished.result == ReplyResult::cap_asked);
    const Question& question = line.state.questions.back();
    CHECK(question.own_cap);
    CHECK(question.limit == 10'000'000);
    CHECK(question.next_limit == 100'000'000);
    CHECK(question.used == 4'000'000);
    CHECK(question.place.country.code() == "FR");
    CHECK(question.choices == std::vector<std::string>{"extend", "decline"});
    CHECK(question.prices.size() == 1);
    const Owed& owed = wished.decision.owed.front();
    CHECK(owed.threshold == 0);
    CHECK_FALSE(owed.with_hold);
    CHECK(owed.facts.choices.size() == 2);
    CHECK(owed.facts.choices.front().own_cap);
    CHECK(owed.facts.choices.front().new_limit.money->micros == 100'000'000);
    CHECK(line.state.holds.empty());
}

TEST_CASE("each decision that changes a hold has the next number, and no other has one") {
    Line line = at_its_cap();
    CHECK(line.state.hold_sequence == 1);
    line.record("a", mega, hour("3h"), hour("3h"));
    CHECK(line.state.hold_sequence == 1);
    const Terms before = line.terms;
    line.terms.caps.front().limit = 9'000'000;
    const Decision same =
        decide_profile(before, line.terms, Sim::same, line.world(), hour("4h"), line.seed(), line.state);
    CHECK(same.holds.empty());
    CHECK(line.state.hold_sequence == 1);
    line.answer(line.state.questions.back(), "extend", hour("5h"));
    CHECK(line.state.hold_sequence == 2);
}

TEST_CASE("an event's answer has the prices of where it happened") {
    Line line(dear, 10'000'000);
    const Decision abroad = arrive(line, hour("1h"));
    REQUIRE(abroad.prices.size() == 2);
    CHECK(abroad.prices.front().price.micros == 30'000);
    CHECK(abroad.prices.front().version == 1);
    CHECK(abroad.prices.front().line == 2);
    CHECK(abroad.place_known);
    CHECK(abroad.place.basis == geoip::Basis::plmn);
    for (const geoip::NetworkClass klass : {geoip::NetworkClass::home, geoip::NetworkClass::test}) {
        KnownPlace place = abroad.place;
        place.klass = klass;
        CHECK(prices_at(place, line.terms, line.world(), hour("1h")).empty());
    }
    const tariffs::Book none{};
    CHECK(prices_at(abroad.place, line.terms, {&none, &networks(), &line.rules}, hour("1h")).empty());
}

TEST_CASE("a place is kept as it was found") {
    geoip::Place found = Line::france();
    found.candidates.resize(1);
    found.weak = true;
    found.realtime = false;
    found.mcc = "208";
    Line line(cheap, 10'000'000);
    const KnownPlace place = known_place(found, line.terms, line.world(), hour("1h"));
    CHECK(place.klass == geoip::NetworkClass::terrestrial);
    CHECK(place.country == found.country);
    CHECK(place.candidates == found.candidates);
    CHECK(place.plmn == found.plmn);
    CHECK(place.basis == geoip::Basis::plmn);
    CHECK(place.weak);
    CHECK_FALSE(place.realtime);
    CHECK(place.mcc == "208");
}

TEST_CASE("what is told at a place shows the place and its prices") {
    Line line(cheap, 10'000'000);
    const notifications::Facts welcome = arrive(line, hour("1h")).owed.front().facts;
    CHECK(welcome.kind == notifications::Kind::welcome);
    CHECK(welcome.klass == geoip::NetworkClass::terrestrial);
    CHECK(welcome.country == line.state.place()->country);
    CHECK(welcome.ambiguous);
    CHECK(welcome.candidates == line.state.place()->candidates);
    CHECK(welcome.language == "en");
    CHECK(welcome.time_zone == "Europe/London");
    CHECK(welcome.links == notifications::Links::none);
    CHECK(welcome.prices.size() == 1);
    CHECK_FALSE(welcome.no_guarantee);
}

TEST_CASE("a place that nobody named in time is kept as CAMARA's") {
    Line line(cheap, 10'000'000);
    intake::RoamingEvent event;
    event.type = intake::EventType::roaming_on;
    event.time.at = hour("1h");
    event.id = "e-1";
    Session none;
    (void)decide(event, {}, line.terms, line.world(), hour("1h"), line.seed(), line.state, none);
    REQUIRE(line.state.unsettled);
    CHECK(line.state.unsettled->event == "e-1");
    CHECK(line.state.unsettled->since == hour("1h"));
    (void)decide_timers(line.terms, line.world(), hour("2h"), line.seed(), line.state);
    CHECK(line.state.place()->basis == geoip::Basis::camara);
    CHECK(line.state.places.back().at == hour("1h"));
}

}  // namespace roamguard::protection::testing
