#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "service/intake/camara.h"
#include "tests/intake/reading.h"

using namespace roamguard;
using namespace roamguard::intake;
using namespace roamguard::intake::testing;

namespace {

using nlohmann::json;

const std::string present = "org.camaraproject.device-roaming-status-subscriptions.v0.";
const std::string middle = "org.camaraproject.roaming-status-subscriptions.v0.";
const std::string oldest = "org.camaraproject.device-status.v0.";
const std::string examples = std::string(ROAMGUARD_SOURCE_DIR) + "/tests/data/camara/";

/// A notification of the present version; a test changes it.
json notification(const std::string& event, const char* data) {
    json whole = attach();
    whole["source"] = "https://notify.example.com/roaming";
    whole["type"] = present + event;
    whole["data"] = json::parse(R"({"subscriptionId":"qs15-h556","device":{"phoneNumber":"+447700900012"}})");
    whole["data"].merge_patch(json::parse(data));
    return whole;
}

Limits forgiving(std::vector<std::string> sources = {"*"}) {
    Limits limits;
    limits.camara_compat = std::move(sources);
    return limits;
}
ReadEvent read(const json& event, const Limits& limits) { return only(structured(event.dump(), limits)); }
using testing::read;

/// `attach 208 FR,GP`, `attach home`, `roaming_on`, `subscription`: what an event came to be.
std::string meaning(const RoamingEvent& event) {
    if (event.type == EventType::roaming_on) return "roaming_on";
    if (event.type == EventType::subscription) return "subscription";
    if (event.type != EventType::attach) return "something else";
    std::string text = "attach";
    if (event.at_home) text += " home";
    if (!event.mcc.empty()) text += " " + event.mcc;
    std::string before = " ";
    for (const auto& country : event.countries) {
        text += before + country.code();
        before = ",";
    }
    return text;
}
std::string meaning(const ReadEvent& event) { return event ? meaning(*event) : verdict(event); }

std::string contents(const std::filesystem::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

const std::string ends_of_2023 = "2023-01-19T13:20:00Z";
const std::string not_an_event = "400 not_a_cloudevent /";

}  // namespace

TEST_CASE("every example of CAMARA's is read as what it is, strictly and with compat") {
    const std::string numeric = "400 not_a_cloudevent /id wrong_type: id must be a string, and this is a number";
    struct Row {
        std::string strict, compat;
    };
    const Row on{"roaming_on", ""}, home{"attach home", ""}, told{"subscription", ""}, spain{"attach 214 ES", ""};
    const Row none{not_an_event, not_an_event};
    const std::string string_name =
        "422 invalid_field /data/countryName wrong_type: data.countryName must be an array, and this is a string";
    const std::map<std::string, Row> rows = {
        {"v0.6.1/ROAMING_CHANGE_COUNTRY", spain},
        {"v0.6.1/ROAMING_OFF", home},
        {"v0.6.1/ROAMING_ON", on},
        {"v0.6.1/ROAMING_STATUS", {string_name, "attach 208 FR"}},
        {"v0.6.1/SUBSCRIPTION_ACTIVATION_REQUESTED", none},
        {"v0.6.1/SUBSCRIPTION_ACTIVE", none},
        {"v0.6.1/SUBSCRIPTION_DELETED", none},
        {"v0.6.1/SUBSCRIPTION_ENDS", told},
        {"v0.7.0/ROAMING_CHANGE_COUNTRY", spain},
        {"v0.7.0/ROAMING_OFF", home},
        {"v0.7.0/ROAMING_ON", on},
        {"v0.7.0/ROAMING_STATUS", on},
        {"v0.7.0/SUBSCRIPTION_ACTIVATION_REQUESTED", none},
        {"v0.7.0/SUBSCRIPTION_ACTIVE", none},
        {"v0.7.0/SUBSCRIPTION_DELETED", none},
        {"v0.7.0/SUBSCRIPTION_ENDS", told},
        {"v0.8.0/ACTIVE_SUBSCRIPTION", none},
        {"v0.8.0/ACTIVE_SUBSCRIPTION_WITH_DEVICE_DISAMBIGUATION", none},
        {"v0.8.0/ROAMING_CHANGE_COUNTRY", spain},
        {"v0.8.0/ROAMING_OFF", home},
        {"v0.8.0/ROAMING_ON", on},
        {"v0.8.0/ROAMING_STATUS", on},
        {"v0.8.0/SUBSCRIPTION_ACTIVATION_REQUESTED", none},
        {"v0.8.0/SUBSCRIPTION_DELETED", none},
        {"v0.8.0/SUBSCRIPTION_ENDED", told},
        {"v0.8.0/SUBSCRIPTION_STARTED", told},
        {"v0.8.0/SUBSCRIPTION_UPDATED", told},
        {"guide-r4.2/roaming-status_numeric-id_string-countryName", {numeric, "attach 208 FR"}},
        {"guide-r4.2/subscription-ended_numeric-id", {numeric, "subscription"}},
    };
    std::size_t seen = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(examples)) {
        const std::string folder = file.path().parent_path().filename();
        if (!file.is_regular_file() || folder == "device-roaming-status-v1.1.0") continue;
        const std::string name = folder.substr(folder.rfind("guide") == 0 ? 0 : folder.rfind("-v") + 1) + "/" +
                                 std::string(file.path().stem());
        CAPTURE(name);
        const auto row = rows.find(name);
        REQUIRE(row != rows.end());
        ++seen;
        json event = json::parse(contents(file.path()));
        // The guide's types are illustrations of no version: their last part under a real prefix.
        if (folder == "guide-r4.2")
            event["type"] =
                present + event["type"].get<std::string>().substr(event["type"].get<std::string>().rfind('.') + 1);
        const std::string time = event.value("time", ends_of_2023);
        const auto at = tariffs::parse_rfc3339(time)->at + tariffs::minutes(1);
        for (const bool forgiven : {false, true}) {
            const auto read = read_camara({{{"content-type", "application/cloudevents+json"}}}, event.dump(), at,
                                          forgiven ? forgiving() : Limits{});
            const std::string& wanted =
                forgiven && !row->second.compat.empty() ? row->second.compat : row->second.strict;
            CHECK(meaning(read).substr(0, wanted.size()) == wanted);
            if (!read) continue;
            CHECK(read->type_name == event["type"]);
            CHECK(read->subscriber.msisdn.e164() == event["data"]["device"]["phoneNumber"]);
            CHECK(read->subscriber.camara_subscription == event["data"]["subscriptionId"]);
            CHECK(read->time.at == tariffs::parse_rfc3339(time)->at);
            CHECK(read->data_json == event["data"].dump());
        }
    }
    CHECK(seen == rows.size());
}

TEST_CASE("a journey from Germany to France to Belgium and back reads as CAMARA's table tells it") {
    const std::pair<json, std::string> rows[] = {
        {notification("roaming-status", R"({"roaming":true,"countryCode":208,"countryName":["FR"]})"), "attach 208 FR"},
        {notification("roaming-on", "{}"), "roaming_on"},
        {notification("roaming-change-country", R"({"countryCode":206,"countryName":["BE"]})"), "attach 206 BE"},
        {notification("roaming-status", R"({"roaming":false})"), "attach home"},
        {notification("roaming-off", "{}"), "attach home"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.first.dump());
        CHECK(meaning(read(row.first)) == row.second);
    }
}

TEST_CASE("the country is what the code and the list of names say") {
    const std::tuple<const char*, const char*, const char*> rows[] = {
        {"roaming-status", R"({"roaming":true,"countryCode":901,"countryName":[]})", "attach 901"},
        {"roaming-status", R"({"roaming":true,"countryCode":208})", "attach 208"},
        {"roaming-status", R"({"roaming":true,"countryName":["FR"]})", "attach FR"},
        {"roaming-status", R"({"roaming":true,"countryName":[]})", "roaming_on"},
        {"roaming-status", R"({"roaming":true})", "roaming_on"},
        {"roaming-status", R"({"roaming":true,"countryCode":340,"countryName":["BL","GF","GP","MF","MQ"]})",
         "attach 340 BL,GF,GP,MF,MQ"},
        {"roaming-status", R"({"roaming":true,"countryCode":100,"countryName":["FR","FR"]})", "attach 100 FR"},
        {"roaming-status", R"({"roaming":false,"countryCode":262,"countryName":["DE"]})", "attach home"},
        {"roaming-change-country", R"({"countryCode":901,"countryName":[]})", "attach 901"},
        {"roaming-on", R"({"countryCode":208,"countryName":"FR"})", "roaming_on"},
        {"subscription-started", R"({"initiationReason":"SUBSCRIPTION_CREATED"})", "subscription"},
        {"subscription-updated", R"({"updateReason":"SUBSCRIPTION_INACTIVE","updateDescription":"x"})", "subscription"},
        {"subscription-ended", R"({"terminationReason":"MAX_EVENTS_REACHED"})", "subscription"},
        {"subscription-ends", R"({"terminationReason":"NETWORK_TERMINATED"})", "subscription"},
    };
    for (const auto& [event, data, wanted] : rows) {
        CAPTURE(event, data);
        CHECK(meaning(read(notification(event, data))) == wanted);
    }
}

TEST_CASE("a broken rule of CAMARA's data is named with its field") {
    const auto fault = [](const std::string& pointer, const std::string& code, const std::string& sentence) {
        return "422 invalid_field " + pointer + " " + code + ": " + sentence;
    };
    const std::string e164 = "must be an E.164 number: + and 7 to 15 digits, the first not 0, nothing between them";
    const std::string range =
        fault("/data/countryCode", "out_of_range", "data.countryCode must be a mobile country code, from 100 to 999");
    const std::tuple<const char*, const char*, std::string> rows[] = {
        {"roaming-status", "{}", fault("/data/roaming", "required", "data.roaming is missing")},
        {"roaming-status", R"({"roaming":"yes"})",
         fault("/data/roaming", "wrong_type", "data.roaming must be true or false, and this is a string")},
        {"roaming-status", R"({"roaming":true,"countryCode":99})", range},
        {"roaming-status", R"({"roaming":true,"countryCode":1000})", range},
        {"roaming-status", R"({"roaming":false,"countryCode":-208})", range},
        {"roaming-status", R"({"roaming":true,"countryCode":18446744073709551615})", range},
        {"roaming-status", R"({"roaming":true,"countryCode":"208"})",
         fault("/data/countryCode", "wrong_type", "data.countryCode must be a whole number, and this is a string")},
        {"roaming-status", R"({"roaming":true,"countryCode":208.5})",
         fault("/data/countryCode", "wrong_type", "data.countryCode must be a whole number, and this is a fraction")},
        {"roaming-status", R"({"roaming":true,"countryName":["FR","fr"]})",
         fault("/data/countryName/1", "invalid_value",
               "data.countryName[1] must be an upper-case ISO 3166 alpha-2 country, such as FR")},
        {"roaming-status", R"({"roaming":true,"countryName":[33]})",
         fault("/data/countryName/0", "invalid_value",
               "data.countryName[0] must be an upper-case ISO 3166 alpha-2 country, such as FR")},
        {"roaming-status", R"({"roaming":true,"countryName":"FR"})",
         fault("/data/countryName", "wrong_type", "data.countryName must be an array, and this is a string")},
        {"roaming-change-country", R"({"countryName":["FR"]})",
         fault("/data/countryCode", "required", "data.countryCode is missing")},
        {"roaming-change-country", R"({"countryCode":208})",
         fault("/data/countryName", "required", "data.countryName is missing")},
        {"roaming-on", R"({"subscriptionId":null})",
         fault("/data/subscriptionId", "required", "data.subscriptionId is missing")},
        {"roaming-on", R"({"subscriptionId":""})",
         fault("/data/subscriptionId", "invalid_value",
               "data.subscriptionId must be 1 to 256 bytes without control characters")},
        {"roaming-on", R"({"device":{"phoneNumber":"447700900012"}})",
         fault("/data/device/phoneNumber", "invalid_value", "data.device.phoneNumber " + e164)},
        {"roaming-on", R"({"device":{"phoneNumber":"+44770"}})",
         fault("/data/device/phoneNumber", "invalid_value", "data.device.phoneNumber " + e164)},
        {"roaming-on", R"({"device":"+447700900012"})",
         fault("/data/device", "wrong_type", "data.device must be an object, and this is a string")},
        {"roaming-on", R"({"device":{"phoneNumber":null}})",
         fault("/data/device", "required",
               "data.device must have one of phoneNumber, networkAccessIdentifier, ipv4Address, ipv6Address")},
        {"subscription-ended", "{}", fault("/data/terminationReason", "required", "data.terminationReason is missing")},
        {"subscription-updated", R"({"updateReason":1})",
         fault("/data/updateReason", "wrong_type", "data.updateReason must be a string, and this is a number")},
    };
    for (const auto& [event, data, wanted] : rows) {
        CAPTURE(event, data);
        CHECK(verdict(read(notification(event, data))) == wanted);
    }
    json many = notification("roaming-status", R"({"roaming":true})");
    many["data"]["countryName"] = json(251, "FR");
    CHECK(verdict(read(many)) ==
          fault("/data/countryName", "too_long", "data.countryName must name at most 250 countries"));
}

TEST_CASE("time, content type and data are required of CAMARA's events as of ours") {
    json event = notification("roaming-on", "{}");
    event.erase("time");
    CHECK(verdict(read(event)) == "422 invalid_field /time required: time is missing: it says when the event happened");
    event["time"] = "2026-10-19T11:59:00Z";
    CHECK(verdict(read(event)) == "422 too_old /time too_old: time is more than 35d ago");
    event["time"] = "2026-11-24T12:11:00Z";
    CHECK(verdict(read(event)) == "422 in_the_future /time in_the_future: time is more than 10m in the future");
    event = notification("roaming-on", "{}");
    event["datacontenttype"] = "application/vnd.op+json";
    CHECK(verdict(read(event)) ==
          "422 invalid_field /datacontenttype invalid_value: datacontenttype must be application/json for this type");
    event["datacontenttype"] = "application/json; charset=utf-8";
    CHECK(verdict(read(event)) == "read");
    event["data"] = "text";
    CHECK(verdict(read(event)) == "422 invalid_field /data wrong_type: data must be an object, and this is a string");
}

TEST_CASE("the customer is named by a phone number, by the subscription, or by both") {
    struct Row {
        std::string prefix, data, msisdn, subscription;
    };
    const std::string number = "+447700900012";
    const Row rows[] = {
        {present, R"({"subscriptionId":"s-1","device":{"phoneNumber":"+447700900012"}})", number, "s-1"},
        {present, R"({"subscriptionId":"s-1"})", "", "s-1"},
        {present, R"({"subscriptionId":"s-1","device":{"ipv4Address":{"publicAddress":"192.0.2.1","publicPort":9}}})",
         "", "s-1"},
        {present, R"({"subscriptionId":"s-1","device":{"networkAccessIdentifier":"a@example.com"},"x":{"y":1}})", "",
         "s-1"},
        {middle, R"({"device":{"phoneNumber":"+447700900012","ipv6Address":"2001:db8::1"}})", number, ""},
        {middle, R"({"subscriptionId":"s-1"})", "", "s-1"},
        {oldest, R"({"device":{"phoneNumber":"447700900012"}})", number, ""},
        {oldest, R"({"device":{"phoneNumber":"+447700900012"},"subscriptionId":"s-1"})", number, "s-1"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.prefix, row.data);
        json event = notification("roaming-on", "{}");
        event["type"] = row.prefix + "roaming-on";
        event["data"] = json::parse(row.data);
        const auto one = read(event);
        REQUIRE(verdict(one) == "read");
        CHECK(one->subscriber.msisdn.e164() == row.msisdn);
        CHECK(one->subscriber.camara_subscription == row.subscription);
    }
    for (const std::string& prefix : {middle, oldest})
        for (const char* data : {"{}", R"({"device":{"ipv6Address":"2001:db8::1"}})"}) {
            CAPTURE(prefix, data);
            json event = notification("roaming-on", "{}");
            event["type"] = prefix + "roaming-on";
            event["data"] = json::parse(data);
            CHECK(verdict(read(event)) ==
                  "422 invalid_field /data/subscriptionId required: data.subscriptionId is missing, and no "
                  "device.phoneNumber names the customer instead");
        }
}

TEST_CASE("the oldest version may leave the country out of a change of country") {
    json event = notification("roaming-change-country", "{}");
    event["type"] = oldest + "roaming-change-country";
    CHECK(meaning(read(event)) == "roaming_on");
    event["data"]["countryCode"] = 206;
    CHECK(meaning(read(event)) == "attach 206");
}

TEST_CASE("compat forgives three slips to the sources it names and to no other") {
    json event = notification("roaming-status", R"({"roaming":true,"countryCode":208,"countryName":"FR"})");
    event["id"] = 123654;
    const std::string source = event["source"];
    for (const auto& sources : std::vector<std::vector<std::string>>{
             {"*"}, {source}, {"https://notify.example.com/"}, {"https://notify.example.com/*"}, {"/x", source}}) {
        CAPTURE(sources.front());
        const auto one = read(event, forgiving(sources));
        CHECK(meaning(one) == "attach 208 FR");
        REQUIRE(one);
        CHECK(one->id == "123654");
        json text = event;
        text["id"] = "123654";
        CHECK(read(text, forgiving(sources))->key == one->key);
    }
    for (const auto& sources :
         std::vector<std::vector<std::string>>{{}, {""}, {"https://other.example.com"}, {source + "/2"}}) {
        CHECK(verdict(read(event, forgiving(sources))) ==
              "400 not_a_cloudevent /id wrong_type: id must be a string, and this is a number");
    }
    const std::string several = "[" + event.dump() + "]";
    CHECK(meaning(batch(several, forgiving())->events.at(0)) == "attach 208 FR");
}

TEST_CASE("compat leaves every other rule as strict as it was") {
    const std::string both =
        "422 invalid_field /data required: data must have countryCode, or a country in countryName";
    const std::pair<const char*, std::string> rows[] = {
        {R"({"countryCode":208})", "attach 208"},
        {R"({"countryName":["FR"]})", "attach FR"},
        {R"({"countryName":"FR"})", "attach FR"},
        {R"({"countryCode":901,"countryName":[]})", "attach 901"},
        {"{}", both},
        {R"({"countryName":[]})", both},
        {R"({"countryName":"fr"})",
         "422 invalid_field /data/countryName invalid_value: data.countryName must be an upper-case ISO 3166 alpha-2 "
         "country, such as FR"},
        {R"({"countryCode":"208"})",
         "422 invalid_field /data/countryCode wrong_type: data.countryCode must be a whole number, and this is a "
         "string"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.first);
        CHECK(meaning(read(notification("roaming-change-country", row.first), forgiving())) == row.second);
    }
    const std::string number = "400 not_a_cloudevent /id wrong_type: id must be a string, and this is ";
    json ours = attach();
    ours["id"] = 5;
    CHECK(verdict(read(ours, forgiving())) == number + "a number");
    for (const json& id : std::vector<json>{1.5, true, json::array({1})}) {
        json event = notification("roaming-on", "{}");
        event["id"] = id;
        CHECK(verdict(read(event, forgiving())).substr(0, number.size()) == number);
    }
}

TEST_CASE("every listed event is read under every listed prefix, in all three modes") {
    const std::string data =
        R"({"subscriptionId":"s-1","device":{"phoneNumber":"+447700900012"},"roaming":true,"countryCode":208,)"
        R"("countryName":["FR"],"initiationReason":"a","updateReason":"b","terminationReason":"c"})";
    for (const std::string& prefix : {present, middle, oldest})
        for (const char* name :
             {"roaming-on", "roaming-off", "roaming-change-country", "roaming-status", "subscription-started",
              "subscription-updated", "subscription-ended", "subscription-ends"}) {
            const std::string type = prefix + name;
            CAPTURE(type);
            json event = attach();
            event["type"] = type;
            event["data"] = json::parse(data);
            auto headers = binary_headers();
            for (auto& header : headers)
                if (header.first == "ce-type") header.second = type;
            const auto whole = only(structured(event.dump())), parts = only(request(headers, data));
            const auto several = batch("[" + event.dump() + "]");
            REQUIRE(verdict(whole) == "read");
            REQUIRE(verdict(parts) == "read");
            REQUIRE(verdict(several) == "read");
            CHECK(whole->type_name == type);
            CHECK(whole->content == parts->content);
            CHECK(whole->content == several->events.at(0)->content);
            CHECK(whole->quantity == 0);
            CHECK_FALSE(whole->names_network());
        }
}

TEST_CASE("an unlisted type of CAMARA's is refused with the list, 422 among all events and 400 on CAMARA's route") {
    const std::string list =
        "type is no event of CAMARA Device Roaming Status: it must be one of roaming-on, roaming-off, "
        "roaming-change-country, roaming-status, subscription-started, subscription-updated, subscription-ended, "
        "subscription-ends after one of " +
        present + ", " + middle + ", " + oldest;
    const std::pair<std::string, std::string> rows[] = {
        {"org.camaraproject.device-roaming-subscriptions.v1.roaming-status", list},
        {"org.camaraproject.device-roaming-status-subscriptions.v1.roaming-on", list},
        {"org.camaraproject.sim-swap-subscriptions.v0.swapped", list},
        {oldest + "connectivity-data", list},
        {present + "roaming-onn", list + ": did you mean " + present + "roaming-on?"},
        {present + "roaming-on.v2", list + ": did you mean " + present + "roaming-on?"},
    };
    const HttpHeaders headers{{{"content-type", "application/cloudevents+json"}}};
    for (const auto& row : rows) {
        json event = notification("roaming-on", "{}");
        event["type"] = row.first;
        CAPTURE(row.first);
        CHECK(verdict(read(event)) == "422 unknown_type /type unknown_type: " + row.second);
        const auto on_route = read_camara(headers, event.dump(), now(), {});
        CHECK(verdict(on_route) == "400 unknown_type /type unknown_type: " + row.second);
        CHECK(on_route.error().id == "e-1");
        CHECK(on_route.error().type == row.first);
    }
    for (json event : {attach(), usage()}) {
        event["data"]["quantity"] = "wrong";
        CHECK(verdict(read_camara(headers, event.dump(), now(), {})) == "400 unknown_type /type unknown_type: " + list);
    }
}

TEST_CASE("CAMARA's route takes one notification in structured mode and keeps the rules of the intake") {
    const std::string body = notification("roaming-on", "{}").dump();
    const auto post = [&](const std::string& type, const std::string& text) {
        return verdict(read_camara({{{"content-type", type}, {"x-correlator", "abc"}}}, text, now(), {}));
    };
    CHECK(post("application/cloudevents+json", body) == "read");
    CHECK(post("application/cloudevents+json; charset=utf-8", body) == "read");
    const std::string unsupported =
        "415 unsupported_media_type: Content-Type must be application/cloudevents+json, one notification to a request";
    for (const char* type : {"application/json", "application/cloudevents-batch+json", "", "text/plain"}) {
        CAPTURE(type);
        CHECK(post(type, body) == unsupported);
    }
    CHECK(verdict(read_camara({}, body, now(), {})) == unsupported);
    CHECK(post("application/cloudevents+json", "[" + body + "]") ==
          "400 not_a_cloudevent: an event is a JSON object, and this is an array: send several as "
          "application/cloudevents-batch+json");
    CHECK(post("application/cloudevents+json", "{").substr(0, 12) == "400 not_json");
    CHECK(post("application/cloudevents+json", body + std::string(70'000, ' ')).substr(0, 19) == "413 event_too_large");
    CHECK(post("application/cloudevents+json", notification("roaming-status", "{}").dump()) ==
          "422 invalid_field /data/roaming required: data.roaming is missing");
}

TEST_CASE("CAMARA's examples of an answer to retrieve become events") {
    const std::pair<const char*, const char*> rows[] = {
        {"NOT_ROAMING", "attach home"},
        {"NO_COUNTRY_NAME", "attach 901"},
        {"SINGLE_COUNTRY_CODE", "attach 262 DE"},
        {"SINGLE_COUNTRY_CODE_WITH_DEVICE_DISAMBIGUATION", "attach 262 DE"},
        {"MULTIPLE_COUNTRY_CODES", "attach 340 BL,GF,GP,MF,MQ"},
    };
    Subscriber who;
    who.msisdn = *notifications::Msisdn::parse("+123456789");
    for (const auto& row : rows) {
        CAPTURE(row.first);
        const auto event = event_of_retrieve(contents(examples + "device-roaming-status-v1.1.0/" + row.first + ".json"),
                                             who, "r-1", now());
        REQUIRE(event);
        CHECK(meaning(*event) == row.second);
        CHECK(event->id == "r-1");
        CHECK(event->source == "urn:roamguard:camara-retrieve");
        CHECK(event->type_name == "camara.device-roaming-status.retrieve");
        CHECK(event->time.at == now());
        CHECK(event->subscriber.msisdn == who.msisdn);
        CHECK(event->key != Digest{});
        CHECK(event->content != Digest{});
    }
}

TEST_CASE("an answer to retrieve that says nothing is refused without quoting it") {
    Subscriber who;
    who.msisdn = *notifications::Msisdn::parse("+447700900012");
    const std::pair<const char*, std::string> rows[] = {
        {R"({"roaming":true})", "the answer says roaming and names no country"},
        {R"({"roaming":true,"countryName":[]})", "the answer says roaming and names no country"},
        {R"({"lastStatusTime":"2026-11-24T11:00:00Z"})", "the answer cannot be read: roaming is missing"},
        {R"({"roaming":true,"countryCode":99})",
         "the answer cannot be read: countryCode must be a mobile country code, from 100 to 999"},
        {R"({"roaming":true,"countryCode":208,"device":{"phoneNumber":"+447700900013"}})",
         "the answer is about another number than was asked for"},
        {"[]", "the answer must be an object, and this is an array"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.first);
        const auto event = event_of_retrieve(row.first, who, "r-1", now());
        REQUIRE_FALSE(event);
        CHECK(event.error() == row.second);
    }
    CHECK(event_of_retrieve("{", who, "r-1", now()).error().substr(0, 26) == "the answer cannot be read:");
    CHECK(event_of_retrieve(std::string(70'000, ' '), who, "r-1", now()).error() ==
          "the answer is longer than 65536 bytes");
    CHECK(meaning(*event_of_retrieve(R"({"roaming":true,"countryName":"FR"})", who, "r-1", now())) == "attach FR");
    CHECK_THROWS_AS(static_cast<void>(event_of_retrieve("{}", Subscriber{}, "r-1", now())), std::logic_error);
}

namespace {

rc::Gen<std::string> telling_member() {
    return rc::gen::elementOf(std::vector<std::string>{"roaming", "countryCode", "countryName", "device", "phoneNumber",
                                                       "subscriptionId", "terminationReason", "updateReason",
                                                       "initiationReason", "ipv4Address", "x"});
}

/// Any JSON, of names and values CAMARA gives a meaning.
json random_json(int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 9 : 6)) {
        case 0:
            return nullptr;
        case 1:
            return *rc::gen::arbitrary<bool>();
        case 2:
            return *rc::gen::elementOf(std::vector<int>{-1, 0, 99, 100, 208, 901, 999, 1000});
        case 3:
            return 2.5;
        case 4:
        case 5:
            return *rc::gen::elementOf(
                std::vector<std::string>{"", "FR", "fr", "+447700900012", "447700900012", "+4", "s-1", "\x01"});
        case 6: {
            json list = json::array();
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
                list.push_back(random_json(depth - 1));
            return list;
        }
        default: {
            json object = json::object();
            for (int i = *rc::gen::inRange(0, 6); i > 0; --i)
                object[*telling_member()] = random_json(depth - 1);
            return object;
        }
    }
}

}  // namespace

TEST_CASE("no data whatever makes an event of CAMARA's without a customer or with a place that is none") {
    rc::prop("random data", [] {
        json event =
            notification(*rc::gen::elementOf(std::vector<std::string>{"roaming-on", "roaming-off", "roaming-status",
                                                                      "roaming-change-country", "subscription-ended"}),
                         "{}");
        if (*rc::gen::arbitrary<bool>()) event["type"] = oldest + "roaming-status";
        if (*rc::gen::arbitrary<bool>())
            event["data"] = random_json(3);
        else
            event["data"][*telling_member()] = random_json(2);
        const auto one = read(event, *rc::gen::arbitrary<bool>() ? forgiving() : Limits{});
        RC_TAG(one ? "read" : "refused");
        if (!one) {
            RC_ASSERT(one.error().status == 422 || one.error().status == 400);
            RC_ASSERT(!one.error().errors.empty());
            return;
        }
        RC_ASSERT(!one->subscriber.msisdn.none() || !one->subscriber.camara_subscription.empty());
        RC_ASSERT(one->mcc.empty() || one->mcc.size() == 3);
        RC_ASSERT(one->type != EventType::attach || one->at_home || !one->mcc.empty() || !one->countries.empty());
        RC_ASSERT(!one->at_home || (one->mcc.empty() && one->countries.empty()));
    });
    rc::prop("random answers", [] {
        Subscriber who;
        who.id = "c-1";
        const auto event = event_of_retrieve(random_json(3).dump(), who, "r-1", now());
        if (event)
            RC_ASSERT(event->at_home || !event->mcc.empty() || !event->countries.empty());
        else
            RC_ASSERT(!event.error().empty());
    });
}
