#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "service/http/connection.h"
#include "service/http/router.h"
#include "service/http/server.h"

namespace roamguard::http {

/// Who hears of what happened. Set before the first request, constant afterwards.
struct Hooks {
    std::function<void(const std::string& pattern, const std::string& method, int status, double seconds)> done;
    std::function<void(const std::string& reference, const std::string& what)> error;

    void report(const std::string& reference, const std::string& what) const {
        if (error) error(reference, what);
    }
};

/// Turns the bytes a connection received into answers: head, route, authorization, body, handler, answer.
/// Immutable but for the order to wind down; serve() runs on many threads.
class Exchange {
public:
    Exchange(Router router, Authorizer authorizer, const Hooks& hooks, const ServerOptions& options);

    enum class Next {
        read,          ///< more bytes must come
        close,         ///< nothing more to say, nothing left unread
        close_gently,  ///< nothing more to say, but the other side may still be sending
    };
    /// Answers every whole request in connection.received, in order.
    [[nodiscard]] Next serve(Connection& connection) const;
    /// Answers what is not to be served at all. Waits for the other side to take it.
    [[nodiscard]] Next refuse(Connection& connection, const Response& response) const;
    /// The same where nobody may wait; the connection is to be closed.
    void refuse_at_once(Connection& connection, const Response& response) const;
    /// From now on each answer is its connection's last.
    void wind_down() { winding_down_ = true; }

private:
    struct Arrival {
        bool complete = false;
        std::optional<Response> refusal;
    };
    enum class Last { no, yes };

    [[nodiscard]] tl::expected<Arrival, Refused> read_awaited(Connection& connection) const;
    [[nodiscard]] std::optional<Response> admit(Awaited& awaited, const std::vector<std::string>& segments) const;
    [[nodiscard]] std::optional<Response> authorize(Awaited& awaited) const;
    [[nodiscard]] Response handle(Awaited& awaited) const;
    [[nodiscard]] Next answer(Connection& connection, const Response& response) const;
    [[nodiscard]] bool send(Connection& connection, const std::string& bytes) const;
    [[nodiscard]] std::pair<std::string, int> bytes_of(const Response& response, const Awaited& awaited,
                                                       Last last) const;
    [[nodiscard]] Response failure(const std::exception_ptr& thrown) const;
    void tell_refused(const Connection& connection, int status) const;

    const Router router_;
    const Authorizer authorizer_;
    const Hooks& hooks_;
    const std::chrono::seconds write_timeout_;
    const std::size_t max_header_bytes_;
    std::atomic<bool> winding_down_{false};
};

/// The `503` of a server that has no room, with Retry-After.
[[nodiscard]] Response busy_response(const std::string& detail);

}  // namespace roamguard::http
