#include "service/http/exchange.h"

#include <openssl/rand.h>

#include <array>
#include <exception>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "service/http/problem.h"

namespace roamguard::http {
namespace {

using Phase = Connection::Phase;

constexpr std::size_t slowest_reader_bytes_s = 64 * 1024;

Response refusal_response(const Refused& refused) { return problem(refused.status, refused.code, refused.detail); }

std::string random_reference() {
    std::array<unsigned char, 8> bytes{};
    if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return "unavailable";
    return fmt::format("{:02x}", fmt::join(bytes, ""));
}

bool must_not_be_stored(std::string_view path) {
    return path.rfind("/v1/", 0) == 0 || path == "/v1" || path.rfind("/c/", 0) == 0 || path == "/c";
}

/// Its signature covers the body, so who sent it is known only when the body is here.
bool is_signed(const Request& request) {
    return request.header("webhook-signature") && !request.header("authorization");
}

void take_body(Connection& connection) {
    Awaited& awaited = *connection.awaited;
    if (connection.received.size() == awaited.body_bytes) {
        awaited.request.body = std::exchange(connection.received, {});
    } else {
        awaited.request.body = connection.received.substr(0, awaited.body_bytes);
        connection.received.erase(0, awaited.body_bytes);
    }
    awaited.body_bytes = 0;
}

void begin_next(Connection& connection) {
    connection.awaited.reset();
    connection.scanned = 0;
    connection.phase = connection.received.empty() ? Phase::idle : Phase::request;
    connection.phase_since = SteadyClock::now();
    connection.hold(connection.received.size());
}

}  // namespace

Exchange::Exchange(Router router, Authorizer authorizer, const Hooks& hooks, const ServerOptions& options)
    : router_{std::move(router)},
      authorizer_{std::move(authorizer)},
      hooks_{hooks},
      write_timeout_{options.write_timeout_s},
      max_header_bytes_{options.max_header_bytes} {}

Exchange::Next Exchange::serve(Connection& connection) const {
    for (;;) {
        if (!connection.awaited) {
            tl::expected<Arrival, Refused> arrival = read_awaited(connection);
            if (!arrival) return refuse(connection, refusal_response(arrival.error()));
            if (!arrival->complete) return Next::read;
            if (const std::optional<Response> refusal = std::move(arrival->refusal)) {
                if (const Next next = answer(connection, *refusal); next != Next::read) return next;
                continue;
            }
        }
        if (connection.received.size() < connection.awaited->body_bytes) return Next::read;
        take_body(connection);
        const Response response = handle(*connection.awaited);
        if (const Next next = answer(connection, response); next != Next::read) return next;
    }
}

/// Whether a whole head is here and, then, why its request is not to be handled.
tl::expected<Exchange::Arrival, Refused> Exchange::read_awaited(Connection& connection) const {
    std::string& received = connection.received;
    // RFC 9112, 2.2: one empty line before a request is forgiven.
    if (connection.scanned == 0 && received.compare(0, 2, "\r\n") == 0) received.erase(0, 2);
    const auto length = head_length(received, connection.scanned, max_header_bytes_);
    if (!length) return tl::unexpected{length.error()};
    if (*length == 0) {
        connection.scanned = received.size();
        return Arrival{};
    }
    tl::expected<Head, Refused> head = read_head(std::string_view{received}.substr(0, *length));
    if (!head) return tl::unexpected{std::move(head.error())};
    received.erase(0, *length);
    Awaited& awaited = connection.awaited.emplace();
    awaited.request = std::move(head->request);
    awaited.request.remote_address = connection.wire.remote_address();
    awaited.body_bytes = head->content_length;
    awaited.keep_alive = head->keep_alive;
    return Arrival{true, admit(awaited, head->segments)};
}

std::optional<Response> Exchange::admit(Awaited& awaited, const std::vector<std::string>& segments) const {
    Router::Found found = router_.find(awaited.request.method, segments);
    if (found.route == nullptr && found.allowed.empty())
        return problem(404, "not_found", "There is nothing at this path.");
    if (found.route == nullptr) {
        Response refusal = problem(405, "method_not_allowed", "This path answers to " + found.allowed + '.');
        refusal.headers.emplace_back("Allow", found.allowed);
        return refusal;
    }
    awaited.route = found.route;
    awaited.request.captures = std::move(found.captures);
    if (awaited.body_bytes > found.route->max_body)
        return problem(413, "body_too_large", fmt::format("The body is over {} bytes.", found.route->max_body));
    return is_signed(awaited.request) ? std::nullopt : authorize(awaited);
}

std::optional<Response> Exchange::authorize(Awaited& awaited) const {
    awaited.authorized = true;
    if (!authorizer_) return std::nullopt;
    try {
        return authorizer_(awaited.request, *awaited.route);
    } catch (...) {
        return failure(std::current_exception());
    }
}

Response Exchange::handle(Awaited& awaited) const {
    if (!awaited.authorized) {
        if (std::optional<Response> refusal = authorize(awaited)) return std::move(*refusal);
    }
    try {
        return awaited.route->handle(awaited.request);
    } catch (...) {
        return failure(std::current_exception());
    }
}

/// Next::read: the connection is ready for its next request.
Exchange::Next Exchange::answer(Connection& connection, const Response& response) const {
    const Awaited& awaited = *connection.awaited;
    const bool whole = connection.received.size() >= awaited.body_bytes;
    const bool keep = whole && awaited.keep_alive && !winding_down_;
    const Last last = keep ? Last::no : Last::yes;
    const auto [bytes, status] = bytes_of(response, awaited, last);
    const bool sent = send(connection, bytes);
    if (hooks_.done) {
        const std::chrono::duration<double> took = SteadyClock::now() - awaited.since;
        hooks_.done(awaited.route != nullptr ? awaited.route->pattern : "-", awaited.request.method, status,
                    took.count());
    }
    if (whole) connection.received.erase(0, awaited.body_bytes);
    begin_next(connection);
    if (!sent) return Next::close;
    if (keep) return Next::read;
    return whole && connection.received.empty() ? Next::close : Next::close_gently;
}

Exchange::Next Exchange::refuse(Connection& connection, const Response& response) const {
    const bool sent = send(connection, answer_bytes(response, {.close = true, .head_only = false, .no_store = true}));
    tell_refused(connection, response.status);
    return sent ? Next::close_gently : Next::close;
}

void Exchange::refuse_at_once(Connection& connection, const Response& response) const {
    connection.wire.send_now(answer_bytes(response, {.close = true, .head_only = false, .no_store = true}));
    connection.wire.finish_sending();
    tell_refused(connection, response.status);
}

void Exchange::tell_refused(const Connection& connection, int status) const {
    if (!hooks_.done) return;
    const std::chrono::duration<double> took = SteadyClock::now() - connection.phase_since;
    const bool known = connection.awaited && connection.awaited->route != nullptr;
    hooks_.done(known ? connection.awaited->route->pattern : "-",
                connection.awaited ? connection.awaited->request.method : "-", status, took.count());
}

/// A slow reader holds a thread, so it has to take a certain amount a second.
bool Exchange::send(Connection& connection, const std::string& bytes) const {
    const auto extra = std::chrono::seconds{bytes.size() / slowest_reader_bytes_s};
    return connection.wire.send_all(bytes, SteadyClock::now() + write_timeout_ + extra);
}

std::pair<std::string, int> Exchange::bytes_of(const Response& response, const Awaited& awaited, Last last) const {
    const AnswerFraming framing{.close = last == Last::yes,
                                .head_only = awaited.request.method == "HEAD",
                                .no_store = awaited.route == nullptr || must_not_be_stored(awaited.request.path)};
    try {
        return {answer_bytes(response, framing), response.status};
    } catch (...) {
        const Response instead = failure(std::current_exception());
        return {answer_bytes(instead, framing), instead.status};
    }
}

/// What was thrown may quote secrets, paths or SQL: the log gets it, the caller a reference to find it by.
Response Exchange::failure(const std::exception_ptr& thrown) const {
    const std::string reference = random_reference();
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
        hooks_.report(reference, error.what());
    } catch (...) {
        hooks_.report(reference, "something that is no std::exception");
    }
    return problem(500, "internal_error", "Something went wrong here; the operator finds it as " + reference + '.', {},
                   {{"reference", reference}});
}

Response busy_response(const std::string& detail) {
    Response response = problem(503, "busy", detail);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace roamguard::http
