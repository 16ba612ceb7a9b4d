#include "notifications/sms_text.h"

#include <unicode/unistr.h>
#include <unicode/utf16.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace roamguard::notifications {
namespace {

/// The GSM 7 bit default alphabet, 3GPP TS 23.038 clause 6.2.1, in the order of its septets 0x00 to 0x7F. 0x1B is the
/// escape to the extension table and stands for no character of its own.
constexpr std::u16string_view default_table =
    u"@\u00a3$\u00a5\u00e8\u00e9\u00f9\u00ec\u00f2\u00c7\n\u00d8\u00f8\r\u00c5\u00e5"
    u"\u0394_\u03a6\u0393\u039b\u03a9\u03a0\u03a8\u03a3\u0398\u039e\u001b\u00c6\u00e6\u00df\u00c9"
    u" !\"#\u00a4%&'()*+,-./0123456789:;<=>?"
    u"\u00a1"
    u"ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c4\u00d6\u00d1\u00dc\u00a7"
    u"\u00bf"
    u"abcdefghijklmnopqrstuvwxyz\u00e4\u00f6\u00f1\u00fc\u00e0";
static_assert(default_table.size() == 128);

/// The default alphabet extension table, clause 6.2.1.1: form feed and what is sent as escape and a second septet.
constexpr std::u16string_view extension_table = u"\f^{}\\[~]|\u20ac";

constexpr int single_septets = 160, part_septets = 153;
constexpr int single_units = 70, part_units = 67;

/// Septets by UTF-16 unit, 0 where the alphabet has no such character.
constexpr std::size_t known_units = 0x400;
constexpr std::array<std::uint8_t, known_units> septets_by_unit = [] {
    std::array<std::uint8_t, known_units> costs{};
    for (char16_t c : default_table)
        if (c != u'\u001b') costs[c] = 1;
    for (char16_t c : extension_table)
        if (c < known_units) costs[c] = 2;
    return costs;
}();

int septets(char16_t unit) {
    if (unit == u'\u20ac') return 2;
    return unit < known_units ? septets_by_unit[unit] : 0;
}

icu::UnicodeString from_utf8(std::string_view text) {
    return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

/// Fills parts one after another; `piece(i)` is the cost of what starts at unit i and must stay whole, and 0 past the
/// end.
template <typename Piece>
int parts(int capacity, Piece piece) {
    int count = 1, filled = 0;
    for (int32_t at = 0;;) {
        const auto [cost, width] = piece(at);
        if (width == 0) return count;
        if (filled + cost > capacity) {
            ++count;
            filled = 0;
        }
        filled += cost;
        at += width;
    }
}

struct Cost {
    int units = 0;
    int width = 0;
};

Measure measure_gsm7(const icu::UnicodeString& text, int total) {
    const auto piece = [&text](int32_t at) { return at < text.length() ? Cost{septets(text[at]), 1} : Cost{}; };
    return {Encoding::gsm7, total, total <= single_septets ? 1 : parts(part_septets, piece)};
}

Measure measure_ucs2(const icu::UnicodeString& text) {
    const auto piece = [&text](int32_t at) {
        if (at >= text.length()) return Cost{};
        const bool pair = U16_IS_LEAD(text[at]) && at + 1 < text.length() && U16_IS_TRAIL(text[at + 1]);
        return pair ? Cost{2, 2} : Cost{1, 1};
    };
    const int total = text.length();
    return {Encoding::ucs2, total, total <= single_units ? 1 : parts(part_units, piece)};
}

Measure measure(const icu::UnicodeString& text) {
    if (text.isEmpty()) return {};
    int total = 0;
    for (int32_t i = 0; i < text.length(); ++i) {
        const int cost = septets(text[i]);
        if (cost == 0) return measure_ucs2(text);
        total += cost;
    }
    return measure_gsm7(text, total);
}

bool is_space(char16_t c) {
    return c == 0x00a0 || c == 0x202f || c == 0x2007 || c == 0x2009 || c == 0x2008 || c == 0x200a;
}

/// The GSM neighbour of a typographic character; nullptr where there is none.
const char16_t* neighbour(char16_t c) {
    switch (c) {
        case u'\u2018':
        case u'\u2019':
        case u'\u201a':
        case u'\u201b':
        case u'\u02bc':
        case u'\u2032':
            return u"'";
        case u'\u201c':
        case u'\u201d':
        case u'\u201e':
        case u'\u201f':
        case u'\u2033':
            return u"\"";
        case u'\u2010':
        case u'\u2011':
        case u'\u2012':
        case u'\u2013':
        case u'\u2014':
        case u'\u2015':
        case u'\u2212':
            return u"-";
        case u'\u2026':
            return u"...";
        default:
            return nullptr;
    }
}

icu::UnicodeString without_typography(const icu::UnicodeString& text) {
    icu::UnicodeString plain;
    for (int32_t i = 0; i < text.length(); ++i) {
        if (const char16_t* replacement = neighbour(text[i]))
            plain.append(replacement, -1);
        else
            plain.append(text[i]);
    }
    return plain;
}

}  // namespace

std::string_view word(Encoding encoding) { return encoding == Encoding::gsm7 ? "gsm7" : "ucs2"; }

Measure measure(std::string_view utf8) { return measure(from_utf8(utf8)); }

std::string normalise_for_sms(std::string_view utf8) {
    icu::UnicodeString text = from_utf8(utf8);
    for (int32_t i = 0; i < text.length(); ++i)
        if (is_space(text[i])) text.setCharAt(i, u' ');
    const icu::UnicodeString plain = without_typography(text);
    // A text that needs UCS-2 anyway keeps the quotes and dashes of its own writing.
    std::string normalised;
    (measure(plain).encoding == Encoding::gsm7 ? plain : text).toUTF8String(normalised);
    return normalised;
}

}  // namespace roamguard::notifications
