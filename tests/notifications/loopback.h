#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "service/http/server.h"
#include "tests/http/raw_client.h"

// What the tests of the drivers talk to: real servers on the loopback interface.
namespace roamguard::notifications {

/// A server with one route that answers what the test says and keeps what it was asked.
class Recorder {
public:
    Recorder(std::string method, std::string path, std::function<http::Response(const http::Request&)> answer)
        : path_{std::move(path)}, answer_{std::move(answer)} {
        http::ServerOptions options;
        options.port = 0;
        options.threads = 8;
        http::Route route;
        route.method = std::move(method);
        route.pattern = path_;
        route.handle = [this](const http::Request& request) {
            {
                const std::lock_guard lock{mutex_};
                asked_.push_back(request);
            }
            return answer_(request);
        };
        server_ = std::make_unique<http::Server>(options, std::vector<http::Route>{route}, nullptr);
        server_->start();
    }
    [[nodiscard]] std::string server() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
    [[nodiscard]] std::string url() const { return server() + path_; }
    [[nodiscard]] std::vector<http::Request> asked() {
        const std::lock_guard lock{mutex_};
        return asked_;
    }
    void stop() { server_->stop(); }

private:
    const std::string path_;
    const std::function<http::Response(const http::Request&)> answer_;
    std::mutex mutex_;
    std::vector<http::Request> asked_;
    std::unique_ptr<http::Server> server_;
};

/// A server of one thread that does with each accepted descriptor, counted from 1, what it is told, and closes it.
class Scripted {
public:
    explicit Scripted(std::function<void(int connection, int number)> script)
        : descriptor_{::socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        REQUIRE(::bind(descriptor_, reinterpret_cast<sockaddr*>(&address), length) == 0);
        REQUIRE(::listen(descriptor_, 8) == 0);
        ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread{[this, script = std::move(script)] {
            for (int connection = ::accept(descriptor_, nullptr, nullptr); connection >= 0;
                 connection = ::accept(descriptor_, nullptr, nullptr)) {
                script(connection, ++accepted_);
                ::close(connection);
            }
        }};
    }
    ~Scripted() {
        ::shutdown(descriptor_, SHUT_RDWR);
        thread_.join();
        ::close(descriptor_);
    }
    Scripted(const Scripted&) = delete;
    Scripted& operator=(const Scripted&) = delete;
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] int accepted() const { return accepted_; }

private:
    int descriptor_;
    int port_ = 0;
    std::atomic<int> accepted_{0};
    std::thread thread_;
};

/// Reads what one request brings, once.
inline void swallow(int connection) {
    char buffer[4096];
    (void)!::recv(connection, buffer, sizeof buffer, 0);
}

inline void say(int connection, std::string_view bytes) {
    (void)!::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

}  // namespace roamguard::notifications
