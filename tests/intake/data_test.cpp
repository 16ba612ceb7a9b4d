#include <catch2/catch.hpp>

#include "tests/intake/reading.h"

using namespace roamguard;
using namespace roamguard::intake;
using namespace roamguard::intake::testing;

namespace {

using nlohmann::json;

/// The event with its data patched (RFC 7396: null takes a member away).
json patched(json event, const char* patch) {
    event["data"].merge_patch(json::parse(patch));
    return event;
}
/// The event with one member of data set, null included.
json with(json event, const std::string& pointer, const json& value) {
    event["data"][json::json_pointer(pointer)] = value;
    return event;
}
std::string fault(const std::string& pointer, const std::string& code, const std::string& sentence) {
    return "422 invalid_field " + pointer + " " + code + ": " + sentence;
}

}  // namespace

TEST_CASE("an attach is read into all its fields") {
    auto event = attach();
    event["data"] = json::parse(R"({"subscriber":{"msisdn":"+447700900012","imsi":"234150000000123","id":"c-81"},
        "visitedNetwork":{"mcc":"310","mnc":"410"},"ipAddress":"2001:db8::1","ipOf":"serving_node","access":"5g"})");
    const auto one = read(event);
    REQUIRE(one);
    CHECK(one->id == "e-1");
    CHECK(one->source == "/roaming/hss-3");
    CHECK(one->type_name == "org.roamguard.attach.v1");
    CHECK(one->type == EventType::attach);
    CHECK(one->time.at == now() - tariffs::minutes(1));
    CHECK(one->subscriber.msisdn.e164() == "+447700900012");
    CHECK(one->subscriber.imsi == "234150000000123");
    CHECK(one->subscriber.id == "c-81");
    CHECK(one->plmn == geoip::Plmn::parse("310", "410"));
    CHECK(one->tadig.empty());
    CHECK(one->ip == "2001:db8::1");
    CHECK(one->ip_of == geoip::IpOf::serving_node);
    CHECK(one->access == "5g");
    CHECK(one->names_network());
    CHECK(one->data_json == event["data"].dump());
}

TEST_CASE("a detach and a usage record are read into all their fields") {
    auto left = patched(detach(), R"({"visitedNetwork":null})");
    REQUIRE(read(left));
    CHECK(read(left)->type == EventType::detach);
    CHECK_FALSE(read(left)->names_network());

    const auto one = read(patched(usage(), R"({"visitedNetwork":{"tadig":"JPNDO"},"service":"voice_mo","quantity":61,
        "session":"s-1","called":"premium","startedAt":"2026-11-24T18:00:00+08:00","endedAt":"2026-11-24T10:01:01Z",
        "charged":{"amount":"12.34","currency":"CNY"},"chargedTax":"excl","chargedAs":"allowance"})"));
    REQUIRE(one);
    CHECK(one->type == EventType::usage);
    CHECK(one->tadig == "JPNDO");
    CHECK_FALSE(one->plmn);
    CHECK(one->service == tariffs::Service::voice_mo);
    CHECK(one->quantity == 61);
    CHECK(one->session == "s-1");
    CHECK(one->called == "premium");
    CHECK(one->time.at == now() - tariffs::hours(2));
    CHECK(one->time.offset_minutes == 480);
    REQUIRE(one->charged);
    CHECK(one->charged->amount.micros == 12'340'000);
    CHECK(one->charged->amount.currency.code() == "CNY");
    CHECK(one->charged->tax == tariffs::Tax::excl);
    CHECK(one->charged_as == ChargedAs::allowance);

    const auto least = read(usage());
    REQUIRE(least);
    CHECK(least->quantity == 1024);
    CHECK(least->session.empty());
    CHECK_FALSE(least->charged);
    CHECK(least->charged_as == ChargedAs::tariff);
    CHECK(least->time.at == now() - tariffs::minutes(1));
}

TEST_CASE("an unknown type is refused with the list of ours") {
    const std::string ours =
        "422 unknown_type /type unknown_type: type is none of org.roamguard.attach.v1, org.roamguard.detach.v1, "
        "org.roamguard.usage.v1, nor an event of CAMARA Device Roaming Status";
    auto event = attach();
    event["type"] = "com.example.other";
    CHECK(verdict(read(event)) == ours);
    event["type"] = "org.roamguard.Attach.v2";
    CHECK(verdict(read(event)) == ours + ": did you mean org.roamguard.attach.v1?");
    event.erase("data");
    event.erase("time");
    event["type"] = "org.roamguard.data.held.v1.and.more";
    CHECK(verdict(read(event)) == ours);
}

TEST_CASE("members that the reference does not list are refused with the nearest name") {
    const std::tuple<json, std::string, std::string> rows[] = {
        {with(usage(), "/quantitiy", 1), "/data/quantitiy", "data has no member \"quantitiy\": did you mean quantity?"},
        {with(attach(), "/visitednetwork", 1), "/data/visitednetwork",
         "data has no member \"visitednetwork\": did you mean visitedNetwork?"},
        {with(attach(), "/quantity", 1), "/data/quantity", "data has no member \"quantity\""},
        {with(detach(), "/ipAddress", "192.0.2.1"), "/data/ipAddress", "data has no member \"ipAddress\""},
        {with(usage(), "/ipAddress", "192.0.2.1"), "/data/ipAddress", "data has no member \"ipAddress\""},
        {with(attach(), "/subscriber/MSISDN", "x"), "/data/subscriber/MSISDN",
         "data.subscriber has no member \"MSISDN\": did you mean msisdn?"},
        {with(attach(), "/visitedNetwork/name", "x"), "/data/visitedNetwork/name",
         "data.visitedNetwork has no member \"name\""},
        {with(patched(usage(), R"({"charged":{"amount":"1","currency":"EUR"}})"), "/charged/curency", "EUR"),
         "/data/charged/curency", "data.charged has no member \"curency\": did you mean currency?"},
        {with(attach(), "/a~1b~0\n", 1), "/data/a~1b~0\n", "data has no member \"a/b~?\""},
    };
    for (const auto& [event, pointer, sentence] : rows)
        CHECK(verdict(read(event)) == "422 unknown_field " + pointer + " unknown_field: " + sentence);
}

TEST_CASE("a subscriber is named by at least one good identifier") {
    CHECK(verdict(read(patched(attach(), R"({"subscriber":null})"))) ==
          fault("/data/subscriber", "required", "data.subscriber is missing"));
    CHECK(verdict(read(with(attach(), "/subscriber", "+447700900012"))) ==
          fault("/data/subscriber", "wrong_type", "data.subscriber must be an object, and this is a string"));
    CHECK(verdict(read(with(attach(), "/subscriber", json::object()))) ==
          fault("/data/subscriber", "required", "data.subscriber must have at least one of msisdn, imsi, id"));
    const auto verdict_of = [](const char* name, const json& value) {
        return verdict(read(with(attach(), "/subscriber", json{{name, value}})));
    };
    for (const char* good : {"+447700900012", "+9991234", "+999123456789012"})
        CHECK(verdict_of("msisdn", good) == "read");
    for (const char* bad :
         {"447700900012", "00447700900012", "+44 7700 900012", "+999123", "+9991234567890123", "+0447700900",
          "+44770090001a", "", "+", "+\xD9\xA4\xD9\xA4\xD9\xA7\xD9\xA7\xD9\xA0\xD9\xA0",
          "\xEF\xBC\x8B\xEF\xBC\x94\xEF\xBC\x94\xEF\xBC\x97", "+447700900012\n"}) {
        CAPTURE(bad);
        CHECK(verdict_of("msisdn", bad) ==
              fault("/data/subscriber/msisdn", "invalid_value",
                    "data.subscriber.msisdn must be an E.164 number: + and 7 to 15 digits, the first not 0, nothing "
                    "between them"));
    }
    for (const char* good : {"234150000000123", "23415000000012", "001010"})
        CHECK(verdict_of("imsi", good) == "read");
    for (const char* bad : {"2341500000001234", "23415", "23415000000012a", "", "+23415000000012", "234 15"}) {
        CAPTURE(bad);
        CHECK(verdict_of("imsi", bad) == fault("/data/subscriber/imsi", "invalid_value",
                                               "data.subscriber.imsi must be 6 to 15 digits (an IMSI has 14 or 15)"));
    }
    CHECK(verdict_of("imsi", 234150000000123) ==
          fault("/data/subscriber/imsi", "wrong_type", "data.subscriber.imsi must be a string, and this is a number"));
    CHECK(verdict_of("id", std::string(64, 'c')) == "read");
    for (const std::string& bad : {std::string(65, 'c'), std::string(), std::string("a b"), std::string("\xC3\xA9"),
                                   std::string("a\0b", 3), std::string("\x7f")}) {
        CAPTURE(bad);
        CHECK(verdict_of("id", bad) == fault("/data/subscriber/id", "invalid_value",
                                             "data.subscriber.id must be 1 to 64 printable ASCII characters without "
                                             "spaces"));
    }
}

TEST_CASE("a visited network is an MCC and an MNC as strings or a TADIG code") {
    const auto verdict_of = [](const json& network) {
        return verdict(read(with(attach(), "/visitedNetwork", network)));
    };
    const std::string at = "data.visitedNetwork";
    for (const char* good :
         {R"({"mcc":"440","mnc":"10"})", R"({"mcc":"001","mnc":"01"})", R"({"mcc":"310","mnc":"410"})",
          R"({"mcc":"901","mnc":"14"})", R"({"tadig":"GBRVF"})", R"({"tadig":"AAA00"})"})
        CHECK(verdict_of(json::parse(good)) == "read");
    CHECK(verdict_of("44010") ==
          fault("/data/visitedNetwork", "wrong_type", at + " must be an object, and this is a string"));
    CHECK(verdict_of(nullptr) ==
          fault("/data/visitedNetwork", "wrong_type", at + " must be an object, and this is null"));
    CHECK(verdict_of(json::object()) ==
          fault("/data/visitedNetwork", "required", at + " must have mcc and mnc, or tadig"));
    CHECK(verdict_of(json::parse(R"({"mcc":"440","mnc":"10","tadig":"JPNDO"})")) ==
          fault("/data/visitedNetwork", "conflict", at + " must be {mcc,mnc} or {tadig}, not both"));
    CHECK(verdict_of(json::parse(R"({"mcc":"440"})")) ==
          fault("/data/visitedNetwork/mnc", "required", at + ".mnc is missing"));
    CHECK(verdict_of(json::parse(R"({"mcc":440,"mnc":"10"})")) ==
          fault("/data/visitedNetwork/mcc", "wrong_type",
                at + ".mcc must be a string, because 01 and 001 are different networks, and this is a number"));
    CHECK(verdict_of(json::parse(R"({"mcc":"440","mnc":10})")) ==
          fault("/data/visitedNetwork/mnc", "wrong_type",
                at + ".mnc must be a string, because 01 and 001 are different networks, and this is a number"));
    for (const char* bad : {"44", "4400", "44a", "", "\xD9\xA4\xD9\xA4\xD9\xA0"})
        CHECK(verdict_of({{"mcc", bad}, {"mnc", "10"}}) ==
              fault("/data/visitedNetwork/mcc", "invalid_value", at + ".mcc must be exactly three digits"));
    for (const char* bad : {"1", "1000", "1a", "", "-1"})
        CHECK(verdict_of({{"mcc", "440"}, {"mnc", bad}}) ==
              fault("/data/visitedNetwork/mnc", "invalid_value",
                    at + ".mnc must be two or three digits, as the operator writes it"));
    for (const char* bad : {"JPND", "JPNDOC", "jpndo", "JPN-1", ""})
        CHECK(verdict_of({{"tadig", bad}}) == fault("/data/visitedNetwork/tadig", "invalid_value",
                                                    at + ".tadig must be five upper-case letters or digits"));
}

TEST_CASE("an attach says where, by network or by address") {
    CHECK(verdict(read(patched(attach(), R"({"visitedNetwork":null})"))) ==
          fault("/data", "required", "data must have visitedNetwork or ipAddress, or both"));
    const auto at = [](const char* address) {
        return verdict(read(patched(with(attach(), "/ipAddress", address), R"({"visitedNetwork":null})")));
    };
    for (const char* good : {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"})
        CHECK(at(good) == "read");
    for (const char* bad :
         {"192.0.2.1:80", "192.0.2.0/24", "fe80::1%eth0", "192.0.2", "localhost", "", "[::1]", "192.0.2.01 "})
        CHECK(at(bad) == fault("/data/ipAddress", "invalid_value",
                               "data.ipAddress must be an IPv4 or IPv6 address without port, prefix or zone"));
    for (const char* good : {"device", "serving_node", "breakout"})
        CHECK(verdict(read(with(attach(), "/ipOf", good))) == "read");
    CHECK(verdict(read(with(attach(), "/ipOf", "Device"))) ==
          fault("/data/ipOf", "invalid_value", "data.ipOf must be one of device, serving_node, breakout"));
    for (const char* good : {"2g", "3g", "4g", "5g", "vowifi"})
        CHECK(verdict(read(with(attach(), "/access", good))) == "read");
    CHECK(verdict(read(with(attach(), "/access", "5G"))) ==
          fault("/data/access", "invalid_value", "data.access must be one of 2g, 3g, 4g, 5g, vowifi"));
}

TEST_CASE("a quantity is a whole number in range and nothing that looks like one") {
    const auto verdict_of = [](const char* number) {
        std::string text = usage().dump();
        text.replace(text.find("1024"), 4, number);
        return verdict(only(structured(text)));
    };
    for (const char* good : {"0", "-0", "1", "9007199254740", "1000000000000000"})
        CHECK(verdict_of(good) == "read");
    for (const char* bad : {"-1", "1000000000000001", "9223372036854775807", "9223372036854775808",
                            "18446744073709551615", "-9223372036854775808"})
        CHECK(verdict_of(bad) ==
              fault("/data/quantity", "out_of_range", "data.quantity must be from 0 to 1000000000000000"));
    for (const char* bad : {"1.0", "1e3", "0.5"})
        CHECK(verdict_of(bad) ==
              fault("/data/quantity", "wrong_type", "data.quantity must be a whole number, and this is a fraction"));
    CHECK(verdict_of("\"1\"") ==
          fault("/data/quantity", "wrong_type", "data.quantity must be a whole number, and this is a string"));
    CHECK(verdict_of("null") ==
          fault("/data/quantity", "wrong_type", "data.quantity must be a whole number, and this is null"));
    CHECK(verdict_of("18446744073709551616") ==
          "400 number_out_of_range: an integer lies outside -9223372036854775808 to 18446744073709551615");
    CHECK(verdict(read(patched(usage(), R"({"quantity":null,"service":null})"))) ==
          fault("/data/service", "required", "data.service is missing (and 1 more fault)"));
    CHECK(verdict(read(with(usage(), "/service", "mms"))) ==
          fault("/data/service", "invalid_value",
                "data.service must be one of data, voice_mo, voice_mt, sms_mo, sms_mt"));
}

TEST_CASE("a session, a destination called and a period are checked") {
    CHECK(verdict(read(with(usage(), "/session", std::string(128, 's')))) == "read");
    for (const std::string& bad : {std::string(), std::string(129, 's'), std::string("a\tb")})
        CHECK(
            verdict(read(with(usage(), "/session", bad))) ==
            fault("/data/session", "invalid_value", "data.session must be 1 to 128 bytes without control characters"));
    for (const char* service : {"voice_mo", "sms_mo"})
        for (const char* good : {"home", "local", "premium", "JP"})
            CHECK(verdict(read(with(with(usage(), "/service", service), "/called", good))) == "read");
    for (const char* bad : {"jp", "JPN", "other", "", "+81"})
        CHECK(verdict(read(with(with(usage(), "/service", "voice_mo"), "/called", bad))) ==
              fault("/data/called", "invalid_value",
                    "data.called must be home, local, premium or an upper-case ISO 3166 alpha-2 country"));
    CHECK(verdict(read(with(usage(), "/called", "home"))) ==
          fault("/data/called", "conflict", "data.called must not stand with service data"));

    const auto period = [](const char* started, const char* ended) {
        return verdict(read(with(with(usage(), "/startedAt", started), "/endedAt", ended)));
    };
    CHECK(period("2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z") == "read");
    CHECK(period("2026-11-24T10:00:00Z", "2026-11-24T17:59:59+08:00") ==
          fault("/data/endedAt", "conflict", "data.endedAt must not be before startedAt"));
    CHECK(period("2026-11-24T10:00:00", "2026-11-24T10:00:00Z") ==
          fault("/data/startedAt", "invalid_value",
                "data.startedAt must be an RFC 3339 time with an offset, such as 2026-11-24T05:31:00+08:00"));
    CHECK(period("2026-11-24T12:10:01Z", "2026-11-24T12:10:02Z") ==
          "422 in_the_future /data/startedAt in_the_future: data.startedAt is more than 10m in the future (and 1 more "
          "fault)");
    CHECK(verdict(read(with(usage(), "/startedAt", "2026-10-20T11:59:59Z"))) ==
          "422 too_old /data/startedAt too_old: data.startedAt is more than 35d ago");
}

TEST_CASE("what was charged is money, and negative only as a credit") {
    const auto charged = [](const json& money) { return read(with(usage(), "/charged", money)); };
    const auto amount = [&](const char* text) { return verdict(charged({{"amount", text}, {"currency", "EUR"}})); };
    for (const char* good : {"0", "12.34", "0.000001", "0.1000000000", "-0"})
        CHECK(amount(good) == "read");
    const std::pair<const char*, std::string> rows[] = {
        {"", "a number is missing: write digits, such as 3 or 0.50"},
        {"1,50", "write a point, not a comma, before the decimals, and nothing between thousands"},
        {"1E+05", "write the number out, without an exponent"},
        {"1.2345678", "at most 6 decimals can be kept"},
        {"9000000000000", "the number must be below 9000000000000"},
    };
    for (const auto& [text, why] : rows)
        CHECK(amount(text) ==
              fault("/data/charged/amount", "invalid_value", "data.charged.amount is no amount: " + why));
    CHECK(amount("-1") == fault("/data/charged/amount", "conflict",
                                "data.charged.amount may be negative (a credit) only with quantity 0"));
    const auto credit = read(patched(usage(), R"({"quantity":0,"charged":{"amount":"-1.50","currency":"EUR"}})"));
    REQUIRE(credit);
    CHECK(credit->charged->amount.micros == -1'500'000);
    CHECK_FALSE(credit->charged->tax);
    CHECK(verdict(charged("12.34 EUR")) ==
          fault("/data/charged", "wrong_type", "data.charged must be an object, and this is a string"));
    CHECK(verdict(charged({{"amount", 12.34}, {"currency", "EUR"}})) ==
          fault("/data/charged/amount", "wrong_type",
                "data.charged.amount must be a string such as \"12.34\", and this is a number"));
    CHECK(verdict(charged({{"amount", "1"}, {"currency", "eur"}})) ==
          fault("/data/charged/currency", "invalid_value",
                "data.charged.currency must be an upper-case ISO 4217 code, such as CNY"));
    CHECK(verdict(charged({{"amount", "1"}})) ==
          fault("/data/charged/currency", "required", "data.charged.currency is missing"));
    for (const char* good : {"incl", "excl"})
        CHECK(verdict(read(with(usage(), "/chargedTax", good))) == "read");
    CHECK(verdict(read(with(usage(), "/chargedTax", "none"))) ==
          fault("/data/chargedTax", "invalid_value", "data.chargedTax must be incl or excl"));
    for (const char* good : {"tariff", "allowance", "free"})
        CHECK(verdict(read(with(usage(), "/chargedAs", good))) == "read");
    CHECK(verdict(read(with(usage(), "/chargedAs", "Free"))) ==
          fault("/data/chargedAs", "invalid_value", "data.chargedAs must be one of tariff, allowance, free"));
}

TEST_CASE("a value of the wrong kind is refused in every member") {
    const json full = patched(usage(), R"({"subscriber":{"msisdn":"+447700900012","imsi":"234150000000123","id":"c-1"},
        "visitedNetwork":{"mcc":"440","mnc":"10"},"service":"sms_mo","session":"s","called":"home",
        "startedAt":"2026-11-24T10:00:00Z","endedAt":"2026-11-24T10:00:00Z",
        "charged":{"amount":"1","currency":"EUR"},"chargedTax":"incl","chargedAs":"free"})");
    const json place = patched(attach(), R"({"ipAddress":"192.0.2.1","ipOf":"device","access":"4g"})");
    REQUIRE(read(full));
    REQUIRE(read(place));
    for (const json& event : {full, place}) {
        const json flat = event["data"].flatten();
        for (const auto& [pointer, good] : flat.items())
            for (const json& bad : std::vector<json>{nullptr, true, 1.5, json::array(), json::object()}) {
                CAPTURE(pointer, bad);
                const auto one = read(with(event, pointer, bad));
                REQUIRE_FALSE(one);
                CHECK(one.error().status == 422);
                CHECK(one.error().code == "invalid_field");
                CHECK(one.error().errors.at(0).pointer == "/data" + pointer);
                CHECK(one.error().errors.at(0).code == "wrong_type");
            }
    }
}
