#pragma once

#include <string>
#include <string_view>

#include "service/protection/confirmation.h"
#include "service/protection/decide.h"

// What the files of this folder share; nothing outside includes it.
namespace roamguard::protection {

/// One decision under way.
struct Deciding {
    const Terms& terms;
    const World& world;
    Instant now;
    std::string_view seed;
    CustomerState& state;
    Decision& out;

    [[nodiscard]] const Rules& rules() const { return *world.rules; }
};

inline constexpr Instant far_future{253402300799000};  // 9999-12-31

// decide.cpp
/// What every decision ends with: the holds' sequence and the next time something is due.
void finish(Deciding& d);

// words.cpp
/// A stable id for what this decision creates: the same event always makes the same id.
[[nodiscard]] std::string derived_id(std::string_view prefix, std::string_view seed, std::string_view what);
[[nodiscard]] std::string derived_code(std::string_view id);

// prices.cpp
[[nodiscard]] const tariffs::Row* row_for(const KnownPlace& place, const Terms& terms, const tariffs::Table& table,
                                          tariffs::Service service, tariffs::Called called);
/// What a welcome lists: per service the dearest listed price of the country, so that steering between its networks
/// never makes a shown price too low.
[[nodiscard]] std::vector<notifications::PriceLine> price_lines(const KnownPlace& place, const Terms& terms,
                                                                const World& world, Instant at);
[[nodiscard]] notifications::Facts facts_at(const KnownPlace& place, const Terms& terms, const World& world, Instant at,
                                            notifications::Kind kind);

/// Leaves only the prices of these services: what goes on, or what is off.
void keep_prices_of(notifications::Facts& facts, const std::vector<tariffs::Service>& services);

// attach.cpp
enum class Because { attach, usage, authorization };
void enter_foreign(Deciding& d, const KnownPlace& place, Instant at, Because because);
void attach(Deciding& d, const intake::RoamingEvent& event, const KnownPlace& place);
/// Usage told of the known place again.
void still_there(CustomerState& state, const KnownPlace& place, Instant at);
/// Whether a question put lately is put again.
enum class Repeat { not_lately, always };
/// A high-cost place without an answer that no pass covers: data is held, and the question put. Also where the price
/// became high while the traveller was there.
void protect_dear(Deciding& d, const KnownPlace& place, Instant at, Repeat repeat);
/// Data that turned out to have no price is protected like high-cost, if that is where the customer is.
void protect_unpriced(Deciding& d, const KnownPlace& place, Instant at);

// unsettled.cpp
/// Abroad, and nobody says where.
void roaming_on(Deciding& d, const intake::RoamingEvent& event);
/// A place was named for that time: what was waited for has come.
void place_told(Deciding& d, Instant at);
/// When the wait ends; nothing where none is.
[[nodiscard]] std::optional<Instant> unsettled_due(const CustomerState& state, const Rules& rules);
/// The wait is over: the place counts as unknown.
void settle_place(Deciding& d);

// usage.cpp
void usage(Deciding& d, const intake::RoamingEvent& event, const KnownPlace& named, Session& session);
/// What happens in a foreign network that is newer than the known place acts as an attach first.
enum class Named { no, yes };
void follow(Deciding& d, const KnownPlace& place, Instant at, Named named, Because because);
[[nodiscard]] tariffs::Called called_of(const std::string& called, const Terms& terms, const KnownPlace& place);
/// A segment's sum. What a sender charged stays in the sender's currency, so that a cap in that currency counts it to
/// the millionth.
struct Sum {
    tariffs::Money money;
    tariffs::Tax tax = tariffs::Tax::incl;
    std::optional<tariffs::TaxRate> tax_rate;
};
/// The sum as a cap counts it; nothing where no rate leads there.
[[nodiscard]] std::optional<std::int64_t> on_cap_basis(const Sum& sum, const customers::CapRule& rule,
                                                       const tariffs::Table* table);
/// The money caps' periods a record falls into, as one number: a segment never crosses any of them.
[[nodiscard]] std::uint64_t periods_of(Deciding& d, tariffs::Service service, const KnownPlace& place,
                                       const tariffs::Table* table, Instant at);
/// The segment of a session that such a record belongs to, made where it is missing.
[[nodiscard]] Segment& segment_of(Session& session, const KnownPlace& place, int version, const tariffs::Row& row,
                                  std::uint64_t periods, const std::string& pass);

// caps.cpp
/// Sums stop at the ends of their range: a wrapped one would open the cap again.
[[nodiscard]] std::int64_t plus(std::int64_t a, std::int64_t b);
/// The counter of a cap for the period that contains `at`, made where it is missing.
CapCount& count_of(Deciding& d, const customers::CapRule& rule, Instant at);
/// The rule a counter follows: the present one, but a changed period or currency only from the next period on.
[[nodiscard]] const customers::CapRule& rule_of(const CapCount& count, const customers::CapRule& present);
/// The limit of a stage; nothing once consent has opened the last one.
[[nodiscard]] std::optional<std::int64_t> limit_of(const customers::CapRule& rule, int stage);
[[nodiscard]] bool counts(const customers::CapRule& rule, tariffs::Service service, const KnownPlace& place,
                          const tariffs::Table* table);
void add_to_cap(Deciding& d, const customers::CapRule& rule, CapCount& count, std::int64_t delta,
                const KnownPlace& place, Instant at);
/// The highest threshold a use has passed; reaching one exactly counts.
[[nodiscard]] int highest_passed(const customers::CapRule& rule, std::int64_t used, std::int64_t limit);
/// Tells that a threshold below the limit was passed.
void tell_threshold(Deciding& d, const customers::CapRule& rule, const CapCount& count, int threshold,
                    std::int64_t used, const KnownPlace& place, Instant at);
/// The limit of a stage that holds is reached: commits the hold and asks.
void reach(Deciding& d, const customers::CapRule& rule, CapCount& count, const KnownPlace& place, Instant at);
/// It is not reached after all: releases the hold, withdraws the question, says so. Its mark stays: each threshold is
/// told once a stage and period.
void unreach(Deciding& d, const customers::CapRule& rule, CapCount& count, std::string reason);
/// The hold of a period that is over ends; what was off because of it is told to be on again.
void end_period(Deciding& d, const std::string& cap);
/// The same where no limit follows: the profile does not ask for the hold any more, or the trip is over.
void drop_cap_hold(Deciding& d, const std::string& cap, std::string reason);
/// Nothing reached, and the first stage again; a cap that repeats counts its multiples as stages. The question about it
/// is withdrawn, and where its hold ends that is said.
void restart_stages(Deciding& d, const customers::CapRule& rule, CapCount& count);
[[nodiscard]] customers::AtLimit at_limit(const customers::CapRule& rule, const Terms& terms);
void drop_old_counts(Deciding& d);
/// A trip's counter begins earlier than was known; what was held and asked for it follows.
void begin_earlier(CustomerState& state, CapCount& count, Instant at);
/// Tells that the limit of a cap that holds nothing is reached.
void tell_reached(Deciding& d, const customers::CapRule& rule, const CapCount& count, const KnownPlace& place,
                  Instant at);
/// The first cap with its use, as a welcome shows it.
void show_first_cap(const Deciding& d, notifications::Facts& facts, Instant at);
[[nodiscard]] notifications::Amount amount_of(const customers::CapRule& rule, std::int64_t value);
[[nodiscard]] customers::CapRule const* rule_named(const Terms& terms, std::string_view cap);

// questions.cpp
void ask_cap(Deciding& d, const customers::CapRule& rule, CapCount& count, const KnownPlace& place, Instant at);
void ask_destination(Deciding& d, const KnownPlace& place, Instant at);
/// The open question about what is held (or would be): not a wish for a higher cap.
Question* open_question(CustomerState& state, Cause cause, std::string_view about);
/// Ends an open question by the table in confirmation.h; of its offers only the one that was chosen stays.
void end_question(Question& question, Ending ending, Instant now);
void settle(Deciding& d);
/// An open question is answered by one of its choices, whoever answers and however.
void settle_answer(Deciding& d, Question& question, const Answer& answer);
/// The message that confirms in writing what was answered; `choice` is one of the question's.
[[nodiscard]] Owed written_answer(Deciding& d, notifications::Kind kind, const Question& question,
                                  std::string_view choice);
/// A higher cap of the customer's own: asked back before it counts, and nothing is held because of it.
void ask_own_cap(Deciding& d, const customers::CapRule& rule, std::int64_t limit);
/// One of the question's choices as it was printed.
[[nodiscard]] notifications::Choice printed_choice(const Question& question, std::string_view choice,
                                                   const Terms& terms);

// payers.cpp
/// As the payer reads it: with the line's number, masked.
[[nodiscard]] Owed for_payer(const CustomerState& state, Owed owed);
/// What is said of a question: to the user, or where a payer decides to the payer, and to the user without choices.
void owe_of_question(Deciding& d, const Question& question, Owed owed);

// own_cap.cpp
/// The cap that `CAP 100` is about: the first in money that has a limit; nullptr where there is none.
[[nodiscard]] const customers::CapRule* own_cap_of(const Terms& terms);
/// The amount a reply asks for, where it may be that cap's limit.
[[nodiscard]] std::optional<std::int64_t> wished_limit(const customers::CapRule& rule,
                                                       const notifications::SmsReply& reply);
/// Whether it would change anything: the cap itself, or a stage that was opened beyond it.
[[nodiscard]] bool changes_cap(const Deciding& d, const customers::CapRule& rule, std::int64_t limit);
/// A text about the customer's own cap.
[[nodiscard]] Owed about_own_cap(const Deciding& d, notifications::Kind kind, const customers::CapRule& rule,
                                 std::int64_t limit);
/// Sets it in the profile and acts on what is used; the running period starts again at the first stage.
void set_own_cap(Deciding& d, const std::string& cap, std::int64_t limit);
/// Whatever was asked about a cap of one's own is not wished any more.
void drop_wish(Deciding& d);
/// The answer to ask_own_cap.
void settle_own_cap(Deciding& d, const Question& question, bool yes);

// decide.cpp
/// The profile changed, `d.terms` are the new ones: brings counters, holds and questions in line.
void follow_profile(Deciding& d, const Terms& before);
/// Brings one cap's running counter in line with its rule.
void recheck(Deciding& d, const customers::CapRule* before, const customers::CapRule& rule, CapCount& count);

// passes.cpp
/// The pass that covers a service at a place and time, and has allowance left: the one that ends first.
[[nodiscard]] HeldPass* covering_pass(CustomerState& state, const KnownPlace& place, tariffs::Service service,
                                      Instant at);
[[nodiscard]] bool covered(const CustomerState& state, const KnownPlace& place, tariffs::Service service, Instant at);
/// The passes that can be bought at a place and help with one of these services, cheapest first, as they are shown.
[[nodiscard]] std::vector<HeldPass> pass_offers(const Deciding& d, const KnownPlace& place,
                                                const std::vector<tariffs::Service>& services, Instant at);
/// The customer agreed to one: it begins now, and its price is to be charged.
void buy_pass(Deciding& d, const Question& question, const HeldPass& offer);
/// A record of the pass: counts it, tells its 80 % and its end. `quantity` is at most what is left;
/// `offset_minutes` is the one the record's time was written with.
void use_pass(Deciding& d, HeldPass& pass, std::int64_t quantity, const KnownPlace& place, Instant at,
              int offset_minutes);
/// Ends passes whose time is over.
void settle_passes(Deciding& d);
/// Brings what passes lift in line with where the customer is and what they still cover. A hold that binds again asks
/// anew.
void relift_holds(Deciding& d, Instant at);
/// The same; and a high-cost place that nothing covers any more is protected.
void relift(Deciding& d, Instant at);
/// When the next pass ends; nothing where none is valid.
[[nodiscard]] std::optional<Instant> next_pass_end(const CustomerState& state);

// forecast.cpp
/// Usage abroad came: learns how late this customer's records come, and which sessions are still open.
void note_record(Deciding& d, const intake::RoamingEvent& event);
/// A record is about to add `amount` to a counter: learns what its session burns of it.
void note_burn(Deciding& d, const intake::RoamingEvent& event, const CapCount& count, std::int64_t amount);
/// The highest threshold below the limit, where it is not told yet and, at the pace of the open sessions, the limit
/// comes before a message after the fact would: told early. The reasons then say with which numbers.
[[nodiscard]] std::optional<int> forecast(Deciding& d, const customers::CapRule& rule, const CapCount& count,
                                          std::int64_t limit);

// grants.cpp
/// What a cap keeps free for grants: for all of them, or for what was used already, as its sender said.
enum class Kept { all, reported };
[[nodiscard]] std::int64_t kept_for_grants(const CustomerState& state, std::string_view cap, Kept what);
/// A cap's use as it is told: what is recorded, and where its limit was reached early what was reported besides.
[[nodiscard]] std::int64_t told_use(const CustomerState& state, const CapCount& count);
void keep_grant(CustomerState& state, Grant grant);
/// A record counted `amount` into a cap: so much less is kept free for its session. Before settle_grants().
void settle_share(CustomerState& state, const std::string& session, tariffs::Service service, std::string_view cap,
                  std::int64_t amount);
/// A record came: so much of what was granted for it is awaited no more; first what draws on `pass`, then the rest.
void settle_grants(CustomerState& state, const std::string& session, tariffs::Service service, std::int64_t quantity,
                   std::string_view pass);
/// What was not recorded in time is taken not to have happened.
void lapse_grants(Deciding& d);
/// The caps that a grant kept something free in.
void note_freed(std::vector<std::string>& freed, const Grant& grant);
/// Where one of these caps had reached its limit early, and nothing is kept free in it any more, it was not reached.
void release_early(Deciding& d, const std::vector<std::string>& freed);
/// When the next grant lapses that a cap reached early waits for; nothing where none does.
[[nodiscard]] std::optional<Instant> next_lapse(const CustomerState& state);

// holds.cpp
Hold* find_hold(CustomerState& state, Cause cause, std::string_view about);
void hold(Deciding& d, Hold hold, std::string reason);
void release(Deciding& d, Cause cause, std::string_view about, std::string reason);

// trip.cpp
void heard_abroad(Deciding& d, Instant at);
/// Whether something heard abroad at that time would begin another trip than the last one.
[[nodiscard]] bool begins_trip(const Deciding& d, Instant at);
void came_home(Deciding& d, Instant at);
void end_trip(Deciding& d, Instant at);
void spend_on_trip(Deciding& d, tariffs::Money amount, Instant at);
DestinationAnswer* trip_answer(CustomerState& state, std::string_view destination);

}  // namespace roamguard::protection
