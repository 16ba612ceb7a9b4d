#include <catch2/catch.hpp>

#include "tests/protection/line.h"

// What the platform and the payer are told when services go off and on again: contract, sections 6 and 7.
namespace roamguard::protection::testing {
namespace {

constexpr std::int64_t mega = 1 << 20;
const auto data_only = std::vector{tariffs::Service::data};

}  // namespace

TEST_CASE("what was held is released with its services, awake or asleep") {
    Line line("*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n", 10'000'000);
    line.record("a", 12 * mega, hour("1h"), hour("1h"));
    if (GENERATE(false, true)) {
        line.state.holds.front().asleep = true;  // as at home
    }
    const Decision agreed = line.answer(line.state.questions.back(), "extend", hour("2h")).decision;
    REQUIRE(agreed.holds.size() == 1);
    CHECK(agreed.holds.front().what == HoldChange::What::released);
    CHECK(agreed.holds.front().services == data_only);
    CHECK(line.state.holds.empty());
}

TEST_CASE("what a bundle lifts of a hold") {
    const std::string over = "cap_reached, confirmation_requested, counted";
    tell_all({
        {"is lifted once, also when the cap covers more services since",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"1h: use 12 MB", over, "confirm_cap monthly/1/100", "data held"},
          {"2h: bundle b 2h 48h unlimited JP", "", "", "data allowed, lifted data"},
          {R"(3h: profile {"caps":[{"id":"monthly","services":["data","sms_mo"],"amount":"10.00","currency":"GBP",
              "period":"month","extension":"5.00"}]})",
           "", "", "data allowed, lifted data"},
          {"4h: ask text 1 message", "", "", "said hold held"}}},
        {"is nothing at home, where none applies",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"2h: attach home", "returned_home", "", ""},
          {"3h: bundle b 3h 48h unlimited *", "", "", ""},
          {"1h, heard 4h: use 12 MB on 440-10", over, "confirm_cap monthly/1/100",
           "holds cap:monthly/asleep, lifted nothing"}}},
    });
}

TEST_CASE("a cap that is named like a country is held besides that country") {
    Line line("*,*,data,1.00,GBP,MB,1 B,1 B,,,yes\n", 10'000'000);
    line.terms.caps.front().id = "FR";
    line.record("a", 12 * mega, hour("1h"), hour("1h"));
    CHECK(line.state.holds.size() == 2);
}

TEST_CASE("the payer reads the question with its code, the user that somebody else is asked") {
    Line line("*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n", 10'000'000);
    line.state.profile.payer = *notifications::Msisdn::parse("+447700900100");
    line.record("a", 1, hour("1h"), hour("1h"));
    const Decision asked = line.record("a", 12 * mega, hour("1h"), hour("1h"));
    REQUIRE(asked.owed.size() == 2);
    const Owed& payer = asked.owed.front();
    const Owed& user = asked.owed.back();
    CHECK(payer.to_payer);
    CHECK(!payer.facts.payer_decides);
    CHECK(payer.facts.code == line.state.questions.back().code);
    CHECK(payer.facts.choices.size() == 2);
    CHECK(payer.facts.links == notifications::Links::on);
    CHECK(!user.to_payer);
    CHECK(user.facts.payer_decides);
    CHECK(user.facts.code.empty());
    CHECK(user.facts.choices.empty());
    CHECK(user.facts.links == notifications::Links::none);
}

}  // namespace roamguard::protection::testing
