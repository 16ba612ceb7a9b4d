#include "service/customers/home.h"

#include <array>
#include <catch2/catch.hpp>
#include <thread>

using namespace roamguard::customers;
using roamguard::geoip::Country;

TEST_CASE("a country's usual currency, time zone and language") {
    struct Row {
        const char *country, *currency, *zone, *language;
    };
    const std::vector<Row> rows{
        {"CN", "CNY", "Asia/Shanghai", "zh-Hans"},
        {"HK", "HKD", "Asia/Hong_Kong", "zh-Hant"},
        {"MO", "MOP", "Asia/Macau", "zh-Hant"},
        {"TW", "TWD", "Asia/Taipei", "zh-Hant"},
        {"SG", "SGD", "Asia/Singapore", "en"},
        {"JP", "JPY", "Asia/Tokyo", "ja"},
        {"GB", "GBP", "Europe/London", "en"},
        {"DE", "EUR", "Europe/Berlin", "de"},
        {"CH", "CHF", "Europe/Zurich", "de"},
        {"FR", "EUR", "Europe/Paris", "fr"},
        {"ES", "EUR", "Europe/Madrid", "es"},
        {"HR", "EUR", "Europe/Zagreb", "hr"},
        {"US", "USD", "America/New_York", "en"},
        {"KW", "KWD", "Asia/Kuwait", "ar"},
        // The first line of zone.tab is not where most people live.
        {"AU", "AUD", "Australia/Sydney", "en"},
        {"BR", "BRL", "America/Sao_Paulo", "pt"},
        {"CA", "CAD", "America/Toronto", "en"},
        {"RU", "RUB", "Europe/Moscow", "ru"},
        {"UA", "UAH", "Europe/Kyiv", "uk"},
        {"XK", "EUR", "Europe/Belgrade", "sq"},
        // Changed after this system's ICU was made.
        {"BG", "EUR", "Europe/Sofia", "bg"},
        {"ZW", "ZWG", "Africa/Harare", "sn"},
        // Nobody's money, language or clock is known.
        {"AQ", "USD", "Antarctica/McMurdo", "en"},
        {"HM", "AUD", "UTC", "en"},
        {"ZZ", "USD", "UTC", "en"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.country);
        const HomeDefaults& home = home_defaults(Country::parse(row.country).value());
        CHECK(home.currency.code() == row.currency);
        CHECK(home.time_zone == row.zone);
        CHECK(home.language == row.language);
    }
}

TEST_CASE("no country at all has defaults too") {
    const HomeDefaults& home = home_defaults(Country{});
    CHECK(home.currency.code() == "USD");
    CHECK(home.time_zone == "UTC");
    CHECK(home.language == "en");
}

TEST_CASE("every two letters have a currency and a zone that exists, and asking twice gives the same object") {
    for (char a = 'A'; a <= 'Z'; ++a)
        for (char b = 'A'; b <= 'Z'; ++b) {
            const Country country = Country::parse(std::string{a, b}).value();
            const HomeDefaults& home = home_defaults(country);
            CAPTURE(country.code());
            CHECK_FALSE(home.currency.none());
            CHECK(known_time_zone(home.time_zone));
            CHECK(home.language.size() >= 2);
            CHECK(&home == &home_defaults(country));
        }
}

TEST_CASE("threads that ask first and together get the same answer") {
    std::vector<std::thread> threads;
    std::array<const HomeDefaults*, 8> answers{};
    for (const HomeDefaults*& answer : answers)
        threads.emplace_back([&answer] { answer = &home_defaults(Country::parse("NZ").value()); });
    for (std::thread& thread : threads)
        thread.join();
    for (const HomeDefaults* answer : answers) {
        CHECK(answer == answers[0]);
        CHECK(answer->time_zone == "Pacific/Auckland");
    }
}

TEST_CASE("zones are known by their exact names only") {
    for (const char* name :
         {"Europe/London", "Asia/Shanghai", "UTC", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "PRC"}) {
        CAPTURE(name);
        CHECK(known_time_zone(name));
    }
    for (const char* name :
         {"", "europe/london", "Europe/London ", "Europe", "Europe/Atlantis", "localtime", "posixrules", "Factory",
          "zone.tab", "right/UTC", "posix/UTC", "../etc/passwd", "+08:00"}) {
        CAPTURE(name);
        CHECK_FALSE(known_time_zone(name));
    }
}
