#include "geoip/networks.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "geoip/table_file.h"
#include "tests/geoip/fixtures.h"

namespace roamguard::geoip {

namespace {

std::vector<std::string> faults_of(const Networks::Sources& sources) {
    const auto loaded = Networks::load(sources);
    return loaded ? std::vector<std::string>{} : loaded.error().sentences;
}

std::shared_ptr<const Networks> with_overlay(std::string_view rows) {
    const TemporaryFile file("mcc,mnc,iso3166_alpha2,operator,kind,status,ambiguous_iso2,tadig,realtime\n" +
                             std::string(rows));
    return Networks::load({{}, file.path(), {}}).value();
}

}  // namespace

TEST_CASE("each network of the built-in table is of the class and in the countries its row says") {
    const auto [written, klass, countries, realtime] = GENERATE(table<const char*, NetworkClass, const char*, bool>({
        {"440-10", NetworkClass::terrestrial, "JP", true},
        {"460-01", NetworkClass::terrestrial, "CN", true},
        {"234-10", NetworkClass::terrestrial, "GB", true},
        {"234-50", NetworkClass::terrestrial, "JE GG", true},
        {"228-01", NetworkClass::terrestrial, "CH LI", true},
        {"208-01", NetworkClass::terrestrial, "FR MC", true},
        {"208-10", NetworkClass::terrestrial, "FR MC", true},
        {"208-20", NetworkClass::terrestrial, "FR MC", true},
        {"274-02", NetworkClass::terrestrial, "IS FO", true},
        {"542-02", NetworkClass::terrestrial, "FJ NR", true},
        {"338-050", NetworkClass::terrestrial, "JM AG AI AW BB BM KY LC MS TC", true},
        {"310-260", NetworkClass::terrestrial, "US PR VI", true},
        {"425-05", NetworkClass::terrestrial, "PS", true},
        {"425-06", NetworkClass::terrestrial, "PS", true},
        {"901-14", NetworkClass::inflight, "", true},
        {"901-12", NetworkClass::maritime, "", true},
        {"901-08", NetworkClass::satellite, "", true},
        {"208-05", NetworkClass::satellite, "", true},  // Globalstar under France's code
        {"302-71", NetworkClass::satellite, "", true},  // and under Canada's
        {"901-28", NetworkClass::unknown, "", true},    // a global SIM brand
        {"901-13", NetworkClass::unknown, "", true},    // taken back
        {"901-32", NetworkClass::unknown, "", true},    // was inflight, taken back
        {"902-01", NetworkClass::unknown, "", true},
        {"001-01", NetworkClass::test, "", true},
        {"999-99", NetworkClass::test, "", true},
    }));
    CAPTURE(written);
    const Network* network = built_in().find(plmn(written));
    REQUIRE(network != nullptr);
    CHECK(network->plmn == plmn(written));
    CHECK(network->klass == klass);
    CHECK(codes(network->countries) == countries);
    CHECK(network->realtime == realtime);
}

TEST_CASE("an MNC of two digits is not the one of three that begins or ends alike") {
    CHECK(built_in().find(plmn("310-26"))->operator_name == "T-Mobile - US");
    CHECK(built_in().find(plmn("250-50"))->operator_name == "Sberbank");
    CHECK(built_in().find(plmn("250-050"))->operator_name == "Sberbank-Telecom");
    CHECK(built_in().find(plmn("440-10")) != nullptr);
    CHECK(built_in().find(plmn("440-010")) == nullptr);
    CHECK(built_in().find(plmn("440-100")) == nullptr);
}

TEST_CASE("every oddity met while the table was compiled is listed under the very MNC it was met with") {
    std::vector<std::string> faults;
    const auto file =
        TableFile::read(test_data("plmn_anomalies.csv"), "", {{"mcc", "mnc", "anomaly", "detail"}, {}}, faults);
    REQUIRE(faults.empty());
    REQUIRE(file.rows().size() == 219);
    for (const auto& row : file.rows()) {
        const auto odd = Plmn::parse(file.cell(row, "mcc"), file.cell(row, "mnc"));
        REQUIRE(odd.has_value());
        CAPTURE(odd->text());
        CHECK(built_in().find(*odd) != nullptr);
        if (file.cell(row, "anomaly") != "both_2_and_3_digit_forms_listed") continue;
        const auto longer = Plmn::parse(odd->mcc(), "0" + odd->mnc());
        const auto padded = Plmn::parse(odd->mcc(), odd->mnc() + "0");
        const bool listed =
            (longer && built_in().find(*longer) != nullptr) || (padded && built_in().find(*padded) != nullptr);
        CHECK((odd->mnc().size() == 3 || listed));
    }
}

TEST_CASE("an MCC is used in its main country first and then in every other one listed under it") {
    const auto [mcc, countries] = GENERATE(table<const char*, const char*>({
        {"440", "JP"},
        {"460", "CN"},
        {"234", "GB GG IM JE"},
        {"235", "GB"},
        {"208", "FR MC"},
        {"228", "CH LI"},
        {"250", "RU UA"},
        {"274", "IS FO"},
        {"310", "US GU MP PR VI"},
        {"340", "GP BL GF MF MQ"},
        {"362", "CW BQ SX"},
        {"425", "IL PS"},
        {"647", "RE YT"},
        {"901", ""},
        {"001", ""},
        {"999", ""},
        {"000", ""},
        {"", ""},
        {"44", ""},
    }));
    CAPTURE(mcc);
    CHECK(codes(built_in().countries_of_mcc(mcc)) == countries);
}

TEST_CASE("a number tells its country by the longest code that fits") {
    const auto [number, expected] = GENERATE(table<const char*, const char*>({
        {"+447700900001", "GB"},
        {"+441534000000", "JE"},
        {"+447797000000", "JE"},
        {"+441481000000", "GG"},
        {"+447781000000", "GG"},
        {"+441624000000", "IM"},
        {"+447624000000", "IM"},
        {"+491713920001", "DE"},
        {"+33639980001", "FR"},
        {"+12125550101", "US"},
        {"+14165550101", "CA"},
        {"+18765550101", "JM"},
        {"+16585550101", "JM"},
        {"+17875550101", "PR"},
        {"+18095550101", "DO"},
        {"+18005550101", ""},
        {"+74950000000", "RU"},
        {"+77010000000", "KZ"},
        {"+76000000000", "KZ"},
        {"+390669800000", "VA"},
        {"+390600000000", "IT"},
        {"+4791000000", "NO"},
        {"+4779000000", "SJ"},
        {"+358180000000", "AX"},
        {"+358400000000", "FI"},
        {"+590000000000", "GP"},
        {"+262262000000", "RE"},
        {"+262639000000", "YT"},
        {"+5999000000", "CW"},
        {"+5997000000", "BQ"},
        {"+8613000000000", "CN"},
        {"+85200000000", "HK"},
        {"+85300000000", "MO"},
        {"+88600000000", "TW"},
        {"+8100000000", "JP"},
        {"+38300000000", "XK"},
        {"+8811234567", ""},
        {"+882123456", ""},
        {"+999123456", ""},
        {"+80012345678", ""},
        {"447700900001", ""},
        {"", ""},
        {"+", ""},
        {"+2100", ""},
        {"+44", "GB"},
        {"+abc", ""},
    }));
    CAPTURE(number);
    CHECK(built_in().country_of_number(number).code() == expected);
}

TEST_CASE("neighbours are neighbours both ways, and a country is not its own") {
    CHECK(built_in().neighbours(country("CN"), country("HK")));
    CHECK(built_in().neighbours(country("HK"), country("CN")));
    CHECK(built_in().neighbours(country("FR"), country("GB")));
    CHECK_FALSE(built_in().neighbours(country("CN"), country("FR")));
    CHECK_FALSE(built_in().neighbours(country("FR"), country("FR")));
    CHECK_FALSE(built_in().neighbours(Country{}, Country{}));
    CHECK_FALSE(built_in().neighbours(country("FR"), Country{}));
}

TEST_CASE("country codes are known by two letters and by three") {
    CHECK(built_in().known_country(country("JP")));
    CHECK(built_in().known_country(country("XK")));
    CHECK_FALSE(built_in().known_country(country("UK")));
    CHECK_FALSE(built_in().known_country(country("ZZ")));
    CHECK_FALSE(built_in().known_country(Country{}));
    CHECK(built_in().country_of_alpha3("JPN") == country("JP"));
    CHECK(built_in().country_of_alpha3("GBR") == country("GB"));
    CHECK(built_in().country_of_alpha3("jpn").none());
    CHECK(built_in().country_of_alpha3("AAA").none());
    CHECK(built_in().country_of_alpha3("").none());
}

TEST_CASE("the built-in tables say which version they are") {
    CHECK(built_in().size() == 1906);
    CHECK(built_in().digest().size() == 64);
    CHECK(built_in().digest() == Networks::load({}).value()->digest());
    CHECK(built_in().digest() != with_overlay("440,10,JP,Other name,terrestrial,,,,\n")->digest());
}

TEST_CASE("an overlay replaces rows, adds rows and leaves the others alone") {
    const auto networks = with_overlay(
        "440,10,JP,Renamed,terrestrial,,,JPNDO,no\n"
        "425,05,PS,Jawwal,terrestrial,,,PSEJE|PALJA,yes\n"
        "232,999,AT,New,terrestrial,listed,LI,,\n"
        "901,14,,AeroMobile,inflight,,,AAM01,no\n");
    CHECK(networks->size() == built_in().size() + 1);

    CHECK(networks->find(plmn("440-10"))->operator_name == "Renamed");
    CHECK_FALSE(networks->find(plmn("440-10"))->realtime);
    CHECK(networks->find_tadig("JPNDO") == networks->find(plmn("440-10")));
    CHECK(networks->find_tadig("PALJA") == networks->find(plmn("425-05")));
    CHECK(networks->find_tadig("AAM01")->klass == NetworkClass::inflight);
    CHECK(networks->find_tadig("JPNXX") == nullptr);
    CHECK(built_in().find_tadig("JPNDO") == nullptr);
    CHECK(codes(networks->find(plmn("232-999"))->countries) == "AT LI");
    CHECK(codes(networks->countries_of_mcc("232")) == "AT LI");
    CHECK(networks->find(plmn("440-20"))->realtime);
}

TEST_CASE("a table of the operator's own replaces the built-in one") {
    const TemporaryFile table(
        "\xEF\xBB\xBFmcc,mnc,iso3166_alpha2,operator,kind\r\n\r\n440,10,JP,\"A \"\"B\"\", C\",terrestrial\r\n");
    const TemporaryFile borders("country,neighbour\nJP,RU");
    const auto networks = Networks::load({table.path(), {}, borders.path()}).value();
    CHECK(networks->size() == 1);
    CHECK(networks->find(plmn("440-10"))->operator_name == "A \"B\", C");
    CHECK(networks->neighbours(country("RU"), country("JP")));
    CHECK_FALSE(networks->neighbours(country("CN"), country("HK")));
    CHECK(codes(networks->countries_of_mcc("234")) == "GB");
}

TEST_CASE("every fault of a networks file is told with its line") {
    const TemporaryFile file(
        "mcc,mnc,iso3166_alpha2,operator,kind,status,ambiguous_iso2,tadig,realtime\n"
        "44,10,JP,A,terrestrial,,,,\n"
        "440,1,JP,A,terrestrial,,,,\n"
        "440,10,UK,A,terrestrial,,,,\n"
        "440,11,JP,A,terestrial,,,,\n"
        "440,12,JP,A,home,,,,\n"
        "440,13,JP,A,terrestrial,gone,,,\n"
        "440,14,JP,A,terrestrial,,KR|K,,\n"
        "440,15,JP,A,terrestrial,,,jpnxx,\n"
        "440,16,JP,A,terrestrial,,,,perhaps\n"
        "440,17,JP,A,terrestrial,,,\n"
        "440,18,JP,A,terrestrial,,,,\n"
        "440,18,JP,A,terrestrial,,,,\n"
        "999,01,JP,A,terrestrial,,,,\n"
        "440,20,JP,\"A\nB\",terrestrial,,,XXX01,\n"
        "450,20,KR,A,terrestrial,,,XXX01,\n");
    const std::string at = file.path().string() + ", line ";
    const std::string kinds = " and must be one of terrestrial, inflight, maritime, satellite, international, test";
    CHECK(faults_of({{}, file.path(), {}}) ==
          std::vector<std::string>{
              at + "11: the row has 8 fields where the header has 9",
              at + "2: \"44-10\" is no network: mcc has three digits, mnc two or three",
              at + "3: \"440-1\" is no network: mcc has three digits, mnc two or three",
              at + "4: iso3166_alpha2 is \"UK\", which is no ISO 3166 country code",
              at + "5: kind is \"terestrial\"" + kinds,
              at + "6: kind is \"home\"" + kinds,
              at + "7: status is \"gone\" and must be one of listed, assigned, assigned_not_operating, withdrawn, "
                   "test, private",
              at + "8: ambiguous_iso2 is \"K\", which is no ISO 3166 country code",
              at + "10: realtime is \"perhaps\" and must be yes or no",
              at + "13: 440-18 stands in the file twice",
              at + "14: 999-01 must be of kind test, as every network of MCC 001 and 999",
              at + "9: \"jpnxx\" is no TADIG code: five capital letters or digits",
              at + "17: XXX01 already names 440-20, which is another place",
          });
}

TEST_CASE("a file that is no table is refused in a sentence") {
    const auto [content, sentence] = GENERATE(table<const char*, const char*>({
        {"", " is empty"},
        {"\n\n", " is empty"},
        {"mcc,mnc,iso3166_alpha2,operator\n", ", line 1: the column \"kind\" is missing"},
        {"mcc,mnc,iso3166_alpha2,operator,kind,tadigs\n", ", line 1: there is no column \"tadigs\""},
        {"mcc,mnc,iso3166_alpha2,operator,kind,mcc\n", ", line 1: the column \"mcc\" stands there twice"},
        {"mcc,mnc,iso3166_alpha2,operator,kind\n440,10,JP,A \"B\",terrestrial\n",
         ", line 2: a quote is out of place; quote a whole field and double quotes inside"},
        {"mcc,mnc,iso3166_alpha2,operator,kind\n440,10,JP,\"A\"B,terrestrial\n",
         ", line 2: a quote is out of place; quote a whole field and double quotes inside"},
        {"mcc,mnc,iso3166_alpha2,operator,kind\n440,10,JP,\"A,terrestrial\n",
         ", line 2: a quote is out of place; quote a whole field and double quotes inside"},
    }));
    CAPTURE(content);
    const TemporaryFile file(content);
    CHECK(faults_of({file.path(), {}, {}}) == std::vector<std::string>{file.path().string() + sentence});
}

TEST_CASE("a file that cannot be read is refused with the system's reason") {
    CHECK(faults_of({"/nowhere/networks.csv", {}, {}}) ==
          std::vector<std::string>{"/nowhere/networks.csv cannot be read: No such file or directory"});
    CHECK(faults_of({"/", {}, {}}) == std::vector<std::string>{"/ cannot be read: Is a directory"});
}

TEST_CASE("faults of the neighbours file are told with their line") {
    const TemporaryFile file("country,neighbour\nFR,FR\nFR,XX\n");
    const std::string at = file.path().string() + ", line ";
    CHECK(faults_of({{}, {}, file.path()}) ==
          std::vector<std::string>{at + "2: a country and its neighbour must be two different countries",
                                   at + "3: neighbour is \"XX\", which is no ISO 3166 country code"});
}

TEST_CASE("every class has a word that is read back as that class") {
    for (const auto klass :
         {NetworkClass::home, NetworkClass::terrestrial, NetworkClass::inflight, NetworkClass::maritime,
          NetworkClass::satellite, NetworkClass::test, NetworkClass::unknown})
        CHECK(parse_network_class(word(klass)) == klass);
    CHECK_FALSE(parse_network_class("international").has_value());
    CHECK_FALSE(parse_network_class("Home").has_value());
    CHECK(non_terrestrial(NetworkClass::inflight));
    CHECK_FALSE(non_terrestrial(NetworkClass::terrestrial));
    CHECK_FALSE(non_terrestrial(NetworkClass::unknown));
}

TEST_CASE("any text at all is loaded or refused with sentences, never worse") {
    rc::prop("arbitrary bytes as overlay", [](const std::string& bytes) {
        const TemporaryFile file("mcc,mnc,iso3166_alpha2,operator,kind\n" + bytes);
        const auto loaded = Networks::load({{}, file.path(), {}});
        const bool sound =
            loaded.has_value() ? loaded.value()->size() >= built_in().size() : !loaded.error().sentences.empty();
        RC_ASSERT(sound);
    });
}

}  // namespace roamguard::geoip
