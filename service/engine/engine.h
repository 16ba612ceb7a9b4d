#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "service/engine/surroundings.h"
#include "service/engine/turn.h"
#include "service/storage/store.h"

namespace roamguard::engine {

/// Too much is waiting: try again after so many seconds. Nothing of the request was done.
struct Overloaded : std::runtime_error {
    Overloaded() : std::runtime_error("too many events are waiting") {}
    int retry_after_s = 1;
};

/// One request to the engine. run() may be called more than once (a batch that fails is tried request by request, one
/// that another instance was faster than again), each time against fresh state, and must then give its result anew.
/// committed() is called once, after the commit.
class Job {
public:
    virtual ~Job() = default;
    virtual void want(Wants&) const {}
    virtual void run(Turn& turn) = 0;
    virtual void committed(class Engine&) {}
    /// False for the program's own work, which admission must not turn away.
    [[nodiscard]] virtual bool refusable() const { return true; }
    /// How many events it stands for, for admission.
    [[nodiscard]] virtual std::size_t weight() const { return 1; }
};

struct Options {
    std::size_t max_queued = 4096;  ///< events waiting before requests are refused
    std::size_t max_batch = 512;    ///< events in one commit
};

/// The one writer. Requests of all threads become batches: load, run each, one commit, then the answers. Owns a thread
/// that only loops step(); tests step it themselves.
class Engine {
public:
    /// Without a clock of its own it goes by the store's: leases and expiry must not depend on an instance's clock.
    Engine(storage::Store& store, std::shared_ptr<const Surroundings> around, Options options, Randomness random,
           std::function<Instant()> clock = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Runs the job and returns when it is durable. Throws Overloaded, storage::StoreUnavailable, or what the job
    /// threw. Any thread.
    void submit(Job& job);
    /// Several requests at once, which fit into one batch: as if each had been submitted, in this order. What submit()
    /// would throw for each, or null. Any thread.
    [[nodiscard]] std::vector<std::exception_ptr> submit_together(const std::vector<Job*>& jobs);

    /// Starts and ends the thread. stop() finishes what was accepted.
    void start();
    void stop();
    /// One batch of what is waiting, and what is due by the clock. Returns how many requests it took.
    std::size_t step(Instant now);
    /// Instead of start(), for what has one thread only: whoever submits runs the batch.
    void step_at_submit() { by_hand_ = true; }

    /// The snapshot in force. Any thread.
    [[nodiscard]] std::shared_ptr<const Surroundings> around() const;
    /// Replaces parts of it for every later batch. Any thread.
    void change(const std::function<void(Surroundings&)>& how);

    [[nodiscard]] storage::Store& store() { return store_; }
    /// The clock, never smaller than before; one that was set back by more than a few seconds is followed.
    [[nodiscard]] Instant now();
    /// Called when messages were committed, so that the dispatcher need not wait for its poll.
    void on_messages(std::function<void()> notify) { notify_ = std::move(notify); }
    /// Called on StoreBroken: the process must end.
    void on_broken(std::function<void(const std::string&)> broken) { broken_ = std::move(broken); }
    /// Whoever reads the store and meets StoreBroken says so here: what a reader meets the writer may have written on.
    void broke(const storage::StoreBroken& error) { broken_(error.what()); }
    /// Figures for metrics: batch size and seconds of a commit, seconds of a checkpoint, what was opened by consent.
    struct Meters {
        std::function<void(std::size_t, double)> batch = [](std::size_t, double) {};
        std::function<void(double)> checkpoint = [](double) {};
        std::function<void(Turn::Consents)> consents = [](Turn::Consents) {};
    };
    void meter(Meters meters) { meters_ = std::move(meters); }
    /// Whether commits succeed: false for a while after one that the disk or the database did not take.
    [[nodiscard]] bool writes() const;
    [[nodiscard]] std::size_t queued() const { return queued_.load(); }

private:
    struct Waiting;
    void hand_in(Waiting& waiting);
    void loop();
    std::vector<Waiting*> take_batch();
    void run_batch(const std::vector<Waiting*>& batch, Instant now);
    void run_together(const std::vector<Waiting*>& batch, Instant now);
    /// What the batch changes, committed. Returns how many messages it made.
    int commit_turn(const std::vector<Waiting*>& batch, Instant now);
    void pause_before(int attempt);
    void run_due(Instant now);
    /// A job of the engine's own, about customers or messages. False when a fault of one of them stood in the way.
    template <class OwnJob>
    bool run_own(std::vector<std::int64_t> what, Instant now);

    storage::Store& store_;
    Options options_;
    Randomness random_;
    std::function<Instant()> clock_;
    std::function<void()> notify_ = [] {};
    std::function<void(const std::string&)> broken_ = [](const std::string&) {};
    Meters meters_;

    mutable std::mutex around_mutex_;
    std::shared_ptr<const Surroundings> around_;

    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Waiting*> waiting_;
    std::atomic<std::size_t> queued_{0};
    bool stopping_ = false;
    bool by_hand_ = false;
    std::thread thread_;
    std::atomic<std::int64_t> latest_{0};
    std::atomic<std::int64_t> failed_at_ms_{0};  ///< of the steady clock; 0 when the last commit succeeded
    Instant last_due_{0};
    std::set<CustomerId> set_aside_;  ///< whose timers fail by a fault of their own, until the next start
};

}  // namespace roamguard::engine
