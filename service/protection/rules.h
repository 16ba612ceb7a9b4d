#pragma once

#include <string>
#include <string_view>

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
enum class Because { attach, usage };
void enter_foreign(Deciding& d, const KnownPlace& place, Instant at, Because because);
void attach(Deciding& d, const intake::RoamingEvent& event, const KnownPlace& place);
/// Usage told of the known place again.
void still_there(CustomerState& state, const KnownPlace& place, Instant at);
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

// caps.cpp
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
Question* open_question(CustomerState& state, Cause cause, std::string_view about);
void close_question(Question& question, QuestionState how, Instant now);
void settle(Deciding& d);
/// An open question is answered by one of its choices, whoever answers and however.
void settle_answer(Deciding& d, Question& question, const Answer& answer);
/// The message that confirms in writing what was answered; `choice` is one of the question's.
[[nodiscard]] Owed written_answer(Deciding& d, notifications::Kind kind, const Question& question,
                                  std::string_view choice);
/// One of the question's choices as it was printed.
[[nodiscard]] notifications::Choice printed_choice(const Question& question, std::string_view choice,
                                                   const Terms& terms);

// passes.cpp
/// The pass that covers a service at a place and time, and has allowance left: the one that ends first.
[[nodiscard]] HeldPass* covering_pass(CustomerState& state, const KnownPlace& place, tariffs::Service service,
                                      Instant at);
/// Whether a pass lets the service flow where and when the customer is now.
[[nodiscard]] bool covered(const CustomerState& state, const KnownPlace& place, tariffs::Service service, Instant at);
/// The passes that can be bought at a place, cheapest first, with their terms as they are shown; only those for one of
/// these services.
[[nodiscard]] std::vector<HeldPass> pass_offers(const Deciding& d, const KnownPlace& place,
                                                const std::vector<tariffs::Service>& services, Instant at);
/// The customer agreed to one: it begins now and its price is to be charged.
void buy_pass(Deciding& d, const Question& question, const HeldPass& offer);
/// A record it covers: counts it, tells its 80 % and its end. `quantity` is at most what is left.
void use_pass(Deciding& d, HeldPass& pass, std::int64_t quantity, const KnownPlace& place, Instant at,
              int offset_minutes);
/// Passes whose time is over end, holds they lifted bind again.
void settle_passes(Deciding& d);
/// Brings what passes lift in line with where the customer is and what the passes still cover: holds that bind again
/// ask anew, and a high-cost place that nothing covers any more is protected.
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

// authorize.cpp
/// A record came: what was granted for it needs no room any more.
void settle_grants(CustomerState& state, const std::string& session, tariffs::Service service, std::int64_t quantity,
                   Instant now);

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
