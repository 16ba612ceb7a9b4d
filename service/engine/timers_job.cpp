#include "service/engine/timers_job.h"

#include <fmt/format.h>

#include "service/engine/owing.h"

namespace roamguard::engine {

void TimersJob::run(Turn& turn) {
    for (CustomerId id : customers_) {
        Working* customer = turn.customer(id);
        if (!customer || !customer->state.wake || *customer->state.wake > turn.now) continue;  // done by another
        const protection::Terms terms = turn.terms(*customer);
        // A clock that leapt ahead and was put right comes to the same time twice.
        const std::string seed = fmt::format("timer/{}/{}/{}", id, customer->state.wake->ms, customer->state.entries);
        const protection::Decision decision =
            protection::decide_timers(terms, turn.around.world(), turn.now, seed, customer->state);
        customer->changed = true;
        if (!decision.owed.empty() || !decision.holds.empty() || !decision.reasons.empty())
            turn.record(*customer, "timer", decision_json(decision, customer->state, terms, turn.now));
        (void)owe(turn, *customer, terms, decision, "timer", seed);
    }
}

}  // namespace roamguard::engine
