#pragma once

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "service/protection/decide.h"

// Small random worlds for the laws of order: a few prices, caps and networks, and what happens to one traveller there.
// The oracle at the end knows the contract's sentences about spending and nothing of the rules' code.
namespace roamguard::protection::testing {

/// A line of the world's tariffs.csv.
struct RandomRow {
    std::string destination;  ///< a country, a PLMN or `*`
    tariffs::Service service = tariffs::Service::data;
    std::int64_t price = 0;  ///< millionths per unit
    std::string currency;
    std::int64_t unit = 1, minimum = 1, increment = 1;
    bool with_tax = true;
};

/// Whether a world has one currency and tax basis or several, with rates between them.
enum class Currencies { one, many };

struct RandomWorld {
    std::vector<RandomRow> rows;
    std::map<std::pair<std::string, std::string>, std::int64_t> rates;  ///< millionths: one of the first in the second
    std::int64_t tax_rate = 0;                                          ///< millionths
    std::vector<customers::CapRule> caps;
    std::string foreign_charge;  ///< the currency some charges are in
    std::shared_ptr<const tariffs::Book> book;
    Terms terms;
};

struct RandomEvent {
    enum class Kind { attach, usage, answer, clock } kind = Kind::usage;
    tariffs::Instant at, heard;
    std::string network;
    std::string session;
    tariffs::Service service = tariffs::Service::data;
    std::int64_t quantity = 0;
    std::optional<tariffs::Money> charged;
    intake::ChargedAs charged_as = intake::ChargedAs::tariff;
    std::size_t choice = 0;
    int number = 0;
};

/// For whoever reads a counterexample.
std::ostream& operator<<(std::ostream& out, const RandomWorld& world);
std::ostream& operator<<(std::ostream& out, const RandomEvent& event);

/// Cap and beginning of its period.
using CapPeriod = std::pair<std::string, std::int64_t>;

/// One traveller in such a world.
class Life {
public:
    explicit Life(const RandomWorld& world);
    Decision live(const RandomEvent& event);
    /// State and sessions to the store's bytes and back.
    void store_and_read();
    /// Used and overrun together, per cap and period; what is zero is left out.
    [[nodiscard]] std::map<CapPeriod, std::int64_t> spent() const;
    [[nodiscard]] std::string destination_of(const RandomEvent& event) const;

    CustomerState state;

private:
    [[nodiscard]] Decision answer(const RandomEvent& event);

    const RandomWorld& world_;
    Rules rules_;
    World around_;
    std::map<std::string, Session> sessions_;
};

// Drawn inside a property (everything is captured by value, since shrinking comes back after the call). `period` empty:
// a month and a day cap and perhaps more.
[[nodiscard]] RandomWorld random_world(const std::string& period = "", Currencies currencies = Currencies::one);
/// Attaches, usage, answers and the clock, each heard when it happened or some hours later.
[[nodiscard]] std::vector<RandomEvent> random_events(const RandomWorld& world, int most);
/// Usage abroad that names its network, all heard at one late moment.
[[nodiscard]] std::vector<RandomEvent> random_usage(const RandomWorld& world, int most);
/// Usage abroad, heard now and then late, and answers.
[[nodiscard]] std::vector<RandomEvent> random_usage_and_consent(const RandomWorld& world, int most);
/// Attaches abroad and at home, and usage abroad, at different times.
[[nodiscard]] std::vector<RandomEvent> random_places(const RandomWorld& world, int most);
/// The events in any order.
[[nodiscard]] std::vector<RandomEvent> in_some_order(const std::vector<RandomEvent>& events);
[[nodiscard]] std::vector<RandomEvent> sorted_by_time(std::vector<RandomEvent> events);

/// The spend per cap and period as the contract says it, in exact fractions rounded once a segment.
[[nodiscard]] std::map<CapPeriod, std::int64_t> spent_by_oracle(const RandomWorld& world,
                                                                const std::vector<RandomEvent>& usage);

}  // namespace roamguard::protection::testing
