/// A second, tiny service to hold the real one against: spend, holds, marks, questions and messages of travellers,
/// written from the contract alone ("sections" below are the contract's) and sharing no code with the product.
///
/// Its world: one home country, one currency in millionths with tax included, persons without payers, passes, forecasts
/// or authorizations, billing time in UTC, networks that are each of one country or non-terrestrial. A cap keeps its
/// period under its id. It keeps every record and adds all of them up anew at each step: slow, and hard to get wrong.
/// One thread. Money sums stay below 2^63 by the caller's choice of numbers.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace roamguard::simulation {

using Time = std::int64_t;  // milliseconds since 1970, UTC

inline constexpr Time a_minute = 60'000, an_hour = 60 * a_minute, a_day = 24 * an_hour;

enum class Service { data, voice_mo, sms_mo };

struct Network {
    std::string plmn, country;
    bool home = false, non_terrestrial = false;
};

/// A price: millionths per `unit` of the service. No `increment` is the unit, no `minimum` the increment (section 4).
struct Row {
    std::string destination;  // a country, or "*"
    Service service;
    std::int64_t price, unit, minimum, increment;
    bool high_cost = false;
};

struct Tariff {
    Time effective;
    std::vector<Row> rows;
};

struct Cap {
    std::string id;
    std::vector<Service> services;
    std::int64_t limit;
    enum class Period { month, day, trip } period = Period::month;
    std::vector<int> thresholds;       // percent; 100 need not be listed
    bool hold = true;                  // else `notify`
    std::vector<std::int64_t> stages;  // limits of stage 1, 2, ...: stages[0] == limit where given
    std::optional<std::int64_t> extension;
};

struct Profile {
    std::vector<Cap> caps;
    std::optional<std::int64_t> high_cost_per_megabyte;
};

struct Usage {
    std::string plmn;  // empty: the record names no network
    Service service;
    std::int64_t quantity;  // bytes, seconds, messages
    std::string session;    // empty: none
    Time at;
    std::optional<std::int64_t> charged;
    enum class As { tariff, allowance, free } as = As::tariff;
};

struct Settings {
    Time confirm_expiry = 24 * an_hour, confirm_repeat = an_hour, home_dwell = 6 * an_hour,
         welcome_repeat = 24 * an_hour, trip_silence = 30 * a_day;
};

struct Message {
    std::string kind, cap{};  // no cap: it is about a place or a trip
    int stage = 0, threshold = 0;
    auto operator<=>(const Message&) const = default;
};

/// `used` is never shown below zero. `mark` is the highest threshold recorded in the stage, 100 at the limit.
struct Spend {
    std::int64_t used = 0, overrun = 0;
    int stage = 1, mark = 0;
    auto operator<=>(const Spend&) const = default;
};

struct Hold {
    std::string cause;  // "cap:ID", "destination:CC", "destination:NT", "destination:unknown"
    std::set<Service> services;
    bool sleeping = false;  // a cap's hold while the customer is at home
    auto operator<=>(const Hold&) const = default;
};

struct Question {
    std::string kind, about;  // the cap's id; the country, or "NT"
    enum class State { pending, confirmed, declined, expired, withdrawn } state = State::pending;
    Time asked = 0;                  // by the clock
    int stage = 0;                   // of the cap
    std::string place;               // of the destination: a country, or the PLMN of a non-terrestrial network
    Time period_time = 0;            // a time inside the cap's period
    std::optional<Time> away_since;  // by the clock, while the customer is away from the destination
};

class Traveller;
struct World;

class Model {
public:
    Model(std::vector<Network>, Tariff, Settings);
    Model(Model&&) noexcept;
    Model& operator=(Model&&) noexcept;
    ~Model();

    /// The version prices what arrives from now on and happened since it took effect.
    void publish(Tariff);

    // Each is one committed step at the clock's `now`, and returns the messages it owes, in order.
    // What fell due by the clock comes first, so that it does not matter how often `clock` is asked.
    std::vector<Message> put_profile(int customer, const Profile&, Time now);
    std::vector<Message> attach(int customer, const std::string& plmn, Time at, Time now);
    std::vector<Message> use(int customer, const Usage&, Time now);

    enum class Choice { extend, proceed, decline };
    /// The answer to the newest pending question of this kind about this; nothing pending, or not on offer: changes
    /// nothing.
    std::vector<Message> answer(int customer, const std::string& kind, const std::string& about, Choice, Time now);
    /// A wish to continue where a hold stands and no question is open: asks again, if the last asking is long enough
    /// ago.
    std::vector<Message> wish(int customer, const std::string& kind, const std::string& about, Time now);
    /// What falls due by the clock up to `now`: questions that lapse, trips and periods that end.
    std::vector<Message> clock(int customer, Time now);

    // As the customer's last step left them; a customer never heard of has none.
    /// By cap and period start; a trip cap's period starts with the trip. Only periods in which something was counted
    /// or marked.
    std::map<std::pair<std::string, Time>, Spend> spend(int customer) const;
    std::set<Hold> holds(int customer) const;
    std::vector<Question> questions(int customer) const;  // oldest first
    /// Of the latest place by event time: "NT" for a non-terrestrial network, "unknown" for one not in the table.
    std::optional<std::string> country(int customer) const;
    bool data_held(int customer) const;

private:
    Traveller& at(int customer);
    const Traveller* find(int customer) const;

    std::unique_ptr<World> world;
    std::map<int, std::unique_ptr<Traveller>> travellers;
};

}  // namespace roamguard::simulation
