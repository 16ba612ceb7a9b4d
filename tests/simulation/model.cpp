#include "tests/simulation/model.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <tuple>

namespace roamguard::simulation {

namespace {

constexpr Time never = std::numeric_limits<Time>::max();
constexpr std::int64_t megabyte = 1'048'576;
/// Events of one moment may come in any order: a trip ends by the clock only when none has come for so long.
constexpr Time moment = 2'000;

struct Period {
    Time start, end;
    bool contains(Time at) const { return start <= at && at < end; }
};

struct Place {
    std::string plmn, key, name;  // key: what one enters and leaves; name: as holds and questions call it
    bool home = false, always_high_cost = false;
    Time at = 0;
};

/// A usage record with the price that was in force when it arrived; no row: it cannot be priced.
struct Record {
    Usage usage;
    std::string plmn;
    std::size_t version;
    std::optional<Row> row;
    std::int64_t added = 0;  // to what was spent in all, when it arrived
};

/// How far a cap has come in one period. `at` lies in that period, wherever a late record moves its start.
struct Progress {
    Time at = 0;
    std::int64_t overrun = 0;
    int stage = 1, mark = 0;
    bool held = false, over = false;  // over: the clock has passed the period's end
    bool binds() const { return held && !over; }
};

const std::vector<Service> all_services{Service::data, Service::voice_mo, Service::sms_mo};

enum class Seen { away, home, heard };

Period day_of(Time at) {
    const auto midnight = std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(at)));
    const Time start = std::chrono::milliseconds(midnight.time_since_epoch()).count();
    return {start, start + a_day};
}

Time first_of(std::chrono::year_month month) {
    return std::chrono::milliseconds(std::chrono::sys_days(month / 1).time_since_epoch()).count();
}

Period month_of(Time at) {
    const std::chrono::sys_days date{std::chrono::days(day_of(at).start / a_day)};
    const std::chrono::year_month_day calendar(date);
    const auto month = calendar.year() / calendar.month();
    return {first_of(month), first_of(month + std::chrono::months(1))};
}

/// Section 4: "`minimum` is the first charged block, `increment` the following ones"; 0 costs nothing.
std::int64_t rated(const Row& row, std::int64_t quantity) {
    if (quantity <= 0) return 0;
    const std::int64_t increment = row.increment > 0 ? row.increment : row.unit;
    const std::int64_t minimum = row.minimum > 0 ? row.minimum : increment;
    const std::int64_t beyond = std::max<std::int64_t>(0, quantity - minimum);
    const std::int64_t billed = minimum + (beyond + increment - 1) / increment * increment;
    return billed / row.unit * row.price + (billed % row.unit * row.price + row.unit / 2) / row.unit;
}

bool counts(const Cap& cap, Service service) {
    return std::find(cap.services.begin(), cap.services.end(), service) != cap.services.end();
}

/// Section 6: "Consent (`extend`) opens the next stage at limit + extension", or section 5: the next of `stages`. Where
/// neither is given, by the limit once more; beyond the last of `stages` nothing limits.
std::int64_t stage_limit(const Cap& cap, int stage) {
    const int listed = static_cast<int>(cap.stages.size());
    if (stage <= listed) return cap.stages[static_cast<std::size_t>(stage - 1)];
    return listed > 0 ? never : cap.limit + (stage - 1) * cap.extension.value_or(cap.limit);
}

bool can_extend(const Cap& cap, int stage) { return stage_limit(cap, stage) != never; }

/// Section 6: "Percentages are of the stage's whole limit", and "reaching one exactly counts".
int highest_passed(const Cap& cap, std::int64_t used, std::int64_t limit) {
    if (limit == never) return 0;
    if (used >= limit) return 100;
    int highest = 0;
    for (const int threshold : cap.thresholds)
        if (threshold < 100 && used * 100 >= threshold * limit) highest = std::max(highest, threshold);
    return highest;
}

}  // namespace

struct World {
    std::map<std::string, Network> networks;
    std::vector<Tariff> versions;
    Settings settings;

    Place place(const std::string& plmn) const {
        const auto found = networks.find(plmn);
        if (found == networks.end()) return {plmn, "unknown", "unknown", false, true, 0};
        const Network& network = found->second;
        if (network.home) return {plmn, network.country, network.country, true, false, 0};
        if (network.non_terrestrial) return {plmn, plmn, "NT", false, true, 0};
        return {plmn, network.country, network.country, false, false, 0};
    }

    /// Section 4: "Usage is rated by the version in force at its time; before the first published version took effect,
    /// by that one."
    std::size_t version_at(Time at) const {
        std::optional<std::size_t> best;
        for (std::size_t n = 0; n < versions.size(); ++n)
            if (versions[n].effective <= at && (!best || versions[n].effective >= versions[*best].effective)) best = n;
        return best.value_or(0);
    }

    /// Section 4: "Look-up takes the most specific row". Section 3: non-terrestrial is "never priced as a country".
    std::optional<Row> row(std::size_t version, const Place& place, Service service) const {
        std::optional<Row> found;
        for (const Row& row : versions[version].rows) {
            if (row.service != service) continue;
            if (row.destination == place.name && !place.always_high_cost) return row;
            if (row.destination == "*") found = row;
        }
        return found;
    }
};

/// One customer: what was heard, and what was decided about it.
class Traveller {
public:
    explicit Traveller(const World& all) : world(all) {}

    std::vector<Message> step(Time clock, const std::function<void()>& happening) {
        now = clock;
        out.clear();
        fall_due();
        happening();
        fall_due();
        return out;
    }

    void put_profile(const Profile&);
    void attach(const std::string& plmn, Time at);
    void use(const Usage&);
    void answer(const std::string& kind, const std::string& about, Model::Choice);
    void wish(const std::string& kind, const std::string& about);

    std::map<std::pair<std::string, Time>, Spend> spend() const;
    std::set<Hold> holds() const;
    std::set<Service> stopped() const;

    std::vector<Question> questions;
    std::optional<Place> place;  // the latest by event time

private:
    // Places and trips
    void arrive(const Place&, Time at);
    void enter(bool from_home);
    bool protect();
    bool high_cost() const;
    void see(Time at, Seen);
    std::vector<Period> trips(Time by) const;
    Time trip_end(std::optional<Time> home_since, Time heard) const;
    std::optional<Period> trip_at(Time at, Time by) const;
    void end_trip(Time by);
    std::string last_known(Time at) const;
    // Spend
    std::optional<Period> period(const Cap&, Time at) const;
    std::optional<Period> current(const Cap&) const;
    std::int64_t total(const std::vector<Service>&, const Period&, std::size_t records_counted) const;
    std::set<Time> periods_of(const Usage&) const;
    std::int64_t used(const Cap&, const Period&, const Progress&) const;
    Progress merged(const Cap&, const Period&) const;
    Progress& progress(const Cap&, const Period&);
    void count(const Cap&);
    void settle(const Cap&, const Period&);
    void reconsider(const Cap&, const Cap* before);
    void drop(const Cap&);
    void extend(Question&);
    const Cap* cap(const std::string& id) const;
    // Questions and holds
    void fall_due();
    void lapse(Question&) const;
    void release(const std::string& id, Progress&);
    void ask_cap(const Cap&, const Progress&);
    void ask_destination();
    bool asked_long_ago(const std::string& kind, const std::string& about, int stage) const;
    bool may_ask_again(const std::string& kind, const std::string& about, int stage) const;
    void withdraw(const std::string& kind, const std::string& about);
    bool abroad() const { return place && !place->home; }
    void send(const std::string& kind, const std::string& about = "", int stage = 0, int threshold = 0) {
        out.push_back({kind, about, stage, threshold});
    }

    const World& world;
    Profile profile;
    Time now = 0;
    std::vector<Message> out;
    std::multimap<Time, std::string> places;  // every attach, by event time
    std::multimap<Time, Seen> sightings;
    std::optional<Time> trip_time;  // a time inside the trip that goes on
    Time touched = 0;               // when somebody last told where the customer was, by the clock
    std::vector<Time> ended;        // a time inside each trip that ended once
    std::vector<Record> records;    // in order of arrival
    std::map<std::string, std::vector<Progress>> progresses;
    std::set<std::string> confirmed;         // places, for this trip
    std::map<std::string, Time> welcomed;    // place -> event time
    std::optional<std::string> destination;  // the place whose hold stands
};

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

// ---- Spend

void Traveller::use(const Usage& usage) {
    const std::string plmn = usage.plmn.empty() ? last_known(usage.at) : usage.plmn;
    const Place where = world.place(plmn);
    if (where.home) return see(usage.at, Seen::heard);
    // Section 6: "Foreign usage newer than the known place acts as an attach first."
    if (!usage.plmn.empty() && (!place || usage.at > place->at))
        attach(plmn, usage.at);
    else  // a record that names no network is news of the trip only where none was known
        see(usage.at, usage.plmn.empty() && trip_at(usage.at, now) ? Seen::heard : Seen::away);
    const std::size_t version = world.version_at(usage.at);
    const auto spent = [&] { return total(all_services, {std::numeric_limits<Time>::min(), never}, records.size()); };
    const std::int64_t before = spent();
    records.push_back({usage, plmn, version, world.row(version, where, usage.service)});
    records.back().added = spent() - before;
    for (const Cap& each : profile.caps)
        if (counts(each, usage.service)) count(each);
}

std::optional<Period> Traveller::period(const Cap& of, Time at) const {
    if (of.period == Cap::Period::trip) return trip_at(at, now);
    return of.period == Cap::Period::day ? day_of(at) : month_of(at);
}

std::optional<Period> Traveller::current(const Cap& of) const {
    if (of.period == Cap::Period::trip) return trip_time ? trip_at(*trip_time, now) : std::nullopt;
    return period(of, now);
}

/// Section 6: "the sum over segments of the higher of rated and charged, plus credits". Section 4: "a segment is one
/// session on one network under one row, version, period"; "a record without a `session` is its own".
std::int64_t Traveller::total(const std::vector<Service>& services, const Period& in,
                              std::size_t records_counted) const {
    struct Sum {
        std::int64_t quantity = 0, charged = 0;
        std::optional<Row> row;
    };
    std::map<std::tuple<std::string, std::size_t, std::string, Service, std::size_t, std::set<Time>>, Sum> segments;
    std::int64_t sum = 0;
    for (std::size_t n = 0; n < records_counted; ++n) {
        const auto& [usage, plmn, version, row, added] = records[n];
        const std::int64_t charged = usage.charged.value_or(0);
        if (!in.contains(usage.at) || std::find(services.begin(), services.end(), usage.service) == services.end())
            continue;
        // "as `allowance` or `free` it is not compared and adds what it says"; "a credit (`charged` negative, quantity
        // 0)"
        if (usage.as != Usage::As::tariff || (charged < 0 && usage.quantity == 0)) {
            sum += charged;
            continue;
        }
        Sum& segment = segments[{usage.session, usage.session.empty() ? n + 1 : 0, plmn, usage.service, version,
                                 periods_of(usage)}];
        segment.quantity += usage.quantity;
        segment.charged += charged;
        segment.row = row;
    }
    for (const auto& [key, segment] : segments)
        sum += std::max(segment.row ? rated(*segment.row, segment.quantity) : 0, segment.charged);
    return sum;
}

/// A record has one price whatever it counts for: it is cut where any cap's period ends.
std::set<Time> Traveller::periods_of(const Usage& usage) const {
    std::set<Time> starts;
    for (const Cap& each : profile.caps)
        if (counts(each, usage.service))
            if (const auto in = period(each, usage.at)) starts.insert(in->start);
    return starts;
}

std::int64_t Traveller::used(const Cap& of, const Period& in, const Progress& step) const {
    return total(of.services, in, records.size()) - step.overrun;
}

/// What is known of a cap in a period. A late record may join two trips, whose progress is then one.
Progress Traveller::merged(const Cap& of, const Period& in) const {
    Progress one{in.start};
    const auto all = progresses.find(of.id);
    if (all == progresses.end()) return one;
    for (const Progress& each : all->second) {
        if (!in.contains(each.at)) continue;
        one.overrun += each.overrun;
        const auto furthest = std::max(std::pair(one.stage, one.mark), std::pair(each.stage, each.mark));
        std::tie(one.stage, one.mark) = furthest;
        one.held = one.held || each.held;
        one.over = each.over;
    }
    return one;
}

Progress& Traveller::progress(const Cap& of, const Period& in) {
    const Progress one = merged(of, in);
    auto& all = progresses[of.id];
    std::erase_if(all, [&](const Progress& each) { return in.contains(each.at); });
    return all.emplace_back(one);
}

/// The newest record, for one cap. Section 6, "Usage".
void Traveller::count(const Cap& of) {
    const Period in = period(of, records.back().usage.at).value();
    Progress& step = progress(of, in);
    const std::int64_t added = total(of.services, in, records.size()) - total(of.services, in, records.size() - 1);
    const std::int64_t beyond = used(of, in, step) - stage_limit(of, step.stage);
    // "Usage that still arrives is `counted_over_cap` and kept apart as `overrun`"; "the crossing record's excess is
    // overrun too"
    if (of.hold && added > 0) step.overrun += step.held ? added : std::clamp<std::int64_t>(beyond, 0, added);
    // "Usage of a closed period counts there, and neither sends nor holds."
    if (in.end > now) settle(of, in);
}

/// Thresholds "once per cap, stage, threshold and period"; "one record over several thresholds sends only the highest".
void Traveller::settle(const Cap& of, const Period& in) {
    Progress& step = progress(of, in);
    const int passed = highest_passed(of, used(of, in, step), stage_limit(of, step.stage));
    const bool rises = passed > step.mark;
    step.mark = std::max(step.mark, passed);
    if (of.hold && passed == 100) {
        if (!step.held) ask_cap(of, step);
        step.held = true;
    } else if (rises) {
        send(passed == 100 ? "cap_reached" : "threshold", of.id, step.stage, passed);
    }
}

/// Section 5: given caps replace the old ones, and "a change acts at once on what is used".
void Traveller::put_profile(const Profile& given) {
    const auto same_id = [](const std::vector<Cap>& caps, const std::string& id) {
        const auto found = std::find_if(caps.begin(), caps.end(), [&](const Cap& each) { return each.id == id; });
        return found == caps.end() ? nullptr : &*found;
    };
    for (const Cap& each : profile.caps)
        if (!same_id(given.caps, each.id)) drop(each);
    const std::vector<Cap> before = std::exchange(profile, given).caps;
    for (const Cap& each : profile.caps)
        reconsider(each, same_id(before, each.id));
}

/// "lowered below it, only the highest passed threshold is sent, at 100 % or more it holds; raised, it releases"
void Traveller::reconsider(const Cap& of, const Cap* before) {
    const auto in = current(of);
    if (!in) return;
    Progress& step = progress(of, *in);
    const std::int64_t limit = stage_limit(of, step.stage);
    const bool raised = before && limit > stage_limit(*before, step.stage) && used(of, *in, step) < limit;
    if (step.held && (raised || !of.hold)) {
        withdraw("confirm_cap", of.id);
        release(of.id, step);
    }
    // Section 7: a confirmation is "the exact terms shown": where those are other now, it is asked anew.
    if (step.held && before &&
        (limit != stage_limit(*before, step.stage) ||
         stage_limit(of, step.stage + 1) != stage_limit(*before, step.stage + 1)))
        for (Question& each : questions)
            if (each.kind == "confirm_cap" && each.about == of.id && each.state == Question::State::pending) {
                withdraw("confirm_cap", of.id);
                ask_cap(of, step);
                break;
            }
    settle(of, *in);
}

void Traveller::drop(const Cap& gone) {
    withdraw("confirm_cap", gone.id);
    for (Progress& step : progresses[gone.id])
        if (step.binds()) release(gone.id, step);
}

const Cap* Traveller::cap(const std::string& id) const {
    for (const Cap& each : profile.caps)
        if (each.id == id) return &each;
    return nullptr;
}

std::map<std::pair<std::string, Time>, Spend> Traveller::spend() const {
    std::map<std::pair<std::string, Time>, Spend> all;
    for (const Cap& each : profile.caps) {
        std::set<Time> times;
        for (const Record& record : records)
            if (counts(each, record.usage.service)) times.insert(record.usage.at);
        if (const auto found = progresses.find(each.id); found != progresses.end())
            for (const Progress& step : found->second)
                if (step.mark > 0) times.insert(step.at);
        for (const Time at : times) {
            const auto in = period(each, at);
            if (!in || all.contains({each.id, in->start})) continue;
            const Progress step = merged(each, *in);
            const std::int64_t sum = std::max<std::int64_t>(0, used(each, *in, step));
            all[{each.id, in->start}] = {sum, step.overrun, step.stage, step.mark};
        }
    }
    return all;
}

// ---- Questions and holds

/// Everything whose time has come by the clock, in order of time.
void Traveller::fall_due() {
    for (Question& question : questions)
        lapse(question);
    std::multimap<Time, std::function<void()>> due;
    for (const Cap& each : profile.caps)
        for (Progress& step : progresses[each.id]) {
            const auto in = period(each, step.at);
            const bool over = !in || in->end <= now;
            if (over && step.binds()) {
                const auto end_hold = [this, &step, id = each.id] {
                    release(id, step);
                    step.held = step.over = true;  // whatever still arrives for that period stays overrun
                };
                due.emplace(in ? in->end : now, end_hold);
            } else {
                step.over = over;
            }
        }
    if (trip_time && now - touched >= moment)
        if (const auto trip = trip_at(*trip_time, now)) due.emplace(trip->end, [this] { end_trip(now); });
    for (const auto& [at, happens] : due)
        happens();
}

/// Section 7: expiry after 24 h; "withdrawn (left the place, period over, new SIM)"; a destination's "after
/// `confirm.repeat-after` away from it".
void Traveller::lapse(Question& question) const {
    if (question.state != Question::State::pending) return;
    const Time expires = question.asked + world.settings.confirm_expiry;
    Time withdrawn = never;
    if (const Cap* of = cap(question.about); question.kind == "confirm_cap" && of) {
        if (const auto in = period(*of, question.period_time)) withdrawn = in->end;
    } else if (question.away_since) {
        withdrawn = *question.away_since + world.settings.confirm_repeat;
    }
    if (std::min(expires, withdrawn) > now) return;
    question.state = withdrawn <= expires ? Question::State::withdrawn : Question::State::expired;
}

void Traveller::answer(const std::string& kind, const std::string& about, Model::Choice choice) {
    const auto open = [&](const Question& each) {
        return each.kind == kind && each.about == about && each.state == Question::State::pending;
    };
    const auto found = std::find_if(questions.rbegin(), questions.rend(), open);
    if (found == questions.rend()) return;
    if (choice == Model::Choice::decline) {
        found->state = Question::State::declined;
        send("declined", kind == "confirm_cap" ? about : "", found->stage);
    } else if (choice == Model::Choice::extend && kind == "confirm_cap") {
        extend(*found);
    } else if (choice == Model::Choice::proceed && kind == "confirm_destination") {
        found->state = Question::State::confirmed;
        confirmed.insert(found->place);
        if (destination == found->place) destination.reset();
        send("receipt");
    }
}

/// Section 7: "A confirmed answer opens the stage …, releases its hold, and sends a written `receipt`." Section 6:
/// "thresholds already passed when a stage opens are recorded, not sent"; a stage that is full when it opens holds, and
/// asks.
void Traveller::extend(Question& question) {
    const Cap* of = cap(question.about);
    const Period in = period(*of, question.period_time).value();
    Progress& step = progress(*of, in);
    if (!can_extend(*of, step.stage)) return;
    question.state = Question::State::confirmed;
    step.stage += 1;
    step.held = false;
    step.mark = highest_passed(*of, used(*of, in, step), stage_limit(*of, step.stage));
    send("receipt", of->id, step.stage);
    settle(*of, in);
}

/// Section 7: "A wish to continue after expiry or decline asks again, at most once per `confirm.repeat-after`".
void Traveller::wish(const std::string& kind, const std::string& about) {
    if (kind == "confirm_destination") {
        if (destination && place->name == about && may_ask_again(kind, about, 0)) ask_destination();
        return;
    }
    const Cap* of = cap(about);
    const auto in = of ? current(*of) : std::nullopt;
    if (!in) return;
    const Progress step = merged(*of, *in);
    if (step.binds() && may_ask_again(kind, about, step.stage)) ask_cap(*of, step);
}

/// Section 7: "at most once per `confirm.repeat-after`".
bool Traveller::asked_long_ago(const std::string& kind, const std::string& about, int stage) const {
    for (const Question& each : questions) {
        if (each.kind != kind || each.about != about || each.stage != stage) continue;
        if (kind == "confirm_destination" && each.place != place->key) continue;
        if (now - each.asked < world.settings.confirm_repeat) return false;
    }
    return true;
}

/// Never while one is open: "an earlier return finds it pending".
bool Traveller::may_ask_again(const std::string& kind, const std::string& about, int stage) const {
    for (const Question& each : questions)
        if (each.kind == kind && each.about == about && each.stage == stage && each.state == Question::State::pending &&
            (each.kind == "confirm_cap" || each.place == place->key))
            return false;
    return asked_long_ago(kind, about, stage);
}

void Traveller::ask_cap(const Cap& of, const Progress& step) {
    questions.push_back({"confirm_cap", of.id, Question::State::pending, now, step.stage, "", step.at, {}});
    send("confirm_cap", of.id, step.stage, 100);
}

/// Section 6: it goes out instead of the welcome, "with the whole content of the welcome".
void Traveller::ask_destination() {
    questions.push_back({"confirm_destination", place->name, Question::State::pending, now, 0, place->key, 0, {}});
    welcomed[place->key] = place->at;
    send("confirm_destination");
}

void Traveller::withdraw(const std::string& kind, const std::string& about) {
    for (Question& each : questions)
        if (each.kind == kind && each.about == about && each.state == Question::State::pending)
            each.state = Question::State::withdrawn;
}

/// A hold that ends without an answer: the customer is told that its question is void. At home no hold applied.
void Traveller::release(const std::string& id, Progress& step) {
    step.held = false;
    if (abroad()) send("released", id, step.stage);
}

std::set<Hold> Traveller::holds() const {
    std::set<Hold> all;
    if (destination) all.insert({"destination:" + place->name, {Service::data}, false});
    for (const auto& [id, steps] : progresses)
        for (const Progress& step : steps)
            if (const Cap* of = cap(id); of && step.binds())
                all.insert({"cap:" + id, {of->services.begin(), of->services.end()}, !abroad()});
    return all;
}

/// Section 6: "a service flows when none remains".
std::set<Service> Traveller::stopped() const {
    std::set<Service> all;
    for (const Hold& hold : holds())
        if (!hold.sleeping) all.insert(hold.services.begin(), hold.services.end());
    return all;
}

// ---- The model

Model::Model(std::vector<Network> networks, Tariff tariff, Settings settings) : world(std::make_unique<World>()) {
    for (Network& network : networks)
        world->networks[network.plmn] = network;
    world->versions.push_back(std::move(tariff));
    world->settings = settings;
}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

void Model::publish(Tariff tariff) { world->versions.push_back(std::move(tariff)); }

Traveller& Model::at(int customer) {
    auto& traveller = travellers[customer];
    if (!traveller) traveller = std::make_unique<Traveller>(*world);
    return *traveller;
}

const Traveller* Model::find(int customer) const {
    const auto found = travellers.find(customer);
    return found == travellers.end() ? nullptr : found->second.get();
}

std::vector<Message> Model::put_profile(int customer, const Profile& profile, Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.put_profile(profile); });
}

std::vector<Message> Model::attach(int customer, const std::string& plmn, Time time, Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.attach(plmn, time); });
}

std::vector<Message> Model::use(int customer, const Usage& usage, Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.use(usage); });
}

std::vector<Message> Model::answer(int customer, const std::string& kind, const std::string& about, Choice choice,
                                   Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.answer(kind, about, choice); });
}

std::vector<Message> Model::wish(int customer, const std::string& kind, const std::string& about, Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.wish(kind, about); });
}

std::vector<Message> Model::clock(int customer, Time now) {
    return at(customer).step(now, [] {});
}

std::map<std::pair<std::string, Time>, Spend> Model::spend(int customer) const {
    const Traveller* traveller = find(customer);
    return traveller ? traveller->spend() : std::map<std::pair<std::string, Time>, Spend>{};
}

std::set<Hold> Model::holds(int customer) const {
    const Traveller* traveller = find(customer);
    return traveller ? traveller->holds() : std::set<Hold>{};
}

std::vector<Question> Model::questions(int customer) const {
    const Traveller* traveller = find(customer);
    return traveller ? traveller->questions : std::vector<Question>{};
}

std::optional<std::string> Model::country(int customer) const {
    const Traveller* traveller = find(customer);
    if (!traveller || !traveller->place) return std::nullopt;
    return traveller->place->name;
}

bool Model::data_held(int customer) const {
    const Traveller* traveller = find(customer);
    return traveller && traveller->stopped().contains(Service::data);
}

}  // namespace roamguard::simulation
