#include "service/http/server.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <mutex>
#include <thread>

#include "service/http/problem.h"
#include "tests/http/raw_client.h"

namespace roamguard::http {
namespace {

using namespace std::chrono_literals;
using testing::answers_in;
using testing::ask;
using testing::body_of;
using testing::RawClient;
using testing::status_of;
using Clock = std::chrono::steady_clock;

Response text(std::string body) {
    Response response;
    response.content_type = "text/plain";
    response.body = std::move(body);
    return response;
}

Route route(std::string method, std::string pattern, std::function<Response(const Request&)> handle) {
    Route made;
    made.method = std::move(method);
    made.pattern = std::move(pattern);
    made.handle = std::move(handle);
    return made;
}

/// A server on a free port, with what its hooks heard.
struct Running {
    explicit Running(std::vector<Route> routes, ServerOptions options = {}, Authorizer authorizer = {})
        : server{with_free_port(std::move(options)), std::move(routes), std::move(authorizer)} {
        server.on_done([this](const std::string& pattern, const std::string& method, int status, double) {
            const std::lock_guard lock{mutex};
            done.push_back(method + ' ' + pattern + ' ' + std::to_string(status));
        });
        server.on_error([this](const std::string& reference, const std::string& what) {
            const std::lock_guard lock{mutex};
            errors.emplace_back(reference, what);
        });
        server.start();
    }

    static ServerOptions with_free_port(ServerOptions options) {
        options.port = 0;
        return options;
    }
    [[nodiscard]] std::string get(const std::string& target) const {
        return ask(server.port(), "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
    }

    std::mutex mutex;
    std::vector<std::string> done;
    std::vector<std::pair<std::string, std::string>> errors;
    Server server;
};

std::vector<Route> ping_and_echo(std::atomic<int>& handled) {
    const auto count = [&handled](const std::string& name) {
        return [&handled, name](const Request& request) {
            ++handled;
            return text(name + request.body);
        };
    };
    return {route("GET", "/ping", count("pong")), route("POST", "/echo", count("echo:"))};
}

std::string post(const std::string& body, const std::string& headers = {}) {
    return "POST /echo HTTP/1.1\r\nHost: h\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string output_of(const char* command) {
    std::string out;
    FILE* pipe = ::popen(command, "r");
    REQUIRE(pipe != nullptr);
    char buffer[4096];
    for (std::size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        out.append(buffer, got);
    REQUIRE(::pclose(pipe) == 0);
    return out;
}

bool accepts(int port) {
    try {
        const RawClient client{port};
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

/// The process's descriptor that listens on `port`.
int listening_descriptor(int port) {
    for (int descriptor = 3; descriptor < 4096; ++descriptor) {
        int listening = 0;
        socklen_t length = sizeof listening;
        sockaddr_in address{};
        socklen_t address_length = sizeof address;
        if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening == 1 &&
            ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &address_length) == 0 &&
            ntohs(address.sin_port) == port)
            return descriptor;
    }
    return -1;
}

}  // namespace

TEST_CASE("a path finds its route and fills the captures, literal segments before parts") {
    const auto named = [](const std::string& name) {
        return [name](const Request& request) {
            std::string out = name;
            for (const std::string& capture : request.captures)
                out += '|' + capture;
            return text(out);
        };
    };
    Running running{{route("GET", "/v1/events/{id}", named("event")),
                     route("GET", "/v1/events/rejected", named("list")),
                     route("GET", "/v1/s/{msisdn}/cases/{case}", named("case")), route("GET", "/", named("root"))}};
    CHECK(body_of(running.get("/v1/events/7")) == "event|7");
    CHECK(body_of(running.get("/v1/events/rejected")) == "list");
    CHECK(body_of(running.get("/v1/s/%2B447700900123/cases/a%2Fb?x=1")) == "case|+447700900123|a/b");
    CHECK(body_of(running.get("/")) == "root");
    CHECK(status_of(running.get("/v1/events/")) == 404);
    CHECK(status_of(running.get("/v1/events/7/")) == 404);
    CHECK(status_of(running.get("/v1")) == 404);
}

TEST_CASE("an unknown path is 404 and an unknown method is 405 that names the known ones") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    const std::string missing = running.get("/nothing");
    CHECK(status_of(missing) == 404);
    CHECK(body_of(missing) ==
          R"({"code":"not_found","detail":"There is nothing at this path.","status":404,"title":"Not Found",)"
          R"("type":"urn:roamguard:problem:not_found"})");
    CHECK(missing.find("Content-Type: application/problem+json\r\n") != std::string::npos);
    const std::string wrong = ask(running.server.port(), "DELETE /ping HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(status_of(wrong) == 405);
    CHECK(wrong.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
    CHECK(body_of(wrong).find("This path answers to GET, HEAD.") != std::string::npos);
    CHECK(handled == 0);
}

TEST_CASE("HEAD is answered like GET without the body") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    RawClient client{running.server.port()};
    client.send("HEAD /ping HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const std::string answer = client.read_all();
    CHECK(status_of(answer) == 200);
    CHECK(answer.find("Content-Length: 4\r\n") != std::string::npos);
    CHECK(body_of(answer).empty());
}

TEST_CASE("a connection serves request after request, pipelined ones in order") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    RawClient client{running.server.port()};
    client.send(post("one"));
    CHECK(body_of(client.read_answer()) == "echo:one");
    client.send("\r\n" + post("two") + "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n" + post("three"));
    CHECK(body_of(client.read_answer()) == "echo:two");
    CHECK(body_of(client.read_answer()) == "pong");
    CHECK(body_of(client.read_answer()) == "echo:three");
    std::this_thread::sleep_for(100ms);  // longer than a worker stays with the connection
    client.send(post("four"));
    CHECK(body_of(client.read_answer()) == "echo:four");
}

TEST_CASE("a request that arrives byte by byte is put together") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    RawClient client{running.server.port()};
    for (const char byte : post("slow")) {
        client.send(std::string_view{&byte, 1});
        std::this_thread::sleep_for(500us);
    }
    CHECK(body_of(client.read_answer()) == "echo:slow");
}

TEST_CASE("the remote address is the socket's whatever headers claim") {
    Running running{{route("GET", "/who", [](const Request& request) {
        return text(request.remote_address + '|' + request.header("remote_addr").value_or("none") + '|' +
                    request.header("local_port").value_or("none"));
    })}};
    CHECK(body_of(running.get("/who")) == "127.0.0.1|none|none");
    CHECK(body_of(ask(running.server.port(), "GET /who HTTP/1.1\r\nHost: h\r\nREMOTE_ADDR: 10.9.8.7\r\n\r\n")) ==
          "127.0.0.1|10.9.8.7|none");
}

TEST_CASE("every answer forbids sniffing, and answers about customers forbid storing") {
    const auto empty = [](const Request&) { return text(""); };
    Running running{{route("GET", "/v1/x", empty), route("GET", "/c/{token}", empty), route("GET", "/docs", empty)}};
    const std::string no_store = "Cache-Control: no-store\r\n";
    for (const char* path : {"/v1/x", "/c/t", "/docs", "/nothing"}) {
        CAPTURE(path);
        const std::string answer = running.get(path);
        CHECK(answer.find("X-Content-Type-Options: nosniff\r\n") != std::string::npos);
        CHECK((answer.find(no_store) != std::string::npos) == (std::string{path} != "/docs"));
    }
}

TEST_CASE("malformed framing is refused with its status and sentence, nothing is handled and the connection ends") {
    struct Case {
        std::string bytes;
        int status;
        std::string code, detail;
    };
    const std::string h = " HTTP/1.1\r\nHost: h\r\n";
    const std::string smuggled = "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::vector<Case> cases{
        {"POST /echo" + h + "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n" + smuggled, 411,
         "length_required", "Send the body with Content-Length; Transfer-Encoding is not accepted."},
        {"POST /echo" + h + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + smuggled, 411,
         "length_required", "Send the body with Content-Length; Transfer-Encoding is not accepted."},
        {"POST /echo" + h + "\r\n" + smuggled, 411, "length_required",
         "POST needs a Content-Length, 0 for an empty body."},
        {"POST /echo" + h + "Content-Length: 0\r\nContent-Length: 33\r\n\r\n" + smuggled, 400, "malformed_request",
         "Content-Length must occur once and be a plain number."},
        {"POST /echo" + h + "Content-Length: -2\r\n\r\n" + smuggled, 400, "malformed_request",
         "Content-Length must occur once and be a plain number."},
        {"GET /ping" + h + "Content-Length: 33\r\n\r\n" + smuggled, 400, "malformed_request",
         "GET must not have a body."},
        {"DELETE /ping" + h + "Content-Length: 33\r\n\r\n" + smuggled, 400, "malformed_request",
         "DELETE must not have a body."},
        {"POST /echo" + h + "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n" + smuggled, 417, "expectation_failed",
         "Send the body at once, without Expect."},
        {"GET /ping" + h + "Range: bytes=0-0\r\n\r\n" + smuggled, 400, "range_not_supported",
         "This server serves whole answers; send no Range."},
        {"GET /ping" + h + "X: a%0d%0aX-Injected: 2\r\n\r\n" + smuggled, 400, "malformed_request",
         "Header values must not carry control characters, line ends or NUL, encoded or not."},
        {"GET /ping" + h + "X: a%00\r\n\r\n" + smuggled, 400, "malformed_request",
         "Header values must not carry control characters, line ends or NUL, encoded or not."},
        {"GET /%00" + h + "\r\n" + smuggled, 400, "malformed_request",
         "The path must be UTF-8 without control characters."},
        {"GET /%c0%ae" + h + "\r\n" + smuggled, 400, "malformed_request",
         "The path must be UTF-8 without control characters."},
        {"GET /ping HTTP/1.1\nHost: h\n\n" + smuggled, 400, "malformed_request",
         "Lines of the head must end in CR LF."},
        {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400, "malformed_request",
         "This is not an HTTP request."},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version_not_supported", "This server speaks HTTP/1.1."},
    };
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    for (const Case& wrong : cases) {
        CAPTURE(wrong.bytes);
        RawClient client{running.server.port()};
        client.send(wrong.bytes);
        const std::string all = client.read_all();
        CHECK(status_of(all) == wrong.status);
        CHECK(all.find("\r\nConnection: close\r\n") != std::string::npos);
        CHECK(answers_in(all) == 1);
        const nlohmann::json body = nlohmann::json::parse(body_of(all));
        CHECK(body["type"] == "urn:roamguard:problem:" + wrong.code);
        CHECK(body["detail"] == wrong.detail);
        CHECK(body["status"] == wrong.status);
    }
    CHECK(handled == 0);
    CHECK(running.done.front() == "- - 411");
}

TEST_CASE("a thousand ranges get one small refusal") {
    Running running{{route("GET", "/big", [](const Request&) { return text(std::string(1 << 20, 'x')); })}};
    std::string ranges = "Range: bytes=0-";
    for (int i = 1; i < 1000; ++i)
        ranges += ",0-";
    const std::string answer = ask(running.server.port(), "GET /big HTTP/1.1\r\nHost: h\r\n" + ranges + "\r\n\r\n");
    CHECK(status_of(answer) == 400);
    CHECK(answer.size() < 1000);
}

TEST_CASE("a gzip bomb is refused unopened") {
    const std::string bomb = output_of("head -c 16777216 /dev/zero | gzip -9");
    REQUIRE(bomb.size() > 10'000);
    REQUIRE(bomb.size() < 64 * 1024);
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    const std::string answer = ask(running.server.port(), post(bomb, "Content-Encoding: gzip\r\n"));
    CHECK(status_of(answer) == 415);
    CHECK(body_of(answer).find("Send the body without Content-Encoding.") != std::string::npos);
    CHECK(handled == 0);
}

TEST_CASE("a body up to the route's limit passes and one byte more is 413 before it is read") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    CHECK(status_of(ask(running.server.port(), post(std::string(64 * 1024, 'x')))) == 200);
    const std::string over = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 65537\r\n\r\n";
    RawClient client{running.server.port()};
    client.send(over);
    const std::string answer = client.read_all();
    CHECK(status_of(answer) == 413);
    CHECK(body_of(answer).find("The body is over 65536 bytes.") != std::string::npos);
    CHECK(handled == 1);
}

TEST_CASE("a refusal reaches a client that is still sending its megabyte") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    RawClient client{running.server.port()};
    client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + std::string(1000000, 'x'));
    CHECK(status_of(client.read_answer()) == 413);
}

TEST_CASE("heads over the limits are 431 and 414") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    const std::string start = "GET /ping HTTP/1.1\r\nHost: h\r\n";
    std::string many = start;
    for (int i = 0; i < 200; ++i)
        many += "X: y\r\n";
    CHECK(status_of(ask(running.server.port(), many + "\r\n")) == 431);
    CHECK(status_of(ask(running.server.port(), start + "X: " + std::string(17 * 1024, 'y') + "\r\n\r\n")) == 431);
    CHECK(status_of(running.get("/" + std::string(9000, 'a'))) == 414);
    CHECK(status_of(running.get("/" + std::string(40000, 'a'))) == 414);
    CHECK(handled == 0);
}

TEST_CASE("an endless header line is cut off at the limit") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    RawClient client{running.server.port()};
    client.send("GET /ping HTTP/1.1\r\nX: ");
    const std::string chunk(64 * 1024, 'y');
    std::size_t sent = 0;
    while (sent < (64U << 20) && client.send(chunk))
        sent += chunk.size();
    CHECK(sent < (16U << 20));
}

TEST_CASE("what a handler throws is told to the operator and never to the client") {
    Running running{{route("GET", "/std",
                           [](const Request&) -> Response { throw std::runtime_error{"postgresql://user:secret@db"}; }),
                     route("GET", "/int", [](const Request&) -> Response { throw 7; }),
                     route("GET", "/split", [](const Request&) {
                         Response response;
                         response.headers.emplace_back("X", "a\r\nY: secret");
                         return response;
                     })}};
    for (const char* path : {"/std", "/int", "/split"}) {
        const std::string answer = running.get(path);
        CHECK(status_of(answer) == 500);
        CHECK(answer.find("secret") == std::string::npos);
        CHECK(answer.find("EXCEPTION") == std::string::npos);
        const std::string reference = nlohmann::json::parse(body_of(answer))["reference"];
        CHECK(reference.size() == 16);
        CHECK(running.errors.back().first == reference);
    }
    REQUIRE(running.errors.size() == 3);
    CHECK(running.errors[0].second == "postgresql://user:secret@db");
    CHECK(running.errors[1].second == "something that is no std::exception");
    CHECK(running.errors[2].second == "a handler set the header 'X' which it may not, or not to this value");
}

TEST_CASE("the authorizer is asked before the body is read, after it only where a signature covers the body") {
    std::atomic<int> handled{0};
    const auto only_bob = [](Request& request, const Route&) -> std::optional<Response> {
        const bool known = request.header("authorization") == "Bearer bob" || request.body == "signed";
        if (!known) return problem(401, "unauthorized", "Who are you?");
        request.role_name = "bob";
        return std::nullopt;
    };
    Running running{ping_and_echo(handled), {}, only_bob};
    RawClient stranger{running.server.port()};
    stranger.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n");
    CHECK(status_of(stranger.read_answer()) == 401);
    CHECK(stranger.is_closed());
    CHECK(status_of(ask(running.server.port(), post("x", "Authorization: Bearer bob\r\n"))) == 200);
    CHECK(status_of(ask(running.server.port(), post("signed", "Webhook-Signature: v1,x\r\n"))) == 200);
    CHECK(status_of(ask(running.server.port(), post("forged", "Webhook-Signature: v1,x\r\n"))) == 401);
    RawClient same{running.server.port()};
    same.send(post("small"));
    CHECK(status_of(same.read_answer()) == 401);
    same.send(post("small", "Authorization: Bearer bob\r\n"));
    CHECK(body_of(same.read_answer()) == "echo:small");
}

TEST_CASE("after each request the hook hears pattern, method and status") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    CHECK(status_of(running.get("/ping")) == 200);
    CHECK(status_of(running.get("/nothing")) == 404);
    ask(running.server.port(), "PUT /ping HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    running.server.stop();
    // The hook runs after the answer is sent, so requests of several connections may be told in another order.
    std::sort(running.done.begin(), running.done.end());
    CHECK(running.done == std::vector<std::string>{"GET - 404", "GET /ping 200", "PUT - 405"});
}

TEST_CASE("beside 200 half-open and 1,000 silent connections a good client is answered at once") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    std::vector<RawClient> hostile;
    for (int i = 0; i < 1200; ++i) {
        hostile.emplace_back(running.server.port());
        if (i < 200) hostile.back().send(i % 2 == 0 ? "POST /echo HTTP/1.1\r\nHo" : post("x").substr(0, 60));
    }
    const auto start = Clock::now();
    CHECK(status_of(running.get("/ping")) == 200);
    CHECK(seconds_since(start) < 1.0);
}

TEST_CASE("more connections than fit push out the ones that waited longest") {
    std::atomic<int> handled{0};
    ServerOptions options;
    options.threads = 8;
    options.max_queued_connections = 24;
    Running running{ping_and_echo(handled), options};
    std::vector<RawClient> silent;
    for (int i = 0; i < 100; ++i)
        silent.emplace_back(running.server.port());
    const auto start = Clock::now();
    CHECK(status_of(running.get("/ping")) == 200);
    CHECK(seconds_since(start) < 1.0);
    CHECK(silent.front().is_closed());
}

TEST_CASE("when every connection is being handled a further one is 503 at once") {
    ServerOptions options;
    options.threads = 16;
    options.max_queued_connections = 0;
    std::atomic<int> inside{0};
    std::atomic<bool> go{false};
    Running running{{route("GET", "/wait",
                           [&](const Request&) {
                               ++inside;
                               while (!go)
                                   std::this_thread::sleep_for(1ms);
                               return text("done");
                           })},
                    options};
    std::vector<RawClient> clients;
    for (int i = 0; i < 16; ++i) {
        clients.emplace_back(running.server.port());
        clients.back().send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    while (inside < 16)
        std::this_thread::sleep_for(1ms);
    RawClient excess{running.server.port()};
    const std::string answer = excess.read_all();
    CHECK(status_of(answer) == 503);
    CHECK(answer.find("\r\nRetry-After: 1\r\n") != std::string::npos);
    CHECK(body_of(answer).find("All connections are in use.") != std::string::npos);
    go = true;
    for (RawClient& client : clients)
        CHECK(body_of(client.read_answer()) == "done");
}

TEST_CASE("bodies held at once are bounded over all connections") {
    std::atomic<int> handled{0};
    ServerOptions options;
    options.max_received_bytes = 100'000;
    Running running{ping_and_echo(handled), options};
    std::vector<RawClient> half;
    for (int i = 0; i < 4; ++i) {
        half.emplace_back(running.server.port());
        half.back().send(post(std::string(60'000, 'x')).substr(0, 40'000));
        std::this_thread::sleep_for(20ms);
    }
    CHECK(status_of(half.back().read_answer()) == 503);
    half.clear();
    std::this_thread::sleep_for(50ms);
    CHECK(status_of(ask(running.server.port(), post(std::string(60'000, 'x')))) == 200);
}

TEST_CASE("a request that stops arriving is 408 and one that drips forever is too") {
    std::atomic<int> handled{0};
    ServerOptions options;
    options.read_timeout_s = 1;
    options.request_timeout_s = 2;
    Running running{ping_and_echo(handled), options};
    RawClient halted{running.server.port()};
    RawClient dripping{running.server.port()};
    RawClient silent{running.server.port()};
    halted.send("GET /pi");
    const auto start = Clock::now();
    dripping.send("GET /ping HTTP/1.1\r\nX: ");
    while (seconds_since(start) < 4 && dripping.send("y"))
        std::this_thread::sleep_for(100ms);
    CHECK(seconds_since(start) < 4);
    CHECK(status_of(halted.read_all()) == 408);
    CHECK(silent.read_all().empty());
    CHECK(handled == 0);
}

TEST_CASE("stop answers every accepted request and closes idle connections at once") {
    std::atomic<int> handled{0};
    std::atomic<bool> go{true};
    Running running{{route("GET", "/slow", [&](const Request&) {
        ++handled;
        while (!go)
            std::this_thread::sleep_for(1ms);
        return text("done");
    })}};
    std::vector<RawClient> idle;
    for (int i = 0; i < 50; ++i)
        idle.emplace_back(running.server.port());
    RawClient kept{running.server.port()};
    kept.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    REQUIRE(status_of(kept.read_answer()) == 200);
    go = false;
    std::vector<RawClient> busy;
    for (int i = 0; i < 40; ++i) {
        busy.emplace_back(running.server.port());
        busy.back().send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    while (handled < 41)
        std::this_thread::sleep_for(1ms);
    std::thread release{[&] {
        while (accepts(running.server.port()))
            std::this_thread::sleep_for(1ms);
        CHECK(idle.back().is_closed());
        CHECK(kept.is_closed());
        go = true;
    }};
    const auto start = Clock::now();
    running.server.stop();
    CHECK(seconds_since(start) < 2.0);
    release.join();
    for (RawClient& client : busy) {
        const std::string answer = client.read_all();
        CHECK(body_of(answer) == "done");
        CHECK(answer.find("\r\nConnection: close\r\n") != std::string::npos);
    }
}

TEST_CASE("requests waiting for a thread when stop comes are answered") {
    ServerOptions options;
    options.threads = 2;
    std::atomic<int> handled{0};
    Running running{{route("GET", "/slow",
                           [&](const Request&) {
                               ++handled;
                               std::this_thread::sleep_for(50ms);
                               return text("slept");
                           })},
                    options};
    std::vector<RawClient> waiting;
    for (int i = 0; i < 12; ++i) {
        waiting.emplace_back(running.server.port());
        waiting.back().send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    std::this_thread::sleep_for(60ms);
    running.server.stop();
    for (RawClient& client : waiting)
        CHECK(body_of(client.read_all()) == "slept");
    CHECK(handled == 12);
}

TEST_CASE("under load, stop leaves no request that was begun without an answer") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    std::atomic<int> cut{0};
    std::atomic<int> answered{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 16; ++i) {
        clients.emplace_back([&] {
            RawClient client{running.server.port()};
            for (bool open = true; open;) {
                if (!client.send(post("x"))) return;
                const std::string answer = client.read_answer();
                // Nothing at all: the request met a connection being closed as idle; a client sends it again.
                if (answer.empty()) return;
                ++(body_of(answer) == "echo:x" ? answered : cut);
                open = answer.find("Connection: close") == std::string::npos;
            }
        });
    }
    std::this_thread::sleep_for(200ms);
    running.server.stop();
    for (std::thread& client : clients)
        client.join();
    CHECK(cut == 0);
    CHECK(answered == handled);
    CHECK(answered > 100);
}

TEST_CASE("a request half sent when stop comes is told so") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    RawClient half{running.server.port()};
    half.send("GET /ping HTTP/1.1\r\n");
    std::this_thread::sleep_for(50ms);
    const auto start = Clock::now();
    running.server.stop();
    CHECK(seconds_since(start) < 2.0);
    const std::string answer = half.read_all();
    CHECK(status_of(answer) == 503);
    CHECK(body_of(answer).find("The server is stopping.") != std::string::npos);
}

TEST_CASE("a second server on the same port is refused with a sentence naming the port") {
    std::atomic<int> handled{0};
    Running first{ping_and_echo(handled)};
    ServerOptions options;
    options.port = first.server.port();
    Server second{options, ping_and_echo(handled), {}};
    CHECK_THROWS_WITH(second.start(),
                      "cannot listen on 127.0.0.1:" + std::to_string(options.port) + ": Address already in use");
    CHECK(status_of(first.get("/ping")) == 200);
}

TEST_CASE("a stopped server's port is free for the next one") {
    std::atomic<int> handled{0};
    ServerOptions options;
    {
        Running first{ping_and_echo(handled)};
        options.port = first.server.port();
        CHECK(status_of(first.get("/ping")) == 200);
    }
    Server second{options, ping_and_echo(handled), {}};
    second.start();
    CHECK(status_of(ask(options.port, "GET /ping HTTP/1.1\r\nHost: h\r\n\r\n")) == 200);
}

TEST_CASE("a listener that fails is begun anew and the operator hears of it") {
    std::atomic<int> handled{0};
    Running running{ping_and_echo(handled)};
    const int descriptor = listening_descriptor(running.server.port());
    REQUIRE(descriptor >= 0);
    ::shutdown(descriptor, SHUT_RDWR);
    std::string answer;
    for (int i = 0; i < 100 && answer.empty(); ++i) {
        std::this_thread::sleep_for(20ms);
        try {
            answer = running.get("/ping");
        } catch (const std::runtime_error&) {
            answer.clear();
        }
    }
    CHECK(status_of(answer) == 200);
    CHECK(running.errors.front().second ==
          "accepting connections on 127.0.0.1:" + std::to_string(running.server.port()) + " ended; listening again");
}

TEST_CASE("a table of routes that contradicts itself is our mistake and is thrown") {
    const auto empty = [](const Request&) { return text(""); };
    const auto serve = [](std::vector<Route> routes) { Server server{ServerOptions{}, std::move(routes), {}}; };
    CHECK_THROWS_WITH(serve({route("GET", "/a/{x}", empty), route("GET", "/a/{y}", empty)}),
                      "the route 'GET /a/{y}' is listed twice");
    CHECK_THROWS_WITH(serve({route("GET", "a", empty)}), "the route 'GET a' needs a slash and a handler");
}

}  // namespace roamguard::http
