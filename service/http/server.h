#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/http/doc.h"

namespace roamguard::http {

/// A request as handlers see it: no library type passes this line. Header values as received, names lower-case.
struct Request {
    std::string method;
    std::string path;                                             ///< decoded, without the query
    std::vector<std::pair<std::string, std::string>> parameters;  ///< of the query, decoded, in order
    std::vector<std::pair<std::string, std::string>> headers;     ///< names lower-case
    std::vector<std::string> captures;                            ///< the {parts} of the route's pattern, decoded
    std::string body;
    std::string remote_address;  ///< of the socket, never of a header
    std::string role;            ///< the caller's role, filled by the authorizer; `admin` without keys
    std::string role_name;       ///< the caller's key name for audit, filled by the authorizer; `local` without keys

    [[nodiscard]] std::optional<std::string> header(std::string_view lower_name) const;
    [[nodiscard]] std::optional<std::string> parameter(std::string_view name) const;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// Who may call a route: any of the roles of contract section 9; empty roles means anyone (health, pages).
struct Route {
    std::string method;   ///< GET, POST, PUT, PATCH, DELETE, OPTIONS
    std::string pattern;  ///< `/v1/subscribers/{msisdn}/timeline`: a {part} matches one segment
    std::vector<std::string> roles;
    std::string summary;  ///< one sentence, for the reference
    std::size_t max_body = 64 * 1024;
    std::function<Response(const Request&)> handle;
    Doc doc = {};  ///< what the reference says beyond this; every route of the program has one
};

/// Decides who calls. Returns nothing to let the request pass (having set role_name), or the refusal (401, 403).
/// Called after routing and before the body is read, so that strangers cannot make us hold bodies; only a request
/// with `webhook-signature` and without `authorization` is read first, because its signature covers the body.
using Authorizer = std::function<std::optional<Response>(Request&, const Route&)>;

struct ServerOptions {
    std::string host = "127.0.0.1";
    int port = 8080;  ///< 0: any free port
    int threads = 512;
    int read_timeout_s = 5;      ///< a receive with no byte
    int request_timeout_s = 30;  ///< from a request's first byte to its last
    int write_timeout_s = 10;    ///< and a second more for each 64 KiB of the answer
    int keep_alive_s = 30;
    std::size_t max_header_bytes = 16 * 1024;
    std::string certificate, private_key, client_ca;  ///< PEM paths; empty: plain HTTP
    int max_queued_connections = 1024;  ///< beyond one a thread; over that the one waiting longest is closed, or 503
    std::size_t max_received_bytes = 96 * 1024 * 1024;  ///< of heads and bodies held at once, over all connections
};

/// The HTTP/1.1 server: routes, refusals of malformed framing, limits, problem details for its own refusals
/// (404, 405 with Allow, 411, 413, 415 of encodings, 431, 500 without any detail of the exception).
/// Connections wait for bytes in an epoll set and hold a thread only while a whole request is handled, so silent and
/// dripping ones cost nobody anything. start() and stop() from one thread; handlers run on pool threads.
class Server {
public:
    Server(ServerOptions options, std::vector<Route> routes, Authorizer authorizer);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds and listens; throws std::runtime_error with a sentence naming the address when it cannot.
    void start();
    /// The bound port.
    [[nodiscard]] int port() const;
    /// Stops accepting, lets requests under way finish, joins. Idle kept-alive connections are closed at once; a
    /// request still arriving has a second to do so, then it is answered 503.
    void stop();
    /// Reads the TLS files again for later connections; throws std::runtime_error, and keeps the old, when they fail.
    void reload_certificates();
    /// Called after every request with route pattern, method, status and duration, for metrics and the access log.
    /// Pattern `-` where no route was found and method `-` where none was read. Set before start(), as on_error().
    void on_done(
        std::function<void(const std::string& pattern, const std::string& method, int status, double seconds)> done);
    /// Called when a handler throws: the last resort's log. The client sees a plain 500 with a reference. Also with
    /// the reference `listener` when accepting connections failed and was begun anew.
    void on_error(std::function<void(const std::string& reference, const std::string& what)> error);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace roamguard::http
