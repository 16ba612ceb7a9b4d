#include "notifications/sms_reply.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <vector>

// Contract, section 7: what a customer's SMS may say.
namespace roamguard::notifications {
namespace {

using Says = SmsReply::Says;

std::string said(std::string_view text) {
    const SmsReply reply = read_sms_reply(text);
    const std::map<Says, std::string> words{
        {Says::number, "number"}, {Says::yes, "yes"},     {Says::no, "no"},     {Says::stop, "stop"},
        {Says::start, "start"},   {Says::usage, "usage"}, {Says::help, "help"}, {Says::unreadable, "unreadable"},
        {Says::cap, "cap"}};
    std::string result = words.at(reply.says);
    if (reply.says == Says::cap)
        result +=
            " " + tariffs::to_decimal({reply.micros, {}}) + (reply.currency.none() ? "" : " " + reply.currency.code());
    if (reply.number != 0) result += " " + std::to_string(reply.number);
    return reply.code.empty() ? result : result + " " + reply.code;
}

struct Row {
    std::string text, means;
};

void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        INFO("»" << row.text << "«");
        CHECK(said(row.text) == row.means);
    }
}

const std::map<std::string, std::vector<std::string>> vocabulary{
    {"yes", {"YES", "Y", "JA", "OUI", "SI", "SÍ", "是", "是的", "确认", "確認", "同意", "はい", "ハイ"}},
    {"no",
     {"NO", "N", "NEIN", "NON", "否", "不", "不是", "不要", "不用", "不同意", "拒绝", "拒絕", "いいえ", "イイエ"}},
    {"stop", {"STOP", "STOPP", "ARRÊT", "BAJA", "退订", "退訂", "配信停止"}},
    {"start", {"START", "ALTA", "订阅", "訂閱", "配信開始"}},
    {"usage", {"USAGE", "VERBRAUCH", "CONSO", "CONSOMMATION", "CONSUMO", "用量", "查询", "查詢", "使用量", "利用状況"}},
    {"help", {"HELP", "INFO", "HILFE", "AIDE", "AYUDA", "帮助", "幫助", "ヘルプ"}},
};

}  // namespace

TEST_CASE("each word has its one meaning, in any case and with anything harmless around it") {
    for (const auto& [means, words] : vocabulary)
        for (const std::string& word : words) {
            std::string lower = word;
            std::transform(lower.begin(), lower.end(), lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
            check({{word, means}, {lower, means}, {" " + word + "!\r\n", means}, {"「" + word + "」。", means}});
        }
}

TEST_CASE("a number selects a choice, perhaps with the question's code") {
    check({
        {"1", "number 1"},
        {"9", "number 9"},
        {"1 4821", "number 1 4821"},
        {"3  0007", "number 3 0007"},
        {"1\t4821", "number 1 4821"},
        {"１　４８２１", "number 1 4821"},
        {"①", "number 1"},
        {"1.", "number 1"},
        {"(2)", "number 2"},
        {"'1 4821'", "number 1 4821"},
        {"“1 4821”", "number 1 4821"},
        {"2！", "number 2"},
    });
}

TEST_CASE("a no may name the question, a yes may not") {
    check({
        {"NO 4821", "no 4821"},
        {"nein 4821.", "no 4821"},
        {"否　４８２１", "no 4821"},
        {"YES 4821", "unreadable"},
        {"Y 4821", "unreadable"},
        {"是 4821", "unreadable"},
        {"STOP 4821", "unreadable"},
        {"HELP 4821", "unreadable"},
    });
}

TEST_CASE("a word for cap and an amount set a cap of one's own, in every language") {
    for (const std::string word :
         {"CAP", "cap", "Limit", "LIMITE", "Límite", "plafond", "Tope", "上限", "限额", "限額", "ＣＡＰ"})
        check({{word + " 100", "cap 100.00"},
               {word + "100", "cap 100.00"},
               {"¡" + word + " 99,50!", "cap 99.50"},
               {word + "  １００．５", "cap 100.50"}});
    check({
        {"CAP 0", "cap 0.00"},
        {"CAP 0.01", "cap 0.01"},
        {"CAP 999999999999", "cap 999999999999.00"},
        {"CAP 100 EUR", "cap 100.00 EUR"},
        {"cap 100.5 eur", "cap 100.50 EUR"},
        {"上限１００ ＪＰＹ。", "cap 100.00 JPY"},
        {"CAP 100,-", "cap 100.00"},
        {"CAP\n100", "cap 100.00"},
    });
}

TEST_CASE("an amount that could be another one sets nothing") {
    for (const std::string text : {"CAP",
                                   "CAP EUR",
                                   "CAP EUR 100",
                                   "CAP 100 4821",
                                   "CAP 1,000",
                                   "CAP 1.000",
                                   "CAP 1 000",
                                   "CAP 1'000",
                                   "CAP 1.000,00",
                                   "CAP 1,000.00",
                                   "CAP 100.123",
                                   "CAP .5",
                                   "CAP 5..0",
                                   "CAP 0100",
                                   "CAP 00",
                                   "CAP -100",
                                   "CAP–100",
                                   "CAP +100",
                                   "CAP %100",
                                   "CAP 100%",
                                   "CAP 100 %",
                                   "CAP 100 ％!",
                                   "CAP 1e3",
                                   "CAP 100k",
                                   "CAP 100€",
                                   "CAP €100",
                                   "CAP $100",
                                   "CAP 100EUR",
                                   "CAP 100 EURO",
                                   "CAP 100 XXX",
                                   "CAP 100 EU",
                                   "CAP 100 EUR EUR",
                                   "CAP 100 please",
                                   "please CAP 100",
                                   "100 CAP",
                                   "100",
                                   "NO CAP 100",
                                   "CAP CAP 100",
                                   "CAP 100 CAP",
                                   "CAP 100 200",
                                   "CAPS 100",
                                   "MYCAP 100",
                                   "CAP１００４８２１１１１１１１",
                                   "CAP 1\xcc\x81",
                                   "CAP ½",

                                   "CAP ١٠٠",
                                   "CAP 1\xe2\x80\x8b"
                                   "00",
                                   "CAP: 100",
                                   "上限100元",
                                   "限额一百",
                                   "CAP 100\xff"})
        check({{text, "unreadable"}});
}

TEST_CASE("random text sets a cap only where it is the word and one amount") {
    rc::prop("of ASCII", [] {
        static const std::vector<std::string> pieces{"CAP", "cap", "LIMIT", " ",   "  ", "1", "100", "0",  ".", ",",
                                                     "5",   "50",  "000",   "EUR", "%",  "-", "!",   "NO", "x", "'"};
        std::string text = *rc::gen::inRange(0, 3) == 0 ? "" : "CAP ";
        for (int n = *rc::gen::inRange(1, 7); n > 0; --n)
            text += *rc::gen::elementOf(pieces);
        static const std::regex whole(
            R"([\s!',.-]*(cap|limit)\s*(0|[1-9][0-9]{0,11})([.,][0-9]{1,2})?(\s+eur)?[\s!',.-]*)", std::regex::icase);
        RC_ASSERT((read_sms_reply(text).says == Says::cap) == std::regex_match(text, whole));
    });
}

TEST_CASE("accents, case, width and what surrounds do not matter") {
    check({
        {"sí", "yes"},
        {"Si\xcc\x81", "yes"},  // decomposed
        {"¡SÍ!", "yes"},
        {"ＹＥＳ", "yes"},
        {"ﾊｲ", "yes"},
        {"はい～", "yes"},
        {"  «Oui» ", "yes"},
        {"`no`", "no"},
        {"arret", "stop"},
        {"\xe2\x80\x8bYES\xe2\x80\x8b", "yes"},  // zero width spaces
        {"\xe2\x80\xaa"
         "1 4821"
         "\xe2\x80\xac",
         "number 1 4821"},  // a bidi embedding around it
        {"\xef\xbb\xbf"
         "1",
         "number 1"},  // a byte order mark
        {std::string(1000, ' ') + "1" + std::string(1000, '\n'), "number 1"},
    });
}

TEST_CASE("what is outside the grammar is unreadable") {
    check({
        {"", "unreadable"},
        {"   ", "unreadable"},
        {"?!", "unreadable"},
        {"0", "unreadable"},
        {"10", "unreadable"},
        {"01", "unreadable"},
        {"-1", "unreadable"},
        {"–1", "unreadable"},
        {"+1", "unreadable"},
        {"1$", "unreadable"},
        {"1.5", "unreadable"},
        {"½", "unreadable"},
        {"1,4821", "unreadable"},
        {"1.4821", "unreadable"},
        {"1-4821", "unreadable"},
        {"14821", "unreadable"},
        {"1 482", "unreadable"},
        {"1 48210", "unreadable"},
        {"1 48 21", "unreadable"},
        {"1 4821 1", "unreadable"},
        {"4821", "unreadable"},
        {"4821 1", "unreadable"},
        {"1 2", "unreadable"},
        {"1 YES", "unreadable"},
        {"YES 1", "unreadable"},
        {"NO 1", "unreadable"},
        {"YES NO", "unreadable"},
        {"YES YES", "unreadable"},
        {"not yes", "unreadable"},
        {"yes please", "unreadable"},
        {"yesno", "unreadable"},
        {"不 是", "unreadable"},
        {"不确认", "unreadable"},
        {"OK", "unreadable"},
        {"HAI", "unreadable"},
        {"SIM", "unreadable"},
        {"CAP", "unreadable"},
        {"№ 4821", "unreadable"},
        {"Nº 4821", "unreadable"},
        {"ばい", "unreadable"},  // a kana's voice mark is no accent
        {"١", "unreadable"},     // digits of other scripts
        {"YES 👍", "unreadable"},
        {"👍", "unreadable"},
        {"1\xef\xb8\x8f\xe2\x83\xa3", "unreadable"},  // a keycap
        {"Y\xcc\xb6"
         "E\xcc\xb6"
         "S\xcc\xb6",
         "unreadable"},  // struck out
        {"1\xcc\xb8", "unreadable"},
        {"1\xcc\x81", "unreadable"},
        {"\xcc\x81", "unreadable"},
        {"Y\xe2\x80\x8b"
         "ES",
         "unreadable"},  // a zero width space inside
        {"Y\xcd\x8f"
         "ES",
         "unreadable"},  // a grapheme joiner inside
        {"1 48\xe2\x80\xae"
         "21",
         "unreadable"},                // a bidi override inside
        {"Y\xd0\x95S", "unreadable"},  // a Cyrillic letter that looks the same
        {"YES\xff", "unreadable"},
        {"\xc0\xb1", "unreadable"},  // an overlong 1
        {"\xed\xa0\x80"
         "1",
         "unreadable"},               // half a surrogate pair
        {"1\xe4\xbd", "unreadable"},  // cut off within a character
        {std::string("1\0", 2), "unreadable"},
        {std::string("\0YES", 4), "unreadable"},
        {std::string("1 4821\0 ", 8), "unreadable"},
        {"YES" + std::string(300, '!') + "x", "unreadable"},
        {std::string(161, '1'), "unreadable"},
        {std::string(1 << 20, 'Y'), "unreadable"},
        {std::string(1 << 20, '\xcc'), "unreadable"},
        {"1" + std::string(1 << 20, ' '), "unreadable"},
    });
}

TEST_CASE("a long run of combining marks takes no time") {
    std::string text = "Y";
    while (text.size() < 4000)
        text += "\xcc\x81\xcc\xa7";  // above and below, which normalising has to sort
    CHECK(said(text) == "yes");
    CHECK(said(text + text) == "unreadable");
}

TEST_CASE("random text is read as a number or a yes only where it is one") {
    const auto plainly = [](std::string_view text, std::string_view punctuation) {
        const std::size_t from = text.find_first_not_of(punctuation);
        if (from == std::string_view::npos) return std::string();
        std::string plain(text.substr(from, text.find_last_not_of(punctuation) + 1 - from));
        std::transform(plain.begin(), plain.end(), plain.begin(), [](unsigned char c) { return std::tolower(c); });
        return plain;
    };
    rc::prop("of ASCII", [&] {
        // Pieces that often make an answer, and any other character now and then.
        static const std::vector<std::string> pieces{"1", "9", "4821", "YES", "ja", "Y", "no", " ", " ", "!", "'", "-"};
        std::string text;
        for (int n = *rc::gen::inRange(1, 5); n > 0; --n)
            text += *rc::gen::inRange(0, 8) == 0 ? std::string(1, *rc::gen::inRange<char>(1, 127))
                                                 : *rc::gen::elementOf(pieces);
        const SmsReply reply = read_sms_reply(text);
        const std::string plain = plainly(text, " \t\n\v\f\r!\"#%&'()*,-./:;<>?@[\\]^_`{|}~");
        const bool yes = plain == "yes" || plain == "y" || plain == "ja" || plain == "oui" || plain == "si";
        RC_ASSERT((reply.says == Says::yes) == yes);
        if (reply.says == Says::number) RC_ASSERT(plain.at(0) == static_cast<char>('0' + reply.number));
        if (reply.says == Says::number && reply.code.empty()) RC_ASSERT(plain.size() == 1u);
        if (!reply.code.empty()) RC_ASSERT(plain.substr(plain.size() - 4) == reply.code);
    });
    rc::prop("of any bytes", [] {
        const auto text = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
        const SmsReply reply = read_sms_reply(text);
        if (reply.says == Says::number)
            RC_ASSERT(text.find(static_cast<char>('0' + reply.number)) != std::string::npos);
        RC_ASSERT(reply.code.empty() || reply.code.size() == 4u);
        RC_ASSERT(reply.says != Says::unreadable || (reply.number == 0 && reply.code.empty()));
    });
}

TEST_CASE("a valid answer that was changed is unreadable") {
    rc::prop("by a word, a digit, a negation or another answer", [] {
        const std::string valid = *rc::gen::elementOf(
            std::vector<std::string>{"1", "2", "9", "1 4821", "3 0000", "YES", "ja", "Oui", "sí", "是", "はい"});
        const std::string changed = *rc::gen::elementOf(std::vector<std::string>{
            valid + " please", "not " + valid, "nicht " + valid, "no " + valid + " no", "不" + valid, valid + "不要",
            valid + " x", "x" + valid, valid + "0", "0" + valid, valid + " 1", valid + " or " + valid,
            valid + "\xe2\x80\x8b"
                    "1",
            "¬" + valid, valid + " = no", valid + "👎", valid + "\xcc\xb6"});
        const std::string now = said(changed);
        // 不是 is itself a word of the vocabulary: a no.
        if (changed == "不是" || changed == "是不要")
            RC_ASSERT(now == (changed == "不是" ? "no" : "unreadable"));
        else
            RC_ASSERT(now == "unreadable");
    });
}

}  // namespace roamguard::notifications
