#include "service/protection/shown.h"

#include "service/protection/rules.h"

namespace roamguard::protection {
namespace {

void show_place(notifications::Facts& facts, const KnownPlace& place) {
    facts.klass = place.klass;
    facts.country = place.country;
    facts.ambiguous = place.candidates.size() > 1;
    if (facts.ambiguous) facts.candidates = place.candidates;
    facts.no_guarantee = !place.realtime;
}

void show_cap(notifications::Facts& facts, const Question& question, const CustomerState& state, const Terms& terms) {
    const customers::CapRule* present = rule_named(terms, question.about);
    if (!present) return;
    const CapCount* count = nullptr;
    for (const CapCount& one : state.counts)
        if (one.cap == question.about && one.start == question.period_start) count = &one;
    const customers::CapRule& rule = count ? rule_of(*count, *present) : *present;
    facts.services = rule.services;
    facts.limit = amount_of(rule, question.limit);
    facts.used = amount_of(rule, question.used);
    facts.cap_tax = rule.tax;
    facts.per_trip = rule.period.over == customers::PeriodRule::Over::trip;
    if (count && !facts.per_trip) facts.period_end = count->end;
}

}  // namespace

notifications::Facts shown_facts(const Question& question, const CustomerState& state, const Terms& terms) {
    notifications::Facts facts;
    const bool cap = question.cause == Cause::cap;
    facts.kind = cap ? notifications::Kind::confirm_cap : notifications::Kind::confirm_destination;
    facts.language = terms.language;
    facts.time_zone = terms.time_zone;
    show_place(facts, question.place);
    facts.prices = question.prices;
    facts.services = {tariffs::Service::data};
    facts.cap_id = cap ? question.about : "";
    facts.stage = question.stage;
    if (cap) show_cap(facts, question, state, terms);
    for (const std::string& choice : question.choices)
        facts.choices.push_back(printed_choice(question, choice, terms));
    facts.code = question.code;
    facts.expires_at = question.expires;
    if (question.own_cap) facts.note = notifications::Note::own_cap;
    if (question.payer_decides) facts.line = state.profile.msisdn.masked();
    return facts;
}

std::optional<notifications::Choice> shown_answer(const Question& question, const Terms& terms) {
    if (question.chosen.empty()) return std::nullopt;
    return printed_choice(question, question.chosen, terms);
}

}  // namespace roamguard::protection
