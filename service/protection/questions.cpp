#include <algorithm>

#include "service/protection/rules.h"

namespace roamguard::protection {
namespace {

using notifications::Kind;

constexpr std::size_t most_closed_questions = 12;

void keep_question(CustomerState& state, Question question) {
    state.questions.push_back(std::move(question));
    std::size_t closed = 0;
    for (const Question& one : state.questions)
        if (one.state != QuestionState::pending) ++closed;
    for (auto at = state.questions.begin(); closed > most_closed_questions && at != state.questions.end();) {
        if (at->state == QuestionState::pending) {
            ++at;
            continue;
        }
        at = state.questions.erase(at);
        --closed;
    }
}

void owe_question(Deciding& d, notifications::Facts facts, const Question& question) {
    facts.code = question.code;
    facts.expires_at = question.expires;
    facts.links = d.rules().links;
    Owed owed;
    owed.facts = std::move(facts);
    owed.cap = question.cause == Cause::cap ? question.about : "";
    owed.stage = question.stage;
    owed.threshold = question.cause == Cause::cap ? 100 : 0;
    owed.period_start = question.period_start;
    owed.question = question.id;
    owed.with_hold = true;
    d.out.owed.push_back(std::move(owed));
    d.out.question = question.id;
    d.out.add(Outcome::confirmation_requested);
}

/// Four digits that no other open question of this customer has.
std::string code_for(const CustomerState& state, const std::string& id) {
    const auto taken = [&](const std::string& code) {
        return std::any_of(state.questions.begin(), state.questions.end(), [&](const Question& one) {
            return one.state == QuestionState::pending && one.code == code;
        });
    };
    std::string code = derived_code(id);
    for (int n = 2; taken(code); ++n)
        code = derived_code(id + "/" + std::to_string(n));
    return code;
}

Question new_question(Deciding& d, Cause cause, const std::string& about, const std::string& what) {
    Question question;
    question.id = derived_id("q-", d.seed, what);
    question.cause = cause;
    question.about = about;
    question.asked = d.now;
    question.expires = d.now + d.rules().question_expiry;
    question.code = code_for(d.state, question.id);
    question.trip = d.state.trip.number;
    return question;
}

const CapCount* count_for(const CustomerState& state, const Question& question) {
    for (const CapCount& count : state.counts)
        if (count.cap == question.about && count.start == question.period_start) return &count;
    return nullptr;
}

void open_next_stage(Deciding& d, const Question& question) {
    const customers::CapRule* present = rule_named(d.terms, question.about);
    for (CapCount& count : d.state.counts) {
        if (!present || count.cap != question.about || count.start != question.period_start ||
            count.stage != question.stage)
            continue;
        const customers::CapRule& rule = rule_of(count, *present);
        ++count.stage;
        count.reached = false;
        const auto limit = limit_of(rule, count.stage);
        count.mark = limit ? highest_passed(rule, count.used, *limit) : 0;
    }
    release(d, Cause::cap, question.about, "the customer agreed to the next stage");
}

/// Where the question was about: the answer may come when the traveller has gone on.
KnownPlace place_of(const CustomerState& state, const Question& question) {
    for (auto one = state.places.rbegin(); one != state.places.rend(); ++one)
        if (question.cause == Cause::destination && one->place.destination() == question.about) return one->place;
    return state.place() ? *state.place() : KnownPlace{};
}

}  // namespace

notifications::Choice printed_choice(const Question& question, std::string_view choice_word, const Terms& terms) {
    notifications::Choice choice;
    if (choice_word == "continue") choice.does = notifications::Choice::Does::proceed;
    if (choice_word != "extend") return choice;
    choice.does = notifications::Choice::Does::extend;
    const customers::CapRule* rule = rule_named(terms, question.about);
    if (rule && question.next_limit > 0) choice.new_limit = amount_of(*rule, question.next_limit);
    return choice;
}

Owed written_answer(Deciding& d, Kind kind, const Question& question, std::string_view choice) {
    Owed owed;
    owed.facts = facts_at(place_of(d.state, question), d.terms, d.world, d.now, kind);
    owed.question = question.id;
    owed.cap = question.cause == Cause::cap ? question.about : "";
    owed.stage = question.stage;
    owed.facts.chosen = printed_choice(question, choice, d.terms);
    owed.facts.still_held = data_state(d.state, d.terms) != DataState::allowed;
    if (question.cause != Cause::cap) {
        owed.facts.services = {tariffs::Service::data};
        return owed;
    }
    owed.facts.cap_id = question.about;
    if (const customers::CapRule* rule = rule_named(d.terms, question.about)) {
        owed.facts.services = rule->services;
        owed.facts.cap_tax = rule->tax;
        owed.facts.used = amount_of(*rule, question.used);
        keep_prices_of(owed.facts, rule->services);
        owed.facts.per_trip = rule->period.over == customers::PeriodRule::Over::trip;
        if (const CapCount* count = count_for(d.state, question); count && !owed.facts.per_trip)
            owed.facts.period_end = count->end;
        owed.facts.limit = choice == "extend" && question.next_limit == 0
                               ? notifications::Amount{}
                               : amount_of(*rule, choice == "extend" ? question.next_limit : question.limit);
    }
    return owed;
}

void settle_answer(Deciding& d, Question& question, const Answer& answer) {
    question.chosen = answer.choice;
    question.by = answer.by;
    question.actor = answer.actor;
    d.out.question = question.id;
    const bool yes = answer.choice != "decline";
    close_question(question, yes ? QuestionState::confirmed : QuestionState::declined, d.now);
    if (question.cause == Cause::destination) {
        if (DestinationAnswer* known = trip_answer(d.state, question.about))
            known->confirmed = yes;
        else
            d.state.trip.answers.push_back({question.about, yes});
        if (yes) release(d, Cause::destination, question.about, "the customer agreed for this trip");
    } else if (yes) {
        open_next_stage(d, question);
    }
    if (!yes)
        if (Hold* standing = find_hold(d.state, question.cause, question.about)) standing->declined = true;
    d.out.owed.push_back(written_answer(d, yes ? Kind::receipt : Kind::declined, question, answer.choice));
    d.out.reasons.push_back("answered " + answer.choice + " by " + answer.by);
}

Question* open_question(CustomerState& state, Cause cause, std::string_view about) {
    for (Question& question : state.questions)
        if (question.state == QuestionState::pending && question.cause == cause && question.about == about)
            return &question;
    return nullptr;
}

void close_question(Question& question, QuestionState how, Instant now) {
    question.state = how;
    question.decided = now;
}

void ask_cap(Deciding& d, const customers::CapRule& present, CapCount& count, const KnownPlace& place, Instant at) {
    const customers::CapRule& rule = rule_of(count, present);
    if (Question* old = open_question(d.state, Cause::cap, rule.id))
        close_question(*old, QuestionState::withdrawn, d.now);
    Question question =
        new_question(d, Cause::cap, rule.id,
                     "cap/" + rule.id + "/" + std::to_string(count.start.ms) + "/" + std::to_string(count.stage));
    question.period_start = count.start;
    question.stage = count.stage;
    question.choices = {"extend", "decline"};
    const std::int64_t limit = limit_of(rule, count.stage).value_or(0);
    const auto next = limit_of(rule, count.stage + 1);
    question.limit = limit;
    question.used = count.used;
    question.next_limit = next.value_or(0);
    question.place = place;
    notifications::Facts facts = facts_at(place, d.terms, d.world, at, Kind::confirm_cap);
    facts.cap_id = rule.id;
    facts.stage = count.stage;
    facts.threshold_percent = 100;
    facts.limit = amount_of(rule, limit);
    facts.used = amount_of(rule, count.used);
    facts.cap_tax = rule.tax;
    facts.services = rule.services;
    keep_prices_of(facts, rule.services);
    question.prices = facts.prices;
    facts.per_trip = rule.period.over == customers::PeriodRule::Over::trip;
    if (!facts.per_trip) facts.period_end = count.end;
    notifications::Choice extend;
    extend.does = notifications::Choice::Does::extend;
    if (next) extend.new_limit = amount_of(rule, *next);
    notifications::Choice decline;
    facts.choices = {extend, decline};
    if (Hold* standing = find_hold(d.state, Cause::cap, rule.id)) standing->question = question.id;
    owe_question(d, std::move(facts), question);
    keep_question(d.state, std::move(question));
}

void ask_destination(Deciding& d, const KnownPlace& place, Instant at) {
    const std::string destination = place.destination();
    Question question = new_question(d, Cause::destination, destination, "destination/" + destination);
    question.choices = {"continue", "decline"};
    notifications::Facts facts = facts_at(place, d.terms, d.world, at, Kind::confirm_destination);
    for (const notifications::PriceLine& line : facts.prices)
        if (line.service == tariffs::Service::data)
            question.price_per_megabyte = tariffs::Money{
                tariffs::mul_div(line.price.micros, 1 << 20, line.unit.amount, tariffs::Rounding::half_up),
                line.price.currency};
    question.place = place;
    question.prices = facts.prices;
    notifications::Choice proceed, decline;
    proceed.does = notifications::Choice::Does::proceed;
    facts.choices = {proceed, decline};
    show_first_cap(d, facts, at);
    facts.services = {tariffs::Service::data};
    if (Hold* standing = find_hold(d.state, Cause::destination, destination)) standing->question = question.id;
    owe_question(d, std::move(facts), question);
    keep_question(d.state, std::move(question));
}

/// What ended by the clock before this decision: expired questions, questions about places left, periods that are over.
void settle(Deciding& d) {
    const auto close = [&](Question& question, QuestionState how) {
        close_question(question, how, d.now);
        d.out.reasons.push_back("the question about " + question.about + " is " + std::string(word(how)));
    };
    for (Question& question : d.state.questions) {
        if (question.state != QuestionState::pending) continue;
        const CapCount* count = question.cause == Cause::cap ? count_for(d.state, question) : nullptr;
        if (question.left && d.now - *question.left >= d.rules().confirm_repeat_after)
            close(question, QuestionState::withdrawn);
        else if (question.expires <= d.now)
            close(question, QuestionState::expired);
        else if (count && count->end <= d.now)
            close(question, QuestionState::withdrawn);
    }
    for (std::size_t i = d.state.holds.size(); i-- > 0;) {
        const Hold hold = d.state.holds[i];
        if (hold.cause != Cause::cap) continue;
        for (const CapCount& count : d.state.counts)
            if (count.cap == hold.about && count.start == hold.period_start && count.end <= d.now) {
                release(d, Cause::cap, hold.about, "the cap's period is over");
                break;
            }
    }
    drop_old_counts(d);
}

AnswerDecision decide_answer(const Answer& answer, const Terms& terms, const World& world, Instant now,
                             std::string_view seed, CustomerState& state) {
    AnswerDecision result;
    Deciding d{terms, world, now, seed, state, result.decision};
    settle(d);
    Question* question = nullptr;
    for (Question& one : state.questions)
        if (one.id == answer.question) question = &one;
    if (!question) {
        result.result = AnswerResult::unknown_question;
    } else if (question->state != QuestionState::pending) {
        result.result = AnswerResult::already_decided;
    } else if (std::find(question->choices.begin(), question->choices.end(), answer.choice) ==
               question->choices.end()) {
        result.result = AnswerResult::not_offered;
    } else {
        settle_answer(d, *question, answer);
    }
    if (!result.decision.holds.empty()) ++state.hold_sequence;
    state.wake = next_wake(state, *world.rules);
    return result;
}

}  // namespace roamguard::protection
