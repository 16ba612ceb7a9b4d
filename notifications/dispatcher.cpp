#include "notifications/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <exception>

namespace roamguard::notifications {

tariffs::Span back_off(int attempt, double random, const DispatcherOptions& options) {
    const int doublings = std::clamp(attempt - 1, 0, 30);
    const std::int64_t whole = std::min(options.longest_wait.ms, options.first_wait.ms << std::min(doublings, 20));
    return {static_cast<std::int64_t>(static_cast<double>(whole) * (0.5 + 0.5 * std::clamp(random, 0.0, 1.0)))};
}

Dispatcher::Dispatcher(Outbox outbox, std::map<std::string, std::unique_ptr<Channel>> channels,
                       DispatcherOptions options, std::function<double()> random,
                       std::function<void(const std::string&)> log)
    : outbox_(std::move(outbox)),
      channels_(std::move(channels)),
      options_(options),
      random_(std::move(random)),
      log_(std::move(log)) {}

Dispatcher::~Dispatcher() { stop(); }

void Dispatcher::start() {
    thread_ = std::thread([this] { loop(); });
}

void Dispatcher::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    due_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Dispatcher::wake() {
    {
        const std::lock_guard lock(mutex_);
        woken_ = true;
    }
    due_.notify_one();
}

int Dispatcher::step() {
    const std::vector<Outgoing> claimed = outbox_.claim(options_.claim_limit);
    if (claimed.empty()) return 0;
    std::vector<Finished> finished;
    finished.reserve(claimed.size());
    for (const Outgoing& message : claimed)
        finished.push_back(deliver(message));
    outbox_.finish(finished);
    return static_cast<int>(claimed.size());
}

Finished Dispatcher::deliver(const Outgoing& message) {
    Finished finished;
    finished.row = message.row;
    finished.attempt = message.attempt;
    const auto channel = channels_.find(message.channel);
    if (channel == channels_.end()) {
        finished.result = {Attempt::Fate::dead, "no driver for the channel " + message.channel};
        return finished;
    }
    try {
        finished.result = channel->second->send(message);
    } catch (const std::exception& error) {
        finished.result = {Attempt::Fate::later, error.what()};
    }
    if (finished.result.fate != Attempt::Fate::later) return finished;
    if (message.attempt % options_.max_attempts == 0)  // so that a message operations retry gets as many again
        finished.result.fate = Attempt::Fate::dead;
    else
        finished.wait = back_off(message.attempt, random_(), options_);
    return finished;
}

void Dispatcher::loop() {
    for (;;) {
        int taken = 0;
        try {
            taken = step();
        } catch (const std::exception& error) {
            log_(error.what());
        }
        std::unique_lock lock(mutex_);
        if (taken == 0) due_.wait_for(lock, std::chrono::seconds(1), [&] { return woken_ || stopping_; });
        woken_ = false;
        if (stopping_) return;
    }
}

}  // namespace roamguard::notifications
