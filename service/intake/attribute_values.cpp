#include "service/intake/attribute_values.h"

#include <algorithm>
#include <cstdint>

#include "service/json/reader.h"

namespace roamguard::intake {

namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
    if (digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The byte `%xy` stands for at `at`, -1 when two hexadecimal digits do not follow.
int percent_byte(std::string_view text, std::size_t at) {
    if (at + 2 >= text.size()) return -1;
    const int high = hex_value(text[at + 1]), low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool uri_characters(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (letter(c) || digit(c)) continue;
        if (c == '%' ? percent_byte(text, i) < 0 : std::string_view("-._~:/?#[]@!$&'()*+,;=").find(c) == text.npos)
            return false;
    }
    return true;
}

/// How long the scheme before the first `:` is; 0 when there is none, npos when what stands there is no scheme.
std::size_t scheme_length(std::string_view text) {
    const std::size_t colon = text.find_first_of(":/?#");
    if (colon == text.npos || text[colon] != ':') return 0;
    const std::string_view scheme = text.substr(0, colon);
    const bool good = !scheme.empty() && letter(scheme[0]) && std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return letter(c) || digit(c) || c == '+' || c == '-' || c == '.';
    });
    return good ? colon : text.npos;
}

/// Brackets hold an IP literal in the authority and stand nowhere else.
bool brackets_only_in_authority(std::string_view text, std::size_t hierarchy) {
    std::size_t path = hierarchy;
    if (text.substr(hierarchy, 2) == "//") path = std::min(text.find_first_of("/?#", hierarchy + 2), text.size());
    return text.find_first_of("[]", path) == text.npos && text.substr(0, hierarchy).find_first_of("[]") == text.npos;
}

}  // namespace

bool is_attribute_text(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = [&](std::size_t ahead) {
            return i + ahead < text.size() ? static_cast<unsigned char>(text[i + ahead]) : 0u;
        };
        const unsigned lead = byte(0);
        if (lead < 0x20 || lead == 0x7F) return false;
        if (lead < 0x80) continue;
        if (lead == 0xC2 && byte(1) < 0xA0) return false;                                         // U+0080-009F
        if (lead == 0xEF && byte(1) == 0xB7 && byte(2) >= 0x90 && byte(2) <= 0xAF) return false;  // U+FDD0-FDEF
        if (lead == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE) return false;                     // U+FFFE, U+FFFF
        if (lead >= 0xF0 && (byte(1) & 0xFu) == 0xF && byte(2) == 0xBF && byte(3) >= 0xBE) return false;
    }
    return true;
}

bool is_attribute_name(std::string_view name) {
    return !name.empty() &&
           std::all_of(name.begin(), name.end(), [](char c) { return digit(c) || (c >= 'a' && c <= 'z'); });
}

bool is_uri_reference(std::string_view text) {
    if (text.empty() || !uri_characters(text)) return false;
    const std::size_t scheme = scheme_length(text);
    if (scheme == text.npos || std::count(text.begin(), text.end(), '#') > 1) return false;
    return brackets_only_in_authority(text, scheme == 0 ? 0 : scheme + 1);
}

bool is_uri(std::string_view text) { return is_uri_reference(text) && scheme_length(text) > 0; }

std::optional<AttributeTime> parse_time(std::string_view text) {
    using Range = AttributeTime::Range;
    if (const auto written = tariffs::parse_rfc3339(text)) return AttributeTime{Range::within, *written};
    if (text.size() < 4 || !std::all_of(text.begin(), text.begin() + 4, digit)) return std::nullopt;
    int year = 0;
    for (char c : text.substr(0, 4))
        year = year * 10 + (c - '0');
    if (year > 1970 && year < 9999) return std::nullopt;
    // The rest is judged in a year of the same calendar that is certainly known.
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const std::string moved = (leap ? "1972" : "1973") + std::string(text.substr(4));
    if (!tariffs::parse_rfc3339(moved)) return std::nullopt;
    return AttributeTime{year > 1970 ? Range::after : Range::before, {}};
}

std::optional<std::string> decode_header_value(std::string_view value) {
    std::string plain;
    bool inside = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '"') {
            inside = !inside;
            continue;
        }
        if (inside && value[i] == '\\' && ++i == value.size()) return std::nullopt;
        plain += value[i];
    }
    if (inside) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < plain.size(); ++i) {
        if (plain[i] != '%') {
            out += plain[i];
            continue;
        }
        const int byte = percent_byte(plain, i);
        if (byte < 0) return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    if (json::find_invalid_utf8(out) != std::string_view::npos) return std::nullopt;
    return out;
}

}  // namespace roamguard::intake
