#include "notifications/sms_reply.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <initializer_list>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

namespace roamguard::notifications {
namespace {

using Says = SmsReply::Says;
using icu::UnicodeString;

/// No phone sends as much in one message, and long runs of combining marks are slow to normalise.
constexpr std::size_t most_bytes = 4096;

struct Words {
    Says says;
    std::initializer_list<const char*> words;
};

/// What the built-in languages say. Only words with one meaning in all of them: no `OK` (seen, or agreed?), no `CANCEL`
/// (the question, or the texts?), no `HAI` (Japanese yes, Vietnamese two).
const std::initializer_list<Words> vocabulary{
    {Says::yes, {"YES", "Y", "JA", "OUI", "SI", "是", "是的", "确认", "確認", "同意", "はい", "ハイ"}},
    {Says::no,
     {"NO", "N", "NEIN", "NON", "否", "不", "不是", "不要", "不用", "不同意", "拒绝", "拒絕", "いいえ", "イイエ"}},
    {Says::stop, {"STOP", "STOPP", "ARRET", "BAJA", "退订", "退訂", "配信停止"}},
    {Says::start, {"START", "ALTA", "订阅", "訂閱", "配信開始"}},
    {Says::usage,
     {"USAGE", "VERBRAUCH", "CONSO", "CONSOMMATION", "CONSUMO", "用量", "查询", "查詢", "使用量", "利用状況"}},
    {Says::cap, {"CAP", "LIMIT", "LIMITE", "PLAFOND", "TOPE", "上限", "限额", "限額"}},
    {Says::help, {"HELP", "INFO", "HILFE", "AIDE", "AYUDA", "帮助", "幫助", "ヘルプ"}},
};

void check(UErrorCode status) {
    if (U_FAILURE(status)) throw std::runtime_error(std::string("ICU cannot normalise: ") + u_errorName(status));
}

UnicodeString normalized(const icu::Normalizer2* form, const UnicodeString& text, UErrorCode& status) {
    check(status);
    UnicodeString result = form->normalize(text, status);
    check(status);
    return result;
}

/// Accents stand above or below. A mark through a letter strikes it out, one on a digit makes another sign of it, and
/// the marks of kana make another letter: all of those stay.
bool is_accent(UChar32 mark, UChar32 under) {
    return u_charType(mark) == U_NON_SPACING_MARK && u_getCombiningClass(mark) >= 200 && under >= 0 &&
           !u_isdigit(under);
}

UnicodeString without_accents(const UnicodeString& decomposed) {
    UnicodeString text;
    UChar32 under = -1;
    for (int32_t i = 0; i < decomposed.length(); i = decomposed.moveIndex32(i, 1)) {
        const UChar32 one = decomposed.char32At(i);
        if (is_accent(one, under)) continue;
        if (u_getCombiningClass(one) == 0) under = one;
        text.append(one);
    }
    return text;
}

/// What may stand around an answer without being part of it. Emoji may not: they say something.
bool surrounds(UChar32 one) {
    constexpr std::u16string_view like_punctuation = u"`~^<>|";
    return u_isUWhiteSpace(one) || u_ispunct(one) || u_hasBinaryProperty(one, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
           (one < 0x80 && like_punctuation.find(static_cast<char16_t>(one)) != std::u16string_view::npos);
}

bool is_per_cent(char16_t one) { return one == u'%' || one == u'\u2030' || one == u'\u2031' || one == u'\u066A'; }

/// Without what surrounds it. A dash before a number may be a sign, and a per cent sign after one makes it
/// another amount: such a text keeps them, and matches nothing.
UnicodeString trimmed(const UnicodeString& text) {
    int32_t from = 0, to = text.length();
    while (to > 0 && surrounds(text.char32At(text.moveIndex32(to, -1))))
        to = text.moveIndex32(to, -1);
    while (from < to && surrounds(text.char32At(from)))
        from = text.moveIndex32(from, 1);
    if (to > 0 && u_isdigit(text.char32At(text.moveIndex32(to, -1))))
        for (int32_t i = to; i < text.length(); ++i)
            if (is_per_cent(text[i])) to = i + 1;
    const bool number = from < to && u_isdigit(text.char32At(from));
    if (number && from > 0 && u_charType(text.char32At(text.moveIndex32(from, -1))) == U_DASH_PUNCTUATION)
        from = text.moveIndex32(from, -1);
    return {text, from, to - from};
}

/// The text as the vocabulary has it: one case, no accents, full-width forms as usual ones, nothing around it.
UnicodeString plain(std::string_view utf8) {
    UErrorCode status = U_ZERO_ERROR;
    UnicodeString text = UnicodeString::fromUTF8({utf8.data(), static_cast<int32_t>(utf8.size())});
    // "№ 4821" and "Nº 4821" would become a NO with a code.
    if (text.indexOf(u'\u2116') >= 0 || text.indexOf(u'\u00BA') >= 0) return {};
    text = normalized(icu::Normalizer2::getNFKCInstance(status), text, status);
    text = normalized(icu::Normalizer2::getNFDInstance(status), text.foldCase(), status);
    text = normalized(icu::Normalizer2::getNFCInstance(status), without_accents(text), status);
    return trimmed(text);
}

using Meanings = std::map<UnicodeString, Says>;

const Meanings& meanings() {
    static const Meanings all = [] {
        Meanings meanings;
        for (const Words& one : vocabulary)
            for (const char* word : one.words) {
                const UnicodeString text = plain(word);
                if (text.isEmpty() || meanings.emplace(text, one.says).first->second != one.says)
                    throw std::logic_error(std::string("an answer with two meanings: ") + word);
            }
        return meanings;
    }();
    return all;
}

std::optional<Says> meaning_of(const UnicodeString& word) {
    const auto found = meanings().find(word);
    return found == meanings().end() ? std::nullopt : std::optional(found->second);
}

bool is_digit(char16_t one) { return one >= u'0' && one <= u'9'; }

/// Four digits; empty when it is anything else.
std::string code_of(const UnicodeString& text) {
    std::string code;
    for (int32_t i = 0; i < text.length(); ++i) {
        if (!is_digit(text[i]) || code.size() == 4) return {};
        code += static_cast<char>(text[i]);
    }
    return code.size() == 4 ? code : std::string();
}

constexpr int32_t most_digits = 12;  // before the point: more than anybody may spend, and far from overflow
constexpr std::int64_t micros_of_one = 1'000'000;

int32_t digits_from(const UnicodeString& text, int32_t from) {
    int32_t to = from;
    while (to < text.length() && is_digit(text[to]))
        ++to;
    return to - from;
}

/// Whole units, perhaps a point or a comma and one or two decimals. Three digits after it may be thousands, which
/// nobody may guess; zeros in front are nobody's way to write an amount.
std::optional<std::int64_t> amount_of(const UnicodeString& text) {
    const int32_t whole = digits_from(text, 0);
    if (whole == 0 || whole > most_digits || (whole > 1 && text[0] == u'0')) return std::nullopt;
    std::int64_t micros = 0;
    for (int32_t i = 0; i < whole; ++i)
        micros = micros * 10 + (text[i] - u'0');
    micros *= micros_of_one;
    if (whole == text.length()) return micros;
    const int32_t decimals = digits_from(text, whole + 1);
    if ((text[whole] != u'.' && text[whole] != u',') || decimals < 1 || decimals > 2 ||
        whole + 1 + decimals != text.length())
        return std::nullopt;
    std::int64_t place = micros_of_one;
    for (int32_t i = whole + 1; i < text.length(); ++i)
        micros += (text[i] - u'0') * (place /= 10);
    return micros;
}

/// Three letters that are a currency's code.
tariffs::Currency currency_of(const UnicodeString& text) {
    std::string code;
    if (text.length() == 3) UnicodeString(text).toUpper().toUTF8String(code);
    return tariffs::Currency::parse(code).value_or(tariffs::Currency{});
}

std::pair<UnicodeString, UnicodeString> cut_at_space(const UnicodeString& text) {
    int32_t gap = 0, rest = 0;
    while (gap < text.length() && !u_isUWhiteSpace(text[gap]))
        ++gap;
    rest = gap;
    while (rest < text.length() && u_isUWhiteSpace(text[rest]))
        ++rest;
    return {UnicodeString(text, 0, gap), UnicodeString(text, rest)};
}

/// `CAP 100`, `CAP 100.50`, `CAP 100 EUR`, `上限100`; unreadable when it is anything else.
SmsReply read_cap(const UnicodeString& text) {
    int32_t word = 0;
    while (word < text.length() && !u_isUWhiteSpace(text[word]) && !is_digit(text[word]))
        ++word;
    if (meaning_of(UnicodeString(text, 0, word)) != Says::cap) return {};
    int32_t from = word;
    while (from < text.length() && u_isUWhiteSpace(text[from]))
        ++from;
    const auto [number, code] = cut_at_space(UnicodeString(text, from));
    SmsReply reply;
    const std::optional<std::int64_t> micros = amount_of(number);
    if (!code.isEmpty()) reply.currency = currency_of(code);
    if (!micros || (!code.isEmpty() && reply.currency.none())) return {};
    reply.says = Says::cap;
    reply.micros = *micros;
    return reply;
}

}  // namespace

SmsReply read_sms_reply(std::string_view utf8) {
    SmsReply reply;
    if (utf8.size() > most_bytes) return reply;
    const UnicodeString text = plain(utf8);
    if (const SmsReply cap = read_cap(text); cap.says == Says::cap) return cap;
    const auto [head, tail] = cut_at_space(text);
    const bool alone = tail.isEmpty();
    if (!alone && (reply.code = code_of(tail)).empty()) return {};
    if (head.length() == 1 && is_digit(head[0]) && head[0] != u'0') {
        reply.says = Says::number;
        reply.number = head[0] - u'0';
        return reply;
    }
    const std::optional<Says> meaning = meaning_of(head);
    if (!meaning || *meaning == Says::cap || (!alone && *meaning != Says::no)) return {};
    reply.says = *meaning;
    return reply;
}

}  // namespace roamguard::notifications
