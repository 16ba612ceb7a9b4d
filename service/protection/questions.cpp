#include <algorithm>

#include "service/protection/rules.h"

namespace roamguard::protection {
namespace {

using notifications::Kind;

constexpr std::ptrdiff_t most_closed_questions = 12;

void keep_question(CustomerState& state, Question question) {
    state.questions.push_back(std::move(question));
    const auto closed = [](const Question& one) { return one.state != QuestionState::pending; };
    auto beyond = std::count_if(state.questions.begin(), state.questions.end(), closed) - most_closed_questions;
    std::erase_if(state.questions, [&](const Question& one) { return closed(one) && beyond-- > 0; });
}

void owe_question(Deciding& d, notifications::Facts facts, const Question& question) {
    facts.code = question.code;
    facts.expires_at = question.expires;
    facts.links = d.rules().links;
    Owed owed;
    owed.facts = std::move(facts);
    owed.cap = question.cause == Cause::cap ? question.about : "";
    owed.stage = question.stage;
    owed.threshold = question.cause == Cause::cap && !question.own_cap ? 100 : 0;
    owed.period_start = question.period_start;
    owed.question = question.id;
    owed.with_hold = !question.own_cap;
    owe_of_question(d, question, std::move(owed));
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

constexpr std::string_view pass_prefix = "pass:";

Question new_question(Deciding& d, Cause cause, const std::string& about, const KnownPlace& place,
                      const std::string& what) {
    Question question;
    question.place = place;
    question.id = derived_id("q-", d.seed, what);
    question.cause = cause;
    question.about = about;
    question.asked = d.now;
    question.expires = d.now + d.rules().question_expiry;
    question.code = code_for(d.state, question.id);
    question.trip = d.state.trip.number;
    question.payer_decides = !d.state.profile.payer.none();
    return question;
}

/// The passes valid there become choices, cheapest first.
void offer_passes(Deciding& d, Question& question, const std::vector<tariffs::Service>& services, Instant at) {
    question.offers = pass_offers(d, question.place, services, at);
    for (const HeldPass& offer : question.offers)
        question.choices.push_back(std::string(pass_prefix) + offer.pass);
}

const HeldPass* offer_named(const Question& question, std::string_view choice) {
    if (!choice.starts_with(pass_prefix)) return nullptr;
    for (const HeldPass& offer : question.offers)
        if (offer.pass == choice.substr(pass_prefix.size())) return &offer;
    return nullptr;
}

/// The choices as the message prints them.
std::vector<notifications::Choice> printed_choices(const Question& question, const Terms& terms) {
    std::vector<notifications::Choice> choices;
    for (const std::string& choice : question.choices)
        choices.push_back(printed_choice(question, choice, terms));
    return choices;
}

const CapCount* count_for(const CustomerState& state, const Question& question) {
    for (const CapCount& count : state.counts)
        if (count.cap == question.about && count.start == question.period_start) return &count;
    return nullptr;
}

void open_next_stage(Deciding& d, const Question& question) {
    const customers::CapRule* present = rule_named(d.terms, question.about);
    for (CapCount& count : d.state.counts) {
        if (!present || count.cap != question.about || count.start != question.period_start) continue;
        const customers::CapRule& rule = rule_of(count, *present);
        const std::int64_t used = told_use(d.state, count);
        ++count.stage;
        count.reached = count.early = false;
        const auto limit = limit_of(rule, count.stage);
        count.mark = limit ? highest_passed(rule, used, *limit) : 0;
        d.out.opened.push_back({Opened::What::stage, question.about, count.stage, question.id});
    }
    release(d, Cause::cap, question.about, "the customer agreed to the next stage");
}

/// Where the question was about: the answer may come when the traveller has gone on.
KnownPlace place_of(const CustomerState& state, const Question& question) {
    for (auto one = state.places.rbegin(); one != state.places.rend(); ++one)
        if (question.cause == Cause::destination && one->place.destination() == question.about) return one->place;
    return state.place() ? *state.place() : KnownPlace{};
}

/// A stage that is full when it opens, since the limit was lowered below what is used, holds at once and asks anew.
void hold_full_stage(Deciding& d, const Question& question) {
    const customers::CapRule* present = rule_named(d.terms, question.about);
    for (CapCount& count : d.state.counts) {
        if (!present || count.cap != question.about || count.start != question.period_start) continue;
        const customers::CapRule rule = rule_of(count, *present);
        const auto limit = limit_of(rule, count.stage);
        if (limit && count.used >= *limit && at_limit(rule, d.terms) == customers::AtLimit::hold)
            return reach(d, rule, count, place_of(d.state, question), d.now);
    }
}

/// An answer about a destination lasts for the trip.
void answer_destination(Deciding& d, const Question& question, bool yes) {
    if (DestinationAnswer* known = trip_answer(d.state, question.about))
        known->confirmed = yes;
    else
        d.state.trip.answers.push_back({question.about, yes});
    if (!yes) return;
    d.out.opened.push_back({Opened::What::destination, question.about, 0, question.id});
    release(d, Cause::destination, question.about, "the customer agreed for this trip");
}

}  // namespace

notifications::Choice printed_choice(const Question& question, std::string_view choice_word, const Terms& terms) {
    notifications::Choice choice;
    choice.own_cap = question.own_cap;
    if (choice_word == "continue") choice.does = notifications::Choice::Does::proceed;
    if (const HeldPass* offer = offer_named(question, choice_word)) {
        choice.does = notifications::Choice::Does::pass;
        choice.pass_name = offer->name;
        choice.price = offer->price;
        choice.tax = offer->tax;
        choice.allowance = offer->allowance;
        choice.allowance_kind = tariffs::kind_of(offer->services.front());
        choice.validity = offer->validity;
        choice.calendar_days = offer->day != tariffs::Pass::Day::rolling;
    }
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
    if (owed.facts.chosen->does == notifications::Choice::Does::pass) {
        const HeldPass& bought = d.state.passes.back();
        if (bought.until_certain) owed.facts.period_end = bought.until;
        owed.facts.prices.clear();
        owed.facts.services = bought.services;
        return owed;
    }
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
    end_question(question, yes ? Ending::confirm : Ending::decline, d.now);
    d.out.reasons.push_back("answered " + answer.choice + " by " + answer.by);
    const Question answered = question;  // what follows may ask anew, and move the questions
    if (answered.own_cap) return settle_own_cap(d, answered, yes);
    if (const HeldPass* offer = offer_named(answered, answer.choice))
        buy_pass(d, answered, *offer);  // the hold stays and is lifted for as long as the pass covers
    else if (answered.cause == Cause::destination)
        answer_destination(d, answered, yes);
    else if (yes)
        open_next_stage(d, answered);
    if (!yes)
        if (Hold* standing = find_hold(d.state, answered.cause, answered.about)) standing->declined = true;
    owe_of_question(d, answered, written_answer(d, yes ? Kind::receipt : Kind::declined, answered, answer.choice));
    if (answer.choice == "extend") hold_full_stage(d, answered);
}

Question* open_question(CustomerState& state, Cause cause, std::string_view about) {
    for (Question& question : state.questions)
        if (question.state == QuestionState::pending && question.cause == cause && question.about == about &&
            !question.own_cap)
            return &question;
    return nullptr;
}

void end_question(Question& question, Ending ending, Instant now) {
    question.state = state_after(question.state, ending);
    question.decided = now;
    std::erase_if(question.offers,
                  [&](const HeldPass& offer) { return std::string(pass_prefix) + offer.pass != question.chosen; });
    question.prices.clear();
}

void ask_cap(Deciding& d, const customers::CapRule& present, CapCount& count, const KnownPlace& place, Instant at) {
    const customers::CapRule& rule = rule_of(count, present);
    if (Question* old = open_question(d.state, Cause::cap, rule.id)) end_question(*old, Ending::replace, d.now);
    Question question =
        new_question(d, Cause::cap, rule.id, place,
                     "cap/" + rule.id + "/" + std::to_string(count.start.ms) + "/" + std::to_string(count.stage));
    question.period_start = count.start;
    question.stage = count.stage;
    question.choices = {"extend"};
    offer_passes(d, question, rule.services, at);
    question.choices.push_back("decline");
    const std::int64_t limit = limit_of(rule, count.stage).value_or(0);
    const auto next = limit_of(rule, count.stage + 1);
    question.limit = limit;
    question.used = told_use(d.state, count);
    question.next_limit = next.value_or(0);
    notifications::Facts facts = facts_at(place, d.terms, d.world, at, Kind::confirm_cap);
    facts.cap_id = rule.id;
    facts.stage = count.stage;
    facts.threshold_percent = 100;
    facts.limit = amount_of(rule, limit);
    facts.used = amount_of(rule, question.used);
    facts.cap_tax = rule.tax;
    facts.services = rule.services;
    keep_prices_of(facts, rule.services);
    facts.per_trip = rule.period.over == customers::PeriodRule::Over::trip;
    if (!facts.per_trip) facts.period_end = count.end;
    facts.choices = printed_choices(question, d.terms);
    question.prices = facts.prices;
    if (Hold* standing = find_hold(d.state, Cause::cap, rule.id)) standing->question = question.id;
    owe_question(d, std::move(facts), question);
    keep_question(d.state, std::move(question));
}

void ask_destination(Deciding& d, const KnownPlace& place, Instant at) {
    const std::string destination = place.destination();
    Question question = new_question(d, Cause::destination, destination, place, "destination/" + destination);
    offer_passes(d, question, {tariffs::Service::data}, at);
    question.choices.insert(question.choices.end(), {"continue", "decline"});
    notifications::Facts facts = facts_at(place, d.terms, d.world, at, Kind::confirm_destination);
    for (const notifications::PriceLine& line : facts.prices)
        if (line.service == tariffs::Service::data)
            question.price_per_megabyte = tariffs::Money{
                tariffs::mul_div(line.price.micros, 1 << 20, line.unit.amount, tariffs::Rounding::half_up),
                line.price.currency};
    facts.choices = printed_choices(question, d.terms);
    question.prices = facts.prices;
    show_first_cap(d, facts, at);
    facts.services = {tariffs::Service::data};
    if (Hold* standing = find_hold(d.state, Cause::destination, destination)) standing->question = question.id;
    owe_question(d, std::move(facts), question);
    keep_question(d.state, std::move(question));
}

void ask_own_cap(Deciding& d, const customers::CapRule& rule, std::int64_t limit) {
    drop_wish(d);
    const KnownPlace* known = d.state.place();
    Question question = new_question(d, Cause::cap, rule.id, known ? *known : KnownPlace{},
                                     "own_cap/" + rule.id + "/" + std::to_string(limit));
    question.own_cap = true;
    question.choices = {"extend", "decline"};
    question.limit = rule.limit;
    question.next_limit = limit;
    notifications::Facts facts = about_own_cap(d, Kind::confirm_cap, rule, rule.limit).facts;
    question.used = facts.used.money->micros;
    facts.choices = printed_choices(question, d.terms);
    question.prices = facts.prices;
    owe_question(d, std::move(facts), question);
    keep_question(d.state, std::move(question));
}

/// What ended by the clock before this decision: expired questions, questions about places left, periods that are over,
/// grants whose records did not come.
void settle(Deciding& d) {
    const auto close = [&](Question& question, Ending ending) {
        end_question(question, ending, d.now);
        d.out.reasons.push_back("the question about " + question.about + " is " + std::string(word(question.state)));
    };
    for (Question& question : d.state.questions) {
        if (question.state != QuestionState::pending) continue;
        const CapCount* count = question.cause == Cause::cap ? count_for(d.state, question) : nullptr;
        if (question.left && d.now - *question.left >= d.rules().confirm_repeat_after)
            close(question, Ending::leave);
        else if (question.expires <= d.now)
            close(question, Ending::expire);
        else if (count && count->end <= d.now)
            close(question, Ending::period_over);
    }
    for (std::size_t i = d.state.holds.size(); i-- > 0;) {
        const Hold hold = d.state.holds[i];
        if (hold.cause != Cause::cap) continue;
        for (const CapCount& count : d.state.counts)
            if (count.cap == hold.about && count.start == hold.period_start && count.end <= d.now) {
                end_period(d, hold.about);
                break;
            }
    }
    lapse_grants(d);
    drop_old_counts(d);
    settle_passes(d);
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
    } else if (answer.by == "app" && payer_decides(state, *question) && answer.actor != state.profile.payer.e164()) {
        result.result = AnswerResult::payer_decides;
    } else {
        settle_answer(d, *question, answer);
    }
    finish(d);
    return result;
}

}  // namespace roamguard::protection
