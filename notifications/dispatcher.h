#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
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

/// The outbox as the dispatcher sees it. Both calls may throw: the store is away, nothing was claimed or recorded, and
/// a lease that runs out makes the message claimable again (so a message can be sent twice, never lost).
struct Outbox {
    std::function<std::vector<Outgoing>(int limit)> claim;
    std::function<void(const std::vector<Finished>&)> finish;
};

struct DispatcherOptions {
    int claim_limit = 200;
    int max_attempts = 12;  ///< then the message is dead and waits for operations
    tariffs::Span first_wait = tariffs::seconds(2);
    tariffs::Span longest_wait = tariffs::minutes(10);
};

/// How long to wait after a failed attempt: doubling from first_wait up to longest_wait, times 0.5 to 1.0 by `random`
/// (0 to 1), so that a gateway that comes back is not met by everything at once.
[[nodiscard]] tariffs::Span back_off(int attempt, double random, const DispatcherOptions& options);

/// Claims what is due, sends it, records the result. One thread that only loops step(); internally synchronised.
class Dispatcher {
public:
    Dispatcher(Outbox outbox, std::map<std::string, std::unique_ptr<Channel>> channels, DispatcherOptions options,
               std::function<double()> random, std::function<void(const std::string&)> log);
    ~Dispatcher();
    Dispatcher(const Dispatcher&) = delete;
    Dispatcher& operator=(const Dispatcher&) = delete;

    void start();
    void stop();
    /// Something became due.
    void wake();
    /// One round; returns how many messages it took.
    int step();

private:
    Finished deliver(const Outgoing& message);
    void loop();

    Outbox outbox_;
    std::map<std::string, std::unique_ptr<Channel>> channels_;
    DispatcherOptions options_;
    std::function<double()> random_;
    std::function<void(const std::string&)> log_;
    std::mutex mutex_;
    std::condition_variable due_;
    bool woken_ = false, stopping_ = false;
    std::thread thread_;
};

}  // namespace roamguard::notifications
