#include "service/http/question_page.h"

#include <catch2/catch.hpp>

#include <regex>
#include <set>

#include "data/base64.h"
#include "data/digest.h"
#include "service/http/framing.h"

using namespace roamguard;
using namespace roamguard::http;
using protection::Question;
using protection::QuestionState;

namespace {

constexpr const char* languages[] = {"en", "de", "fr", "es", "ja", "zh-Hans", "zh-Hant"};

const notifications::Templates& templates() {
    static const auto built_in = notifications::Templates::load("").value();
    return *built_in;
}

tariffs::Money pounds(std::int64_t micros) { return {micros, *tariffs::Currency::parse("GBP")}; }

notifications::PriceLine data_price(tariffs::Tax tax) {
    return {tariffs::Service::data, pounds(3'000'000), {1 << 20, tariffs::UnitKind::bytes}, tax, {}};
}

protection::HeldPass day_pass() {
    protection::HeldPass pass;
    pass.pass = "jp-day";
    pass.name = "Japan & <Day>";
    pass.services = {tariffs::Service::data};
    pass.price = pounds(5'000'000);
    pass.allowance = 500ll << 20;
    pass.validity = tariffs::hours(24);
    return pass;
}

/// A cap that is reached in Japan: everything a page can show of it.
struct Shown {
    Question question;
    protection::CustomerState state;
    protection::Terms terms;

    Shown() {
        customers::CapRule rule;
        rule.id = "monthly";
        rule.services = {tariffs::Service::data};
        rule.currency = *tariffs::Currency::parse("GBP");
        rule.limit = 30'000'000;
        rule.extension = 10'000'000;
        terms.caps = {rule};
        terms.language = "en-GB";
        terms.time_zone = "Europe/London";
        question.id = "q-0123456789abcdef0123";
        question.about = "monthly";
        question.code = "4821";
        question.choices = {"extend", "pass:jp-day", "decline"};
        question.offers = {day_pass()};
        question.limit = question.used = 30'000'000;
        question.next_limit = 40'000'000;
        question.prices = {data_price(tariffs::Tax::incl)};
        question.place.klass = geoip::NetworkClass::terrestrial;
        question.place.country = *geoip::Country::parse("JP");
        question.expires = tariffs::parse_rfc3339("2026-11-25T12:00:00Z")->at;
    }

    [[nodiscard]] QuestionPage page() const { return {templates(), question, state, terms}; }
    [[nodiscard]] std::string asked() const { return page().asked(200, QuestionPage::Notice::none).body; }
};

bool has(const std::string& html, const std::string& what) { return html.find(what) != std::string::npos; }

int count(const std::string& html, const std::string& what) {
    int found = 0;
    for (std::size_t at = html.find(what); at != std::string::npos; at = html.find(what, at + 1))
        ++found;
    return found;
}

}  // namespace

TEST_CASE("each choice of the page has a button of its own, with its price and tax in one line") {
    const std::string html = Shown().asked();
    CHECK(has(html, "value=\"extend\"><b>Continue up to £40.00</b><span>Data: £3.00 per MB incl. tax</span>"));
    CHECK(has(html,
              "<b>Japan &amp; &lt;Day&gt;</b><span>£5.00 incl. tax</span>"
              "<span>mobile data, 500 MB, valid for 24 h from now</span>"));
    CHECK(has(html, "value=\"decline\"><b>No, stay off</b><span>Costs nothing</span>"));
    CHECK(count(html, "<button") == 3);
    CHECK(count(html, "<form") == 1);
}

TEST_CASE("the page says where, how much, until when and what silence means") {
    Shown shown;
    const std::string html = shown.asked();
    for (const char* said : {"Japan", "mobile data: £30.00 of £30.00 incl. tax, as recorded so far",
                             "25 Nov 2026, 12:00 (UTC)", "It stays off."})
        CHECK(has(html, said));
    protection::CapCount running;
    running.cap = "monthly";
    running.end = tariffs::parse_rfc3339("2026-12-01T00:00:00Z")->at;
    running.currency = *tariffs::Currency::parse("GBP");
    shown.state.counts = {running};
    CHECK(has(shown.asked(), "It stays off until 1 Dec 2026, 00:00 (UTC)."));
}

TEST_CASE("a place is asked about in its own words, with all its prices") {
    Shown shown;
    shown.question.cause = protection::Cause::destination;
    shown.question.about = "JP";
    shown.question.choices = {"continue", "decline"};
    shown.question.place.candidates = {*geoip::Country::parse("JP"), *geoip::Country::parse("KR")};
    shown.question.place.realtime = false;
    shown.question.prices.push_back(
        {tariffs::Service::sms_mo, pounds(350'000), {1, tariffs::UnitKind::messages}, tariffs::Tax::excl, {}});
    const std::string html = shown.asked();
    for (const char* said : {"Use mobile data here?", "Japan / South Korea", "the highest price counts",
                             "warnings may be late", "SMS: £0.35 per message excl. tax", "Mobile data stays off here."})
        CHECK(has(html, said));
    CHECK(has(html, "value=\"continue\"><b>Use data here for this trip</b><span>Data: £3.00 per MB incl. tax</span>"));
}

TEST_CASE("what a payer is asked names the line by its last digits only") {
    Shown shown;
    shown.question.payer_decides = true;
    shown.state.profile.msisdn = *notifications::Msisdn::parse("+447700900123");
    CHECK(has(shown.asked(), "For " + shown.state.profile.msisdn.masked() + ":"));
    CHECK_FALSE(has(shown.asked(), "+447700900123"));
}

TEST_CASE("a price that nobody knows is said to be unknown, never to be nothing") {
    Shown shown;
    shown.question.prices.clear();
    CHECK(count(shown.asked(), "We know no price here") == 2);
}

TEST_CASE("how long a pass lasts is said as it counts") {
    struct Row {
        int days;
        tariffs::Pass::Day day;
        const char* said;
    };
    using Day = tariffs::Pass::Day;
    for (const Row& row : {Row{1, Day::rolling, "24 h"}, Row{7, Day::rolling, "7 days"},
                           Row{1, Day::home, "calendar days, today included: 1"},
                           Row{3, Day::local, "calendar days, today included: 3"}}) {
        Shown shown;
        shown.question.offers[0].validity = tariffs::days(row.days);
        shown.question.offers[0].day = row.day;
        shown.question.offers[0].allowance.reset();
        CHECK(has(shown.asked(), "unlimited, valid for " + std::string(row.said)));
    }
}

TEST_CASE("after the answer the page repeats it, shows the receipt and gives a reference") {
    Shown shown;
    shown.question.state = QuestionState::confirmed;
    shown.question.chosen = "extend";
    const Response response = shown.page().answered("Confirmed <in> writing.\nReply NO to close it again.");
    CHECK(response.status == 200);
    for (const char* said : {"<h1>Confirmed</h1>", "Your answer: Continue up to £40.00",
                             "Confirmed &lt;in&gt; writing.\nReply NO to close it again.", "Reference: 4821-EF0123"})
        CHECK(has(response.body, said));
    CHECK_FALSE(has(response.body, "<button"));
    shown.question.state = QuestionState::declined;
    shown.question.chosen = "decline";
    CHECK(has(shown.page().answered("").body, "<h1>You said no</h1>"));
}

TEST_CASE("a closed question says how it ended and what to do next") {
    struct Row {
        QuestionState state;
        const char* chosen;
        const char* ended;
        const char* next;
    };
    for (const Row& row :
         {Row{QuestionState::confirmed, "extend", "It was answered on 24 Nov 2026, 12:00 (UTC).", "What holds now"},
          Row{QuestionState::declined, "decline", "Your answer: No, stay off", "reply YES"},
          Row{QuestionState::expired, "", "The time to answer is over.", "reply YES"},
          Row{QuestionState::pending, "", "The time to answer is over.", "reply YES"},
          Row{QuestionState::withdrawn, "", "It is no longer needed", "What holds now"}}) {
        Shown shown;
        shown.question.state = row.state;
        shown.question.chosen = row.chosen;
        shown.question.decided = tariffs::parse_rfc3339("2026-11-24T12:00:00Z")->at;
        const Response response = shown.page().closed();
        CHECK(response.status == 410);
        CHECK(has(response.body, row.ended));
        CHECK(has(response.body, row.next));
        CHECK(has(response.body, "4821-EF0123"));
        CHECK_FALSE(has(response.body, "<button"));
    }
}

TEST_CASE("every page of every language is whole, light and without anything that runs or loads") {
    static const std::regex leftover(R"re(\{|\}|<script|<img|<link|\son[a-z]+=|\sstyle=|javascript:)re");
    std::set<std::string> titles;
    int pages = 0;
    for (const char* language : languages) {
        Shown shown;
        shown.terms.language = language;
        std::vector<std::string> bodies{shown.asked(), shown.page().asked(422, QuestionPage::Notice::wrong_choice).body,
                                        shown.page().closed().body};
        shown.question.chosen = "decline";
        shown.question.state = QuestionState::declined;
        bodies.push_back(shown.page().answered("x").body);
        for (const NoQuestion why : {NoQuestion::unknown, NoQuestion::elsewhere, NoQuestion::later})
            bodies.push_back(page_without_question(templates(), language, why).body);
        for (const std::string& body : bodies) {
            const std::string words = body.substr(body.find("</style>"));
            INFO(words);
            CHECK(body.size() < 10'000);
            CHECK(has(body, "<html lang=\"" + std::string(language) + "\" dir=\"ltr\">"));
            CHECK_FALSE(std::regex_search(words, leftover));
            titles.insert(words.substr(words.find("<h1>"), words.find("</h1>") - words.find("<h1>")));
            ++pages;
        }
    }
    CHECK(pages == 7 * 7);
    CHECK(titles.size() == 7 * 6);  // the two of an open question share theirs
}

TEST_CASE("the policy lets in the page's own style and nothing else") {
    const Response response = page_without_question(templates(), "en", NoQuestion::unknown);
    const std::size_t begin = response.body.find("<style>") + 7;
    const data::Sha256 digest = data::sha256(response.body.substr(begin, response.body.find("</style>") - begin));
    const std::string hash = data::to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
    const auto policy = std::find_if(response.headers.begin(), response.headers.end(),
                                     [](const auto& header) { return header.first == "Content-Security-Policy"; });
    REQUIRE(policy != response.headers.end());
    CHECK(policy->second == "default-src 'none'; style-src 'sha256-" + hash +
                                "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
}

TEST_CASE("a page that a browser asks for without a question speaks its language") {
    struct Row {
        const char* wanted;
        const char* language;
    };
    for (const Row& row :
         {Row{"de-AT,de;q=0.9,en;q=0.5", "de"}, Row{"pt-BR,fr;q=0.4", "fr"}, Row{"zh-TW", "zh-Hant"},
          Row{"en;q=0.1, ja;q=0.2", "ja"}, Row{"pt", "en"}, Row{"", "en"}, Row{",;q=,*", "en"}, Row{"de;q=0", "en"}}) {
        Request request;
        request.headers = {{"accept-language", row.wanted}};
        CHECK(language_of(request, templates()) == row.language);
    }
    CHECK(language_of(Request{}, templates()) == "en");
}

TEST_CASE("a form is read like a query") {
    CHECK(read_form("choice=pass%3Ajp+day&x=") == Fields{{"choice", "pass:jp day"}, {"x", ""}});
    CHECK(read_form("") == Fields{});
    CHECK_FALSE(read_form("choice=%zz").has_value());
}
