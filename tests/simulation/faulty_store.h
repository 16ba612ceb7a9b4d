#pragma once

#include <memory>

#include "service/storage/store.h"

namespace roamguard::simulation {

/// What goes wrong with a commit.
enum class Trouble {
    none,
    refused,      ///< the disk does not take it
    unreadable,   ///< the reads before it fail
    answer_lost,  ///< it is done, and nobody is told
    conflict,     ///< another instance was faster, once
    dies_before,  ///< the process dies before it
    dies_after    ///< the process dies once it is done
};
[[nodiscard]] std::string_view word(Trouble trouble);

/// Faults planted into the service, each of which the simulation must find.
enum class Plant {
    none,
    threshold_off_by_one,   ///< each threshold is told one percent late
    outbox_after_commit,    ///< messages are committed after what caused them
    missing_lock,           ///< a batch works on a state of the customer that another has changed since
    hold_lost_on_restart,   ///< holds are not read back
    duplicates_forgotten,   ///< an event's id is not kept
    acknowledged_too_soon,  ///< what the store did not take is answered as taken
    silence_is_consent      ///< a question nobody answers opens what it asked about
};
[[nodiscard]] std::string_view word(Plant plant);
inline constexpr Plant plants[] = {
    Plant::threshold_off_by_one, Plant::outbox_after_commit,   Plant::missing_lock,      Plant::hold_lost_on_restart,
    Plant::duplicates_forgotten, Plant::acknowledged_too_soon, Plant::silence_is_consent};

/// What the simulation knows of the store: arms its next trouble, sees whether a commit was done.
struct Weather {
    Trouble next = Trouble::none;  ///< of the next commit that changes something
    bool dead = false;             ///< the process is: nothing reaches the store any more
    int commits = 0;               ///< done so far
    Plant plant = Plant::none;
};

/// Another store with troubles before it. Whoever opens it anew goes on where the other one ended.
[[nodiscard]] std::unique_ptr<storage::Store> with_troubles(std::unique_ptr<storage::Store> store, Weather& weather);

}  // namespace roamguard::simulation
