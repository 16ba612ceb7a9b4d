#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <limits>
#include <numeric>

#include "tests/tariffs/tables.h"

using namespace roamguard::tariffs;
using namespace roamguard::tariffs::testing;

namespace {

Row row(const char* price, const char* unit, const char* minimum, const char* increment) {
    Row made;
    made.price = money(price, "EUR");
    made.unit = parse_quantity(unit).value();
    made.increment = *increment == '\0' ? made.unit.amount : parse_quantity(increment).value().amount;
    made.minimum = *minimum == '\0' ? made.increment : parse_quantity(minimum).value().amount;
    return made;
}

rc::Gen<Row> any_row() {
    return rc::gen::exec([] {
        Row made;
        made.price = {*rc::gen::inRange<std::int64_t>(0, 100'000'000), currency("EUR")};
        made.unit = {*rc::gen::inRange<std::int64_t>(1, 2'000'000), UnitKind::bytes};
        made.minimum = *rc::gen::inRange<std::int64_t>(1, 200'000);
        made.increment = *rc::gen::inRange<std::int64_t>(1, 200'000);
        return made;
    });
}

}  // namespace

TEST_CASE("usage is charged in a first block and whole following blocks") {
    struct Case {
        Row row;
        std::int64_t used, charged;
    };
    const Case cases[] = {
        {row("1", "minute", "60 s", "30 s"), 0, 0},
        {row("1", "minute", "60 s", "30 s"), 1, 60},
        {row("1", "minute", "60 s", "30 s"), 60, 60},
        {row("1", "minute", "60 s", "30 s"), 61, 90},
        {row("1", "minute", "60 s", "30 s"), 91, 120},
        {row("1", "minute", "30 s", "1 s"), 7, 30},
        {row("1", "minute", "30 s", "1 s"), 31, 31},
        {row("1", "MB", "", "100 KB"), 1, 102'400},
        {row("1", "MB", "", "100 KB"), 102'401, 204'800},
        {row("1", "MB", "", ""), 1, 1'048'576},
        {row("1", "message", "", ""), 3, 3},
    };
    for (const Case& each : cases) {
        INFO(each.used);
        CHECK(charged_quantity(each.row, each.used) == each.charged);
    }
    CHECK_THROWS_AS(charged_quantity(row("1", "MB", "", ""), -1), std::logic_error);
    CHECK_THROWS_AS(charged_quantity(row("1", "MB", "", ""), std::numeric_limits<std::int64_t>::max()), MoneyOverflow);
}

TEST_CASE("the price of a segment is exact and rounded once to a millionth") {
    CHECK(price_of(row("3.00", "MB", "", "1 KB"), 10 * 1'048'576) == money("30.00", "EUR"));
    CHECK(price_of(row("3.00", "MB", "", "1 KB"), 1) == money("0.00293", "EUR"));  // 3 / 1024 = 0.0029296875
    CHECK(price_of(row("1.00", "3 MB", "", "1 MB"), 1) == money("0.333333", "EUR"));
    CHECK(price_of(row("1.00", "3 MB", "", "1 MB"), 2 * 1'048'576) == money("0.666667", "EUR"));
    CHECK(price_of(row("0.25", "minute", "60 s", "1 s"), 61) == money("0.254167", "EUR"));
    CHECK(price_of(row("0.39", "message", "", ""), 2) == money("0.78", "EUR"));
    CHECK(price_of(row("0.000001", "MB", "", "1 B"), 524'288) == money("0.000001", "EUR"));
    CHECK(price_of(row("0.000001", "MB", "", "1 B"), 524'287) == money("0", "EUR"));
    CHECK_THROWS_AS(price_of(row("8999999999999", "B", "", ""), 1'000'000), MoneyOverflow);
}

TEST_CASE("the price per megabyte is that of 1,048,576 bytes") {
    CHECK(price_per_megabyte(row("3.00", "MB", "", "")) == money("3.00", "EUR"));
    CHECK(price_per_megabyte(row("0.03", "10 KB", "", "")) == money("3.072", "EUR"));
    CHECK(price_per_megabyte(row("1.00", "3 MB", "", "")) == money("0.333333", "EUR"));
    CHECK_THROWS_AS(price_per_megabyte(row("1.00", "minute", "", "")), std::logic_error);
}

TEST_CASE("more usage never costs less, and is charged at least as used but by less than a block more") {
    rc::prop("monotone", [] {
        const Row rated = *any_row();
        const auto less = *rc::gen::inRange<std::int64_t>(0, 10'000'000);
        const auto more = *rc::gen::inRange<std::int64_t>(less, 20'000'000);
        RC_ASSERT(price_of(rated, less).micros <= price_of(rated, more).micros);
        const std::int64_t charged = charged_quantity(rated, more);
        RC_ASSERT(charged >= more);
        RC_ASSERT(more == 0 || charged < more + std::max(rated.minimum, rated.increment));
    });
}

TEST_CASE("counting each record as the sum's price less what was counted gives the same total in any order") {
    rc::prop("telescopes", [] {
        const Row rated = *any_row();
        const auto records = *rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 500'000));
        const std::int64_t used = std::accumulate(records.begin(), records.end(), std::int64_t{0});
        for (int order = 0; order < 2; ++order) {
            std::int64_t sum = 0;
            Money counted{0, currency("EUR")};
            const auto add = [&](std::int64_t record) {
                const Money before = price_of(rated, sum);
                sum += record;
                counted = counted + (price_of(rated, sum) - before);
            };
            if (order == 0)
                std::for_each(records.begin(), records.end(), add);
            else
                std::for_each(records.rbegin(), records.rend(), add);
            RC_ASSERT(counted == price_of(rated, used));
        }
    });
}
