#include <algorithm>

#include "service/protection/rules.h"

namespace roamguard::protection {
namespace {

using intake::EventType;

/// Home has lasted, or nothing was heard for long: by the clock, and not while events still come in.
constexpr tariffs::Span quiet_before_end = tariffs::seconds(2);

/// Rounded up, so that the stored time of a silent trip's end does not move with every record.
Instant whole_hour(Instant at) {
    const std::int64_t hour = tariffs::hours(1).ms;
    return {(at.ms + hour - 1) / hour * hour};
}

std::optional<Instant> trip_end_due(const Trip& trip, const Rules& rules) {
    if (trip.number == 0 || trip.ended) return std::nullopt;
    const Instant by_event =
        trip.home_since ? *trip.home_since + rules.trip_home_dwell : whole_hour(trip.last_heard + rules.trip_silence);
    return std::max(by_event, trip.touched + quiet_before_end);
}

void consider(std::optional<Instant>& earliest, Instant at) {
    if (at != far_future && (!earliest || at < *earliest)) earliest = at;
}

}  // namespace

void recheck(Deciding& d, const customers::CapRule* before, const customers::CapRule& present, CapCount& count) {
    const customers::CapRule rule = rule_of(count, present);
    const auto limit = limit_of(rule, count.stage);
    const KnownPlace* known = d.state.place();
    const KnownPlace place = known ? *known : KnownPlace{};
    if (rule.every || !limit) return;
    if (count.used >= *limit) count.early = false;
    const std::int64_t used = plus(count.used, count.early ? kept_for_grants(d.state, rule.id, Kept::all) : 0);
    const int passed = used >= *limit ? 100 : highest_passed(rule, used, *limit);
    const bool holds = at_limit(rule, d.terms) == customers::AtLimit::hold;
    // A credit alone releases nothing, nor does a change of anything but the limit after one.
    const bool raised = !before || limit_of(*before, count.stage).value_or(0) < *limit;
    if (count.reached && ((passed < 100 && raised) || !holds)) return unreach(d, rule, count, "the limit was raised");
    if (count.reached) {
        const Hold* standing = find_hold(d.state, Cause::cap, rule.id);
        if (standing && standing->services != rule.services) {
            Hold changed = *standing;
            changed.services = rule.services;
            hold(d, changed, "cap " + rule.id + " covers other services now");
        }
        // An answer must open what was shown: where that is other now, it is asked anew.
        const Question* asked = open_question(d.state, Cause::cap, rule.id);
        if (asked && (asked->limit != *limit || asked->next_limit != limit_of(rule, count.stage + 1).value_or(0)))
            ask_cap(d, present, count, place, d.now);
        return;
    }
    if (passed >= 100 && holds) return reach(d, rule, count, place, d.now);
    if (passed <= count.mark) return;  // a raised limit re-arms nothing
    count.mark = passed;
    if (passed >= 100) return tell_reached(d, rule, count, place, d.now);
    tell_threshold(d, rule, count, passed, count.used, place, d.now);
}

namespace {

void keep_running_periods(Deciding& d, const Terms& before) {
    for (CapCount& count : d.state.counts) {
        if (count.end <= d.now || count.kept) continue;
        const customers::CapRule* old = rule_named(before, count.cap);
        const customers::CapRule* present = rule_named(d.terms, count.cap);
        if (old && present && (!(old->period == present->period) || old->currency != present->currency))
            count.kept = *old;
    }
}

bool counts_alike(const customers::CapRule& a, const customers::CapRule& b) {
    return a.services == b.services && a.destinations == b.destinations && a.currency == b.currency && a.tax == b.tax &&
           a.period == b.period && a.every.has_value() == b.every.has_value();
}

/// A cap under a new id that counts what a dropped one counted goes on from its counter: what is used stays used.
void carry_counts(Deciding& d, const Terms& before) {
    for (const customers::CapRule& rule : d.terms.caps) {
        if (rule_named(before, rule.id)) continue;
        for (const customers::CapRule& old : before.caps) {
            if (rule_named(d.terms, old.id) || !counts_alike(rule, old)) continue;
            for (CapCount& count : d.state.counts) {
                if (count.cap != old.id) continue;
                count.cap = rule.id;
                if (d.now < count.end) {
                    count.reached = count.early = false;
                    count.stage = 1;
                    count.mark = 0;
                }
            }
            break;
        }
    }
}

void release_orphans(Deciding& d) {
    for (std::size_t i = d.state.holds.size(); i-- > 0;) {
        const Hold hold = d.state.holds[i];
        const bool orphan = hold.cause == Cause::cap && !rule_named(d.terms, hold.about);
        if (!orphan && d.terms.holds) continue;
        if (Question* question = open_question(d.state, hold.cause, hold.about))
            end_question(*question, Ending::release, d.now);
        for (CapCount& count : d.state.counts)  // a cap that is put back within its period is found full anew
            if (orphan && count.cap == hold.about && count.start == hold.period_start)
                count.reached = count.early = false;
        if (hold.cause == Cause::cap)
            drop_cap_hold(d, hold.about, "the profile no longer asks for it");
        else
            release(d, hold.cause, hold.about, "the profile no longer asks for it");
    }
}

/// A wish for a higher cap was asked about the limit it showed.
void withdraw_wishes(Deciding& d) {
    for (Question& question : d.state.questions) {
        if (question.state != QuestionState::pending || !question.own_cap) continue;
        const customers::CapRule* rule = rule_named(d.terms, question.about);
        if (!rule || rule->limit != question.limit) end_question(question, Ending::release, d.now);
    }
}

}  // namespace

void finish(Deciding& d) {
    if (!d.out.holds.empty()) ++d.state.hold_sequence;
    d.state.wake = next_wake(d.state, d.rules());
    for (const HeldPass& pass : d.state.passes)  // one recorded ahead lifts what it covers when it begins
        if (pass.from > d.now && !pass.ended) consider(d.state.wake, pass.from);
}

Decision decide(const intake::RoamingEvent& event, const geoip::Place& found, const Terms& terms, const World& world,
                Instant now, std::string_view seed, CustomerState& state, Session& session) {
    Decision out;
    Deciding d{terms, world, now, seed, state, out};
    settle(d);
    out.place = known_place(found, terms, world, event.time.at);
    out.place_known = true;
    switch (event.type) {
        case EventType::attach:
            attach(d, event, out.place);
            break;
        case EventType::usage:
            usage(d, event, out.place, session);
            break;
        case EventType::detach:
            out.add(out.place.klass == geoip::NetworkClass::test ? Outcome::test_network : Outcome::noted);
            break;
        case EventType::roaming_on:
            roaming_on(d, event);
            break;
        case EventType::subscription:
            out.add(Outcome::noted);
    }
    out.prices = prices_at(out.place, terms, world, event.time.at);
    finish(d);
    return out;
}

Decision decide_timers(const Terms& terms, const World& world, Instant now, std::string_view seed,
                       CustomerState& state) {
    Decision out;
    Deciding d{terms, world, now, seed, state, out};
    if (const auto due = trip_end_due(state.trip, *world.rules); due && *due <= now)
        end_trip(d, state.trip.home_since ? *state.trip.home_since + world.rules->trip_home_dwell
                                          : state.trip.last_heard + world.rules->trip_silence);
    settle(d);
    settle_place(d);
    finish(d);
    return out;
}

Decision decide_profile(const Terms& before, const Terms& terms, Sim sim, const World& world, Instant now,
                        std::string_view seed, CustomerState& state) {
    Decision out;
    Deciding d{terms, world, now, seed, state, out};
    settle(d);
    if (sim == Sim::changed)
        for (Question& question : state.questions)
            if (question.state == QuestionState::pending) end_question(question, Ending::new_sim, now);
    follow_profile(d, before);
    finish(d);
    return out;
}

void follow_profile(Deciding& d, const Terms& before) {
    keep_running_periods(d, before);
    carry_counts(d, before);
    withdraw_wishes(d);
    for (const customers::CapRule& rule : d.terms.caps) {
        const customers::CapRule* old = rule_named(before, rule.id);
        if (old && *old == rule && before.holds == d.terms.holds) continue;
        for (CapCount& count : d.state.counts)
            if (count.cap == rule.id && count.start <= d.now && d.now < count.end) {
                const customers::CapRule follows = rule_of(count, rule);
                if (old && rule_of(count, *old).every.has_value() != follows.every.has_value())
                    restart_stages(d, follows, count);
                recheck(d, old, rule, count);
            }
    }
    release_orphans(d);  // last, so that what they tell knows of every hold that stands now
}

std::optional<Instant> next_wake(const CustomerState& state, const Rules& rules) {
    std::optional<Instant> earliest = trip_end_due(state.trip, rules);
    for (const Question& question : state.questions) {
        if (question.state != QuestionState::pending) continue;
        consider(earliest, question.expires);
        if (question.left) consider(earliest, *question.left + rules.confirm_repeat_after);
    }
    for (const Hold& hold : state.holds)
        for (const CapCount& count : state.counts)
            if (hold.cause == Cause::cap && count.cap == hold.about && count.start == hold.period_start)
                consider(earliest, count.end);
    if (const auto due = unsettled_due(state, rules)) consider(earliest, *due);
    if (const auto due = next_pass_end(state)) consider(earliest, *due);
    if (const auto due = next_lapse(state)) consider(earliest, *due);
    return earliest;
}

}  // namespace roamguard::protection
