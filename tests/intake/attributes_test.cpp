#include <catch2/catch.hpp>

#include "tests/intake/reading.h"

using namespace roamguard;
using namespace roamguard::intake;
using namespace roamguard::intake::testing;

namespace {

std::string with(const std::string& name, const nlohmann::json& value) {
    auto event = attach();
    event[name] = value;
    return verdict(read(event));
}

}  // namespace

TEST_CASE("the required attributes are texts of bounded length") {
    for (const char* name : {"id", "source", "specversion", "type"}) {
        CAPTURE(name);
        const std::string at = std::string("400 not_a_cloudevent /") + name + " ";
        auto event = attach();
        event.erase(name);
        CHECK(verdict(read(event)) == at + "required: " + name + " is missing");
        CHECK(with(name, nullptr) == at + "required: " + name + " is missing");
        CHECK(with(name, 7) == at + "wrong_type: " + name + " must be a string, and this is a number");
        CHECK(with(name, true) == at + "wrong_type: " + name + " must be a string, and this is a boolean");
        CHECK(with(name, nlohmann::json::object()) ==
              at + "wrong_type: " + name + " must be a string, and this is an object");
        for (const char* text :
             {"a\nb", "a\rb", "\x1b", "\x7f", "\xC2\x85", "\xEF\xB7\x90", "\xEF\xBF\xBF", "\xF0\x9F\xBF\xBE"})
            CHECK(with(name, text) == at + "invalid_value: " + name + " must hold no control characters");
        CHECK(with(name, std::string("a\0b", 3)) == at + "invalid_value: " + name + " must hold no control characters");
    }
    CHECK(with("id", "") == "400 not_a_cloudevent /id invalid_value: id must not be empty");
    CHECK(with("source", "") == "400 not_a_cloudevent /source invalid_value: source must not be empty");
    CHECK(with("type", "") == "400 not_a_cloudevent /type invalid_value: type must not be empty");
    CHECK(with("id", std::string(256, 'i')) == "read");
    CHECK(with("id", std::string(257, 'i')) == "400 not_a_cloudevent /id too_long: id must be at most 256 bytes long");
    CHECK(with("source", std::string(1024, 's')) == "read");
    CHECK(with("source", std::string(1025, 's')) ==
          "400 not_a_cloudevent /source too_long: source must be at most 1024 bytes long");
    for (const char* version : {"", "1", "1.0.2", "0.3", "1.1", " 1.0"})
        CHECK(with("specversion", version) ==
              "400 not_a_cloudevent /specversion invalid_value: specversion must be \"1.0\", the only version spoken "
              "here");
}

TEST_CASE("an id may hold any printable text") {
    for (const char* id :
         {" ", "a b", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xE2\x80\xAE", "<script>", "'; --", "\xC2\xA0"}) {
        CAPTURE(id);
        auto event = attach();
        event["id"] = id;
        const auto one = read(event);
        REQUIRE(one);
        CHECK(one->id == id);
    }
}

TEST_CASE("a source is a URI reference") {
    for (const char* source :
         {"/roaming/hss-3", "https://example.com/hss?x=1#y", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
          "mailto:hss@example.com", "1-555-123-4567", "hss", "//[2001:db8::1]:80/x", "a%20b", "./a:b"}) {
        CAPTURE(source);
        CHECK(with("source", source) == "read");
    }
    for (const char* source :
         {"a b", "hss 3", "a%2", "a%zz", "\xC3\xA9", "<a>", "1:2", ":x", "a#b#c", "/a[1]", "a\"b", "a\\b"}) {
        CAPTURE(source);
        CHECK(with("source", source) ==
              "400 not_a_cloudevent /source invalid_value: source must be a URI reference (RFC 3986), such as "
              "/roaming/hss-3 or https://example.com/hss");
    }
}

TEST_CASE("optional attributes are absent, null, or right") {
    for (const char* name : {"subject", "dataschema", "datacontenttype", "time"}) {
        CAPTURE(name);
        const std::string at = std::string("400 not_a_cloudevent /") + name + " ";
        CHECK(with(name, "") == at + "invalid_value: " + name + " must not be empty (leave it out instead)");
        CHECK(with(name, 5) == at + "wrong_type: " + name + " must be a string, and this is a number");
        if (std::string(name) != "time") CHECK(with(name, nullptr) == "read");
    }
    CHECK(with("subject", "+447700900012") == "read");
    CHECK(with("dataschema", "https://example.com/schema") == "read");
    CHECK(with("dataschema", "/schema") ==
          "400 not_a_cloudevent /dataschema invalid_value: dataschema must be an absolute URI (RFC 3986)");
    CHECK(with("datacontenttype", "json") ==
          "400 not_a_cloudevent /datacontenttype invalid_value: datacontenttype must be a media type, such as "
          "application/json");
    CHECK(with("datacontenttype", "application/xml") ==
          "422 invalid_field /datacontenttype invalid_value: datacontenttype must be application/json for this type");
}

TEST_CASE("extensions are texts, whole numbers of 32 bits or booleans under lower-case names") {
    for (const nlohmann::json& value :
         std::vector<nlohmann::json>{"", "x", 0, -2147483648LL, 2147483647, true, nullptr}) {
        CAPTURE(value);
        CHECK(with("ext1", value) == "read");
    }
    const std::string at = "400 not_a_cloudevent /ext1 ";
    CHECK(with("ext1", 2147483648LL) ==
          at + "out_of_range: ext1 must be a whole number from -2147483648 to 2147483647");
    CHECK(with("ext1", -2147483649LL) ==
          at + "out_of_range: ext1 must be a whole number from -2147483648 to 2147483647");
    CHECK(with("ext1", 1.5) ==
          at + "wrong_type: ext1 must be a string, a whole number or a boolean, and this is a fraction");
    CHECK(with("ext1", nlohmann::json::array()) ==
          at + "wrong_type: ext1 must be a string, a whole number or a boolean, and this is an array");
    CHECK(with("ext1", "\xEF\xBF\xBE") == at + "invalid_value: ext1 must hold no control characters");
    for (const char* name : {"Id", "ext_1", "ext-1", "\xC3\xA9xt", ""}) {
        CAPTURE(name);
        const auto event = read([&] {
            auto changed = attach();
            changed[name] = nullptr;
            return changed;
        }());
        REQUIRE_FALSE(event);
        CHECK(event.error().code == "not_a_cloudevent");
        CHECK(event.error().errors.at(0).pointer == std::string("/") + name);
        CHECK(event.error().errors.at(0).code == "invalid_name");
    }
    CHECK(with("a/~b", 1) ==
          "400 not_a_cloudevent /a~1~0b invalid_name: \"a/~b\" is no attribute: names of attributes are lower-case "
          "letters a-z and digits");
}

TEST_CASE("every fault of an event is listed and the sentence names the first") {
    auto event = attach();
    event["id"] = 1;
    event["time"] = "yesterday";
    event.erase("source");
    const auto one = read(event);
    REQUIRE_FALSE(one);
    CHECK(one.error().detail == "id must be a string, and this is a number (and 2 more faults)");
    REQUIRE(one.error().errors.size() == 3);
    CHECK(one.error().errors[1].pointer == "/time");
    CHECK(one.error().errors[1].detail ==
          "time must be an RFC 3339 time with an offset, such as 2026-11-24T05:31:00+08:00");
    CHECK(one.error().errors[2].detail == "source is missing");
    CHECK(one.error().type == "org.roamguard.attach.v1");

    auto wide = attach();
    for (int i = 0; i < 500; ++i)
        wide["X" + std::to_string(i)] = 1;
    const auto many = read(wide);
    REQUIRE_FALSE(many);
    CHECK(many.error().errors.size() == 50);
    CHECK(many.error().detail.find("(and 499 more faults)") != std::string::npos);
    auto strange = attach();
    for (int i = 0; i < 3000; ++i)
        strange["data"]["quantitx" + std::to_string(i)] = 1;
    CHECK(read(strange).error().errors.size() == 50);
    CHECK(read(strange).error().detail == "data has no member \"quantitx0\" (and 2999 more faults)");
    auto long_name = attach();
    long_name[std::string(60'000, 'K')] = 1;
    CHECK(read(long_name).error().errors.at(0).pointer.size() == 65);
    CHECK(read(long_name).error().detail.size() < 200);
}

TEST_CASE("time is an RFC 3339 time within reach") {
    const std::string malformed =
        "400 not_a_cloudevent /time invalid_value: time must be an RFC 3339 time with an offset, such as "
        "2026-11-24T05:31:00+08:00";
    const std::string old = "422 too_old /time too_old: time is more than 35d ago";
    const std::string future = "422 in_the_future /time in_the_future: time is more than 10m in the future";
    const std::pair<std::string, std::string> rows[] = {
        {"2026-11-24T12:00:00Z", "read"},
        {"2026-11-24T12:10:00Z", "read"},
        {"2026-11-24T12:10:00.001Z", future},
        {"2026-11-24T20:10:00+08:00", "read"},
        {"2026-11-25T02:00:00+14:00", "read"},
        {"2026-11-24T12:00:00-00:00", "read"},
        {"2026-10-20T12:00:00Z", "read"},
        {"2026-10-20T11:59:59.999Z", old},
        {"1970-01-01T00:00:00Z", old},
        {"1969-12-31T23:59:59Z", old},
        {"0000-02-29T00:00:00Z", old},
        {"9999-12-31T23:59:59Z", future},
        {"9998-12-31T23:59:59Z", future},
        {"9999-02-29T00:00:00Z", malformed},
        {"2026-02-29T00:00:00Z", malformed},
        {"2024-02-29T00:00:00Z", old},
        {"2026-11-24T12:00:00", malformed},
        {"2026-11-24 12:00:00Z", malformed},
        {"2026-11-24T12:00Z", malformed},
        {"2026-11-24", malformed},
        {"2026-11-24T24:00:00Z", malformed},
        {"2026-11-24T12:60:00Z", malformed},
        {"2026-11-24T12:00:60Z", malformed},
        {"2026-11-24T12:00:00+0800", malformed},
        {"2026-11-24T12:00:00+08", malformed},
        {"2026-11-24T12:00:00,5Z", malformed},
        {"2026-11-24T12:00:00.Z", malformed},
        {"2026-11-24T12:00:00Z ", malformed},
        {"1795521600", malformed},
        {"1795521600000", malformed},
        {"now", malformed},
    };
    for (const auto& [time, expected] : rows) {
        CAPTURE(time);
        CHECK(with("time", time) == expected);
    }
    CHECK(with("time", 1795521600) ==
          "400 not_a_cloudevent /time wrong_type: time must be a string, and this is a number");
    CHECK(with("time", nullptr) ==
          "422 invalid_field /time required: time is missing: it says when the event happened");
    auto event = attach();
    event["time"] = "2026-11-24T19:59:00.5+08:00";
    CHECK(read(event)->time.at == now() - tariffs::Span{59'500});
    CHECK(read(event)->time.offset_minutes == 480);
}
