#include <catch2/catch.hpp>

#include "service/customers/home.h"
#include "tests/protection/story.h"

// Contract, section 5: what a profile leaves out comes from its regime and its home.
namespace roamguard::protection::testing {
namespace {

using notifications::Kind;

const geoip::Country japan = geoip::Country::parse("JP").value();

customers::Regime strict() {
    customers::Regime regime;
    customers::CapRule cap;
    cap.id = "regime";
    cap.currency = tariffs::Currency::parse("EUR").value();
    cap.limit = 50'000'000;
    regime.caps = {cap};
    regime.may_opt_out = {Kind::welcome};
    regime.data_roaming_off = true;
    return regime;
}

}  // namespace

TEST_CASE("an empty profile has the terms of its home and its regime") {
    const Terms terms = terms_of({}, strict(), japan);
    const customers::HomeDefaults& usual = customers::home_defaults(japan);
    CHECK(terms.home_country == japan);
    CHECK(terms.currency == tariffs::Currency::parse("JPY").value());
    CHECK(terms.plan == "*");
    CHECK(terms.language == usual.language);
    CHECK(terms.time_zone == "Asia/Tokyo");
    REQUIRE(terms.caps.size() == 1);
    CHECK(terms.caps.front().id == "regime");
    CHECK(!terms.high_cost_per_megabyte);
    CHECK(terms.holds);
    CHECK(terms.barred);
    CHECK(terms.opt_out.empty());
    CHECK(terms.may_opt_out == std::set{Kind::welcome});
}

TEST_CASE("what a profile says goes before both") {
    customers::Profile profile;
    profile.plan = "gold";
    profile.language = "fr";
    profile.time_zone = "Europe/Paris";
    profile.caps = std::vector<customers::CapRule>{};
    profile.high_cost_per_megabyte = tariffs::Money{3'000'000, tariffs::Currency::parse("GBP").value()};
    profile.data_roaming = true;
    profile.opt_out = {Kind::threshold};
    const Terms terms = terms_of(profile, strict(), japan);
    CHECK(terms.plan == "gold");
    CHECK(terms.language == "fr");
    CHECK(terms.time_zone == "Europe/Paris");
    CHECK(terms.caps.empty());
    CHECK(terms.high_cost_per_megabyte == profile.high_cost_per_megabyte);
    CHECK(!terms.barred);
    CHECK(terms.opt_out == profile.opt_out);
}

TEST_CASE("a machine is held only where its profile says so, a person always unless it says not") {
    struct Row {
        std::optional<customers::LineKind> kind;
        std::optional<bool> hold;
        bool holds;
    };
    using customers::LineKind;
    for (const Row& row : {Row{{}, {}, true}, Row{LineKind::person, {}, true}, Row{LineKind::m2m, {}, false},
                           Row{LineKind::m2m, true, true}, Row{LineKind::person, false, false}}) {
        customers::Profile profile;
        profile.kind = row.kind;
        profile.hold = row.hold;
        CHECK(terms_of(profile, strict(), japan).holds == row.holds);
    }
    customers::Profile profile;
    profile.data_roaming = false;
    CHECK(terms_of(profile, {}, japan).barred);
}

}  // namespace roamguard::protection::testing
