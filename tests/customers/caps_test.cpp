#include <catch2/catch.hpp>

#include "tests/customers/profile_samples.h"

using namespace roamguard::customers;
using namespace roamguard::customers::samples;
using nlohmann::json;
using roamguard::tariffs::Service;
using roamguard::tariffs::Tax;

namespace {

CapRule cap_of(const char* text) {
    const auto read = read_profile(json{{"caps", {json::parse(text)}}}, context());
    if (!read) FAIL(read.error()[0].pointer + ": " + read.error()[0].detail);
    return read->caps->at(0);
}

}  // namespace

TEST_CASE("a cap in money needs an id, an amount and a currency, and the rest has defaults") {
    const CapRule cap = cap_of(R"({"id":"m","amount":"300","currency":"CNY"})");
    CHECK(cap.id == "m");
    CHECK(cap.limit == 300'000'000);
    CHECK(cap.currency == currency("CNY"));
    CHECK(cap.services == std::vector{Service::data});
    CHECK(cap.destinations.empty());
    CHECK(cap.tax == Tax::incl);
    CHECK(cap.period == PeriodRule{});
    CHECK(cap.thresholds == std::vector{80, 100});
    CHECK(cap.at_limit == AtLimit::hold);
    CHECK(cap.stages.empty());
    CHECK_FALSE(cap.extension);
    CHECK_FALSE(cap.every);
}

TEST_CASE("a cap in volume counts bytes by 1024") {
    const CapRule cap = cap_of(R"({"id":"v","volume":"5 GB","stages":["5 GB","8 GB"],"thresholds":[]})");
    CHECK(cap.is_volume());
    CHECK(cap.limit == std::int64_t{5} << 30);
    CHECK(cap.stages == std::vector{std::int64_t{5} << 30, std::int64_t{8} << 30});
    CHECK(cap.thresholds.empty());
    CHECK(cap_to_json(cap)["volume"] == "5 GB");
}

TEST_CASE("a repeating cap tells, in money or in volume, and has no thresholds") {
    const CapRule money = cap_of(R"({"id":"e","every":"100.00","currency":"AUD"})");
    CHECK(money.every == 100'000'000);
    CHECK(money.limit == 0);
    CHECK(money.at_limit == AtLimit::notify);
    CHECK(money.thresholds.empty());
    CHECK_FALSE(money.is_volume());
    const CapRule volume = cap_of(R"({"id":"e","every":"5 MB","period":"day"})");
    CHECK(volume.every == std::int64_t{5} << 20);
    CHECK(volume.is_volume());
}

TEST_CASE("a cap counts where and what it names, in its order") {
    const CapRule cap = cap_of(R"({"id":"c","amount":"10","currency":"EUR","services":["voice_mo","data","sms_mt"],
        "destinations":["JP","zone:far away","inflight","unknown"],"period":"billing-day:31","tax":"excl",
        "atLimit":"notify","extension":"2.5"})");
    CHECK(cap.services == std::vector{Service::voice_mo, Service::data, Service::sms_mt});
    CHECK(cap.destinations == std::vector<std::string>{"JP", "zone:far away", "inflight", "unknown"});
    CHECK(cap.period == PeriodRule{PeriodRule::Over::billing_day, 31});
    CHECK(cap.tax == Tax::excl);
    CHECK(cap.at_limit == AtLimit::notify);
    CHECK(cap.extension == 2'500'000);
}

TEST_CASE("every bad cap is named by its pointer, a stable code and a sentence") {
    struct Row {
        const char *cap, *pointer, *code, *detail;
    };
    const std::vector<Row> rows{
        {R"({"id":"a","amount":"5","currency":"EUR","limit":1})", "/limit", "unknown_field",
         "There is no field `limit`; did you mean `atLimit`?"},
        {R"({"amount":"5","currency":"EUR"})", "/id", "required", "A cap needs an `id`, such as `monthly`."},
        {R"({"id":"a b","amount":"5","currency":"EUR"})", "/id", "bad_id",
         "A cap's `id` is 1 to 64 letters, digits, points, underscores and hyphens."},
        {R"({"id":"a"})", "", "one_limit",
         "A cap needs exactly one of `amount` (with `currency`), `volume` and `every`."},
        {R"({"id":"a","amount":"5","currency":"EUR","volume":"5 GB"})", "", "one_limit",
         "A cap needs exactly one of `amount` (with `currency`), `volume` and `every`."},
        {R"({"id":"a","amount":"5"})", "/currency", "required",
         "`amount` needs `currency`, an ISO 4217 code such as `EUR`."},
        {R"({"id":"a","amount":"5","currency":"EURO"})", "/currency", "unknown_currency",
         "`currency` is an ISO 4217 code in capitals, such as `EUR`."},
        {R"({"id":"a","amount":45.00,"currency":"EUR"})", "/amount", "money_not_string",
         "`amount` is money and must be a decimal string, such as \"12.34\", not a number."},
        {R"({"id":"a","amount":null,"currency":"EUR"})", "", "one_limit",
         "A cap needs exactly one of `amount` (with `currency`), `volume` and `every`."},
        {R"({"id":"a","amount":"45,00","currency":"EUR"})", "/amount", "bad_amount",
         "`45,00` is no amount: write a point, not a comma, before the decimals, and nothing between thousands."},
        {R"({"id":"a","amount":"0.00","currency":"EUR"})", "/amount", "zero_amount",
         "A cap of 0 would never let data flow; to bar data abroad, set `dataRoaming` to `barred`."},
        {R"({"id":"a","amount":"10000000000.01","currency":"EUR"})", "/amount", "too_large",
         "`amount` is at most 10000000000."},
        {R"({"id":"a","volume":"5 GB","currency":"EUR"})", "/currency", "not_with_volume",
         "A volume cap has no `currency`; leave it out."},
        {R"({"id":"a","volume":5})", "/volume", "wrong_type",
         "`volume` must be a quantity in a string, such as \"5 GB\", not a number."},
        {R"({"id":"a","volume":"5 minutes"})", "/volume", "bad_volume",
         "`5 minutes` is no amount of data; write a whole number and a unit, such as `5 GB`."},
        {R"({"id":"a","volume":"0 MB"})", "/volume", "bad_volume",
         "`0 MB` is no amount of data; write a whole number and a unit, such as `5 GB`."},
        {R"({"id":"a","volume":"1001 TB"})", "/volume", "too_large", "A volume is at most 1000 TB."},
        {R"({"id":"a","volume":"5 GB","services":["data","sms_mo"]})", "/services", "not_with_volume",
         "A volume cap counts bytes, so its only service is `data`."},
        {R"({"id":"a","volume":"5 GB","tax":"incl"})", "/tax", "not_with_volume",
         "A volume cap has no `tax`; leave it out."},
        {R"({"id":"a","every":"100.00"})", "/currency", "required",
         "`every` needs `currency` where it is money, or a unit where it is volume, such as `5 MB`."},
        {R"({"id":"a","every":"5 MB","atLimit":"hold"})", "/atLimit", "not_with_every",
         "A cap with `every` only tells; to hold, use `amount` or `volume`."},
        {R"({"id":"a","every":"5 MB","thresholds":[80]})", "/thresholds", "not_with_every",
         "A cap with `every` has no whole to take percentages of."},
        {R"({"id":"a","every":"5","currency":"EUR","extension":"5"})", "/extension", "not_with_every",
         "A cap with `every` never stops, so nothing is left to grow by consent."},
        {R"({"id":"a","every":"0","currency":"EUR"})", "/every", "zero_amount", "`every` must be more than 0."},
        {R"({"id":"a","amount":"5","currency":"EUR","services":[]})", "/services", "empty",
         "A cap counts at least one service; without `services` it counts `data`."},
        {R"({"id":"a","amount":"5","currency":"EUR","services":["mms"]})", "/services/0", "unknown_service",
         "`mms` is no service; the services are `data`, `voice_mo`, `voice_mt`, `sms_mo`, `sms_mt`."},
        {R"({"id":"a","amount":"5","currency":"EUR","destinations":[]})", "/destinations", "empty",
         "An empty list would count nowhere; leave `destinations` out to count everywhere abroad."},
        {R"({"id":"a","amount":"5","currency":"EUR","destinations":["JP","jp"]})", "/destinations/1",
         "unknown_destination",
         "`jp` is no destination; write a country's two letters (`JP`), `zone:NAME` or one of `terrestrial`, "
         "`inflight`, "
         "`maritime`, `satellite`, `unknown`."},
        {R"({"id":"a","amount":"5","currency":"EUR","destinations":["zone:"]})", "/destinations/0", "bad_zone",
         "A zone is written `zone:NAME`, with a name of 1 to 64 characters."},
        {R"({"id":"a","amount":"5","currency":"EUR","tax":"none"})", "/tax", "bad_tax", "`tax` is `incl` or `excl`."},
        {R"({"id":"a","amount":"5","currency":"EUR","period":"week"})", "/period", "bad_period",
         "`period` is `month`, `day`, `trip` or `billing-day:N` with N from 1 to 31."},
        {R"({"id":"a","amount":"5","currency":"EUR","thresholds":[80,80]})", "/thresholds", "bad_thresholds",
         "`thresholds` are whole percentages from 1 to 100, each above the one before."},
        {R"({"id":"a","amount":"5","currency":"EUR","thresholds":[0]})", "/thresholds", "bad_thresholds",
         "`thresholds` are whole percentages from 1 to 100, each above the one before."},
        {R"({"id":"a","amount":"5","currency":"EUR","thresholds":[101]})", "/thresholds", "bad_thresholds",
         "`thresholds` are whole percentages from 1 to 100, each above the one before."},
        {R"({"id":"a","amount":"5","currency":"EUR","thresholds":[99.5]})", "/thresholds", "bad_thresholds",
         "`thresholds` are whole percentages from 1 to 100, each above the one before."},
        {R"({"id":"a","amount":"5","currency":"EUR","thresholds":[],"atLimit":"notify"})", "/thresholds", "empty",
         "A cap that only tells needs at least one threshold."},
        {R"({"id":"a","amount":"5","currency":"EUR","atLimit":"stop"})", "/atLimit", "bad_at_limit",
         "`atLimit` is `hold` or `notify`."},
        {R"({"id":"a","amount":"5","currency":"EUR","stages":["5","10"],"extension":"5"})", "/extension",
         "stages_or_extension", "A cap grows by `stages` or by `extension`, not by both; leave one out."},
        {R"({"id":"a","amount":"5","currency":"EUR","stages":["6","10"]})", "/stages/0", "bad_stages",
         "The first stage must equal `amount`."},
        {R"({"id":"a","amount":"5","currency":"EUR","stages":["5.00","5"]})", "/stages/1", "bad_stages",
         "Each stage must be above the one before."},
        {R"({"id":"a","amount":"5","currency":"EUR","stages":[]})", "/stages", "bad_stages",
         "`stages` lists 1 to 32 limits, the first being the cap's own."},
        {R"({"id":"a","amount":"5","currency":"EUR","stages":["5",10]})", "/stages/1", "money_not_string",
         "`stages` is money and must be a decimal string, such as \"12.34\", not a number."},
        {R"({"id":"a","amount":"5","currency":"EUR","extension":"0"})", "/extension", "zero_amount",
         "`extension` must be more than 0."},
    };
    for (const Row& row : rows) {
        CAPTURE(row.cap);
        const auto read = read_profile(json{{"caps", {json::parse(row.cap)}}}, context());
        REQUIRE_FALSE(read);
        REQUIRE(read.error().size() == 1);
        CHECK(read.error()[0].pointer == std::string("/caps/0") + row.pointer);
        CHECK(read.error()[0].code == row.code);
        CHECK(read.error()[0].detail == row.detail);
    }
}

TEST_CASE("two caps of one id are refused at the second") {
    const json cap{{"id", "a"}, {"volume", "1 GB"}};
    const auto read = read_profile(json{{"caps", {cap, cap}}}, context());
    REQUIRE_FALSE(read);
    REQUIRE(read.error().size() == 1);
    CHECK(read.error()[0].pointer == "/caps/1/id");
    CHECK(read.error()[0].code == "duplicate");
    CHECK(read.error()[0].detail == "The cap id `a` is used twice.");
}

TEST_CASE("a profile has at most 32 caps") {
    json caps = json::array();
    for (int i = 0; i < 33; ++i)
        caps.push_back({{"id", std::to_string(i)}, {"volume", "1 GB"}});
    const auto read = read_profile(json{{"caps", caps}}, context());
    REQUIRE_FALSE(read);
    CHECK(read.error()[0].detail == "There are at most 32 caps.");
    caps.erase(32);
    CHECK(read_profile(json{{"caps", caps}}, context()));
}
