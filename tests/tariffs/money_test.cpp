#include "tariffs/money.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <limits>

#include "tests/tariffs/tables.h"

using namespace roamguard::tariffs;
using namespace roamguard::tariffs::testing;

namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

std::string written(std::int64_t micros, const char* code) { return to_decimal({micros, currency(code)}); }

}  // namespace

TEST_CASE("currencies are the codes of ISO 4217 that something can be charged in") {
    CHECK(currency("CNY").code() == "CNY");
    CHECK(currency("JPY").minor_units() == 0);
    CHECK(currency("EUR").minor_units() == 2);
    CHECK(currency("KWD").minor_units() == 3);
    CHECK(currency("HUF").minor_units() == 2);
    CHECK(currency("ISK").minor_units() == 0);
    CHECK(currency("CLF").minor_units() == 4);
    CHECK(Currency{}.none());
    for (const char* code : {"", "eur", "EURO", "EU", "ABC", "XXX", "XAU", "cod", "RMB"}) {
        INFO(code);
        CHECK_FALSE(Currency::parse(code));
    }
}

TEST_CASE("a decimal is digits with at most one point and six decimals") {
    struct Case {
        const char* text;
        std::int64_t micros;
    };
    const Case good[] = {{"0", 0},
                         {"12", 12'000'000},
                         {"12.34", 12'340'000},
                         {"0.000001", 1},
                         {"1.2300000000", 1'230'000},
                         {"007.50", 7'500'000},
                         {"8999999999999.999999", 8'999'999'999'999'999'999}};
    for (const Case& each : good) {
        INFO(each.text);
        CHECK(parse_decimal(each.text, Sign::refused).fault == DecimalFault::none);
        CHECK(parse_decimal(each.text, Sign::refused).micros == each.micros);
    }
    CHECK(parse_decimal("-1.5", Sign::allowed).micros == -1'500'000);
}

TEST_CASE("what is no decimal is named by what it resembles") {
    struct Case {
        const char* text;
        DecimalFault fault;
    };
    const Case bad[] = {
        {"", DecimalFault::empty},
        {"1,50", DecimalFault::comma},
        {"1,234.50", DecimalFault::comma},
        {"1.234,50", DecimalFault::comma},
        {"1E+05", DecimalFault::exponent},
        {"1e5", DecimalFault::exponent},
        {"2.5E-3", DecimalFault::exponent},
        {"Free", DecimalFault::not_a_number},
        {"1e", DecimalFault::not_a_number},
        {"e5", DecimalFault::not_a_number},
        {".5", DecimalFault::not_a_number},
        {"5.", DecimalFault::not_a_number},
        {".", DecimalFault::not_a_number},
        {",", DecimalFault::not_a_number},
        {"-", DecimalFault::not_a_number},
        {"+5", DecimalFault::not_a_number},
        {" 5", DecimalFault::not_a_number},
        {"1.2.3", DecimalFault::not_a_number},
        {"1 000", DecimalFault::not_a_number},
        {"\xEF\xBC\x95", DecimalFault::not_a_number},
        {"0x10", DecimalFault::not_a_number},
        {"0.0000001", DecimalFault::too_many_decimals},
        {"9000000000000", DecimalFault::too_large},
        {"99999999999999999999999999999", DecimalFault::too_large},
        {"-1", DecimalFault::negative},
        {"-1,50", DecimalFault::comma},
    };
    for (const Case& each : bad) {
        INFO(each.text);
        CHECK(parse_decimal(each.text, Sign::refused).fault == each.fault);
    }
}

TEST_CASE("an amount shows its currency's minor units and further digits only as far as they say something") {
    CHECK(written(3'000'000, "CNY") == "3.00");
    CHECK(written(500, "CNY") == "0.0005");
    CHECK(written(300'000'000, "JPY") == "300");
    CHECK(written(300'500'000, "JPY") == "300.5");
    CHECK(written(1'500'000, "KWD") == "1.500");
    CHECK(written(-2'500'000, "EUR") == "-2.50");
    CHECK(written(-1, "EUR") == "-0.000001");
    CHECK(written(1'000'000, "CLF") == "1.0000");
    CHECK(written(std::numeric_limits<std::int64_t>::min(), "EUR") == "-9223372036854.775808");
}

TEST_CASE("a written amount reads back as itself") {
    rc::prop("round trip", [] {
        const auto micros = *rc::gen::inRange<std::int64_t>(-8'999'999'999'999'999'999, 8'999'999'999'999'999'999);
        const auto code = *rc::gen::elementOf(std::vector<std::string>{"EUR", "JPY", "KWD", "CLF"});
        const DecimalResult back = parse_decimal(written(micros, code.c_str()), Sign::allowed);
        RC_ASSERT(back.fault == DecimalFault::none);
        RC_ASSERT(back.micros == micros);
    });
}

TEST_CASE("rounding to the minor unit goes half up, up or down, away from or towards zero") {
    CHECK(round_to_minor(money("1.005", "EUR"), Rounding::half_up) == money("1.01", "EUR"));
    CHECK(round_to_minor(money("1.004999", "EUR"), Rounding::half_up) == money("1.00", "EUR"));
    CHECK(round_to_minor(money("-1.005", "EUR"), Rounding::half_up) == money("-1.01", "EUR"));
    CHECK(round_to_minor(money("1.000001", "EUR"), Rounding::up) == money("1.01", "EUR"));
    CHECK(round_to_minor(money("1.009999", "EUR"), Rounding::down) == money("1.00", "EUR"));
    CHECK(round_to_minor(money("1.5", "JPY"), Rounding::half_up) == money("2", "JPY"));
    CHECK(round_to_minor(money("0.0005", "KWD"), Rounding::half_up) == money("0.001", "KWD"));
}

TEST_CASE("sums are checked for range and for their currencies") {
    CHECK(money("1.10", "EUR") + money("2.20", "EUR") == money("3.30", "EUR"));
    CHECK(money("1.10", "EUR") - money("2.20", "EUR") == money("-1.10", "EUR"));
    CHECK_THROWS_AS((Money{largest, currency("EUR")} + money("0.000001", "EUR")), MoneyOverflow);
    CHECK_THROWS_AS((Money{-largest, currency("EUR")} - money("2", "EUR")), MoneyOverflow);
    CHECK_THROWS_WITH(money("1", "EUR") + money("1", "GBP"), "amounts in `EUR` and `GBP` cannot be added");
}

TEST_CASE("multiplying and dividing is exact in between and rounds once") {
    CHECK(mul_div(7, 1, 2, Rounding::half_up) == 4);
    CHECK(mul_div(-7, 1, 2, Rounding::half_up) == -4);
    CHECK(mul_div(7, 1, 2, Rounding::down) == 3);
    CHECK(mul_div(-7, 1, 2, Rounding::down) == -3);
    CHECK(mul_div(7, 1, 3, Rounding::up) == 3);
    CHECK(mul_div(7, 1, -2, Rounding::half_up) == -4);
    CHECK(mul_div(largest, largest, largest, Rounding::half_up) == largest);
    CHECK_THROWS_AS(mul_div(largest, 2, 1, Rounding::half_up), MoneyOverflow);
    CHECK_THROWS_AS(mul_div(1, 1, 0, Rounding::half_up), std::logic_error);
}

TEST_CASE("tax is added and taken out by the rate") {
    const TaxRate rate{190'000};
    CHECK(convert_tax(money("50.00", "EUR"), Tax::excl, Tax::incl, rate) == money("59.50", "EUR"));
    CHECK(convert_tax(money("59.50", "EUR"), Tax::incl, Tax::excl, rate) == money("50.00", "EUR"));
    CHECK(convert_tax(money("1.00", "EUR"), Tax::incl, Tax::excl, rate) == money("0.840336", "EUR"));
    CHECK(convert_tax(money("1.00", "EUR"), Tax::incl, Tax::incl, rate) == money("1.00", "EUR"));
    CHECK(parse_tax("incl") == Tax::incl);
    CHECK(parse_tax("excl") == Tax::excl);
    CHECK_FALSE(parse_tax("Incl"));
    CHECK(word(Tax::excl) == "excl");
}

TEST_CASE("tax taken out and put back is off by a millionth at most") {
    rc::prop("there and back", [] {
        const Money amount{*rc::gen::inRange<std::int64_t>(-4'000'000'000'000'000'000, 4'000'000'000'000'000'000),
                           currency("EUR")};
        const TaxRate rate{*rc::gen::inRange<std::int64_t>(0, 1'000'001)};
        const Money back = convert_tax(convert_tax(amount, Tax::incl, Tax::excl, rate), Tax::excl, Tax::incl, rate);
        RC_ASSERT(std::abs(back.micros - amount.micros) <= 1);
    });
}
