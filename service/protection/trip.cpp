#include <algorithm>

#include "service/protection/rules.h"

namespace roamguard::protection {

namespace {

bool home_too_long(const Deciding& d, Instant at) {
    const Trip& trip = d.state.trip;
    return trip.home_since && at - *trip.home_since >= d.rules().trip_home_dwell;
}

/// Whether a time before the trip's known beginning belongs to it: no earlier trip and no lasting stay at home between.
bool reaches_back(const Deciding& d, Instant at) {
    const Trip& trip = d.state.trip;
    if (at >= trip.started || trip.started - at >= d.rules().trip_silence) return false;
    for (const CapCount& count : d.state.counts)
        if (count.trip > 0 && count.trip < trip.number && count.end > at) return false;
    const tariffs::Span lasting = d.rules().trip_home_dwell;
    std::optional<Instant> home;  // since when, of a stay that was told of since then
    for (const PlaceAt& one : d.state.places) {
        if (one.place.home()) {
            if (!home && one.at >= at) home = one.at;
            continue;
        }
        if (home && std::min(one.at, trip.started) - *home >= lasting) return false;
        home.reset();
    }
    return !home || trip.started - *home < lasting;
}

/// Since when the customer is home, where that was told before anything of the trip was.
std::optional<Instant> home_already(const CustomerState& state, Instant at) {
    std::optional<Instant> since;
    for (auto one = state.places.rbegin(); one != state.places.rend() && one->place.home() && one->at > at; ++one)
        since = one->at;
    return since;
}

void begin_trip_earlier(Deciding& d, Instant at) {
    d.state.trip.started = at;
    for (CapCount& count : d.state.counts)
        if (count.trip == d.state.trip.number) begin_earlier(d.state, count, at);
}

/// The clock had ended the trip before a late event told that home did not last.
void reopen_trip(Deciding& d, Instant at) {
    Trip& trip = d.state.trip;
    if (!trip.ended) return;
    for (CapCount& count : d.state.counts) {
        if (count.trip != trip.number) continue;
        count.end = far_future;
        const customers::CapRule* rule = rule_named(d.terms, count.cap);
        if (!count.reached || !rule || at_limit(*rule, d.terms) != customers::AtLimit::hold) continue;
        const KnownPlace* known = d.state.place();
        Hold again;
        again.cause = Cause::cap;
        again.about = count.cap;
        again.period_start = count.start;
        again.stage = count.stage;
        again.services = rule->services;
        again.since = d.now;
        again.asleep = !known || known->home();  // then entering binds it and asks anew
        hold(d, again, "the trip goes on");
        if (!find_hold(d.state, Cause::cap, count.cap)->in_force().empty()) ask_cap(d, *rule, count, *known, at);
    }
    trip.ended.reset();
}

/// Whether what was heard abroad is news after coming home. Of two attaches of one moment the later heard is where the
/// customer is.
bool left_home(const Deciding& d, Instant at) {
    const std::optional<Instant>& since = d.state.trip.home_since;
    const KnownPlace* known = d.state.place();
    return since && (at > *since || (at == *since && known && !known->home()));
}

}  // namespace

bool begins_trip(const Deciding& d, Instant at) {
    const Trip& trip = d.state.trip;
    return trip.number == 0 || home_too_long(d, at) || at - trip.last_heard >= d.rules().trip_silence;
}

void heard_abroad(Deciding& d, Instant at) {
    Trip& trip = d.state.trip;
    if (!begins_trip(d, at)) {
        if (reaches_back(d, at)) begin_trip_earlier(d, at);
        if (at > trip.last_heard) trip.last_heard = at;
        if (left_home(d, at)) {  // home was left once more, and perhaps reached again
            trip.home_since = home_already(d.state, at);
            reopen_trip(d, at);
        } else if (!trip.home_since) {
            reopen_trip(d, at);
        }
    } else {
        if (trip.number > 0 && !trip.ended)
            end_trip(d, home_too_long(d, at) ? *trip.home_since + d.rules().trip_home_dwell
                                             : trip.last_heard + d.rules().trip_silence);
        Trip next;
        next.number = trip.number + 1;
        next.started = next.last_heard = at;
        next.home_since = home_already(d.state, at);
        trip = next;
        d.out.reasons.push_back("a trip begins");
    }
    trip.touched = d.now;
}

void came_home(Deciding& d, Instant at) {
    Trip& trip = d.state.trip;
    trip.touched = d.now;
    if (!trip.ended && !trip.home_since) trip.home_since = at;
}

void end_trip(Deciding& d, Instant at) {
    Trip& trip = d.state.trip;
    trip.ended = at;
    for (Question& question : d.state.questions)
        if (question.state == QuestionState::pending && question.cause == Cause::destination)
            end_question(question, Ending::period_over, d.now);
    for (CapCount& count : d.state.counts)
        if (count.trip == trip.number) {
            count.end = at;
            drop_cap_hold(d, count.cap, "the trip ended");
            if (Question* question = open_question(d.state, Cause::cap, count.cap))
                end_question(*question, Ending::period_over, d.now);
        }
    d.out.reasons.push_back("the trip ended");
    if (trip.summary_sent) return;
    trip.summary_sent = true;
    std::vector<tariffs::Money> spent;
    for (const tariffs::Money& money : trip.spent)
        if (money.micros > 0) spent.push_back(money);
    if (spent.empty()) return;
    Owed owed;
    owed.facts.kind = notifications::Kind::trip_summary;
    owed.facts.language = d.terms.language;
    owed.facts.time_zone = d.terms.time_zone;
    owed.facts.klass = geoip::NetworkClass::home;
    owed.facts.spent = spent;
    owed.stage = trip.number;
    d.out.owed.push_back(owed);
}

void spend_on_trip(Deciding& d, tariffs::Money amount, Instant at) {
    Trip& trip = d.state.trip;
    if (at < trip.started || amount.micros == 0) return;
    for (tariffs::Money& money : trip.spent)
        if (money.currency == amount.currency) {
            try {
                money = money + amount;
            } catch (const tariffs::MoneyOverflow&) {
                d.out.reasons.push_back("the trip's sum is beyond what can be counted");
            }
            return;
        }
    trip.spent.push_back(amount);
}

DestinationAnswer* trip_answer(CustomerState& state, std::string_view destination) {
    if (state.trip.ended) return nullptr;
    for (DestinationAnswer& answer : state.trip.answers)
        if (answer.destination == destination) return &answer;
    return nullptr;
}

}  // namespace roamguard::protection
