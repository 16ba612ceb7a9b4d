#include "tests/protection/random_world.h"

#include <rapidcheck.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "service/storage/codec.h"
#include "tests/protection/story.h"

namespace roamguard::protection::testing {
namespace {

using customers::CapRule;
using customers::PeriodRule;
using intake::ChargedAs;
using tariffs::Instant;
using tariffs::Money;
using tariffs::Service;

const std::vector<std::string> abroad{"440-10", "440-20", "450-05", "262-01"};
constexpr std::int64_t million = 1'000'000;

/// Monday, so that a month ends within the days that follow.
Instant monday() { return tariffs::parse_rfc3339("2026-03-30T12:00:00Z")->at; }
constexpr int minutes_lived = 3 * 24 * 60;

/// Evenly, also in the first and smallest cases of a property.
int drawn(int low, int high) { return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high)); }
bool sometimes() { return drawn(0, 2) == 1; }
template <class T>
T one_of(const std::vector<T>& values) {
    return values[static_cast<std::size_t>(drawn(0, static_cast<int>(values.size())))];
}

RandomRow random_row(std::string destination, Service service, Currencies currencies) {
    RandomRow row;
    row.destination = std::move(destination);
    row.service = service;
    row.price = std::int64_t{drawn(0, 10'000)} * one_of<std::int64_t>({1, 100, 1000});
    row.currency = currencies == Currencies::one ? "GBP" : one_of<std::string>({"GBP", "USD", "JPY"});
    const bool bytes = service == Service::data;
    row.unit = bytes ? one_of<std::int64_t>({1 << 20, 10 << 10, 1000}) : one_of<std::int64_t>({60, 1});
    row.increment = bytes ? one_of<std::int64_t>({1, 1024, 100 << 10, 1 << 20}) : one_of<std::int64_t>({1, 30, 60});
    row.minimum = bytes ? one_of<std::int64_t>({1, 50 << 10, 3 << 20}) : one_of<std::int64_t>({1, 60});
    row.with_tax = currencies == Currencies::one || sometimes();
    return row;
}

std::string csv(const RandomWorld& world) {
    std::string text;
    for (const RandomRow& row : world.rows) {
        const bool bytes = row.service == Service::data;
        const std::string kind = bytes ? " B" : " s";
        text += "*," + row.destination + "," + std::string(tariffs::word(row.service)) + "," +
                tariffs::to_decimal({row.price, tariffs::Currency::parse("GBP").value()}) + "," + row.currency + "," +
                std::to_string(row.unit) + kind + "," + std::to_string(row.minimum) + kind + "," +
                std::to_string(row.increment) + kind + (row.with_tax ? ",incl," : ",excl,") +
                std::to_string(world.tax_rate / 10'000) + ",no\n";
    }
    return text;
}

CapRule random_cap(const std::string& id, PeriodRule::Over over, Currencies currencies) {
    CapRule cap;
    cap.id = id;
    cap.services = {Service::data};
    if (sometimes()) cap.services.push_back(Service::voice_mo);
    cap.currency =
        tariffs::Currency::parse(currencies == Currencies::one ? "GBP" : one_of<std::string>({"GBP", "USD", "JPY"}))
            .value();
    if (currencies == Currencies::many && sometimes()) cap.tax = tariffs::Tax::excl;
    cap.limit = std::int64_t{drawn(1, 200)} * 100'000;
    cap.period.over = over;
    cap.thresholds = one_of<std::vector<int>>({{}, {80}, {50, 80, 100}, {10, 20, 30, 90, 100}});
    switch (drawn(0, 4)) {
        case 0:
            cap.at_limit = customers::AtLimit::notify;
            break;
        case 1:
            cap.stages = {cap.limit, cap.limit * 2, cap.limit * 5};
            break;
        case 2:
            cap.extension = cap.limit / 2;
            break;
        default:
            break;
    }
    if (drawn(0, 5) == 0) {
        cap.at_limit = customers::AtLimit::notify;
        cap.every = cap.limit;
        cap.limit = 0;
        cap.stages.clear();
        cap.extension.reset();
        cap.thresholds.clear();
    }
    return cap;
}

RandomEvent random_record(const RandomWorld& world) {
    RandomEvent event;
    event.network = one_of(abroad);
    event.session = one_of<std::string>({"", "a", "b"});
    event.service = drawn(0, 4) == 0 ? Service::voice_mo : Service::data;
    event.quantity = event.service == Service::data
                         ? one_of<std::int64_t>({0, 1, 4096, 100'000, 1 << 20, 5 << 20}) + drawn(0, 3)
                         : std::int64_t{drawn(0, 200)};
    if (event.quantity == 0 && sometimes()) {  // a credit
        event.charged =
            Money{-std::int64_t{drawn(1, 3'000'000)}, tariffs::Currency::parse(world.foreign_charge).value()};
        return event;
    }
    switch (drawn(0, 6)) {
        case 0:
            event.charged_as = ChargedAs::free;
            break;
        case 1:
            event.charged_as = ChargedAs::allowance;
            [[fallthrough]];
        case 2:
        case 3:
            event.charged = Money{drawn(0, 6'000'000), tariffs::Currency::parse(world.foreign_charge).value()};
            break;
        default:
            break;
    }
    return event;
}

void number(std::vector<RandomEvent>& events) {
    for (std::size_t i = 0; i < events.size(); ++i)
        events[i].number = static_cast<int>(i);
}

template <class Make>
std::vector<RandomEvent> some(int most, Make make) {
    auto events = *rc::gen::resize(most, rc::gen::container<std::vector<RandomEvent>>(rc::gen::exec(make)));
    number(events);
    return events;
}

/// Heard one after the other, each having happened then or some hours before.
void hear_in_turn(std::vector<RandomEvent>& events) {
    Instant now = monday();
    for (RandomEvent& event : events) {
        now = now + (event.heard - Instant{});
        event.heard = now;
        event.at = now - (event.at - Instant{});
    }
}

/// How long after the one before it is heard, and how long before that it happened: see hear_in_turn.
void draw_delays(RandomEvent& event) {
    event.heard = Instant{} + tariffs::minutes(drawn(1, 240));
    if (sometimes()) event.at = Instant{} + tariffs::minutes(drawn(0, 1500));
}

RandomWorld draw_world(const std::string& period, Currencies currencies) {
    RandomWorld world;
    world.tax_rate = std::int64_t{drawn(0, 30)} * 10'000;
    world.rates = {{{"GBP", "USD"}, drawn(500'000, 2'000'000)},
                   {{"GBP", "JPY"}, drawn(100'000'000, 200'000'000)},
                   {{"USD", "JPY"}, drawn(100'000'000, 200'000'000)}};
    world.foreign_charge = currencies == Currencies::one ? "GBP" : one_of<std::string>({"GBP", "USD", "JPY"});
    world.rows = {random_row("*", Service::data, currencies), random_row("*", Service::voice_mo, currencies),
                  random_row("JP", Service::data, currencies)};
    if (sometimes()) world.rows.push_back(random_row("440-20", Service::data, currencies));
    if (sometimes()) world.rows.push_back(random_row("KR", Service::voice_mo, currencies));
    if (period == "trip") {
        world.caps = {random_cap("trip", PeriodRule::Over::trip, currencies)};
    } else {
        world.caps = {random_cap("monthly", PeriodRule::Over::month, currencies)};
        if (sometimes()) world.caps.push_back(random_cap("daily", PeriodRule::Over::day, currencies));
    }
    Traveller who;
    who.rows = csv(world);
    for (const auto& [pair, rate] : world.rates)
        who.fx += pair.first + "," + pair.second + "," +
                  tariffs::to_decimal({rate, tariffs::Currency::parse("GBP").value()}) + "\n";
    world.book = std::make_shared<tariffs::Book>(
        std::vector<tariffs::Version>{{1, monday() - tariffs::days(99), table_of(who)}});
    customers::Profile profile;
    profile.home_country = geoip::Country::parse("GB").value();
    profile.time_zone = "Etc/UTC";
    profile.caps = world.caps;
    world.terms = terms_of(profile, customers::Regime{}, profile.home_country);
    return world;
}

}  // namespace

RandomWorld random_world(const std::string& period, Currencies currencies) {
    return *rc::gen::exec([=] { return draw_world(period, currencies); });
}

std::ostream& operator<<(std::ostream& out, const RandomWorld& world) {
    out << csv(world);
    for (const auto& [pair, rate] : world.rates)
        out << "1 " << pair.first << " = " << rate << " millionths " << pair.second << "\n";
    for (const CapRule& cap : world.caps) {
        out << "cap " << cap.id << " of " << cap.limit << (cap.every ? " every " + std::to_string(*cap.every) : "")
            << " millionths " << cap.currency.code() << " " << tariffs::word(cap.tax) << " " << word(cap.at_limit)
            << " for";
        for (Service service : cap.services)
            out << " " << tariffs::word(service);
        out << "\n";
    }
    return out;
}

std::ostream& operator<<(std::ostream& out, const RandomEvent& event) {
    constexpr const char* kinds[] = {"attach", "usage", "answer", "clock"};
    out << tariffs::to_rfc3339(event.at) << " " << kinds[static_cast<int>(event.kind)] << " on " << event.network << " "
        << tariffs::word(event.service) << " " << event.quantity << " in session '" << event.session << "'";
    if (event.charged)
        out << " charged " << tariffs::to_decimal(*event.charged) << " " << event.charged->currency.code();
    if (event.charged_as == ChargedAs::allowance) out << " allowance";
    if (event.charged_as == ChargedAs::free) out << " free";
    return out << " heard " << tariffs::to_rfc3339(event.heard) << "\n";
}

std::vector<RandomEvent> in_some_order(const std::vector<RandomEvent>& events) {
    return *rc::gen::exec([events] {
        std::vector<RandomEvent> order = events;
        for (std::size_t i = order.size(); i > 1; --i)
            std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);
        return order;
    });
}

std::vector<RandomEvent> random_usage(const RandomWorld& world, int most) {
    return some(most, [world] {
        RandomEvent event = random_record(world);
        event.at = monday() + tariffs::minutes(drawn(0, minutes_lived));
        event.heard = monday() + tariffs::minutes(minutes_lived);
        return event;
    });
}

std::vector<RandomEvent> random_usage_and_consent(const RandomWorld& world, int most) {
    auto events = some(most, [world] {
        RandomEvent event = random_record(world);
        if (drawn(0, 4) == 0) event.kind = RandomEvent::Kind::answer;
        draw_delays(event);
        return event;
    });
    hear_in_turn(events);
    return events;
}

std::vector<RandomEvent> random_events(const RandomWorld& world, int most) {
    auto events = some(most, [world] {
        RandomEvent event = random_record(world);
        event.kind =
            one_of<RandomEvent::Kind>({RandomEvent::Kind::attach, RandomEvent::Kind::usage, RandomEvent::Kind::usage,
                                       RandomEvent::Kind::answer, RandomEvent::Kind::clock});
        event.network = one_of<std::string>({"440-10", "440-20", "450-05", "901-14", "208-01", "234-15"});
        event.choice = static_cast<std::size_t>(drawn(0, 2));
        draw_delays(event);
        return event;
    });
    hear_in_turn(events);
    return events;
}

std::vector<RandomEvent> random_places(const RandomWorld& world, int most) {
    auto events = some(most, [world] {
        RandomEvent event = random_record(world);
        if (sometimes()) event.kind = RandomEvent::Kind::attach;
        if (event.kind == RandomEvent::Kind::attach && drawn(0, 4) == 0) event.network = "234-15";
        event.at = monday() + tariffs::minutes(drawn(0, minutes_lived));
        event.heard = monday() + tariffs::minutes(minutes_lived);
        return event;
    });
    std::set<std::int64_t> taken;
    for (RandomEvent& event : events)
        while (!taken.insert(event.at.ms).second)
            event.at = event.at + tariffs::seconds(1);
    return events;
}

std::vector<RandomEvent> sorted_by_time(std::vector<RandomEvent> events) {
    std::stable_sort(events.begin(), events.end(),
                     [](const RandomEvent& a, const RandomEvent& b) { return a.at < b.at; });
    return events;
}

Life::Life(const RandomWorld& world) : world_(world), around_{world.book.get(), &networks(), &rules_} {}

Decision Life::live(const RandomEvent& event) {
    const std::string seed = "event-" + std::to_string(event.number);
    if (event.kind == RandomEvent::Kind::clock) return decide_timers(world_.terms, around_, event.heard, seed, state);
    if (event.kind == RandomEvent::Kind::answer) return answer(event);
    intake::RoamingEvent happened;
    happened.type = event.kind == RandomEvent::Kind::attach ? intake::EventType::attach : intake::EventType::usage;
    happened.time.at = event.at;
    happened.plmn = geoip::Plmn::parse(event.network);
    happened.service = event.service;
    happened.quantity = event.quantity;
    happened.session = event.session;
    if (event.charged) happened.charged = intake::Charged{*event.charged, std::nullopt};
    happened.charged_as = event.charged_as;
    geoip::PlaceQuery query;
    query.plmn = happened.plmn;
    query.home_country = world_.terms.home_country;
    const geoip::Place place = resolve(query, networks(), nullptr, {}, geoip::Explain::off);
    Session alone;
    Session& session = event.session.empty() ? alone : sessions_[event.session];
    return decide(happened, place, world_.terms, around_, event.heard, seed, state, session);
}

Decision Life::answer(const RandomEvent& event) {
    Answer given{"none", "extend", "app", ""};
    for (const Question& question : state.questions)
        if (question.state == QuestionState::pending) {
            given.question = question.id;
            given.choice = question.choices[event.choice % question.choices.size()];
        }
    return decide_answer(given, world_.terms, around_, event.heard, "event-" + std::to_string(event.number), state)
        .decision;
}

void Life::store_and_read() {
    state = storage::decode_state(storage::encode(state));
    for (auto& [name, session] : sessions_)
        session = storage::decode_session(storage::encode(session));
}

std::map<CapPeriod, std::int64_t> Life::spent() const {
    std::map<CapPeriod, std::int64_t> sums;
    for (const CapCount& count : state.counts)
        if (const std::int64_t sum = count.used + count.overrun; sum != 0) sums[{count.cap, count.start.ms}] += sum;
    return sums;
}

std::string Life::destination_of(const RandomEvent& event) const {
    if (event.network == "234-15") return "home";
    geoip::PlaceQuery query;
    query.plmn = geoip::Plmn::parse(event.network);
    return known_place(resolve(query, networks(), nullptr, {}, geoip::Explain::off), world_.terms, around_, event.at)
        .destination();
}

// --- the oracle: nothing below calls the rules, the rating or the periods of the program

namespace {

/// An exact fraction of 128-bit whole numbers, always in lowest terms.
struct Fraction {
    __int128 above = 0, below = 1;

    static __int128 gcd(__int128 a, __int128 b) {
        if (a < 0) a = -a;
        while (b != 0) {
            const __int128 rest = a % b;
            a = b;
            b = rest;
        }
        return a == 0 ? 1 : a;
    }
    [[nodiscard]] Fraction times(std::int64_t numerator, std::int64_t denominator) const {
        const __int128 g1 = gcd(above, denominator), g2 = gcd(numerator, below);
        return {above / g1 * (numerator / g2), below / g2 * (denominator / g1)};
    }
    [[nodiscard]] Fraction plus(Fraction other) const {
        const __int128 common = below / gcd(below, other.below) * other.below;
        return {above * (common / below) + other.above * (common / other.below), common};
    }
    [[nodiscard]] bool less(Fraction other) const { return above * other.below < other.above * below; }
    /// To a whole number, ties away from zero.
    [[nodiscard]] std::int64_t rounded() const {
        const __int128 twice = (above < 0 ? -above : above) * 2 + below;
        const auto whole = static_cast<std::int64_t>(twice / (below * 2));
        return above < 0 ? -whole : whole;
    }
};

/// Units charged for what a segment used: nothing for nothing, else the minimum and then whole increments.
std::int64_t blocks(const RandomRow& row, std::int64_t used) {
    if (used == 0) return 0;
    std::int64_t charged = row.minimum;
    if (used > charged) charged += (used - charged + row.increment - 1) / row.increment * row.increment;
    return charged;
}

const RandomRow& row_of(const RandomWorld& world, const RandomEvent& event) {
    const std::string country = event.network.substr(0, 3) == "440" ? "JP" : event.network == "450-05" ? "KR" : "DE";
    for (const std::string& wanted : {event.network, country, std::string("*")})
        for (const RandomRow& row : world.rows)
            if (row.destination == wanted && row.service == event.service) return row;
    throw std::logic_error("the oracle's world has a row for every service");
}

Fraction in_currency(const RandomWorld& world, Fraction amount, const std::string& from, const std::string& to) {
    if (from == to) return amount;
    if (const auto rate = world.rates.find({from, to}); rate != world.rates.end())
        return amount.times(rate->second, million);
    return amount.times(million, world.rates.at({to, from}));
}

/// In UTC, between the 30th of March and the 2nd of April 2026.
std::int64_t period_start(const CapRule& cap, Instant at) {
    constexpr std::int64_t day = 86'400'000;
    if (cap.period.over == PeriodRule::Over::day) return at.ms / day * day;
    const std::int64_t april = tariffs::parse_rfc3339("2026-04-01T00:00:00Z")->at.ms;
    return at.ms < april ? tariffs::parse_rfc3339("2026-03-01T00:00:00Z")->at.ms : april;
}

bool counts_for(const CapRule& cap, Service service) {
    return std::find(cap.services.begin(), cap.services.end(), service) != cap.services.end();
}

struct OracleSegment {
    const RandomRow* row = nullptr;
    std::int64_t used = 0;
    Fraction charged;
    Instant at;
    Service service = Service::data;
};

}  // namespace

std::map<CapPeriod, std::int64_t> spent_by_oracle(const RandomWorld& world, const std::vector<RandomEvent>& usage) {
    std::map<CapPeriod, std::int64_t> sums;
    const auto count = [&](Fraction amount, const std::string& currency, bool with_tax, Service service, Instant at) {
        for (const CapRule& cap : world.caps) {
            if (!counts_for(cap, service)) continue;
            Fraction on_basis = amount;
            if (with_tax && cap.tax == tariffs::Tax::excl) on_basis = amount.times(million, million + world.tax_rate);
            if (!with_tax && cap.tax == tariffs::Tax::incl) on_basis = amount.times(million + world.tax_rate, million);
            sums[{cap.id, period_start(cap, at)}] +=
                in_currency(world, on_basis, currency, cap.currency.code()).rounded();
        }
    };
    std::map<std::tuple<std::string, std::string, const RandomRow*, std::vector<std::int64_t>>, OracleSegment> segments;
    for (const RandomEvent& record : usage) {
        const RandomRow& row = row_of(world, record);
        const bool credit = record.charged && record.charged->micros < 0;
        if (credit || record.charged_as != ChargedAs::tariff) {
            if (record.charged)
                count({record.charged->micros, 1}, record.charged->currency.code(), row.with_tax, record.service,
                      record.at);
            continue;
        }
        std::vector<std::int64_t> periods;
        for (const CapRule& cap : world.caps)
            if (counts_for(cap, record.service)) periods.push_back(period_start(cap, record.at));
        const std::string session = record.session.empty() ? "alone-" + std::to_string(record.number) : record.session;
        OracleSegment& segment = segments[{session, record.network, &row, periods}];
        segment.row = &row;
        segment.used += record.quantity;
        segment.at = record.at;
        segment.service = record.service;
        if (record.charged) segment.charged = segment.charged.plus({record.charged->micros, 1});
    }
    for (const auto& [key, segment] : segments) {
        const RandomRow& row = *segment.row;
        const Fraction rated = Fraction{row.price, 1}.times(blocks(row, segment.used), row.unit);
        const std::string& theirs = world.foreign_charge;
        if (rated.less(in_currency(world, segment.charged, theirs, row.currency)))
            count(segment.charged, theirs, row.with_tax, segment.service, segment.at);  // no chain through the row's
        else
            count(rated, row.currency, row.with_tax, segment.service, segment.at);
    }
    for (auto at = sums.begin(); at != sums.end();)
        at = at->second == 0 ? sums.erase(at) : std::next(at);
    return sums;
}

}  // namespace roamguard::protection::testing
