#include <catch2/catch.hpp>

#include "tests/notifications/samples.h"

using namespace roamguard;
using namespace roamguard::notifications;
using namespace roamguard::notifications::samples;
using tariffs::Service;

namespace {

Facts in_flight(const char* language) {
    Facts facts = in_japan(Kind::confirm_destination, language);
    facts.klass = geoip::NetworkClass::inflight;
    facts.country = {};
    facts.prices = five_prices("10.24");
    ask(facts, {proceed(), decline()});
    return facts;
}

Facts cap_question(const char* language) {
    Facts facts = cap_in_japan(Kind::confirm_cap, language, "300.00");
    ask(facts, {extend("400.00"), pass("Japan", "30.00"), decline()});
    return facts;
}

}  // namespace

TEST_CASE("a welcome tells the traveller's own prices and how to help oneself") {
    CHECK(text_of(in_japan(Kind::welcome, "en-GB")) ==
          "Welcome to Japan. Your roaming prices (incl. tax):\n"
          "Data: CNY 3.00 per MB\n"
          "Calls: CNY 2.99 per minute\n"
          "Received calls: CNY 1.99 per minute\n"
          "SMS: CNY 0.39 per message\n"
          "Received SMS: free\n"
          "Cap for mobile data: CNY 300.00, used as recorded so far: CNY 0.00.\n"
          "Reply USAGE for your use, STOP for fewer texts.");
    CHECK(text_of(in_japan(Kind::welcome, "zh-CN")) ==
          "欢迎来到日本。您的国际及港澳台漫游资费（含税）：\n"
          "数据流量：人民币3.00元/MB\n"
          "拨打电话：人民币2.99元/分钟\n"
          "接听电话：人民币1.99元/分钟\n"
          "发送短信：人民币0.39元/条\n"
          "接收短信：免费\n"
          "数据流量限额人民币300.00元，截至目前记录已用人民币0.00元。\n"
          "回复“用量”查询用量，回复“退订”减少短信。");
}

TEST_CASE("a welcome where several countries share the network says that the highest price counts") {
    Facts facts = in_japan(Kind::welcome, "en");
    facts.country = *geoip::Country::parse("CH");
    facts.ambiguous = true;
    facts.limit = {};
    facts.prices = {price(Service::data, "0.0005")};
    facts.prices[0].unit.amount = 10 * 1024;
    facts.prices[0].tax = tariffs::Tax::excl;
    CHECK(text_of(facts) ==
          "Welcome to Switzerland. Your roaming prices (excl. tax):\n"
          "Data: CNY 0.0005 per 10 KB\n"
          "This network serves several countries; the highest price counts.\n"
          "Reply USAGE for your use, STOP for fewer texts.");
}

TEST_CASE("a high-cost place is asked about with the whole content of the welcome") {
    CHECK(text_of(in_flight("en-GB")) ==
          "You are connected to an in-flight network (aircraft). Mobile data is off until you agree. "
          "Prices (incl. tax):\n"
          "Data: CNY 10.24 per MB\n"
          "Calls: CNY 2.99 per minute\n"
          "Received calls: CNY 1.99 per minute\n"
          "SMS: CNY 0.39 per message\n"
          "Received SMS: free\n"
          "Cap for mobile data: CNY 300.00, used as recorded so far: CNY 0.00.\n"
          "1 Use data here for this trip\n"
          "2 No, stay off\n"
          "Reply with number or NO by 25 Nov 2026, 13:31 (UTC+8). Several questions? Add code: 2 4821.");
    CHECK(text_of(in_flight("zh-CN")) ==
          "您已接入飞机上的机载网络。数据流量已关闭，待您同意。资费（含税）：\n"
          "数据流量：人民币10.24元/MB\n"
          "拨打电话：人民币2.99元/分钟\n"
          "接听电话：人民币1.99元/分钟\n"
          "发送短信：人民币0.39元/条\n"
          "接收短信：免费\n"
          "数据流量限额人民币300.00元，截至目前记录已用人民币0.00元。\n"
          "1 本次行程在此使用数据流量\n"
          "2 不，保持关闭\n"
          "请在2026年11月25日 13:31（UTC+8）前回复序号或“否”，有多个问题时加验证码：2 4821。");
}

TEST_CASE("an unknown place says that its price is not known") {
    Facts facts = in_flight("en");
    facts.klass = geoip::NetworkClass::unknown;
    facts.prices.clear();
    facts.limit = {};
    CHECK(text_of(facts) ==
          "You are connected to a foreign network. Mobile data is off until you agree. "
          "We know no price here; use may be expensive.\n"
          "1 Use data here for this trip\n"
          "2 No, stay off\n"
          "Reply with number or NO by Nov 25, 2026, 1:31 PM (UTC+8). Several questions? Add code: 2 4821.");
}

TEST_CASE("a threshold tells amount, limit, price and what happens at the limit") {
    CHECK(text_of(cap_in_japan(Kind::threshold, "en-GB", "240.00")) ==
          "80% of your mobile data cap reached: used CNY 240.00 of CNY 300.00 incl. tax, as recorded so far. "
          "Price: mobile data CNY 3.00 per MB incl. tax. At CNY 300.00 it stops until you agree. "
          "Do nothing to go on; to stop, turn data roaming off. Cap renews 1 Dec 2026, 00:00 (UTC+8).");
    CHECK(text_of(cap_in_japan(Kind::threshold, "zh-CN", "240.00")) ==
          "您的国际及港澳台漫游数据流量已达限额的80%：截至目前记录已用人民币240.00元，限额人民币300.00元（含税）。"
          "资费：数据流量人民币3.00元/MB（含税）。达到限额后将关闭，经您同意才会继续。"
          "您无需操作；如需立即停用，请关闭数据漫游。限额于2026年12月1日 00:00（UTC+8）重新计算。");
}

TEST_CASE("an early threshold says that it is a forecast, and a notice-only cap that nothing stops") {
    Facts facts = cap_in_japan(Kind::threshold, "en-GB", "201.50");
    facts.early = true;
    facts.notify_only = true;
    facts.period_end.reset();
    facts.per_trip = true;
    CHECK(text_of(facts) ==
          "Forecast: at this pace you soon reach 80% of your mobile data cap. Used CNY 201.50 of CNY 300.00 incl. tax, "
          "as recorded so far. Price: mobile data CNY 3.00 per MB incl. tax. It does not stop at CNY 300.00. "
          "Do nothing to go on; to stop, turn data roaming off.");
}

TEST_CASE("the question at a cap tells what is off, what each answer does and what silence does") {
    CHECK(text_of(cap_question("en-GB")) ==
          "Switched off: mobile data. Used CNY 300.00 of your cap of CNY 300.00 incl. tax, as recorded so far. "
          "Price beyond: mobile data CNY 3.00 per MB incl. tax.\n"
          "1 Continue up to CNY 400.00\n"
          "2 Japan, 500 MB, 1 day: CNY 30.00 incl. tax\n"
          "3 No, stay off\n"
          "Reply with number or NO by 25 Nov 2026, 13:31 (UTC+8). Several questions? Add code: 3 4821. "
          "No answer: it stays off until 1 Dec 2026, 00:00 (UTC+8).");
    CHECK(text_of(cap_question("zh-CN")) ==
          "国际及港澳台漫游数据流量已关闭：截至目前记录已用人民币300.00元，限额人民币300.00元（含税）。"
          "继续使用的资费：数据流量人民币3.00元/MB（含税）。\n"
          "1 继续使用，限额提高至人民币400.00元\n"
          "2 Japan（500MB，1天）：人民币30.00元（含税）\n"
          "3 不，保持关闭\n"
          "请在2026年11月25日 13:31（UTC+8）前回复序号或“否”，有多个问题时加验证码：3 4821。"
          "不答复则保持关闭至2026年12月1日 00:00（UTC+8）。");
}

TEST_CASE("a link is printed only where there is one and links are allowed") {
    Facts facts = cap_question("en");
    facts.link = "https://roam.example/c/abc";
    CHECK(text_of(facts).find("roam.example") == std::string::npos);
    facts.links = Links::on;
    CHECK(text_of(facts).find("\nOr answer online, only over Wi-Fi: https://roam.example/c/abc") != std::string::npos);
    facts.links = Links::zero_rated;
    CHECK(text_of(facts).find("\nOr answer online, free of charge: https://roam.example/c/abc") != std::string::npos);
    facts.link.clear();
    CHECK(text_of(facts).find("online") == std::string::npos);
}

TEST_CASE("a receipt says what was agreed and how to take it back") {
    Facts facts = cap_question("en");
    facts.kind = Kind::receipt;
    facts.chosen = facts.choices[0];
    CHECK(text_of(facts) ==
          "Confirmed. Your cap for mobile data is now CNY 400.00, used as recorded so far: CNY 300.00. "
          "Reply NO to close it again. Price: mobile data CNY 3.00 per MB incl. tax.");
    facts.chosen = facts.choices[1];
    facts.prices.clear();
    facts.still_held = true;
    CHECK(text_of(facts) ==
          "Confirmed. Pass bought: Japan, 500 MB, 1 day: CNY 30.00 incl. tax. It starts now. "
          "It ends Dec 1, 2026, 12:00 AM (UTC+8). Data stays off for another reason; see our other message.");
    facts.chosen.reset();
    facts.choices = {proceed()};
    CHECK(text_of(facts) == "Confirmed. Data stays off for another reason; see our other message.");
    facts.still_held = false;
    CHECK(text_of(facts) == "Confirmed. Data is on for this trip: Japan. Reply NO to switch it off again.");
    facts.language = "zh-CN";
    CHECK(text_of(facts) == "已确认。本次行程可在日本使用数据流量。回复“否”可重新关闭。");
}

TEST_CASE("STOP and START are answered with what holds in every regime") {
    Facts facts;
    facts.kind = Kind::receipt;
    facts.note = Note::stopped;
    CHECK(text_of(facts) ==
          "Optional texts are off, perhaps usage warnings too. Required ones and questions about switched-off services "
          "still come. Reply START for all texts.");
    facts.note = Note::started;
    CHECK(text_of(facts) == "Optional texts are on again. Reply STOP to end them.");
}

TEST_CASE("who declines reads what stays off, or only that nothing was switched on where nothing is off any more") {
    Facts facts = cap_in_japan(Kind::declined, "en-GB", "300.00");
    facts.period_end.reset();
    facts.still_held = true;
    CHECK(text_of(facts) ==
          "Your answer was no. Stays off: mobile data. You changed your mind? Reply YES and we ask again.");
    facts.still_held = false;
    CHECK(text_of(facts) ==
          "Your answer was no. Nothing was switched on. While it is off, you can reply YES and we ask again.");
}

TEST_CASE("help says how the open questions are answered") {
    struct Row {
        Note note;
        bool one_open;
        std::string text;  ///< without the keywords that end each
    };
    const std::string choices = "\n1 Continue up to CNY 400.00\n2 No, stay off\nReply with number or NO.";
    Facts payer_asked;
    payer_asked.kind = Kind::help;
    payer_asked.payer_decides = true;
    CHECK(text_of(payer_asked) ==
          "The payer of your line has been asked. Nothing was changed."
          "\nReply USAGE for your use, STOP for fewer texts, START for all.");
    const std::vector<Row> rows{
        {Note::none, true, "One question is open:" + choices},
        {Note::not_understood, true, "We did not understand. Nothing was changed." + choices},
        {Note::not_understood, false, "We did not understand. Nothing was changed."},
        {Note::nothing_open, false, "No question is open. Nothing was changed."},
        {Note::several_open, false,
         "Several questions are open. Send number and code as in the text you answer, like 2 4821. "
         "Nothing was changed."},
        {Note::already_decided, false,
         "This question is closed already; the answer was: No, stay off. Nothing was changed."},
        {Note::already_decided, true,
         "This question is closed already; the answer was: No, stay off. Nothing was changed. Still open:" + choices},
    };
    for (const Row& row : rows) {
        Facts facts;
        facts.kind = Kind::help;
        facts.note = row.note;
        if (row.note == Note::already_decided) facts.chosen = decline();
        if (row.one_open) ask(facts, {extend("400.00"), decline()});
        CHECK(text_of(facts) == row.text + "\nReply USAGE for your use, STOP for fewer texts, START for all.");
    }
}

TEST_CASE("a wish for a higher cap of one's own is asked back, and holds nothing") {
    Facts facts = cap_in_japan(Kind::confirm_cap, "en-GB", "120.00");
    facts.note = Note::own_cap;
    ask(facts, {extend("500.00"), decline()});
    CHECK(text_of(facts) ==
          "You asked for a higher cap for mobile data: now CNY 300.00, used CNY 120.00 as recorded so far. "
          "Price beyond: mobile data CNY 3.00 per MB incl. tax.\n"
          "1 Raise the cap to CNY 500.00\n"
          "2 No, leave it\n"
          "Reply with number or NO by 25 Nov 2026, 13:31 (UTC+8). Several questions? Add code: 2 4821. "
          "No answer: the cap stays as it is.");
    facts.kind = Kind::declined;
    CHECK(text_of(facts) == "Your answer was no. Your cap stays at CNY 300.00.");
    facts.language = "zh";
    CHECK(text_of(facts) == "您已选择不继续。限额仍为人民币300.00元。");
}

TEST_CASE("a payer reads which line is meant, and its user reads that the payer is asked") {
    Facts payer = cap_question("en-GB");
    payer.line = "+447*******23";
    CHECK(text_of(payer).substr(0, 61) == "For +447*******23:\nSwitched off: mobile data. Used CNY 300.00");
    Facts user = cap_in_japan(Kind::confirm_cap, "en-GB", "300.00");
    user.payer_decides = true;
    CHECK(text_of(user) ==
          "Switched off: mobile data. Used CNY 300.00 of your cap of CNY 300.00 incl. tax, as recorded so far. "
          "Price beyond: mobile data CNY 3.00 per MB incl. tax.\n"
          "The payer of your line has been asked. No answer: it stays off until 1 Dec 2026, 00:00 (UTC+8).");
}

TEST_CASE("the smaller messages read as whole texts") {
    struct Row {
        Kind kind;
        std::string english;
        std::string chinese;
    };
    const std::vector<Row> rows{
        {Kind::declined,
         "Your answer was no. Stays off: mobile data, until Dec 1, 2026, 12:00 AM (UTC+8). "
         "You changed your mind? Reply YES and we ask again.",
         "您已选择不继续。数据流量保持关闭至2026年12月1日 00:00（UTC+8）。如改变主意，请回复“是”，我们会再次询问。"},
        {Kind::released,
         "On again: mobile data. Price: mobile data CNY 3.00 per MB incl. tax. "
         "Used CNY 120.00 of CNY 300.00, as recorded so far.",
         "数据流量已恢复。资费：数据流量人民币3.00元/MB（含税）。截至目前记录已用人民币120.00元，限额人民币300.00元。"},
        {Kind::inadvertent,
         "Your phone keeps changing between home and a network of Japan. If you are at home, you may be hearing a "
         "neighbouring country's network, at roaming prices: mobile data CNY 3.00 per MB incl. tax. To avoid it, "
         "choose "
         "your home network by hand or turn data roaming off.",
         "您的手机在归属地网络与日本的网络之间反复切换。如果您并未出境，手机可能收到了邻近国家或地区的信号，会按漫游计"
         "费："
         "数据流量人民币3.00元/MB（含税）。请在手机上手动选择归属地网络，或关闭数据漫游。"},
        {Kind::no_guarantee,
         "You are connected to Japan. Its usage records reach us late; we cannot guarantee that warnings and your cap "
         "work in time here. Price: mobile data CNY 3.00 per MB incl. tax. To be safe, turn data roaming off.",
         "您已接入日本。该网络话单到达较晚，在此无法保证提醒和限额及时生效。资费：数据流量人民币3.00元/MB（含税）。"
         "为避免意外费用，可关闭数据漫游。"},
        {Kind::trip_summary,
         "Your trip is over. Roaming cost as recorded so far: CNY 120.00 and €3.50. "
         "Some networks report later, so more may follow.",
         "您的行程已结束。截至目前记录，国际及港澳台漫游费用为人民币120.00元和3."
         "50欧元。部分网络话单到达较晚，费用可能增加。"},
        {Kind::help,
         "We did not understand. Nothing was changed.\n"
         "Reply USAGE for your use, CAP and an amount for your own cap, STOP for fewer texts, START for all.",
         "未能识别您的回复，未作任何更改。\n"
         "回复“用量”查询用量，“限额”加金额设定限额，“退订”减少短信，“订阅”恢复全部短信。"},
        {Kind::usage,
         "Used as recorded so far: mobile data CNY 120.00 of CNY 300.00 (40%).\nThis trip: CNY 120.00 and €3.50.",
         "截至目前记录：数据流量已用人民币120.00元，限额人民币300.00元（40%）。\n本次行程：人民币120.00元和3.50欧元。"},
    };
    for (const Row& row : rows) {
        Facts facts = cap_in_japan(row.kind, "en", "120.00");
        facts.spent = {money("120.00"), money("3.499999", "EUR")};
        facts.still_held = row.kind == Kind::declined;
        if (row.kind == Kind::help) facts.note = Note::not_understood;
        CHECK(text_of(facts) == row.english);
        facts.language = "zh-Hans";
        CHECK(text_of(facts) == row.chinese);
    }
}

TEST_CASE("a pass tells its volume, its end and the price after it") {
    Facts facts = cap_in_japan(Kind::pass_threshold, "en-GB", "0");
    facts.pass_name = "Japan 500 MB";
    facts.limit = megabytes(500);
    facts.used = megabytes(400);
    CHECK(text_of(facts) ==
          "80% of your pass \"Japan 500 MB\" used: 400 MB of 500 MB, as recorded so far. "
          "It ends 1 Dec 2026, 00:00 (UTC+8). After it: mobile data CNY 3.00 per MB incl. tax.");
    facts.kind = Kind::pass_ended;
    CHECK(text_of(facts) ==
          "Your pass \"Japan 500 MB\" has ended: 400 MB of 500 MB used, as recorded so far. "
          "From now on: mobile data CNY 3.00 per MB incl. tax. Your cap counts again. It is not renewed by itself.");
}

TEST_CASE("USAGE lists every cap with its period") {
    Facts facts = fullest(Kind::usage, "en-GB");
    facts.line.clear();
    CHECK(text_of(facts) ==
          "Used as recorded so far:\n"
          "mobile data: CNY 299.99 of CNY 300.00 (99%), until 1 Dec 2026, 00:00 (UTC+8)\n"
          "mobile data: 512 MB of 5 GB (10%), this trip\n"
          "This trip: CNY 120.00 and €3.50.");
    facts.caps[0].limit = facts.caps[1].limit = {};
    facts.caps[1].period_end.reset();
    facts.spent.clear();
    CHECK(text_of(facts) ==
          "Used as recorded so far:\n"
          "mobile data: CNY 299.99 used, no further limit, until 1 Dec 2026, 00:00 (UTC+8)\n"
          "mobile data: 512 MB used, no further limit, this trip");
    facts.caps.clear();
    facts.limit = {};
    CHECK(text_of(facts) == "No cap applies to you.");
}
