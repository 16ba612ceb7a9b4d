#include "notifications/variables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "geoip/networks.h"

namespace roamguard::notifications {
namespace {

constexpr std::size_t most_named_places = 3;

/// The place; of an ambiguous network every country it may be in, as far as a short text can name them.
std::string place_of(const Facts& facts, Formatter& format) {
    if (facts.candidates.size() < 2) return format.place(facts.klass, facts.country);
    std::string text;
    for (std::size_t i = 0; i < facts.candidates.size() && i < most_named_places; ++i)
        text += (i > 0 ? " / " : "") + format.place(facts.klass, facts.candidates[i]);
    return facts.candidates.size() > most_named_places ? text + " / ..." : text;
}

std::string yes_no(bool value) { return value ? "yes" : "no"; }

bool empty(const Amount& amount) { return !amount.money && amount.bytes == 0; }

/// The choice an answer took: named by the decision, or the only one listed.
const Choice* chosen(const Facts& facts) {
    if (facts.chosen) return &*facts.chosen;
    return facts.choices.size() == 1 ? &facts.choices.front() : nullptr;
}

bool same_tax(const std::vector<PriceLine>& prices) {
    return std::all_of(prices.begin(), prices.end(), [&](const PriceLine& line) { return line.tax == prices[0].tax; });
}

std::string prices_tax(const Facts& facts, Formatter&) {
    if (facts.prices.empty()) return "none";
    return same_tax(facts.prices) ? std::string(tariffs::word(facts.prices[0].tax)) : "mixed";
}

std::string lines(const std::vector<std::string>& items) { return fmt::format("{}", fmt::join(items, "\n")); }

std::string prices(const Facts& facts, Formatter& format) {
    const bool mixed = !same_tax(facts.prices);
    std::vector<std::string> texts;
    for (const PriceLine& line : facts.prices) {
        const std::string text = format.price_line(line);
        texts.push_back(mixed ? format.with_tax(text, line.tax) : text);
    }
    return lines(texts);
}

/// For inside a sentence, the tax always said: `data CNY 3.00 per MB incl. tax`.
std::string prices_inline(const Facts& facts, Formatter& format) {
    const bool mixed = !same_tax(facts.prices);
    std::string text;
    for (const PriceLine& line : facts.prices) {
        const std::string one =
            mixed ? format.with_tax(format.price_inline(line), line.tax) : format.price_inline(line);
        text = text.empty() ? one : format.join(text, one);
    }
    return mixed || text.empty() ? text : format.with_tax(text, facts.prices[0].tax);
}

std::string choices(const Facts& facts, Formatter& format) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < facts.choices.size(); ++i)
        texts.push_back(format.numbered(static_cast<int>(i) + 1, format.choice(facts.choices[i], facts.note)));
    return lines(texts);
}

/// How an answer looks, by the choice that costs nothing where there is one.
std::string example(const Facts& facts, Formatter&) {
    std::size_t number = 1;
    for (std::size_t i = 0; i < facts.choices.size(); ++i)
        if (facts.choices[i].does == Choice::Does::decline) number = i + 1;
    return fmt::format("{} {}", number, facts.code);
}

std::string answer(const Facts& facts, Formatter&) {
    const Choice* choice = chosen(facts);
    if (choice == nullptr) return "none";
    switch (choice->does) {
        case Choice::Does::extend:
            return empty(choice->new_limit) ? "unlimited" : "extend";
        case Choice::Does::pass:
            return "pass";
        case Choice::Does::proceed:
            return "continue";
        case Choice::Does::decline:
            return "decline";
    }
    return "none";
}

std::string links(const Facts& facts, Formatter&) {
    if (facts.link.empty() || facts.links == Links::none) return "none";
    return facts.links == Links::on ? "on" : "zero_rated";
}

std::string limit_kind(const Facts& facts, Formatter&) {
    if (facts.limit.money) return "money";
    return facts.limit.bytes != 0 ? "volume" : "none";
}

std::string period(const Facts& facts, Formatter&) {
    if (facts.per_trip) return "trip";
    return facts.period_end ? "date" : "none";
}

std::string caps(const Facts& facts, Formatter& format) {
    std::vector<std::string> texts;
    for (const CapLine& cap : facts.caps)
        texts.push_back(format.cap_line(cap, facts.time_zone));
    return lines(texts);
}

std::string spent(const Facts& facts, Formatter& format) {
    std::vector<std::string> texts;
    for (const tariffs::Money& money : facts.spent)
        texts.push_back(format.spent(money));
    return format.list(texts);
}

std::string new_limit(const Facts& facts, Formatter& format) {
    const Choice* choice = chosen(facts);
    return choice == nullptr || empty(choice->new_limit) ? std::string() : format.amount(choice->new_limit);
}

std::string pass(const Facts& facts, Formatter&) {
    const Choice* choice = chosen(facts);
    return facts.pass_name.empty() && choice != nullptr ? choice->pass_name : facts.pass_name;
}

/// What is held without further word is data.
std::string services(const Facts& facts, Formatter& format) {
    return format.services(facts.services.empty() ? std::vector{tariffs::Service::data} : facts.services);
}

std::string chosen_text(const Facts& facts, Formatter& format) {
    const Choice* choice = chosen(facts);
    return choice == nullptr ? std::string() : format.choice(*choice, facts.note);
}

constexpr std::array all{
    Variable{"ambiguous", "yes|no", [](const Facts& f, Formatter&) { return yes_no(f.ambiguous); }},
    Variable{"answer", "extend|unlimited|pass|continue|decline|none", answer},
    Variable{"asks", "yes|no",
             [](const Facts& f, Formatter&) { return yes_no(!f.code.empty() && !f.choices.empty()); }},
    Variable{"at_limit", "hold|notify",
             [](const Facts& f, Formatter&) { return std::string(f.notify_only ? "notify" : "hold"); }},
    Variable{"cap", "money|volume|none", limit_kind},
    Variable{"cap_count", "number", [](const Facts& f, Formatter&) { return fmt::format("{}", f.caps.size()); }},
    Variable{"cap_limit", "", [](const Facts& f, Formatter& format) { return format.amount(f.limit); }},
    Variable{"cap_tax", "incl|excl", [](const Facts& f, Formatter&) { return std::string(tariffs::word(f.cap_tax)); }},
    Variable{"cap_used", "", [](const Facts& f, Formatter& format) { return format.used(f.used); }},
    Variable{"caps", "", caps},
    Variable{"choice_count", "number", [](const Facts& f, Formatter&) { return fmt::format("{}", f.choices.size()); }},
    Variable{"choices", "", choices},
    Variable{"chosen", "", chosen_text},
    Variable{"class", "home|terrestrial|inflight|maritime|satellite|test|unknown",
             [](const Facts& f, Formatter&) { return std::string(geoip::word(f.klass)); }},
    Variable{"code", "", [](const Facts& f, Formatter&) { return f.code; }},
    Variable{"early", "yes|no", [](const Facts& f, Formatter&) { return yes_no(f.early); }},
    Variable{"example", "", example},
    Variable{"expires", "yes|no", [](const Facts& f, Formatter&) { return yes_no(f.expires_at.has_value()); }},
    Variable{"expires_at", "",
             [](const Facts& f, Formatter& format) {
                 return f.expires_at ? format.date(*f.expires_at, f.time_zone) : std::string();
             }},
    Variable{"for_payer", "yes|no", [](const Facts& f, Formatter&) { return yes_no(!f.line.empty()); }},
    Variable{"line", "", [](const Facts& f, Formatter&) { return f.line; }},
    Variable{"link", "", [](const Facts& f, Formatter&) { return f.link; }},
    Variable{"links", "none|on|zero_rated", links},
    Variable{"new_limit", "", new_limit},
    Variable{"no_guarantee", "yes|no", [](const Facts& f, Formatter&) { return yes_no(f.no_guarantee); }},
    Variable{"note", "none|not_understood|nothing_open|several_open|already_decided|stopped|started|own_cap",
             [](const Facts& f, Formatter&) { return std::string(word(f.note)); }},
    Variable{"pass", "", pass},
    Variable{"payer_decides", "yes|no", [](const Facts& f, Formatter&) { return yes_no(f.payer_decides); }},
    Variable{"percent", "", [](const Facts& f, Formatter& format) { return format.percent(f.threshold_percent); }},
    Variable{"period", "trip|date|none", period},
    Variable{"period_end", "",
             [](const Facts& f, Formatter& format) {
                 return f.period_end ? format.date(*f.period_end, f.time_zone) : std::string();
             }},
    Variable{"place", "", [](const Facts& f, Formatter& format) { return place_of(f, format); }},
    Variable{"priced", "yes|no", [](const Facts& f, Formatter&) { return yes_no(!f.prices.empty()); }},
    Variable{"prices", "", prices},
    Variable{"prices_inline", "", prices_inline},
    Variable{"prices_tax", "incl|excl|mixed|none", prices_tax},
    Variable{"services", "", services},
    Variable{"spends", "yes|no", [](const Facts& f, Formatter&) { return yes_no(!f.spent.empty()); }},
    Variable{"spent", "", spent},
    Variable{"still_held", "yes|no", [](const Facts& f, Formatter&) { return yes_no(f.still_held); }},
    Variable{"used_percent", "",
             [](const Facts& f, Formatter& format) { return format.percent(percent_used(f.used, f.limit)); }},
};

}  // namespace

bool Variable::selects(std::string_view word) const {
    return !shown() && !counts() && word.find('|') == std::string_view::npos &&
           fmt::format("|{}|", choices).find(fmt::format("|{}|", word)) != std::string::npos;
}

std::span<const Variable> variables() { return all; }

const Variable* find_variable(std::string_view name) {
    const auto* found = std::find_if(all.begin(), all.end(), [name](const Variable& v) { return v.name == name; });
    return found == all.end() ? nullptr : found;
}

}  // namespace roamguard::notifications
