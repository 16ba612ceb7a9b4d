#include "service/http/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

#include "service/http/connection.h"
#include "service/http/exchange.h"
#include "service/http/listener.h"
#include "service/http/parking.h"
#include "service/http/problem.h"
#include "service/http/workers.h"

namespace roamguard::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Phase = Connection::Phase;

constexpr milliseconds stop_grace{1000};   ///< for requests still arriving when told to stop
constexpr milliseconds wait_in_place{20};  ///< a worker with time stays with a connection so long between requests
constexpr seconds closing_patience{2};     ///< for the other side to read our last answer and close
constexpr std::size_t max_discarded_bytes = 1024 * 1024;
constexpr std::size_t head_read_bytes = 16 * 1024;
constexpr int spare_descriptors = 128;  ///< for databases, logs and outgoing connections

std::optional<std::string> first_value(const std::vector<std::pair<std::string, std::string>>& pairs,
                                       std::string_view name) {
    for (const auto& [key, value] : pairs) {
        if (key == name) return value;
    }
    return std::nullopt;
}

/// The customary soft limit of 1,024 descriptors is there for programs that use select(). Returns what there is.
int descriptor_limit(int wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
    const rlim_t target = std::min(static_cast<rlim_t>(wanted), limit.rlim_max);
    if (limit.rlim_cur < target) {
        limit.rlim_cur = target;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        ::getrlimit(RLIMIT_NOFILE, &limit);
    }
    return static_cast<int>(std::min<rlim_t>(limit.rlim_cur, static_cast<rlim_t>(wanted)));
}

void begin_request(Connection& connection) {
    if (connection.phase == Phase::request) return;
    connection.phase = Phase::request;
    connection.phase_since = SteadyClock::now();
}

void begin_closing(Connection& connection) {
    connection.wire.finish_sending();
    connection.phase = Phase::closing;
    connection.phase_since = SteadyClock::now();
    connection.awaited.reset();
    connection.received.clear();
    connection.hold(0);
}

/// False: enough thrown away.
bool discard_received(Connection& connection) {
    connection.discarded_bytes += connection.received.size();
    connection.received.clear();
    return connection.discarded_bytes <= max_discarded_bytes;
}

std::size_t bytes_to_read(const Connection& connection) {
    if (!connection.awaited) return head_read_bytes;
    return connection.awaited->body_bytes - connection.received.size();
}

}  // namespace

std::optional<std::string> Request::header(std::string_view lower_name) const {
    return first_value(headers, lower_name);
}

std::optional<std::string> Request::parameter(std::string_view name) const { return first_value(parameters, name); }

/// Threads: `http-listener` accepts, `http-parking` watches connections that wait for bytes, `http-worker`s read,
/// handle and answer.
struct Server::Impl {
    Impl(ServerOptions given, std::vector<Route> routes, Authorizer authorizer)
        : options{std::move(given)}, exchange{Router{std::move(routes)}, std::move(authorizer), hooks, options} {}

    void start();
    void stop();
    void accept(int descriptor);
    void work(std::unique_ptr<Connection> connection);
    void serve(std::unique_ptr<Connection>& connection);
    [[nodiscard]] Exchange::Next answer_received(Connection& connection);
    void park(std::unique_ptr<Connection> connection);
    void expire(std::unique_ptr<Connection> connection, Parking::Why why) const;
    [[nodiscard]] SteadyTime deadline_of(const Connection& connection) const;
    void wait_for_connections(SteadyTime until) const;

    const ServerOptions options;
    Hooks hooks;
    Exchange exchange;
    int max_connections = 0;
    int port = 0;
    Load load;
    std::unique_ptr<Tls> tls;
    std::unique_ptr<Workers> workers;
    std::unique_ptr<Parking> parking;
    std::unique_ptr<Listener> listener;
};

void Server::Impl::start() {
    if (listener) throw std::logic_error{"an HTTP server starts once"};
    if (!options.certificate.empty())
        tls = std::make_unique<Tls>(options.certificate, options.private_key, options.client_ca);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    auto bound = std::make_unique<Listener>(
        options.host, options.port, [this](int descriptor) { accept(descriptor); },
        [this](const std::string& what) { hooks.report("listener", what); });
    const int wanted = options.threads + options.max_queued_connections;
    max_connections = std::max(16, descriptor_limit(wanted + spare_descriptors) - spare_descriptors);
    workers =
        std::make_unique<Workers>(static_cast<std::size_t>(std::max(1, options.threads)),
                                  [this](std::unique_ptr<Connection> connection) { work(std::move(connection)); });
    parking = std::make_unique<Parking>(
        [this](std::unique_ptr<Connection> connection) { workers->enqueue(std::move(connection)); },
        [this](std::unique_ptr<Connection> connection, Parking::Why why) { expire(std::move(connection), why); });
    listener = std::move(bound);
    port = listener->port();
    listener->start();
}

void Server::Impl::stop() {
    if (!listener || !workers) return;
    exchange.wind_down();
    listener->stop();
    parking->close_idle();
    wait_for_connections(SteadyClock::now() + stop_grace);
    parking->close_all();
    wait_for_connections(SteadyTime::max());
    parking.reset();
    workers.reset();
}

void Server::Impl::accept(int descriptor) {
    try {
        const bool full = load.connections >= max_connections && !parking->evict_longest();
        auto connection = std::make_unique<Connection>(descriptor, tls.get(), load);
        if (full) return exchange.refuse_at_once(*connection, busy_response("All connections are in use."));
        park(std::move(connection));
    } catch (const std::exception& error) {
        hooks.report("listener", error.what());
    }
}

void Server::Impl::work(std::unique_ptr<Connection> connection) {
    try {
        serve(connection);
    } catch (const std::exception& error) {
        hooks.report("connection", error.what());
    }
}

void Server::Impl::serve(std::unique_ptr<Connection>& connection) {
    Connection& current = *connection;
    for (;;) {
        const Wire::Received got = current.wire.receive(current.received, bytes_to_read(current));
        if (got == Wire::Received::closed) return;
        if (got == Wire::Received::nothing_yet) {
            const bool stay = current.phase == Phase::idle && workers->has_time();
            if (stay && current.wire.wait_readable(wait_in_place)) continue;
            return park(std::move(connection));
        }
        if (current.phase == Phase::closing) {
            if (!discard_received(current)) return;
            continue;
        }
        const Exchange::Next next = answer_received(current);
        if (next == Exchange::Next::close) return;
        if (next == Exchange::Next::close_gently) begin_closing(current);
    }
}

Exchange::Next Server::Impl::answer_received(Connection& connection) {
    begin_request(connection);
    connection.hold(connection.received.size());
    if (load.received_bytes > options.max_received_bytes)
        return exchange.refuse(connection, busy_response("Too many requests are being received."));
    return exchange.serve(connection);
}

void Server::Impl::park(std::unique_ptr<Connection> connection) {
    connection->deadline = deadline_of(*connection);
    parking->park(std::move(connection));
}

void Server::Impl::expire(std::unique_ptr<Connection> connection, Parking::Why why) const {
    if (connection->phase != Phase::request) return;
    exchange.refuse_at_once(*connection, why == Parking::Why::stopping
                                             ? busy_response("The server is stopping.")
                                             : problem(408, "request_timeout", "The request took too long to arrive."));
}

SteadyTime Server::Impl::deadline_of(const Connection& connection) const {
    switch (connection.phase) {
        case Phase::fresh:
            return connection.phase_since + seconds{options.read_timeout_s};
        case Phase::idle:
            return connection.phase_since + seconds{options.keep_alive_s};
        case Phase::request:
            return std::min(SteadyClock::now() + seconds{options.read_timeout_s},
                            connection.phase_since + seconds{options.request_timeout_s});
        case Phase::closing:
            return connection.phase_since + closing_patience;
    }
    throw std::logic_error{"a connection in no phase"};
}

void Server::Impl::wait_for_connections(SteadyTime until) const {
    while (load.connections > 0 && SteadyClock::now() < until)
        std::this_thread::sleep_for(milliseconds{1});
}

Server::Server(ServerOptions options, std::vector<Route> routes, Authorizer authorizer)
    : impl_{std::make_unique<Impl>(std::move(options), std::move(routes), std::move(authorizer))} {}

Server::~Server() { stop(); }

void Server::start() { impl_->start(); }

int Server::port() const { return impl_->port; }

void Server::stop() { impl_->stop(); }

void Server::reload_certificates() {
    if (impl_->tls) impl_->tls->reload();
}

void Server::on_done(std::function<void(const std::string&, const std::string&, int, double)> done) {
    impl_->hooks.done = std::move(done);
}

void Server::on_error(std::function<void(const std::string&, const std::string&)> error) {
    impl_->hooks.error = std::move(error);
}

}  // namespace roamguard::http
