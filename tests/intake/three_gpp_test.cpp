#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "service/intake/three_gpp.h"
#include "tests/intake/reading.h"

using namespace roamguard;
using namespace roamguard::intake;
using namespace roamguard::intake::testing;

namespace {

using nlohmann::json;
using Read = tl::expected<std::vector<RoamingEvent>, Refusal>;

const std::string subscription = "https://nef.example.com/3gpp-monitoring-event/v1/as-1/subscriptions/7";

/// A TS 29.122 report of a roamer in Japan, changed by a test (null takes a member away).
json monitoring_report(const char* patch = "{}") {
    json report = json::parse(R"({"monitoringType":"ROAMING_STATUS","msisdn":"447700900012","roamingStatus":true,
        "plmnId":{"mcc":"440","mnc":"10"},"eventTime":"2026-11-24T20:59:00+09:00"})");
    report.merge_patch(json::parse(patch));
    return report;
}
json monitoring(const std::vector<json>& reports) {
    return {{"subscription", subscription}, {"monitoringEventReports", reports}};
}
Read read_monitoring(const json& body) { return read_monitoring_events(body.dump(), now(), {}); }

/// A TS 29.503 report of the same.
json ee_report(const char* patch = "{}") {
    json report = json::parse(R"({"referenceId":7,"eventType":"ROAMING_STATUS","gpsi":"msisdn-447700900012",
        "timeStamp":"2026-11-24T20:59:00+09:00","report":{"roaming":true,"newServingPlmn":{"mcc":"440","mnc":"10"}}})");
    report.merge_patch(json::parse(patch));
    return report;
}
Read read_ee(const json& body) { return read_ee_notifications(body.dump(), now(), {}); }

/// `attach 440-10 vowifi +447700900012`: what an event came to be, and who it is about.
std::string meaning(const RoamingEvent& event) {
    std::string text = event.type == EventType::attach       ? "attach"
                       : event.type == EventType::detach     ? "detach"
                       : event.type == EventType::roaming_on ? "roaming_on"
                                                             : "something else";
    if (event.at_home) text += " home";
    if (event.plmn) text += " " + event.plmn->text();
    for (const std::string& part :
         {event.access, event.subscriber.msisdn.e164(), event.subscriber.imsi, event.subscriber.id})
        if (!part.empty()) text += " " + part;
    return text;
}
/// The only event's meaning, `nothing`, or the refusal in one line.
std::string meaning(const Read& read) {
    if (!read) return verdict(ReadEvent(tl::unexpected(read.error())));
    if (read->empty()) return "nothing";
    return read->size() == 1 ? meaning(read->front()) : "several";
}

std::string fault(const std::string& pointer, const std::string& code, const std::string& sentence) {
    return "400 invalid_field " + pointer + " " + code + ": " + sentence;
}

}  // namespace

TEST_CASE("a monitoring event report is read into all its fields") {
    const json report = monitoring_report(R"({"later":{"release":19}})");
    const auto read = read_monitoring(monitoring({report}));
    REQUIRE(read);
    REQUIRE(read->size() == 1);
    const RoamingEvent& event = read->front();
    CHECK(meaning(event) == "attach 440-10 +447700900012");
    CHECK(event.source == subscription);
    CHECK(event.type_name == "3gpp.monitoring-event.roaming-status");
    CHECK(event.id.size() == 32);
    CHECK(event.id.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(event.time.at == now() - tariffs::minutes(1));
    CHECK(event.time.offset_minutes == 540);
    CHECK(event.data_json == report.dump());
    CHECK(event.key != Digest{});
    CHECK(event.content != Digest{});
}

TEST_CASE("an event exposure report is read into all its fields") {
    const auto read = read_ee(json::array({ee_report()}));
    REQUIRE(read);
    REQUIRE(read->size() == 1);
    const RoamingEvent& event = read->front();
    CHECK(meaning(event) == "attach 440-10 +447700900012");
    CHECK(event.source == "/3gpp/ee/7");
    CHECK(event.type_name == "3gpp.ee.roaming-status");
    CHECK(event.time.at == now() - tariffs::minutes(1));
    CHECK(event.data_json == ee_report().dump());
}

TEST_CASE("a monitoring event report says where a device is by the network and the roaming status") {
    const std::pair<const char*, const char*> rows[] = {
        {"{}", "attach 440-10 +447700900012"},
        {R"({"plmnId":null})", "roaming_on +447700900012"},
        {R"({"plmnId":null,"roamingStatus":false})", "attach home +447700900012"},
        {R"({"plmnId":null,"roamingStatus":null})", "attach home +447700900012"},
        {R"({"plmnId":{"mcc":"234","mnc":"15"},"roamingStatus":false})", "attach 234-15 +447700900012"},
        {R"({"plmnId":{"mcc":"310","mnc":"014"},"roamingStatus":null})", "attach 310-014 +447700900012"},
        {R"({"msisdn":null,"externalId":"car-81@iot.example.com"})", "attach 440-10 car-81@iot.example.com"},
        {R"({"msisdn":null,"imsi":"234150000000123"})", "attach 440-10 234150000000123"},
        {R"({"externalId":"a@b","imsi":"234150000000123"})", "attach 440-10 +447700900012 234150000000123 a@b"},
        {R"({"monitoringType":"LOSS_OF_CONNECTIVITY"})", "nothing"},
        {R"({"monitoringType":"OF_A_LATER_RELEASE","msisdn":5,"eventTime":"never"})", "nothing"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.first);
        CHECK(meaning(read_monitoring(monitoring({monitoring_report(row.first)}))) == row.second);
    }
}

TEST_CASE("an event exposure report says where a device is by the network, the access and a purge") {
    const std::pair<const char*, const char*> rows[] = {
        {R"({"report":{"roaming":false,"newServingPlmn":{"mcc":"234","mnc":"15"}}})", "attach 234-15 +447700900012"},
        {R"({"report":{"accessType":"NON_3GPP_ACCESS"}})", "attach 440-10 vowifi +447700900012"},
        {R"({"report":{"accessType":"3GPP_ACCESS"}})", "attach 440-10 +447700900012"},
        {R"({"report":{"accessType":"OF_A_LATER_RELEASE","more":1}})", "attach 440-10 +447700900012"},
        {R"({"report":{"purged":false}})", "attach 440-10 +447700900012"},
        {R"({"report":{"purged":true}})", "detach 440-10 +447700900012"},
        {R"({"report":{"purged":true,"roaming":null,"newServingPlmn":null}})", "detach +447700900012"},
        {R"({"gpsi":"extid-car-81@iot.example.com"})", "attach 440-10 car-81@iot.example.com"},
        {R"({"eventType":"CN_TYPE_CHANGE","report":{"roaming":5}})", "nothing"},
        {R"({"eventType":"OF_A_LATER_RELEASE","gpsi":null,"timeStamp":null,"referenceId":null})", "nothing"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.first);
        CHECK(meaning(read_ee(json::array({ee_report(row.first)}))) == row.second);
    }
    CHECK(meaning(read_ee(json::array())) == "nothing");
}

TEST_CASE("a notification without reports is fit and holds no event") {
    for (const char* body : {R"({"subscription":"/s/1"})", R"({"subscription":"/s/1","cancelInd":true})",
                             R"({"subscription":"/s/1","monitoringEventReports":[]})"}) {
        CAPTURE(body);
        CHECK(meaning(read_monitoring_events(body, now(), {})) == "nothing");
    }
}

TEST_CASE("a fault of a monitoring event notification is named by its pointer into the body") {
    const std::string at = "/monitoringEventReports/0", path = "monitoringEventReports[0]";
    const std::string digits = "must be 7 to 15 digits in international form, without +, the first not 0";
    const std::tuple<const char*, const char*, const char*, std::string> rows[] = {
        {R"({"monitoringType":null})", "/monitoringType", "required", ".monitoringType is missing"},
        {R"({"monitoringType":3})", "/monitoringType", "wrong_type",
         ".monitoringType must be a string, and this is a number"},
        {R"({"msisdn":"+447700900012"})", "/msisdn", "invalid_value", ".msisdn " + digits},
        {R"({"msisdn":"07700900012"})", "/msisdn", "invalid_value", ".msisdn " + digits},
        {R"({"msisdn":""})", "/msisdn", "invalid_value", ".msisdn " + digits},
        {R"({"msisdn":447700900012})", "/msisdn", "wrong_type", ".msisdn must be a string, and this is a number"},
        {R"({"msisdn":null})", "", "required", " must name the customer by msisdn, externalId or imsi"},
        {R"({"externalId":"a b"})", "/externalId", "invalid_value",
         ".externalId must be 1 to 64 printable ASCII characters without spaces"},
        {R"({"imsi":"23415x"})", "/imsi", "invalid_value", ".imsi must be 6 to 15 digits (an IMSI has 14 or 15)"},
        {R"({"roamingStatus":"true"})", "/roamingStatus", "wrong_type",
         ".roamingStatus must be true or false, and this is a string"},
        {R"({"plmnId":"44010"})", "/plmnId", "wrong_type", ".plmnId must be an object, and this is a string"},
        {R"({"plmnId":{"mcc":null}})", "/plmnId/mcc", "required", ".plmnId.mcc is missing"},
        {R"({"plmnId":{"mcc":"44"}})", "/plmnId/mcc", "invalid_value", ".plmnId.mcc must be exactly three digits"},
        {R"({"plmnId":{"mnc":10}})", "/plmnId/mnc", "wrong_type",
         ".plmnId.mnc must be a string, because 01 and 001 are different networks, and this is a number"},
        {R"({"plmnId":{"mnc":"1"}})", "/plmnId/mnc", "invalid_value",
         ".plmnId.mnc must be two or three digits, as the operator writes it"},
        {R"({"eventTime":"yesterday"})", "/eventTime", "invalid_value",
         ".eventTime must be an RFC 3339 time with an offset, such as 2026-11-24T05:31:00+08:00"},
    };
    for (const auto& [patch, pointer, code, rule] : rows) {
        CAPTURE(patch);
        CHECK(meaning(read_monitoring(monitoring({monitoring_report(patch)}))) ==
              fault(at + pointer, code, path + rule));
    }
    CHECK(meaning(read_monitoring(monitoring({monitoring_report(R"({"eventTime":"2026-10-01T00:00:00Z"})")}))) ==
          "400 too_old " + at + "/eventTime too_old: " + path + ".eventTime is more than 35d ago");
    CHECK(meaning(read_monitoring(monitoring({monitoring_report(R"({"eventTime":"2026-11-24T12:11:00Z"})")}))) ==
          "400 in_the_future " + at + "/eventTime in_the_future: " + path +
              ".eventTime is more than 10m in the future");
    CHECK(meaning(read_monitoring(monitoring({json(5)}))) ==
          fault(at, "wrong_type", path + " must be an object, and this is a number"));
}

TEST_CASE("a notification that has not the form of one is refused whole") {
    const std::string link =
        "subscription must be a URI reference (RFC 3986) of at most 1024 bytes, such as "
        "https://nef.example.com/3gpp-monitoring-event/v1/as-1/subscriptions/7";
    const std::pair<const char*, std::string> rows[] = {
        {"{}", fault("/subscription", "required", "subscription is missing")},
        {R"({"subscription":5})",
         fault("/subscription", "wrong_type", "subscription must be a string, and this is a number")},
        {R"({"subscription":""})", fault("/subscription", "invalid_value", link)},
        {R"({"subscription":"a b"})", fault("/subscription", "invalid_value", link)},
        {R"({"subscription":"/s","monitoringEventReports":{}})",
         fault("/monitoringEventReports", "wrong_type",
               "monitoringEventReports must be an array, and this is an object")},
        {"[]", "400 wrong_type: the notification must be an object, and this is an array"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.first);
        CHECK(meaning(read_monitoring_events(row.first, now(), {})) == row.second);
    }
    CHECK(meaning(read_ee_notifications("{}", now(), {})) ==
          "400 wrong_type: the notification must be an array, and this is an object");
    for (const char* text : {"", "{", "nonsense"}) {
        CHECK(meaning(read_monitoring_events(text, now(), {})).substr(0, 12) == "400 not_json");
        CHECK(meaning(read_ee_notifications(text, now(), {})).substr(0, 12) == "400 not_json");
    }
    CHECK(meaning(read_ee_notifications(std::string(40, '['), now(), {})).substr(0, 12) == "400 too_deep");
}

TEST_CASE("a fault of an event exposure notification is named by its pointer into the body") {
    const std::tuple<const char*, const char*, const char*, std::string> rows[] = {
        {R"({"eventType":null})", "/eventType", "required", ".eventType is missing"},
        {R"({"referenceId":null})", "/referenceId", "required", ".referenceId is missing"},
        {R"({"referenceId":"7"})", "/referenceId", "wrong_type",
         ".referenceId must be a whole number, and this is a string"},
        {R"({"referenceId":7.5})", "/referenceId", "wrong_type",
         ".referenceId must be a whole number, and this is a fraction"},
        {R"({"timeStamp":null})", "/timeStamp", "required", ".timeStamp is missing"},
        {R"({"gpsi":null})", "/gpsi", "required", ".gpsi is missing: nothing else names the customer"},
        {R"({"gpsi":"447700900012"})", "/gpsi", "invalid_value",
         ".gpsi must be msisdn- and digits, or extid- and an external identifier"},
        {R"({"gpsi":"msisdn-+447700900012"})", "/gpsi", "invalid_value",
         ".gpsi must be msisdn- and 7 to 15 digits in international form, without +, the first not 0"},
        {R"({"gpsi":"extid-"})", "/gpsi", "invalid_value",
         ".gpsi must be extid- and 1 to 64 printable ASCII characters without spaces"},
        {R"({"report":null})", "/report", "required", ".report is missing"},
        {R"({"report":{"roaming":null}})", "/report/roaming", "required", ".report.roaming is missing"},
        {R"({"report":{"newServingPlmn":null}})", "/report/newServingPlmn", "required",
         ".report.newServingPlmn is missing"},
        {R"({"report":{"newServingPlmn":{"mnc":"1"}}})", "/report/newServingPlmn/mnc", "invalid_value",
         ".report.newServingPlmn.mnc must be two or three digits, as the operator writes it"},
        {R"({"report":{"purged":1}})", "/report/purged", "wrong_type",
         ".report.purged must be true or false, and this is a number"},
        {R"({"report":{"accessType":false}})", "/report/accessType", "wrong_type",
         ".report.accessType must be a string, and this is a boolean"},
    };
    for (const auto& [patch, pointer, code, rule] : rows) {
        CAPTURE(patch);
        CHECK(meaning(read_ee(json::array({ee_report(patch)}))) ==
              fault(std::string("/0") + pointer, code, "[0]" + rule));
    }
}

TEST_CASE("the reports of a notification stand or fall together and every fault is listed") {
    const json second = monitoring_report(R"({"msisdn":"447700900013","plmnId":{"mcc":"450"}})");
    const auto good = read_monitoring(monitoring({monitoring_report(), second}));
    REQUIRE(good);
    REQUIRE(good->size() == 2);
    CHECK(meaning(good->at(1)) == "attach 450-10 +447700900013");
    CHECK(good->at(0).key != good->at(1).key);

    const json wrong = monitoring_report(R"({"msisdn":"1","plmnId":{"mcc":"1"}})");
    const auto refused = read_monitoring(monitoring({wrong, monitoring_report(), wrong}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().errors.size() == 4);
    CHECK(refused.error().errors.at(2).pointer == "/monitoringEventReports/2/msisdn");
    CHECK(refused.error().detail.find("(and 3 more faults)") != std::string::npos);
    CHECK(refused.error().source == subscription);
    CHECK(refused.error().type == "3gpp.monitoring-event.roaming-status");
    CHECK(refused.error().body.substr(0, 1) == "{");
}

TEST_CASE("a report sent again is the same event however it is written") {
    const std::string one = monitoring({monitoring_report()}).dump(), other = monitoring({monitoring_report()}).dump(3);
    const auto first = read_monitoring_events(one, now(), {});
    const auto again = read_monitoring_events(other, now() + tariffs::minutes(3), {});
    REQUIRE(first);
    REQUIRE(again);
    CHECK(first->front().id == again->front().id);
    CHECK(first->front().key == again->front().key);
    CHECK(first->front().content == again->front().content);
    const auto changed = read_monitoring(monitoring({monitoring_report(R"({"plmnId":{"mnc":"20"}})")}));
    REQUIRE(changed);
    CHECK(first->front().key != changed->front().key);
}

TEST_CASE("a report without a time happened when it came") {
    const std::string body = monitoring({monitoring_report(R"({"eventTime":null})")}).dump();
    const auto first = read_monitoring_events(body, now(), {});
    const auto later = read_monitoring_events(body, now() + tariffs::seconds(1), {});
    REQUIRE(first);
    REQUIRE(later);
    CHECK(first->front().time.at == now());
    CHECK(later->front().time.at == now() + tariffs::seconds(1));
    CHECK(first->front().key != later->front().key);
}

TEST_CASE("a notification has bounds in reports and in the size of one") {
    Limits limits;
    limits.max_batch = 2;
    const json reports = json::array({ee_report(), ee_report(), ee_report()});
    const auto many = read_ee_notifications(reports.dump(), now(), limits);
    CHECK(meaning(many) == "413 batch_too_long: a notification holds at most 2 reports");
    limits.max_event_bytes = 100;
    CHECK(meaning(read_monitoring_events(monitoring({monitoring_report()}).dump(), now(), limits)) ==
          fault("/monitoringEventReports/0", "too_long", "monitoringEventReports[0] must be at most 100 bytes long"));
}

namespace {

rc::Gen<std::string> telling_name() {
    return rc::gen::elementOf(std::vector<std::string>{"subscription",
                                                       "monitoringEventReports",
                                                       "monitoringType",
                                                       "msisdn",
                                                       "externalId",
                                                       "imsi",
                                                       "roamingStatus",
                                                       "plmnId",
                                                       "mcc",
                                                       "mnc",
                                                       "eventTime",
                                                       "referenceId",
                                                       "eventType",
                                                       "gpsi",
                                                       "timeStamp",
                                                       "report",
                                                       "roaming",
                                                       "newServingPlmn",
                                                       "purged",
                                                       "accessType"});
}

/// Any JSON, of names and values the reports give a meaning.
json random_json(int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 8 : 5)) {
        case 0:
            return nullptr;
        case 1:
            return *rc::gen::arbitrary<bool>();
        case 2:
            return *rc::gen::inRange(-2, 1000);
        case 3:
        case 4:
            return *rc::gen::elementOf(std::vector<std::string>{
                "", "440", "10", "ROAMING_STATUS", "447700900012", "msisdn-447700900012", "extid-a@b", "msisdn-", "/s",
                "2026-11-24T11:00:00Z", "2020-01-01T00:00:00Z", "NON_3GPP_ACCESS"});
        case 5: {
            json list = json::array();
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
                list.push_back(random_json(depth - 1));
            return list;
        }
        default: {
            json object = json::object();
            for (int i = *rc::gen::inRange(0, 6); i > 0; --i)
                object[*telling_name()] = random_json(depth - 1);
            return object;
        }
    }
}

void check(const Read& read) {
    RC_TAG(read ? "read" : "refused");
    if (!read) {
        RC_ASSERT(read.error().status == 400);
        RC_ASSERT(!read.error().code.empty());
        RC_ASSERT(!read.error().detail.empty());
        RC_ASSERT(read.error().errors.size() <= 50);
        RC_ASSERT(read.error().body.size() <= 4096);
        return;
    }
    for (const RoamingEvent& event : *read) {
        const Subscriber& who = event.subscriber;
        RC_ASSERT(!who.msisdn.none() || !who.imsi.empty() || !who.id.empty());
        RC_ASSERT(event.time.at >= now() - tariffs::days(35));
        RC_ASSERT(event.time.at <= now() + tariffs::minutes(10));
        RC_ASSERT(event.type == EventType::attach || event.type == EventType::detach ||
                  event.type == EventType::roaming_on);
        RC_ASSERT(event.type != EventType::attach || event.at_home != event.plmn.has_value());
        RC_ASSERT(event.id.size() == 32);
    }
}

}  // namespace

TEST_CASE("no body whatever crashes or makes an event of the core network's without a customer") {
    rc::prop("random bodies", [] {
        const std::string body = random_json(4).dump();
        check(read_monitoring_events(body, now(), {}));
        check(read_ee_notifications(body, now(), {}));
    });
    rc::prop("one member changed", [] {
        json first = monitoring_report(), second = ee_report();
        first[*telling_name()] = random_json(2);
        (*rc::gen::arbitrary<bool>() ? second : second["report"])[*telling_name()] = random_json(2);
        check(read_monitoring(monitoring({monitoring_report(), first})));
        check(read_ee(json::array({second, ee_report()})));
    });
    rc::prop("any bytes", [](const std::string& body) {
        check(read_monitoring_events(body, now(), {}));
        check(read_ee_notifications(body, now(), {}));
    });
}
