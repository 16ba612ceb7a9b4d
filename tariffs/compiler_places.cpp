#include <algorithm>

#include "tariffs/compiler.h"
#include "tariffs/suggest.h"

namespace roamguard::tariffs {

namespace {

constexpr std::string_view priced_classes[] = {"inflight", "maritime", "satellite"};

/// Suggestions are a courtesy: thousands of zones beside thousands of faults would take minutes.
constexpr std::size_t most_zones_compared = 200;

/// Words people use for the classes, and the classes that have no price of their own.
struct ClassWord {
    std::string_view written, meant;
};
constexpr ClassWord class_words[] = {
    {"in-flight", "inflight"},
    {"in flight", "inflight"},
    {"plane", "inflight"},
    {"aircraft", "inflight"},
    {"flight", "inflight"},
    {"aero", "inflight"},
    {"ship", "maritime"},
    {"ships", "maritime"},
    {"ferry", "maritime"},
    {"cruise", "maritime"},
    {"sea", "maritime"},
    {"marine", "maritime"},
    {"sat", "satellite"},
    {"terrestrial", ""},
    {"home", ""},
    {"test", ""},
    {"unknown", "*"},
    {"international", "*"},
    {"world", "*"},
    {"rest", "*"},
    {"default", "*"},
    {"all", "*"},
    {"any", "*"},
    {"others", "*"},
    {"other", "*"},
    {"row", "*"},
    {"rest of world", "*"},
};

/// `44010` and `440/10` are meant as 440-10.
std::string suggest_network(std::string_view written) {
    std::string digits;
    for (char c : written) {
        if (c >= '0' && c <= '9')
            digits += c;
        else if (c != ' ' && c != '-' && c != '/' && c != '.' && c != '_')
            return {};
    }
    if (digits.size() != 5 && digits.size() != 6) return {};
    return digits.substr(0, 3) + "-" + digits.substr(3);
}

}  // namespace

std::optional<DestinationKey> Compiler::read_destination(SheetRow& row, std::size_t column) {
    if (!row.given(column)) return std::nullopt;
    const std::string_view text = row.text(column);
    if (text == "*") return DestinationKey{Level::any, 0};
    if (const auto klass = priced_class(text)) return class_key(*klass);
    if (text.substr(0, zone_prefix.size()) == zone_prefix)
        return read_zone_name(row, column, text.substr(zone_prefix.size()));
    if (const auto country = geoip::Country::parse(text); country && known_country(*country))
        return country_key(*country);
    if (text[0] >= '0' && text[0] <= '9') return read_network(row, column);
    return read_other_word(row, column);
}

std::optional<DestinationKey> Compiler::read_zone_name(SheetRow& row, std::size_t column, std::string_view name) {
    if (name.empty()) {
        row.fault(column, "empty_zone", "`zone:` needs the name of a zone of zones.csv after it");
        return std::nullopt;
    }
    if (const auto zone = index->zones.find(name)) return DestinationKey{Level::zone, *zone};
    const auto& defined = index->zones.in_order();
    const std::vector<std::string_view> names(defined.begin(), defined.end());
    const std::string near = names.size() > most_zones_compared ? std::string{} : suggest_word(name, names);
    row.fault(column, "unknown_zone",
              with_suggestion("the zone " + shown(name) + " is not defined in zones.csv" +
                                  (files.count("zones") == 0 ? ", which the upload does not have" : ""),
                              near.empty() ? near : std::string(zone_prefix) + near));
    return std::nullopt;
}

std::optional<DestinationKey> Compiler::read_network(SheetRow& row, std::size_t column) {
    const std::string_view text = row.text(column);
    if (const auto plmn = geoip::Plmn::parse(text)) return plmn_key(*plmn);
    row.fault(column, "bad_network",
              with_suggestion(shown(text) + " is no network: it is written as three digits, a hyphen and two or three "
                                            "digits, such as 901-14",
                              suggest_network(text)));
    return std::nullopt;
}

std::optional<DestinationKey> Compiler::read_other_word(SheetRow& row, std::size_t column) {
    const std::string_view text = row.text(column);
    const std::string lower = folded(text);
    if (lower.rfind(zone_prefix, 0) == 0) {
        row.fault(column, "unknown_zone",
                  with_suggestion(shown(text) + " is no zone: the word before the colon is written in small letters",
                                  std::string(zone_prefix) + std::string(text.substr(zone_prefix.size()))));
        return std::nullopt;
    }
    const auto& zones = index->zones.in_order();
    for (std::size_t i = 0; i < std::min(zones.size(), most_zones_compared); ++i)
        if (const std::string& zone = zones[i]; folded(zone) == lower) {
            row.fault(
                column, "missing_zone_prefix",
                with_suggestion(shown(text) + " is a zone of zones.csv, and a zone is written with `zone:` before it",
                                std::string(zone_prefix) + zone));
            return std::nullopt;
        }
    for (const ClassWord& word : class_words)
        if (word.written == lower) {
            row.fault(
                column, "unknown_class",
                with_suggestion(shown(text) + " is no destination: the classes are inflight, maritime and satellite, "
                                              "and `*` is every other place",
                                word.meant));
            return std::nullopt;
        }
    if (const std::string near = suggest_word(text, priced_classes); !near.empty()) {
        row.fault(column, "unknown_class",
                  with_suggestion(shown(text) + " is no destination: the classes are inflight, maritime and satellite",
                                  near));
        return std::nullopt;
    }
    row.fault(column, "unknown_country",
              with_suggestion(shown(text) + " is no ISO 3166 alpha-2 country code, nor a network, `zone:` and a name, "
                                            "inflight, maritime, satellite or `*`",
                              suggested_country(text)));
    return std::nullopt;
}

std::optional<geoip::Country> Compiler::read_country(SheetRow& row, std::size_t column) {
    if (!row.given(column)) return std::nullopt;
    const std::string_view text = row.text(column);
    if (const auto country = geoip::Country::parse(text); country && known_country(*country)) return country;
    row.fault(column, "unknown_country",
              with_suggestion(shown(text) + " is no ISO 3166 alpha-2 country code, such as GB or JP",
                              suggested_country(text)));
    return std::nullopt;
}

std::string Compiler::suggested_country(std::string_view written) {
    const auto [at, fresh] = country_suggestions.try_emplace(std::string(written));
    if (fresh) at->second = suggest_country(written);
    return at->second;
}

}  // namespace roamguard::tariffs
