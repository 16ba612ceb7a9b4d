#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "service/http/connection.h"

namespace roamguard::http {

/// Where connections wait for bytes without holding a thread: one epoll, one thread. A thousand silent or dripping
/// connections cost a thousand descriptors here, and no worker. Internally synchronised.
class Parking {
public:
    using Ready = std::function<void(std::unique_ptr<Connection>)>;
    enum class Why { too_slow, stopping };
    using Expired = std::function<void(std::unique_ptr<Connection>, Why)>;

    /// `ready` gets a connection when bytes (or its end) came, `expired` when its deadline passed. Neither may wait.
    Parking(Ready ready, Expired expired);
    ~Parking();
    Parking(const Parking&) = delete;
    Parking& operator=(const Parking&) = delete;

    /// Keeps the connection until bytes come or connection->deadline passes.
    void park(std::unique_ptr<Connection> connection);
    /// Closes the connection that has kept us waiting longest. False when none is parked.
    [[nodiscard]] bool evict_longest();
    /// From now on connections without a begun request are closed instead of kept.
    void close_idle();
    /// From now on nothing is kept: everything parked, now or later, expires as `stopping`.
    void close_all();

private:
    enum class Accepts { all, begun, none };
    void loop();
    void hand_over_ready(int descriptor);
    void expire_overdue(SteadyTime now);
    [[nodiscard]] std::unique_ptr<Connection> take(int descriptor);
    void watch(Connection& connection);

    Ready ready_;
    Expired expired_;
    int epoll_;
    int wake_;
    std::mutex mutex_;
    std::unordered_map<int, std::unique_ptr<Connection>> parked_;  ///< by descriptor, guarded by mutex_
    Accepts accepts_ = Accepts::all;                               ///< guarded by mutex_
    std::thread thread_;
};

}  // namespace roamguard::http
