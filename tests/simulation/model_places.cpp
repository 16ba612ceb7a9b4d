#include "tests/simulation/traveller.h"

#include <algorithm>

namespace roamguard::simulation {

Place World::place(const std::string& plmn) const {
    const auto found = networks.find(plmn);
    if (found == networks.end()) return {plmn, "unknown", "unknown", false, true, 0};
    const Network& network = found->second;
    if (network.home) return {plmn, network.country, network.country, true, false, 0};
    if (network.non_terrestrial) return {plmn, plmn, "NT", false, true, 0};
    return {plmn, network.country, network.country, false, false, 0};
}

/// Section 4: "Usage is rated by the version in force at its time; before the first published version took effect,
/// by that one."
std::size_t World::version_at(Time at) const {
    std::optional<std::size_t> best;
    for (std::size_t n = 0; n < versions.size(); ++n)
        if (versions[n].effective <= at && (!best || versions[n].effective >= versions[*best].effective)) best = n;
    return best.value_or(0);
}

/// Section 4: "Look-up takes the most specific row". Section 3: non-terrestrial is "never priced as a country".
std::optional<Row> World::row(std::size_t version, const Place& place, Service service) const {
    std::optional<Row> found;
    for (const Row& row : versions[version].rows) {
        if (row.service != service) continue;
        if (row.destination == place.name && !place.always_high_cost) return row;
        if (row.destination == "*") found = row;
    }
    return found;
}

// ---- Places and trips

void Traveller::attach(const std::string& plmn, Time at) {
    places.emplace(at, plmn);
    // Section 2: "`stale` is an attach older than the place already known, which still informs usage of its time".
    if (place && at < place->at) return see(at, Seen::heard);
    arrive(world.place(plmn), at);
}

void Traveller::arrive(const Place& next, Time at) {
    end_trip(at);
    const bool new_trip = !next.home && !trip_time;
    const bool entering = !place || place->key != next.key || new_trip;
    const bool from_home = !abroad();
    place = next;
    place->at = at;
    see(at, next.home ? Seen::home : Seen::away);
    if (entering)
        enter(from_home);
    else
        protect();
}

/// Section 6, "Attach" and "Holds"; section 7 on leaving and returning.
void Traveller::enter(bool from_home) {
    destination.reset();
    for (Question& question : questions) {
        if (question.kind != "confirm_destination") continue;
        if (question.place == place->key)
            question.away_since.reset();
        else if (!question.away_since)
            question.away_since = now;
    }
    if (place->home) return;
    if (protect()) {
    } else if (const auto last = welcomed.find(place->key);
               last == welcomed.end() || place->at - last->second >= world.settings.welcome_repeat) {
        welcomed[place->key] = place->at;
        send("welcome");
    }
    if (!from_home) return;
    // "a cap hold sleeps and binds again at the next foreign attach within its period, asking anew"
    for (const Cap& each : profile.caps)
        for (const Progress& step : progresses[each.id])
            if (step.binds() && asked_long_ago("confirm_cap", each.id, step.stage)) {
                withdraw("confirm_cap", each.id);
                ask_cap(each, step);
            }
}

/// Section 6: "If the place is high-cost … data is **held**, and a `confirm_destination` request … goes out".
bool Traveller::protect() {
    if (place->home || !high_cost() || confirmed.contains(place->key)) return false;
    if (destination == place->key) return true;
    destination = place->key;
    if (may_ask_again("confirm_destination", place->name, 0)) ask_destination();
    return true;
}

/// Section 6: "flagged row, at or above `highCostPerMegabyte`, non-terrestrial, or unknown"; section 4: so is what
/// cannot be priced.
bool Traveller::high_cost() const {
    if (place->always_high_cost) return true;
    const auto row = world.row(world.version_at(place->at), *place, Service::data);
    if (!row || row->high_cost) return true;
    return profile.high_cost_per_megabyte && row->price * megabyte >= *profile.high_cost_per_megabyte * row->unit;
}

void Traveller::see(Time at, Seen what) {
    touched = now;
    const std::size_t known = trips(now).size();
    sightings.emplace(at, what);
    const auto all = trips(now);
    // One that is over when it is first heard of ends at once.
    if (trip_time || all.empty() || (all.back().end != never && all.size() == known)) return;
    trip_time = all.back().start;
    const auto goes_on = [&](Time told) { return all.back().contains(told); };
    if (std::none_of(ended.begin(), ended.end(), goes_on)) confirmed.clear();  // "lasts the trip"
}

/// Section 6: "until home has lasted `trip.home-dwell` (6 h) or nothing was heard for 30 days".
Time Traveller::trip_end(std::optional<Time> home_since, Time heard) const {
    const Time silent = heard + world.settings.trip_silence;
    return home_since ? std::min(silent, *home_since + world.settings.home_dwell) : silent;
}

/// Section 6: a trip "runs from the first foreign attach or usage"; section 2: the event's time decides the trip.
std::vector<Period> Traveller::trips(Time by) const {
    std::vector<Period> all;
    std::optional<Time> home_since;
    Time heard = 0;
    bool going = false;
    const auto close_by = [&](Time time) {
        if (!going || trip_end(home_since, heard) > time) return;
        all.back().end = trip_end(home_since, heard);
        going = false;
    };
    for (const auto& [at, what] : sightings) {
        close_by(at);
        if (what == Seen::away && !going) all.push_back({at, never});
        if (what == Seen::away) going = true, home_since.reset();
        if (what == Seen::home && going && !home_since) home_since = at;
        heard = at;
    }
    close_by(by);
    return all;
}

std::optional<Period> Traveller::trip_at(Time at, Time by) const {
    for (const Period& trip : trips(by))
        if (trip.contains(at)) return trip;
    return std::nullopt;
}

/// "a `trip_summary` follows when the trip ends and money was spent"; "a destination's confirmed answer lasts the
/// trip".
void Traveller::end_trip(Time by) {
    if (!trip_time) return;
    const Period trip = trip_at(*trip_time, std::max(now, by)).value();
    if (trip.end > by) return;
    trip_time.reset();
    for (Question& each : questions)  // what an answer would last for is over
        if (each.kind == "confirm_destination" && each.state == Question::State::pending)
            each.state = Question::State::withdrawn;
    for (const Time told : ended)  // late news had it go on: one trip has one summary
        if (trip.contains(told)) return;
    ended.push_back(trip.start);
    std::int64_t spent = 0;
    for (const Record& record : records)
        if (trip.contains(record.usage.at)) spent += record.added;
    if (spent > 0) send("trip_summary");
}

/// Section 6: "Usage that names no network takes the last place known not later than its time when it arrives".
std::string Traveller::last_known(Time at) const {
    const auto after = places.upper_bound(at);
    return after == places.begin() ? "" : std::prev(after)->second;
}

}  // namespace roamguard::simulation
