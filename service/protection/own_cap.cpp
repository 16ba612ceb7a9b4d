#include <algorithm>

#include "service/protection/rules.h"

// Contract, section 7: `CAP 100` sets one's own cap, asked back first when it is higher.
namespace roamguard::protection {
namespace {

using customers::CapRule;
using notifications::Kind;

/// Beyond these an amount is a slip of the finger rather than a wish.
constexpr std::int64_t most_micros = 1'000'000'000ll * 1'000'000;
constexpr std::int64_t most_times = 1'000;

CapCount* running_count(const Deciding& d, std::string_view cap) {
    for (CapCount& count : d.state.counts)
        if (count.cap == cap && count.start <= d.now && d.now < count.end) return &count;
    return nullptr;
}

/// The rule with another first stage; further stages stay as far as they are above it.
void set_limit(CapRule& rule, std::int64_t limit) {
    rule.limit = limit;
    if (rule.stages.empty()) return;
    std::erase_if(rule.stages, [&](std::int64_t stage) { return stage <= limit; });
    rule.stages.insert(rule.stages.begin(), limit);
}

}  // namespace

const CapRule* own_cap_of(const Terms& terms) {
    for (const CapRule& rule : terms.caps)
        if (!rule.is_volume() && !rule.every) return &rule;
    return nullptr;
}

std::optional<std::int64_t> wished_limit(const CapRule& rule, const notifications::SmsReply& reply) {
    const tariffs::Money wish{reply.micros, rule.currency};
    const bool other_currency = !reply.currency.none() && reply.currency != rule.currency;
    if (other_currency || wish.micros <= 0 || wish.micros > most_micros || wish.micros / most_times > rule.limit ||
        tariffs::round_to_minor(wish, tariffs::Rounding::down) != wish)
        return std::nullopt;
    return wish.micros;
}

bool changes_cap(const Deciding& d, const CapRule& rule, std::int64_t limit) {
    const CapCount* count = running_count(d, rule.id);
    return limit != rule.limit || (count && count->stage > 1);
}

Owed about_own_cap(const Deciding& d, Kind kind, const CapRule& rule, std::int64_t limit) {
    const KnownPlace* place = d.state.place();
    const CapCount* count = running_count(d, rule.id);
    Owed owed;
    owed.facts = facts_at(place ? *place : KnownPlace{}, d.terms, d.world, d.now, kind);
    if (place && !place->home())
        keep_prices_of(owed.facts, rule.services);
    else
        owed.facts.prices.clear();
    owed.facts.note = notifications::Note::own_cap;
    owed.facts.cap_id = rule.id;
    owed.facts.limit = amount_of(rule, limit);
    owed.facts.used = amount_of(rule, count ? std::max<std::int64_t>(count->used, 0) : 0);
    owed.facts.cap_tax = rule.tax;
    owed.facts.services = rule.services;
    owed.facts.per_trip = rule.period.over == customers::PeriodRule::Over::trip;
    if (count && !owed.facts.per_trip) owed.facts.period_end = count->end;
    owed.cap = rule.id;
    return owed;
}

void set_own_cap(Deciding& d, const std::string& cap, std::int64_t limit) {
    Terms after = d.terms;
    for (CapRule& rule : after.caps)
        if (rule.id == cap) set_limit(rule, limit);
    d.state.profile.caps = after.caps;
    Deciding changed{after, d.world, d.now, d.seed, d.state, d.out};
    const CapRule& rule = *rule_named(after, cap);
    CapCount* count = running_count(d, cap);
    const bool anew = count && (count->stage > 1 || (count->reached && count->used >= limit));
    if (anew) restart_stages(changed, rule, *count);  // what is asked is asked about the limit that counts now
    follow_profile(changed, d.terms);
    if (anew) recheck(changed, nullptr, rule, *count);
    d.out.reasons.push_back("the customer set the cap " + cap + " to " +
                            tariffs::to_decimal(tariffs::Money{limit, rule.currency}) + " " + rule.currency.code());
}

void drop_wish(Deciding& d) {
    for (Question& question : d.state.questions)
        if (question.state == QuestionState::pending && question.own_cap)
            end_question(question, Ending::replace, d.now);
}

void settle_own_cap(Deciding& d, const Question& question, bool yes) {
    const CapRule* rule = rule_named(d.terms, question.about);
    if (!rule) return;
    const std::int64_t limit = yes ? question.next_limit : rule->limit;
    owe_of_question(d, question, about_own_cap(d, yes ? Kind::receipt : Kind::declined, *rule, limit));
    if (yes) set_own_cap(d, question.about, limit);
}

}  // namespace roamguard::protection
