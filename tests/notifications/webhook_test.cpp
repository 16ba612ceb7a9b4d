#include "notifications/channels/webhook.h"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "notifications/http_client.h"
#include "tests/notifications/loopback.h"

namespace roamguard::notifications {
namespace {

using Fate = Attempt::Fate;
using http::Request;
using http::Response;
using namespace std::chrono_literals;

/// Takes posts on `/hook` and answers what the test says.
struct Receiver : Recorder {
    explicit Receiver(std::function<Response(const Request&)> answer) : Recorder{"POST", "/hook", std::move(answer)} {}
};

Response accepted(const Request&) { return {204, "application/json", "", {}}; }

Outgoing message() {
    Outgoing made;
    made.row = 7;
    made.attempt = 1;
    made.id = "n-1";
    made.to = "device-token";
    made.channel = "app";
    made.kind = "welcome";
    made.language = "en-GB";
    made.text = "Hello, 漫游 \"x\"";
    made.encoding = "ucs2";
    made.segments = 1;
    made.now = {1'800'000'000'250};
    made.created = {1'799'999'990'250};
    made.expires = made.now + tariffs::hours(1);
    return made;
}

WebhookOptions options_for(const std::string& url, WebhookOptions::Body body = WebhookOptions::Body::message) {
    WebhookOptions options;
    options.option = "app.webhook-url";
    options.url = url;
    options.body = body;
    options.timeout_s = 1;
    return options;
}

const char* const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

}  // namespace

TEST_CASE("a message is posted as a CloudEvent whose id is the webhook's id") {
    Receiver receiver{accepted};
    const Attempt attempt = make_webhook(options_for(receiver.server() + "/hook?key=s3cret"))->send(message());
    CHECK(attempt.fate == Fate::sent);
    REQUIRE(receiver.asked().size() == 1);
    const Request got = receiver.asked().front();
    CHECK(got.parameter("key") == std::optional<std::string>("s3cret"));
    CHECK(got.header("content-type") == std::optional<std::string>("application/cloudevents+json"));
    CHECK(got.header("webhook-id") == std::optional<std::string>("n-1"));
    CHECK(got.header("webhook-timestamp") == std::optional<std::string>("1800000000"));
    CHECK_FALSE(got.header("webhook-signature"));
    CHECK_FALSE(got.header("authorization"));
    CHECK(nlohmann::json::parse(got.body) == nlohmann::json::parse(R"({
        "specversion": "1.0", "type": "org.roamguard.message.v1", "source": "/roamguard", "id": "n-1",
        "time": "2027-01-15T07:59:50.250Z", "datacontenttype": "application/json",
        "data": {"id": "n-1", "to": "device-token", "kind": "welcome", "channel": "app", "language": "en-GB",
                 "text": "Hello, 漫游 \"x\"", "encoding": "ucs2", "segments": 1,
                 "expiresAt": "2027-01-15T09:00:00.250Z"}})"));
}

TEST_CASE("as it is, the text is the body byte by byte, of the given type, to the address of each message") {
    Receiver receiver{accepted};
    WebhookOptions options = options_for("", WebhookOptions::Body::as_is);
    options.content_type = "application/json";
    const auto channel = make_webhook(options);
    Outgoing notification = message();
    notification.text = "{\"supi\":\"imsi-999990000000001\"}\n ";
    notification.to = receiver.server() + "/hook?a=1";
    CHECK(channel->send(notification).fate == Fate::sent);
    const Request got = receiver.asked().at(0);
    CHECK(got.body == notification.text);
    CHECK(got.header("content-type") == std::optional<std::string>("application/json"));
    CHECK(got.parameter("a") == std::optional<std::string>("1"));
    notification.to = "device-token";
    const Attempt attempt = channel->send(notification);
    CHECK(attempt.fate == Fate::dead);
    CHECK(attempt.error == "its address is no http:// or https:// URL");
}

TEST_CASE("each secret signs what is sent, so that the receiver may change its own without a gap") {
    Receiver receiver{accepted};
    WebhookOptions options = options_for(receiver.server() + "/hook");
    options.secrets = parse_webhook_secrets(std::string{secret} + " whsec_AAAA").value();
    CHECK(make_webhook(options)->send(message()).fate == Fate::sent);
    const Request got = receiver.asked().at(0);
    const std::string signatures = got.header("webhook-signature").value_or("");
    CHECK(std::count(signatures.begin(), signatures.end(), ' ') == 1);
    for (const char* text : {secret, "AAAA"}) {
        const std::array one{WebhookSecret::parse(text).value()};
        CHECK(verify_webhook(one, got.header("webhook-id").value_or(""), got.header("webhook-timestamp").value_or(""),
                             signatures, got.body, message().now) == Signature::good);
    }
}

TEST_CASE("credentials in the URL are sent as HTTP Basic and told nowhere") {
    Receiver receiver{[](const Request&) { return Response{500, "text/plain", "no", {}}; }};
    const std::string address = receiver.server().substr(7);
    const Attempt attempt =
        make_webhook(options_for("http://us%65r:pa%2Fss@" + address + "/hook?key=s3cret"))->send(message());
    CHECK(receiver.asked().at(0).header("authorization") == std::optional<std::string>("Basic dXNlcjpwYS9zcw=="));
    CHECK(attempt.error == receiver.server() + " answered 500");
}

TEST_CASE("what an answer means for a message, and for what is told until it is accepted") {
    struct Case {
        int status;
        std::string body;
        Fate message, as_is;
    };
    const std::vector<Case> cases{
        {200, "", Fate::sent, Fate::sent},
        {202, R"({"delivered": false})", Fate::sent, Fate::sent},
        {200, R"({"delivered": true, "x": [1]})", Fate::delivered, Fate::sent},
        {201, R"({"delivered": "true"})", Fate::sent, Fate::sent},
        {200, R"([{"delivered": true}])", Fate::sent, Fate::sent},
        {200, "{\"delivered\": tru", Fate::sent, Fate::sent},
        {200, std::string(100'000, '['), Fate::sent, Fate::sent},
        {200, R"({"delivered": true, "more": ")" + std::string(100'000, 'x') + "\"}", Fate::sent, Fate::sent},
        {301, "", Fate::later, Fate::later},
        {307, "", Fate::later, Fate::later},
        {400, "", Fate::dead, Fate::later},
        {401, "", Fate::dead, Fate::later},
        {404, "", Fate::dead, Fate::later},
        {408, "", Fate::later, Fate::later},
        {410, "", Fate::dead, Fate::later},
        {422, R"({"delivered": true})", Fate::dead, Fate::later},
        {425, "", Fate::later, Fate::later},
        {429, "", Fate::later, Fate::later},
        {500, "", Fate::later, Fate::later},
        {503, "", Fate::later, Fate::later},
    };
    Response answer;
    Receiver receiver{[&](const Request&) { return answer; }};
    const auto whole = make_webhook(options_for(receiver.server() + "/hook"));
    const auto as_is = make_webhook(options_for(receiver.server() + "/hook", WebhookOptions::Body::as_is));
    for (const Case& one : cases) {
        answer = {one.status, "application/json", one.body, {{"Location", receiver.server() + "/elsewhere"}}};
        CAPTURE(one.status, one.body.substr(0, 40));
        const std::size_t before = receiver.asked().size();
        const Attempt attempt = whole->send(message());
        CHECK(attempt.fate == one.message);
        CHECK(as_is->send(message()).fate == one.as_is);
        CHECK(receiver.asked().size() == before + 2);
        if (one.status < 300) {
            CHECK(attempt.error.empty());
        } else if (one.status < 400) {
            CHECK(attempt.error ==
                  receiver.server() + " answered " + std::to_string(one.status) + ", and redirects are not followed");
        } else {
            CHECK(attempt.error == receiver.server() + " answered " + std::to_string(one.status));
        }
    }
}

TEST_CASE("Retry-After of 429 and 503 is passed on, in seconds or as a date") {
    struct Case {
        int status;
        std::string value;
        std::optional<tariffs::Span> wait;
    };
    const std::vector<Case> cases{
        {503, "120", tariffs::seconds(120)},
        {429, "0", tariffs::seconds(0)},
        {503, "99999999999999999999", tariffs::seconds(999'999'999)},
        {503, "Fri, 15 Jan 2027 08:01:00 GMT", tariffs::Span{59'750}},
        {503, "Friday, 15-Jan-27 08:01:00 GMT", tariffs::Span{59'750}},
        {503, "Fri Jan 15 08:01:00 2027", tariffs::Span{59'750}},
        {503, "Fri, 15 Jan 2021 08:01:00 GMT", tariffs::seconds(0)},
        {503, "soon", std::nullopt},
        {503, "-5", std::nullopt},
        {503, "", std::nullopt},
        {500, "120", std::nullopt},
    };
    Response answer;
    Receiver receiver{[&](const Request&) { return answer; }};
    const auto channel = make_webhook(options_for(receiver.server() + "/hook", WebhookOptions::Body::as_is));
    for (const Case& one : cases) {
        answer = {one.status, "text/plain", "", {{"Retry-After", one.value}}};
        CAPTURE(one.status, one.value);
        const Attempt attempt = channel->send(message());
        CHECK(attempt.fate == Fate::later);
        CHECK(attempt.retry_after == one.wait);
    }
}

TEST_CASE("a receiver that cannot be reached or is too slow is tried again") {
    const Attempt nobody = make_webhook(options_for("http://127.0.0.1:1/hook?key=s3cret"))->send(message());
    CHECK(nobody.fate == Fate::later);
    CHECK(nobody.error == "no connection (http://127.0.0.1:1)");
    Receiver slow{[](const Request&) {
        std::this_thread::sleep_for(1500ms);
        return Response{};
    }};
    const auto before = std::chrono::steady_clock::now();
    const Attempt late = make_webhook(options_for(slow.server() + "/hook"))->send(message());
    CHECK(std::chrono::steady_clock::now() - before < 1400ms);
    CHECK(late.fate == Fate::later);
    CHECK(late.error == slow.server() + " did not answer within 1 s");
}

TEST_CASE("many addresses at once are served over kept connections") {
    std::vector<std::unique_ptr<Receiver>> receivers;
    for (int i = 0; i < 16; ++i)
        receivers.push_back(std::make_unique<Receiver>(accepted));
    const auto channel = make_webhook(options_for("", WebhookOptions::Body::as_is));
    std::vector<std::thread> threads;
    std::atomic<int> sent{0};
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            for (std::size_t n = 0; n < 40; ++n) {
                Outgoing one = message();
                one.to = receivers[(n + static_cast<std::size_t>(i) * 4) % receivers.size()]->server() + "/hook";
                sent += channel->send(one).fate == Fate::sent ? 1 : 0;
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(sent == 160);
    for (const auto& receiver : receivers)
        CHECK(receiver->asked().size() == 10);
}

TEST_CASE("a webhook URL that is none is refused with the option's name and without what it holds") {
    for (const char* url : {"example.org/hook", "http://", "https://user:secret@/x", "http://host/#part"})
        CHECK_THROWS_WITH(make_webhook(options_for(url)), "app.webhook-url: an http:// or https:// URL is needed");
}

TEST_CASE("a URL comes apart into server, path and credentials") {
    struct Case {
        const char* url;
        const char* server;
        const char* path;
        const char* authorization;
    };
    for (const Case& one : {Case{"http://a", "http://a", "/", ""}, Case{"https://a:8443/", "https://a:8443", "/", ""},
                            Case{"http://a?b=c", "http://a", "/?b=c", ""},
                            Case{"http://[::1]:80/x/y?b=/c@d", "http://[::1]:80", "/x/y?b=/c@d", ""},
                            Case{"http://u@a/x", "http://a", "/x", "Basic dTo="},
                            Case{"http://u:p%40@x:y@a/x", "http://a", "/x", "Basic dTpwQEB4Onk="}}) {
        const auto target = parse_target(one.url);
        REQUIRE(target);
        CHECK(target->server == one.server);
        CHECK(target->path == one.path);
        CHECK(target->authorization == one.authorization);
    }
    for (const char* url : {"", "a", "//a/b", "HTTP://a", "http:///a", "http://a:/", "http://a:80:90/", "http://[::1/",
                            "http://[::1]x/", "http://a\n/"})
        CHECK_FALSE(parse_target(url));
    CHECK(query_encoded("aZ9-._~ +&=%/é\n") == "aZ9-._~%20%2B%26%3D%25%2F%C3%A9%0A");
}

}  // namespace roamguard::notifications
