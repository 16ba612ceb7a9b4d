#include "notifications/channels/kannel.h"

#include <catch2/catch.hpp>

#include "tests/notifications/loopback.h"

namespace roamguard::notifications {
namespace {

using Fate = Attempt::Fate;
using http::Request;
using http::Response;
using namespace std::chrono_literals;

/// Answers as Kannel's smsbox does, what the test says.
struct Smsbox : Recorder {
    explicit Smsbox(std::function<Response(const Request&)> answer)
        : Recorder{"GET", "/cgi-bin/sendsms", std::move(answer)} {}
};

Response plain(int status, std::string body) { return {status, "text/html", std::move(body), {}}; }

KannelOptions options_for(const std::string& url) {
    KannelOptions options;
    options.url = url;
    options.username = "roam guard";
    options.password = "p&ss=%w+rd";
    options.sender = "Roamguard";
    options.receipt_url = "http://kannel:k%2Fey@127.0.0.1:8080/";
    options.timeout_s = 1;
    return options;
}

Outgoing message(std::string text = "You are in Japan: data CNY 3.00 per MB.", std::string encoding = "gsm7") {
    Outgoing made;
    made.row = 7;
    made.attempt = 1;
    made.id = "n-1";
    made.to = "+447700900123";
    made.channel = "sms";
    made.text = std::move(text);
    made.encoding = std::move(encoding);
    made.now = {1'800'000'000'000};
    made.expires = made.now + tariffs::hours(12);
    return made;
}

std::string of(const Request& request, std::string_view name) { return request.parameter(name).value_or("none"); }

}  // namespace

TEST_CASE("a message becomes one sendsms call with everything Kannel needs") {
    Smsbox smsbox{[](const Request&) { return plain(202, "0: Accepted for delivery"); }};
    KannelOptions options = options_for(smsbox.url());
    options.smsc = "link 1";
    const Attempt attempt = make_kannel(options)->send(message("£45 & 50% +1 #caps?"));
    CHECK(attempt.fate == Fate::sent);
    CHECK(attempt.error.empty());
    REQUIRE(smsbox.asked().size() == 1);
    const Request asked = smsbox.asked().front();
    CHECK(of(asked, "username") == "roam guard");
    CHECK(of(asked, "password") == "p&ss=%w+rd");
    CHECK(of(asked, "from") == "Roamguard");
    CHECK(of(asked, "to") == "+447700900123");
    CHECK(of(asked, "text") == "£45 & 50% +1 #caps?");
    CHECK(of(asked, "charset") == "UTF-8");
    CHECK(of(asked, "coding") == "0");
    CHECK(of(asked, "validity") == "720");
    CHECK(of(asked, "smsc") == "link 1");
    CHECK(of(asked, "dlr-mask") == "31");
    CHECK(of(asked, "dlr-url") ==
          "http://kannel:k%%2Fey@127.0.0.1:8080/v1/sms/dlr?id=n-1&status=%d&smsc-id=%F&reply=%A&at=%T");
    CHECK(asked.parameters.size() == 11);
}

TEST_CASE("a text outside GSM 7 bit goes as UCS-2, long as it may be") {
    Smsbox smsbox{[](const Request&) { return plain(202, "3: Queued for later delivery"); }};
    std::string text;
    for (int i = 0; i < 400; ++i)
        text += "漫游";
    CHECK(make_kannel(options_for(smsbox.url()))->send(message(text, "ucs2")).fate == Fate::sent);
    const Request asked = smsbox.asked().at(0);
    CHECK(of(asked, "coding") == "2");
    CHECK(of(asked, "charset") == "UTF-8");
    CHECK(of(asked, "text") == text);
    CHECK(of(asked, "smsc") == "none");
}

TEST_CASE("the validity is the time left in whole minutes, one at least") {
    Smsbox smsbox{[](const Request&) { return plain(202, "0: Accepted for delivery"); }};
    const auto channel = make_kannel(options_for(smsbox.url()));
    struct Case {
        tariffs::Span left;
        const char* minutes;
    };
    for (const Case& one : {Case{tariffs::seconds(179), "2"}, Case{tariffs::seconds(59), "1"}, Case{{0}, "1"},
                            Case{tariffs::hours(-1), "1"}, Case{tariffs::days(10'000), "635040"}}) {
        Outgoing late = message();
        late.expires = late.now + one.left;
        CHECK(channel->send(late).fate == Fate::sent);
        CHECK(of(smsbox.asked().back(), "validity") == one.minutes);
    }
}

TEST_CASE("without an address for receipts none are asked for, and an id keeps its percent signs through Kannel") {
    Smsbox smsbox{[](const Request&) { return plain(202, "Sent."); }};
    KannelOptions options = options_for(smsbox.url());
    Outgoing odd = message();
    odd.id = "n 1%d";
    CHECK(make_kannel(options)->send(odd).fate == Fate::sent);
    CHECK(of(smsbox.asked().back(), "dlr-url").find("?id=n%%201%%25d&status=%d&") != std::string::npos);
    options.receipt_url.clear();
    CHECK(make_kannel(options)->send(odd).fate == Fate::sent);
    CHECK(of(smsbox.asked().back(), "dlr-url") == "none");
    CHECK(of(smsbox.asked().back(), "dlr-mask") == "none");
}

TEST_CASE("what Kannel's answers mean") {
    struct Case {
        int status;
        std::string body;
        Fate fate;
        std::string error;
    };
    const std::string credentials =
        "Kannel refused the credentials (403): check sms.kannel.username, sms.kannel.password and Kannel's allowed "
        "addresses";
    const std::vector<Case> cases{
        {202, "0: Accepted for delivery", Fate::sent, ""},
        {202, "3: Queued for later delivery", Fate::sent, ""},
        {202, "Sent.", Fate::sent, ""},
        {403, "Authorization failed for sendsms", Fate::later, credentials},
        {403, "", Fate::later, credentials},
        {403, "Not routable. Do not try again.", Fate::dead, "Kannel has no route for the message (403)"},
        {400, "Sender missing and no global set, rejected", Fate::dead,
         "Kannel refused the message (400): Sender missing and no global set, rejected"},
        {400, "Number(s) has/have been denied by white- and/or black-lists.", Fate::dead,
         "Kannel refused the message (400): Number(s) has/have been denied by white- and/or black-lists."},
        {400, "Number 447700900123 is bad", Fate::dead, "Kannel refused the message (400)"},
        {400, "cannot send: You are in Japan: data", Fate::dead, "Kannel refused the message (400)"},
        {400, "You are in Japan", Fate::dead, "Kannel refused the message (400)"},
        {400, "first line\nYou are in Japan", Fate::dead, "Kannel refused the message (400): first line"},
        {400, "<html>漫游</html>", Fate::dead, "Kannel refused the message (400)"},
        {400, std::string(5000, 'x'), Fate::dead, "Kannel refused the message (400)"},
        {503, "Temporal failure, try again later.", Fate::later,
         "Kannel answered 503: Temporal failure, try again later."},
        {500, "Sending failed.", Fate::later, "Kannel answered 500: Sending failed."},
        {404, "Unknown request.", Fate::later, "Kannel answered 404: Unknown request."},
        {401, "", Fate::later, "Kannel answered 401"},
        {302, "", Fate::later, "Kannel answered 302"},
        {200, "<html>hello</html>", Fate::later, "Kannel answered 200"},
    };
    Response answer;
    Smsbox smsbox{[&](const Request&) { return answer; }};
    const auto channel = make_kannel(options_for(smsbox.url()));
    for (const Case& one : cases) {
        answer = plain(one.status, one.body);
        const Attempt attempt = channel->send(message());
        CAPTURE(one.status, one.body.substr(0, 60));
        CHECK(attempt.fate == one.fate);
        CHECK(attempt.error == one.error);
    }
}

TEST_CASE("a Kannel that cannot be reached, is silent, slow or dies in between is tried again") {
    CHECK(make_kannel(options_for("http://127.0.0.1:1/cgi-bin/sendsms"))->send(message()).error ==
          "no connection (http://127.0.0.1:1)");
    std::atomic<bool> over{false};
    Scripted silent{[&](int, int) {
        while (!over)
            std::this_thread::sleep_for(5ms);
    }};
    const auto before = std::chrono::steady_clock::now();
    const Attempt late = make_kannel(options_for(silent.url() + "/cgi-bin/sendsms"))->send(message());
    CHECK(std::chrono::steady_clock::now() - before < 2s);
    CHECK(late.fate == Fate::later);
    CHECK(late.error == silent.url() + " did not answer within 1 s");
    over = true;
    Scripted dying{[](int connection, int) { swallow(connection); }};
    const Attempt cut = make_kannel(options_for(dying.url() + "/cgi-bin/sendsms"))->send(message());
    CHECK(cut.fate == Fate::later);
    CHECK(cut.error == "the connection ended before the answer (" + dying.url() + ")");
}

TEST_CASE("one attempt is one request, even where a kept connection ends without an answer") {
    std::atomic<int> requests{0};
    Scripted once{[&](int connection, int) {
        swallow(connection);
        ++requests;
        say(connection, "HTTP/1.1 202 Accepted\r\nContent-Length: 24\r\n\r\n0: Accepted for delivery");
        swallow(connection);
        ++requests;
    }};
    const auto channel = make_kannel(options_for(once.url() + "/cgi-bin/sendsms"));
    CHECK(channel->send(message()).fate == Fate::sent);
    CHECK(channel->send(message()).fate == Fate::later);
    CHECK(requests == 2);
    CHECK(once.accepted() == 1);
}

TEST_CASE("an accepted message counts as sent although the rest of the answer never comes") {
    Scripted cut{[](int connection, int) {
        swallow(connection);
        say(connection, "HTTP/1.1 202 Accepted\r\nContent-Length: 24\r\n\r\n0: Acc");
    }};
    CHECK(make_kannel(options_for(cut.url() + "/cgi-bin/sendsms"))->send(message()).fate == Fate::sent);
}

TEST_CASE("several threads send at once") {
    std::atomic<int> at_once{0}, most{0};
    Smsbox smsbox{[&](const Request&) {
        const int now = ++at_once;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::sleep_for(20ms);
        --at_once;
        return plain(202, "0: Accepted for delivery");
    }};
    const auto channel = make_kannel(options_for(smsbox.url()));
    std::vector<std::thread> threads;
    std::atomic<int> sent{0};
    for (int i = 0; i < 6; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 10; ++n)
                sent += channel->send(message()).fate == Fate::sent ? 1 : 0;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(sent == 60);
    CHECK(smsbox.asked().size() == 60);
    CHECK(most > 1);
}

TEST_CASE("a URL that is none is refused with the option's name and without what it holds") {
    for (const char* url : {"", "127.0.0.1:13013", "ftp://127.0.0.1/", "http://", "http://user:secret@", "http://:80/x",
                            "http://a b/", "http://host/#x", "http://host:0/", "http://host:99999/", "http://host:x/"})
        CHECK_THROWS_WITH(make_kannel(options_for(url)), "sms.kannel.url: an http:// or https:// URL is needed");
    CHECK_THROWS_WITH(make_kannel(options_for("http://127.0.0.1:13013/cgi-bin/sendsms?smsc=a")),
                      "sms.kannel.url: the URL of sendsms has no query, Roamguard adds its own");
    KannelOptions options = options_for("http://127.0.0.1:13013/cgi-bin/sendsms");
    options.receipt_url = "kannel:secret@127.0.0.1";
    CHECK_THROWS_WITH(make_kannel(options), "sms.callback-url: an http:// or https:// URL is needed");
    for (const char* url : {"http://127.0.0.1:13013/cgi-bin/sendsms", "https://sms.example", "http://[::1]:13013/x"})
        CHECK_NOTHROW(make_kannel(options_for(url)));
}

}  // namespace roamguard::notifications
