#include "service/http/workers.h"

#include <pthread.h>

#include <system_error>
#include <utility>

namespace roamguard::http {

void Workers::enqueue(std::unique_ptr<Connection> connection) {
    {
        const std::lock_guard lock{mutex_};
        queue_.push_back(std::move(connection));
        if (waiting_ < queue_.size() && threads_.size() < most_) grow();
    }
    arrived_.notify_one();
}

bool Workers::has_time() {
    const std::lock_guard lock{mutex_};
    return queue_.empty() && (threads_.size() - waiting_) * 2 <= most_;
}

void Workers::finish() {
    {
        const std::lock_guard lock{mutex_};
        finishing_ = true;
    }
    arrived_.notify_all();
    for (std::thread& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void Workers::loop() {
    std::unique_lock lock{mutex_};
    for (;;) {
        ++waiting_;
        arrived_.wait(lock, [this] { return finishing_ || !queue_.empty(); });
        --waiting_;
        if (queue_.empty()) return;
        std::unique_ptr<Connection> connection = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        work_(std::move(connection));
        lock.lock();
    }
}

/// A machine that gives no more threads is served by those there are; only without any is there nothing to do.
void Workers::grow() {
    try {
        threads_.emplace_back([this] { loop(); });
        ::pthread_setname_np(threads_.back().native_handle(), "http-worker");
    } catch (const std::system_error&) {
        if (threads_.empty()) throw;
    }
}

}  // namespace roamguard::http
