#include <catch2/catch.hpp>

#include "tests/intake/reading.h"

using namespace roamguard;
using namespace roamguard::intake;
using namespace roamguard::intake::testing;

namespace {

const std::string spoken =
    ": send one event as application/cloudevents+json, several as application/cloudevents-batch+json, or in binary "
    "mode the data as application/json with ce-* headers";

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The binary attach with one header set, or taken away where the value is nothing.
Headers changed(const std::string& name, const std::optional<std::string>& value) {
    Headers headers;
    for (const auto& header : binary_headers())
        if (header.first != name) headers.push_back(header);
    if (value) headers.emplace_back(name, *value);
    return headers;
}

Request binary(Headers headers) { return request(std::move(headers), attach()["data"].dump()); }

}  // namespace

TEST_CASE("the mode follows the media type whatever its case and parameters") {
    const std::string one = attach().dump(), several = "[" + one + "]";
    for (const char* type :
         {"application/cloudevents+json", "Application/CloudEvents+JSON", " application/cloudevents+json ",
          "application/cloudevents+json; charset=UTF-8", "application/cloudevents+json;charset=\"utf-8\"",
          "application/cloudevents+json ; profile=\"a;b\" ; charset=utf-8;"}) {
        CAPTURE(type);
        const auto read = request({{"content-type", type}}, one);
        CHECK(verdict(read) == "read");
        CHECK_FALSE(read->batch);
    }
    for (const char* type :
         {"application/cloudevents-batch+json", "APPLICATION/CLOUDEVENTS-BATCH+JSON;charset=utf-8"}) {
        CAPTURE(type);
        const auto read = request({{"content-type", type}}, several);
        CHECK(verdict(read) == "read");
        CHECK(read->batch);
    }
    for (const char* type :
         {"application/json", "application/json; charset=utf-8", "application/vnd.op+json", "text/json"}) {
        CAPTURE(type);
        CHECK(verdict(binary(changed("content-type", type))) == "read");
    }
}

TEST_CASE("a content type that is not spoken is refused with 415 and says what is") {
    const std::pair<std::optional<std::string>, std::string> rows[] = {
        {std::nullopt, "Content-Type is missing"},
        {"", "Content-Type is no media type"},
        {"json", "Content-Type is no media type"},
        {"application/json; charset", "Content-Type is no media type"},
        {"application/json, text/plain", "Content-Type is no media type"},
        {"application/cloudevents+avro", "this Content-Type cannot be read"},
        {"application/cloudevents-batch+avro", "this Content-Type cannot be read"},
        {"application/cloudevents", "this Content-Type cannot be read"},
        {"application/cloudevents-batch", "this Content-Type cannot be read"},
        {"text/plain", "this Content-Type cannot be read"},
        {"application/xml", "this Content-Type cannot be read"},
        {"application/cloudevents+json; charset=iso-8859-1", "the charset must be UTF-8"},
        {"application/json; charset=utf-16", "the charset must be UTF-8"},
    };
    for (const auto& [type, detail] : rows) {
        CAPTURE(type);
        CHECK(verdict(binary(changed("content-type", type))) == "whole 415 unsupported_media_type: " + detail + spoken);
    }
    Headers twice = binary_headers();
    twice.emplace_back("content-type", "application/cloudevents+json");
    CHECK(verdict(binary(twice)) == "whole 415 unsupported_media_type: Content-Type stands twice" + spoken);
}

TEST_CASE("plain JSON without CloudEvents headers is told how to become an event") {
    CHECK(verdict(request({{"content-type", "application/json"}}, attach().dump())) ==
          "whole 400 not_a_cloudevent: the header ce-specversion is missing" + spoken);
}

TEST_CASE("the same event in all three modes has the same key and content") {
    auto event = attach();
    event["subject"] = "line \xE2\x82\xAC \"1\" 100%";
    event["comexampleone"] = 5;
    event["comexampletwo"] = true;
    event["comexamplethree"] = nullptr;
    Headers headers = binary_headers();
    headers.emplace_back("ce-subject", "line%20%e2%82%AC%20%221%22%20100%25");
    headers.emplace_back("ce-comexampletwo", "true");
    headers.emplace_back("ce-comexampleone", "5");

    const auto one = read(event);
    const auto two = only(request(headers, "  " + event["data"].dump(2)));
    const auto three = batch("[ " + event.dump() + " ]");
    REQUIRE(one);
    REQUIRE(two);
    REQUIRE(three);
    REQUIRE(three->events.at(0));
    for (const auto* other : {&*two, &*three->events[0]}) {
        CHECK(other->key == one->key);
        CHECK(other->content == one->content);
        CHECK(other->data_json == one->data_json);
    }
    CHECK(one->data_json == R"({"subscriber":{"msisdn":"+447700900012"},"visitedNetwork":{"mcc":"440","mnc":"10"}})");
}

TEST_CASE("content ignores what is writing and sees what is meaning") {
    const auto first = read(attach());
    REQUIRE(first);
    const auto with = [](const std::string& name, const nlohmann::json& value) {
        auto event = attach();
        event[name] = value;
        return *read(event);
    };
    CHECK(with("datacontenttype", "application/json").content == first->content);
    CHECK(with("datacontenttype", "Application/JSON; charset=utf-8").content == first->content);
    CHECK(with("time", "2026-11-24T11:59:00.000+00:00").content == first->content);
    CHECK(with("time", "2026-11-24t11:59:00z").content == first->content);
    CHECK(with("time", "2026-11-24T19:59:00+08:00").content != first->content);
    CHECK(with("subject", "a").content != first->content);
    CHECK(with("subject", "a").content != with("dataschema", "a:").content);
    CHECK(with("type", "org.roamguard.detach.v1").content != first->content);
    CHECK(with("type", "org.roamguard.detach.v1").key == first->key);
    CHECK(with("id", "e-2").key != first->key);
    CHECK(with("source", "/roaming/hss-3e").key != first->key);
    auto shifted = attach();
    shifted["source"] = "/roaming/hss-3e";
    shifted["id"] = "-1";
    CHECK(read(shifted)->key != first->key);
    auto other = attach();
    other["data"]["visitedNetwork"]["mnc"] = "010";
    CHECK(read(other)->content != first->content);
}

TEST_CASE("data in Base64 is the same event") {
    auto event = attach();
    event["data_base64"] =
        "eyJzdWJzY3JpYmVyIjp7Im1zaXNkbiI6Iis0NDc3MDA5MDAwMTIifSwidmlzaXRlZE5ldHdvcmsiOnsibWNjIjoiNDQwIiwibW5jIjoiMTAifX"
        "0=";
    event.erase("data");
    const auto decoded = read(event);
    REQUIRE(decoded);
    CHECK(decoded->content == read(attach())->content);

    for (const char* bad : {"e30", "e30==", "e3 0=", "e31=", "====", "-_8="}) {
        CAPTURE(bad);
        event["data_base64"] = bad;
        CHECK(verdict(read(event)) ==
              "400 not_a_cloudevent /data_base64 invalid_value: data_base64 must be a string in Base64 with padding "
              "(RFC 4648)");
    }
    event["data_base64"] = "e30g";
    CHECK(verdict(read(event)) ==
          "422 invalid_field /data/subscriber required: data.subscriber is missing (and 1 more fault)");
    event["data_base64"] = "eyI=";
    CHECK(verdict(read(event)) ==
          "400 not_json /data_base64 not_json: data_base64, decoded: the text is not JSON at byte 3: invalid string: "
          "missing closing quote");
    CHECK(read(event).error().id == "e-1");
    event["data"] = nullptr;
    CHECK(verdict(read(event)) ==
          "400 not_a_cloudevent /data_base64 conflict: data_base64 must not stand beside data: an event has one of "
          "them");
    event = attach();
    event["data_base64"] = nullptr;
    CHECK(verdict(read(event)) == "read");
}

TEST_CASE("binary headers are decoded once and checked like members") {
    const auto fault = [](const std::string& name, const std::string& value) {
        return verdict(binary(changed("ce-" + name, value)));
    };
    const std::string encoding = " must be percent-encoded UTF-8 (a space is %20, a percent sign %25)";
    for (const char* bad : {"%C0%A0", "%FF", "\xFF", "100%", "%4", "%zz", "\"open", "\"open\\"}) {
        CAPTURE(bad);
        CHECK(fault("id", bad) == "400 not_a_cloudevent /id invalid_value: ce-id" + encoding);
        CHECK(fault("subject", bad) == "400 not_a_cloudevent /subject invalid_value: ce-subject" + encoding);
    }
    CHECK(fault("id", "%0d%0aX") == "400 not_a_cloudevent /id invalid_value: ce-id must hold no control characters");
    CHECK(fault("id", "") == "400 not_a_cloudevent /id invalid_value: ce-id must not be empty");
    CHECK(fault("datacontenttype", "application/json") ==
          "400 not_a_cloudevent /datacontenttype conflict: ce-datacontenttype must not be sent in binary mode: "
          "Content-Type says it");
    CHECK(fault("data", "{}") ==
          "400 not_a_cloudevent /data invalid_name: ce-data is no attribute: in binary mode the body is the data");
    CHECK(fault("my-ext", "1") ==
          "400 not_a_cloudevent /my-ext invalid_name: \"ce-my-ext\" is no attribute: names of attributes are "
          "lower-case letters a-z and digits");
    CHECK(fault("specversion", "0.3") ==
          "400 not_a_cloudevent /specversion invalid_value: ce-specversion must be \"1.0\", the only version spoken "
          "here");
    const std::pair<std::string, std::string> ids[] = {
        {"a%2Fb", "a/b"}, {"%2541", "%41"}, {"\"a b\"", "a b"}, {"\"a\\\"b\"", "a\"b"}, {"%e2%82%ac", "\xE2\x82\xAC"}};
    for (const auto& [value, id] : ids) {
        const auto event = only(binary(changed("ce-id", value)));
        REQUIRE(event);
        CHECK(event->id == id);
    }
    Headers twice = binary_headers();
    twice.emplace_back("ce-id", "e-2");
    CHECK(verdict(binary(twice)) == "400 not_a_cloudevent /id conflict: ce-id stands twice");
    CHECK(verdict(binary(changed("ce-id", std::nullopt))) == "400 not_a_cloudevent /id required: ce-id is missing");
    CHECK(verdict(binary(changed("ce-time", std::nullopt))) ==
          "422 invalid_field /time required: time is missing: it says when the event happened");
}

TEST_CASE("a binary body is read as strictly as a structured one") {
    CHECK(verdict(request(binary_headers(), "")) == "422 invalid_field /data required: data is missing");
    CHECK(verdict(request(binary_headers(), "null")) ==
          "422 invalid_field /data wrong_type: data must be an object, and this is null");
    const auto refused = only(request(binary_headers(), "{\"a\":1,\"a\":2}"));
    CHECK(verdict(refused) == "400 duplicate_key: the member \"a\" stands twice in one object");
    CHECK(refused.error().id == "e-1");
    CHECK(refused.error().source == "/roaming/hss-3");
    CHECK(refused.error().type == "org.roamguard.attach.v1");
    CHECK(refused.error().body == "{\"a\":1,\"a\":2}");
}

TEST_CASE("an event of more bytes than allowed is 413 in every mode") {
    Limits limits;
    limits.max_event_bytes = 300;
    auto event = attach();
    event["subject"] = std::string(100, 's');
    const std::string text = event.dump(), size = std::to_string(text.size());
    const std::string said = "413 event_too_large: an event holds at most 300 bytes, and this one has " + size;
    CHECK(verdict(structured(text, limits)) == said);
    CHECK(verdict(batch("[" + text + "]", limits)) == said);
    const auto mixed = batch("[" + text + "," + attach().dump() + "]", limits);
    REQUIRE(mixed);
    CHECK(verdict(mixed->events[0]) == said);
    CHECK(verdict(mixed->events[1]) == "read");
    CHECK(verdict(request(binary_headers(), std::string(301, ' '), limits)) ==
          "413 event_too_large: an event holds at most 300 bytes, and this one has 301");
}

TEST_CASE("in a batch each event is judged alone") {
    auto second = attach(), third = usage();
    second["id"] = 7;
    third["id"] = "e-3";
    third["data"]["quantity"] = -1;
    const std::string doubled = R"({"id":"e-4","source":"/s","type":"t","x":1,"x":2})";
    const std::string deep = R"({"id":"e-5","data":)" + std::string(40, '[') + std::string(40, ']') + "}";
    const std::string text = "[" + attach().dump() + " ,\n" + second.dump() + "," + third.dump() + "," + doubled + "," +
                             deep + ",{\"id\":\"e-6\",\"x\":\"\xFF\"}," + detach().dump() + "]";
    const auto read = batch(text);
    REQUIRE(read);
    REQUIRE(read->events.size() == 7);
    const std::string expected[] = {
        "read",
        "400 not_a_cloudevent /id wrong_type: id must be a string, and this is a number",
        "422 invalid_field /data/quantity out_of_range: data.quantity must be from 0 to 1000000000000000",
        "400 duplicate_key: the member \"x\" stands twice in one object",
        "400 too_deep: the text nests deeper than 32 levels",
        "400 invalid_utf8: the text is not UTF-8 at byte 18",
        "read"};
    for (std::size_t i = 0; i < 7; ++i) {
        CAPTURE(i);
        CHECK(verdict(read->events[i]) == expected[i]);
    }
    CHECK(read->events[1].error().id.empty());
    CHECK(read->events[1].error().source == "/roaming/hss-3");
    CHECK(read->events[2].error().id == "e-3");
    CHECK(read->events[2].error().body == third.dump());
    CHECK(read->events[3].error().id == "e-4");
    CHECK(read->events[3].error().source == "/s");
    CHECK(read->events[3].error().type == "t");
    CHECK(read->events[4].error().id == "e-5");
}

TEST_CASE("an empty batch is read and holds nothing") {
    for (const char* text : {"[]", " [ \n] "}) {
        const auto read = batch(text);
        REQUIRE(read);
        CHECK(read->batch);
        CHECK(read->events.empty());
    }
}

TEST_CASE("what is no array of objects is refused as a whole") {
    const std::string event = attach().dump();
    const std::string none =
        "whole 400 not_a_cloudevent: a batch is a JSON array of events, and this is none: send a single event as "
        "application/cloudevents+json";
    const std::string tail = " of the batch (counted from 0) is no object: a batch is an array of events";
    const std::string second = std::to_string(event.size() + 2);
    const std::pair<std::string, std::string> rows[] = {
        {event, none},
        {"null", none},
        {"\"[]\"", none},
        {"[1]", "whole 400 not_a_cloudevent: element 0" + tail},
        {"[" + event + ",null]", "whole 400 not_a_cloudevent: element 1" + tail},
        {"[[]]", "whole 400 not_a_cloudevent: element 0" + tail},
        {"", "whole 400 not_json: the batch is not JSON at byte 1: expected '[' of an array of events"},
        {"<xml/>", "whole 400 not_json: the batch is not JSON at byte 1: expected '[' of an array of events"},
        {"[", "whole 400 not_json: the batch is not JSON at byte 2: expected an event"},
        {"[" + event,
         "whole 400 not_json: the batch is not JSON at byte " + second + ": expected ',' or ']' after an event"},
        {"[" + event + ",]", "whole 400 not_json: the batch is not JSON at byte " + std::to_string(event.size() + 3) +
                                 ": expected an event"},
        {"[" + event + "}",
         "whole 400 not_json: the batch is not JSON at byte " + second + ": expected ',' or ']' after an event"},
        {"[{\"a\":\"]}", "whole 400 not_json: the batch is not JSON at byte 2: the event that begins here has no end"},
        {"[{\"a\\\":1}]", "whole 400 not_json: the batch is not JSON at byte 2: the event that begins here has no end"},
        {"[]]", "whole 400 not_json: the batch is not JSON at byte 3: expected nothing after the array"},
        {"[" + event + ",{\"a\":01}]",
         "whole 400 not_json: element 1 of the batch (counted from 0): the text is not JSON at byte 7: unexpected "
         "number "
         "literal; expected '}'"},
        {"[{\"a\":[}]", "whole 400 not_json: the batch is not JSON at byte 10: expected ',' or ']' after an event"},
    };
    for (const auto& [text, expected] : rows) {
        CAPTURE(text);
        CHECK(verdict(batch(text)) == expected);
    }
}

TEST_CASE("a batch longer than allowed is 413 before anything in it is read") {
    Limits limits;
    limits.max_batch = 2;
    CHECK(verdict(batch("[{},{}]", limits)) == "read");
    CHECK(verdict(batch("[{},{},{}", limits)) == "whole 413 batch_too_long: a batch holds at most 2 events");
    std::string thousand = "[{}";
    for (int i = 1; i < 1000; ++i)
        thousand += ",{}";
    CHECK(batch(thousand + "]")->events.size() == 1000);
    CHECK(verdict(batch(thousand + ",{}]")) == "whole 413 batch_too_long: a batch holds at most 1000 events");
}

TEST_CASE("a refusal keeps at most 4 KiB of what came") {
    const std::string text = "{\"id\":\"e-9\"," + std::string(20'000, ' ');
    const auto read = only(structured(text));
    REQUIRE_FALSE(read);
    CHECK(read.error().body == text.substr(0, 4096));
    CHECK(read.error().id == "e-9");
    CHECK(verdict(structured("[]")) ==
          "400 not_a_cloudevent: an event is a JSON object, and this is an array: send several as "
          "application/cloudevents-batch+json");
    CHECK(verdict(structured("null")) == "400 not_a_cloudevent: an event is a JSON object, and this is null");
}
