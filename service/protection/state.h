#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "geoip/place.h"
#include "notifications/message.h"
#include "service/customers/profile.h"
#include "tariffs/instant.h"
#include "tariffs/money.h"
#include "tariffs/table.h"
#include "tariffs/units.h"

// Everything Roamguard remembers of one customer between events. Plain values without behaviour; `fields()` lists each
// struct's members in stored order for the store's codec: members are only ever added at the end, and a stored record
// that is shorter than the list leaves the rest at their defaults.
namespace roamguard::protection {

using tariffs::Instant;

/// A place as the decision keeps it.
struct KnownPlace {
    geoip::NetworkClass klass = geoip::NetworkClass::unknown;
    geoip::Country country;
    std::vector<geoip::Country> candidates;  ///< more than one: ambiguous, `country` is the dearest
    std::optional<geoip::Plmn> plmn;
    geoip::Basis basis = geoip::Basis::none;
    bool weak = false;
    bool realtime = true;
    std::string mcc;  ///< three digits; empty when unknown

    [[nodiscard]] bool home() const { return klass == geoip::NetworkClass::home; }
    /// What a welcome, a hold or an answer is about: `JP`, `901-14`, `home`, `unknown`.
    [[nodiscard]] std::string destination() const;
    auto fields() { return std::tie(klass, country, candidates, plmn, basis, weak, realtime, mcc); }
};

/// Where the device was from `at` on (event time).
struct PlaceAt {
    Instant at;
    KnownPlace place;
    auto fields() { return std::tie(at, place); }
};

/// A customer's answer about a destination; lasts for the trip.
struct DestinationAnswer {
    std::string destination;
    bool confirmed = false;
    auto fields() { return std::tie(destination, confirmed); }
};

/// From the first foreign attach or usage until home has lasted.
struct Trip {
    int number = 0;
    Instant started, last_heard;        ///< event times
    std::optional<Instant> home_since;  ///< event time of the home attach that may end it
    std::optional<Instant> ended;
    bool summary_sent = false;
    std::vector<tariffs::Money> spent;  ///< by currency, as rated
    std::vector<DestinationAnswer> answers;
    Instant touched;  ///< receipt of the last event, by the clock
    auto fields() {
        return std::tie(number, started, last_heard, home_since, ended, summary_sent, spent, answers, touched);
    }
};

/// A cap's counter for one period. Money caps count millionths of the cap's currency on its tax basis, volume caps
/// bytes.
struct CapCount {
    std::string cap;
    Instant start, end;  ///< of the period; `end` of a trip still open is the far future
    int trip = 0;        ///< of a trip cap, else 0
    int stage = 1;
    std::int64_t used = 0;     ///< net of credits, without overrun; may be below zero beneath
    std::int64_t overrun = 0;  ///< beyond a limit that held
    int mark = 0;              ///< the highest threshold passed in this stage, percent
    bool reached = false;      ///< the stage's limit was reached and holds until consent
    tariffs::Currency currency;
    std::optional<customers::CapRule>
        kept;            ///< the rule of this period, where the profile's has another period or currency since
    bool early = false;  ///< `reached` because of what is granted or used and not recorded yet: until the records reach
                         ///< the limit they count as any others
    auto fields() {
        return std::tie(cap, start, end, trip, stage, used, overrun, mark, reached, currency, kept, early);
    }
};

enum class Cause { destination, cap };
[[nodiscard]] std::string_view word(Cause cause);

/// A pass of a customer, with its terms as they were shown when it was bought, or a bundle bought elsewhere.
struct HeldPass {
    std::string id;    ///< unique for the customer
    std::string pass;  ///< its id in passes.csv; may be empty for a bundle bought elsewhere
    std::string name;
    bool elsewhere = false;  ///< recorded by the operator: nothing is charged for it here
    std::vector<std::string>
        destinations;  ///< `JP`, `901-14`, `inflight`, `*`: a zone is kept as the countries it had then
    std::vector<tariffs::Service> services;
    tariffs::Money price;
    tariffs::Tax tax = tariffs::Tax::incl;
    std::optional<std::int64_t> allowance;  ///< base units of its services; none: unlimited
    tariffs::Span validity;
    tariffs::Pass::Day day = tariffs::Pass::Day::rolling;
    Instant from, until;        ///< it covers usage that starts within; `until` is exclusive
    bool until_certain = true;  ///< of a local day: false until a covered record has told the local time
    std::int64_t used = 0;
    bool warned = false;           ///< of its 80 %
    std::optional<Instant> ended;  ///< told and over, by the clock: time or allowance ran out
    std::string question;          ///< the confirmation it rests on
    int version = 0, line = 0;     ///< of the row in passes.csv
    auto fields() {
        return std::tie(id, pass, name, elsewhere, destinations, services, price, tax, allowance, validity, day, from,
                        until, until_certain, used, warned, ended, question, version, line);
    }
};

/// One reason why services are off.
struct Hold {
    Cause cause = Cause::cap;
    std::string about;  ///< the destination, or the cap's id
    Instant period_start;
    int stage = 0;
    std::vector<tariffs::Service> services;
    Instant since;          ///< by the clock
    bool asleep = false;    ///< at home a cap's hold sleeps
    bool declined = false;  ///< the customer said no: blocked rather than held
    std::string question;
    std::vector<tariffs::Service> lifted;  ///< of `services`: those that flow all the same, as a pass covers them

    /// What is off because of it now.
    [[nodiscard]] std::vector<tariffs::Service> in_force() const;
    auto fields() {
        return std::tie(cause, about, period_start, stage, services, since, asleep, declined, question, lifted);
    }
};

enum class QuestionState { pending, confirmed, declined, expired, withdrawn };
[[nodiscard]] std::string_view word(QuestionState state);

/// A confirmation: one question with the terms it showed.
struct Question {
    std::string id;
    Cause cause = Cause::cap;
    std::string about;
    Instant period_start;
    int stage = 0;
    int trip = 0;
    QuestionState state = QuestionState::pending;
    Instant asked, expires;          ///< by the clock
    std::optional<Instant> decided;  ///< by the clock
    std::optional<Instant> left;     ///< when the traveller left the place it asks about, by the clock
    std::string code;                ///< four digits
    std::string chosen, by, actor;
    std::vector<std::string> choices;  ///< `extend`, `pass:ID`, `continue`, `decline`, numbered from 1 as printed
    std::optional<tariffs::Money> price_per_megabyte;  ///< as shown
    std::int64_t limit = 0, used = 0, next_limit = 0;  ///< of a cap, as shown; next_limit 0: none
    std::vector<HeldPass> offers;  ///< the passes among the choices, as shown; once closed, the one that was chosen
    KnownPlace place;              ///< where the customer was asked
    std::vector<notifications::PriceLine> prices;  ///< as shown there; none once it is closed
    bool payer_decides = false;
    bool own_cap = false;  ///< the customer wants a higher cap of their own: nothing is held because of it
    auto fields() {
        return std::tie(id, cause, about, period_start, stage, trip, state, asked, expires, decided, left, code, chosen,
                        by, actor, choices, price_per_megabyte, limit, used, next_limit, offers, place, prices,
                        payer_decides, own_cap);
    }
};

/// When a welcome or an advice was last owed for a destination (event time).
struct Told {
    std::string destination;
    Instant at;
    auto fields() { return std::tie(destination, at); }
};

/// A message of this customer that is not finished, in order, per queue (its channel, for policy functions one each):
/// only the first of a queue may be claimed.
struct Waiting {
    std::string channel;
    std::int64_t message = 0;
    auto fields() { return std::tie(channel, message); }
};

/// Abroad since `at` (event time), and nobody has said where yet.
struct Unsettled {
    Instant at;
    Instant since;      ///< by the clock; at since + camara.settle-after the place counts as unknown
    std::string event;  ///< id of the event that said so
    auto fields() { return std::tie(at, since, event); }
};

/// What a cap is to keep free for a grant, on the cap's basis.
struct GrantShare {
    std::string cap;
    std::int64_t amount = 0;  ///< millionths or bytes
    auto fields() { return std::tie(cap, amount); }
};

/// Usage that was allowed before it happened and is not recorded yet: a grant that is open, or what was used of it.
struct Grant {
    std::string session;  ///< empty: none named
    tariffs::Service service = tariffs::Service::data;
    std::int64_t quantity = 0;  ///< base units that may still come as records
    Instant valid_until;        ///< by the clock
    Instant keep_until;         ///< by the clock: what is not recorded by then is taken not to have happened
    bool reported = false;      ///< `quantity` was used, as its sender said, and its records are awaited
    std::vector<GrantShare> shares;
    std::string pass;           ///< the pass it draws on, if one
    std::int64_t recorded = 0;  ///< base units that came as records before their sender reported them as used
    bool mixed = false;         ///< of several sessions taken together: no record says which of it has come
    auto fields() {
        return std::tie(session, service, quantity, valid_until, keep_until, reported, shares, pass, recorded, mixed);
    }
};

/// What one cap's stage lost to an open session lately. `amount` / `span_ms` is the session's pace; both fade alike, so
/// that what was long ago weighs little.
struct BurnShare {
    std::string cap;
    Instant period_start;
    int stage = 0;
    Instant last;                  ///< end of the newest record (event time)
    std::int64_t interval_ms = 0;  ///< between the last two records; 0: there was only one
    std::int64_t amount = 0;       ///< millionths or bytes, on the cap's basis
    std::int64_t span_ms = 0;      ///< the time it was used in
    auto fields() { return std::tie(cap, period_start, stage, last, interval_ms, amount, span_ms); }
};
/// An open session, to tell how long the rest of a cap lasts.
struct Burn {
    std::string session;
    Instant received;  ///< of its last record, by the clock
    std::vector<BurnShare> shares;
    auto fields() { return std::tie(session, received, shares); }
};

/// The status of a policy counter as its subscriber was last told.
struct CounterStatus {
    std::string counter, status;
    auto fields() { return std::tie(counter, status); }
};

/// A policy function that wants to know (3GPP TS 29.594): one counter per cap.
struct PolicySubscription {
    std::string id, supi, gpsi, notif_uri, notif_id;
    std::vector<std::string> counters;  ///< asked for; empty: all
    std::optional<Instant> expiry;
    std::vector<CounterStatus> told;
    auto fields() { return std::tie(id, supi, gpsi, notif_uri, notif_id, counters, expiry, told); }
};

/// Everything of one customer.
struct CustomerState {
    std::string newer;  ///< the record as read, where a newer version says more in it than is known here: for the codec
    customers::Profile profile;
    bool known = false;  ///< a profile was put; else the customer was met in an event
    bool erased = false;
    std::vector<PlaceAt> places;  ///< by event time, the last is the known place
    Trip trip;
    std::vector<CapCount> counts;
    std::vector<Hold> holds;
    std::vector<Question> questions;  ///< open ones and the last few decided
    std::vector<Told> welcomed, advised;
    std::vector<Waiting> waiting;
    std::int64_t hold_sequence = 0;

    // the evidence chain
    std::int64_t entries = 0;
    std::int64_t last_entry = 0;  ///< row of the last entry; 0 when none
    std::array<std::uint8_t, 32> head{};
    std::optional<Instant> wake;  ///< when something is due by the clock

    std::optional<Unsettled> unsettled;
    std::vector<Instant> automatic;  ///< when the last automatic texts went out (help, usage), by the clock, at most 3
    std::vector<PolicySubscription> policy;
    std::vector<std::string> camara_subscriptions;  ///< CAMARA subscriptionIds that name this customer
    std::int64_t last_message = 0;                  ///< row of the newest message: each later one stands above it
    std::vector<HeldPass> passes;                   ///< in order of purchase; those that ended are kept for a while
    std::vector<Grant> grants;
    std::vector<Burn> burns;
    std::int64_t feed_delay_ms = 0;      ///< how late this customer's records usually come
    std::vector<std::int64_t> pays_for;  ///< customers whose questions this one decides
    std::vector<std::string> links;      ///< aliases of the links sent last, oldest first: `t:` and the token's digest

    [[nodiscard]] const KnownPlace* place() const { return places.empty() ? nullptr : &places.back().place; }
    auto fields() {
        return std::tie(profile, known, erased, places, trip, counts, holds, questions, welcomed, advised, waiting,
                        hold_sequence, entries, last_entry, head, wake, unsettled, automatic, policy,
                        camara_subscriptions, last_message, passes, grants, burns, feed_delay_ms, pays_for, links);
    }
};

/// One stretch of a session on one network under one tariff row, version and period.
struct Segment {
    std::string network;  ///< PLMN as text, or the destination where none was named
    int version = 0;
    int line = 0;                   ///< of the row in tariffs.csv; 0: no row, counted as charged
    std::uint64_t periods = 0;      ///< digest of the cap periods the record fell into
    std::int64_t used = 0;          ///< base units
    std::int64_t charged_used = 0;  ///< of those, the units the sender priced
    tariffs::Money charged;         ///< the sender's sum, on the row's currency and tax basis
    tariffs::Money counted;         ///< the higher of rated and charged
    tariffs::Money rated_charged;   ///< the tariff's price of `charged_used`, to compare with `charged`
    tariffs::Money own;  ///< the sender's sum as charged, where all of it is in one currency on one tax basis
    tariffs::Tax own_tax = tariffs::Tax::incl;
    bool own_mixed = false;  ///< it is not: only `charged` says what it comes to
    std::string pass;        ///< the pass that covers it: rated at nothing
    auto fields() {
        return std::tie(network, version, line, periods, used, charged_used, charged, counted, rated_charged, own,
                        own_tax, own_mixed, pass);
    }
};

/// A session's segments; a record without a session makes one that is not kept.
struct Session {
    std::string newer;  ///< as in CustomerState
    std::vector<Segment> segments;
    Instant last;
    bool mismatch = false;  ///< listed as charged otherwise than the tariff says
    auto fields() { return std::tie(segments, last, mismatch); }
};

}  // namespace roamguard::protection
