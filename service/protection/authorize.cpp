#include <algorithm>

#include "service/protection/rules.h"

// Contract, section 6: before high-cost usage goes on. A grant never reaches past a cap that holds, at the price in
// force, with what other grants may still use.
namespace roamguard::protection {
namespace {

using customers::CapRule;
using tariffs::Row;
using tariffs::Service;
using Verdict = AuthorizationDecision::Verdict;

/// One request under way.
struct Authorizing {
    Deciding& d;
    const Authorization& asked;
    const Session& session;
    AuthorizationDecision& out;

    void say(Verdict verdict, std::string reason) const {
        out.verdict = verdict;
        out.reason = std::move(reason);
    }
};

bool is(const Authorizing& a, const Grant& grant) {
    return grant.session == a.asked.session && grant.service == a.asked.service;
}

/// What more of the session costs at a place, as each cap counts it.
class Meter {
public:
    Meter(const Authorizing& a, const KnownPlace& place) : service_(a.asked.service) {
        version_ = a.d.world.book->in_force(a.d.now);
        if (!version_) return;
        table_ = version_->table.get();
        row_ = row_for(place, a.d.terms, *table_, service_, called_of(a.asked.called, a.d.terms, place));
        if (!row_) return;
        Session session = a.session;
        const std::uint64_t periods = periods_of(a.d, service_, place, table_, a.d.now);
        used_ = segment_of(session, place, version_->number, *row_, periods, "").used;
    }

    [[nodiscard]] const Row* row() const { return row_; }
    [[nodiscard]] const tariffs::Table* table() const { return table_; }

    [[nodiscard]] bool prices(const CapRule& rule) const {
        return rule.is_volume() || (row_ && on_cap_basis({row_->price, row_->tax, row_->tax_rate}, rule, table_));
    }

    /// `quantity` more when `before` is granted already; the end of the range where that is beyond what can be counted.
    [[nodiscard]] std::int64_t cost(const CapRule& rule, std::int64_t before, std::int64_t quantity) const {
        if (rule.is_volume()) return quantity;
        const auto to = sum(rule, plus(before, quantity));
        return to ? *to - *sum(rule, before) : INT64_MAX;  // where more can be counted, less can
    }

    [[nodiscard]] PriceView view() const {
        return {service_, row_->price, row_->unit, version_->number, row_->line, row_->tax};
    }

private:
    /// What the segment comes to with so much more, on the cap's basis: as its records will be counted.
    [[nodiscard]] std::optional<std::int64_t> sum(const CapRule& rule, std::int64_t more) const {
        try {
            return on_cap_basis({tariffs::price_of(*row_, plus(used_, more)), row_->tax, row_->tax_rate}, rule, table_);
        } catch (const tariffs::MoneyOverflow&) {
            return std::nullopt;
        }
    }

    Service service_;
    const tariffs::Version* version_ = nullptr;
    const tariffs::Table* table_ = nullptr;
    const Row* row_ = nullptr;
    std::int64_t used_ = 0;
};

/// A cap that holds, and what is free in it.
struct Bound {
    CapRule rule;
    std::int64_t limit, room;
    bool reached;
};

/// The caps that count the service at a place and hold at a limit.
std::vector<Bound> bounds_at(const Authorizing& a, const KnownPlace& place, const Meter& meter) {
    std::vector<Bound> bounds;
    for (const CapRule& present : a.d.terms.caps) {
        if (!counts(present, a.asked.service, place, meter.table())) continue;
        const CapCount& count = count_of(a.d, present, a.d.now);
        const CapRule& rule = rule_of(count, present);
        const auto limit = limit_of(rule, count.stage);
        if (!limit || at_limit(rule, a.d.terms) != customers::AtLimit::hold) continue;
        // A credit may have brought the use far below zero.
        const auto room = static_cast<__int128>(*limit) - count.used - kept_for_grants(a.d.state, rule.id, Kept::all);
        const auto free = static_cast<std::int64_t>(std::clamp<__int128>(room, 0, INT64_MAX));
        bounds.push_back({rule, *limit, free, count.reached});
    }
    return bounds;
}

/// Base units granted in this session and not recorded yet, by the tariff: they come before what is asked for.
std::int64_t granted_before(const Authorizing& a) {
    std::int64_t before = 0;
    for (const Grant& grant : a.d.state.grants)
        if (!a.asked.session.empty() && is(a, grant) && grant.pass.empty()) before = plus(before, grant.quantity);
    return before;
}

std::int64_t most_granted(const Authorizing& a) {
    const Rules& rules = a.d.rules();
    const tariffs::UnitKind kind = tariffs::kind_of(a.asked.service);
    if (kind == tariffs::UnitKind::bytes) return rules.max_grant_bytes;
    if (kind == tariffs::UnitKind::seconds) return rules.max_grant_seconds;
    return rules.max_grant_messages;
}

/// The most of `wanted` that a cap has room for: costs only rise with the quantity, whatever blocks they rise by.
std::int64_t fitting(const Bound& bound, const Meter& meter, std::int64_t before, std::int64_t wanted) {
    std::int64_t fits = 0, beyond = wanted + 1;
    while (beyond - fits > 1) {
        const std::int64_t middle = fits + (beyond - fits) / 2;
        (meter.cost(bound.rule, before, middle) <= bound.room ? fits : beyond) = middle;
    }
    return fits;
}

std::vector<GrantShare> shares_of(const std::vector<Bound>& bounds, const Meter& meter, std::int64_t before,
                                  std::int64_t quantity) {
    std::vector<GrantShare> shares;
    for (const Bound& bound : bounds)
        if (meter.prices(bound.rule)) shares.push_back({bound.rule.id, meter.cost(bound.rule, before, quantity)});
    return shares;
}

void give(Authorizing& a, std::int64_t quantity, std::vector<GrantShare> shares, const HeldPass* pass) {
    Grant grant;
    grant.session = a.asked.session;
    grant.service = a.asked.service;
    grant.quantity = quantity;
    grant.valid_until = a.d.now + a.d.rules().grant_for;
    if (pass) {
        grant.pass = a.out.pass = pass->id;
        grant.valid_until = std::min(grant.valid_until, pass->until);
    }
    grant.keep_until = grant.valid_until + a.d.rules().grant_reserve_for;
    grant.shares = std::move(shares);
    a.out.granted = quantity;
    a.out.valid_until = grant.valid_until;
    keep_grant(a.d.state, std::move(grant));
}

/// The hold that is the reason, with its question while that is open.
void refuse(Authorizing& a, const Hold* standing, std::string reason) {
    if (standing && standing->declined) return a.say(Verdict::deny, "declined");
    a.say(Verdict::hold, std::move(reason));
    for (const Question& question : a.d.state.questions)
        if (standing && question.id == standing->question && question.state == QuestionState::pending)
            a.out.question = question.id;
}

/// Whether a hold stands in the way of the service; one that was declined before one that waits.
bool is_held(Authorizing& a, const std::string& reason) {
    const Hold* first = nullptr;
    for (const Hold& hold : a.d.state.holds) {
        const std::vector<Service> off = hold.in_force();
        if (std::find(off.begin(), off.end(), a.asked.service) == off.end()) continue;
        if (!first || hold.declined) first = &hold;
    }
    if (first) refuse(a, first, reason);
    return first != nullptr;
}

/// What the operator sells as a pass: no cap counts it.
void give_of_pass(Authorizing& a, const HeldPass& pass) {
    const std::int64_t most = most_granted(a);
    std::int64_t left = std::min(a.asked.requested.value_or(most), most);
    if (pass.allowance) {
        std::int64_t free = *pass.allowance - pass.used;
        for (const Grant& grant : a.d.state.grants)
            if (grant.pass == pass.id) free -= grant.quantity;
        left = std::min(left, free);
    }
    if (left <= 0) {  // others may use up what is left of it
        const auto lifted = std::find_if(a.d.state.holds.begin(), a.d.state.holds.end(), [&](const Hold& hold) {
            return std::find(hold.services.begin(), hold.services.end(), a.asked.service) != hold.services.end();
        });
        return refuse(a, lifted == a.d.state.holds.end() ? nullptr : &*lifted, "pass_used_up");
    }
    if (a.out.price) a.out.price->price.micros = 0;
    give(a, left, {}, &pass);
    a.say(Verdict::allow, "pass");
}

/// The limit of a cap is as good as reached by what is granted or reported, or the next charged block reaches past it.
void reach_early(Authorizing& a, const Bound& bound, const KnownPlace& place) {
    const CapRule* present = rule_named(a.d.terms, bound.rule.id);
    CapCount& count = count_of(a.d, *present, a.d.now);
    if (count.reached) return;
    count.early = count.used < bound.limit;
    reach(a.d, bound.rule, count, place, a.d.now);
}

/// Nothing fits: what stands in the way is held, and the customer is asked.
void give_nothing(Authorizing& a, const std::vector<Bound>& full, const KnownPlace& place) {
    for (const Bound& bound : full)
        reach_early(a, bound, place);
    refuse(a, find_hold(a.d.state, Cause::cap, full.front().rule.id), "cap_reached");
}

/// What is never cut takes what it needs; others have so much less room.
bool never_cut(const Authorizing& a) {
    if (a.asked.service == Service::voice_mt || a.asked.service == Service::sms_mt) return true;
    if (a.asked.service != Service::voice_mo || a.asked.session.empty()) return false;
    if (a.asked.used.value_or(0) > 0 || !a.session.segments.empty()) return true;
    return std::any_of(a.d.state.grants.begin(), a.d.state.grants.end(),
                       [&](const Grant& grant) { return is(a, grant); });
}

void give_uncut(Authorizing& a, const KnownPlace& place, const Meter& meter) {
    const std::int64_t most = most_granted(a);
    const std::int64_t quantity = std::min(a.asked.requested.value_or(most), most);
    give(a, quantity, shares_of(bounds_at(a, place, meter), meter, granted_before(a), quantity), nullptr);
    a.say(Verdict::allow, a.asked.service == Service::voice_mo ? "call_begun" : "incoming");
}

/// Leaves only caps that the price leads to. False where one is left out and the customer has not agreed to that place:
/// it is protected like high-cost.
bool keep_priced(Authorizing& a, std::vector<Bound>& bounds, const KnownPlace& place, const Meter& meter) {
    const auto left_out = std::erase_if(bounds, [&](const Bound& bound) { return !meter.prices(bound.rule); });
    if (left_out == 0 || a.asked.service != Service::data) return true;
    protect_unpriced(a.d, place, a.d.now);
    return !is_held(a, "unpriced");
}

void give_what_fits(Authorizing& a, const KnownPlace& place, const Meter& meter) {
    std::vector<Bound> bounds = bounds_at(a, place, meter);
    if (!keep_priced(a, bounds, place, meter)) return;
    const std::int64_t most = most_granted(a), before = granted_before(a);
    std::int64_t quantity = a.asked.requested.value_or(most);
    if (bounds.empty()) quantity = std::min(quantity, most);
    std::vector<Bound> full;
    for (const Bound& bound : bounds) {
        const std::int64_t fits = bound.reached ? 0 : fitting(bound, meter, before, quantity);
        if (fits == 0)
            full.push_back(bound);
        else
            quantity = fits;
    }
    if (!full.empty()) return give_nothing(a, full, place);
    give(a, quantity, shares_of(bounds, meter, before, quantity), nullptr);
    a.say(Verdict::allow, bounds.empty() ? "no_cap" : "within_caps");
}

/// What an open grant keeps free when `used` of it is awaited. `exact`: the session's grants stand at the price that
/// the meter shows, else in proportion.
std::vector<GrantShare> reported_shares(const Grant& grant, const std::vector<Bound>& bounds, const Meter& meter,
                                        std::int64_t before, std::int64_t used, bool exact) {
    if (exact || grant.quantity == 0) return shares_of(bounds, meter, before, used);
    std::vector<GrantShare> shares = grant.shares;
    for (GrantShare& share : shares) {
        const auto part = (static_cast<__int128>(share.amount) * used + grant.quantity - 1) / grant.quantity;
        share.amount = static_cast<std::int64_t>(std::min<__int128>(part, INT64_MAX));
    }
    return shares;
}

/// Whether what the session's grants keep free in each cap is what the meter says they cost.
bool at_this_price(const Authorizing& a, const std::vector<Bound>& bounds, const Meter& meter) {
    for (const Bound& bound : bounds) {
        if (!meter.prices(bound.rule)) continue;
        std::int64_t kept = 0;
        for (const Grant& grant : a.d.state.grants)
            for (const GrantShare& share : grant.shares)
                if (is(a, grant) && share.cap == bound.rule.id) kept = plus(kept, share.amount);
        if (kept != meter.cost(bound.rule, 0, granted_before(a))) return false;
    }
    return true;
}

/// Takes the session's open grants out of the state, those of a pass first.
std::vector<Grant> take_open(const Authorizing& a) {
    std::vector<Grant> open;
    for (const Grant& grant : a.d.state.grants)
        if (is(a, grant) && !grant.reported) open.push_back(grant);
    std::erase_if(a.d.state.grants, [&](const Grant& grant) { return is(a, grant) && !grant.reported; });
    std::stable_partition(open.begin(), open.end(), [](const Grant& grant) { return !grant.pass.empty(); });
    return open;
}

/// The sender says how much was used since it last asked: so much is awaited as records, and the rest is free.
void report_used(Authorizing& a, const KnownPlace& place) {
    const Meter meter(a, place);
    const std::vector<Bound> bounds = bounds_at(a, place, meter);
    const bool exact = a.asked.session.empty() || at_this_price(a, bounds, meter);
    std::vector<Grant> open = take_open(a);
    std::int64_t awaited = *a.asked.used;
    for (const Grant& grant : open)
        awaited -= std::min(awaited, grant.recorded);
    if (open.empty()) {  // nothing was granted, or it lapsed
        open.emplace_back();
        open.back().session = a.asked.session;
        open.back().service = a.asked.service;
    }
    std::vector<std::string> freed;
    for (Grant& grant : open) {
        const bool last = &grant == &open.back();
        const std::int64_t part = last ? awaited : std::min(awaited, grant.quantity);
        awaited -= part;
        note_freed(freed, grant);
        if (part == 0) continue;
        grant.shares = grant.pass.empty() ? reported_shares(grant, bounds, meter, granted_before(a), part, exact)
                                          : std::vector<GrantShare>{};
        grant.quantity = part;
        grant.reported = true;
        grant.keep_until = a.d.now + a.d.rules().grant_reserve_for;
        keep_grant(a.d.state, std::move(grant));
    }
    release_early(a.d, freed);
}

/// Where the request is made: in the network it names, at the last place known, or nobody knows where.
KnownPlace place_asked(const Authorizing& a) {
    if (a.asked.place) return known_place(*a.asked.place, a.d.terms, a.d.world, a.d.now);
    const KnownPlace* known = a.d.state.place();
    return known && !a.d.state.unsettled ? *known : KnownPlace{};
}

/// Abroad: the ladder from what is never asked about to what the caps leave room for.
void decide_abroad(Authorizing& a, const KnownPlace& place) {
    const Meter meter(a, place);
    if (meter.row()) a.out.price = meter.view();
    if (never_cut(a)) return give_uncut(a, place, meter);
    if (a.asked.service == Service::data && a.d.terms.barred) return a.say(Verdict::deny, "barred");
    if (is_held(a, "held")) return;
    if (const HeldPass* pass = covering_pass(a.d.state, place, a.asked.service, a.d.now)) return give_of_pass(a, *pass);
    give_what_fits(a, place, meter);
}

void decide_asked(Authorizing& a) {
    if (a.asked.emergency) return a.say(Verdict::allow, "emergency");
    if (a.d.terms.inbound) return a.say(Verdict::allow, "not_ours");
    const KnownPlace place = a.d.out.place = place_asked(a);
    a.d.out.place_known = true;
    const KnownPlace* known = a.d.state.place();
    const KnownPlace used_at = known && !known->home() ? *known : place;  // before the device went on
    const bool foreign = !place.home() && place.klass != geoip::NetworkClass::test;
    if (foreign) follow(a.d, place, a.d.now, a.asked.place ? Named::yes : Named::no, Because::authorization);
    if (a.asked.used && !used_at.home() && used_at.klass != geoip::NetworkClass::test) report_used(a, used_at);
    if (a.asked.final) return a.say(Verdict::allow, "final");
    if (!foreign) return a.say(Verdict::allow, place.home() ? "home" : "test_network");
    decide_abroad(a, place);
}

}  // namespace

AuthorizationDecision decide_authorization(const Authorization& asked, const Terms& terms, const World& world,
                                           Instant now, std::string_view seed, CustomerState& state,
                                           const Session& session) {
    AuthorizationDecision result;
    Deciding d{terms, world, now, seed, state, result.decision};
    settle(d);
    Authorizing a{d, asked, session, result};
    decide_asked(a);
    finish(d);
    return result;
}

}  // namespace roamguard::protection
