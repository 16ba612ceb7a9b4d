#include "tests/simulation/traveller.h"

#include <algorithm>
#include <chrono>
#include <tuple>

namespace roamguard::simulation {

namespace {

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

}  // namespace

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

}  // namespace roamguard::simulation
