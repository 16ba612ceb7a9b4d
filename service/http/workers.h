#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "service/http/connection.h"

namespace roamguard::http {

/// The threads that handle requests, made as they are needed, at most `most`. The queue before them cannot grow past
/// the number of connections, which the server bounds. Internally synchronised.
class Workers {
public:
    using Work = std::function<void(std::unique_ptr<Connection>)>;
    Workers(std::size_t most, Work work) : most_{most}, work_{std::move(work)} {}
    ~Workers() { finish(); }
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    void enqueue(std::unique_ptr<Connection> connection);
    /// Whether at least half of the threads have nothing to do.
    [[nodiscard]] bool has_time();
    /// Does what is queued, then joins. Nothing may be enqueued afterwards.
    void finish();

private:
    void loop();
    void grow();  ///< with mutex_ held

    const std::size_t most_;
    const Work work_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<std::unique_ptr<Connection>> queue_;  ///< guarded by mutex_, as is all below
    std::vector<std::thread> threads_;
    std::size_t waiting_ = 0;
    bool finishing_ = false;
};

}  // namespace roamguard::http
