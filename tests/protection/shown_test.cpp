#include "service/protection/shown.h"

#include <catch2/catch.hpp>

#include <set>

#include "service/protection/decide.h"
#include "service/protection/rules.h"
#include "tests/protection/story.h"

// Contract, section 7: a page shows a question as it was put, whatever changed since; and every outcome has one word.
namespace roamguard::protection::testing {
namespace {

using notifications::Kind;

customers::CapRule rule_of(customers::PeriodRule::Over over) {
    customers::CapRule rule;
    rule.id = "monthly";
    rule.services = {tariffs::Service::data};
    rule.limit = 10'000'000;
    rule.currency = tariffs::Currency::parse("GBP").value();
    rule.period.over = over;
    return rule;
}

Terms terms_with(std::vector<customers::CapRule> caps) {
    Terms terms;
    terms.language = "de";
    terms.time_zone = "Europe/London";
    terms.caps = std::move(caps);
    return terms;
}

Question about_cap() {
    Question question;
    question.about = "monthly";
    question.period_start = hour("0h");
    question.stage = 1;
    question.limit = 10'000'000;
    question.used = 9'000'000;
    question.next_limit = 15'000'000;
    question.choices = {"extend", "decline"};
    question.code = "4821";
    question.expires = hour("24h");
    return question;
}

CustomerState counted() {
    CustomerState state;
    CapCount count;
    count.cap = "monthly";
    count.start = hour("0h");
    count.end = hour("9h");
    CapCount other = count;
    other.cap = "daily";
    CapCount later = count;
    later.start = hour("9h");
    state.counts = {other, count, later};
    state.profile.msisdn = *notifications::Msisdn::parse("+447700900042");
    return state;
}

}  // namespace

TEST_CASE("a cap's question shows the amounts it was put with and its period's end") {
    const notifications::Facts facts =
        shown_facts(about_cap(), counted(), terms_with({rule_of(customers::PeriodRule::Over::month)}));
    CHECK(facts.kind == Kind::confirm_cap);
    CHECK(facts.language == "de");
    CHECK(facts.stage == 1);
    CHECK(facts.time_zone == "Europe/London");
    CHECK(facts.cap_id == "monthly");
    CHECK(facts.limit.money->micros == 10'000'000);
    CHECK(facts.used.money->micros == 9'000'000);
    CHECK(facts.period_end == hour("9h"));
    CHECK(facts.choices.size() == 2);
    CHECK(facts.choices[0].new_limit.money->micros == 15'000'000);
    CHECK(facts.code == "4821");
    CHECK(facts.expires_at == hour("24h"));
    CHECK(facts.line.empty());
    CHECK(facts.note != notifications::Note::own_cap);
    CHECK_FALSE(facts.ambiguous);
}

TEST_CASE("a trip's cap has no end to show, nor one whose counter is gone") {
    const Terms trip = terms_with({rule_of(customers::PeriodRule::Over::trip)});
    CHECK(shown_facts(about_cap(), counted(), trip).per_trip);
    CHECK_FALSE(shown_facts(about_cap(), counted(), trip).period_end);
    const Terms month = terms_with({rule_of(customers::PeriodRule::Over::month)});
    CHECK_FALSE(shown_facts(about_cap(), {}, month).period_end);
    CHECK(shown_facts(about_cap(), {}, month).limit.money->micros == 10'000'000);
}

TEST_CASE("a question about a cap that the terms no longer have shows its choices all the same") {
    const notifications::Facts facts = shown_facts(about_cap(), counted(), terms_with({}));
    CHECK(facts.cap_id == "monthly");
    CHECK_FALSE(facts.limit.money);
    CHECK(facts.choices.size() == 2);
    CHECK_FALSE(facts.choices[0].new_limit.money);
}

TEST_CASE("a destination's question shows its place, the candidates where there are several, and no cap") {
    Question question;
    question.cause = Cause::destination;
    question.about = "FR";
    question.place.klass = geoip::NetworkClass::terrestrial;
    question.place.country = geoip::Country::parse("FR").value();
    question.place.candidates = {geoip::Country::parse("FR").value(), geoip::Country::parse("MC").value()};
    question.place.realtime = false;
    question.choices = {"continue", "decline"};
    const notifications::Facts facts = shown_facts(question, counted(), terms_with({}));
    CHECK(facts.kind == Kind::confirm_destination);
    CHECK(facts.country.code() == "FR");
    CHECK(facts.ambiguous);
    CHECK(facts.candidates.size() == 2);
    CHECK(facts.no_guarantee);
    CHECK(facts.cap_id.empty());
}

TEST_CASE("a wish for a higher cap, and a payer's question, say so") {
    Question question = about_cap();
    question.own_cap = true;
    question.payer_decides = true;
    const notifications::Facts facts =
        shown_facts(question, counted(), terms_with({rule_of(customers::PeriodRule::Over::month)}));
    CHECK(facts.note == notifications::Note::own_cap);
    CHECK(facts.line == counted().profile.msisdn.masked());
}

TEST_CASE("an answer is shown as it was printed, and none before there is one") {
    Question question = about_cap();
    const Terms terms = terms_with({rule_of(customers::PeriodRule::Over::month)});
    CHECK_FALSE(shown_answer(question, terms));
    question.chosen = "extend";
    CHECK(shown_answer(question, terms)->does == notifications::Choice::Does::extend);
}

TEST_CASE("a pass that is offered no more is nothing to buy") {
    Question question = about_cap();
    question.choices = {"extend", "pass:jp-day", "decline"};
    const notifications::Facts facts =
        shown_facts(question, counted(), terms_with({rule_of(customers::PeriodRule::Over::month)}));
    CHECK(facts.choices[1].does == notifications::Choice::Does::decline);
    CHECK(facts.choices[1].pass_name.empty());
}

TEST_CASE("a place on the ground in no country that is known is unknown") {
    KnownPlace place;
    place.klass = geoip::NetworkClass::terrestrial;
    CHECK(place.destination() == "unknown");
    place.country = geoip::Country::parse("JP").value();
    CHECK(place.destination() == "JP");
}

TEST_CASE("a decision's outcome is the first in precedence, and that nothing came of it where there is none") {
    Decision decision;
    CHECK(decision.outcome() == Outcome::noted);
    decision.add(Outcome::counted);
    decision.add(Outcome::cap_reached);
    decision.add(Outcome::counted);
    CHECK(decision.outcome() == Outcome::cap_reached);
    CHECK(decision.outcomes == std::vector{Outcome::cap_reached, Outcome::counted});
}

namespace {

template <class Enum>
std::set<std::string> words_up_to(Enum last) {
    std::set<std::string> words;
    for (int i = 0; i <= static_cast<int>(last); ++i)
        words.emplace(word(static_cast<Enum>(i)));
    return words;
}

}  // namespace

TEST_CASE("each outcome, state and verdict has a word of its own, and nothing else has one") {
    CHECK(words_up_to(Outcome::noted).size() == outcome_count);
    CHECK(words_up_to(DataState::blocked) == std::set<std::string>{"allowed", "held", "blocked"});
    CHECK(words_up_to(Opened::What::pass) == std::set<std::string>{"stage", "destination", "pass"});
    CHECK(words_up_to(AuthorizationDecision::Verdict::deny) == std::set<std::string>{"allow", "hold", "deny"});
    CHECK(words_up_to(QuestionState::withdrawn) ==
          std::set<std::string>{"pending", "confirmed", "declined", "expired", "withdrawn"});
    CHECK(word(Outcome::rejected) == "rejected");
    CHECK(word(Outcome::duplicate) == "duplicate");
    CHECK_THROWS_AS(word(static_cast<Outcome>(outcome_count)), std::logic_error);
    CHECK_THROWS_AS(word(static_cast<DataState>(3)), std::logic_error);
    CHECK_THROWS_AS(word(static_cast<Opened::What>(3)), std::logic_error);
    CHECK_THROWS_AS(word(static_cast<AuthorizationDecision::Verdict>(3)), std::logic_error);
    CHECK_THROWS_AS(word(static_cast<QuestionState>(5)), std::logic_error);
    CHECK_THROWS_AS(word(static_cast<ReplyResult>(11)), std::logic_error);
}

TEST_CASE("an id and a code follow from what they are of, today as in every version before") {
    CHECK(derived_id("q-", "a", "b") == "q-c14cddc033f64b9dea80");
    CHECK(derived_code("q-1") == "9984");
    CHECK(derived_code("q-649") == "0012");
}

}  // namespace roamguard::protection::testing
