#include "geoip/ip_country.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <iterator>

#include "tests/geoip/fixtures.h"

namespace roamguard::geoip {

namespace {

std::string bytes_of(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    REQUIRE(in.good());
    return {std::istreambuf_iterator<char>(in), {}};
}

std::shared_ptr<const IpCountry> good() { return IpCountry::open(test_data("mmdb/GeoIP2-Country-Test.mmdb")).value(); }

std::string found(const IpCountry& database, std::string_view address) {
    const auto country = database.find(address);
    return country ? country->code() : "";
}

}  // namespace

TEST_CASE("an address is in the country the database says") {
    const auto [address, expected] = GENERATE(table<const char*, const char*>({
        {"2.125.160.216", "GB"},
        {"81.2.69.160", "GB"},
        {"89.160.20.112", "SE"},
        {"67.43.156.1", "BT"},
        {"111.235.160.1", "CN"},
        {"2001:218::1", "JP"},
        {"2001:250::1", "CN"},
        {"::ffff:89.160.20.112", "SE"},  // IPv4-mapped
        {"::FFFF:59a0:1470", "SE"},      // the same written in hexadecimal
        {"2A02:FFC0::1", "GI"},
        {"2a02:d500::1", ""},  // listed with no country
        {"10.0.0.1", ""},
        {"192.168.1.1", ""},
        {"127.0.0.1", ""},
        {"fe80::1", ""},
        {"::", ""},
        {"255.255.255.255", ""},
        {"", ""},
        {"2.125.160", ""},
        {"2.125.160.216 ", ""},
        {"2.125.160.216:80", ""},
        {"[2001:218::1]", ""},
        {"2001:218::1%eth0", ""},
        {"02.125.160.216", ""},
        {"localhost", ""},
        {"1", ""},
        {"2001:218:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", ""},
    }));
    CAPTURE(address);
    CHECK(found(*good(), address) == expected);
}

TEST_CASE("text with a NUL inside is no address") {
    CHECK_FALSE(is_ip_address(std::string_view("2.125.160.216\0x", 15)));
    CHECK_FALSE(is_ip_address(std::string_view("\0", 1)));
    CHECK(is_ip_address("2.125.160.216"));
    CHECK(is_ip_address("2001:db8::1"));
    CHECK_FALSE(is_ip_address("2.125.160.256"));
    CHECK_FALSE(is_ip_address("example.org"));
}

TEST_CASE("a database with the country code at the top of the record is read as well") {
    const auto database = IpCountry::open(test_data("mmdb/flat-country-code.mmdb")).value();
    CHECK(found(*database, "198.51.100.7") == "NL");
    CHECK(found(*database, "2001:db8::1") == "BE");
    CHECK(found(*database, "192.0.2.1").empty());
}

TEST_CASE("a database of IPv4 alone answers none for IPv6") {
    const auto database = IpCountry::open(test_data("mmdb/ipv4-only-country.mmdb")).value();
    CHECK(found(*database, "198.51.100.7") == "AT");
    CHECK(found(*database, "::ffff:198.51.100.7") == "AT");
    CHECK(found(*database, "2001:db8::1").empty());
}

TEST_CASE("a database says when it was built and which it is") {
    CHECK(good()->build_epoch_s() > 1'500'000'000);
    CHECK(good()->digest().size() == 64);
    CHECK(good()->digest() == good()->digest());
    CHECK(good()->digest() != IpCountry::open(test_data("mmdb/flat-country-code.mmdb")).value()->digest());
}

TEST_CASE("a file that opens but cannot answer is refused with the reason") {
    const auto [name, reason] = GENERATE(table<const char*, const char*>({
        {"GeoIP2-City-Test-Invalid-Node-Count.mmdb", "it is no MaxMind DB file, or a damaged one"},
        {"MaxMind-DB-no-ipv4-search-tree.mmdb", "no address in it has a country (country.iso_code or country_code)"},
        {"MaxMind-DB-string-value-entries.mmdb", "no address in it has a country (country.iso_code or country_code)"},
        {"MaxMind-DB-test-broken-pointers-24.mmdb", "its data cannot be read"},
        {"MaxMind-DB-test-broken-search-tree-24.mmdb", "its search tree is corrupt"},
        {"MaxMind-DB-test-decoder.mmdb", "no address in it has a country (country.iso_code or country_code)"},
        {"MaxMind-DB-test-ipv4-24.mmdb", "no address in it has a country (country.iso_code or country_code)"},
        {"MaxMind-DB-test-nested.mmdb", "no address in it has a country (country.iso_code or country_code)"},
        {"bad-data/libmaxminddb-corrupt-search-tree.mmdb", "its search tree is corrupt"},
        {"bad-data/libmaxminddb-deep-array-nesting.mmdb",
         "no address in it has a country (country.iso_code or country_code)"},
        {"bad-data/libmaxminddb-deep-nesting.mmdb",
         "no address in it has a country (country.iso_code or country_code)"},
        {"bad-data/libmaxminddb-empty-array-last-in-metadata.mmdb",
         "no address in it has a country (country.iso_code or country_code)"},
        {"bad-data/libmaxminddb-empty-map-last-in-metadata.mmdb",
         "no address in it has a country (country.iso_code or country_code)"},
        {"bad-data/libmaxminddb-metadata-marker-only.mmdb", "it is no MaxMind DB file, or a damaged one"},
        {"bad-data/libmaxminddb-offset-integer-overflow.mmdb", "it is no MaxMind DB file, or a damaged one"},
        {"bad-data/libmaxminddb-oversized-array.mmdb",
         "no address in it has a country (country.iso_code or country_code)"},
        {"bad-data/libmaxminddb-oversized-map.mmdb", "its data cannot be read"},
        {"bad-data/libmaxminddb-separator-record-max-left.mmdb", "its data cannot be read"},
        {"bad-data/libmaxminddb-separator-record-min-left.mmdb", "its data cannot be read"},
        {"bad-data/libmaxminddb-separator-record-min-right.mmdb", "its data cannot be read"},
        {"bad-data/libmaxminddb-uint64-max-epoch.mmdb",
         "no address in it has a country (country.iso_code or country_code)"},
    }));
    const auto path = test_data("mmdb") / name;
    const auto opened = IpCountry::open(path);
    CAPTURE(name);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error() == "The IP database " + path.string() + " cannot be used: " + reason + ".");
}

TEST_CASE("what is no database file at all is refused with the reason") {
    const auto refused = [](const std::filesystem::path& path, std::string_view reason) {
        const auto opened = IpCountry::open(path);
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error() == "The IP database " + path.string() + " cannot be used: " + std::string(reason) + ".");
    };
    refused("/nowhere/country.mmdb", "No such file or directory");
    refused("/", "it is not a regular file");
    refused("/dev/zero", "it is not a regular file");
    const TemporaryFile empty("");
    refused(empty.path(), "it is empty");
    const TemporaryFile text("mcc,mnc\n440,10\n");
    refused(text.path(), "it is no MaxMind DB file, or a damaged one");
}

TEST_CASE("a record that cannot be decoded answers none") {
    // The city database's co-ordinates are broken; the country before them may still be read.
    const auto opened = IpCountry::open(test_data("mmdb/GeoIP2-City-Test-Broken-Double-Format.mmdb"));
    if (opened) CHECK_FALSE(opened.value()->find("203.0.113.1").has_value());
}

TEST_CASE("truncating or overwriting the file in place does not touch a database in use") {
    // An operator copies a new database over the old file: a mapping of that file would end the process.
    const std::string bytes = bytes_of(test_data("mmdb/GeoIP2-Country-Test.mmdb"));
    const TemporaryFile file(bytes);
    const auto database = IpCountry::open(file.path()).value();
    file.write("");
    CHECK(found(*database, "2.125.160.216") == "GB");
    file.write(std::string(bytes.size(), '\xff'));
    CHECK(found(*database, "2001:218::1") == "JP");
    CHECK_FALSE(IpCountry::open(file.path()).has_value());
}

TEST_CASE("a damaged database is refused or answers something, never worse") {
    const std::string bytes = bytes_of(test_data("mmdb/GeoIP2-Country-Test.mmdb"));
    rc::prop("flipped and cut bytes", [&] {
        std::string damaged = bytes;
        for (int i = 0; i < 20; ++i) {
            const auto at = *rc::gen::inRange<std::size_t>(0, damaged.size());
            damaged[at] = static_cast<char>(*rc::gen::inRange(0, 256));
        }
        if (*rc::gen::arbitrary<bool>()) damaged.resize(*rc::gen::inRange<std::size_t>(0, damaged.size()));
        const TemporaryFile file(damaged);
        const auto opened = IpCountry::open(file.path());
        if (!opened) {
            RC_ASSERT(opened.error().starts_with("The IP database "));
            return;
        }
        for (const char* address : {"2.125.160.216", "89.160.20.112", "2001:218::1", "2a02:ffc0::1", "::"})
            if (const auto country = opened.value()->find(address)) RC_ASSERT(country->code().size() == 2u);
    });
}

}  // namespace roamguard::geoip
