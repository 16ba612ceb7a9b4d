#include "service/http/question_page.h"

#include <kainjow/mustache.hpp>

#include <algorithm>
#include <cctype>
#include <functional>
#include <vector>

#include "data/base64.h"
#include "data/digest.h"
#include "data/embedded.h"
#include "notifications/languages.h"
#include "notifications/variables.h"
#include "service/protection/shown.h"

namespace roamguard::http {
namespace {

using kainjow::mustache::data;
using notifications::Choice;
using notifications::Facts;
using notifications::Formatter;
using notifications::Words;
using protection::Question;
using protection::QuestionState;

std::string_view source() { return roamguard::data::embedded_files().at("web/question.mustache"); }

/// Only the style that stands in the page itself: its digest is all that the browser lets in.
const std::string& security_policy() {
    static const std::string policy = [] {
        constexpr std::string_view open = "<style>";
        const std::size_t begin = source().find(open) + open.size();
        const roamguard::data::Sha256 digest =
            roamguard::data::sha256(source().substr(begin, source().find("</style>") - begin));
        const std::string hash =
            roamguard::data::to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
        return "default-src 'none'; style-src 'sha256-" + hash +
               "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    }();
    return policy;
}

/// One page under work: the words of its language, and what it says so far.
class Page {
public:
    Page(Formatter& format, const Words& words, const std::string& language) : format(format), words_(words) {
        all_.set("language", language);
        all_.set("direction", notifications::right_to_left(language) ? "rtl" : "ltr");
    }

    Formatter& format;

    [[nodiscard]] std::string say(std::string_view key,
                                  std::initializer_list<std::pair<std::string_view, std::string_view>> values = {}) {
        return notifications::fill(words_.of("page." + std::string(key)), values);
    }
    void title(std::string_view key, std::initializer_list<std::pair<std::string_view, std::string_view>> values = {}) {
        all_.set("title", say(key, values));
    }
    void line(std::string_view key, std::initializer_list<std::pair<std::string_view, std::string_view>> values = {}) {
        lines_ << text_of(say(key, values));
    }
    void row(std::string_view key, const std::vector<std::string>& values) {
        data list(data::type::list), one;
        for (const std::string& value : values)
            list << text_of(value);
        one.set("name", say(key));
        one.set("values", list);
        rows_ << one;
    }
    void choice(const std::string& value, const std::string& text, const std::string& cost, const std::string& more) {
        data one;
        one.set("value", value);
        one.set("text", text);
        one.set("cost", cost);
        if (!more.empty()) one.set("more", text_of(more));
        choices_ << one;
    }
    void set(const std::string& part, data value) { all_.set(part, std::move(value)); }
    [[nodiscard]] static data text_of(const std::string& text) {
        data one;
        one.set("text", text);
        return one;
    }

    [[nodiscard]] std::string html() {
        all_.set("lines", lines_);
        if (rows_.is_non_empty_list()) {
            data table;
            table.set("rows", rows_);
            all_.set("table", table);
        }
        if (choices_.is_non_empty_list()) {
            data form;
            form.set("choose", say("choose"));
            form.set("choices", choices_);
            all_.set("form", form);
        }
        kainjow::mustache::mustache page{std::string(source())};
        if (!page.is_valid()) throw std::logic_error("web/question.mustache: " + page.error_message());
        return page.render(all_);
    }

private:
    const Words& words_;
    data all_, lines_{data::type::list}, rows_{data::type::list}, choices_{data::type::list};
};

Response written_page(const notifications::Templates& templates, std::string_view tag, int status,
                      const std::function<void(Page&)>& write) {
    Response response;
    response.status = status;
    response.content_type = "text/html; charset=utf-8";
    response.headers = {{"Content-Security-Policy", security_policy()},
                        {"Referrer-Policy", "no-referrer"},
                        {"Cache-Control", "no-store"},
                        {"X-Robots-Tag", "noindex"}};
    const std::string language = templates.language_for(tag);
    templates.with_language(tag, [&](Formatter& format, const Words& words) {
        Page page(format, words, language);
        write(page);
        response.body = page.html();
    });
    return response;
}

/// A variable of the messages' templates, for pages that say the same.
std::string shown(std::string_view variable, const Facts& facts, Formatter& format) {
    return notifications::find_variable(variable)->value(facts, format);
}

std::vector<std::string> price_lines(const std::vector<notifications::PriceLine>& prices, Formatter& format) {
    std::vector<std::string> lines;
    for (const notifications::PriceLine& line : prices)
        lines.push_back(format.with_tax(format.price_line(line), line.tax));
    return lines;
}

/// What going on costs, in one line.
std::string cost_of_use(const Facts& facts, Page& page) {
    std::vector<notifications::PriceLine> prices = facts.prices;
    std::erase_if(prices, [&](const notifications::PriceLine& line) {
        return std::find(facts.services.begin(), facts.services.end(), line.service) == facts.services.end();
    });
    std::string text;
    for (const std::string& line : price_lines(prices, page.format))
        text = text.empty() ? line : page.format.join(text, line);
    return text.empty() ? page.say("price.none") : text;
}

std::string allowance_of(const protection::HeldPass& pass, Page& page) {
    if (!pass.allowance || pass.services.empty()) return page.say("pass.unlimited");
    const tariffs::UnitKind kind = tariffs::kind_of(pass.services.front());
    if (kind == tariffs::UnitKind::bytes) return page.format.amount({std::nullopt, *pass.allowance});
    return page.format.unit({*pass.allowance, kind});
}

std::string validity_of(const protection::HeldPass& pass, Page& page) {
    constexpr std::int64_t hour_ms = 3'600'000, day_ms = 24 * hour_ms;
    const std::string days = std::to_string(pass.validity.ms / day_ms);
    if (pass.day != tariffs::Pass::Day::rolling) return page.say("pass.calendar", {{"count", days}});
    if (pass.validity.ms >= 2 * day_ms && pass.validity.ms % day_ms == 0)
        return page.say("pass.days", {{"count", days}});
    return page.format.unit({pass.validity.ms / 1000, tariffs::UnitKind::seconds});
}

void offer(Page& page, const protection::HeldPass& pass) {
    page.choice("pass:" + pass.pass, pass.name.empty() ? pass.pass : pass.name,
                page.format.with_tax(page.format.money(pass.price), pass.tax),
                page.say("pass.is", {{"services", page.format.services(pass.services)},
                                     {"allowance", allowance_of(pass, page)},
                                     {"validity", validity_of(pass, page)}}));
}

/// A button for each choice, all alike.
void offer_choices(Page& page, const Question& question, const Facts& facts) {
    for (std::size_t i = 0; i < question.choices.size(); ++i) {
        const std::string& value = question.choices[i];
        const auto pass = std::find_if(question.offers.begin(), question.offers.end(),
                                       [&](const protection::HeldPass& one) { return "pass:" + one.pass == value; });
        if (pass != question.offers.end())
            offer(page, *pass);
        else
            page.choice(value, page.format.choice(facts.choices[i], facts.note),
                        value == "decline" ? page.say("free") : cost_of_use(facts, page), "");
    }
}

std::string silence(Page& page, const Question& question, const Facts& facts) {
    if (question.own_cap) return page.say("silence.own_cap");
    if (question.cause == protection::Cause::destination) return page.say("silence.destination");
    if (facts.per_trip) return page.say("silence.trip");
    if (facts.period_end) return page.say("silence.until", {{"date", shown("period_end", facts, page.format)}});
    return page.say("silence.cap");
}

void show_question(Page& page, const Question& question, const Facts& facts) {
    const bool cap = question.cause == protection::Cause::cap;
    const std::string services = page.format.services(facts.services);
    page.title(question.own_cap ? "own_cap" : cap ? "cap" : "destination");
    if (!facts.line.empty()) page.line("payer", {{"line", facts.line}});
    if (!question.own_cap) page.line(cap ? "cap.off" : "destination.off", {{"services", services}});
    if (facts.ambiguous) page.line("ambiguous");
    if (facts.no_guarantee) page.line("no_guarantee");
    if (!cap || facts.klass != geoip::NetworkClass::unknown) page.row("place", {shown("place", facts, page.format)});
    page.row("price",
             facts.prices.empty() ? std::vector{page.say("price.none")} : price_lines(facts.prices, page.format));
    if (facts.limit.money || facts.limit.bytes > 0) {
        const std::string limit = page.format.amount(facts.limit);
        page.row(
            "used",
            {page.say("used.of", {{"services", services},
                                  {"used", page.format.used(facts.used)},
                                  {"limit", facts.limit.money ? page.format.with_tax(limit, facts.cap_tax) : limit}})});
    }
    page.row("until", {shown("expires_at", facts, page.format)});
    page.row("silence", {silence(page, question, facts)});
    offer_choices(page, question, facts);
}

/// What customer care finds the question by: the code of its message, and the end of its id.
void show_reference(Page& page, const Question& question) {
    std::string id = question.id.substr(question.id.size() - std::min<std::size_t>(question.id.size(), 6));
    for (char& letter : id)
        letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    page.set("reference", Page::text_of(page.say("reference", {{"reference", question.code + "-" + id}})));
}

void show_answer(Page& page, const Question& question, const Facts& facts, const protection::Terms& terms) {
    if (const auto chosen = protection::shown_answer(question, terms))
        page.line("answer", {{"chosen", page.format.choice(*chosen, facts.note)}});
}

/// How to be asked again, where a hold stands because of it.
bool may_be_asked_again(const Question& question) {
    return !question.own_cap && question.state != QuestionState::confirmed &&
           question.state != QuestionState::withdrawn;
}

}  // namespace

Response QuestionPage::asked(int status, Notice notice) const {
    const Facts facts = protection::shown_facts(question_, state_, terms_);
    return written_page(templates_, terms_.language, status, [&](Page& page) {
        if (notice == Notice::wrong_choice) page.set("notice", Page::text_of(page.say("wrong_choice")));
        show_question(page, question_, facts);
    });
}

Response QuestionPage::answered(const std::string& written) const {
    const Facts facts = protection::shown_facts(question_, state_, terms_);
    return written_page(templates_, terms_.language, 200, [&](Page& page) {
        page.title(question_.state == QuestionState::confirmed ? "confirmed" : "declined");
        show_answer(page, question_, facts, terms_);
        if (!written.empty()) {
            data receipt = Page::text_of(written);
            receipt.set("intro", page.say("written"));
            page.set("written", receipt);
        }
        show_reference(page, question_);
    });
}

Response QuestionPage::closed() const {
    const Facts facts = protection::shown_facts(question_, state_, terms_);
    return written_page(templates_, terms_.language, 410, [&](Page& page) {
        page.title("closed");
        const bool answered = !question_.chosen.empty();
        if (answered && question_.decided)
            page.line("closed.answered", {{"date", page.format.date(*question_.decided, facts.time_zone)}});
        else
            page.line(question_.state == QuestionState::withdrawn ? "closed.withdrawn" : "closed.expired");
        show_answer(page, question_, facts, terms_);
        page.line(may_be_asked_again(question_) ? "closed.again" : "closed.next");
        show_reference(page, question_);
    });
}

Response page_without_question(const notifications::Templates& templates, std::string_view language, NoQuestion why) {
    static constexpr const char* titles[] = {"unknown", "elsewhere", "later"};
    static constexpr int statuses[] = {404, 403, 503};
    const auto which = static_cast<std::size_t>(why);
    Response response = written_page(templates, language, statuses[which], [&](Page& page) {
        page.title(titles[which]);
        page.line(std::string(titles[which]) + ".next");
    });
    if (why == NoQuestion::later) response.headers.emplace_back("Retry-After", "2");
    return response;
}

std::string language_of(const Request& request, const notifications::Templates& templates) {
    const std::string wanted = request.header("accept-language").value_or("");
    std::string best = "en";
    double best_weight = 0;
    for (std::size_t begin = 0; begin < wanted.size();) {
        const std::size_t end = std::min(wanted.find(',', begin), wanted.size());
        std::string one = wanted.substr(begin, end - begin);
        begin = end + 1;
        one.erase(std::remove(one.begin(), one.end(), ' '), one.end());
        const std::size_t semicolon = std::min(one.find(";q="), one.size());
        const double weight = semicolon == one.size() ? 1.0 : std::atof(one.c_str() + semicolon + 3);
        const std::string tag = one.substr(0, semicolon);
        if (weight <= best_weight || !notifications::valid_language(tag)) continue;
        const std::string found = templates.language_for(tag);  // English too where there is nothing else
        if (found.substr(0, found.find('-')) != notifications::canonical_tag(tag).substr(0, found.find('-'))) continue;
        best = found;
        best_weight = weight;
    }
    return best;
}

}  // namespace roamguard::http
