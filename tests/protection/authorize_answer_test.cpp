#include <catch2/catch.hpp>

#include "tests/protection/line.h"

// What a request to use a service is answered: contract, section 6, and docs/reference/authorizations.md.
namespace roamguard::protection::testing {
namespace {

using tariffs::Service;
using Verdict = AuthorizationDecision::Verdict;

constexpr const char* by_byte = "*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n";
constexpr const char* blocks =
    "*,*,data,1.00,GBP,MB,1 MB,1 MB,,,\n"
    "*,*,voice_mo,0.60,GBP,minute,60 s,1 s,,,\n";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr const char* holds = "cap_reached, confirmation_requested";
constexpr const char* over = "cap_reached, confirmation_requested, counted";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

std::string cap(const std::string& id, const std::string& services, const std::string& more) {
    return R"({"id":")" + id + R"(","services":[)" + services + R"(],"thresholds":[],)" + more + "}";
}
const std::string of_data = cap("monthly", R"("data")", R"("amount":"10.00","currency":"GBP")");
const std::string of_calls = cap("calls", R"("voice_mo")", R"("amount":"6.00","currency":"GBP")");
Traveller with(const std::string& caps, const std::string& rows = "") {
    Traveller who;
    who.profile = R"({"caps":[)" + caps + "]}";
    who.rows = rows;
    return who;
}

}  // namespace

TEST_CASE("the answer shows where it counts, at which price, and until when") {
    Line line("*,*,data,1.50,GBP,MB,1 B,1 B,,,no\n", 10'000'000);
    const AuthorizationDecision answer = line.ask(request("a", 1 << 20), hour("1h"));
    CHECK(answer.verdict == Verdict::allow);
    CHECK(answer.valid_until == hour("1h30m"));
    CHECK(answer.decision.place_known);
    CHECK(answer.decision.place.destination() == "FR");
    REQUIRE(answer.price);
    CHECK(answer.price->service == Service::data);
    CHECK(answer.price->price.micros == 1'500'000);
    CHECK(answer.price->unit.amount == 1 << 20);
    CHECK(answer.price->version == 1);
    CHECK(answer.price->line == 2);
}

TEST_CASE("the answer names the question that stands in the way, while it is open") {
    Line line(by_byte, 1'000'000);
    line.record("a", 2 << 20, hour("1h"), hour("1h"));
    const std::string question = line.state.questions.back().id;
    CHECK(line.ask(request("b", 1), hour("2h")).question == question);
    const AuthorizationDecision late = line.ask(request("b", 1), hour("26h"));
    CHECK(late.reason == "held");
    CHECK(late.question.empty());
}

TEST_CASE("of several holds the first is named, and one that was declined before all") {
    Line line(by_byte, 1'000'000);
    line.terms.caps.push_back(line.terms.caps.front());
    line.terms.caps.back().id = "second";
    line.record("a", 2 << 20, hour("1h"), hour("1h"));
    REQUIRE(line.state.questions.size() == 2);
    const std::vector<Question> questions = line.state.questions;
    CHECK(line.ask(request("b", 1), hour("2h")).question == questions.front().id);
    SECTION("the second was declined") { line.answer(questions.back(), "decline", hour("3h")); }
    SECTION("the first was declined") { line.answer(questions.front(), "decline", hour("3h")); }
    const AuthorizationDecision answer = line.ask(request("b", 1), hour("4h"));
    CHECK(answer.verdict == Verdict::deny);
    CHECK(answer.reason == "declined");
    CHECK(answer.question.empty());
}

TEST_CASE("a limit that is reached by a request is a hold like any other") {
    Line line(by_byte, 10'000'000);
    CHECK(line.ask(request("a", std::nullopt), hour("1h")).granted == 10 << 20);
    CHECK(line.state.hold_sequence == 0);
    const AuthorizationDecision answer = line.ask(request("b", std::nullopt), hour("1h"));
    CHECK(answer.verdict == Verdict::hold);
    CHECK(answer.question == line.state.questions.back().id);
    CHECK(line.state.hold_sequence == 1);
    REQUIRE(answer.decision.holds.size() == 1);
    CHECK(answer.decision.holds.front().what == HoldChange::What::held);
}

TEST_CASE("what costs more than can be counted is granted as far as it can be paid") {
    Line line("*,*,data,1.00,GBP,B,1 B,1 B,,,no\n", 10'000'000);
    CHECK(line.ask(request("a", 1'000'000'000'000'000), hour("1h")).granted == 10);
}

TEST_CASE("a request under a pass") {
    tell_all({
        {"gets its last byte",
         {},
         {arrival,
          {"1h: bundle b 1h 48h 1 B JP", "", "", ""},
          {"ask data in session a", "", "", "said allow pass, granted 1 B, kept 0.00"}}},
        {"of one without an allowance is at most the largest grant",
         {},
         {arrival,
          {"1h: bundle b 1h 48h unlimited JP", "", "", ""},
          {"ask data 300 MB in session a", "", "", "said allow pass, granted 100 MB"}}},
        {"of one with a large allowance too, for no cap limits it",
         {},
         {arrival,
          {"1h: bundle b 1h 48h 500 MB JP", "", "", ""},
          {"ask data 300 MB in session a", "", "", "said allow pass, granted 100 MB"},
          {"ask data in session b", "", "", "said allow pass, granted 100 MB"}}},
        {"needs no price",
         {"{}", "*,KR,data,1.00,GBP,MB,,,,,\n", "", "", false},
         {{"0h: bundle b 0h 48h 10 MB JP", "", "", ""},
          {"ask data 5 MB on 440-10 in session a", "welcomed", "welcome", "said allow pass, granted 5 MB"}}},
        {"does not take from what is asked for beside it in the same session",
         {"{}", blocks, "", "", false},
         {arrival,
          {"1h: bundle b 1h 48h 512 KB JP", "", "", ""},
          {"ask data in session a", "", "", "said allow pass, granted 512 KB, kept 0.00"},
          {"use 512 KB in session b", "counted", "pass_ended", "pass b used 512 KB"},
          {"ask data 512 KB in session a", "", "", "said allow within_caps, kept 1.00"}}},
        {"that other requests have used up waits like what the pass lifts",
         with(of_calls + "," + of_data),
         {arrival,
          {"1h: call 20 minutes", over, "confirm_cap calls/1/100", ""},
          {"answer decline", "", "declined calls/1", ""},
          {"use 12 MB", over, asked, "data held"},
          {"bundle b 1h 48h 10 MB JP", "", "", "lifted data"},
          {"ask data 10 MB in session a", "", "", "said allow pass"},
          {"ask data in session b", "", "", "said hold pass_used_up, granted nothing"},
          {"answer decline", "", "declined monthly/1", ""},
          {"ask data in session b", "", "", "said deny declined"}}},
    });
}

TEST_CASE("a pass that is used up names the question that is open, and no other") {
    Line line(by_byte, 1'000'000);
    SECTION("of the hold it lifts") {
        line.record("a", 2 << 20, hour("1h"), hour("1h"));
        line.bundle(bundle_for("b", 1 << 20, hour("1h"), hour("48h")), hour("1h"));
        CHECK(line.ask(request("b", 1 << 20), hour("2h")).reason == "pass");
        CHECK(line.ask(request("c", 1), hour("2h")).question == line.state.questions.back().id);
    }
    SECTION("none, where it lifts no hold") {
        line.bundle(bundle_for("b", 1 << 20, hour("0h"), hour("48h")), hour("0h"));
        Question elsewhere;
        elsewhere.id = "q-elsewhere";
        line.state.questions.push_back(elsewhere);
        CHECK(line.ask(request("b", 1 << 20), hour("2h")).reason == "pass");
        const AuthorizationDecision answer = line.ask(request("c", 1), hour("2h"));
        CHECK(answer.reason == "pass_used_up");
        CHECK(answer.question.empty());
    }
}

TEST_CASE("which caps limit a request") {
    tell_all({
        {"one of the zone that the place lies in",
         {R"({"caps":[)" +
              cap("monthly", R"("data")", R"("amount":"10.00","currency":"GBP","destinations":["zone:asia"])") + "]}",
          "", "", "asia,JP\n", false},
         {arrival, {"ask data in session a", "", "", "said allow within_caps, granted 10 MB"}}},
        {"none once consent has opened the last stage",
         with(cap("monthly", R"("data")", R"("amount":"5.00","currency":"GBP","stages":["5.00","10.00"])")),
         {arrival,
          {"use 6 MB", over, asked, ""},
          {"answer extend", "", "receipt monthly/1", ""},
          {"use 6 MB", over, "confirm_cap monthly/2/100", ""},
          {"answer extend", "", "receipt monthly/2", "limit none"},
          {"ask data 300 MB in session a", "", "", "said allow no_cap, granted 100 MB"}}},
        {"not one that the price does not lead to: calls go on, and data is not held for them",
         with(of_data + "," + cap("calls", R"("voice_mo")", R"("amount":"6.00","currency":"CHF")")),
         {arrival, {"ask call in session a", "", "", "said allow no_cap, granted 30 minutes, holds none"}}},
        {"where no table is published a place is asked about, and then nothing is priced",
         {"{}", "", "", "", false, {notifications::Kind::welcome}, "", tariffs::minutes(10), false},
         {{"0h: ask data on 440-10 in session a", "confirmation_requested", "confirm_destination", "said hold held"},
          {"answer continue", "", "receipt", ""},
          {"ask data 1 MB on 440-10 in session a", "", "", "said allow no_cap, granted 1 MB, kept 0.00"}}},
        {"what comes in needs no price",
         {},
         {arrival, {"ask receive in session a", "", "", "said allow incoming, granted 10 messages"}}},
        {"one that was reached before, where nobody knows where the traveller is abroad",
         {},
         {arrival,
          {"1h: use 12 MB", over, asked, "data held"},
          {"2h: attach home", "returned_home", "", "holds cap:monthly/asleep"},
          {"3h: roaming-on", "noted", "", ""},
          {"ask data in session a", "", "", "said hold cap_reached, granted nothing, question pending"}}},
        {"a lowered limit that is used already holds until consent, whatever lapses",
         {},
         {arrival,
          {"1h: ask data 3 MB in session a", "", "", ""},
          {"ask data in session a used 3 MB final", "", "", "kept 3.00"},
          {"use 5 MB in session b", "threshold_reached, counted", "threshold monthly/1/50", "used 5.00"},
          {"reload {\"caps\":[" + cap("monthly", R"("data")", R"("amount":"5.00","currency":"GBP")") + "]}", "", "",
           ""},
          {"ask data in session c", holds, asked, "said hold cap_reached, data held"},
          {"8h: clock", "", "", "data held, kept 0.00"}}},
    });
}

TEST_CASE("where a request counts") {
    const char* dearer = "*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n*,JP,data,2.00,GBP,MB,1 B,1 B,,,no\n";
    tell_all({
        {"abroad, and nobody says where: at the price of an unknown place",
         {"{}", dearer, "", "", false},
         {arrival,
          {"ask data 1 MB in session a", "", "", "kept 2.00"},
          {"roaming-on", "noted", "", ""},
          {"ask data 1 MB in session b", "", "", "said allow within_caps, kept 3.00"}}},
        {"what was used before the device went on at the price it had there",
         {"{}", dearer, "", "", false},
         {arrival,
          {"ask data 1 MB in session a", "", "", "kept 2.00"},
          {"ask data 1 MB on 208-01 in session a used 1 MB", "welcomed", "welcome", "place FR, kept 3.00"}}},
        {"the first that is heard of a traveller may be a report",
         {},
         {{"0h: ask data on 440-10 in session a used 2 MB", "welcomed", "welcome", "granted 8 MB, kept 10.00"}}},
        {"what is reported at home counts nowhere",
         {},
         {{"0h: attach home", "returned_home", "", ""},
          {"ask data on 234-15 in session a used 2 MB", "", "", "said allow home, kept 0.00"},
          {"ask data 5 MB on 440-10 in session a used 2 MB", "welcomed", "welcome", "kept 7.00"}}},
        {"a test network costs nothing",
         {},
         {{"0h: ask data on 001-01 in session a used 1 MB final", "", "", "said allow final, kept 0.00"},
          {"ask data on 001-01 in session a", "", "", "said allow test_network, granted nothing, place none"}}},
    });
}

TEST_CASE("which calls have begun") {
    const Step full{"1h: call 20 minutes in session z", over, "confirm_cap calls/1/100", ""};
    tell_all({
        {"one that was granted",
         with(of_calls),
         {arrival,
          {"ask call in session a", "", "", "said allow within_caps, granted 10 minutes"},
          {"ask call in session a", "", "", "said allow call_begun, granted 30 minutes"}}},
        {"one that was recorded",
         with(of_calls),
         {arrival, full, {"ask call 5 minutes in session z", "", "", "said allow call_begun, granted 5 minutes"}}},
        {"one that reports a second",
         with(of_calls),
         {arrival, full, {"ask call 5 minutes in session a used 1 s", "", "", "said allow call_begun"}}},
        {"one that reports what was recorded already, though it had no price",
         with(of_calls, "*,*,data,1.00,GBP,MB,,,,,\n*,JP,voice_mo,0.60,GBP,minute,1 s,1 s,,,\n"),
         {arrival,
          {"1h: ask call 5 minutes in session a", "", "", "said allow within_caps, kept 3.00"},
          {"1h5m: call 1 s on 450-05 in session a", "welcomed, counted", "welcome", "listed unpriced"},
          {"1h10m: call 20 minutes on 440-10 in session z",
           "cap_reached, confirmation_requested, welcome_suppressed, counted", "confirm_cap calls/1/100", ""},
          {"ask call 5 minutes in session a used 1 s", "", "", "said allow call_begun, granted 5 minutes"}}},
        {"not one that reports nothing",
         with(of_calls),
         {arrival, full, {"ask call 5 minutes in session a used 0", "", "", "said hold held"}}},
        {"not one without a session",
         with(of_calls),
         {arrival, full, {"ask call 5 minutes used 5 minutes", "", "", "said hold held"}}},
        {"not one whose session was granted data",
         with(of_calls + "," + of_data),
         {arrival,
          {"ask data 1 MB in session a", "", "", ""},
          full,
          {"ask call in session a", "", "", "said hold held"}}},
        {"not a text",
         with(cap("texts", R"("sms_mo")", R"("amount":"1.00","currency":"GBP")")),
         {arrival,
          {"text 5", over, "confirm_cap texts/1/100", ""},
          {"ask text in session a used 1 messages", "", "", "said hold held"}}},
        {"and data is cut in the middle of its session",
         {},
         {arrival, {"use 12 MB in session a", over, asked, ""}, {"ask data in session a", "", "", "said hold held"}}},
    });
}

}  // namespace roamguard::protection::testing
