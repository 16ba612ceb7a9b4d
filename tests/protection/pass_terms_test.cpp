#include <catch2/catch.hpp>

#include "tests/protection/line.h"

// Which passes are offered where, with which terms, until when they run, and what is told of them: contract, sections
// 4 and 7.
namespace roamguard::protection::testing {
namespace {

using notifications::Kind;

constexpr const char* by_byte = "*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n*,*,voice_mo,0.60,GBP,minute,1 s,1 s,,,\n";
constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr std::int64_t mega = 1 << 20;
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step to_the_cap{"1h: use 12 MB on 440-10", over, asked, "data held, overrun 2.00"};

Traveller with(const std::string& passes, const std::string& zones = "") {
    Traveller who;
    who.passes = passes;
    who.zones = zones;
    return who;
}

}  // namespace

TEST_CASE("where a pass is offered") {
    std::string nine;
    for (int i = 1; i <= 9; ++i)
        nine += "p" + std::to_string(i) + ",*,JP,data," + std::to_string(i) + ".00,GBP,incl,20,1 GB,24 h,rolling,P\n";
    Traveller unpublished;
    unpublished.published = false;
    tell_all({
        {"in a zone it names, and it covers that zone",
         with("z,*,zone:asia,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Asia\n", "asia,JP\nasia,KR\n"),
         {arrival,
          {"1h: use 12 MB on 440-10", over, asked, "choices extend pass:z decline"},
          {"2h: answer pass:z", "", "receipt monthly/1", "data allowed"},
          {"3h: attach 450-05", "welcomed", "welcome", "data allowed"},
          {"4h: attach 208-10", "confirmation_requested, welcomed", "confirm_cap monthly/1/100, welcome",
           "choices extend decline, data held"}}},
        {"on a network it names, and not on another of the country",
         with("n,*,440-10,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Network\n"),
         {arrival,
          {"1h: use 12 MB on 440-10", over, asked, "choices extend pass:n decline"},
          {"2h: attach 440-20", "welcome_suppressed", "", ""},
          {"answer extend", "", "receipt monthly/1", ""},
          {"use 12 MB on 440-20", over, "confirm_cap monthly/2/100", "choices extend decline"}}},
        {"in a class of networks",
         with("air,*,inflight,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Flight\n"),
         {{"0h: attach 901-14", "confirmation_requested", "confirm_destination", "choices pass:air continue decline"}}},
        {"to the plan it is for",
         with("own,global,JP,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Own\n"),
         {arrival, {"1h: use 12 MB on 440-10", over, asked, "choices extend pass:own decline"}}},
        {"as many as a reply of one digit can name, the cheapest",
         with(nine),
         {arrival,
          {"1h: use 12 MB on 440-10", over, asked,
           "choices extend pass:p1 pass:p2 pass:p3 pass:p4 pass:p5 pass:p6 pass:p7 decline"}}},
        {"not at home",
         with("w,*,*,data,4.00,GBP,incl,20,10 MB,24 h,rolling,World\n"),
         {arrival,
          {"1h: use 8 MB on 440-10", "threshold_reached, counted", "threshold monthly/1/80", ""},
          {"2h: attach home", "returned_home", "", ""},
          {R"(profile {"caps":[{"id":"monthly","services":["data"],"amount":"5.00","currency":"GBP"}]})",
           "cap_reached, confirmation_requested", asked, "choices extend decline"}}},
        {"not before the first tables",
         unpublished,
         {{"0h: attach 440-10", "confirmation_requested", "confirm_destination", "choices continue decline"}}},
    });
}

TEST_CASE("until when a pass runs") {
    tell_all({
        {"where nobody knows the country its day ends at home",
         with("d,*,*,data,4.00,GBP,incl,20,10 MB,1 d,local,Day\n"),
         {{"0h: attach nowhere", "confirmation_requested", "confirm_destination", ""},
          {"2h: answer pass:d", "", "receipt", "pass d until 16h"}}},
        {"a day at home ends there, whatever the time where it is used",
         with("d,*,US,data,4.00,GBP,incl,20,10 MB,1 d,home,Day\n"),
         {{"0h: attach 310-410", "welcomed", "welcome", ""},
          {"1h: use 12 MB on 310-410", over, asked, ""},
          {"2h: answer pass:d", "", "receipt monthly/1", "pass d until 16h"},
          {"3h: use 1 MB written -04:00 on 310-410", "counted", "", "pass d until 16h"}}},
        {"of two local days the second ends it",
         with("d,*,US,data,4.00,GBP,incl,20,10 MB,2 d,local,Days\n"),
         {{"0h: attach 310-410", "welcomed", "welcome", ""},
          {"1h: use 12 MB on 310-410", over, asked, ""},
          {"6h: answer pass:d", "", "receipt monthly/1", "pass d until 50h"},
          {"7h: use 1 MB written -04:00 on 310-410", "counted", "", "pass d until 44h"}}},
        {"a local time in which the day is over already tells nothing of it",
         with("d,*,US,data,4.00,GBP,incl,20,10 MB,1 d,local,Day\n"),
         {{"0h: attach 310-410", "welcomed", "welcome", ""},
          {"1h: use 12 MB on 310-410", over, asked, ""},
          {"6h: answer pass:d", "", "receipt monthly/1", "pass d until 26h"},
          {"20h: use 1 MB written -04:00 on 310-410", "counted", "", "pass d until 26h"},
          {"21h: use 1 MB written -07:00 on 310-410", "counted", "", "pass d until 23h"}}},
    });
}

TEST_CASE("a pass is kept as it was shown") {
    Line line(
        by_byte, 10'000'000,
        "fr,*,FR,data,4.00,GBP,excl,20,10 MB,24 h,rolling,\nfr-day,*,FR,data,5.00,GBP,incl,20,20 MB,1 d,local,Day\n");
    line.record("a", 12 * mega, hour("1h"), hour("1h"));
    const Question question = line.state.questions.back();
    const AnswerDecision bought = line.answer(question, "pass:fr", hour("2h"));
    REQUIRE(line.state.passes.size() == 1);
    const HeldPass& pass = line.state.passes.front();
    CHECK(pass.name == "fr");  // it has no name of its own
    CHECK(pass.price == tariffs::Money{4'000'000, tariffs::Currency::parse("GBP").value()});
    CHECK(pass.tax == tariffs::Tax::excl);
    CHECK(pass.validity.ms == tariffs::hours(24).ms);
    CHECK(pass.day == tariffs::Pass::Day::rolling);
    CHECK(pass.until_certain);
    CHECK(pass.version == 1);
    CHECK(pass.line == 2);
    CHECK(pass.question == question.id);
    CHECK(pass.from == hour("2h"));
    REQUIRE(bought.decision.opened.size() == 1);
    CHECK(bought.decision.opened.front().about == pass.id);
    CHECK(bought.decision.opened.front().stage == 0);
    CHECK(bought.decision.opened.front().question == question.id);
    CHECK(question.offers.size() == 2);
    CHECK(question.offers.back().name == "Day");
}

TEST_CASE("a pass of a local day says that it may last until the day is over everywhere") {
    Line line(by_byte, 10'000'000, "d,*,FR,data,4.00,GBP,incl,20,10 MB,1 d,local,Day\n");
    line.record("a", 12 * mega, hour("1h"), hour("1h"));
    line.answer(line.state.questions.back(), "pass:d", hour("2h"));
    CHECK(!line.state.passes.front().until_certain);
    const Decision told = line.record("a", 9 * mega, hour("3h"), hour("3h"));
    REQUIRE(told.owed.size() == 1);
    CHECK(told.owed.front().facts.kind == Kind::pass_threshold);
    CHECK(!told.owed.front().facts.period_end);
}

TEST_CASE("what is told of a pass names it, what of it is used, and until when it runs") {
    Line line(by_byte, 10'000'000);
    line.record("a", 1, hour("0h"), hour("0h"));
    HeldPass pass = bundle_for("b", 10 * mega, hour("0h"), hour("48h"));
    pass.name = "France";
    pass.question = "q-1";
    line.bundle(pass, hour("1h"));
    const Decision told = line.record("a", 9 * mega, hour("2h"), hour("2h"));
    REQUIRE(told.owed.size() == 1);
    const notifications::Facts& facts = told.owed.front().facts;
    CHECK(told.owed.front().question == "q-1");
    CHECK(told.owed.front().threshold == 80);
    CHECK(facts.threshold_percent == 80);
    CHECK(facts.kind == Kind::pass_threshold);
    CHECK(facts.pass_name == "France");
    CHECK(facts.services == pass.services);
    CHECK(facts.limit.bytes == 10 * mega);
    CHECK(facts.used.bytes == 9 * mega);
    CHECK(facts.period_end == hour("48h"));
    CHECK(facts.country == geoip::Country::parse("FR").value());
    REQUIRE(facts.prices.size() == 1);
    CHECK(facts.prices.front().service == tariffs::Service::data);
    const Decision ended = line.record("a", mega, hour("3h"), hour("3h"));
    REQUIRE(ended.owed.size() == 1);
    CHECK(ended.owed.front().facts.kind == Kind::pass_ended);
    CHECK(ended.owed.front().facts.used.bytes == 10 * mega);
    CHECK(!ended.owed.front().facts.period_end);
}

TEST_CASE("a pass without an end, of calls or without an allowance, names none of these") {
    Line line(by_byte, 10'000'000);
    line.record("a", 1, hour("0h"), hour("0h"));
    const auto end = [&](const HeldPass& pass) {
        line.bundle(pass, hour("1h"));
        return decide_bundle_end(pass.id, line.terms, line.world(), hour("2h"), line.seed(), line.state).decision;
    };
    SECTION("of calls") {
        HeldPass calls = bundle_for("b", 600, hour("0h"), hour("48h"));
        calls.services = {tariffs::Service::voice_mo};
        const Decision ended = end(calls);
        REQUIRE(ended.owed.size() == 1);
        CHECK(ended.owed.front().facts.limit.bytes == 0);
        CHECK(ended.owed.front().facts.prices.front().service == tariffs::Service::voice_mo);
    }
    SECTION("without an allowance") {
        const Decision ended = end(bundle_for("b", std::nullopt, hour("0h"), hour("48h")));
        REQUIRE(ended.owed.size() == 1);
        CHECK(ended.owed.front().facts.limit.bytes == 0);
    }
    SECTION("without an end") {
        line.bundle(bundle_for("b", 10 * mega, hour("0h"), Instant{253402300799000}), hour("1h"));
        const Decision told = line.record("a", 9 * mega, hour("2h"), hour("2h"));
        REQUIRE(told.owed.size() == 1);
        CHECK(!told.owed.front().facts.period_end);
    }
}

TEST_CASE("a bundle with the terms of a row is one that was bought elsewhere") {
    Traveller who = with("z,*,zone:asia,data,4.00,GBP,incl,20,10 MB,24 h,rolling,Asia\n", "asia,JP\nasia,KR\n");
    const tariffs::Version version{3, hour("0h"), table_of(who)};
    tariffs::RateQuery query;
    query.plan = "*";
    query.klass = geoip::NetworkClass::terrestrial;
    query.country = geoip::Country::parse("JP").value();
    const auto rows = version.table->passes_for(query);
    REQUIRE(rows.size() == 1);
    const HeldPass bundle = bundle_of(*rows.front(), version);
    CHECK(bundle.elsewhere);
    CHECK(bundle.pass == "z");
    CHECK(bundle.destinations == std::vector<std::string>{"JP", "KR"});
    CHECK(bundle.version == 3);
}

}  // namespace roamguard::protection::testing
