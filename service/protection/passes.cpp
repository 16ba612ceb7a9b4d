#include <algorithm>

#include "service/customers/home.h"
#include "service/protection/rules.h"

// Passes: bought by a confirmation or recorded by the operator. What one covers is rated at nothing; a hold whose
// services it covers is lifted for as long, and binds again, asking anew, when the pass ends or the place is another.
namespace roamguard::protection {
namespace {

using notifications::Kind;
using tariffs::Pass;
using tariffs::Service;

constexpr std::size_t most_offers = 7;  // with two other choices as many as a reply of one digit can name

bool has(const std::vector<Service>& services, Service service) {
    return std::find(services.begin(), services.end(), service) != services.end();
}

bool covers_place(const HeldPass& pass, const KnownPlace& place) {
    for (const std::string& destination : pass.destinations)
        if (destination == "*" || destination == place.destination() || destination == geoip::word(place.klass) ||
            (place.plmn && destination == place.plmn->text()))
            return true;
    return false;
}

std::int64_t left_of(const HeldPass& pass) {
    return pass.allowance ? std::max<std::int64_t>(*pass.allowance - pass.used, 0) : INT64_MAX;
}

/// 80 % of its allowance, or more.
bool mostly_used(const HeldPass& pass) {
    return pass.allowance && static_cast<__int128>(pass.used) * 5 >= static_cast<__int128>(*pass.allowance) * 4;
}

notifications::Amount volume(std::int64_t bytes) {
    notifications::Amount amount;
    amount.bytes = bytes;
    return amount;
}

Owed pass_message(Deciding& d, const HeldPass& pass, Kind kind) {
    const KnownPlace* known = d.state.place();
    Owed owed;
    owed.facts = facts_at(known ? *known : KnownPlace{}, d.terms, d.world, d.now, kind);
    keep_prices_of(owed.facts, pass.services);
    owed.facts.pass_name = pass.name;
    owed.facts.services = pass.services;
    if (pass.allowance && tariffs::kind_of(pass.services.front()) == tariffs::UnitKind::bytes) {
        owed.facts.limit = volume(*pass.allowance);
        owed.facts.used = volume(pass.used);
    }
    if (pass.until != far_future && pass.until_certain) owed.facts.period_end = pass.until;
    owed.question = pass.question;
    return owed;
}

void end_pass(Deciding& d, HeldPass& pass, const std::string& why) {
    pass.ended = d.now;
    Owed owed = pass_message(d, pass, Kind::pass_ended);
    owed.facts.period_end.reset();
    d.out.owed.push_back(std::move(owed));
    d.out.reasons.push_back("pass " + pass.name + " ended: " + why);
}

/// The first covered record of a local day tells the local time, where it is one the country has; until then the day
/// lasts until it is over everywhere in the country.
void learn_local_day(HeldPass& pass, const KnownPlace& place, Instant at, int offset_minutes) {
    if (pass.until_certain) return;
    for (const std::string& zone : customers::zones_of(place.country)) {
        if (customers::offset_minutes(at, zone) != offset_minutes) continue;
        const Instant until = customers::end_of_days(pass.from, pass.validity.ms / tariffs::days(1).ms, zone);
        if (until <= at) continue;
        pass.until = until;
        pass.until_certain = true;
        return;
    }
}

HeldPass offered(const Pass& row, const tariffs::Table& table, int version) {
    HeldPass offer;
    offer.pass = row.id;
    offer.name = row.name.empty() ? row.id : row.name;
    offer.destinations = covered_destinations(row.destination, table);
    offer.services = row.services;
    offer.price = row.price;
    offer.tax = row.tax;
    if (row.allowance) offer.allowance = row.allowance->amount;
    offer.validity = row.validity;
    offer.day = row.day;
    offer.version = version;
    offer.line = row.line;
    return offer;
}

/// The services of a hold that a pass covers where the customer is.
std::vector<Service> lifted_of(const CustomerState& state, const KnownPlace& place, const Hold& hold, Instant now) {
    std::vector<Service> lifted;
    for (const Service service : hold.services)
        if (covered(state, place, service, now)) lifted.push_back(service);
    return lifted;
}

std::vector<Service> without(const std::vector<Service>& all, const std::vector<Service>& some) {
    std::vector<Service> rest;
    for (const Service service : all)
        if (!has(some, service)) rest.push_back(service);
    return rest;
}

/// A hold that binds again asks anew, unless its question is open still.
void ask_anew(Deciding& d, const Hold& bound, const KnownPlace& place, Instant at) {
    if (open_question(d.state, bound.cause, bound.about)) return;
    find_hold(d.state, bound.cause, bound.about)->declined = false;
    if (bound.cause == Cause::destination) return ask_destination(d, place, at);
    const customers::CapRule* rule = rule_named(d.terms, bound.about);
    if (!rule) return;
    for (CapCount& count : d.state.counts)
        if (count.cap == bound.about && count.start == bound.period_start) ask_cap(d, *rule, count, place, at);
}

}  // namespace

std::vector<std::string> covered_destinations(const std::string& destination, const tariffs::Table& table) {
    if (!destination.starts_with("zone:")) return {destination};
    std::vector<std::string> countries;
    for (const geoip::Country country : table.countries_of(destination.substr(5)))
        countries.push_back(country.code());
    return countries;
}

Instant pass_end(const HeldPass& pass, const KnownPlace& place, const Terms& terms) {
    const std::int64_t days = pass.validity.ms / tariffs::days(1).ms;
    if (pass.day == Pass::Day::rolling) return pass.from + pass.validity;
    if (pass.day == Pass::Day::home || place.country.none())
        return customers::end_of_days(pass.from, days, terms.time_zone);
    Instant latest = pass.from;
    for (const std::string& zone : customers::zones_of(place.country))
        latest = std::max(latest, customers::end_of_days(pass.from, days, zone));
    return latest;
}

HeldPass* covering_pass(CustomerState& state, const KnownPlace& place, Service service, Instant at) {
    HeldPass* best = nullptr;
    for (HeldPass& pass : state.passes)
        if (pass.from <= at && at < pass.until && has(pass.services, service) && left_of(pass) > 0 &&
            covers_place(pass, place) && (!best || pass.until < best->until))
            best = &pass;
    return best;
}

bool covered(const CustomerState& state, const KnownPlace& place, Service service, Instant at) {
    return covering_pass(const_cast<CustomerState&>(state), place, service, at) != nullptr;
}

std::vector<HeldPass> pass_offers(const Deciding& d, const KnownPlace& place, const std::vector<Service>& services,
                                  Instant at) {
    std::vector<HeldPass> offers;
    const tariffs::Version* version = d.world.book->in_force(at);
    if (!version || place.home()) return offers;
    tariffs::RateQuery query;
    query.plan = d.terms.plan;
    query.plmn = place.plmn;
    query.klass = place.klass;
    query.country = place.country;
    for (const Pass* row : version->table->passes_for(query)) {
        const bool helps = std::any_of(row->services.begin(), row->services.end(),
                                       [&](Service service) { return has(services, service); });
        if (helps && offers.size() < most_offers) offers.push_back(offered(*row, *version->table, version->number));
    }
    return offers;
}

HeldPass bundle_of(const Pass& row, const tariffs::Version& version) {
    HeldPass bundle = offered(row, *version.table, version.number);
    bundle.elsewhere = true;
    return bundle;
}

void buy_pass(Deciding& d, const Question& question, const HeldPass& offer) {
    HeldPass bought = offer;
    bought.id = derived_id("p-", d.seed, "pass/" + offer.pass);
    bought.from = d.now;
    bought.until = pass_end(bought, question.place, d.terms);
    bought.until_certain = bought.day != Pass::Day::local;
    bought.question = question.id;
    spend_on_trip(d, bought.price, d.now);
    d.out.opened.push_back({Opened::What::pass, bought.id, 0, question.id});
    d.out.bought.push_back(bought.id);
    d.out.reasons.push_back("pass " + bought.name + " bought, until " + tariffs::to_rfc3339(bought.until));
    d.state.passes.push_back(std::move(bought));
    relift(d, d.now);
}

void use_pass(Deciding& d, HeldPass& pass, std::int64_t quantity, const KnownPlace& place, Instant at,
              int offset_minutes) {
    learn_local_day(pass, place, at, offset_minutes);
    pass.used += quantity;
    if (!pass.allowance || pass.ended) return;
    if (left_of(pass) == 0) {
        end_pass(d, pass, "its allowance is used up");
        relift(d, at);
    } else if (!pass.warned && mostly_used(pass)) {
        pass.warned = true;
        if (d.terms.opt_out.count(Kind::pass_threshold)) return;
        Owed owed = pass_message(d, pass, Kind::pass_threshold);
        owed.facts.threshold_percent = 80;
        owed.threshold = 80;
        d.out.owed.push_back(std::move(owed));
    }
}

void settle_passes(Deciding& d) {
    bool over = false;
    for (HeldPass& pass : d.state.passes)
        if (!pass.ended && pass.until <= d.now) {
            end_pass(d, pass, "its time is over");
            over = true;
        }
    std::erase_if(d.state.passes, [&](const HeldPass& pass) {
        return pass.ended && std::max(pass.until, *pass.ended) + d.rules().keep_periods < d.now;
    });
    if (over) return relift(d, d.now);
    if (!d.state.passes.empty()) relift_holds(d, d.now);  // one that was recorded ahead may have begun
}

void relift_holds(Deciding& d, Instant at) {
    const KnownPlace* known = d.state.place();
    if (!known || known->home()) return;
    const KnownPlace place = *known;
    std::vector<Hold> bound;
    for (Hold& hold : d.state.holds) {
        const std::vector<Service> lifted = lifted_of(d.state, place, hold, d.now);
        const std::vector<Service> opened = without(lifted, hold.lifted), closed = without(hold.lifted, lifted);
        hold.lifted = lifted;
        if (!opened.empty())
            d.out.holds.push_back({HoldChange::What::released, hold.cause, hold.about, opened, "a pass covers it"});
        if (closed.empty()) continue;
        d.out.holds.push_back({HoldChange::What::held, hold.cause, hold.about, closed, "no pass covers it any more"});
        bound.push_back(hold);
    }
    for (const Hold& hold : bound)
        ask_anew(d, hold, place, at);
}

void relift(Deciding& d, Instant at) {
    relift_holds(d, at);
    if (const KnownPlace* known = d.state.place(); known && !known->home())
        protect_dear(d, KnownPlace(*known), at, Repeat::always);
}

std::optional<Instant> next_pass_end(const CustomerState& state) {
    std::optional<Instant> next;
    for (const HeldPass& pass : state.passes)
        if (!pass.ended && (!next || pass.until < *next)) next = pass.until;
    return next;
}

BundleDecision decide_bundle(HeldPass bundle, const Terms& terms, const World& world, Instant now,
                             std::string_view seed, CustomerState& state) {
    BundleDecision result;
    Deciding d{terms, world, now, seed, state, result.decision};
    settle(d);
    const auto known = std::find_if(state.passes.begin(), state.passes.end(),
                                    [&](const HeldPass& pass) { return pass.id == bundle.id; });
    if (known != state.passes.end() && !known->elsewhere) {
        result.result = BundleResult::not_a_bundle;
    } else if (known != state.passes.end()) {
        result.result = BundleResult::changed;
        // What was told is not told again, unless the bundle is valid anew.
        const bool over = bundle.until <= now || left_of(bundle) == 0;
        if (over) bundle.ended = known->ended;
        bundle.warned = known->warned && (over || mostly_used(bundle));
        *known = std::move(bundle);
    } else {
        state.passes.push_back(std::move(bundle));
    }
    settle_passes(d);
    relift(d, now);
    finish(d);
    return result;
}

BundleDecision decide_bundle_end(std::string_view id, const Terms& terms, const World& world, Instant now,
                                 std::string_view seed, CustomerState& state) {
    BundleDecision result;
    Deciding d{terms, world, now, seed, state, result.decision};
    settle(d);
    const auto known =
        std::find_if(state.passes.begin(), state.passes.end(), [&](const HeldPass& pass) { return pass.id == id; });
    if (known == state.passes.end()) {
        result.result = BundleResult::unknown;
    } else if (!known->elsewhere) {
        result.result = BundleResult::not_a_bundle;
    } else {
        result.result = BundleResult::ended;
        if (!known->ended) {
            known->until = std::min(known->until, now);
            end_pass(d, *known, "the operator ended it");
            relift(d, now);
        }
    }
    finish(d);
    return result;
}

}  // namespace roamguard::protection
