#include "geoip/place.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/geoip/fixtures.h"

namespace roamguard::geoip {

namespace {

using Sentences = std::vector<std::string>;

/// Addresses the test database places: where the tables below need one.
constexpr const char* in_gb = "2.125.160.216";
constexpr const char* in_fr = "2a02:cfc0::1";
constexpr const char* in_ch = "2a02:d740::1";
constexpr const char* in_im = "2a02:ff40::1";
constexpr const char* in_cn = "111.235.160.1";
constexpr const char* nowhere = "198.51.100.1";

const IpCountry& addresses() {
    static const auto database = IpCountry::open(test_data("mmdb/GeoIP2-Country-Test.mmdb")).value();
    return *database;
}

PlaceQuery at(std::string_view network, std::string_view home, std::string ip = "", IpOf ip_of = IpOf::device) {
    PlaceQuery query;
    if (!network.empty()) query.plmn = plmn(network);
    query.ip = std::move(ip);
    query.ip_of = ip_of;
    query.home_country = country(home);
    return query;
}

Place resolve_explained(const PlaceQuery& query, const std::vector<Plmn>& home_plmns = {}) {
    return resolve(query, built_in(), &addresses(), home_plmns, Explain::on);
}

/// `terrestrial CH|CH LI|plmn`: class, country, candidates and basis in one line.
std::string summary(const Place& place) {
    return std::string(word(place.klass)) + " " + place.country.code() + "|" + codes(place.candidates) + "|" +
           std::string(word(place.basis));
}

}  // namespace

TEST_CASE("a network is where its row says, else where its MCC says, and home whenever it may be home") {
    const auto [network, home, expected] = GENERATE(table<const char*, const char*, const char*>({
        // listed, one country
        {"440-10", "CN", "terrestrial JP|JP|plmn"},
        {"440-10", "JP", "home JP|JP|plmn"},
        {"234-10", "CN", "terrestrial GB|GB|plmn"},
        {"460-01", "CN", "home CN|CN|plmn"},
        {"425-05", "CN", "terrestrial PS|PS|plmn"},
        {"425-05", "IL", "terrestrial PS|PS|plmn"},
        // listed, several countries
        {"228-01", "CN", "terrestrial CH|CH LI|plmn"},
        {"228-01", "LI", "home LI|LI|plmn"},
        {"228-01", "CH", "home CH|CH|plmn"},
        {"208-01", "DE", "terrestrial FR|FR MC|plmn"},
        {"208-01", "MC", "home MC|MC|plmn"},
        {"274-02", "CN", "terrestrial IS|IS FO|plmn"},
        {"542-02", "CN", "terrestrial FJ|FJ NR|plmn"},
        {"338-050", "CN", "terrestrial JM|JM AG AI AW BB BM KY LC MS TC|plmn"},
        {"338-050", "KY", "home KY|KY|plmn"},
        {"310-260", "CN", "terrestrial US|US PR VI|plmn"},
        {"310-260", "PR", "home PR|PR|plmn"},
        {"234-50", "GB", "terrestrial JE|JE GG|plmn"},
        // not listed: the MCC's countries
        {"440-05", "CN", "terrestrial JP|JP|mcc"},
        {"234-99", "CN", "terrestrial GB|GB GG IM JE|mcc"},
        {"234-99", "GB", "home GB|GB|mcc"},
        {"234-99", "JE", "home JE|JE|mcc"},
        {"425-99", "CN", "terrestrial IL|IL PS|mcc"},
        {"440-010", "CN", "terrestrial JP|JP|mcc"},
        // known to nobody
        {"000-01", "CN", "unknown ||none"},
        {"901-00", "CN", "unknown ||none"},
        // outside any country
        {"901-14", "CN", "inflight ||plmn"},
        {"901-12", "CN", "maritime ||plmn"},
        {"901-08", "CN", "satellite ||plmn"},
        {"208-05", "FR", "satellite ||plmn"},
        // listed, but no place: global SIM brands and codes taken back
        {"901-28", "CN", "unknown ||none"},
        {"901-13", "CN", "unknown ||none"},
        {"901-32", "CN", "unknown ||none"},
        {"902-01", "CN", "unknown ||none"},
        // test networks, listed or not
        {"001-01", "CN", "test ||plmn"},
        {"001-001", "CN", "test ||plmn"},
        {"001-77", "CN", "test ||plmn"},
        {"999-99", "CN", "test ||plmn"},
        {"999-70", "CN", "test ||plmn"},
        // no home known
        {"440-10", "", "terrestrial JP|JP|plmn"},
    }));
    CAPTURE(network, home);
    const Place place = resolve_explained(at(network, home));
    CHECK(summary(place) == expected);
    CHECK(place.plmn == plmn(network));
    CHECK_FALSE(place.weak);
    CHECK(place.home() == (place.klass == NetworkClass::home));
    CHECK_FALSE(place.reasoning.empty());
}

TEST_CASE("the operator's own networks are home whatever the tables say, except test networks") {
    const std::vector<Plmn> own{plmn("440-10"), plmn("901-14"), plmn("999-70"), plmn("234-99"), plmn("000-01")};
    CHECK(summary(resolve_explained(at("440-10", "CN"), own)) == "home CN|CN|plmn");
    CHECK(summary(resolve_explained(at("440-10", ""), own)) == "home JP|JP|plmn");
    CHECK(summary(resolve_explained(at("234-99", ""), own)) == "home GB|GB|plmn");
    CHECK(summary(resolve_explained(at("000-01", ""), own)) == "home ||plmn");
    CHECK(summary(resolve_explained(at("901-14", "CN"), own)) == "home CN|CN|plmn");
    CHECK(summary(resolve_explained(at("999-70", "CN"), own)) == "test ||plmn");
    CHECK(summary(resolve_explained(at("440-20", "CN"), own)) == "terrestrial JP|JP|plmn");
}

TEST_CASE("an address in the visited network settles which of several countries, and nothing else does") {
    const auto [network, ip, ip_of, expected] = GENERATE(table<const char*, const char*, IpOf, const char*>({
        {"228-01", in_ch, IpOf::serving_node, "terrestrial CH|CH|plmn"},
        {"228-01", in_ch, IpOf::breakout, "terrestrial CH|CH|plmn"},
        {"228-01", in_ch, IpOf::device, "terrestrial CH|CH LI|plmn"},
        {"228-01", in_cn, IpOf::serving_node, "terrestrial CH|CH LI|plmn"},
        {"228-01", nowhere, IpOf::serving_node, "terrestrial CH|CH LI|plmn"},
        {"228-01", "rubbish", IpOf::serving_node, "terrestrial CH|CH LI|plmn"},
        {"208-01", in_fr, IpOf::serving_node, "terrestrial FR|FR|plmn"},
        {"234-99", in_im, IpOf::breakout, "terrestrial IM|IM|mcc"},
        {"440-10", in_cn, IpOf::serving_node, "terrestrial JP|JP|plmn"},
        {"901-14", in_gb, IpOf::serving_node, "inflight ||plmn"},
        {"000-01", in_gb, IpOf::serving_node, "unknown ||none"},
    }));
    CAPTURE(network, ip, word(ip_of));
    const Place place = resolve_explained(at(network, "CN", ip, ip_of));
    CHECK(summary(place) == expected);
    CHECK_FALSE(place.weak);
}

TEST_CASE("home wins before the address is asked") {
    CHECK(summary(resolve_explained(at("228-01", "LI", in_ch, IpOf::serving_node))) == "home LI|LI|plmn");
}

TEST_CASE("an address alone tells the country, weakly when it is the device's") {
    const auto [ip, ip_of, home, expected, weak] = GENERATE(table<const char*, IpOf, const char*, const char*, bool>({
        {in_gb, IpOf::serving_node, "CN", "terrestrial GB|GB|ip", false},
        {in_gb, IpOf::breakout, "CN", "terrestrial GB|GB|ip", false},
        {in_gb, IpOf::device, "CN", "terrestrial GB|GB|ip", true},
        {in_cn, IpOf::serving_node, "CN", "home CN|CN|ip", false},
        {in_cn, IpOf::device, "CN", "home CN|CN|ip", true},
        {nowhere, IpOf::serving_node, "CN", "unknown ||none", false},
        {nowhere, IpOf::device, "CN", "unknown ||none", true},
        {"rubbish", IpOf::device, "CN", "unknown ||none", true},
    }));
    CAPTURE(ip, home);
    const Place place = resolve_explained(at("", home, ip, ip_of));
    CHECK(summary(place) == expected);
    CHECK(place.weak == weak);
    CHECK_FALSE(place.plmn.has_value());
}

TEST_CASE("a database's code that is no country's is no place") {
    const auto odd = IpCountry::open(test_data("mmdb/flat-country-code.mmdb")).value();
    REQUIRE(odd->find("203.0.113.9")->code() == "ZZ");
    const Place place =
        resolve(at("", "CN", "203.0.113.9", IpOf::serving_node), built_in(), odd.get(), {}, Explain::on);
    CHECK(summary(place) == "unknown ||none");
    CHECK(place.reasoning == Sentences{"The IP database knows no country for 203.0.113.9."});
}

TEST_CASE("without an IP database networks are found as before and addresses are not") {
    const Place by_network =
        resolve(at("228-01", "CN", in_ch, IpOf::serving_node), built_in(), nullptr, {}, Explain::on);
    CHECK(summary(by_network) == "terrestrial CH|CH LI|plmn");
    const Place by_ip = resolve(at("", "CN", in_gb), built_in(), nullptr, {}, Explain::on);
    CHECK(summary(by_ip) == "unknown ||none");
    CHECK(by_ip.reasoning == Sentences{"Only an address is known, and there is no IP database."});
}

TEST_CASE("CAMARA's MCC and country names tell the country") {
    const auto [mcc, named, home, expected] =
        GENERATE(table<const char*, std::vector<const char*>, const char*, const char*>({
            {"440", {}, "CN", "terrestrial JP|JP|camara"},
            {"440", {"JP"}, "CN", "terrestrial JP|JP|camara"},
            {"440", {}, "JP", "home JP|JP|camara"},
            {"340", {"MQ"}, "CN", "terrestrial MQ|MQ|camara"},
            {"340", {"BL", "GF", "GP", "MF", "MQ"}, "CN", "terrestrial BL|BL GF GP MF MQ|camara"},
            {"340", {}, "CN", "terrestrial GP|GP BL GF MF MQ|camara"},
            {"234", {}, "GB", "home GB|GB|camara"},
            {"234", {"JE"}, "GB", "terrestrial JE|JE|camara"},
            {"234", {"GB", "JE"}, "JE", "home JE|JE|camara"},
            {"440", {"ZZ"}, "CN", "terrestrial JP|JP|camara"},
            {"", {"JP"}, "CN", "terrestrial JP|JP|camara"},
            {"901", {}, "CN", "unknown ||none"},
            {"901", {"JP"}, "CN", "unknown ||none"},
            {"000", {}, "CN", "unknown ||none"},
            {"", {"ZZ"}, "CN", "unknown ||none"},
            {"001", {}, "CN", "test ||camara"},
            {"999", {"JP"}, "CN", "test ||camara"},
        }));
    CAPTURE(mcc, named, home);
    PlaceQuery query;
    query.mcc = mcc;
    for (const char* name : named)
        query.camara_countries.push_back(country(name));
    query.home_country = country(home);
    CHECK(summary(resolve_explained(query)) == expected);
}

TEST_CASE("a TADIG code is its network, else the country in its first letters") {
    const TemporaryFile overlay(
        "mcc,mnc,iso3166_alpha2,operator,kind,ambiguous_iso2,tadig,realtime\n"
        "228,01,CH,Swisscom,terrestrial,LI,CHEC1,no\n"
        "901,14,,AeroMobile,inflight,,AAM01,yes\n"
        "999,70,,Lab,test,,XLAB1,yes\n");
    const auto networks = Networks::load({{}, overlay.path(), {}}).value();
    const auto [tadig, home, expected] = GENERATE(table<const char*, const char*, const char*>({
        {"CHEC1", "CN", "terrestrial CH|CH LI|plmn"},
        {"CHEC1", "LI", "home LI|LI|plmn"},
        {"AAM01", "CN", "inflight ||plmn"},
        {"XLAB1", "CN", "test ||plmn"},
        {"JPNDO", "CN", "terrestrial JP|JP|mcc"},
        {"JPNDO", "JP", "home JP|JP|mcc"},
        {"AAZ99", "CN", "unknown ||none"},
        {"QQQ01", "CN", "unknown ||none"},
        {"JP", "CN", "unknown ||none"},
    }));
    CAPTURE(tadig, home);
    PlaceQuery query;
    query.tadig = tadig;
    query.home_country = country(home);
    const Place place = resolve(query, *networks, nullptr, {}, Explain::on);
    CHECK(summary(place) == expected);
    CHECK(place.realtime == (std::string_view(tadig) != "CHEC1"));
    CHECK(place.plmn.has_value() == (place.basis == Basis::plmn));
}

TEST_CASE("the reasoning tells each step in order") {
    using Row = std::tuple<PlaceQuery, Sentences>;
    const auto [query, expected] = GENERATE(values<Row>({
        {at("440-10", "CN"), {"440-10 is NTT DOCOMO, used in JP."}},
        {at("440-10", "JP"), {"440-10 is NTT DOCOMO, used in JP.", "JP is the customer's home country."}},
        {at("440-10", "CN", in_cn),
         {"440-10 is NTT DOCOMO, used in JP.",
          "111.235.160.1 is in CN, which is ignored: the network says where the device is."}},
        {at("228-01", "CN", in_ch, IpOf::serving_node),
         {"228-01 is Swisscom, used in CH, LI.", "2a02:d740::1 (serving_node) is in CH, which settles it."}},
        {at("228-01", "CN", in_ch, IpOf::device),
         {"228-01 is Swisscom, used in CH, LI.",
          "2a02:d740::1 is in CH, but an address of the device settles nothing: it may be home-routed.",
          "It stays ambiguous, so the dearest of these is the price."}},
        {at("228-01", "CN", nowhere, IpOf::breakout),
         {"228-01 is Swisscom, used in CH, LI.", "No country is known for 198.51.100.1.",
          "It stays ambiguous, so the dearest of these is the price."}},
        {at("234-99", "CN"),
         {"No country is listed for 234-99; MCC 234 is used in GB, GG, IM, JE.",
          "It stays ambiguous, so the dearest of these is the price."}},
        {at("000-01", "CN"), {"000-01 is not listed, nor is MCC 000."}},
        {at("901-14", "CN"),
         {"901-14 is AeroMobile AS, a destination of its own (inflight), whatever country lies below."}},
        {at("901-28", "CN"), {"901-28 (Vodafone Group) is listed but stands for no place."}},
        {at("001-01", "CN"), {"001-01 is a test or private network: never billed, never messaged."}},
        {at("", "CN", in_gb),
         {"2.125.160.216 (device) is in GB.",
          "An address of the device alone is weak, because home-routed traffic looks like home: it ends no trip and "
          "releases no hold."}},
        {at("", "CN"), {"Neither a network nor an address is known."}},
    }));
    CHECK(resolve_explained(query).reasoning == expected);
    const Place quiet = resolve(query, built_in(), &addresses(), {}, Explain::off);
    CHECK(quiet.reasoning.empty());
    CHECK(summary(quiet) == summary(resolve_explained(query)));
}

TEST_CASE("a listed network whose row names no country is where its MCC is") {
    const TemporaryFile overlay("mcc,mnc,iso3166_alpha2,operator,kind,realtime\n440,77,,Newcomer,terrestrial,no\n");
    const auto networks = Networks::load({{}, overlay.path(), {}}).value();
    const Place place = resolve(at("440-77", "CN"), *networks, nullptr, {}, Explain::on);
    CHECK(summary(place) == "terrestrial JP|JP|mcc");
    CHECK_FALSE(place.realtime);
}

TEST_CASE("any network at all gives a place that holds together") {
    rc::prop("class, country, candidates and basis agree", [] {
        const auto digits = [](int count) {
            std::string text;
            for (int i = 0; i < count; ++i)
                text += static_cast<char>('0' + *rc::gen::inRange(0, 10));
            return text;
        };
        const std::string mcc =
            *rc::gen::arbitrary<bool>()
                ? *rc::gen::elementOf(std::vector<std::string>{"208", "228", "234", "338", "901", "001", "999"})
                : digits(3);
        PlaceQuery query;
        query.plmn = Plmn::parse(mcc, digits(*rc::gen::inRange(2, 4)));
        query.ip = *rc::gen::elementOf(std::vector<std::string>{"", in_fr, in_ch, in_gb, nowhere});
        query.ip_of = *rc::gen::elementOf(std::vector<IpOf>{IpOf::device, IpOf::serving_node, IpOf::breakout});
        query.home_country = *rc::gen::elementOf(std::vector<Country>{Country{}, country("GB"), country("CN")});
        const Place place = resolve_explained(query);
        const bool somewhere = place.klass == NetworkClass::home || place.klass == NetworkClass::terrestrial;
        RC_ASSERT(place.country.none() != somewhere);
        RC_ASSERT(place.candidates.empty() != somewhere);
        if (somewhere) RC_ASSERT(place.candidates.front() == place.country);
        if (place.home()) RC_ASSERT(place.candidates.size() == 1u);
        RC_ASSERT((place.basis == Basis::none) == (place.klass == NetworkClass::unknown));
        RC_ASSERT(place.plmn == query.plmn);
    });
}

TEST_CASE("every basis and every ipOf has its word") {
    CHECK(word(Basis::none) == "none");
    CHECK(word(Basis::plmn) == "plmn");
    CHECK(word(Basis::mcc) == "mcc");
    CHECK(word(Basis::ip) == "ip");
    CHECK(word(Basis::camara) == "camara");
    for (const auto value : {IpOf::device, IpOf::serving_node, IpOf::breakout})
        CHECK(parse_ip_of(word(value)) == value);
    CHECK_FALSE(parse_ip_of("home").has_value());
    CHECK_FALSE(parse_ip_of("").has_value());
}

}  // namespace roamguard::geoip
