#include <catch2/catch.hpp>

#include "tests/protection/line.h"

// Bundles bought elsewhere, as the operator records, changes and ends them: contract, section 5.
namespace roamguard::protection::testing {
namespace {

using notifications::Kind;

constexpr const char* by_byte = "*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n";
constexpr const char* dear = "*,*,data,8.00,GBP,MB,1 B,1 B,,,yes\n";
constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr std::int64_t mega = 1 << 20;
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step to_the_cap{"1h: use 12 MB on 440-10", over, asked, "data held"};

}  // namespace

TEST_CASE("where a bundle covers") {
    tell_all({
        {"on the network it names, and on no other of the country",
         {},
         {arrival,
          {"0h: bundle b 0h 48h 10 MB 440-10", "", "", ""},
          {"1h: use 1 MB on 440-10", "counted", "", "used 0.00, pass b used 1 MB"},
          {"2h: use 1 MB on 440-20", "counted", "", "used 1.00, pass b used 1 MB"}}},
        {"not where only the country is known, if it is of a network",
         {},
         {{"0h: bundle b 0h 48h 10 MB 440-10", "", "", ""},
          {"1h: attach device JP", "welcomed", "welcome", ""},
          {"2h: use 1 MB", "counted", "", "used 1.00, pass b used 0 B"}}},
        {"without an end to it",
         {},
         {arrival,
          {"1h: bundle b 1h 48h unlimited JP", "", "", ""},
          {"2h: use 900 MB on 440-10", "counted", "", "used 0.00, pass b used 900 MB, pass b open"}}},
        {"in a class of networks",
         {},
         {{"0h: bundle b 0h 48h 10 MB inflight", "", "", ""},
          {"1h: attach 901-14", "welcomed", "welcome", "data allowed"}}},
        {"in a network of none, and no other such network",
         {},
         {{"0h: bundle b 0h 48h 10 MB 901-14", "", "", ""},
          {"1h: attach 901-14", "welcomed", "welcome", "data allowed"},
          {"2h: attach 901-15", "confirmation_requested", "confirm_destination", "data held"}}},
        {"everywhere, also where nobody knows",
         {},
         {{"0h: bundle b 0h 48h 10 MB *", "", "", ""},
          {"1h: attach nowhere", "welcomed", "welcome", "data allowed"},
          {"2h: use 1 MB on 440-10", "welcomed, counted", "welcome", "used 0.00, pass b used 1 MB"}}},
        {"until its end, which it does not cover any more",
         {},
         {arrival,
          {"1h: bundle b 1h 24h 10 MB JP", "", "", ""},
          {"24h, heard 25h: use 1 MB on 440-10", "counted", "pass_ended", "used 1.00, pass b used 0 B"}}},
        {"of two that end together the one recorded first",
         {},
         {arrival,
          {"1h: bundle first 1h 48h 10 MB JP", "", "", ""},
          {"1h: bundle second 1h 48h 10 MB JP", "", "", ""},
          {"2h: use 1 MB on 440-10", "counted", "", "pass first used 1 MB, pass second used 0 B"}}},
        {"of two the one that ends first, whichever was recorded first",
         {},
         {arrival,
          {"1h: bundle short 1h 24h 10 MB JP", "", "", ""},
          {"1h: bundle long 1h 48h 10 MB JP", "", "", ""},
          {"2h: use 1 MB on 440-10", "counted", "", "pass short used 1 MB, pass long used 0 B"}}},
    });
}

TEST_CASE("what a bundle tells") {
    tell_all({
        {"its 80 % when they are reached, not before, and not again",
         {},
         {arrival,
          {"1h: bundle b 1h 48h 10 MB JP", "", "", ""},
          {"2h: use 7 MB on 440-10", "counted", "", ""},
          {"2h: use 1 MB on 440-10", "counted", "pass_threshold/80", ""},
          {"2h: use 1 MB on 440-10", "counted", "", ""},
          {"2h: use 1023 KB on 440-10", "counted", "", "pass b open"},
          {"2h: use 1 KB on 440-10", "counted", "pass_ended", "pass b ended, used 0.00"}}},
        {"but not to whoever switched that off",
         {R"({"optOut":["pass_threshold"]})", "", "", "", false, {Kind::welcome, Kind::pass_threshold}},
         {arrival,
          {"1h: bundle b 1h 48h 10 MB JP", "", "", ""},
          {"2h: use 9 MB on 440-10", "counted", "", ""},
          {"2h: use 1 MB on 440-10", "counted", "pass_ended", ""}}},
        {"its end by the clock, also where nobody was seen yet",
         {},
         {{"0h: bundle b 0h 1h 10 MB JP", "", "", "place none"},
          {"59m: clock", "", "", "pass b open"},
          {"1h: clock", "", "pass_ended", "pass b ended"},
          {"2h: clock", "", "", ""}}},
        {"its end once: late records of it are counted in silence",
         {},
         {arrival,
          {"1h: bundle b 1h 24h 10 MB JP", "", "", ""},
          {"24h: clock", "", "pass_ended", ""},
          {"23h, heard 25h: use 9 MB on 440-10", "counted", "", "pass b used 9 MB"},
          {"23h, heard 26h: use 3 MB on 440-10", "counted", "", "pass b used 10 MB, used 2.00"}}},
        {"nothing more for forty days after its end, and then it is forgotten",
         {},
         {{"0h: bundle b 0h 1h 10 MB JP", "", "", ""},
          {"1h: clock", "", "pass_ended", ""},
          {"40d1h: clock", "", "", "pass b ended"},
          {"40d2h: clock", "", "", "pass b is not there"}}},
        {"of two only the one whose end has come",
         {},
         {{"0h: bundle long 0h 60h 10 MB JP", "", "", ""},
          {"0h: bundle short 0h 1h 10 MB JP", "", "", ""},
          {"1h: clock", "", "pass_ended", "pass short ended, pass long open"}}},
    });
}

TEST_CASE("how a bundle is recorded, changed and ended") {
    tell_all({
        {"recorded, changed, ended, and ended again without a second word",
         {},
         {arrival,
          {"1h: bundle b 1h 48h 10 MB JP", "", "", "bundle recorded"},
          {"bundle b 1h 72h 20 MB JP", "", "", "bundle changed, pass b until 3d"},
          {"2h: end b", "", "pass_ended", "bundle ended, pass b ended, pass b until 2h"},
          {"3h: end b", "", "", "bundle ended, pass b until 2h"},
          {"end c", "", "", "bundle unknown"}}},
        {"one that is over already when it is recorded",
         {},
         {arrival, {"2h: bundle b 0h 1h 10 MB JP", "", "pass_ended", "bundle recorded, pass b ended"}}},
        {"one that was over and is valid anew tells its end again",
         {},
         {arrival,
          {"1h: bundle b 1h 24h 10 MB JP", "", "", ""},
          {"24h: clock", "", "pass_ended", ""},
          {"25h: bundle b 1h 24h 5 MB JP", "", "", "bundle changed, pass b ended"},
          {"26h: bundle b 26h 48h 10 MB JP", "", "", "pass b open"},
          {"48h: clock", "", "pass_ended", "pass b ended"}}},
        {"ended before its time it is held to have ended then",
         {},
         {arrival,
          {"1h: bundle b 2h 48h 10 MB JP", "", "", ""},
          {"3h: end b", "", "pass_ended", ""},
          {"2h30m, heard 4h: use 1 MB on 440-10", "counted", "", "used 0.00, pass b used 1 MB"},
          {"4h: use 1 MB on 440-10", "counted", "", "used 1.00, pass b used 1 MB"}}},
        {"at home it asks about nothing",
         {"{}", dear, "", "", false},
         {{"0h: attach home", "returned_home", "", ""},
          {"1h: bundle b 1h 2h 10 MB JP", "", "", "holds none"},
          {"2h: clock", "", "pass_ended", "holds none"}}},
        {"what it does not cover stays held",
         {},
         {arrival, to_the_cap, {"2h: bundle b 2h 48h 10 MB FR", "", "", "data held, lifted nothing"}}},
        {"a question that has run out is not open when it is recorded",
         {},
         {arrival, to_the_cap, {"26h: bundle b 26h 48h 10 MB FR", "", "", "question expired"}}},
        {"nor when one is ended",
         {},
         {arrival,
          {"30m: bundle b 0h 48h 10 MB FR", "", "", ""},
          to_the_cap,
          {"26h: end b", "", "pass_ended", "question expired"}}},
        {"a cap that no terms know any more is not asked about when it ends",
         {},
         {arrival,
          to_the_cap,
          {"answer decline", "", "declined monthly/1", ""},
          {"2h: bundle b 2h 48h unlimited JP", "", "", "data allowed"},
          {"reload {\"caps\":[]}", "", "", ""},
          {"3h: end b", "", "pass_ended", "data held"}}},
        {"the cap that held is asked about, and no other",
         {R"({"caps":[{"id":"calls","services":["voice_mo"],"amount":"10.00","currency":"GBP","thresholds":[]},
                      {"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","thresholds":[]}]})",
          "", "", "", false},
         {arrival,
          {"1h: call 1 minute on 440-10", "counted", "", ""},
          {"1h: use 12 MB on 440-10", over, asked, ""},
          {"answer decline", "", "declined monthly/1", ""},
          {"2h: bundle b 2h 48h unlimited JP", "", "", "data allowed"},
          {"3h: end b", "confirmation_requested", "pass_ended, confirm_cap monthly/1/100", "data held"}}},
        {"what was declined is asked about anew when it ends, in the period that it was held in",
         {R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"day",
                       "extension":"5.00","thresholds":[]}]})",
          "", "", "", false},
         {arrival,
          {"1h: use 12 MB on 440-10", over, asked, ""},
          {"2h: answer extend", "", "receipt monthly/1", "stage 2"},
          {"17h: use 12 MB on 440-10", over, asked, "data held, stage 1"},
          {"answer decline", "", "declined monthly/1", "data blocked"},
          {"18h: bundle b 18h 48h unlimited JP", "", "", "data allowed"},
          {"19h: end b", "confirmation_requested", "pass_ended, confirm_cap monthly/1/100", "data held"}}},
    });
}

TEST_CASE("a pass bought here is no bundle: it is neither changed nor ended as one") {
    Line line(by_byte, 10'000'000, "fr,*,FR,data,4.00,GBP,incl,20,10 MB,24 h,rolling,\n");
    line.record("a", 12 * mega, hour("1h"), hour("1h"));
    const AnswerDecision bought = line.answer(line.state.questions.back(), "pass:fr", hour("2h"));
    REQUIRE(line.state.passes.size() == 1);
    const HeldPass pass = line.state.passes.front();
    CHECK(bought.decision.bought == std::vector<std::string>{pass.id});
    CHECK(line.bundle(bundle_for(pass.id, mega, hour("0h"), hour("3h")), hour("2h")).result ==
          BundleResult::not_a_bundle);
    CHECK(line.state.passes.front().until == pass.until);
    CHECK(decide_bundle_end(pass.id, line.terms, line.world(), hour("2h"), line.seed(), line.state).result ==
          BundleResult::not_a_bundle);
    CHECK(!line.state.passes.front().ended);
}

TEST_CASE("what was told of a bundle is told again only where it is valid anew") {
    Line line(by_byte, 10'000'000);
    const auto kinds = [](const Decision& decision) {
        std::vector<Kind> kinds;
        for (const Owed& owed : decision.owed)
            kinds.push_back(owed.facts.kind);
        return kinds;
    };
    // As it is recorded anew: of what was told the record says nothing.
    const auto recorded = [&] {
        HeldPass bundle = line.state.passes.front();
        bundle.ended.reset();
        bundle.warned = false;
        return bundle;
    };
    line.record("a", 1, hour("0h"), hour("0h"));
    line.bundle(bundle_for("b", 10 * mega, hour("0h"), hour("48h")), hour("0h"));
    CHECK(kinds(line.record("a", 8 * mega, hour("1h"), hour("1h"))) == std::vector{Kind::pass_threshold});
    HeldPass changed = recorded();
    SECTION("not while as much of it is used") {
        changed.until = hour("72h");
        CHECK(kinds(line.bundle(changed, hour("2h")).decision).empty());
        CHECK(kinds(line.record("a", 1, hour("3h"), hour("3h"))).empty());
    }
    SECTION("again where it has more") {
        changed.allowance = 20 * mega;
        line.bundle(changed, hour("2h"));
        CHECK(kinds(line.record("a", 7 * mega, hour("3h"), hour("3h"))).empty());
        CHECK(kinds(line.record("a", mega, hour("3h"), hour("3h"))) == std::vector{Kind::pass_threshold});
    }
    SECTION("again where it had no end of it for a while") {
        changed.allowance.reset();
        line.bundle(changed, hour("2h"));
        changed = recorded();
        changed.allowance = 10 * mega;
        line.bundle(changed, hour("3h"));
        CHECK(kinds(line.record("a", mega, hour("4h"), hour("4h"))) == std::vector{Kind::pass_threshold});
    }
    SECTION("used up, its end is not told again by a change that leaves it used up") {
        CHECK(kinds(line.record("a", 2 * mega, hour("2h"), hour("2h"))) == std::vector{Kind::pass_ended});
        changed = recorded();
        changed.until = hour("72h");
        CHECK(kinds(line.bundle(changed, hour("3h")).decision).empty());
        CHECK(line.state.passes.front().ended);
        CHECK(line.state.passes.front().warned);
        changed.allowance = 10 * mega + 1;
        line.bundle(changed, hour("4h"));
        CHECK(!line.state.passes.front().ended);
        CHECK(line.state.passes.front().warned);
    }
    SECTION("over, its end is not told again by a change that leaves it over") {
        changed.until = hour("3h");
        line.bundle(changed, hour("2h"));
        (void)decide_timers(line.terms, line.world(), hour("3h"), line.seed(), line.state);
        changed = recorded();
        changed.allowance = 20 * mega;
        CHECK(kinds(line.bundle(changed, hour("3h")).decision).empty());
        CHECK(line.state.passes.front().ended);
        CHECK(line.state.passes.front().warned);
    }
    SECTION("nor of one that was not told yet") {
        line.state.passes.front().warned = false;
        line.bundle(changed, hour("2h"));
        CHECK(kinds(line.record("a", 1, hour("3h"), hour("3h"))) == std::vector{Kind::pass_threshold});
    }
}

TEST_CASE("the platform is told what a bundle lifts and what binds again") {
    Line line(by_byte, 10'000'000);
    line.terms.caps.front().services = {tariffs::Service::data, tariffs::Service::voice_mo};
    const auto data_only = std::vector{tariffs::Service::data};
    const auto calls_only = std::vector{tariffs::Service::voice_mo};
    line.record("a", 12 * mega, hour("1h"), hour("1h"));
    CHECK(line.state.hold_sequence == 1);
    const BundleDecision recorded = line.bundle(bundle_for("b", mega, hour("2h"), hour("48h")), hour("2h"));
    REQUIRE(recorded.decision.holds.size() == 1);
    CHECK(recorded.decision.holds.front().what == HoldChange::What::released);
    CHECK(recorded.decision.holds.front().services == data_only);
    CHECK(line.state.hold_sequence == 2);
    CHECK(line.state.wake == hour("1d1h"));  // the question runs out first
    HeldPass calls = bundle_for("b", 600, hour("2h"), hour("5h"));
    calls.services = calls_only;
    const BundleDecision changed = line.bundle(calls, hour("3h"));
    REQUIRE(changed.decision.holds.size() == 2);
    CHECK(changed.decision.holds[0].what == HoldChange::What::released);
    CHECK(changed.decision.holds[0].services == calls_only);
    CHECK(changed.decision.holds[1].what == HoldChange::What::held);
    CHECK(changed.decision.holds[1].services == data_only);
    CHECK(line.state.holds.front().lifted == calls_only);
    CHECK(line.state.wake == hour("5h"));
    line.bundle(bundle_for("c", mega, hour("4h"), hour("6h")), hour("3h"));
    CHECK(line.state.wake == hour("4h"));
    line.bundle(bundle_for("d", mega, hour("3h"), hour("3h30m")), hour("3h"));
    CHECK(line.state.wake == hour("3h30m"));
    const BundleDecision ended =
        decide_bundle_end("b", line.terms, line.world(), hour("3h10m"), line.seed(), line.state);
    REQUIRE(ended.decision.holds.size() == 1);
    CHECK(ended.decision.holds.front().what == HoldChange::What::held);
    CHECK(ended.decision.holds.front().services == calls_only);
    CHECK(line.state.hold_sequence == 5);
    CHECK(line.state.wake == hour("3h30m"));
}

}  // namespace roamguard::protection::testing
