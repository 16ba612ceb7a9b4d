// How good is the forecast? Replays trips of made-up travellers through the real decide(), each once with
// warn.lead-time and once without, and prints a table in Markdown, a line per class of delay.
// docs/reference/forecast.md explains it.
//
//   bench_forecast [--trips N] [--seed N] [--lead MINUTES]

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "service/protection/decide.h"

namespace {

using namespace roamguard;
using notifications::Kind;
using tariffs::Instant;
using tariffs::Span;

struct Options {
    std::int64_t trips = 5000;
    std::int64_t seed = 1;
    std::int64_t lead_minutes = 10;
};

/// SplitMix64 with distributions of our own, so that a seed means the same everywhere.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}
    double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    double between(double low, double high) { return low + (high - low) * unit(); }
    /// As many between 1 and 2 as between 10 and 20.
    double evenly_in_size(double low, double high) { return low * std::exp(std::log(high / low) * unit()); }
    bool chance(double of_one) { return unit() < of_one; }
    double of(const std::vector<double>& values) {
        return values[static_cast<std::size_t>(unit() * static_cast<double>(values.size()))];
    }

private:
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        return z ^ (z >> 31);
    }
    std::uint64_t state_;
};

const Instant beginning = tariffs::parse_rfc3339("2026-03-10T08:00:00Z")->at;
constexpr Span tick = tariffs::seconds(10);
constexpr std::int64_t megabyte = 1 << 20;

/// What a traveller does for a while.
struct Activity {
    Span lasts;
    double megabytes_per_minute = 0;
    double pulse = 1;  ///< share of the ticks in which something flows
    bool attached = true;
};

Activity draw_activity(Dice& dice) {
    const double kind = dice.unit();
    const auto minutes = [&](double low, double high) { return Span{std::llround(dice.between(low, high) * 60'000)}; };
    if (kind < 0.45) return {minutes(5, 90), dice.between(0.01, 0.2), 0.1, true};  // idle: the background of apps
    if (kind < 0.75) return {minutes(1, 15), dice.between(0.3, 3), 0.4, true};     // web and messages
    if (kind < 0.84) return {minutes(3, 50), dice.between(4, 20), 0.9, true};      // video
    if (kind < 0.87) return {minutes(1, 10), dice.between(20, 80), 1, true};       // updates, uploads of photos
    return {minutes(20, 240), 0, 0, false};                                        // Wi-Fi, flight mode, asleep
}

/// Bytes in each tick of the trip; below zero: no session.
std::vector<std::int64_t> draw_usage(Dice& dice) {
    const auto ticks = static_cast<std::size_t>(dice.between(6, 72) * 3'600'000 / static_cast<double>(tick.ms));
    std::vector<std::int64_t> bytes;
    while (bytes.size() < ticks) {
        const Activity activity = draw_activity(dice);
        for (std::int64_t n = activity.lasts.ms / tick.ms; n >= 0 && bytes.size() < ticks; --n) {
            const double flow = activity.megabytes_per_minute / activity.pulse * dice.between(0.5, 1.5) / 6;
            bytes.push_back(!activity.attached            ? -1
                            : dice.chance(activity.pulse) ? std::llround(flow * static_cast<double>(megabyte))
                                                          : 0);
        }
    }
    return bytes;
}

struct Record {
    Instant from, to, heard;
    std::int64_t quantity = 0;
    std::string session;
};

/// One trip: what was used, and the records of it in order of arrival.
struct Trip {
    std::int64_t limit = 0;  ///< of the cap, millionths; a megabyte costs 1.00
    std::optional<Instant> reached;
    std::vector<Record> records;
};

/// Usage becomes interval records: a session ends with the connection, and now and then within it.
std::vector<Record> records_of(Dice& dice, const std::vector<std::int64_t>& bytes) {
    const auto interval = Span{std::llround(dice.of({30, 60, 120, 300, 600}) * 1000)};
    const bool silent_at_zero = dice.chance(0.5);
    std::vector<Record> records;
    int session = 0;
    Record open;
    const auto close = [&](Instant at) {
        open.to = at;
        if (open.quantity > 0 || !silent_at_zero) records.push_back(open);
        open = {at, at, {}, 0, open.session};
    };
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const Instant at = beginning + Span{static_cast<std::int64_t>(i) * tick.ms};
        const bool attached = bytes[i] >= 0;
        const bool ends = !open.session.empty() && (!attached || dice.chance(0.0005));
        if (ends) {
            close(at);
            open.session.clear();
        }
        if (!attached) continue;
        if (open.session.empty()) open = {at, at, {}, 0, std::to_string(++session)};
        open.quantity += bytes[i];
        if (at + tick - open.from >= interval) close(at + tick);
    }
    return records;
}

Trip draw_trip(Dice& dice, Span usual_delay) {
    const std::vector<std::int64_t> bytes = draw_usage(dice);
    Trip trip;
    trip.limit = std::llround(dice.evenly_in_size(30, 10'000)) * 1'000'000;
    std::int64_t used = 0;
    for (std::size_t i = 0; i < bytes.size() && !trip.reached; ++i) {
        used += std::max<std::int64_t>(bytes[i], 0);
        if (used >= trip.limit / 1'000'000 * megabyte)
            trip.reached = beginning + Span{static_cast<std::int64_t>(i + 1) * tick.ms};
    }
    trip.records = records_of(dice, bytes);
    for (Record& record : trip.records) {
        const double late = dice.chance(0.03) ? dice.between(1.5, 4) : dice.between(0.6, 1.4);  // some stragglers
        record.heard = record.to + Span{std::llround(late * static_cast<double>(usual_delay.ms))};
    }
    std::stable_sort(trip.records.begin(), trip.records.end(),
                     [](const Record& a, const Record& b) { return a.heard < b.heard; });
    return trip;
}

/// What the traveller was told, and when.
struct Told {
    std::optional<Instant> first, last;       ///< of the messages below the limit
    std::optional<Instant> reached;           ///< of the limit's
    std::optional<Instant> early, early_for;  ///< of the early one, and the latest time the limit may come
};

std::int64_t minutes_in(const std::vector<std::string>& reasons) {
    for (const std::string& reason : reasons)
        if (const std::size_t at = reason.find(" lasts "); at != std::string::npos) return std::atol(&reason[at + 7]);
    throw std::logic_error("an early warning without its forecast");
}

class Replay {
public:
    Replay() {
        auto loaded = geoip::Networks::load({});
        if (!loaded) throw std::runtime_error("the networks cannot be read");
        networks_ = *loaded;
        const tariffs::TableFiles files{{"tariffs",
                                         "plan,destination,service,price,currency,unit,minimum,increment\n"
                                         "*,*,data,1.00,GBP,MB,1 B,1 B\n"}};
        const auto table =
            tariffs::Table::compile(files, [&](geoip::Country one) { return networks_->known_country(one); }).table;
        book_ = tariffs::Book({{1, beginning - tariffs::days(99), table}});
        geoip::PlaceQuery query;
        query.plmn = geoip::Plmn::parse("440-10");
        query.home_country = home_;
        place_ = geoip::resolve(query, *networks_, nullptr, {}, geoip::Explain::off);
    }

    Told run(const Trip& trip, Span lead) {
        protection::Rules rules;
        rules.warn_lead_time = lead;
        const protection::World world{&book_, networks_.get(), &rules};
        const protection::Terms terms = terms_with(trip.limit);
        protection::CustomerState state;
        std::map<std::string, protection::Session> sessions;
        Told told;
        int number = 0;
        for (const Record& record : trip.records) {
            intake::RoamingEvent event;
            event.type = intake::EventType::usage;
            event.time.at = record.from;
            event.ended = record.to;
            event.plmn = geoip::Plmn::parse("440-10");
            event.quantity = record.quantity;
            event.session = record.session;
            const protection::Decision decision = protection::decide(
                event, place_, terms, world, record.heard, std::to_string(++number), state, sessions[record.session]);
            hear(told, decision, record);
            if (told.reached) break;
        }
        return told;
    }

private:
    static void hear(Told& told, const protection::Decision& decision, const Record& record) {
        for (const protection::Owed& owed : decision.owed) {
            if (owed.facts.kind == Kind::confirm_cap) told.reached = record.heard;
            if (owed.facts.kind != Kind::threshold) continue;
            if (!told.first) told.first = record.heard;
            told.last = record.heard;
            if (!owed.facts.early) continue;
            told.early = record.heard;
            told.early_for = record.to + Span{(minutes_in(decision.reasons) + 1) * 60'000 * 3};
        }
    }

    protection::Terms terms_with(std::int64_t limit) const {
        customers::CapRule cap;
        cap.id = "monthly";
        cap.services = {tariffs::Service::data};
        cap.currency = tariffs::Currency::parse("GBP").value();
        cap.limit = limit;
        cap.thresholds = {50, 80, 100};
        customers::Profile profile;
        profile.home_country = home_;
        profile.time_zone = "Europe/London";
        profile.caps = std::vector{cap};
        return protection::terms_of(profile, customers::Regime{}, home_);
    }

    std::shared_ptr<const geoip::Networks> networks_;
    tariffs::Book book_;
    geoip::Country home_ = geoip::Country::parse("GB").value();
    geoip::Place place_;
};

struct Class {
    const char* name;
    Span usual_delay;
};
constexpr Class classes[] = {{"1 min", tariffs::minutes(1)},
                             {"5 min", tariffs::minutes(5)},
                             {"15 min", tariffs::minutes(15)},
                             {"1 h", tariffs::hours(1)},
                             {"4 h", tariffs::hours(4)}};

struct Figures {
    std::int64_t early = 0, too_soon = 0, never = 0;  ///< early ones; the limit came later than 3 times as long; never
    std::int64_t reached = 0, missed = 0, missed_before = 0;
    std::int64_t unwarned = 0, unwarned_before = 0;     ///< no minute of notice of the last threshold
    std::vector<double> gained, notice, notice_before;  ///< minutes
};

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    return values[values.size() / 2];
}

/// Minutes between the last message below the limit (or the limit's own, without one) and the limit itself.
double notice_of(const Told& told, Instant reached) {
    const Instant at = told.last ? *told.last : told.reached.value_or(reached);
    return static_cast<double>((reached - at).ms) / 60'000.0;
}

void count(Figures& figures, const Trip& trip, const Told& with, const Told& without) {
    if (with.early) {
        ++figures.early;
        if (!trip.reached) ++figures.never;
        if (!trip.reached || *trip.reached > *with.early_for) ++figures.too_soon;
    }
    if (!trip.reached) return;
    ++figures.reached;
    if (!with.first || *with.first >= *trip.reached) ++figures.missed;
    if (!without.first || *without.first >= *trip.reached) ++figures.missed_before;
    const double now = notice_of(with, *trip.reached), before = notice_of(without, *trip.reached);
    figures.notice.push_back(now);
    figures.notice_before.push_back(before);
    if (now <= 0) ++figures.unwarned;
    if (before <= 0) ++figures.unwarned_before;
    if (with.early) figures.gained.push_back(now - before);
}

double percent(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

void report(const Class& one, const Figures& f) {
    std::printf(
        "| %s | %lld | %lld | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %.0f | %.0f | %.0f |\n",
        one.name, static_cast<long long>(f.reached), static_cast<long long>(f.early), percent(f.too_soon, f.early),
        percent(f.never, f.early), percent(f.missed_before, f.reached), percent(f.missed, f.reached),
        percent(f.unwarned_before, f.reached), percent(f.unwarned, f.reached), median(f.notice_before),
        median(f.notice), median(f.gained));
}

Options read_options(int count, char** words) {
    Options options;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string_view name = words[i];
        const std::int64_t value = std::atoll(words[i + 1]);
        if (name == "--trips")
            options.trips = value;
        else if (name == "--seed")
            options.seed = value;
        else if (name == "--lead")
            options.lead_minutes = value;
        else
            throw std::runtime_error("unknown option " + std::string(name));
    }
    return options;
}

}  // namespace

int main(int argc, char** argv) {
    const Options options = read_options(argc, argv);
    Replay replay;
    std::printf(
        "| usual delay | caps reached | early warnings | not within 3× the forecast | not on that trip | caps "
        "reached without a word, before | now | last message too late, before | now | median notice, min, "
        "before | now | median gain, min |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    for (const Class& one : classes) {
        Figures figures;
        for (std::int64_t n = 0; n < options.trips; ++n) {
            Dice dice(static_cast<std::uint64_t>(options.seed * 1'000'003 + n));
            const Trip trip = draw_trip(dice, one.usual_delay);
            count(figures, trip, replay.run(trip, tariffs::minutes(options.lead_minutes)), replay.run(trip, Span{}));
        }
        report(one, figures);
    }
    return 0;
}
