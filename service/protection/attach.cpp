#include <algorithm>

#include "service/protection/rules.h"

namespace roamguard::protection {
namespace {

using notifications::Kind;

constexpr std::size_t most_places = 48;

/// Keeps the places in order of event time, so that usage that names no network finds where it happened.
void remember(CustomerState& state, const KnownPlace& place, Instant at) {
    auto after = state.places.end();
    while (after != state.places.begin() && (after - 1)->at > at)
        --after;
    state.places.insert(after, PlaceAt{at, place});
    if (state.places.size() > most_places) state.places.erase(state.places.begin());
}

std::optional<Instant> last_told(const std::vector<Told>& told, std::string_view destination) {
    for (const Told& one : told)
        if (one.destination == destination) return one.at;
    return std::nullopt;
}

void note_told(std::vector<Told>& told, std::string destination, Instant at) {
    for (Told& one : told)
        if (one.destination == destination) {
            one.at = std::max(one.at, at);
            return;
        }
    told.push_back({std::move(destination), at});
    constexpr std::size_t most = 64;
    if (told.size() > most) told.erase(told.begin());
}

bool told_within(const std::vector<Told>& told, std::string_view destination, Instant at, tariffs::Span span) {
    const auto last = last_told(told, destination);
    return last && at - *last < span;
}

/// Home and a neighbour country, alternating: this is the second entry within the window, and neither the first stay
/// abroad nor the stay at home between lasted long. Read from the places before this entry.
bool flapping(const Deciding& d, const KnownPlace& place, Instant at) {
    const auto& places = d.state.places;
    if (place.klass != geoip::NetworkClass::terrestrial || places.empty() || !places.back().place.home()) return false;
    if (!d.world.networks->neighbours(d.terms.home_country, place.country)) return false;
    std::size_t home_from = places.size() - 1;
    while (home_from > 0 && places[home_from - 1].place.home())
        --home_from;
    if (home_from == 0) return false;
    std::size_t entry = home_from - 1;
    const std::string destination = place.destination();
    if (places[entry].place.destination() != destination) return false;
    while (entry > 0 && places[entry - 1].place.destination() == destination)
        --entry;
    // Where nothing is known before the first entry the traveller is taken to have come from home.
    if (entry > 0 && !places[entry - 1].place.home()) return false;
    const Rules& rules = d.rules();
    return at - places[entry].at <= rules.inadvertent_window &&
           places[home_from].at - places[entry].at < rules.inadvertent_stay &&
           at - places[home_from].at < rules.inadvertent_stay;
}

/// A destination's hold ends with leaving that place; its question waits a while for an early return.
void leave(Deciding& d, const std::string& destination) {
    for (Question& question : d.state.questions)
        if (question.state == QuestionState::pending && question.cause == Cause::destination &&
            question.about == destination)
            question.left = d.now;
    release(d, Cause::destination, destination, "left " + destination);
}

/// Back in time, whether anything is held there now or not: its question waits on.
void come_back(CustomerState& state, const std::string& destination) {
    if (Question* waiting = open_question(state, Cause::destination, destination)) waiting->left.reset();
}

/// At home a cap's hold sleeps.
void sleep_holds(Deciding& d) {
    for (Hold& hold : d.state.holds)
        if (hold.cause == Cause::cap) {
            if (std::vector<tariffs::Service> off = hold.in_force(); !off.empty())
                d.out.holds.push_back(
                    {HoldChange::What::released, hold.cause, hold.about, std::move(off), "at home no hold applies"});
            hold.asleep = true;
            hold.lifted.clear();
        }
}

/// The next foreign attach binds a sleeping hold again, within its period, and asks anew.
void wake_holds(Deciding& d, const KnownPlace& place, Instant at) {
    for (std::size_t i = 0; i < d.state.holds.size(); ++i) {
        Hold& sleeping = d.state.holds[i];
        if (!sleeping.asleep) continue;
        Hold awake = sleeping;
        awake.asleep = false;
        hold(d, awake, "abroad again within the cap's period");
        if (sleeping.in_force().empty()) continue;  // a pass covers all of it
        const customers::CapRule* rule = rule_named(d.terms, sleeping.about);
        if (!rule) continue;
        for (CapCount& count : d.state.counts)
            if (count.cap == sleeping.about && count.start == sleeping.period_start) {
                const Question* asked = nullptr;
                for (const Question& question : d.state.questions)
                    if (question.id == sleeping.question) asked = &question;
                if (asked && d.now - asked->asked < d.rules().confirm_repeat_after) {
                    d.out.question = asked->id;
                    continue;
                }
                sleeping.declined = false;
                ask_cap(d, *rule, count, place, at);
            }
    }
}

void owe_welcome(Deciding& d, const KnownPlace& place, Instant at) {
    Owed owed;
    owed.facts = facts_at(place, d.terms, d.world, at, Kind::welcome);
    show_first_cap(d, owed.facts, at);
    d.out.owed.push_back(std::move(owed));
    note_told(d.state.welcomed, place.destination(), at);
    d.out.add(Outcome::welcomed);
}

void owe_no_guarantee(Deciding& d, const KnownPlace& place, Instant at) {
    const std::string key = "no_guarantee:" + place.destination();
    if (told_within(d.state.advised, key, at, d.rules().welcome_repeat_after)) return;
    Owed owed;
    owed.facts = facts_at(place, d.terms, d.world, at, Kind::no_guarantee);
    d.out.owed.push_back(std::move(owed));
    note_told(d.state.advised, key, at);
}

/// A high-cost place: data is off until the traveller confirms, asked with the whole content of the welcome. Whether
/// the question was put now.
bool protect(Deciding& d, const KnownPlace& place, Instant at, Repeat repeat) {
    const std::string destination = place.destination();
    if (Hold* standing = find_hold(d.state, Cause::destination, destination)) {
        bool asked_on_this_trip = false;  // another may have begun where nobody said that the place was left
        for (const Question& question : d.state.questions)
            if (question.id == standing->question)
                asked_on_this_trip = question.state == QuestionState::pending || question.trip == d.state.trip.number;
        if (asked_on_this_trip) {
            d.out.question = standing->question;
            return false;
        }
        standing->declined = false;
        ask_destination(d, place, at);
        note_told(d.state.welcomed, destination, at);
        return true;
    }
    Hold hold_here;
    hold_here.cause = Cause::destination;
    hold_here.about = destination;
    hold_here.services = {tariffs::Service::data};
    hold_here.since = d.now;
    const DestinationAnswer* answer = trip_answer(d.state, destination);
    hold_here.declined = answer != nullptr;  // a yes protects nothing
    const Question* pending = open_question(d.state, Cause::destination, destination);
    const Question* latest = nullptr;
    for (const Question& question : d.state.questions)
        if (question.cause == Cause::destination && question.about == destination) latest = &question;
    if (pending) {
        hold_here.question = pending->id;
        d.out.question = pending->id;
    } else if (latest) {
        hold_here.question = latest->id;
    }
    hold(d, hold_here, "high-cost place " + destination);
    const bool asked_lately =
        repeat == Repeat::not_lately && latest && d.now - latest->asked < d.rules().confirm_repeat_after;
    if (pending || asked_lately) return false;
    find_hold(d.state, Cause::destination, destination)->declined = false;
    ask_destination(d, place, at);
    note_told(d.state.welcomed, destination, at);
    return true;
}

void greet(Deciding& d, const KnownPlace& place, Instant at, bool flaps, bool same) {
    const std::string destination = place.destination();
    const std::size_t owed_before = d.out.owed.size();
    const DestinationAnswer* answer = trip_answer(d.state, destination);
    const bool confirmed = answer && answer->confirmed;
    const bool protects = d.terms.holds && !d.terms.barred && !confirmed && high_cost(place, d.terms, d.world, at) &&
                          !covered(d.state, place, tariffs::Service::data, d.now);
    const bool advise = flaps && !told_within(d.state.advised, "inadvertent", at, d.rules().inadvertent_repeat_after);
    if (advise) {
        Owed owed;
        owed.facts = facts_at(place, d.terms, d.world, at, Kind::inadvertent);
        keep_prices_of(owed.facts, {tariffs::Service::data});
        d.out.owed.push_back(std::move(owed));
        note_told(d.state.advised, "inadvertent", at);
        d.out.add(Outcome::inadvertent);
        d.out.reasons.push_back("home and a neighbour country alternate: an advice instead of a welcome");
    }
    if (protects) {
        if (!protect(d, place, at, Repeat::not_lately)) d.out.add(Outcome::welcome_suppressed);
    } else if (flaps || same || told_within(d.state.welcomed, destination, at, d.rules().welcome_repeat_after)) {
        if (!advise) d.out.add(Outcome::welcome_suppressed);
        d.out.reasons.push_back("no welcome: " + destination + " was welcomed within the repeat window");
    } else if (d.terms.opt_out.count(Kind::welcome)) {
        d.out.add(Outcome::welcome_suppressed);
        d.out.reasons.push_back("no welcome: switched off by the customer");
    } else {
        owe_welcome(d, place, at);
    }
    const bool greeted = std::any_of(
        d.out.owed.begin() + static_cast<std::ptrdiff_t>(owed_before), d.out.owed.end(), [](const Owed& owed) {
            return owed.facts.kind == Kind::welcome || owed.facts.kind == Kind::confirm_destination;
        });
    if (!place.realtime) {
        if (greeted)
            note_told(d.state.advised, "no_guarantee:" + destination, at);
        else
            owe_no_guarantee(d, place, at);
    }
}

/// A weak address (the device's own, home-routed) must not undo what stronger evidence or a hold established.
bool too_weak(const Deciding& d, const KnownPlace& place) {
    const KnownPlace* known = d.state.place();
    if (!place.weak || !known || known->home()) return false;
    if (place.home()) return true;
    return known->destination() != place.destination() &&
           find_hold(d.state, Cause::destination, known->destination()) != nullptr;
}

}  // namespace

void still_there(CustomerState& state, const KnownPlace& place, Instant at) {
    auto& places = state.places;
    const auto same = [&](const PlaceAt& one) {
        return one.place.plmn == place.plmn && one.place.destination() == place.destination();
    };
    // Two entries are enough: since when, and until when at least.
    if (places.size() >= 2 && same(places.back()) && same(places[places.size() - 2]))
        places.back().at = at;
    else
        remember(state, place, at);
}

void protect_unpriced(Deciding& d, const KnownPlace& place, Instant at) {
    const KnownPlace* known = d.state.place();
    if (!known || known->destination() != place.destination() || !d.terms.holds || d.terms.barred) return;
    if (find_hold(d.state, Cause::destination, place.destination())) return;
    const DestinationAnswer* answer = trip_answer(d.state, place.destination());
    if (!answer || !answer->confirmed) (void)protect(d, place, at, Repeat::not_lately);
}

void protect_dear(Deciding& d, const KnownPlace& place, Instant at, Repeat repeat) {
    if (!d.terms.holds || d.terms.barred || find_hold(d.state, Cause::destination, place.destination())) return;
    const DestinationAnswer* answer = trip_answer(d.state, place.destination());
    if ((answer && answer->confirmed) || !high_cost(place, d.terms, d.world, at) ||
        covered(d.state, place, tariffs::Service::data, d.now))
        return;
    (void)protect(d, place, at, repeat);
}

void enter_foreign(Deciding& d, const KnownPlace& place, Instant at, Because because) {
    const KnownPlace* known = d.state.place();
    const std::string destination = place.destination();
    const bool same = known && known->destination() == destination && !begins_trip(d, at);
    const bool flaps = flapping(d, place, at);
    const std::optional<std::string> left = known && !same ? std::optional(known->destination()) : std::nullopt;
    place_told(d, at);
    if (because == Because::usage) d.out.reasons.push_back("usage newer than the known place acts as an attach");
    if (because == Because::authorization)
        d.out.reasons.push_back("a request to use a service, newer than the known place, acts as an attach");
    remember(d.state, place, at);
    heard_abroad(d, at);
    if (left) leave(d, *left);
    come_back(d.state, destination);
    wake_holds(d, place, at);
    relift_holds(d, at);
    greet(d, place, at, flaps, same);
}

void attach(Deciding& d, const intake::RoamingEvent& event, const KnownPlace& place) {
    const Instant at = event.time.at;
    if (place.klass == geoip::NetworkClass::test) return d.out.add(Outcome::test_network);
    if (d.terms.inbound) return d.out.add(Outcome::noted);
    if (event.access == "vowifi" && !d.rules().vowifi_roams) {
        d.out.reasons.push_back("Wi-Fi calling is charged as at home");
        return d.out.add(Outcome::noted);
    }
    if (too_weak(d, place)) {
        d.out.reasons.push_back("a device's own address never ends a trip and never releases a hold");
        return d.out.add(Outcome::noted);
    }
    if (!d.state.places.empty() && at < d.state.places.back().at) {
        place_told(d, at);
        remember(d.state, place, at);
        return d.out.add(Outcome::stale);
    }
    if (!place.home()) return enter_foreign(d, place, at, Because::attach);
    if (const KnownPlace* known = d.state.place()) leave(d, known->destination());
    place_told(d, at);
    remember(d.state, place, at);
    came_home(d, at);
    sleep_holds(d);
    d.out.add(Outcome::returned_home);
}

}  // namespace roamguard::protection
