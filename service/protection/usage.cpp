#include <algorithm>
#include <set>

#include "service/customers/home.h"
#include "service/protection/rules.h"

namespace roamguard::protection {
namespace {

using intake::ChargedAs;
using intake::RoamingEvent;
using tariffs::Money;
using tariffs::Row;

/// A record, or the part of it that a pass covers, or the rest.
struct Part {
    std::int64_t quantity = 0;
    std::optional<intake::Charged> charged;
    std::string pass;  ///< the customer's pass; empty: the tariff prices it
};

/// What a record adds, as two sums of its segment: caps count the difference on their own basis, so that rounding
/// telescopes and the order of records does not matter.
struct Added {
    Sum before, after;
    Money amount;  ///< the difference, in the row's currency
};

/// Where the record belongs: its own network, else the last place known not later than its time.
KnownPlace place_of(const Deciding& d, const RoamingEvent& event, const KnownPlace& named) {
    if (event.names_network()) return named;
    KnownPlace place;
    if (d.state.unsettled && d.state.unsettled->at <= event.time.at) return place;  // abroad, nobody knows where
    for (const PlaceAt& one : d.state.places)
        if (one.at <= event.time.at) place = one.place;
    return place;
}

/// What the sender charged, in the row's currency and on its tax basis; nothing when no rate leads there.
std::optional<Money> charged_on_row(const intake::Charged& charged, const Row& row, const tariffs::Table& table) {
    Money money = charged.amount;
    if (charged.tax && *charged.tax != row.tax) {
        if (!row.tax_rate) return std::nullopt;
        money = tariffs::convert_tax(money, *charged.tax, row.tax, *row.tax_rate);
    }
    return money.currency == row.price.currency ? std::optional(money) : table.convert(money, row.price.currency);
}

void compare(Deciding& d, Session& session, tariffs::Currency currency) {
    Mismatch mismatch;
    mismatch.rated = mismatch.charged = Money{0, currency};
    for (const Segment& one : session.segments) {
        if (one.charged_used == 0 && one.charged.micros == 0) continue;
        if (one.charged.currency != currency) continue;
        mismatch.rated = mismatch.rated + one.rated_charged;
        mismatch.charged = mismatch.charged + one.charged;
    }
    const std::int64_t gap = mismatch.charged.micros - mismatch.rated.micros;
    mismatch.differs = static_cast<__int128>(gap < 0 ? -gap : gap) * 1'000'000 >
                       static_cast<__int128>(mismatch.rated.micros) * d.rules().billing_tolerance_ppm;
    if (mismatch.differs || session.mismatch) d.out.mismatch = mismatch;
    session.mismatch = mismatch.differs;
}

/// What the tariff says of so many base units of a segment; what a pass covers costs nothing more.
Money rated_of(const Segment& segment, const Row& row, std::int64_t used) {
    return segment.pass.empty() ? tariffs::price_of(row, used) : Money{0, row.price.currency};
}

/// The higher of rated and charged.
Sum counted_sum(const Segment& segment, const Row& row) {
    const Money rated = rated_of(segment, row, segment.used);
    if (segment.charged.micros <= rated.micros) return {rated, row.tax, row.tax_rate};
    if (segment.own_mixed) return {segment.charged, row.tax, row.tax_rate};
    return {segment.own, segment.own_tax, row.tax_rate};
}

void add_charge(Segment& segment, const intake::Charged& charged, Money on_row, const Row& row) {
    const tariffs::Tax tax = charged.tax.value_or(row.tax);
    segment.charged = segment.charged + on_row;
    if (segment.own.currency.none()) {
        segment.own = charged.amount;
        segment.own_tax = tax;
    } else if (segment.own.currency != charged.amount.currency || segment.own_tax != tax) {
        segment.own_mixed = true;
    } else {
        segment.own = segment.own + charged.amount;
    }
}

/// A record rated by the tariff (and compared with what the sender charged): the segment's sum grows.
Added rate(Deciding& d, const Part& part, const Row& row, const tariffs::Version& version, Segment& segment,
           Session& session) {
    Added added;
    added.before = counted_sum(segment, row);
    const Money counted_before = segment.counted;
    segment.used += part.quantity;
    const Money rated = rated_of(segment, row, segment.used);
    if (part.charged) {
        if (const auto charged = charged_on_row(*part.charged, row, *version.table)) {
            add_charge(segment, *part.charged, *charged, row);
            segment.charged_used += part.quantity;
            segment.rated_charged = rated_of(segment, row, segment.charged_used);
            compare(d, session, row.price.currency);
        } else {
            d.out.reasons.push_back("the sender's charge cannot be converted to the tariff's currency or tax basis");
        }
    }
    segment.counted = segment.charged.micros > rated.micros ? segment.charged : rated;
    added.after = counted_sum(segment, row);
    added.amount = segment.counted - counted_before;
    d.out.priced->rated_segment = rated;
    d.out.priced->segment_used = segment.used;
    return added;
}

/// Prices (a part of) the record. Nothing when it cannot be priced: it adds nothing and is listed.
std::optional<Added> price(Deciding& d, const RoamingEvent& event, const Part& part, const KnownPlace& place,
                           Session& session, const tariffs::Version* version, std::uint64_t periods) {
    const Row* row =
        version ? row_for(place, d.terms, *version->table, event.service, called_of(event.called, d.terms, place))
                : nullptr;
    Priced priced;
    priced.version = version ? version->number : 0;
    if (row) {
        priced.line = row->line;
        priced.destination_row = row->destination;
        priced.plan_row = row->plan;
    }
    priced.priced = true;
    d.out.priced = priced;
    const bool credit = part.charged && part.charged->amount.micros < 0;
    if (credit || event.charged_as != ChargedAs::tariff || (!row && (part.charged || !part.pass.empty()))) {
        const Money amount = part.charged ? part.charged->amount : Money{0, d.terms.currency};
        Sum sum{amount, row ? row->tax : tariffs::Tax::incl, row ? row->tax_rate : std::nullopt};
        if (part.charged && part.charged->tax) sum.tax = *part.charged->tax;
        return Added{Sum{Money{0, amount.currency}, sum.tax, sum.tax_rate}, sum, amount};
    }
    if (!row) {
        d.out.priced->priced = false;
        d.out.priced->unpriced_reason =
            version ? "no tariff row fits this place and service" : "no tariff table is published";
        return std::nullopt;
    }
    Segment& segment = segment_of(session, place, version->number, *row, periods, part.pass);
    const Segment before = segment;
    try {
        return rate(d, part, *row, *version, segment, session);
    } catch (const tariffs::MoneyOverflow&) {
        segment = before;
        d.out.priced->priced = false;
        d.out.priced->unpriced_reason = "the price is beyond what can be counted";
        return std::nullopt;
    }
}

void count_money(Deciding& d, const RoamingEvent& event, const KnownPlace& place, const Added& added,
                 const tariffs::Table* table) {
    for (const customers::CapRule& present : d.terms.caps) {
        if (!counts(present, event.service, place, table)) continue;
        CapCount& count = count_of(d, present, event.time.at);
        const customers::CapRule& rule = rule_of(count, present);
        if (rule.is_volume()) continue;
        const auto before = on_cap_basis(added.before, rule, table);
        const auto after = on_cap_basis(added.after, rule, table);
        if (!before || !after) {
            d.out.priced->priced = false;
            d.out.priced->unpriced_reason = "no exchange or tax rate leads to cap " + rule.id;
            continue;
        }
        if (count.end > d.now) settle_share(d.state, event.session, event.service, rule.id, *after - *before);
        note_burn(d, event, count, *after - *before);
        add_to_cap(d, present, count, *after - *before, place, event.time.at);
    }
}

void count_volume(Deciding& d, const RoamingEvent& event, const KnownPlace& place, const tariffs::Table* table) {
    for (const customers::CapRule& present : d.terms.caps) {
        if (!counts(present, event.service, place, table)) continue;
        CapCount& count = count_of(d, present, event.time.at);
        if (!rule_of(count, present).is_volume()) continue;
        if (count.end > d.now) settle_share(d.state, event.session, event.service, present.id, event.quantity);
        note_burn(d, event, count, event.quantity);
        add_to_cap(d, present, count, event.quantity, place, event.time.at);
    }
}

/// Caps that are reached early because of what is kept for grants: where a record leaves nothing kept, that is over.
std::vector<std::string> early_and_kept(const CustomerState& state) {
    std::vector<std::string> caps;
    for (const CapCount& count : state.counts)
        if (count.early && kept_for_grants(state, count.cap, Kept::all) > 0) caps.push_back(count.cap);
    return caps;
}

/// What a pass covers of the record, and the rest. What the sender charged belongs to what is not covered.
std::vector<Part> parts_of(const RoamingEvent& event, const HeldPass* pass) {
    if (!pass) return {{event.quantity, event.charged, ""}};
    const std::int64_t left = pass->allowance ? *pass->allowance - pass->used : event.quantity;
    if (event.quantity <= left) return {{event.quantity, event.charged, pass->id}};
    return {{left, std::nullopt, pass->id}, {event.quantity - left, event.charged, ""}};
}

}  // namespace

tariffs::Called called_of(const std::string& called, const Terms& terms, const KnownPlace& place) {
    if (called.empty()) return tariffs::Called::unknown;
    if (called == "premium") return tariffs::Called::premium;
    if (called == "home" || called == terms.home_country.code()) return tariffs::Called::home;
    if (called == "local" || called == place.country.code()) return tariffs::Called::local;
    return tariffs::Called::other;
}

std::optional<std::int64_t> on_cap_basis(const Sum& sum, const customers::CapRule& rule, const tariffs::Table* table) {
    try {
        Money money = sum.money;
        if (sum.tax != rule.tax && money.micros != 0) {
            if (!sum.tax_rate) return std::nullopt;
            money = tariffs::convert_tax(money, sum.tax, rule.tax, *sum.tax_rate);
        }
        if (money.currency == rule.currency || money.micros == 0) return money.micros;
        if (!table) return std::nullopt;
        const auto converted = table->convert(money, rule.currency);
        return converted ? std::optional(converted->micros) : std::nullopt;
    } catch (const tariffs::MoneyOverflow&) {
        return std::nullopt;  // absurd amounts add nothing and are listed
    }
}

std::uint64_t periods_of(Deciding& d, tariffs::Service service, const KnownPlace& place, const tariffs::Table* table,
                         Instant at) {
    std::set<std::int64_t> starts;
    for (const customers::CapRule& rule : d.terms.caps) {
        if (rule.is_volume() || !counts(rule, service, place, table)) continue;
        const CapCount& count = count_of(d, rule, at);
        starts.insert(count.trip > 0 ? -count.trip : count.start.ms);
    }
    if (starts.empty()) starts.insert(customers::period_of({}, at, d.terms.time_zone).start.ms);
    std::uint64_t digest = 1469598103934665603ull;
    for (std::int64_t start : starts)
        digest = (digest ^ static_cast<std::uint64_t>(start)) * 1099511628211ull;
    return digest;
}

Segment& segment_of(Session& session, const KnownPlace& place, int version, const Row& row, std::uint64_t periods,
                    const std::string& pass) {
    const std::string network = place.plmn ? place.plmn->text() : place.destination();
    const tariffs::Currency currency = row.price.currency;
    const int line = row.line;
    for (Segment& one : session.segments)
        if (one.network == network && one.version == version && one.line == line && one.periods == periods &&
            one.pass == pass)
            return one;
    Segment fresh;
    fresh.pass = pass;
    fresh.network = network;
    fresh.version = version;
    fresh.line = line;
    fresh.periods = periods;
    fresh.charged = fresh.counted = fresh.rated_charged = Money{0, currency};
    session.segments.push_back(fresh);
    return session.segments.back();
}

/// Where it tells of the known place again, that is where the device was until then: whatever happened before is late.
void follow(Deciding& d, const KnownPlace& place, Instant at, Named named, Because because) {
    const bool waits = d.state.unsettled && d.state.unsettled->at <= at;
    if (waits && named == Named::no) return heard_abroad(d, at);
    const KnownPlace* known = d.state.place();
    const bool newer = !known || at > d.state.places.back().at;
    const bool moved = !known || known->destination() != place.destination();
    const bool enters = (moved && (named == Named::yes || !known)) || begins_trip(d, at);
    if (newer && enters) return enter_foreign(d, place, at, because);
    if (named == Named::yes) place_told(d, at);
    if (newer && named == Named::yes) still_there(d.state, place, at);
    heard_abroad(d, at);
    if (newer && named == Named::yes) protect_dear(d, place, at, Repeat::not_lately);
}

void usage(Deciding& d, const RoamingEvent& event, const KnownPlace& named, Session& session) {
    const KnownPlace place = place_of(d, event, named);
    d.out.place = place;
    if (place.klass == geoip::NetworkClass::test) return d.out.add(Outcome::test_network);
    if (d.terms.inbound || place.home()) return d.out.add(Outcome::noted);
    follow(d, place, event.time.at, event.names_network() ? Named::yes : Named::no, Because::usage);
    d.out.add(Outcome::counted);
    const tariffs::Version* version = d.world.book->in_force(event.time.at);
    const tariffs::Table* table = version ? version->table.get() : nullptr;
    const std::uint64_t periods = periods_of(d, event.service, place, table, event.time.at);
    // Free of charge, as its sender says, is not from the pass; a credit uses nothing.
    const bool draws = event.quantity > 0 && event.charged_as != ChargedAs::free;
    HeldPass* const pass = draws ? covering_pass(d.state, place, event.service, event.time.at) : nullptr;
    const std::vector<Part> parts = parts_of(event, pass);
    const std::int64_t covered = pass ? parts.front().quantity : 0;
    const std::string pass_id = pass ? pass->id : std::string();
    const std::vector<std::string> kept = early_and_kept(d.state);
    note_record(d, event);
    Money total;
    for (const Part& part : parts) {  // what a pass covers adds nothing, and comes first
        const std::optional<Added> added = price(d, event, part, place, session, version, periods);
        if (added) {
            spend_on_trip(d, added->amount, event.time.at);
            total = added->amount;
            count_money(d, event, place, *added, table);
        }
    }
    session.last = std::max(session.last, event.time.at);
    d.out.priced->added = total;
    d.out.priced->covered = covered;
    d.out.priced->pass = pass_id;
    count_volume(d, event, place, table);
    if (pass) use_pass(d, *pass, covered, place, event.time.at, event.time.offset_minutes);
    settle_grants(d.state, event.session, event.service, covered, pass_id);
    settle_grants(d.state, event.session, event.service, event.quantity - covered, "");
    release_early(d, kept);
    if (!d.out.priced->priced && event.service == tariffs::Service::data) protect_unpriced(d, place, event.time.at);
}

}  // namespace roamguard::protection
