/// What the model is made of: its world, and one customer with all that was heard and decided. Not for whoever only
/// asks the model.
#pragma once

#include <functional>
#include <limits>

#include "tests/simulation/model.h"

namespace roamguard::simulation {

inline constexpr Time never = std::numeric_limits<Time>::max();
inline constexpr std::int64_t megabyte = 1'048'576;
/// Events of one moment may come in any order: a trip ends by the clock only when none has come for so long.
inline constexpr Time moment = 2'000;

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

inline const std::vector<Service> all_services{Service::data, Service::voice_mo, Service::sms_mo};

enum class Seen { away, home, heard };

[[nodiscard]] std::int64_t stage_limit(const Cap& cap, int stage);
[[nodiscard]] bool can_extend(const Cap& cap, int stage);
/// The highest threshold that `used` has reached, 100 at the limit.
[[nodiscard]] int highest_passed(const Cap& cap, std::int64_t used, std::int64_t limit);

struct World {
    std::map<std::string, Network> networks;
    std::vector<Tariff> versions;
    Settings settings;

    Place place(const std::string& plmn) const;
    std::size_t version_at(Time at) const;
    std::optional<Row> row(std::size_t version, const Place& place, Service service) const;
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

}  // namespace roamguard::simulation
