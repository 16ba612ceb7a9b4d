#include "notifications/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "notifications/pacing.h"

namespace roamguard::notifications {
namespace {

using Clock = Dispatcher::Clock;
using std::chrono::milliseconds;

constexpr auto poll = std::chrono::seconds{1};
constexpr auto gather = milliseconds{25};  ///< results that come within this are recorded by one commit
constexpr tariffs::Span longest_retry_after = tariffs::hours(1);

DispatcherOptions checked(DispatcherOptions options) {
    if (options.claim_limit < 1 || options.concurrency < 1 || options.max_attempts < 0 || options.waits.empty() ||
        options.lease.ms < 1 || options.circuit_after < 0 || options.circuit_longest.ms < 1)
        throw std::logic_error("a dispatcher with impossible options");
    return options;
}

}  // namespace

struct Dispatcher::Impl {
    struct Job {
        Outgoing message;
        Clock::time_point claimed;
        Circuit::Trial trial = Circuit::Trial::usual;
    };
    struct Done {
        enum class How { tried, handed_back } how = How::tried;
        std::int64_t row = 0;
        int attempt = 0;
        Attempt result;
        Clock::time_point claimed;
    };

    Impl(Outbox box, std::unique_ptr<Channel> driver, DispatcherOptions wanted, std::function<double()> dice,
         std::function<void(const std::string&)> logger, std::function<void(bool)> told,
         std::function<Clock::time_point()> time)
        : outbox{std::move(box)},
          channel{std::move(driver)},
          options{checked(std::move(wanted))},
          random{std::move(dice)},
          log{std::move(logger)},
          on_circuit{std::move(told)},
          clock{std::move(time)},
          circuit{options.circuit_after, options.circuit_longest},
          bucket{options.rate_per_s, clock()} {
        if (!channel) throw std::logic_error("a dispatcher without a driver");
    }

    void loop();
    void work();
    int step();
    int claim();
    void record();
    void announce();
    Attempt attempt(const Outgoing& message);
    Finished finished(const Done& done);

    // With the mutex held:
    int claimable(Clock::time_point now);
    Clock::time_point next_action(Clock::time_point now);
    [[nodiscard]] std::size_t low_water() const;
    void take_turn(std::unique_lock<std::mutex>& lock);
    void judge(const Job& job, const Attempt& result, Clock::duration took);
    void hand_back_queue(std::string_view why);
    void hand_back(const Job& job, std::string_view why);
    void keep(Done done);

    const Outbox outbox;
    const std::unique_ptr<Channel> channel;
    const DispatcherOptions options;
    const std::function<double()> random;
    const std::function<void(const std::string&)> log;
    const std::function<void(bool)> on_circuit;
    const std::function<Clock::time_point()> clock;
    bool told_up = true;  ///< of the thread that steps

    std::mutex mutex;                 ///< guards all below but the threads
    std::condition_variable changed;  ///< for the loop
    std::condition_variable queued;   ///< for the workers
    std::deque<Job> queue;            ///< claimed, not begun
    std::vector<Done> done;           ///< not recorded
    int running = 0;
    Circuit circuit;
    Bucket bucket;
    double seconds_a_send = 0;  ///< a moving mean
    bool hungry = true;         ///< there may be more to claim now
    bool stopping = false;
    Clock::time_point next_poll{};
    Clock::time_point record_at = Clock::time_point::max();

    std::thread looping;
    std::vector<std::thread> workers;
};

int Dispatcher::Impl::step() {
    record();
    const int claimed = claim();
    if (workers.empty()) {
        std::unique_lock lock{mutex};
        while (!queue.empty())
            take_turn(lock);
        lock.unlock();
        record();
    }
    announce();
    return claimed;
}

int Dispatcher::Impl::claim() {
    const Clock::time_point now = clock();
    int limit = 0;
    Circuit::Trial trial = Circuit::Trial::usual;
    {
        const std::lock_guard lock{mutex};
        limit = claimable(now);
        if (limit < 1) return 0;
        hungry = false;  // before the claim, so that a wake() during it counts
        next_poll = now + poll;
        trial = circuit.trial();
        if (trial == Circuit::Trial::probe) circuit.probe_begins();
    }
    std::vector<Outgoing> claimed;
    try {
        claimed = outbox.claim(limit);
    } catch (const std::exception& error) {
        log(fmt::format("{}: nothing could be claimed: {}", options.channel, error.what()));
    }
    const std::lock_guard lock{mutex};
    if (claimed.empty() && trial == Circuit::Trial::probe) circuit.probe_dropped();
    if (claimed.size() == static_cast<std::size_t>(limit)) hungry = true;
    bucket.take(claimed.size());
    for (Outgoing& message : claimed)
        queue.push_back({std::move(message), now, trial});
    if (stopping) hand_back_queue("the service stops");
    if (!circuit.closed() && trial == Circuit::Trial::usual) hand_back_queue("the gateway does not answer");
    queued.notify_all();
    return static_cast<int>(claimed.size());
}

/// How many messages to claim now: what can be sent within a quarter of the lease at the present speed, one while the
/// circuit is open.
int Dispatcher::Impl::claimable(Clock::time_point now) {
    if (stopping || queue.size() >= low_water() || now < circuit.next_try()) return 0;
    int limit = options.claim_limit;
    const double in_time = static_cast<double>(options.lease.ms) / 4000 * options.concurrency;
    if (seconds_a_send * limit > in_time)
        limit = std::max(options.concurrency, static_cast<int>(in_time / seconds_a_send));
    if (!bucket.unlimited()) limit = std::min(limit, bucket.whole(now));
    return circuit.closed() ? limit : std::min(limit, 1);
}

/// More is claimed while fewer than this wait. Under a rate none may: what waits would go out as one burst.
std::size_t Dispatcher::Impl::low_water() const {
    return bucket.unlimited() ? static_cast<std::size_t>(options.concurrency) : 1;
}

void Dispatcher::Impl::take_turn(std::unique_lock<std::mutex>& lock) {
    const Job job = std::move(queue.front());
    queue.pop_front();
    if (queue.size() < low_water()) changed.notify_one();
    const Clock::time_point began = clock();
    if (2 * (began - job.claimed) > milliseconds{options.lease.ms}) return hand_back(job, "its turn came too late");
    ++running;
    lock.unlock();
    const Attempt result = attempt(job.message);
    const Clock::duration took = clock() - began;
    lock.lock();
    --running;
    judge(job, result, took);
    keep({Done::How::tried, job.message.row, job.message.attempt, result, job.claimed});
}

Attempt Dispatcher::Impl::attempt(const Outgoing& message) {
    try {
        return channel->send(message);
    } catch (const std::exception& error) {
        return {Attempt::Fate::later, error.what(), {}};
    } catch (...) {
        return {Attempt::Fate::later, "the driver failed", {}};
    }
}

void Dispatcher::Impl::judge(const Job& job, const Attempt& result, Clock::duration took) {
    seconds_a_send = 0.8 * seconds_a_send + 0.2 * std::chrono::duration<double>(took).count();
    const bool was_closed = circuit.closed();
    if (result.fate == Attempt::Fate::later)
        circuit.failed(job.trial, clock(), result.error);
    else
        circuit.answered(job.trial);
    if (was_closed && !circuit.closed()) hand_back_queue("the gateway does not answer");
}

void Dispatcher::Impl::hand_back_queue(std::string_view why) {
    while (!queue.empty()) {
        const Job job = std::move(queue.front());
        queue.pop_front();
        hand_back(job, why);
    }
}

void Dispatcher::Impl::hand_back(const Job& job, std::string_view why) {
    if (job.trial == Circuit::Trial::probe) circuit.probe_dropped();
    bucket.give_back(1);
    Attempt unsent{Attempt::Fate::later, fmt::format("handed back unsent, {}", why), {}};
    keep({Done::How::handed_back, job.message.row, job.message.attempt, std::move(unsent), job.claimed});
}

void Dispatcher::Impl::keep(Done result) {
    done.push_back(std::move(result));
    const Clock::time_point now = clock();
    record_at = std::min(record_at, queue.empty() && running == 0 ? now : now + gather);
    changed.notify_one();
}

/// Results that could not be recorded are kept and tried again: while the lease holds nobody sends the message a second
/// time. After it the claim is void, and so is the result.
void Dispatcher::Impl::record() {
    std::vector<Done> taken;
    {
        const std::lock_guard lock{mutex};
        taken.swap(done);
        record_at = Clock::time_point::max();
    }
    const Clock::time_point now = clock();
    std::vector<Finished> results;
    for (const Done& one : taken)
        if (now - one.claimed < milliseconds{options.lease.ms}) results.push_back(finished(one));
    if (results.size() < taken.size())
        log(fmt::format("{}: {} results came after their lease and are void", options.channel,
                        taken.size() - results.size()));
    if (results.empty()) return;
    try {
        outbox.finish(results);
        const std::lock_guard lock{mutex};
        hungry = true;  // what ended makes the customer's next message due
    } catch (const std::exception& error) {
        log(fmt::format("{}: results could not be recorded: {}", options.channel, error.what()));
        const std::lock_guard lock{mutex};
        done.insert(done.begin(), std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end()));
        record_at = now + poll;
    }
}

Finished Dispatcher::Impl::finished(const Done& one) {
    Finished result{one.row, one.attempt, one.result, {}};
    if (one.how == Done::How::handed_back || one.result.fate != Attempt::Fate::later) return result;
    if (options.max_attempts != 0 && one.attempt % options.max_attempts == 0) {
        result.result.fate = Attempt::Fate::dead;  // a message that operations retry gets as many attempts again
        return result;
    }
    result.wait = wait_after(one.attempt, random(), options);
    if (one.result.retry_after)
        result.wait = std::max(result.wait, std::min(*one.result.retry_after, longest_retry_after));
    return result;
}

void Dispatcher::Impl::announce() {
    bool up = true;
    std::string error;
    {
        const std::lock_guard lock{mutex};
        up = circuit.closed();
        error = circuit.last_error();
    }
    if (up == told_up) return;
    told_up = up;
    log(up ? fmt::format("{}: the gateway answers again, sending goes on", options.channel)
           : fmt::format("{}: sending pauses until the gateway answers, the last {} attempts failed: {}",
                         options.channel, options.circuit_after, error));
    on_circuit(up);
}

Clock::time_point Dispatcher::Impl::next_action(Clock::time_point now) {
    Clock::time_point at = std::min(record_at, now + poll);
    if (queue.size() < low_water())
        at = std::min(at, std::max({hungry ? now : next_poll, circuit.next_try(), bucket.ready_at(now)}));
    return at;
}

void Dispatcher::Impl::loop() {
    std::unique_lock lock{mutex};
    while (!stopping) {
        const Clock::time_point now = clock(), at = next_action(now);
        if (now < at) {
            changed.wait_until(lock, at);
        } else {
            lock.unlock();
            step();
            lock.lock();
        }
    }
}

void Dispatcher::Impl::work() {
    std::unique_lock lock{mutex};
    for (;;) {
        queued.wait(lock, [this] { return stopping || !queue.empty(); });
        if (stopping) return;
        take_turn(lock);
    }
}

Dispatcher::Dispatcher(Outbox outbox, std::unique_ptr<Channel> channel, DispatcherOptions options,
                       std::function<double()> random, std::function<void(const std::string&)> log,
                       std::function<void(bool up)> on_circuit, std::function<Clock::time_point()> clock)
    : impl_{std::make_unique<Impl>(std::move(outbox), std::move(channel), std::move(options), std::move(random),
                                   std::move(log), std::move(on_circuit), std::move(clock))} {}

Dispatcher::~Dispatcher() { stop(); }

void Dispatcher::start() {
    if (impl_->looping.joinable()) throw std::logic_error("a dispatcher started twice");
    impl_->stopping = false;
    for (int i = 0; i < impl_->options.concurrency; ++i)
        impl_->workers.emplace_back([impl = impl_.get()] { impl->work(); });
    impl_->looping = std::thread{[impl = impl_.get()] { impl->loop(); }};
}

void Dispatcher::begin_stop() {
    {
        const std::lock_guard lock{impl_->mutex};
        impl_->stopping = true;
        impl_->hand_back_queue("the service stops");
    }
    impl_->changed.notify_all();
    impl_->queued.notify_all();
}

void Dispatcher::stop() {
    begin_stop();
    if (impl_->looping.joinable()) impl_->looping.join();
    impl_->record();  // before the sends under way end, which may take seconds
    for (std::thread& worker : impl_->workers)
        worker.join();
    impl_->workers.clear();
    impl_->record();
}

void Dispatcher::wake() {
    {
        const std::lock_guard lock{impl_->mutex};
        impl_->hungry = true;
    }
    impl_->changed.notify_one();
}

int Dispatcher::step() { return impl_->step(); }

std::vector<tariffs::Span> message_waits() {
    std::vector<tariffs::Span> waits;
    for (std::int64_t s = 2; s < 600; s *= 2)
        waits.push_back(tariffs::seconds(s));
    waits.push_back(tariffs::minutes(10));
    return waits;
}

std::vector<tariffs::Span> platform_waits() {
    return {tariffs::seconds(1), tariffs::seconds(5), tariffs::seconds(30), tariffs::minutes(2), tariffs::minutes(5)};
}

tariffs::Span wait_after(int attempt, double random, const DispatcherOptions& options) {
    const int nth = std::max(0, attempt - 1);
    const auto place = static_cast<std::size_t>(options.max_attempts == 0 ? nth : nth % options.max_attempts);
    const tariffs::Span whole = options.waits.at(std::min(place, options.waits.size() - 1));
    return {std::llround(static_cast<double>(whole.ms) * (0.75 + 0.25 * std::clamp(random, 0.0, 1.0)))};
}

}  // namespace roamguard::notifications
