#include <catch2/catch.hpp>

#include <set>

#include "tests/protection/line.h"

// What grants keep free, how reports and records settle it, and when it lapses: contract, section 6.
namespace roamguard::protection::testing {
namespace {

constexpr const char* by_byte = "*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n";
constexpr const char* blocks =
    "*,*,data,1.00,GBP,MB,1 MB,1 MB,,,\n"
    "*,*,voice_mo,0.60,GBP,minute,60 s,1 s,,,\n";
constexpr const char* millionths = "*,*,data,0.000001,GBP,B,1 B,1 B,,,no\n";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr const char* holds = "cap_reached, confirmation_requested";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

std::string cap(const std::string& id, const std::string& services, const std::string& more) {
    return R"({"id":")" + id + R"(","services":[)" + services + R"(],"thresholds":[],)" + more + "}";
}
const std::string tenner = R"("amount":"10.00","currency":"GBP")";
Traveller with(const std::string& caps, const std::string& rows = "") {
    Traveller who;
    who.profile = R"({"caps":[)" + caps + "]}";
    who.rows = rows;
    return who;
}

std::int64_t quantity_of(const CustomerState& state) {
    std::int64_t quantity = 0;
    for (const Grant& grant : state.grants)
        quantity += grant.quantity;
    return quantity;
}

}  // namespace

TEST_CASE("what is reported is awaited at the price of what was granted for it") {
    const std::string two =
        cap("monthly", R"("data")", tenner) + "," + cap("more", R"("data")", R"("amount":"20.00","currency":"GBP")");
    const std::string francs =
        cap("monthly", R"("data")", tenner) + "," + cap("more", R"("data")", R"("amount":"20.00","currency":"CHF")");
    const Step block_and_a_half{"ask data 1536 KB in session a", "", "", "kept 2.00"};
    const Step half_a_block{"ask data in session a used 512 KB final", "", "", "said allow final, kept 1.00"};
    tell_all({
        {"in whole blocks", {"{}", blocks, "", "", false}, {arrival, block_and_a_half, half_a_block}},
        {"in whole blocks of each cap", with(two, blocks), {arrival, block_and_a_half, half_a_block}},
        {"in whole blocks, whatever other sessions are granted",
         {"{}", blocks, "", "", false},
         {arrival,
          {"ask data 1536 KB in session b", "", "", "kept 2.00"},
          {"ask data 1536 KB in session a", "", "", "kept 4.00"},
          {"ask data in session a used 512 KB final", "", "", "kept 3.00"}}},
        {"in whole blocks, also beside a cap that no rate leads to",
         with(francs, blocks),
         {arrival,
          {"ask data in session a", "confirmation_requested", "confirm_destination", "said hold unpriced"},
          {"answer continue", "", "receipt", ""},
          block_and_a_half,
          half_a_block}},
        {"without a session each grant is its own",
         {"{}", blocks, "", "", false},
         {arrival,
          {"ask data 512 KB", "", "", "kept 1.00"},
          {"ask data 512 KB", "", "", "kept 2.00"},
          {"ask data used 0 final", "", "", "kept 0.00"},
          {"ask data 1536 KB", "", "", "kept 2.00"},
          {"ask data used 512 KB final", "", "", "kept 1.00"}}},
        {"at the old price, where it has changed since",
         {},
         {arrival,
          {"ask data 3 MB in session a", "", "", "kept 3.00"},
          {"publish *,*,data,2.00,GBP,MB,1 B,1 B,,,no", "", "", ""},
          {"ask data in session a used 1 MB final", "", "", "kept 1.00"}}},
        {"at the new one where nothing was granted for it",
         {},
         {arrival,
          {"ask data 5 MB in session a", "", "", ""},
          {"ask data in session a used 3 MB final", "", "", "kept 3.00"},
          {"publish *,*,data,2.00,GBP,MB,1 B,1 B,,,no", "", "", ""},
          {"ask data in session a used 2 MB final", "", "", "kept 7.00"}}},
        {"more than was granted and recorded is awaited",
         {},
         {arrival,
          {"ask data 2 MB in session a", "", "", ""},
          {"use 4 MB in session a", "counted", "", "used 4.00, kept 0.00"},
          {"ask data in session a used 5 MB final", "", "", "kept 1.00"}}},
        {"of several grants the last takes what is left over",
         {},
         {arrival,
          {"ask data 2 MB in session a", "", "", ""},
          {"ask data 2 MB in session a", "", "", "kept 4.00"},
          {"ask data in session a used 3 MB final", "", "", "kept 3.00"},
          {"ask data 2 MB in session b", "", "", ""},
          {"ask data 2 MB in session b", "", "", "kept 7.00"},
          {"ask data in session b used 5 MB final", "", "", "kept 8.00"}}},
        {"and the grants of other sessions stay",
         {},
         {arrival,
          {"ask data 2 MB in session a", "", "", ""},
          {"ask data 2 MB in session b", "", "", "kept 4.00"},
          {"ask data in session a used 1 MB final", "", "", "kept 3.00"}}},
    });
}

TEST_CASE("a part of a grant is kept in proportion, rounded up to the millionth") {
    Line line("*,*,data,1.000001,GBP,2 B,1 B,1 B,,,no\n", 10'000'000);
    CHECK(line.ask(request("a", 2), hour("1h")).granted == 2);
    CHECK(kept_of(line.state) == 1'000'001);
    Traveller dearer;
    dearer.rows = "*,*,data,3.00,GBP,2 B,1 B,1 B,,,no\n";
    line.book = tariffs::Book({{1, hour("0h") - tariffs::days(365), table_of(dearer)}});
    SECTION("half of it") {
        (void)line.ask(report("a", 1), hour("1h"));
        CHECK(kept_of(line.state) == 500'001);
    }
    SECTION("all of it") {
        (void)line.ask(report("a", 2), hour("1h"));
        CHECK(kept_of(line.state) == 1'000'001);
    }
}

TEST_CASE("which grants a report and a record are about") {
    const std::string both = cap("all", R"("data","voice_mo")", tenner);
    tell_all({
        {"a report of data leaves what the same session's call was granted, and so does its record",
         with(both),
         {arrival,
          {"ask data 2 MB in session a", "", "", "kept 2.00"},
          {"ask call 5 minutes in session a", "", "", "kept 5.00"},
          {"use 1 MB in session a", "counted", "", "used 1.00, kept 4.00"},
          {"ask data in session a used 1 MB final", "", "", "kept 3.00"},
          {"call 5 minutes in session a", "counted", "", "used 4.00, kept 0.00"}}},
        {"a call that was never asked about is awaited once it is reported",
         with(both),
         {arrival,
          {"ask call in session a used 5 minutes final", "", "", "kept 3.00"},
          {"use 1 MB in session a", "counted", "", "used 1.00, kept 3.00"},
          {"call 5 minutes in session b", "counted", "", "used 4.00, kept 3.00"},
          {"call 5 minutes in session a", "counted", "", "used 7.00, kept 0.00"}}},
        {"a report is first of what the pass covers",
         {},
         {arrival,
          {"1h: ask data 2 MB in session a", "", "", "kept 2.00"},
          {"bundle b 1h 48h 10 MB JP", "", "", ""},
          {"ask data 3 MB in session a", "", "", "said allow pass, kept 2.00"},
          {"ask data in session a used 3 MB final", "", "", "kept 0.00"},
          {"ask data 10 MB in session b", "", "", "said allow pass, granted 7 MB"}}},
        {"a record under a pass settles what was granted of the pass",
         {},
         {arrival,
          {"1h: ask data 2 MB in session a", "", "", "kept 2.00"},
          {"bundle b 1h 48h 10 MB JP", "", "", ""},
          {"ask data 8 MB in session a", "", "", "said allow pass"},
          {"use 1 MB in session a", "counted", "", "kept 2.00, pass b used 1 MB"},
          {"ask data in session b", "", "", "said allow pass, granted 2 MB"}}},
        {"a record that the pass does not cover settles what was granted beside it first",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"1h: bundle b 1h 48h 4 MB JP", "", "", ""},
          {"ask data 4 MB in session a", "", "", "said allow pass"},
          {"use 4 MB in session b", "counted", "pass_ended", ""},
          {"ask data 2 MB in session a", "", "", "said allow within_caps, kept 2.00"},
          {"use 1 MB in session a", "counted", "", "used 1.00, kept 1.00"},
          {"use 1 MB in session a", "counted", "", "used 2.00, kept 0.00"},
          {"ask data in session a used 2 MB final", "", "", "kept 0.00"}}},
        {"a credit settles nothing",
         {},
         {arrival,
          {"ask data 5 MB in session a", "", "", ""},
          {"credit 2.00 GBP in session a", "counted", "", "kept 5.00"}}},
        {"the block that two grants share is kept until its last record",
         {"{}", blocks, "", "", false},
         {arrival,
          {"ask data 1536 KB in session a", "", "", "kept 2.00"},
          {"ask data 1536 KB in session a used 1536 KB", "", "", "kept 3.00"},
          {"use 1536 KB in session a", "counted", "", "used 2.00, kept 1.00"},
          {"use 1536 KB in session a", "counted", "", "used 3.00, kept 0.00"}}},
    });
}

TEST_CASE("to the last byte") {
    Line line(millionths, 5);
    SECTION("a byte that was reported is awaited, for six hours") {
        CHECK(line.ask(request("a", 5), hour("1h")).granted == 5);
        (void)line.ask(report("a", 1), hour("2h"));
        CHECK(kept_of(line.state) == 1);
        (void)line.ask(report("z", 0), hour("7h59m"));
        CHECK(kept_of(line.state) == 1);
        (void)line.ask(report("z", 0), hour("8h"));
        CHECK(kept_of(line.state) == 0);
    }
    SECTION("a byte that was granted is kept as long as any") {
        CHECK(line.ask(request("a", 1), hour("1h")).granted == 1);
        (void)line.ask(report("z", 0), hour("7h29m"));
        CHECK(kept_of(line.state) == 1);
    }
    SECTION("its record settles it, and leaves nothing behind once it was reported") {
        CHECK(line.ask(request("a", 5), hour("1h")).granted == 5);
        (void)line.ask(report("a", 3), hour("1h"));
        line.record("a", 2, hour("1h"), hour("2h"));
        CHECK(kept_of(line.state) == 1);
        line.record("a", 1, hour("1h"), hour("2h"));
        CHECK(line.state.grants.empty());
    }
    SECTION("records byte by byte settle byte by byte") {
        CHECK(line.ask(request("a", 3), hour("1h")).granted == 3);
        line.record("a", 1, hour("1h"), hour("1h"));
        CHECK(kept_of(line.state) == 2);
        CHECK(quantity_of(line.state) == 2);
    }
    SECTION("a report of nothing leaves nothing") {
        CHECK(line.ask(request("a", 5), hour("1h")).granted == 5);
        (void)line.ask(report("a", 0), hour("1h"));
        CHECK(line.state.grants.empty());
    }
    SECTION("an open grant whose records have come is forgotten when it is not valid any more") {
        CHECK(line.ask(request("a", 5), hour("1h")).granted == 5);
        line.record("a", 5, hour("1h"), hour("1h"));
        (void)line.ask(report("z", 0), hour("1h29m"));
        CHECK(line.state.grants.size() == 1);
        (void)line.ask(report("z", 0), hour("1h30m"));
        CHECK(line.state.grants.empty());
    }
    SECTION("the last that is kept holds, and its end releases") {
        CHECK(line.ask(request("a", 4), hour("1h")).granted == 4);
        CHECK(line.ask(request("b", 1), hour("1h")).granted == 1);
        CHECK(line.ask(request("c", 1), hour("1h")).reason == "cap_reached");
        (void)line.ask(report("a", 0), hour("1h"));
        CHECK(data_state(line.state, line.terms) == DataState::held);
        (void)line.ask(report("b", 0), hour("1h"));
        CHECK(data_state(line.state, line.terms) == DataState::allowed);
    }
}

TEST_CASE("a cap that was reached early") {
    const std::string daily = cap("monthly", R"("data")", tenner + R"(,"period":"day")");
    const Step ten{"ask data in session a", "", "", "granted 10 MB"};
    const Step full{"ask data in session b", holds, asked, "data held"};
    tell_all({
        {"is not released by what frees nothing in it",
         {"{}", blocks, "", "", false},
         {arrival,
          {"1h: use 512 KB in session b", "counted", "", "used 1.00"},
          {"use 8 MB charged 8.50 GBP", "threshold_reached, counted", "threshold monthly/1/80", "used 9.50"},
          {"ask data 512 KB in session b", "", "", "granted 512 KB, kept 0.00"},
          {"ask data 1 B in session c", holds, asked, "data held"},
          {"ask data in session b used 0 final", "", "", "data held, question pending"},
          {"8h: clock", "", "", "data held"}}},
        {"stays declined when it was",
         {},
         {arrival,
          ten,
          full,
          {"answer decline", "", "declined monthly/1", "data blocked"},
          {"ask data in session a used 0 final", "", "", "data blocked, kept 0.00"}}},
        {"is nothing any more once the profile has no such cap",
         {},
         {arrival,
          ten,
          full,
          {"profile {\"caps\":[" + cap("calls", R"("voice_mo")", tenner) + "]}", "", "released monthly/1",
           "data allowed"},
          {"8h: clock", "", "", "data allowed, holds none"}}},
        {"yesterday says nothing of today",
         with(daily),
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"15h50m: ask data in session a", "", "", "granted 10 MB"},
          {"15h51m: ask data in session b", holds, asked, "data held"},
          {"16h: clock", "", "released monthly/1", "data allowed"},
          {"17h: use 12 MB on 440-10 in session c", "cap_reached, confirmation_requested, counted", asked, "data held"},
          {"23h: clock", "", "", "data held, question pending"}}},
        {"yesterday keeps its early limit when what was granted lapses with it",
         with(daily),
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"9h30m: ask data in session a", "", "", "granted 10 MB"},
          {"9h31m: ask data in session b", holds, asked, ""},
          {"16h: clock", "", "released monthly/1", "data allowed"},
          {"15h, heard 17h: use 12 MB on 440-10 in session a", "counted_over_cap, counted", "", ""}}},
        {"tells what is used as its senders said, and not what is only granted",
         {},
         {arrival,
          {"ask data 5 MB in session a", "", "", ""},
          {"ask data 5 MB in session a used 5 MB", "", "", "granted 5 MB"},
          full,
          {"answer extend", "", "receipt monthly/1", "stage 2, limit 15.00"},
          {"use 2 MB in session a", "counted", "", "used 2.00"}}},
    });
}

TEST_CASE("what a cap that is reached early tells as used") {
    Line line(by_byte, 10'000'000);
    CHECK(line.ask(request("a", 5 << 20), hour("1h")).granted == 5 << 20);
    Authorization more = request("a", 5 << 20);
    more.used = 5 << 20;
    CHECK(line.ask(more, hour("1h")).granted == 5 << 20);
    const AuthorizationDecision full = line.ask(request("b", 1), hour("1h"));
    REQUIRE(full.decision.owed.size() == 1);
    CHECK(full.decision.owed.front().facts.used.money->micros == 5'000'000);
    CHECK(line.state.questions.back().used == 5'000'000);
}

TEST_CASE("and one that is reached by records tells what is recorded") {
    Line line(by_byte, 10'000'000);
    CHECK(line.ask(request("a", 5 << 20), hour("1h")).granted == 5 << 20);
    (void)line.ask(report("a", 5 << 20), hour("1h"));
    const Decision reached = line.record("b", 12 << 20, hour("1h"), hour("1h"));
    CHECK(reached.owed.back().facts.used.money->micros == 10'000'000);
}

TEST_CASE("the clock wakes when the first grant lapses that a cap reached early waits for") {
    Line line(by_byte, 10'000'000);
    line.terms.caps.push_back(line.terms.caps.front());
    line.terms.caps.back().id = "calls";
    line.terms.caps.back().services = {tariffs::Service::voice_mo};
    CHECK(line.ask(request("a", 4 << 20), hour("1h")).granted == 4 << 20);
    (void)line.ask(request("b", 6 << 20), hour("1h5m"));
    CHECK(*line.state.wake > hour("24h"));  // nothing waits for them
    SECTION("and then for what was reported before it") {
        (void)line.ask(report("b", 6 << 20), hour("1h6m"));
        (void)line.ask(request("c", 1), hour("1h10m"));
        CHECK(line.state.wake == hour("7h6m"));
    }
    SECTION("which is the first that was granted") {
        (void)line.ask(request("c", 1), hour("1h10m"));
        CHECK(line.state.wake == hour("7h30m"));
    }
    SECTION("not for another cap's") {
        (void)line.ask(report("a", 0), hour("1h6m"));
        (void)line.ask(request("d", 4 << 20), hour("1h6m"));
        line.state.grants.front().shares.front().cap = "calls";  // the elder of the two
        (void)line.ask(request("e", std::nullopt), hour("1h6m"));
        (void)line.ask(request("c", 1), hour("1h10m"));
        CHECK(line.state.wake == line.state.grants[1].keep_until);
    }
}

TEST_CASE("of many grants those that are alike become one") {
    Line line(by_byte, 100'000'000);
    line.terms.caps.push_back(line.terms.caps.front());
    line.terms.caps.back().id = "volume";
    line.terms.caps.back().currency = {};
    line.terms.caps.back().limit = 100 << 20;
    const std::int64_t mega = 1 << 20;
    const auto one_each = [&](int from, int to) {
        for (int i = from; i < to; ++i)
            CHECK(line.ask(request("s" + std::to_string(i), mega), hour("2h")).granted == mega);
    };
    SECTION("those of one session, and its records settle both") {
        (void)line.ask(request("a", mega), hour("1h"));
        line.record("a", mega / 2, hour("1h"), hour("1h"));
        (void)line.ask(request("a", mega), hour("1h10m"));
        one_each(0, 31);
        CHECK(line.state.grants.size() == 32);
        CHECK(kept_of(line.state, "monthly") == 32'500'000);
        CHECK(kept_of(line.state, "volume") == 32 * mega + mega / 2);
        for (const Grant& grant : line.state.grants)
            CHECK(grant.shares.size() == 2);
        CHECK(line.state.grants.front().valid_until == hour("1h40m"));
        CHECK(line.state.grants.front().keep_until == hour("7h40m"));
        (void)line.ask(report("a", mega), hour("2h"));  // half of it was recorded before
        CHECK(kept_of(line.state, "monthly") == 31'500'000);
        line.record("a", mega / 2, hour("1h"), hour("2h"));
        CHECK(kept_of(line.state, "monthly") == 31'000'000);
    }
    SECTION("else the two oldest, which nothing settles") {
        one_each(0, 33);
        CHECK(line.state.grants.size() == 32);
        CHECK(kept_of(line.state, "monthly") == 33'000'000);
        CHECK(quantity_of(line.state) == 33 * mega);
        std::set<std::string> sessions;
        for (const Grant& grant : line.state.grants)
            sessions.insert(grant.session);
        CHECK(sessions.size() == 32);
        CHECK(sessions.count("s0") + sessions.count("s1") == 0);
        (void)line.ask(report("", 0), hour("2h"));
        line.record("s0", mega, hour("1h"), hour("2h"));
        CHECK(kept_of(line.state, "monthly") == 33'000'000);
    }
    SECTION("not one of a pass with one of none, nor what is open with what was reported") {
        (void)line.ask(request("r", mega), hour("1h"));
        (void)line.ask(report("r", mega), hour("1h"));
        line.bundle(bundle_for("b", mega, hour("0h"), hour("48h")), hour("1h"));
        CHECK(line.ask(request("r", mega), hour("1h")).reason == "pass");
        line.record("z", mega, hour("1h"), hour("1h"));  // uses it up
        CHECK(line.ask(request("r", mega), hour("1h")).reason == "within_caps");
        one_each(0, 30);
        CHECK(line.state.grants.size() == 32);
        CHECK(quantity_of(line.state) == 33 * mega);
        CHECK(kept_of(line.state, "monthly") == 32'000'000);
        CHECK(line.state.grants.front().session.empty());
        CHECK(line.state.grants[1].session == "r");
        CHECK(line.state.grants[2].session == "s0");
    }
    SECTION("one of a pass that became one with another is of no pass any more") {
        line.bundle(bundle_for("b", mega, hour("0h"), hour("48h")), hour("1h"));
        CHECK(line.ask(request("p", mega), hour("1h")).reason == "pass");
        line.record("z", mega, hour("1h"), hour("1h"));
        one_each(0, 32);
        CHECK(line.state.grants.size() == 32);
        CHECK(line.state.grants.front().pass.empty());
        CHECK(kept_of(line.state, "monthly") == 32'000'000);
    }
}

}  // namespace roamguard::protection::testing
