#include "notifications/sms_text.h"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>
#include <string>

using namespace roamguard::notifications;

namespace {

std::string times(int count, const std::string& text) {
    std::string repeated;
    for (int i = 0; i < count; ++i)
        repeated += text;
    return repeated;
}

std::string utf8(char32_t c) {
    std::string text;
    const auto put = [&text](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (c < 0x80) return put(c), text;
    if (c < 0x800) return put(0xc0 | c >> 6), put(0x80 | (c & 0x3f)), text;
    if (c < 0x10000) return put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f)), text;
    return put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f)), text;
}

/// A text of a few pieces that matter: plain and extension septets, a Chinese character, a surrogate pair.
rc::Gen<std::string> mixed_text() {
    const auto piece = rc::gen::weightedElement<std::string>({{60, "a"}, {10, "€"}, {5, "["}, {5, "漫"}, {5, "😀"}});
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                        [](const std::vector<std::string>& pieces) {
                            std::string text;
                            for (const std::string& one : pieces)
                                text += one;
                            return text;
                        });
}

}  // namespace

TEST_CASE("a text is measured as handsets and networks split it") {
    struct Row {
        std::string text;
        Encoding encoding;
        int units;
        int segments;
    };
    const Encoding gsm7 = Encoding::gsm7, ucs2 = Encoding::ucs2;
    const std::vector<Row> rows{
        {"", gsm7, 0, 0},
        {"a", gsm7, 1, 1},
        {times(160, "a"), gsm7, 160, 1},
        {times(161, "a"), gsm7, 161, 2},
        {times(306, "a"), gsm7, 306, 2},
        {times(307, "a"), gsm7, 307, 3},
        {times(80, "€"), gsm7, 160, 1},
        {times(81, "€"), gsm7, 162, 2},
        {times(159, "a") + "€", gsm7, 161, 2},
        {times(152, "a") + "€" + times(152, "a"), gsm7, 306, 3},  // the escape pair does not fit the last septet
        {times(151, "a") + "€" + times(153, "a"), gsm7, 306, 2},
        {times(77, "€") + times(152, "a"), gsm7, 306, 3},
        {"^{}\\[~]|€\f", gsm7, 20, 1},
        {"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ ¤¡ÄÖÑÜ§¿äöñüà", gsm7, 45, 1},
        {"ç", ucs2, 1, 1},  // the alphabet has only the capital
        {"`", ucs2, 1, 1},
        {"’", ucs2, 1, 1},
        {"\t", ucs2, 1, 1},
        {"\x1b", ucs2, 1, 1},
        {"\u00a0", ucs2, 1, 1},
        {std::string(1, '\0'), ucs2, 1, 1},
        {times(70, "漫"), ucs2, 70, 1},
        {times(71, "漫"), ucs2, 71, 2},
        {times(134, "漫"), ucs2, 134, 2},
        {times(135, "漫"), ucs2, 135, 3},
        {times(35, "😀"), ucs2, 70, 1},
        {times(66, "ж") + "😀" + times(10, "ж"), ucs2, 78, 2},  // the pair begins the second part
        {times(66, "ж") + "😀" + times(66, "ж"), ucs2, 134, 3},
        {times(65, "ж") + "😀" + times(67, "ж"), ucs2, 134, 2},
        {"\xff", ucs2, 1, 1},  // invalid bytes count as U+FFFD
        {"\xe6\xbc", ucs2, 1, 1},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const Measure measured = measure(row.text);
        CHECK(word(measured.encoding) == word(row.encoding));
        CHECK(measured.units == row.units);
        CHECK(measured.segments == row.segments);
    }
}

TEST_CASE("the GSM alphabet has 127 characters of one septet and 10 of two") {
    int single = 0, extension = 0;
    for (char32_t c = 1; c < 0x10000; ++c) {
        if (c >= 0xd800 && c < 0xe000) continue;
        const Measure measured = measure(utf8(c));
        if (measured.encoding == Encoding::gsm7) ++(measured.units == 1 ? single : extension);
    }
    CHECK(single == 127);
    CHECK(extension == 10);
}

TEST_CASE("texts are normalised only where typography alone forces UCS-2") {
    struct Row {
        std::string text;
        std::string normalised;
    };
    const std::vector<Row> rows{
        {"", ""},
        {"CNY\u00a03.00 at 1:30\u202fPM", "CNY 3.00 at 1:30 PM"},
        {"you’re ‘here’", "you're 'here'"},
        {"“1” – „2“ — 3…", "\"1\" - \"2\" - 3..."},
        {"−5", "-5"},
        {"naïve – Łódź", "naïve – Łódź"},  // needs UCS-2 whatever is replaced
        {"流量包“日本”——3…\u00a05", "流量包“日本”——3… 5"},
        {"£45 €50 Åland é ñ", "£45 €50 Åland é ñ"},
    };
    for (const Row& row : rows)
        CHECK(normalise_for_sms(row.text) == row.normalised);
}

TEST_CASE("measuring is consistent for any text") {
    rc::prop("the parts hold what there is, and no more parts than needed", [] {
        const Measure measured = measure(*mixed_text());
        const bool gsm7 = measured.encoding == Encoding::gsm7;
        const int single = gsm7 ? 160 : 70, part = gsm7 ? 153 : 67;
        if (measured.units <= single) {
            RC_ASSERT(measured.segments == (measured.units == 0 ? 0 : 1));
        } else {
            RC_ASSERT(measured.segments >= 2);
            RC_ASSERT(measured.units <= measured.segments * part);
            // Each part but the last is full up to the one unit that a pair may leave.
            RC_ASSERT(measured.units > (measured.segments - 1) * (part - 1));
        }
    });
    rc::prop("appending never takes a part away, and units add up", [] {
        const std::string text = *mixed_text(), more = *mixed_text();
        const Measure before = measure(text), after = measure(text + more);
        RC_ASSERT(after.segments >= before.segments);
        RC_ASSERT(after.encoding == (before.encoding == Encoding::ucs2 ? Encoding::ucs2 : measure(more).encoding));
        if (after.encoding == before.encoding && measure(more).encoding == before.encoding)
            RC_ASSERT(after.units == before.units + measure(more).units);
    });
    rc::prop("normalising twice is normalising once, and never costs more segments", [] {
        const std::string text = *mixed_text() + (*rc::gen::arbitrary<bool>() ? "’" : "") + *mixed_text();
        const std::string once = normalise_for_sms(text);
        RC_ASSERT(normalise_for_sms(once) == once);
        RC_ASSERT(measure(once).segments <= measure(text).segments);
    });
    rc::prop("any bytes at all are measured", [] {
        const auto bytes = *rc::gen::arbitrary<std::string>();
        RC_ASSERT(measure(bytes).units >= (bytes.empty() ? 0 : 1));
    });
}
