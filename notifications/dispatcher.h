#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "notifications/channel.h"
#include "tariffs/instant.h"

namespace roamguard::notifications {

/// What became of a claimed message, for the outbox.
struct Finished {
    std::int64_t row = 0;
    int attempt = 0;
    Attempt result;
    tariffs::Span wait;  ///< before the next attempt, where the fate is `later`
};

/// The outbox of one channel as its dispatcher sees it. Both calls may throw: the store is away, nothing was claimed or
/// nobody knows what was recorded, and a lease that runs out makes the message claimable again (so a message can be
/// sent twice, never lost). To record the same result twice must do no harm.
struct Outbox {
    std::function<std::vector<Outgoing>(int limit)> claim;
    std::function<void(const std::vector<Finished>&)> finish;
};

/// For people: 2 s, doubling up to 10 min.
[[nodiscard]] std::vector<tariffs::Span> message_waits();
/// For machines that must know: 1 s, 5 s, 30 s, 2 min, then 5 min each.
[[nodiscard]] std::vector<tariffs::Span> platform_waits();

struct DispatcherOptions {
    std::string channel;    ///< for the log: `sms`, `app`, `platform`, `nchf`, `camara`
    int claim_limit = 64;   ///< at most; less where sending is slow or `rate_per_s` low
    int concurrency = 4;    ///< sends at once
    int max_attempts = 12;  ///< then the message is dead and waits for operations; 0: tried without end
    std::vector<tariffs::Span> waits = message_waits();  ///< before attempts 2, 3, …; the last one repeats
    tariffs::Span lease = tariffs::seconds(60);  ///< of a claim; at least twice what one send may take at the longest
    double rate_per_s = 0;                       ///< sends a second over time; 0: no limit
    int circuit_after = 5;                       ///< failures in a row after which sending pauses; 0: never
    tariffs::Span circuit_longest = tariffs::seconds(30);  ///< of the pauses, which double from 1 s
};

/// How long to wait after the given attempt failed: the schedule's wait times 0.75 to 1.0 by `random` (0 to 1), so that
/// a gateway that comes back is not met by everything at once. A message that operations retry begins the schedule
/// anew.
[[nodiscard]] tariffs::Span wait_after(int attempt, double random, const DispatcherOptions& options);

/// Claims what is due on one channel, sends it on threads of its own, records the results within about 50 ms of each
/// whatever the others take. One dispatcher a channel, so that a dead gateway delays nobody else.
///
/// A message whose lease is over half used when its turn comes is handed back unsent (`later`, due at once): sent after
/// the lease it could be sent by two. The circuit: after `circuit_after` failures in a row nothing is claimed for 1 s,
/// doubling; then one message is tried, and any answer but `later` ends the pause.
///
/// Threads: start() and stop() from one thread. While started, one thread of the dispatcher loops step() and alone
/// calls claim, finish, random, log and on_circuit; the driver's send() is called by `concurrency` others. Not started,
/// step() does all of that in the caller's thread, for tests and simulations. wake() from any thread, at once.
class Dispatcher {
public:
    using Clock = std::chrono::steady_clock;

    /// `on_circuit(false)`: sending pauses; `on_circuit(true)`: it goes on. `clock` is for tests that step by hand.
    Dispatcher(
        Outbox outbox, std::unique_ptr<Channel> channel, DispatcherOptions options, std::function<double()> random,
        std::function<void(const std::string&)> log, std::function<void(bool up)> on_circuit = [](bool) {},
        std::function<Clock::time_point()> clock = &Clock::now);
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    void start();
    /// The first half of stop(): claims and begins nothing more. Does not wait, so that several can end together.
    void begin_stop();
    /// Ends without a new claim: what was claimed and not begun is handed back, due at once; sends under way finish,
    /// which takes as long as the driver's deadline at most, and are recorded.
    void stop();
    /// Something became due.
    void wake();
    /// Records what finished, claims what is due and sees to its sending; returns how many messages it claimed.
    int step();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace roamguard::notifications
