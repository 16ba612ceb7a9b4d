#include "service/http/parking.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>
#include <vector>

namespace roamguard::http {
namespace {

using Phase = Connection::Phase;

constexpr auto sweep_every = std::chrono::milliseconds{100};

bool has_begun(const Connection& connection) {
    return connection.phase == Phase::request || connection.phase == Phase::closing;
}

}  // namespace

Parking::Parking(Ready ready, Expired expired)
    : ready_{std::move(ready)},
      expired_{std::move(expired)},
      epoll_{::epoll_create1(EPOLL_CLOEXEC)},
      wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = wake_;
    if (epoll_ < 0 || wake_ < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0)
        throw std::runtime_error{"cannot set up epoll for the HTTP server"};
    thread_ = std::thread{[this] { loop(); }};
    ::pthread_setname_np(thread_.native_handle(), "http-parking");
}

Parking::~Parking() {
    close_all();
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
    thread_.join();
    ::close(wake_);
    ::close(epoll_);
}

void Parking::park(std::unique_ptr<Connection> connection) {
    Accepts accepts{};
    {
        const std::lock_guard lock{mutex_};
        accepts = accepts_;
        if (accepts == Accepts::all || (accepts == Accepts::begun && has_begun(*connection))) {
            Connection& kept = *connection;
            parked_[kept.wire.descriptor()] = std::move(connection);
            watch(kept);
            return;
        }
    }
    if (accepts == Accepts::none) expired_(std::move(connection), Why::stopping);
}

bool Parking::evict_longest() {
    std::unique_ptr<Connection> victim;
    const std::lock_guard lock{mutex_};
    const auto longest = std::min_element(parked_.begin(), parked_.end(), [](const auto& a, const auto& b) {
        return a.second->phase_since < b.second->phase_since;
    });
    if (longest == parked_.end()) return false;
    victim = std::move(longest->second);
    parked_.erase(longest);
    return true;
}

void Parking::close_idle() {
    std::vector<std::unique_ptr<Connection>> idle;
    const std::lock_guard lock{mutex_};
    accepts_ = Accepts::begun;
    for (auto at = parked_.begin(); at != parked_.end();) {
        // A request that came in this very moment was sent to us, not to nobody: it is answered.
        if (has_begun(*at->second) || at->second->wire.has_bytes()) {
            ++at;
        } else {
            idle.push_back(std::move(at->second));
            at = parked_.erase(at);
        }
    }
}

void Parking::close_all() {
    std::unordered_map<int, std::unique_ptr<Connection>> all;
    {
        const std::lock_guard lock{mutex_};
        accepts_ = Accepts::none;
        all.swap(parked_);
    }
    for (auto& [descriptor, connection] : all)
        expired_(std::move(connection), Why::stopping);
}

void Parking::loop() {
    SteadyTime next_sweep = SteadyClock::now() + sweep_every;
    std::array<epoll_event, 128> events{};
    for (;;) {
        const int count = ::epoll_wait(epoll_, events.data(), events.size(), static_cast<int>(sweep_every.count()));
        for (int i = 0; i < count; ++i) {
            const int descriptor = events.at(static_cast<std::size_t>(i)).data.fd;
            if (descriptor == wake_) return;
            hand_over_ready(descriptor);
        }
        if (const SteadyTime now = SteadyClock::now(); now >= next_sweep) {
            expire_overdue(now);
            next_sweep = now + sweep_every;
        }
    }
}

/// The event may be old and its descriptor by now another connection's; a worker then merely finds no bytes.
void Parking::hand_over_ready(int descriptor) {
    if (std::unique_ptr<Connection> connection = take(descriptor)) ready_(std::move(connection));
}

void Parking::expire_overdue(SteadyTime now) {
    std::vector<std::unique_ptr<Connection>> overdue;
    {
        const std::lock_guard lock{mutex_};
        for (auto at = parked_.begin(); at != parked_.end();) {
            if (at->second->deadline > now) {
                ++at;
            } else {
                overdue.push_back(std::move(at->second));
                at = parked_.erase(at);
            }
        }
    }
    for (std::unique_ptr<Connection>& connection : overdue)
        expired_(std::move(connection), Why::too_slow);
}

std::unique_ptr<Connection> Parking::take(int descriptor) {
    const std::lock_guard lock{mutex_};
    const auto at = parked_.find(descriptor);
    if (at == parked_.end()) return nullptr;
    std::unique_ptr<Connection> connection = std::move(at->second);
    parked_.erase(at);
    return connection;
}

/// One event, then silence until parked again: between the two a worker owns the connection.
void Parking::watch(Connection& connection) {
    epoll_event event{};
    event.events = (connection.wire.wants_to_write() ? EPOLLOUT : EPOLLIN) | EPOLLRDHUP | EPOLLONESHOT;
    event.data.fd = connection.wire.descriptor();
    const int change = connection.known_to_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    connection.known_to_epoll = true;
    // A failure (out of memory) leaves the connection to its deadline.
    (void)::epoll_ctl(epoll_, change, connection.wire.descriptor(), &event);
}

}  // namespace roamguard::http
