#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "geoip/networks.h"
#include "notifications/message.h"
#include "notifications/sms_reply.h"
#include "service/customers/regimes.h"
#include "service/intake/roaming_event.h"
#include "service/protection/state.h"
#include "tariffs/table.h"

// The rules. Pure functions of (event, place, tariffs, customer, state, now): no clock, no input or output, no log.
// Each takes the customer's state by reference, changes it, and returns what was decided and what is owed.
namespace roamguard::protection {

/// What an event led to; a closed list in order of precedence: where several apply the first is the event's outcome.
enum class Outcome {
    rejected,
    duplicate,
    test_network,
    stale,
    cap_reached,
    counted_over_cap,
    confirmation_requested,
    threshold_reached,
    inadvertent,
    returned_home,
    welcomed,
    welcome_suppressed,
    counted,
    noted
};
inline constexpr int outcome_count = 14;
[[nodiscard]] std::string_view word(Outcome outcome);

enum class DataState { allowed, held, blocked };
[[nodiscard]] std::string_view word(DataState state);

/// The operator's settings the rules depend on.
struct Rules {
    tariffs::Span welcome_repeat_after = tariffs::hours(24);
    tariffs::Span trip_home_dwell = tariffs::hours(6);
    tariffs::Span trip_silence = tariffs::days(30);
    tariffs::Span question_expiry = tariffs::hours(24);
    tariffs::Span confirm_repeat_after = tariffs::hours(1);
    tariffs::Span camara_settle_after = tariffs::seconds(60);
    tariffs::Span inadvertent_window = tariffs::hours(2);
    tariffs::Span inadvertent_stay = tariffs::minutes(30);
    tariffs::Span inadvertent_repeat_after = tariffs::hours(24);
    tariffs::Span keep_periods = tariffs::days(40);  ///< how long a closed period's counter is kept after its end
    std::int64_t billing_tolerance_ppm = 50'000;
    bool vowifi_roams = false;
    std::int64_t max_grant_bytes = 100ll << 20;
    std::int64_t max_grant_seconds = 1800;
    std::int64_t max_grant_messages = 10;
    tariffs::Span grant_for = tariffs::minutes(30);       ///< how long a grant is valid
    tariffs::Span grant_reserve_for = tariffs::hours(6);  ///< and how long its records are awaited after that
    tariffs::Span warn_lead_time = tariffs::minutes(10);  ///< a forecast warns so long before a cap, and the delay
    notifications::Links links = notifications::Links::on;
};

/// What the rules read besides the customer: shared, immutable.
struct World {
    const tariffs::Book* book = nullptr;
    const geoip::Networks* networks = nullptr;
    const Rules* rules = nullptr;
};

/// A customer's terms, put together from the profile, the regime and the home country.
struct Terms {
    geoip::Country home_country;
    tariffs::Currency currency;
    std::string plan, language, time_zone;
    std::vector<customers::CapRule> caps;
    std::optional<tariffs::Money> high_cost_per_megabyte;
    bool holds = true;     ///< false: notices only
    bool barred = false;   ///< data roaming is barred by profile or regime
    bool inbound = false;  ///< another operator's customer: noted, never messaged
    std::set<notifications::Kind> opt_out;
    std::set<notifications::Kind> may_opt_out;  ///< what STOP switches off
};

/// One message to be written, with what it is about.
struct Owed {
    notifications::Facts facts;
    std::string cap;  ///< of a cap's message
    int stage = 0;
    int threshold = 0;
    Instant period_start;
    std::string question;  ///< the confirmation's id
    bool with_hold = false;
    bool answers_sms = false;  ///< goes back the way the customer wrote
    bool to_payer = false;
};

/// A hold that began or ended by this decision.
struct HoldChange {
    enum class What { held, released } what = What::held;
    Cause cause = Cause::cap;
    std::string about;
    std::vector<tariffs::Service> services;
    std::string reason;
};

/// A stage, a destination or a pass that was opened by consent: what the report of coverage counts.
struct Opened {
    enum class What { stage, destination, pass } what = What::stage;
    std::string about;  ///< the cap's id, the destination, or the id of the customer's pass
    int stage = 0;      ///< the stage that is open now
    std::string question;
};
[[nodiscard]] std::string_view word(Opened::What what);

/// How a usage record was priced.
struct Priced {
    int version = 0;
    int line = 0;
    std::string destination_row;
    std::string plan_row;
    std::int64_t segment_used = 0;  ///< base units of the segment after this record
    tariffs::Money rated_segment;   ///< its price
    tariffs::Money added;           ///< what this record adds, on the row's tax basis
    bool priced = false;            ///< false: no row, or no way to a cap's currency: listed
    std::string unpriced_reason;
    std::string pass;          ///< the customer's pass that covers (part of) it
    std::int64_t covered = 0;  ///< base units of it
};

/// A session whose charges differ from the tariff by more than the tolerance (or no longer do).
struct Mismatch {
    bool differs = false;
    tariffs::Money rated, charged;
};

/// A cap as it stands, for answers.
struct CapView {
    std::string id;
    int stage = 1;
    bool volume = false;
    tariffs::Currency currency;
    std::optional<std::int64_t> limit;  ///< none: the last stage was opened, nothing limits any more
    std::int64_t used = 0, overrun = 0;
    int percent = 0;
    Instant start, end;
    int trip = 0;
    tariffs::Tax tax = tariffs::Tax::incl;
};

/// The price of a service as answers show it.
struct PriceView {
    tariffs::Service service = tariffs::Service::data;
    tariffs::Money price;
    tariffs::Quantity unit;
    int version = 0, line = 0;
    tariffs::Tax tax = tariffs::Tax::incl;
};

/// What one event, answer, profile change or timer decided.
struct Decision {
    std::vector<Outcome> outcomes;  ///< in order of precedence, none twice
    KnownPlace place;               ///< where the event happened
    bool place_known = false;
    std::vector<Owed> owed;
    std::vector<HoldChange> holds;
    std::vector<Opened> opened;
    std::vector<std::string> bought;  ///< ids of passes in `state.passes` whose price the platform is to charge
    std::optional<Priced> priced;
    std::optional<Mismatch> mismatch;
    std::vector<PriceView> prices;
    std::string question;  ///< the confirmation asked or standing
    std::vector<std::string> reasons;

    [[nodiscard]] Outcome outcome() const { return outcomes.empty() ? Outcome::noted : outcomes.front(); }
    void add(Outcome outcome);
    [[nodiscard]] bool has(Outcome outcome) const;
};

/// Puts a customer's terms together. `home_country` is the resolved one (profile, IMSI, number, configuration).
[[nodiscard]] Terms terms_of(const customers::Profile& profile, const customers::Regime& regime,
                             geoip::Country home_country);

/// An event about a customer. `seed` is the event's identity (its key as hex), from which ids of questions follow.
/// `session` is the usage record's session state (a fresh one where the record names none).
[[nodiscard]] Decision decide(const intake::RoamingEvent& event, const geoip::Place& place, const Terms& terms,
                              const World& world, Instant now, std::string_view seed, CustomerState& state,
                              Session& session);

/// What is due by the clock: questions that expire, periods and trips that ended.
[[nodiscard]] Decision decide_timers(const Terms& terms, const World& world, Instant now, std::string_view seed,
                                     CustomerState& state);

/// Whether the SIM (or the payer) is another one than before: an open question must not be answered by whoever holds
/// the new one, nor by a payer who was not asked.
enum class Sim { same, changed };
/// A profile that changed: `state.profile` is already the new one; `before` are the terms that held until now.
[[nodiscard]] Decision decide_profile(const Terms& before, const Terms& terms, Sim sim, const World& world, Instant now,
                                      std::string_view seed, CustomerState& state);

/// A customer's (or payer's, or care's) answer to a question.
struct Answer {
    std::string question;
    std::string choice;  ///< `extend`, `pass:ID`, `continue`, `decline`
    std::string by;      ///< `sms`, `link`, `app`, `care`
    std::string actor;
};
enum class AnswerResult {
    accepted,
    unknown_question,
    already_decided,
    not_offered,
    payer_decides  ///< an app answered that is not the payer's: its actor must be the payer's number
};
struct AnswerDecision {
    AnswerResult result = AnswerResult::accepted;
    Decision decision;
};
[[nodiscard]] AnswerDecision decide_answer(const Answer& answer, const Terms& terms, const World& world, Instant now,
                                           std::string_view seed, CustomerState& state);

/// What became of a customer's SMS.
enum class ReplyResult {
    confirmed,
    declined,
    asked_again,  ///< a wish to continue after expiry or decline: the question was put anew
    reopened,     ///< a no after a confirmation: the stage or the destination is closed again
    stopped,
    started,
    told_usage,
    cap_set,    ///< a cap of one's own, not above the present one
    cap_asked,  ///< a higher one: asked back first
    helped,     ///< anything else: one help answer, nothing changed
    silent      ///< the same, but three automatic texts went out within the hour
};
[[nodiscard]] std::string_view word(ReplyResult result);
struct ReplyDecision {
    ReplyResult result = ReplyResult::helped;
    std::string question;  ///< the confirmation it was about, empty when none
    Decision decision;
};
/// Who wrote an SMS about a line. `unclear`: what they wrote may be about another line as well.
struct Writer {
    enum class As { user, payer } as = As::user;
    bool unclear = false;
};
/// A customer's SMS, or one of their payer. STOP and START change `state.profile.opt_out`, CAP its caps: the terms are
/// to be put together anew afterwards.
[[nodiscard]] ReplyDecision decide_reply(const notifications::SmsReply& reply, const Terms& terms, const World& world,
                                         Instant now, std::string_view seed, CustomerState& state,
                                         Writer writer = Writer{});

/// What an SMS of somebody who pays for lines is about.
struct Meant {
    std::optional<std::size_t> line;  ///< one of those lines; none: the writer's own
    bool unclear = false;             ///< it may be several
};
/// `lines` are those the owner of `own` pays for. With a code it is the question that has it; without one only a single
/// line's single open question, or the last one asked.
[[nodiscard]] Meant meant_by(const notifications::SmsReply& reply, const CustomerState& own,
                             const std::vector<const CustomerState*>& lines, Instant now);
/// Whether the line's payer decides this question.
[[nodiscard]] bool payer_decides(const CustomerState& state, const Question& question);

/// A request to use a service before it is used.
struct Authorization {
    std::optional<geoip::Place> place;  ///< of the network named; none: the last place known
    tariffs::Service service = tariffs::Service::data;
    std::string called;                     ///< as in usage
    std::optional<std::int64_t> requested;  ///< base units
    std::string session;
    std::optional<std::int64_t> used;  ///< base units since the last answer for this session
    bool final = false;                ///< the session is over: nothing more is asked for
    bool emergency = false;
};
struct AuthorizationDecision {
    enum class Verdict { allow, hold, deny } verdict = Verdict::allow;
    std::string reason;        ///< a stable word: `within_caps`, `held`, `declined`, …
    std::int64_t granted = 0;  ///< base units
    Instant valid_until;       ///< by the clock
    std::optional<PriceView> price;
    std::string pass;      ///< the pass it is covered by
    std::string question;  ///< the confirmation that stands in the way
    Decision decision;
};
[[nodiscard]] std::string_view word(AuthorizationDecision::Verdict verdict);
/// Decides before usage happens. A network newer than the known place acts as an attach first. `session` is the state
/// of the session it names (a fresh one where none).
[[nodiscard]] AuthorizationDecision decide_authorization(const Authorization& asked, const Terms& terms,
                                                         const World& world, Instant now, std::string_view seed,
                                                         CustomerState& state, const Session& session);

/// A bundle bought elsewhere is recorded, changed, or ended early.
enum class BundleResult { recorded, changed, ended, unknown, not_a_bundle };
struct BundleDecision {
    BundleResult result = BundleResult::recorded;
    Decision decision;
};
/// The destinations a row's `destination` stands for: a zone's countries, else itself.
[[nodiscard]] std::vector<std::string> covered_destinations(const std::string& destination,
                                                            const tariffs::Table& table);
/// A bundle with the terms of a row of passes.csv; its id, `from` and `until` are to be set.
[[nodiscard]] HeldPass bundle_of(const tariffs::Pass& row, const tariffs::Version& version);
/// When a pass that begins at its `from` ends: after its hours, or with the calendar day at home or at the place, where
/// the country has several times with the last of them.
[[nodiscard]] Instant pass_end(const HeldPass& pass, const KnownPlace& place, const Terms& terms);
/// Puts `bundle` under its id.
[[nodiscard]] BundleDecision decide_bundle(HeldPass bundle, const Terms& terms, const World& world, Instant now,
                                           std::string_view seed, CustomerState& state);
[[nodiscard]] BundleDecision decide_bundle_end(std::string_view id, const Terms& terms, const World& world, Instant now,
                                               std::string_view seed, CustomerState& state);

/// Whether data may flow where the customer is now.
[[nodiscard]] DataState data_state(const CustomerState& state, const Terms& terms);
/// The caps as they stand in the period that contains `at`.
[[nodiscard]] std::vector<CapView> cap_views(const CustomerState& state, const Terms& terms, Instant at);
/// The place as decisions keep it: an ambiguous one takes the dearest candidate by data price, on a tie the first.
[[nodiscard]] KnownPlace known_place(const geoip::Place& place, const Terms& terms, const World& world, Instant at);
/// Whether data there is held until the traveller confirms: flagged, at or above the customer's limit per megabyte,
/// non-terrestrial, unknown or unpriced.
[[nodiscard]] bool high_cost(const KnownPlace& place, const Terms& terms, const World& world, Instant at);
/// The prices of every service at a place.
[[nodiscard]] std::vector<PriceView> prices_at(const KnownPlace& place, const Terms& terms, const World& world,
                                               Instant at);
/// When decide_timers has something to do next.
[[nodiscard]] std::optional<Instant> next_wake(const CustomerState& state, const Rules& rules);

}  // namespace roamguard::protection
