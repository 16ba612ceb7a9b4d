#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "data/embedded.h"
#include "tests/notifications/samples.h"

using namespace roamguard;
using namespace roamguard::notifications;
using namespace roamguard::notifications::samples;

namespace {

struct BuiltIn {
    const char* language;
    Encoding encoding;  ///< of a text whose names and amounts are in the GSM alphabet where the language has one
};

constexpr BuiltIn built_ins[]{{"en", Encoding::gsm7},     {"de", Encoding::gsm7}, {"fr", Encoding::gsm7},
                              {"es", Encoding::gsm7},     {"ja", Encoding::ucs2}, {"zh-Hans", Encoding::ucs2},
                              {"zh-Hant", Encoding::ucs2}};

/// What is left of a pattern in the text, or of a sentence that a select cut wrongly; empty where it reads well.
std::string leftover(const std::string& text) {
    for (const char* wrong : {"{",    "}",    "  ",   "\n\n", "..",   " .",   ",,",   " ,",  ";;",   "::", "()",
                              "。。", "，，", "，。", "、。", "：。", "（）", "。，", "\n.", "\n。", ": ."})
        if (text.find(wrong) != std::string::npos) return wrong;
    return {};
}

}  // namespace

TEST_CASE("every kind renders in every built-in language, with everything it can show and with nothing") {
    for (const BuiltIn& built : built_ins) {
        for (int i = 0; i < kind_count; ++i) {
            const Kind kind = static_cast<Kind>(i);
            Facts full = fullest(kind, built.language), bare;
            full.country = *geoip::Country::parse("FR");
            bare.kind = kind;
            bare.language = built.language;
            for (const Facts& facts : {full, bare}) {
                const Rendered rendered = built_in()->render(facts);
                CAPTURE(rendered.text);
                CHECK(rendered.text.size() >= 10);
                CHECK(leftover(rendered.text).empty());
                CHECK(rendered.language == built.language);
                CHECK(rendered.template_id == std::string(word(kind)) + "/" + built.language);
                CHECK(rendered.template_hash.size() == 16);
                CHECK(rendered.measure.encoding == built.encoding);
                CHECK(rendered.measure.segments == measure(rendered.text).segments);
            }
        }
    }
}

TEST_CASE("every branch of every template renders whole sentences in every language") {
    using Does = Choice::Does;
    const std::vector<Choice> answers{extend("400.00"), choice(Does::extend), pass("Japan", "30.00"), proceed(),
                                      decline()};
    for (const BuiltIn& built : built_ins)
        for (int kind = 0; kind < kind_count; ++kind)
            for (int note = 0; note <= static_cast<int>(Note::own_cap); ++note)
                for (unsigned bits = 0; bits < 64; ++bits) {
                    const auto bit = [bits](unsigned n) { return (bits >> n & 1U) != 0; };
                    Facts facts = fullest(static_cast<Kind>(kind), built.language);
                    facts.note = static_cast<Note>(note);
                    facts.chosen = answers[bits % answers.size()];
                    facts.early = facts.ambiguous = bit(0);
                    facts.notify_only = facts.no_guarantee = bit(1);
                    if (facts.payer_decides = bit(2); facts.payer_decides) facts.code.clear();
                    facts.per_trip = bit(3);
                    facts.still_held = bit(4);
                    facts.klass = bit(5) ? geoip::NetworkClass::inflight : geoip::NetworkClass::terrestrial;
                    if (bit(3)) facts.links = Links::zero_rated;
                    if (bit(4)) facts.limit = facts.used = megabytes(500);
                    if (bit(5)) facts.prices.clear();
                    if (bit(0) && bit(5)) facts.spent.clear();
                    if (bit(1)) facts.caps.clear();
                    const std::string text = text_of(facts);
                    CAPTURE(text);
                    CHECK(leftover(text).empty());
                }
}

TEST_CASE("messages stay within their allowance of segments") {
    struct Row {
        Kind kind;
        int english, german, french, spanish;  ///< GSM, but for the Spanish name of Japan
        int japanese, simplified, traditional;
    };
    const std::vector<Row> rows{
        {Kind::welcome, 2, 3, 3, 5, 3, 3, 3},        {Kind::confirm_destination, 4, 4, 4, 9, 5, 4, 4},
        {Kind::threshold, 2, 3, 3, 3, 3, 3, 3},      {Kind::confirm_cap, 4, 4, 4, 4, 5, 4, 4},
        {Kind::cap_reached, 2, 3, 3, 3, 3, 3, 3},    {Kind::receipt, 2, 2, 2, 2, 2, 2, 2},
        {Kind::declined, 1, 1, 2, 1, 2, 1, 1},       {Kind::released, 1, 1, 1, 1, 2, 2, 2},
        {Kind::inadvertent, 2, 3, 3, 5, 3, 2, 2},    {Kind::no_guarantee, 2, 2, 2, 4, 2, 2, 2},
        {Kind::pass_threshold, 2, 2, 2, 2, 2, 2, 2}, {Kind::pass_ended, 1, 1, 2, 1, 2, 1, 1},
        {Kind::trip_summary, 1, 1, 2, 1, 2, 1, 1},   {Kind::help, 2, 2, 2, 2, 3, 2, 2},
        {Kind::usage, 2, 2, 2, 2, 2, 2, 2},
    };
    REQUIRE(rows.size() == kind_count);
    for (const Row& row : rows) {
        const std::vector<std::pair<const char*, int>> allowances{
            {"en-GB", row.english}, {"de", row.german},        {"fr", row.french},        {"es", row.spanish},
            {"ja", row.japanese},   {"zh-CN", row.simplified}, {"zh-HK", row.traditional}};
        for (const auto& allowance : allowances)
            for (const bool early : {false, true}) {
                Facts facts = cap_in_japan(row.kind, allowance.first, "299.99");
                const bool entry = row.kind == Kind::welcome || row.kind == Kind::confirm_destination;
                if (entry) facts.prices = five_prices("3.00");
                facts.early = early;
                facts.still_held = row.kind == Kind::declined;
                ask(facts, {entry ? proceed() : extend("400.00"), pass("Japan", "30.00"), decline()});
                facts.chosen = facts.choices[0];
                facts.pass_name = "Japan";
                facts.spent = {money("120.00"), money("3.50", "EUR")};
                CAPTURE(text_of(facts), allowance.first);
                CHECK(built_in()->render(facts).measure.segments <= allowance.second);
            }
    }
}

TEST_CASE("where the country's name allows it, a Spanish or French message of entry is as short as an English one") {
    for (const char* language : {"es", "fr"}) {
        Facts facts = in_japan(Kind::welcome, language);
        facts.country = *geoip::Country::parse("CH");
        CHECK(built_in()->render(facts).measure.segments == 3);
        facts.kind = Kind::confirm_destination;
        ask(facts, {pass("Japan", "30.00"), proceed(), decline()});
        CHECK(built_in()->render(facts).measure.segments == 4);
    }
}

TEST_CASE("English and German texts are GSM 7 bit whatever the country, and no country is only a code") {
    const std::string_view csv = data::embedded_files().at("data/countries.csv");
    int countries = 0;
    for (std::size_t line = csv.find('\n'); line + 1 < csv.size(); line = csv.find('\n', line + 1)) {
        const auto country = geoip::Country::parse(csv.substr(line + 1, 2));
        if (!country) continue;
        ++countries;
        for (const BuiltIn& built : built_ins) {
            Facts facts = in_japan(Kind::welcome, built.language);
            facts.country = *country;
            const Rendered rendered = built_in()->render(facts);
            CAPTURE(rendered.text);
            CHECK(leftover(rendered.text).empty());
            const std::string first_line = rendered.text.substr(0, rendered.text.find('\n'));
            for (const char* around : {" ", ": ", "来到", "來到"})
                CHECK(first_line.find(around + country->code() + ".") == std::string::npos);
            if (std::string_view("en de").find(built.language) != std::string_view::npos)
                CHECK(rendered.measure.encoding == Encoding::gsm7);
        }
    }
    CHECK(countries >= 249);
}

TEST_CASE("Chinese texts use the names that mainland usage prescribes") {
    const std::map<std::string, std::string> names{
        {"HK", "中国香港"}, {"MO", "中国澳门"}, {"TW", "中国台湾"}, {"FR", "法国"}};
    for (const auto& [code, name] : names) {
        Facts facts = in_japan(Kind::welcome, "zh-CN");
        facts.country = *geoip::Country::parse(code);
        CHECK(text_of(facts).substr(0, 12 + name.size() + 3) == "欢迎来到" + name + "。");
    }
}

TEST_CASE("Traditional Chinese texts use the plain names of Hong Kong, Macao and Taiwan") {
    const std::map<std::string, std::string> names{{"HK", "香港"}, {"MO", "澳門"}, {"TW", "台灣"}, {"FR", "法國"}};
    for (const char* language : {"zh-HK", "zh-TW", "zh-Hant"})
        for (const auto& [code, name] : names) {
            Facts facts = in_japan(Kind::welcome, language);
            facts.country = *geoip::Country::parse(code);
            const std::string greeting = "歡迎來到" + name + "。";
            CHECK(text_of(facts).substr(0, greeting.size()) == greeting);
        }
}

TEST_CASE("amounts are beyond doubt in every language") {
    struct Row {
        const char* language;
        const char* amount;
        const char* currency;
        std::string shown;
    };
    const std::vector<Row> rows{
        {"de", "1234.50", "CNY", ": 1.234,50 CNY."},
        {"de-CH", "1234.50", "CHF", ": 1'234.50 CHF."},
        {"de", "45", "EUR", ": 45,00 €."},
        {"de", "45", "USD", ": 45,00 USD."},
        {"fr", "1234.50", "EUR", " : 1 234,50 €."},
        {"fr-CA", "12", "CAD", " : 12,00 CAD."},
        {"fr", "45", "GBP", " : 45,00 £."},
        {"es", "12345.50", "EUR", ": 12.345,50 €."},
        {"es-MX", "1234.50", "MXN", ": 1,234.50 MXN."},
        {"es", "300", "JPY", ": 300 JPY."},
        {"ja", "300", "JPY", "は300円です"},
        {"ja", "1234.50", "CNY", "は1,234.50人民元です"},
        {"ja", "45", "GBP", "は45.00英ポンドです"},
        {"ja", "7", "HKD", "は7.00香港ドルです"},
        {"ja", "12", "USD", "は12.00米ドルです"},
        {"zh-HK", "7", "HKD", "為港幣7.00元。"},
        {"zh-TW", "300", "TWD", "為新台幣300.00元。"},
        {"zh-HK", "7", "MOP", "為澳門幣7.00元。"},
        {"zh-HK", "1234.50", "CNY", "為人民幣1,234.50元。"},
        {"zh-HK", "12", "USD", "為12.00美元。"},
        {"zh-TW", "300", "JPY", "為300日圓。"},
        {"zh-HK", "45", "GBP", "為45.00英鎊。"},
    };
    for (const Row& row : rows) {
        Facts facts = in_japan(Kind::trip_summary, row.language);
        facts.spent = {money(row.amount, row.currency)};
        CAPTURE(text_of(facts), row.shown);
        CHECK(text_of(facts).find(row.shown) != std::string::npos);
    }
}

TEST_CASE("French counts volumes in octets") {
    Facts facts = fullest(Kind::usage, "fr");
    facts.caps = {{facts.services, megabytes(5120), megabytes(512), tariffs::Tax::incl, std::nullopt, true},
                  {facts.services, {std::nullopt, 900}, {std::nullopt, 300}, tariffs::Tax::incl, std::nullopt, true}};
    CHECK(text_of(facts).find("512 Mo sur 5 Go (10 %)") != std::string::npos);
    CHECK(text_of(facts).find("0,29 Ko sur 0,88 Ko (33 %)") != std::string::npos);
}

TEST_CASE("amounts are written so that their currency is beyond doubt") {
    struct Row {
        const char* amount;
        const char* currency;
        std::string english;
        std::string chinese;
    };
    const std::vector<Row> rows{
        {"1234.50", "CNY", "CNY 1,234.50", "人民币1,234.50元"},
        {"45.00", "GBP", "£45.00", "45.00英镑"},
        {"50.00", "EUR", "€50.00", "50.00欧元"},
        {"300", "JPY", "JPY 300", "300日元"},
        {"12.00", "USD", "USD 12.00", "12.00美元"},
        {"7.00", "HKD", "HKD 7.00", "7.00港元"},
        {"1.500", "KWD", "KWD 1.500", "1.500科威特第纳尔"},
        {"20", "HUF", "HUF 20.00", "20.00匈牙利福林"},
    };
    for (const Row& row : rows) {
        Facts facts = in_japan(Kind::trip_summary, "en");
        facts.spent = {money(row.amount, row.currency)};
        CHECK(text_of(facts).find("so far: " + row.english + ".") != std::string::npos);
        facts.language = "zh";
        CHECK(text_of(facts).find("费用为" + row.chinese + "。") != std::string::npos);
    }
}

TEST_CASE("lines of a price list say their tax where it differs, and calls what they go to") {
    Facts facts = in_japan(Kind::welcome, "en");
    facts.prices = {price(tariffs::Service::data, "3.00"), price(tariffs::Service::voice_mo, "0.50"),
                    price(tariffs::Service::voice_mo, "0.75")};
    facts.prices[0].tax = tariffs::Tax::excl;
    facts.prices[1].called = tariffs::Called::home;
    facts.prices[1].unit.amount = 30;
    facts.prices[2].called = tariffs::Called::local;
    facts.limit = {};
    CHECK(text_of(facts) ==
          "Welcome to Japan. Your roaming prices:\n"
          "Data: CNY 3.00 per MB excl. tax\n"
          "Calls home: CNY 0.50 per 30 s incl. tax\n"
          "Local calls: CNY 0.75 per minute incl. tax\n"
          "Reply USAGE for your use, STOP for fewer texts.");
}

TEST_CASE("dates stand in the customer's own time zone by the system's rules") {
    struct Row {
        const char* zone;
        const char* shown;
    };
    const std::vector<Row> rows{
        {"Asia/Shanghai", "1 Jul 2026, 00:00 (UTC+8)"},    {"Europe/London", "30 Jun 2026, 17:00 (UTC+1)"},
        {"Asia/Kolkata", "30 Jun 2026, 21:30 (UTC+5:30)"}, {"America/St_Johns", "30 Jun 2026, 13:30 (UTC-2:30)"},
        {"Asia/Almaty", "30 Jun 2026, 21:00 (UTC+5)"},     {"UTC", "30 Jun 2026, 16:00 (UTC)"},
        {"No/Such_Zone", "30 Jun 2026, 16:00 (UTC)"},
    };
    for (const Row& row : rows) {
        Facts facts = cap_in_japan(Kind::cap_reached, "en-GB", "300.00");
        facts.period_end = at("2026-06-30T16:00:00Z");
        facts.time_zone = row.zone;
        CHECK(text_of(facts).find(std::string("Cap renews ") + row.shown + ".") != std::string::npos);
    }
}

TEST_CASE("a language without templates falls back") {
    const std::map<std::string, std::string> expected{{"en", "en"},
                                                      {"en-GB", "en"},
                                                      {"EN-us", "en"},
                                                      {"zh", "zh-Hans"},
                                                      {"zh-CN", "zh-Hans"},
                                                      {"zh-SG", "zh-Hans"},
                                                      {"zh-Hans-CN", "zh-Hans"},
                                                      {"zh-HK", "zh-Hant"},
                                                      {"zh-MO", "zh-Hant"},
                                                      {"zh-TW", "zh-Hant"},
                                                      {"zh-Hant", "zh-Hant"},
                                                      {"zh-Hant-HK", "zh-Hant"},
                                                      {"zh-Hans-HK", "zh-Hans"},
                                                      {"de-AT", "de"},
                                                      {"fr-CA", "fr"},
                                                      {"es-419", "es"},
                                                      {"ja-JP", "ja"},
                                                      {"pt-BR", "en"},
                                                      {"", "en"},
                                                      {"x", "en"},
                                                      {"yue", "en"}};
    for (const auto& [tag, language] : expected)
        CHECK(built_in()->language_for(tag) == language);
}

TEST_CASE("language tags are checked before a profile may carry them") {
    for (const char* good : {"en", "en-GB", "zh-Hans", "zh-Hant-HK", "fil", "yue", "es-419", "DE-at"})
        CHECK(valid_language(good));
    for (const char* bad : {"", "e", "xx", "english", "en_GB", "en-", "-en", "en--GB", "zh Hans", "12", "en-abcdefghi",
                            "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd"})
        CHECK_FALSE(valid_language(bad));
}
