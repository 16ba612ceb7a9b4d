#include "service/customers/home.h"

#include <date/tz.h>
#include <unicode/ucurr.h>
#include <unicode/uloc.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <vector>

namespace roamguard::customers {

namespace {

HomeDefaults work_out(const std::string& country);

using ByCountry = std::map<std::string, std::string, std::less<>>;

/// Currencies that changed after the ICU of this system was made: the euro in Bulgaria (2026-01-01), the Caribbean
/// guilder (2025-03-31), Zimbabwe Gold (2024-04-08).
const ByCountry newer_currencies{{"BG", "EUR"}, {"CW", "XCG"}, {"SX", "XCG"}, {"ZW", "ZWG"}};

/// zone.tab lists a country's zones from east to west or the like, and the most populous first only where that does
/// not contradict; here it does (or, for Kosovo, it has no line at all).
const ByCountry populous_zones{{"AU", "Australia/Sydney"}, {"BR", "America/Sao_Paulo"}, {"CA", "America/Toronto"},
                               {"RU", "Europe/Moscow"},    {"UA", "Europe/Kyiv"},       {"UZ", "Asia/Tashkent"},
                               {"XK", "Europe/Belgrade"}};

constexpr const char* zone_table_path = "/usr/share/zoneinfo/zone.tab";

std::string found_in(const ByCountry& table, std::string_view country) {
    const auto found = table.find(country);
    return found == table.end() ? std::string{} : found->second;
}

using ZonesByCountry = std::map<std::string, std::vector<std::string>, std::less<>>;

/// The zones of each country: `country<TAB>coordinates<TAB>zone[<TAB>comment]`.
const ZonesByCountry& zone_table() {
    static const ZonesByCountry table = [] {
        ZonesByCountry zones;
        std::ifstream file(zone_table_path);
        for (std::string line; std::getline(file, line);) {
            if (line.empty() || line[0] == '#') continue;
            std::istringstream cells(line);
            std::string country, coordinates, zone;
            if (std::getline(cells, country, '\t') && std::getline(cells, coordinates, '\t') &&
                std::getline(cells, zone, '\t') && known_time_zone(zone))
                zones[country].push_back(zone);
        }
        return zones;
    }();
    return table;
}

std::string zone_of(const std::string& country) {
    if (std::string zone = found_in(populous_zones, country); known_time_zone(zone)) return zone;
    const auto listed = zone_table().find(country);
    return listed == zone_table().end() ? "UTC" : listed->second.front();
}

/// Codes in X stand for no country's money (metals, testing, none), but for the shared currencies.
bool is_tender(std::string_view code) {
    constexpr std::array<std::string_view, 5> shared{"XAF", "XCD", "XCG", "XOF", "XPF"};
    return !code.starts_with('X') || std::find(shared.begin(), shared.end(), code) != shared.end();
}

std::string currency_by_icu(const std::string& country) {
    UErrorCode status = U_ZERO_ERROR;
    std::array<UChar, 8> code{};
    const int length = ucurr_forLocale(("und_" + country).c_str(), code.data(), static_cast<int>(code.size()), &status);
    if (U_FAILURE(status) || length != 3) return {};
    std::string text;
    for (int i = 0; i < 3; ++i)
        text += static_cast<char>(code[static_cast<std::size_t>(i)]);
    return text;
}

tariffs::Currency currency_of(const std::string& country) {
    for (const std::string& code : {found_in(newer_currencies, country), currency_by_icu(country), std::string("USD")})
        if (is_tender(code))
            if (const auto currency = tariffs::Currency::parse(code)) return *currency;
    return {};
}

/// The likely language of a country. Chinese keeps its script, since both are read and neither stands for the other.
std::string language_of(const std::string& country) {
    UErrorCode status = U_ZERO_ERROR;
    std::array<char, ULOC_FULLNAME_CAPACITY> likely{};
    uloc_addLikelySubtags(("und_" + country).c_str(), likely.data(), static_cast<int>(likely.size()), &status);
    if (U_FAILURE(status)) return "en";
    std::istringstream parts(likely.data());
    std::string language, script;
    std::getline(parts, language, '_');
    std::getline(parts, script, '_');
    if (language.empty() || language == "und") return "en";
    return language == "zh" ? language + "-" + script : language;
}

HomeDefaults work_out(const std::string& country) {
    return {currency_of(country), zone_of(country), language_of(country)};
}

}  // namespace

const HomeDefaults& home_defaults(geoip::Country country) {
    struct Slot {
        std::once_flag once;
        HomeDefaults value;
    };
    constexpr std::size_t letters = 26;
    static std::array<Slot, letters * letters + 1> slots;  // the last is for "no country"
    const std::string code = country.none() ? std::string("ZZ") : country.code();
    const std::size_t at =
        country.none() ? letters * letters
                       : static_cast<std::size_t>(code[0] - 'A') * letters + static_cast<std::size_t>(code[1] - 'A');
    Slot& slot = slots[at];
    std::call_once(slot.once, [&] { slot.value = work_out(code); });
    return slot.value;
}

std::vector<std::string> zones_of(geoip::Country country) {
    if (country.none()) return {};
    const auto listed = zone_table().find(country.code());
    return listed == zone_table().end() ? std::vector{home_defaults(country).time_zone} : listed->second;
}

bool known_time_zone(std::string_view name) {
    // What tzdata keeps beside the zones: copies with other rules for leap seconds, and the machine's own setting.
    if (name == "localtime" || name == "posixrules" || name == "Factory") return false;
    if (name.starts_with("posix/") || name.starts_with("right/")) return false;
    const auto& zones = date::get_tzdb().zones;
    const auto found = std::lower_bound(
        zones.begin(), zones.end(), name,
        [](const date::time_zone& zone, std::string_view wanted) { return std::string_view(zone.name()) < wanted; });
    return found != zones.end() && found->name() == name;
}

}  // namespace roamguard::customers
