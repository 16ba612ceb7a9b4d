#include <algorithm>

#include "service/customers/home.h"
#include "service/protection/rules.h"

namespace roamguard::protection {
namespace {

using customers::AtLimit;
using customers::CapRule;
using customers::PeriodRule;
using notifications::Kind;

/// A cap's counter for the period that contains `at`: a pointer to it, or nullptr.
auto find_count(auto& state, std::string_view cap, Instant at) -> decltype(state.counts.data()) {
    for (auto& count : state.counts)
        if (count.cap == cap && count.start <= at && at < count.end) return &count;
    return nullptr;
}

notifications::Facts cap_facts(Deciding& d, const CapRule& rule, const CapCount& count, int threshold,
                               std::int64_t used, const KnownPlace& place, Instant at, Kind kind) {
    notifications::Facts facts = facts_at(place, d.terms, d.world, at, kind);
    facts.cap_id = rule.id;
    facts.stage = count.stage;
    facts.threshold_percent = threshold;
    facts.limit = amount_of(rule, limit_of(rule, count.stage).value_or(0));
    facts.used = amount_of(rule, std::max<std::int64_t>(used, 0));
    facts.cap_tax = rule.tax;
    facts.services = rule.services;
    facts.notify_only = at_limit(rule, d.terms) == AtLimit::notify;
    keep_prices_of(facts, rule.services);
    facts.per_trip = rule.period.over == PeriodRule::Over::trip;
    if (!facts.per_trip) facts.period_end = count.end;
    return facts;
}

void owe_cap_message(Deciding& d, const CapRule& rule, const CapCount& count, notifications::Facts facts) {
    Owed owed;
    owed.threshold = facts.threshold_percent;
    owed.facts = std::move(facts);
    owed.cap = rule.id;
    owed.stage = count.stage;
    owed.period_start = count.start;
    d.out.owed.push_back(std::move(owed));
}

/// Tells the highest threshold below the limit that was passed; or, early, the highest of all, where the forecast says
/// that the limit will not wait.
void tell_passed(Deciding& d, const CapRule& rule, CapCount& count, std::int64_t limit, const KnownPlace& place,
                 Instant at) {
    const std::optional<int> early = forecast(d, rule, count, limit);
    const int passed = early ? *early : highest_passed(rule, count.used, limit);
    if (passed <= count.mark) return;
    count.mark = passed;
    const std::size_t owed = d.out.owed.size();
    tell_threshold(d, rule, count, passed, count.used, place, at);
    if (d.out.owed.size() > owed) d.out.owed.back().facts.early = early.has_value();
}

/// A notice-only cap: counts on, tells each threshold, and the limit itself by `cap_reached`.
void count_notices(Deciding& d, const CapRule& rule, CapCount& count, const KnownPlace& place, Instant at) {
    const auto limit = limit_of(rule, count.stage);
    if (!limit) return;
    if (count.used < *limit) return tell_passed(d, rule, count, *limit, place, at);
    if (count.mark >= 100) return;
    count.mark = 100;
    tell_reached(d, rule, count, place, at);
}

/// A repeating cap: one notice for the highest multiple passed, the lower ones are recorded with it.
void count_steps(Deciding& d, const CapRule& rule, CapCount& count, const KnownPlace& place, Instant at) {
    const std::int64_t steps = count.used / *rule.every;
    if (steps < count.stage) return;
    count.stage = static_cast<int>(steps);
    tell_reached(d, rule, count, place, at);
    ++count.stage;
}

}  // namespace

std::int64_t plus(std::int64_t a, std::int64_t b) {
    const __int128 sum = static_cast<__int128>(a) + b;
    return static_cast<std::int64_t>(std::clamp<__int128>(sum, INT64_MIN, INT64_MAX));
}

const CapRule& rule_of(const CapCount& count, const CapRule& present) {
    const bool differs =
        count.kept && (!(count.kept->period == present.period) || count.kept->currency != present.currency);
    return differs ? *count.kept : present;
}

const CapRule* rule_named(const Terms& terms, std::string_view cap) {
    for (const CapRule& rule : terms.caps)
        if (rule.id == cap) return &rule;
    return nullptr;
}

AtLimit at_limit(const CapRule& rule, const Terms& terms) { return terms.holds ? rule.at_limit : AtLimit::notify; }

std::optional<std::int64_t> limit_of(const CapRule& rule, int stage) {
    if (rule.every) return *rule.every * stage;
    if (!rule.stages.empty()) {
        if (static_cast<std::size_t>(stage) > rule.stages.size()) return std::nullopt;
        return rule.stages[static_cast<std::size_t>(stage - 1)];
    }
    return rule.limit + rule.extension.value_or(rule.limit) * (stage - 1);
}

notifications::Amount amount_of(const CapRule& rule, std::int64_t value) {
    notifications::Amount amount;
    if (rule.is_volume())
        amount.bytes = value;
    else
        amount.money = tariffs::Money{value, rule.currency};
    return amount;
}

void show_first_cap(const Deciding& d, notifications::Facts& facts, Instant at) {
    if (d.terms.caps.empty()) return;
    const CapRule& present = d.terms.caps.front();
    const CapCount* count = find_count(std::as_const(d.state), present.id, at);
    const CapRule& rule = count ? rule_of(*count, present) : present;
    const auto limit = limit_of(rule, count ? count->stage : 1);
    if (!limit) return;
    facts.cap_id = rule.id;
    facts.limit = amount_of(rule, *limit);
    facts.used = amount_of(rule, count ? std::max<std::int64_t>(count->used, 0) : 0);
    facts.cap_tax = rule.tax;
    facts.services = rule.services;
    facts.notify_only = at_limit(rule, d.terms) == AtLimit::notify;
}

int highest_passed(const CapRule& rule, std::int64_t used, std::int64_t limit) {
    int passed = 0;
    for (int threshold : rule.thresholds)
        if (static_cast<__int128>(used) * 100 >= static_cast<__int128>(limit) * threshold)
            passed = std::max(passed, threshold);
    return passed;
}

bool counts(const CapRule& rule, tariffs::Service service, const KnownPlace& place, const tariffs::Table* table) {
    if (std::find(rule.services.begin(), rule.services.end(), service) == rule.services.end()) return false;
    if (rule.destinations.empty()) return true;
    for (const std::string& destination : rule.destinations) {
        if (destination == place.destination() || destination == geoip::word(place.klass)) return true;
        if (destination.starts_with("zone:") && table)
            for (const std::string& zone : table->zones_of(place.country))
                if (destination.substr(5) == zone) return true;
    }
    return false;
}

CapCount& count_of(Deciding& d, const CapRule& rule, Instant at) {
    CustomerState& state = d.state;
    if (CapCount* found = find_count(state, rule.id, at)) return *found;
    CapCount count;
    count.cap = rule.id;
    count.currency = rule.currency;
    if (rule.period.over == PeriodRule::Over::trip) {
        const Trip& trip = state.trip;
        const bool earlier = at < trip.started;  // a trip before this one
        count.trip = earlier ? trip.number - 1 : trip.number;
        for (CapCount& one : state.counts)
            if (one.cap == rule.id && one.trip == count.trip &&
                (!earlier || (at < one.end && one.end <= trip.started))) {
                begin_earlier(state, one, std::min(one.start, at));
                return one;
            }
        count.start = std::min(trip.started, at);
        count.end = earlier ? trip.started : trip.ended ? *trip.ended : far_future;
    } else {
        const customers::Period period = customers::period_of(rule.period, at, d.terms.time_zone);
        count.start = period.start;
        count.end = period.end;
        for (const CapCount& other : state.counts) {  // an earlier rule's period runs to its end first
            if (other.cap != rule.id) continue;
            if (other.end <= at) count.start = std::max(count.start, other.end);
            if (other.start > at) count.end = std::min(count.end, other.start);
        }
    }
    state.counts.push_back(count);
    return state.counts.back();
}

void begin_earlier(CustomerState& state, CapCount& count, Instant at) {
    for (Hold& hold : state.holds)
        if (hold.cause == Cause::cap && hold.about == count.cap && hold.period_start == count.start)
            hold.period_start = at;
    for (Question& question : state.questions)
        if (question.cause == Cause::cap && question.about == count.cap && question.period_start == count.start)
            question.period_start = at;
    count.start = at;
}

void drop_old_counts(Deciding& d) {
    auto& counts = d.state.counts;
    counts.erase(std::remove_if(counts.begin(), counts.end(),
                                [&](const CapCount& count) { return count.end + d.rules().keep_periods < d.now; }),
                 counts.end());
}

void tell_threshold(Deciding& d, const CapRule& rule, const CapCount& count, int threshold, std::int64_t used,
                    const KnownPlace& place, Instant at) {
    d.out.add(Outcome::threshold_reached);
    if (d.terms.opt_out.count(Kind::threshold)) {
        d.out.reasons.push_back("no threshold message: switched off by the customer");
        return;
    }
    owe_cap_message(d, rule, count, cap_facts(d, rule, count, threshold, used, place, at, Kind::threshold));
}

void tell_reached(Deciding& d, const CapRule& rule, const CapCount& count, const KnownPlace& place, Instant at) {
    owe_cap_message(d, rule, count, cap_facts(d, rule, count, 100, count.used, place, at, Kind::cap_reached));
    d.out.add(Outcome::cap_reached);
}

void reach(Deciding& d, const CapRule& rule, CapCount& count, const KnownPlace& place, Instant at) {
    count.mark = 100;
    count.reached = true;
    d.out.add(Outcome::cap_reached);
    Hold cap_hold;
    cap_hold.cause = Cause::cap;
    cap_hold.about = rule.id;
    cap_hold.period_start = count.start;
    cap_hold.stage = count.stage;
    cap_hold.services = rule.services;
    cap_hold.since = d.now;
    const KnownPlace* known = d.state.place();
    cap_hold.asleep = known && known->home();
    hold(d, cap_hold, "cap " + rule.id + " reached");
    const Hold* standing = find_hold(d.state, Cause::cap, rule.id);
    if (!standing->asleep && standing->in_force().empty()) return;  // a pass covers all of it: asked when that ends
    ask_cap(d, rule, count, place, at);
}

namespace {

/// What a cap held flows again, or is off for another reason: whoever was asked is told. At home, or where a pass
/// covers all of it, nothing was off.
Owed released(const Deciding& d, const Hold& ended) {
    const KnownPlace* known = d.state.place();
    Owed owed;
    owed.facts = facts_at(known ? *known : KnownPlace{}, d.terms, d.world, d.now, Kind::released);
    std::vector<tariffs::Service> off;  // by another hold
    for (tariffs::Service service : ended.services)
        for (const Hold& other : d.state.holds) {
            const std::vector<tariffs::Service> held = other.in_force();
            if (std::find(held.begin(), held.end(), service) == held.end()) continue;
            off.push_back(service);
            break;
        }
    owed.facts.still_held = !off.empty();
    owed.facts.services = off.empty() ? ended.services : off;
    owed.cap = ended.about;
    owed.stage = ended.stage;
    owed.period_start = ended.period_start;
    return owed;
}

/// With what is used of which limit from now on.
Owed released(const Deciding& d, const Hold& ended, const CapRule& rule, std::int64_t used, std::int64_t limit) {
    Owed owed = released(d, ended);
    owed.facts.cap_id = rule.id;
    owed.facts.limit = amount_of(rule, limit);
    owed.facts.used = amount_of(rule, std::max<std::int64_t>(used, 0));
    owed.facts.cap_tax = rule.tax;
    return owed;
}

struct EndedHold {
    Hold hold;
    Question asked;
};
/// Ends a cap's hold. Nothing where it kept nothing off.
std::optional<EndedHold> end_hold(Deciding& d, const std::string& cap, std::string reason) {
    const Hold* standing = find_hold(d.state, Cause::cap, cap);
    std::optional<EndedHold> ended;
    if (standing && !standing->asleep && !standing->in_force().empty()) {
        ended.emplace();
        ended->hold = *standing;
        for (const Question& question : d.state.questions)
            if (question.id == standing->question) ended->asked = question;
    }
    release(d, Cause::cap, cap, std::move(reason));
    return ended;
}

}  // namespace

void unreach(Deciding& d, const CapRule& rule, CapCount& count, std::string reason) {
    count.reached = count.early = false;
    if (Question* question = open_question(d.state, Cause::cap, rule.id))
        end_question(*question, Ending::release, d.now);
    const std::int64_t limit = limit_of(rule, count.stage).value_or(0);
    if (const auto ended = end_hold(d, rule.id, std::move(reason)))
        owe_of_question(d, ended->asked, released(d, ended->hold, rule, count.used, limit));
}

void end_period(Deciding& d, const std::string& cap) {
    const auto ended = end_hold(d, cap, "the cap's period is over");
    if (!ended) return;
    const CapRule* rule = rule_named(d.terms, cap);
    if (!rule) return owe_of_question(d, ended->asked, released(d, ended->hold));
    const CapCount* present = find_count(d.state, cap, d.now);
    const std::int64_t limit = limit_of(*rule, present ? present->stage : 1).value_or(0);
    owe_of_question(d, ended->asked, released(d, ended->hold, *rule, present ? present->used : 0, limit));
}

void restart_stages(Deciding& d, const CapRule& rule, CapCount& count) {
    if (Question* question = open_question(d.state, Cause::cap, rule.id))
        end_question(*question, Ending::release, d.now);
    count.reached = count.early = false;
    count.mark = 0;
    count.stage = rule.every && count.used > 0 ? static_cast<int>(count.used / *rule.every) + 1 : 1;
    const std::int64_t limit = limit_of(rule, count.stage).value_or(0);
    const auto ended = end_hold(d, rule.id, "the cap's stages begin anew");
    const bool holds_again = at_limit(rule, d.terms) == AtLimit::hold && count.used >= limit;
    if (ended && !holds_again) owe_of_question(d, ended->asked, released(d, ended->hold, rule, count.used, limit));
}

void drop_cap_hold(Deciding& d, const std::string& cap, std::string reason) {
    if (const auto ended = end_hold(d, cap, std::move(reason)))
        owe_of_question(d, ended->asked, released(d, ended->hold));
}

void add_to_cap(Deciding& d, const CapRule& present, CapCount& count, std::int64_t delta, const KnownPlace& place,
                Instant at) {
    const CapRule rule = rule_of(count, present);
    const bool closed = count.end <= d.now;
    const bool notifies = at_limit(rule, d.terms) == AtLimit::notify;
    // Changed to this by a clock that was ahead, in a period that has come back.
    if (notifies && !closed) count.reached = false;
    if (delta <= 0 || (notifies && !count.reached)) {
        count.used = plus(count.used, delta);
        if (delta <= 0 || closed) return;
        return rule.every ? count_steps(d, rule, count, place, at) : count_notices(d, rule, count, place, at);
    }
    if (count.reached && !count.early) {
        count.overrun = plus(count.overrun, delta);
        d.out.add(Outcome::counted_over_cap);
        // A clock that leapt past the period's end let it flow, and was put right: what is full is not open.
        const bool runs = !closed && (count.trip == 0 || (count.trip == d.state.trip.number && !d.state.trip.ended));
        if (runs && !find_hold(d.state, Cause::cap, rule.id)) reach(d, rule, count, place, at);
        return;
    }
    const auto limit = limit_of(rule, count.stage);
    if (!limit) {
        count.used = plus(count.used, delta);
        return;
    }
    // None where the limit was lowered below what was used while nothing held: that stays used.
    const std::int64_t room = std::max<std::int64_t>(0, plus(*limit, -std::max(count.used, -INT64_MAX)));
    if (delta < room) {
        count.used = plus(count.used, delta);
        if (!closed) tell_passed(d, rule, count, *limit, place, at);
        return;
    }
    count.used = plus(count.used, room);
    count.overrun = plus(count.overrun, delta - room);
    if (count.early) {  // held and asked already
        count.early = false;
        if (delta > room) d.out.add(Outcome::counted_over_cap);
        return;
    }
    if (closed) {
        count.reached = true;
        return;
    }
    reach(d, rule, count, place, at);
}

std::vector<CapView> cap_views(const CustomerState& state, const Terms& terms, Instant at) {
    std::vector<CapView> views;
    for (const CapRule& present : terms.caps) {
        const CapCount* count = find_count(state, present.id, at);
        const CapRule& rule = count ? rule_of(*count, present) : present;
        CapView view;
        view.id = rule.id;
        view.volume = rule.is_volume();
        view.currency = rule.currency;
        view.tax = rule.tax;
        view.stage = count ? count->stage : 1;
        view.limit = limit_of(rule, view.stage);
        if (count) {
            view.used = std::max<std::int64_t>(count->used, 0);
            view.overrun = count->overrun;
            view.start = count->start;
            view.end = count->end;
            view.trip = count->trip;
        } else if (rule.period.over != PeriodRule::Over::trip) {
            const customers::Period period = customers::period_of(rule.period, at, terms.time_zone);
            view.start = period.start;
            view.end = period.end;
        }
        if (view.limit && *view.limit > 0)
            view.percent = static_cast<int>(static_cast<__int128>(view.used) * 100 / *view.limit);
        views.push_back(view);
    }
    return views;
}

}  // namespace roamguard::protection
