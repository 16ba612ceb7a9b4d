#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace roamguard::http {

/// Binds a port and accepts connections on a thread of its own. start() and stop() from one thread.
class Listener {
public:
    using Accepted = std::function<void(int descriptor)>;  ///< owns the descriptor; must not wait
    using Trouble = std::function<void(const std::string& what)>;

    /// Binds; throws std::runtime_error with a sentence naming the address when it cannot. Port 0: any free one.
    Listener(std::string host, int port, Accepted accepted, Trouble trouble);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    [[nodiscard]] int port() const { return port_; }
    void start();
    /// Stops accepting and joins.
    void stop();

private:
    class Acceptor;
    void loop();
    [[nodiscard]] std::unique_ptr<Acceptor> bound();
    [[nodiscard]] bool listen_again();

    const std::string host_;
    int port_;
    const Accepted accepted_;
    const Trouble trouble_;
    std::mutex mutex_;
    bool stopping_ = false;               ///< guarded by mutex_
    std::unique_ptr<Acceptor> acceptor_;  ///< replaced under mutex_
    std::thread thread_;
};

}  // namespace roamguard::http
