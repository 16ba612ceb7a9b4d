#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "notifications/templates.h"

namespace roamguard::notifications::samples {

inline tariffs::Money money(const char* decimal, const char* currency = "CNY") {
    return {tariffs::parse_decimal(decimal, tariffs::Sign::allowed).micros, *tariffs::Currency::parse(currency)};
}

inline Amount amount(const char* decimal, const char* currency = "CNY") { return {money(decimal, currency), 0}; }

inline Amount megabytes(std::int64_t count) { return {std::nullopt, count * 1024 * 1024}; }

inline tariffs::Instant at(const char* time) { return tariffs::parse_rfc3339(time)->at; }

inline PriceLine price(tariffs::Service service, const char* decimal, const char* currency = "CNY") {
    constexpr std::int64_t bytes = 1024 * 1024;
    switch (tariffs::kind_of(service)) {
        case tariffs::UnitKind::bytes:
            return {service, money(decimal, currency), {bytes, tariffs::UnitKind::bytes}, tariffs::Tax::incl, {}};
        case tariffs::UnitKind::seconds:
            return {service, money(decimal, currency), {60, tariffs::UnitKind::seconds}, tariffs::Tax::incl, {}};
        case tariffs::UnitKind::messages:
            break;
    }
    return {service, money(decimal, currency), {1, tariffs::UnitKind::messages}, tariffs::Tax::incl, {}};
}

/// The five prices of a welcome.
inline std::vector<PriceLine> five_prices(const char* data) {
    using tariffs::Service;
    return {price(Service::data, data), price(Service::voice_mo, "2.99"), price(Service::voice_mt, "1.99"),
            price(Service::sms_mo, "0.39"), price(Service::sms_mt, "0")};
}

inline Choice choice(Choice::Does does) {
    Choice made;
    made.does = does;
    return made;
}
inline Choice extend(const char* limit) {
    Choice made = choice(Choice::Does::extend);
    made.new_limit = amount(limit);
    return made;
}
/// A day's pass of 500 MB.
inline Choice pass(const char* name, const char* price) {
    Choice made = choice(Choice::Does::pass);
    made.pass_name = name;
    made.price = money(price);
    made.allowance = std::int64_t{500} << 20;
    made.validity = tariffs::days(1);
    return made;
}
inline Choice proceed() { return choice(Choice::Does::proceed); }
inline Choice decline() { return choice(Choice::Does::decline); }

/// A Chinese customer in Japan with a cap of CNY 300 for data, nothing used yet.
inline Facts in_japan(Kind kind, const char* language) {
    Facts facts;
    facts.kind = kind;
    facts.klass = geoip::NetworkClass::terrestrial;
    facts.country = *geoip::Country::parse("JP");
    facts.prices = five_prices("3.00");
    facts.services = {tariffs::Service::data};
    facts.limit = amount("300.00");
    facts.used = amount("0.00");
    facts.language = language;
    facts.time_zone = "Asia/Shanghai";
    return facts;
}

/// The same with something used, as cap messages have it: the data price only, and the period's end.
inline Facts cap_in_japan(Kind kind, const char* language, const char* used) {
    Facts facts = in_japan(kind, language);
    facts.prices = {price(tariffs::Service::data, "3.00")};
    facts.used = amount(used);
    facts.threshold_percent = 80;
    facts.period_end = at("2026-12-01T00:00:00+08:00");
    return facts;
}

inline void ask(Facts& facts, std::vector<Choice> choices) {
    facts.choices = std::move(choices);
    facts.code = "4821";
    facts.expires_at = at("2026-11-25T05:31:00Z");
}

/// Everything a message can show, at once.
inline Facts fullest(Kind kind, const char* language) {
    Facts facts = in_japan(kind, language);
    facts.ambiguous = facts.no_guarantee = facts.still_held = true;
    facts.used = amount("299.99");
    facts.threshold_percent = 80;
    facts.early = true;
    facts.period_end = at("2026-12-01T00:00:00+08:00");
    facts.cap_tax = tariffs::Tax::excl;
    ask(facts, {extend("400.00"), pass("Japan 1 GB", "30.00"), decline()});
    facts.chosen = facts.choices[1];
    facts.line = "+447*******23";
    facts.link = "https://roam.example/c/0123456789abcdefghijkl";
    facts.links = Links::on;
    facts.pass_name = "Japan 1 GB";
    facts.spent = {money("120.00"), money("3.50", "EUR")};
    facts.caps = {{facts.services, facts.limit, facts.used, tariffs::Tax::incl, facts.period_end, false},
                  {facts.services, megabytes(5120), megabytes(512), tariffs::Tax::incl, std::nullopt, true}};
    return facts;
}

inline std::shared_ptr<const Templates> built_in() {
    static const auto loaded = Templates::load({});
    if (!loaded)
        for (const std::string& fault : loaded.error())
            FAIL_CHECK(fault);
    return loaded ? *loaded : throw std::runtime_error("the built-in templates do not load");
}

inline std::string text_of(const Facts& facts) { return built_in()->render(facts).text; }

}  // namespace roamguard::notifications::samples
