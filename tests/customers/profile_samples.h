#pragma once

#include <rapidcheck.h>

#include "geoip/country.h"
#include "service/customers/profile_json.h"
#include "service/customers/regimes.h"

namespace roamguard::customers::samples {

/// The profile of the contract's section 5, with numbers that belong to fiction and every default written out.
inline constexpr const char* contract_example = R"({
    "id":"c-81","msisdn":"+447700900023","imsi":"234150000000123","kind":"person","homeCountry":"GB","plan":"global",
    "language":"en-GB","timeZone":"Europe/London","regime":"uk-ofcom","channels":["app","sms"],"appAddress":"device-token",
    "caps":[{"id":"monthly","services":["data"],"amount":"45.00","currency":"GBP","tax":"excl","period":"month",
             "thresholds":[80,100],"atLimit":"hold","extension":"20.00"}],
    "highCostPerMegabyte":{"amount":"3.00","currency":"GBP"},
    "payer":{"msisdn":"+447700900000"},"optOut":["welcome"]})";

inline const Regimes& built_in() {
    static const Regimes regimes = Regimes::load("").value();
    return regimes;
}

inline bool exists(geoip::Country country) {
    for (const char* code : {"GB", "DE", "FR", "CN", "HK", "JP", "US"})
        if (country.code() == code) return true;
    return false;
}

inline ProfileContext context() { return {&built_in(), exists, "generic", {}}; }

inline tariffs::Currency currency(std::string_view code) { return tariffs::Currency::parse(code).value(); }

inline std::vector<std::int64_t> ascending_from(std::int64_t first, int more) {
    std::vector<std::int64_t> stages{first};
    for (int i = 0; i < more; ++i)
        stages.push_back(stages.back() + *rc::gen::inRange<std::int64_t>(1, 1'000'000'000));
    return stages;
}

/// A cap that the reader would let pass.
inline CapRule draw_cap(const std::string& id) {
    CapRule cap;
    cap.id = id;
    const bool money = *rc::gen::arbitrary<bool>(), repeats = *rc::gen::inRange(0, 4) == 0;
    cap.services = {tariffs::Service::data};
    if (money) {
        cap.currency = currency(*rc::gen::element<const char*>("GBP", "JPY", "KWD", "EUR", "CNY"));
        cap.tax = *rc::gen::element(tariffs::Tax::incl, tariffs::Tax::excl);
        if (*rc::gen::arbitrary<bool>()) cap.services = {tariffs::Service::voice_mo, tariffs::Service::data};
    }
    if (*rc::gen::arbitrary<bool>()) cap.destinations = {"JP", "zone:asia", "maritime"};
    cap.period = parse_period(*rc::gen::element<const char*>("month", "day", "trip", "billing-day:31")).value();
    const auto limit = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000);
    if (repeats) {
        cap.every = limit;
        cap.at_limit = AtLimit::notify;
        return cap;
    }
    cap.limit = limit;
    cap.at_limit = *rc::gen::element(AtLimit::hold, AtLimit::notify);
    cap.thresholds = *rc::gen::element(std::vector<int>{80, 100}, std::vector<int>{1, 50, 99}, std::vector<int>{100});
    const int growth = *rc::gen::inRange(0, 3);
    if (growth == 1) cap.extension = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000);
    if (growth == 2) cap.stages = ascending_from(limit, *rc::gen::inRange(0, 3));
    return cap;
}

template <typename Value>
std::optional<Value> maybe(Value value) {
    return *rc::gen::arbitrary<bool>() ? std::optional<Value>(value) : std::nullopt;
}

/// Any profile that the reader would let pass, each field given or not.
inline rc::Gen<Profile> any_profile() {
    return rc::gen::exec([] {
        using notifications::Kind;
        using notifications::Msisdn;
        Profile profile;
        profile.id = maybe<std::string>("c-81").value_or("");
        profile.msisdn = maybe(Msisdn::parse("+447700900023").value()).value_or(Msisdn{});
        profile.imsi = maybe<std::string>("234150000000123").value_or("");
        profile.kind =
            maybe(*rc::gen::element(LineKind::person, LineKind::data_only, LineKind::m2m, LineKind::business));
        profile.home_country = maybe(geoip::Country::parse("CN").value()).value_or(geoip::Country{});
        profile.plan = maybe<std::string>("计划 A").value_or("");
        profile.language = maybe<std::string>("zh-Hans").value_or("");
        profile.time_zone = maybe<std::string>("Asia/Shanghai").value_or("");
        profile.regime = maybe<std::string>("eu-2022-612").value_or("");
        profile.channels = maybe(std::vector<std::string>{"app", "sms"}).value_or(std::vector<std::string>{});
        profile.app_address = maybe<std::string>("token").value_or("");
        if (*rc::gen::arbitrary<bool>()) {
            profile.caps.emplace();
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
                profile.caps->push_back(draw_cap("cap-" + std::to_string(i)));
        }
        profile.high_cost_per_megabyte =
            maybe(tariffs::Money{*rc::gen::inRange<std::int64_t>(1, 1'000'000'000), currency("EUR")});
        profile.payer = maybe(Msisdn::parse("+447700900000").value()).value_or(Msisdn{});
        profile.opt_out = maybe(std::set{Kind::welcome, Kind::threshold}).value_or(std::set<Kind>{});
        profile.hold = maybe(*rc::gen::arbitrary<bool>());
        profile.data_roaming = maybe(*rc::gen::arbitrary<bool>());
        return profile;
    });
}

}  // namespace roamguard::customers::samples
