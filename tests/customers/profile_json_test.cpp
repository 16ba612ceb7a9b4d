#include "service/customers/profile_json.h"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "tests/customers/profile_samples.h"

using namespace roamguard::customers;
using namespace roamguard::customers::samples;
using nlohmann::json;
using roamguard::geoip::Country;
using roamguard::notifications::Kind;
using roamguard::notifications::Msisdn;

TEST_CASE("the contract's example is read field by field") {
    const auto read = read_profile(json::parse(contract_example), context());
    REQUIRE(read);
    const Profile& profile = *read;
    CHECK(profile.id == "c-81");
    CHECK(profile.msisdn.e164() == "+447700900023");
    CHECK(profile.imsi == "234150000000123");
    CHECK(profile.kind == LineKind::person);
    CHECK(profile.home_country.code() == "GB");
    CHECK(profile.plan == "global");
    CHECK(profile.language == "en-GB");
    CHECK(profile.time_zone == "Europe/London");
    CHECK(profile.regime == "uk-ofcom");
    CHECK(profile.channels == std::vector<std::string>{"app", "sms"});
    CHECK(profile.app_address == "device-token");
    CHECK(profile.high_cost_per_megabyte == roamguard::tariffs::Money{3'000'000, currency("GBP")});
    CHECK(profile.payer.e164() == "+447700900000");
    CHECK(profile.opt_out == std::set<Kind>{Kind::welcome});
    CHECK_FALSE(profile.hold);
    CHECK_FALSE(profile.data_roaming);
    REQUIRE(profile.caps);
    REQUIRE(profile.caps->size() == 1);
    CHECK(profile.caps->front().id == "monthly");
    CHECK(profile_to_json(profile) == json::parse(contract_example));
}

TEST_CASE("an empty profile leaves everything to the regime and the home country") {
    const auto read = read_profile(json::object(), context());
    REQUIRE(read);
    CHECK(*read == Profile{});
    CHECK(profile_to_json(*read) == json::object());
}

TEST_CASE("no caps at all is something else than caps left out") {
    const auto read = read_profile(json{{"caps", json::array()}}, context());
    REQUIRE(read);
    REQUIRE(read->caps);
    CHECK(read->caps->empty());
    CHECK(profile_to_json(*read) == json{{"caps", json::array()}});
}

TEST_CASE("the switches hold and dataRoaming know three states") {
    const auto read = read_profile(json{{"hold", false}, {"dataRoaming", "barred"}}, context());
    REQUIRE(read);
    CHECK(read->hold == false);
    CHECK(read->data_roaming == false);
    CHECK(read_profile(json{{"dataRoaming", "allowed"}}, context())->data_roaming == true);
}

TEST_CASE("every bad field is named by its pointer, a stable code and a sentence") {
    struct Row {
        const char *body, *pointer, *code, *detail;
    };
    const std::vector<Row> rows{
        {R"([])", "", "wrong_type", "An object is needed here, not a list."},
        {R"({"plann":"x"})", "/plann", "unknown_field", "There is no field `plann`; did you mean `plan`?"},
        {R"({"homecountry":"GB"})", "/homecountry", "unknown_field",
         "There is no field `homecountry`; did you mean `homeCountry`?"},
        {R"({"a/b~c":1})", "/a~1b~0c", "unknown_field",
         "There is no field `a/b~c`; the fields here are `id`, `msisdn`, `imsi`, `kind`, `homeCountry`, `plan`, "
         "`language`, `timeZone`, `regime`, `channels`, `appAddress`, `caps`, `highCostPerMegabyte`, `payer`, "
         "`optOut`, "
         "`hold`, `dataRoaming`."},
        {R"({"plan":7})", "/plan", "wrong_type", "`plan` must be a string, not a number."},
        {R"({"plan":""})", "/plan", "bad_plan", "`plan` is 1 to 64 printable characters."},
        {R"({"plan":"a\nb"})", "/plan", "bad_plan", "`plan` is 1 to 64 printable characters."},
        {R"({"id":"a b"})", "/id", "bad_id",
         "`id` is 1 to 64 printable ASCII characters without spaces, and does not begin with `imsi:`."},
        {R"({"id":"imsi:234150000000123"})", "/id", "bad_id",
         "`id` is 1 to 64 printable ASCII characters without spaces, and does not begin with `imsi:`."},
        {R"({"msisdn":"07700900023"})", "/msisdn", "bad_msisdn",
         "A phone number is written in E.164: `+`, the country code and the number, 7 to 15 digits."},
        {R"({"imsi":234150000000123})", "/imsi", "wrong_type", "`imsi` must be a string, not a number."},
        {R"({"imsi":"23415"})", "/imsi", "bad_imsi", "`imsi` is 6 to 15 digits, usually 15."},
        {R"({"imsi":"2341500000001234"})", "/imsi", "bad_imsi", "`imsi` is 6 to 15 digits, usually 15."},
        {R"({"kind":"robot"})", "/kind", "unknown_kind", "`kind` is `person`, `data_only`, `m2m` or `business`."},
        {R"({"homeCountry":"gb"})", "/homeCountry", "unknown_country",
         "`homeCountry` is an ISO 3166 country code of two capital letters, such as `GB`."},
        {R"({"homeCountry":"QQ"})", "/homeCountry", "unknown_country",
         "`homeCountry` is an ISO 3166 country code of two capital letters, such as `GB`."},
        {R"({"language":"Klingonish"})", "/language", "bad_language",
         "`language` is a BCP 47 tag, such as `en`, `zh-Hans` or `de-AT`."},
        {R"({"timeZone":"Europe/Londinium"})", "/timeZone", "unknown_time_zone",
         "`timeZone` is the name of an IANA time zone, such as `Europe/London`."},
        {R"({"regime":"uk-ofcon"})", "/regime", "unknown_regime",
         "There is no regime `uk-ofcon`; did you mean `uk-ofcom`?"},
        {R"({"regime":"mars"})", "/regime", "unknown_regime",
         "There is no regime `mars`; the regimes are `au-acma-2019`, `ca-wireless-code`, `ch-fdv`, `cn-miit`, "
         "`eu-2022-612`, `generic`, `in-trai`, `kr-kcc`, `sg-imda`, `uk-ofcom`, `us-ctia`."},
        {R"({"regime":""})", "/regime", "unknown_regime", "`regime` is the id of a regime, such as `generic`."},
        {R"({"channels":[]})", "/channels", "empty", "`channels` names at least one of `sms` and `app`."},
        {R"({"channels":"sms"})", "/channels", "wrong_type", "`channels` must be a list, not a string."},
        {R"({"channels":["sms","fax"]})", "/channels/1", "unknown_channel",
         "`fax` is no channel; the channels are `sms` and `app`."},
        {R"({"channels":["sms","sms"]})", "/channels/1", "duplicate", "`sms` is listed twice in `channels`."},
        {R"({"channels":[1]})", "/channels/0", "wrong_type", "`channels` must be a list of strings, not a number."},
        {R"({"appAddress":""})", "/appAddress", "bad_app_address", "`appAddress` is 1 to 4096 printable characters."},
        {R"({"caps":{}})", "/caps", "wrong_type", "`caps` must be a list, not an object."},
        {R"({"caps":[7]})", "/caps/0", "wrong_type", "An object is needed here, not a number."},
        {R"({"highCostPerMegabyte":3})", "/highCostPerMegabyte", "money_not_string",
         "Money is an object such as {\"amount\":\"3.00\",\"currency\":\"GBP\"}, its amount a decimal string, not a "
         "number."},
        {R"({"highCostPerMegabyte":{"amount":3.5,"currency":"GBP"}})", "/highCostPerMegabyte/amount",
         "money_not_string", "`amount` is money and must be a decimal string, such as \"12.34\", not a number."},
        {R"({"highCostPerMegabyte":{"amount":"0","currency":"GBP"}})", "/highCostPerMegabyte/amount", "zero_amount",
         "`amount` must be more than 0."},
        {R"({"highCostPerMegabyte":{"amount":"3"}})", "/highCostPerMegabyte/currency", "required",
         "Money needs `amount` and `currency`."},
        {R"({"highCostPerMegabyte":{"amount":"3","currency":"gbp"}})", "/highCostPerMegabyte/currency",
         "unknown_currency", "`currency` is an ISO 4217 code in capitals, such as `EUR`."},
        {R"({"payer":"+447700900000"})", "/payer", "wrong_type", "An object is needed here, not a string."},
        {R"({"payer":{}})", "/payer/msisdn", "required", "`payer` needs the `msisdn` of the line that pays."},
        {R"({"payer":{"msisdn":"x"}})", "/payer/msisdn", "bad_msisdn",
         "A phone number is written in E.164: `+`, the country code and the number, 7 to 15 digits."},
        {R"({"msisdn":"+447700900023","payer":{"msisdn":"+447700900023"}})", "/payer/msisdn", "payer_is_self",
         "A line cannot be its own payer; leave `payer` out where it pays itself."},
        {R"({"optOut":["confirm_cap"]})", "/optOut/0", "not_switchable",
         "`confirm_cap` messages protect the customer and cannot be switched off."},
        {R"({"regime":"uk-ofcom","optOut":["threshold"]})", "/optOut/0", "not_switchable",
         "The regime `uk-ofcom` does not let `threshold` messages be switched off."},
        {R"({"optOut":["adverts"]})", "/optOut/0", "unknown_message_kind",
         "`adverts` is no kind of message; what can be switched off is among `welcome`, `threshold`, `inadvertent`, "
         "`pass_threshold`, `pass_ended`, `trip_summary`."},
        {R"({"hold":"no"})", "/hold", "wrong_type", "`hold` must be true or false, not a string."},
        {R"({"dataRoaming":"off"})", "/dataRoaming", "bad_data_roaming", "`dataRoaming` is `allowed` or `barred`."},
    };
    for (const Row& row : rows) {
        CAPTURE(row.body);
        const auto read = read_profile(json::parse(row.body), context());
        REQUIRE_FALSE(read);
        REQUIRE(read.error().size() == 1);
        CHECK(read.error()[0].pointer == row.pointer);
        CHECK(read.error()[0].code == row.code);
        CHECK(read.error()[0].detail == row.detail);
    }
}

TEST_CASE("all faults of one profile are listed at once") {
    const auto read =
        read_profile(json::parse(R"({"plann":"x","kind":"robot","hold":1,"caps":[{"id":"a","amount":5}]})"), context());
    REQUIRE_FALSE(read);
    std::vector<std::string> pointers;
    for (const ProfileFault& fault : read.error())
        pointers.push_back(fault.pointer);
    CHECK(pointers == std::vector<std::string>{"/plann", "/kind", "/caps/0/currency", "/caps/0/amount", "/hold"});
}

TEST_CASE("a hostile profile gets a bounded answer") {
    json body = json::object();
    for (int i = 0; i < 20'000; ++i)
        body[std::to_string(i) + std::string(1000, 'x')] = i;
    const auto read = read_profile(body, context());
    REQUIRE_FALSE(read);
    CHECK(read.error().size() == 500);
    CHECK(read.error()[0].detail.size() < 400);
}

TEST_CASE("the number in the path may not be the payer either") {
    ProfileContext at_path = context();
    at_path.own = Msisdn::parse("+447700900023").value();
    const auto read = read_profile(json::parse(R"({"payer":{"msisdn":"+447700900023"}})"), at_path);
    REQUIRE_FALSE(read);
    CHECK(read.error()[0].code == "payer_is_self");
}

TEST_CASE("opt-outs are judged by the default regime where the profile names none") {
    ProfileContext in_india = context();
    in_india.default_regime = "in-trai";
    const json body{{"optOut", {"welcome"}}};
    CHECK(read_profile(body, context()));
    const auto read = read_profile(body, in_india);
    REQUIRE_FALSE(read);
    CHECK(read.error()[0].detail == "The regime `in-trai` does not let `welcome` messages be switched off.");
}

TEST_CASE("a stored profile stays readable when its regime is gone") {
    const json body{{"regime", "withdrawn"}, {"optOut", {"welcome"}}, {"homeCountry", "QQ"}};
    CHECK_FALSE(read_profile(body, context()));
    const auto read = read_profile(body, ProfileContext{});
    REQUIRE(read);
    CHECK(read->regime == "withdrawn");
    CHECK_FALSE(read_profile(json{{"optOut", {"confirm_cap"}}}, ProfileContext{}));
}

TEST_CASE("a merge patch changes what it names, removes what it sets to null and replaces lists") {
    const json target = json::parse(contract_example);
    const auto without = read_profile(json::parse(R"({"plan":null,"caps":null})"), ProfileContext{});
    REQUIRE(without);  // null counts as absent, as in a merge patch
    CHECK(without->plan.empty());
    CHECK_FALSE(without->caps);
    const json patched = merge_patch(target, json::parse(R"({"plan":null,"language":"fr","channels":["sms"],
        "payer":{"msisdn":"+447700900001"}})"));
    CHECK_FALSE(patched.contains("plan"));
    CHECK(patched["language"] == "fr");
    CHECK(patched["channels"] == json{"sms"});
    CHECK(patched["payer"] == json{{"msisdn", "+447700900001"}});
    CHECK(patched["caps"] == target["caps"]);
    CHECK(read_profile(patched, context()));
}

TEST_CASE("what is written can be read, and is the same profile") {
    rc::prop("for any profile", [] {
        const Profile profile = *any_profile();
        const auto read = read_profile(profile_to_json(profile), context());
        if (!read) RC_FAIL(read.error()[0].pointer + ": " + read.error()[0].detail);
        RC_ASSERT(*read == profile);
    });
}

TEST_CASE("no JSON value in any field makes the reader throw") {
    rc::prop("for any field and value", [] {
        json body = json::parse(contract_example);
        const std::vector<std::string> pointers{"/id",
                                                "/imsi",
                                                "/plan",
                                                "/channels",
                                                "/channels/0",
                                                "/caps",
                                                "/caps/0",
                                                "/payer",
                                                "/optOut",
                                                "/highCostPerMegabyte",
                                                "/hold",
                                                "/caps/0/tax",
                                                "/caps/0/thresholds",
                                                "/caps/0/amount",
                                                "/caps/0/extension",
                                                "/caps/0/stages",
                                                "/caps/0/services"};
        const std::vector<json> values{nullptr,
                                       true,
                                       -1,
                                       1.5,
                                       "",
                                       "x",
                                       json::array(),
                                       json{1},
                                       json{"sms"},
                                       json{{1}},
                                       json::object(),
                                       json{{"amount", 1}},
                                       json(std::uint64_t{18446744073709551615U}),
                                       json{nullptr}};
        body[json::json_pointer(*rc::gen::elementOf(pointers))] = *rc::gen::elementOf(values);
        if (const auto read = read_profile(body, context()))
            RC_ASSERT(read_profile(profile_to_json(*read), context()) == *read);
    });
}
