#include "service/engine/engine.h"

#include <algorithm>
#include <chrono>

#include "service/engine/outbox_jobs.h"
#include "service/engine/timers_job.h"

namespace roamguard::engine {

/// A request and the thread that waits for it.
struct Engine::Waiting {
    Job* job = nullptr;
    std::mutex mutex;
    std::condition_variable finished;
    bool done = false;
    std::exception_ptr error;

    void finish(std::exception_ptr how) {
        const std::lock_guard lock(mutex);
        error = std::move(how);
        done = true;
        finished.notify_one();
    }
    /// Until it is done: what it failed with, or null.
    std::exception_ptr wait() {
        std::unique_lock lock(mutex);
        finished.wait(lock, [this] { return done; });
        return error;
    }
};

namespace {

constexpr tariffs::Span due_every = tariffs::Span{250};
constexpr int due_customers_a_turn = 200;
constexpr int due_messages_a_turn = 500;
constexpr std::int64_t doubtful_for_ms = 10'000;

std::int64_t steady_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

/// Readings that overtake each other, and what time services correct step by step.
constexpr std::int64_t hidden_step_back_ms = 5000;

constexpr int most_attempts = 6;  // the first, and five more where another instance was faster

}  // namespace

Engine::Engine(storage::Store& store, std::shared_ptr<const Surroundings> around, Options options, Randomness random,
               std::function<Instant()> clock)
    : store_(store),
      options_(options),
      random_(std::move(random)),
      clock_(clock ? std::move(clock) : [&store] { return store.clock(); }),
      around_(std::move(around)) {}

Engine::~Engine() { stop(); }

void Engine::submit(Job& job) {
    const std::vector<std::exception_ptr> faults = submit_together({&job});
    if (faults.front()) std::rethrow_exception(faults.front());
}

std::vector<std::exception_ptr> Engine::submit_together(const std::vector<Job*>& jobs) {
    std::vector<Waiting> all(jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        all[i].job = jobs[i];
        hand_in(all[i]);
    }
    while (by_hand_ && queued_ > 0)
        run_batch(take_batch(), now());
    std::vector<std::exception_ptr> faults;
    for (Waiting& one : all)
        faults.push_back(one.wait());
    return faults;
}

/// Puts a request into the queue, or ends it where there is no room.
void Engine::hand_in(Waiting& waiting) {
    const std::size_t weight = std::max<std::size_t>(1, waiting.job->weight());
    {
        const std::lock_guard lock(mutex_);
        if (stopping_)
            return waiting.finish(std::make_exception_ptr(storage::StoreUnavailable("the service is stopping")));
        if (waiting.job->refusable() && queued_ > 0 && queued_ + weight > options_.max_queued)
            return waiting.finish(std::make_exception_ptr(Overloaded()));
        queued_ += weight;
        waiting_.push_back(&waiting);
    }
    arrived_.notify_one();
}

void Engine::start() {
    thread_ = std::thread([this] { loop(); });
}

void Engine::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    arrived_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Engine::loop() {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            arrived_.wait_for(lock, std::chrono::milliseconds(due_every.ms),
                              [&] { return stopping_ || !waiting_.empty(); });
            if (stopping_ && waiting_.empty()) return;
        }
        step(now());
    }
}

std::size_t Engine::step(Instant now) {
    const std::vector<Waiting*> batch = take_batch();
    if (!batch.empty()) run_batch(batch, now);
    if (now - last_due_ >= due_every || now < last_due_) {
        last_due_ = now;
        run_due(now);
    }
    try {
        if (const std::int64_t us = store_.maintain(); us > 0) meters_.checkpoint(static_cast<double>(us) / 1e6);
    } catch (const storage::StoreBroken& error) {
        broken_(error.what());
    } catch (const storage::StoreUnavailable&) {
        // A checkpoint that could not be made now is made after the next batch.
    }
    return batch.size();
}

std::vector<Engine::Waiting*> Engine::take_batch() {
    std::vector<Waiting*> batch;
    std::size_t weight = 0;
    const std::lock_guard lock(mutex_);
    while (!waiting_.empty()) {
        const std::size_t next = std::max<std::size_t>(1, waiting_.front()->job->weight());
        if (!batch.empty() && weight + next > options_.max_batch) break;
        weight += next;
        batch.push_back(waiting_.front());
        waiting_.pop_front();
    }
    queued_ -= weight;
    return batch;
}

void Engine::run_batch(const std::vector<Waiting*>& batch, Instant now) {
    try {
        run_together(batch, now);
        return;
    } catch (const storage::StoreBroken& error) {
        for (Waiting* one : batch)
            one->finish(std::current_exception());
        broken_(error.what());
        return;
    } catch (const storage::StoreUnavailable&) {
        failed_at_ms_ = steady_ms();
        for (Waiting* one : batch)
            one->finish(std::current_exception());
        return;
    } catch (const storage::StoreConflict& conflict) {
        if (batch.size() == 1) {
            batch.front()->finish(std::make_exception_ptr(storage::StoreUnavailable(
                std::string("other instances were faster again and again: ") + conflict.what())));
            return;
        }
    } catch (...) {
        if (batch.size() == 1) {
            batch.front()->finish(std::current_exception());
            return;
        }
    }
    // Another fault than the disk's: one request is the culprit. Each alone, so that only it fails or is in the way.
    for (Waiting* one : batch)
        run_batch({one}, now);
}

void Engine::run_together(const std::vector<Waiting*>& batch, Instant now) {
    int messages = 0;
    for (int attempt = 1;; ++attempt) {
        try {
            messages = commit_turn(batch, now);
            break;
        } catch (const storage::StoreConflict&) {
            store_.abandon();
            if (attempt == most_attempts) throw;
            pause_before(attempt);
        } catch (...) {
            store_.abandon();
            throw;
        }
    }
    for (Waiting* one : batch) {
        try {
            one->job->committed(*this);
        } catch (const storage::StoreBroken& error) {
            broken_(error.what());
        } catch (const std::exception&) {
            // What is committed is answered as committed, whatever fails after it.
        }
    }
    for (Waiting* one : batch)
        one->finish(nullptr);
    if (messages > 0) notify_();
}

int Engine::commit_turn(const std::vector<Waiting*>& batch, Instant now) {
    Wants wants;
    for (const Waiting* one : batch)
        one->job->want(wants);
    storage::Loaded loaded = store_.gather(wants);
    // Another instance may have had these customers until now: what it wrote must not lie in this batch's future.
    const Instant begun = store_.shared() ? std::max(now, this->now()) : now;
    const std::shared_ptr<const Surroundings> surroundings = around();
    Turn turn(store_, *surroundings, begun, random_);
    turn.take_in(wants, std::move(loaded));
    for (Waiting* one : batch)
        one->job->run(turn);
    const storage::Delta delta = turn.take();
    const auto begin = std::chrono::steady_clock::now();
    store_.commit(delta);
    failed_at_ms_ = 0;
    meters_.batch(batch.size(), std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (turn.consents.opened > 0) meters_.consents(turn.consents);
    return turn.messages_made();
}

/// A few milliseconds, at random, so that two instances which met do not meet again.
void Engine::pause_before(int attempt) {
    std::uint8_t chance = 0;
    random_(&chance, 1);
    std::this_thread::sleep_for(std::chrono::microseconds(500 * attempt + chance * 20));
}

template <class OwnJob>
bool Engine::run_own(std::vector<std::int64_t> what, Instant now) {
    OwnJob job(std::move(what));
    Waiting waiting;
    waiting.job = &job;
    run_batch({&waiting}, now);
    if (!waiting.error) return true;
    try {
        std::rethrow_exception(waiting.error);
    } catch (const storage::StoreUnavailable&) {
        throw;
    } catch (const std::exception&) {
        return false;
    }
}

void Engine::run_due(Instant now) {
    try {
        std::vector<CustomerId> due =
            store_.due_customers(now, due_customers_a_turn + static_cast<int>(set_aside_.size()));
        std::erase_if(due, [&](CustomerId id) { return set_aside_.count(id) > 0; });
        if (!due.empty() && !run_own<TimersJob>(due, now))
            for (CustomerId id : due)
                if (!run_own<TimersJob>({id}, now)) set_aside_.insert(id);
        const std::vector<std::int64_t> overdue = store_.overdue_messages(now, due_messages_a_turn);
        if (!overdue.empty() && !run_own<OverdueJob>(overdue, now))
            for (std::int64_t row : overdue)
                (void)run_own<OverdueJob>({row}, now);
    } catch (const storage::StoreBroken& error) {
        broken_(error.what());
    } catch (const std::exception&) {
        // Due still: the next turn tries again.
    }
}

bool Engine::writes() const {
    const std::int64_t failed = failed_at_ms_.load();
    return failed == 0 || steady_ms() - failed > doubtful_for_ms;
}

std::shared_ptr<const Surroundings> Engine::around() const {
    const std::lock_guard lock(around_mutex_);
    return around_;
}

void Engine::change(const std::function<void(Surroundings&)>& how) {
    const std::lock_guard lock(around_mutex_);
    auto next = std::make_shared<Surroundings>(*around_);
    how(*next);
    around_ = std::move(next);
}

Instant Engine::now() {
    std::int64_t read = clock_().ms;
    std::int64_t latest = latest_.load();
    // A thread that was frozen since it read is no clock that was set back: another reading tells them apart.
    if (latest - read > hidden_step_back_ms) read = clock_().ms;
    // Held to the latest reading for good, a clock that was years ahead for a second would have every event refused as
    // too old, and nothing would fall due, until the next start.
    while (read > latest || latest - read > hidden_step_back_ms)
        if (latest_.compare_exchange_weak(latest, read)) return {read};
    return {latest};
}

}  // namespace roamguard::engine
