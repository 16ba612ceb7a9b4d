#include "service/customers/profile.h"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

using namespace roamguard::customers;

TEST_CASE("every period is read from its word and written back") {
    struct Row {
        std::string text;
        PeriodRule rule;
    };
    const std::vector<Row> rows{
        {"month", {PeriodRule::Over::month, 1}},
        {"day", {PeriodRule::Over::day, 1}},
        {"trip", {PeriodRule::Over::trip, 1}},
        {"billing-day:1", {PeriodRule::Over::billing_day, 1}},
        {"billing-day:9", {PeriodRule::Over::billing_day, 9}},
        {"billing-day:31", {PeriodRule::Over::billing_day, 31}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(parse_period(row.text) == row.rule);
        CHECK(to_text(row.rule) == row.text);
    }
}

TEST_CASE("a period with another word, or a day no month has, is refused") {
    for (const char* text :
         {"", "week", "Month", "month ", "billing-day", "billing-day:", "billing-day:0", "billing-day:32",
          "billing-day:01", "billing-day:+1", "billing-day:1 ", "billing-day:100", "billing-day:-1"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_period(text));
    }
}

TEST_CASE("kinds of line and what happens at the limit have one word each") {
    for (const LineKind kind : {LineKind::person, LineKind::data_only, LineKind::m2m, LineKind::business})
        CHECK(parse_line_kind(word(kind)) == kind);
    for (const AtLimit at_limit : {AtLimit::hold, AtLimit::notify})
        CHECK(parse_at_limit(word(at_limit)) == at_limit);
    CHECK(word(LineKind::data_only) == "data_only");
    CHECK_FALSE(parse_line_kind("Person"));
    CHECK_FALSE(parse_at_limit(""));
}

TEST_CASE("whatever is read as a period is written as it was read") {
    rc::prop("for texts of the same letters", [] {
        const auto tail = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789 :-")));
        const std::string text = "billing-day:" + tail.substr(0, 3);
        if (const auto rule = parse_period(text)) RC_ASSERT(to_text(*rule) == text);
    });
}
