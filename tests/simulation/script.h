#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tariffs/instant.h"
#include "tests/simulation/faulty_store.h"
#include "tests/simulation/model.h"

namespace roamguard::simulation {

/// How the SMS gateway and the roaming platform behave towards what is sent to them.
enum class Gateway {
    up,
    down,     ///< takes nothing
    lies,     ///< takes it and says that it did not
    forgets,  ///< says that it took it, and it never arrives
    doubles,  ///< delivers it twice
    refuses   ///< will never take this message
};

/// One thing that happens. Each stands alone, so that a story goes on when others are taken out.
struct Step {
    enum class What {
        use,
        attach,
        detach,
        again,
        reused,
        answer,
        reply,
        profile,
        publish,
        wait,
        receipt
    } what = What::wait;
    int number = 0;  ///< in the script as drawn: what ids follow from
    int customer = 0;
    tariffs::Span after;  ///< by the clock, since the step before
    tariffs::Span ago;    ///< how long before that it happened
    std::string plmn;
    Service service = Service::data;
    std::int64_t quantity = 0;
    std::string session;
    std::optional<std::int64_t> charged;
    Usage::As charged_as = Usage::As::tariff;
    int which = 0;          ///< of what there is to choose from: an earlier event, an open question, a profile, a table
    int choice = 0;         ///< of a question
    bool together = false;  ///< in one batch with the step before
    bool at_once = false;   ///< at the very moment of the step before, where together with it
    Trouble trouble = Trouble::none;         ///< of its own commit
    Trouble timers_trouble = Trouble::none;  ///< of what falls due by the clock before it
    Trouble outbox_trouble = Trouble::none;  ///< of a dispatcher's commit after it
    Gateway gateway = Gateway::up;           ///< from here on
    tariffs::Span clock_back;                ///< the machine's clock is set back by so much
    bool restart = false;                    ///< an orderly one, before it
};

struct Script {
    std::uint64_t seed = 0;
    std::vector<Network> networks;
    std::vector<Tariff> tariffs;    ///< the first is in force from long before
    std::vector<Profile> profiles;  ///< customer n begins with number n
    std::vector<Step> steps;
};

/// Shortly before the end of a month.
inline constexpr Time beginning = 1'774'958'400'000;  // 2026-03-31T12:00:00Z
inline constexpr int travellers = 3;
inline constexpr std::int64_t million = 1'000'000;

[[nodiscard]] Script script_of(std::uint64_t seed);
/// The steps as a story: (a) …, (b) …
[[nodiscard]] std::string story_of(const Script& script);
/// A tariff as product teams write it, a profile as its JSON.
[[nodiscard]] std::string csv_of(const Tariff& tariff);
[[nodiscard]] std::string json_of(const Profile& profile, Plant plant);
[[nodiscard]] std::string number_of(int customer);

}  // namespace roamguard::simulation
