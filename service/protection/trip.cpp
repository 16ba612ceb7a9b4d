#include "service/protection/rules.h"

namespace roamguard::protection {

void heard_abroad(Deciding& d, Instant at) {
    Trip& trip = d.state.trip;
    const bool ever = trip.number > 0;
    const bool home_too_long = trip.home_since && at - *trip.home_since >= d.rules().trip_home_dwell;
    const bool silent_too_long = ever && at - trip.last_heard >= d.rules().trip_silence;
    if (ever && !home_too_long && !silent_too_long) {
        // The same trip, also where the clock had ended it before this (late) event told that home did not last.
        if (at > trip.last_heard) trip.last_heard = at;
        if (trip.home_since && at > *trip.home_since) trip.home_since.reset();
        if (!trip.home_since) trip.ended.reset();
    } else if (!ever || at > trip.last_heard) {
        if (ever && !trip.ended)
            end_trip(d, home_too_long ? *trip.home_since + d.rules().trip_home_dwell
                                      : trip.last_heard + d.rules().trip_silence);
        Trip next;
        next.number = trip.number + 1;
        next.started = next.last_heard = at;
        trip = next;
        d.out.reasons.push_back("a trip begins");
    }
    trip.touched = d.now;
}

void came_home(Deciding& d, Instant at) {
    Trip& trip = d.state.trip;
    trip.touched = d.now;
    if (trip.number > 0 && !trip.ended && !trip.home_since) trip.home_since = at;
}

void end_trip(Deciding& d, Instant at) {
    Trip& trip = d.state.trip;
    trip.ended = at;
    for (Question& question : d.state.questions)
        if (question.state == QuestionState::pending && question.cause == Cause::destination)
            close_question(question, QuestionState::withdrawn, d.now);
    for (CapCount& count : d.state.counts)
        if (count.trip == trip.number && count.end == far_future) {
            count.end = at;
            release(d, Cause::cap, count.cap, "the trip ended");
            if (Question* question = open_question(d.state, Cause::cap, count.cap))
                close_question(*question, QuestionState::withdrawn, d.now);
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
    if (trip.number == 0 || at < trip.started || amount.micros == 0) return;
    for (tariffs::Money& money : trip.spent)
        if (money.currency == amount.currency) {
            money = money + amount;
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
