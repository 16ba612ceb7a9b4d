#include <catch2/catch.hpp>

#include "service/json/reader.h"

using namespace roamguard::json;

namespace {

/// `code detail`, or the canonical text of what was read.
std::string outcome(std::string_view text, int max_depth = 32) {
    const auto value = read_json(text, max_depth);
    return value ? to_canonical(*value) : value.error().code + " " + value.error().detail;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("acceptable JSON is read and written canonically") {
    const std::pair<std::string, std::string> rows[] = {
        {"null", "null"},
        {" {} \n", "{}"},
        {"[]", "[]"},
        {R"({"b":1,"a":[true,false,null,"x"]})", R"({"a":[true,false,null,"x"],"b":1})"},
        {R"({"A":1,"a":2})", R"({"A":1,"a":2})"},
        {"9007199254740993", "9007199254740993"},
        {"9223372036854775808", "9223372036854775808"},
        {"18446744073709551615", "18446744073709551615"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"-0", "0"},
        {"1.0", "1.0"},
        {"1e2", "100.0"},
        {R"("\u0061\u00e9\ud83d\ude00")", "\"a\xC3\xA9\xF0\x9F\x98\x80\""},
        {R"("\u0000\r\n\"\\\u202e")", "\"\\u0000\\u000d\\u000a\\\"\\\\\xE2\x80\xAE\""},
    };
    for (const auto& [text, canonical] : rows) {
        CAPTURE(text);
        CHECK(outcome(text) == canonical);
        CHECK(outcome(canonical) == canonical);
    }
}

TEST_CASE("what is not JSON is refused with the byte it stopped at and without quoting the text") {
    const std::pair<std::string, std::string> rows[] = {
        {"", "not_json the text is not JSON at byte 1: unexpected end of input; expected '[', '{', or a literal"},
        {"{} x", "not_json the text is not JSON at byte 4: invalid literal"},
        {"{}{}", "not_json the text is not JSON at byte 3: unexpected '{'; expected end of input"},
        {"{\"a\":1,}", "not_json the text is not JSON at byte 8: unexpected '}'; expected string literal"},
        {"// c\n1", "not_json the text is not JSON at byte 1: invalid literal"},
        {"NaN", "not_json the text is not JSON at byte 1: invalid literal"},
        {"Infinity", "not_json the text is not JSON at byte 1: invalid literal"},
        {"0x1", "not_json the text is not JSON at byte 2: invalid literal"},
        {"01", "not_json the text is not JSON at byte 2: unexpected number literal; expected end of input"},
        {"'a'", "not_json the text is not JSON at byte 1: invalid literal"},
        {R"("\ud800")",
         "not_json the text is not JSON at byte 8: invalid string: surrogate U+D800..U+DBFF must be followed by "
         "U+DC00..U+DFFF"},
        {R"("\udc00")",
         "not_json the text is not JSON at byte 7: invalid string: surrogate U+DC00..U+DFFF must follow "
         "U+D800..U+DBFF"},
        {"\"a\nb\"",
         "not_json the text is not JSON at byte 3: invalid string: control character U+000A (LF) must be escaped to "
         "\\u000A or \\n"},
        {"\xEF\xBB\xBF{}", "not_json the text begins with a byte order mark at byte 1"},
        {std::string("{}\0{}", 5), "not_json the text is not JSON: a NUL at byte 3"},
        {std::string("[1,\0", 4), "not_json the text is not JSON: a NUL at byte 4"},
        {"[\"secret", "not_json the text is not JSON at byte 9: invalid string: missing closing quote"},
    };
    for (const auto& [text, expected] : rows) {
        CAPTURE(text);
        CHECK(outcome(text) == expected);
    }
}

TEST_CASE("bytes that are not UTF-8 are refused where they stand") {
    const std::pair<std::string, std::size_t> rows[] = {
        {"\"\xFF\"", 2},
        {"\"a\xC0\xA0\"", 3},
        {"\"\xE0\x80\x80\"", 2},
        {"\"\xED\xA0\x80\"", 2},
        {"\"\xF5\x80\x80\x80\"", 2},
        {"\"12345678\xC3\"", 10},
        {"\"\xF0\x8F\xBF\xBF\"", 2},
        {"\"\xF4\x90\x80\x80\"", 2},
    };
    for (const auto& [text, byte] : rows) {
        CAPTURE(text);
        const auto value = read_json(text, 32);
        REQUIRE_FALSE(value);
        CHECK(value.error().code == "invalid_utf8");
        CHECK(value.error().byte == byte);
        CHECK(value.error().detail == "the text is not UTF-8 at byte " + std::to_string(byte));
    }
}

TEST_CASE("nesting is limited before a value of that depth exists") {
    CHECK(outcome(nested(32)) == nested(32));
    CHECK(outcome(nested(33)) == "too_deep the text nests deeper than 32 levels");
    CHECK(outcome(std::string(1'000'000, '[')) == "too_deep the text nests deeper than 32 levels");
    std::string objects;
    for (int i = 0; i < 100'000; ++i)
        objects += "{\"a\":";
    CHECK(outcome(objects) == "too_deep the text nests deeper than 32 levels");
    CHECK(outcome("[[1],[2],[3]]", 2) == "[[1],[2],[3]]");
    CHECK(outcome("[[[1]]]", 2) == "too_deep the text nests deeper than 2 levels");
}

TEST_CASE("a member that stands twice is refused however it is spelt") {
    const std::string said = "duplicate_key the member \"amount\" stands twice in one object";
    CHECK(outcome(R"({"amount":1,"amount":2})") == said);
    CHECK(outcome(R"({"amount":1,"\u0061mount":1})") == said);
    CHECK(outcome(R"([{"x":{"amount":1,"b":{},"amount":1}}])") == said);
    CHECK(outcome(R"([{"amount":1},{"amount":1}])") == R"([{"amount":1},{"amount":1}])");
    CHECK(outcome("{\"\\r\\n" + std::string(60'000, 'k') + "\":1,\"\\r\\n" + std::string(60'000, 'k') + "\":1}") ==
          "duplicate_key the member \"??" + std::string(38, 'k') + "...\" stands twice in one object");
}

TEST_CASE("numbers that fit no type of ours are refused instead of rounded") {
    const std::string integer =
        "number_out_of_range an integer lies outside -9223372036854775808 to 18446744073709551615";
    CHECK(outcome("18446744073709551616") == integer);
    CHECK(outcome("-9223372036854775809") == integer);
    CHECK(outcome("[12345678901234567890123]") == integer);
    CHECK(outcome("1e400") == "number_out_of_range a number is too large for a double");
    CHECK(outcome("-1e400") == "number_out_of_range a number is too large for a double");
}
