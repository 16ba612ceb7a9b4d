#include "service/http/framing.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

namespace roamguard::http {
namespace {

tl::expected<Head, Refused> read(const std::string& first_lines) {
    return read_head(first_lines + "Host: roamguard.example\r\n\r\n");
}

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\n"; }

}  // namespace

TEST_CASE("a request head gives method, decoded path, parameters and headers with lower-case names") {
    const auto head =
        read("GET /v1/subscribers/%2B447700900123/a%2Fb?text=a+b%21&empty=&flag HTTP/1.1\r\nX-Odd:  v %41 \r\n");
    REQUIRE(head.has_value());
    CHECK(head->request.method == "GET");
    CHECK(head->request.path == "/v1/subscribers/+447700900123/a/b");
    CHECK(head->segments == std::vector<std::string>{"v1", "subscribers", "+447700900123", "a/b"});
    CHECK(head->request.parameter("text") == "a b!");
    CHECK(head->request.parameter("empty") == "");
    CHECK(head->request.parameter("flag") == "");
    CHECK(head->request.header("x-odd") == "v %41");
    CHECK(head->keep_alive);
}

TEST_CASE("parameters may be other bytes than UTF-8 because gateways send texts in their own charset") {
    CHECK(read(get("/s?text=%00H%E9"))->request.parameter("text") == std::string("\0H\xE9", 3));
}

TEST_CASE("an absolute target is read as its path") {
    CHECK(read(get("http://roamguard.example/v1/x?y=1"))->request.path == "/v1/x");
    CHECK(read(get("http://roamguard.example"))->request.path == "/");
}

TEST_CASE("a connection is kept by HTTP/1.1 unless it says close") {
    CHECK(read(get("/"))->keep_alive);
    CHECK_FALSE(read(get("/") + "Connection: TE, Close\r\n")->keep_alive);
    CHECK_FALSE(read("GET / HTTP/1.0\r\n")->keep_alive);
}

TEST_CASE("a head that leaves room for opinions is refused") {
    struct Case {
        std::string lines;
        int status;
        std::string detail;
    };
    const std::string post = "POST / HTTP/1.1\r\n";
    const std::string lengths = "Content-Length must occur once and be a plain number.";
    const std::string line = "The request line must be a method, a target and a version, one space between them.";
    const std::string header = "Each header must be a name, a colon directly after it, and a value on the same line.";
    const std::string value = "Header values must not carry control characters, line ends or NUL, encoded or not.";
    const std::string path = "The path must be UTF-8 without control characters.";
    const std::string one_host = "The request must name exactly one Host.";
    const std::vector<Case> cases{
        {post + "Content-Length: +5\r\n", 400, lengths},
        {post + "Content-Length: 5 , 5\r\n", 400, lengths},
        {post + "Content-Length: 5,5\r\n", 400, lengths},
        {post + "Content-Length: 0x5\r\n", 400, lengths},
        {post + "Content-Length: 1e3\r\n", 400, lengths},
        {post + "Content-Length: -2\r\n", 400, lengths},
        {post + "Content-Length:\r\n", 400, lengths},
        {post + "Content-Length: 99999999999999999999\r\n", 400, lengths},
        {post + "Content-Length: 5\r\nContent-Length: 5\r\n", 400, lengths},
        {post + "Content-Length: 5\r\ncontent-length: 6\r\n", 400, lengths},
        {post, 411, "POST needs a Content-Length, 0 for an empty body."},
        {"PUT / HTTP/1.1\r\n", 411, "PUT needs a Content-Length, 0 for an empty body."},
        {"PATCH / HTTP/1.1\r\n", 411, "PATCH needs a Content-Length, 0 for an empty body."},
        {post + "Transfer-Encoding: chunked\r\n", 411,
         "Send the body with Content-Length; Transfer-Encoding is not accepted."},
        {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 411,
         "Send the body with Content-Length; Transfer-Encoding is not accepted."},
        {get("/") + "Content-Length: 1\r\n", 400, "GET must not have a body."},
        {"HEAD / HTTP/1.1\r\nContent-Length: 1\r\n", 400, "HEAD must not have a body."},
        {"DELETE / HTTP/1.1\r\nContent-Length: 1\r\n", 400, "DELETE must not have a body."},
        {"OPTIONS / HTTP/1.1\r\nContent-Length: 1\r\n", 400, "OPTIONS must not have a body."},
        {post + "Content-Length: 1\r\nContent-Encoding: gzip\r\n", 415, "Send the body without Content-Encoding."},
        {post + "Content-Length: 1\r\nExpect: 100-continue\r\n", 417, "Send the body at once, without Expect."},
        {get("/") + "Range: bytes=0-,0-\r\n", 400, "This server serves whole answers; send no Range."},
        {get("/") + "X: a%0d%0aInjected: 1\r\n", 400, value},
        {get("/") + "X: a%0A\r\n", 400, value},
        {get("/") + "X: a%00\r\n", 400, value},
        {get("/") + std::string("X: a\0b\r\n", 8), 400, value},
        {get("/") + "X: a\rb\r\n", 400, value},
        {get("/") + "X: a\r\n folded\r\n", 400, header},
        {get("/") + "X : a\r\n", 400, header},
        {get("/") + ": a\r\n", 400, header},
        {get("/") + "no colon\r\n", 400, header},
        {get("/") + "Host: other.example\r\n", 400, one_host},
        {get("/%00"), 400, path},
        {get("/%0a"), 400, path},
        {get("/%c0%ae"), 400, path},
        {get("/%ff"), 400, path},
        {get("/%ed%a0%80"), 400, path},
        {get("/a/%2e%2e/b"), 400, "The path must not have dot segments."},
        {get("/./b"), 400, "The path must not have dot segments."},
        {get("/%4"), 400, "The path has a % that is not followed by two hexadecimal digits."},
        {get("/%zz"), 400, "The path has a % that is not followed by two hexadecimal digits."},
        {get("/?a=%4"), 400, "The query has a % that is not followed by two hexadecimal digits."},
        {get("/a#b"), 400, "The request target must be visible ASCII without a fragment."},
        {get("/\xC3\xA9"), 400, "The request target must be visible ASCII without a fragment."},
        {get("*"), 400, "The request target must begin with a slash."},
        {get("ftp://x/"), 400, "The request target must begin with a slash."},
        {get("/" + std::string(8192, 'a')), 414, "The request target is over 8192 bytes."},
        {"GET  / HTTP/1.1\r\n", 400, "The request target must be visible ASCII without a fragment."},
        {"GET /\r\n", 400, line},
        {"G(T / HTTP/1.1\r\n", 400, line},
        {"BREW / HTTP/1.1\r\n", 501, "This server knows GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS."},
        {"TRACE / HTTP/1.1\r\n", 501, "This server knows GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS."},
        {"PRI * HTTP/2.0\r\n", 505, "This server speaks HTTP/1.1."},
        {"GET / HTTP/1.2\r\n", 505, "This server speaks HTTP/1.1."},
    };
    for (const Case& wrong : cases) {
        CAPTURE(wrong.lines);
        const auto head = read(wrong.lines);
        REQUIRE_FALSE(head.has_value());
        CHECK(head.error().status == wrong.status);
        CHECK(head.error().detail == wrong.detail);
    }
    CHECK(read_head("GET / HTTP/1.1\r\n\r\n").error().detail == one_host);
}

TEST_CASE("the hundredth header passes and one more is refused") {
    std::string lines = get("/");
    for (int i = 0; i < 99; ++i)
        lines += "X: y\r\n";
    CHECK(read(lines).has_value());
    const auto refused = read(lines + "X: y\r\n");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().status == 431);
}

TEST_CASE("a head's length is found however its bytes are cut") {
    const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        CHECK(head_length(head.substr(0, cut), 0, 1000) == std::size_t{0});
        CHECK(head_length(head + "next", cut, 1000) == head.size());
    }
}

TEST_CASE("what can no longer become a head is refused before it ends") {
    CHECK(head_length("\x16\x03\x01", 0, 100).error().detail == "This is not an HTTP request.");
    CHECK(head_length("GET / HTTP/1.1\nHost", 0, 100).error().detail == "Lines of the head must end in CR LF.");
    CHECK(head_length("GET /" + std::string(200, 'a'), 0, 100).error().status == 414);
    CHECK(head_length("GET / HTTP/1.1\r\nX: " + std::string(200, 'a'), 0, 100).error().status == 431);
}

TEST_CASE("no bytes whatever make the reader fail otherwise than by a refusal") {
    rc::prop("arbitrary bytes", [](const std::string& bytes) {
        const auto length = head_length(bytes, 0, 64);
        const auto head = read_head(bytes);
        if (!head) RC_ASSERT(head.error().status >= 400);
        if (length && *length > 0) RC_ASSERT(*length <= bytes.size());
    });
}

TEST_CASE("an answer carries its length, its date and what keeps it out of caches") {
    Response response;
    response.body = "{}";
    response.headers.emplace_back("Retry-After", "1");
    const std::string bytes = answer_bytes(response, {.close = true, .head_only = false, .no_store = true});
    CHECK(bytes.rfind("HTTP/1.1 200 OK\r\nDate: ", 0) == 0);
    CHECK(
        bytes.find(" GMT\r\nContent-Type: application/json\r\nContent-Length: 2\r\nX-Content-Type-Options: nosniff\r\n"
                   "Cache-Control: no-store\r\nRetry-After: 1\r\nConnection: close\r\n\r\n{}") != std::string::npos);
}

TEST_CASE("an answer without content says no length and an answer to HEAD has no body") {
    Response response;
    response.body = "body";
    CHECK(
        answer_bytes(response, {.close = false, .head_only = true, .no_store = false}).find("Content-Length: 4\r\n") !=
        std::string::npos);
    CHECK(answer_bytes(response, {.close = false, .head_only = true, .no_store = false}).find("body") ==
          std::string::npos);
    response.status = 204;
    CHECK(answer_bytes(response, {}).find("Content-Length") == std::string::npos);
}

TEST_CASE("an answer that could be split or framed twice is our mistake and is thrown") {
    const auto with = [](const std::string& name, const std::string& value) {
        Response response;
        response.headers.emplace_back(name, value);
        return response;
    };
    CHECK_THROWS_WITH(answer_bytes(with("X-A", "1\r\nX-B: 2"), {}),
                      "a handler set the header 'X-A' which it may not, or not to this value");
    CHECK_THROWS_AS(answer_bytes(with("X-A", std::string("1\0", 2)), {}), std::logic_error);
    CHECK_THROWS_AS(answer_bytes(with("X A", "1"), {}), std::logic_error);
    CHECK_THROWS_AS(answer_bytes(with("Transfer-Encoding", "chunked"), {}), std::logic_error);
    Response response;
    response.status = 99;
    CHECK_THROWS_WITH(answer_bytes(response, {}), "a handler answered with the status 99");
}

}  // namespace roamguard::http
