#include "tariffs/cells.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "tariffs/suggest.h"

namespace roamguard::tariffs {

namespace {

/// A word people write and the one that is meant.
struct Habit {
    std::string_view written, meant;
};

template <std::size_t N>
std::string meant_by(std::string_view written, const Habit (&habits)[N]) {
    const std::string text = folded(written);
    for (const Habit& habit : habits)
        if (text == habit.written) return std::string(habit.meant);
    return {};
}

constexpr std::string_view service_names[] = {"data",           "voice_mo",       "voice_mt",
                                              "sms_mo",         "sms_mt",         "voice_mo:home",
                                              "voice_mo:local", "voice_mo:other", "voice_mo:premium"};
constexpr Habit service_habits[] = {
    {"voice", "voice_mo or voice_mt"},
    {"call", "voice_mo or voice_mt"},
    {"calls", "voice_mo or voice_mt"},
    {"voice_in", "voice_mt"},
    {"voice_out", "voice_mo"},
    {"incoming", "voice_mt"},
    {"outgoing", "voice_mo"},
    {"sms", "sms_mo"},
    {"text", "sms_mo"},
    {"internet", "data"},
    {"gprs", "data"},
    {"moc", "voice_mo"},
    {"mtc", "voice_mt"},
};

constexpr std::string_view unit_names[] = {"B", "KB", "MB", "GB", "TB", "second", "minute", "hour", "message"};
constexpr Habit unit_habits[] = {
    {"byte", "B"},       {"bytes", "B"},      {"kib", "KB"},       {"mib", "MB"},      {"gib", "GB"},
    {"kilobyte", "KB"},  {"megabyte", "MB"},  {"megabytes", "MB"}, {"gigabyte", "GB"}, {"meg", "MB"},
    {"m", "minute"},     {"mins", "minute"},  {"mn", "minute"},    {"secs", "second"}, {"msg", "message"},
    {"msgs", "message"}, {"text", "message"}, {"mo", "MB"},        {"go", "GB"},       {"ko", "KB"},
};

/// The allowed units of a service in a few words.
std::string_view units_of(Service service) {
    switch (kind_of(service)) {
        case UnitKind::bytes:
            return "data counts in B, KB, MB or GB, such as `MB` or `10 KB`";
        case UnitKind::seconds:
            return "calls count in seconds, minutes or hours, such as `minute` or `30 s`";
        case UnitKind::messages:
            return "SMS count in messages, as `message`";
    }
    throw std::logic_error("unknown UnitKind");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The one quantity inside of `packet(128B)` or `3MB_pack`.
std::string quantity_within(std::string_view text) {
    const auto from = std::find_if(text.begin(), text.end(), is_digit);
    auto to = std::find_if_not(from, text.end(), [](char c) { return is_digit(c) || c == ' '; });
    to = std::find_if_not(to, text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    const std::string_view found(from, to);
    if (from == text.end() || !parse_quantity(found) || std::any_of(to, text.end(), is_digit)) return {};
    return to_text(*parse_quantity(found), Style::counted);
}

std::string suggest_unit(std::string_view written) {
    std::string text = folded(written);
    if (text.rfind("per ", 0) == 0 || text.rfind("/", 0) == 0) text.erase(0, text[0] == '/' ? 1 : 4);
    if (parse_quantity(text)) return text == written ? std::string{} : shown(text);
    if (const std::string meant = meant_by(text, unit_habits); !meant.empty()) return shown(meant);
    if (const std::string inside = quantity_within(text); !inside.empty()) return shown(inside);
    const std::string near = suggest_word(text, unit_names);
    return near.empty() ? near : shown(near);
}

/// Words that stand in price columns of real lists, and what to do instead.
std::string_view advice_on_price(std::string_view written) {
    struct Advice {
        std::string_view written, sentence;
    };
    static constexpr std::string_view leave_out =
        "leave the row out where the service cannot be had or has no price, so that a less specific row applies";
    static constexpr Advice all[] = {
        {"free", "write 0 for what is free"},
        {"included", "write 0 for what is included"},
        {"gratis", "write 0 for what is free"},
        {"n/a", leave_out},
        {"na", leave_out},
        {"-", leave_out},
        {"none", leave_out},
        {"tbd", leave_out},
        {"variable", leave_out},
        {"volte", leave_out},
        {"unlimited", "a bundle belongs in passes.csv"},
    };
    const std::string text = folded(written);
    for (const Advice& advice : all)
        if (text == advice.written) return advice.sentence;
    const bool has_digit = std::any_of(text.begin(), text.end(), is_digit);
    return has_digit ? "write the number alone, such as 3 or 0.50: the currency and the unit have columns of their own"
                     : sentence(DecimalFault::not_a_number);
}

void fault_number(SheetRow& row, std::size_t column, DecimalFault fault) {
    const std::string_view text = row.text(column);
    const std::string_view why = fault == DecimalFault::not_a_number ? advice_on_price(text) : sentence(fault);
    row.fault(column, std::string(code_of(fault)),
              with_suggestion(shown(text) + " cannot be read: " + std::string(why), suggest_number(text)));
}

/// `yes`, `no`, `incl` and other words of a short list: the place in it.
std::optional<std::size_t> read_word(SheetRow& row, std::size_t column, std::span<const std::string_view> allowed,
                                     std::string_view meant) {
    const std::string_view text = row.text(column);
    const auto at = std::find(allowed.begin(), allowed.end(), text);
    if (at != allowed.end()) return static_cast<std::size_t>(at - allowed.begin());
    std::string list;
    for (std::string_view word : allowed)
        list += (list.empty() ? "" : ", ") + std::string(word);
    const std::string near = meant.empty() ? suggest_word(text, allowed) : std::string(meant);
    row.fault(column, "unknown_word", with_suggestion(shown(text) + " is none of " + list, near));
    return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> read_price(SheetRow& row, std::size_t column) {
    if (!row.given(column)) return std::nullopt;
    const DecimalResult result = parse_decimal(row.text(column), Sign::refused);
    if (result.fault == DecimalFault::none) return result.micros;
    fault_number(row, column, result.fault);
    return std::nullopt;
}

std::optional<Currency> read_currency(SheetRow& row, std::size_t column) {
    if (!row.given(column)) return std::nullopt;
    const auto currency = Currency::parse(row.text(column));
    if (!currency)
        row.fault(column, "unknown_currency",
                  with_suggestion(shown(row.text(column)) + " is no ISO 4217 currency code, such as EUR or CNY",
                                  suggest_currency(row.text(column))));
    return currency;
}

std::optional<NarrowedService> read_service(SheetRow& row, std::size_t column) {
    if (!row.given(column)) return std::nullopt;
    const std::string_view text = row.text(column);
    const std::size_t colon = text.find(':');
    const auto service = parse_service(text.substr(0, colon));
    if (service && colon == text.npos) return NarrowedService{*service, std::nullopt};
    if (service == Service::voice_mo)
        for (Called called : {Called::home, Called::local, Called::other, Called::premium})
            if (text.substr(colon + 1) == word(called)) return NarrowedService{*service, called};
    if (service && service != Service::voice_mo)
        row.fault(column, "narrowed_service",
                  shown(text) +
                      " cannot be: only voice_mo may be narrowed, to voice_mo:home, voice_mo:local, "
                      "voice_mo:other or voice_mo:premium");
    else {
        if (folded(text).find("pass") != text.npos || folded(text).find("bundle") != text.npos) {
            row.fault(column, "unknown_service",
                      shown(text) +
                          " is no service that is used and counted: what is bought at a price of its own has "
                          "its row in passes.csv");
            return std::nullopt;
        }
        const std::string meant = meant_by(text, service_habits);
        row.fault(column, "unknown_service",
                  with_suggestion(shown(text) + " is no service: use data, voice_mo, voice_mt, sms_mo, sms_mt or "
                                                "voice_mo:home, voice_mo:local, voice_mo:other, voice_mo:premium",
                                  meant.empty() ? suggest_word(text, service_names) : meant));
    }
    return std::nullopt;
}

std::optional<Quantity> read_quantity(SheetRow& row, std::size_t column, Service service) {
    if (!row.given(column)) return std::nullopt;
    const std::string_view text = row.text(column);
    const auto quantity = parse_quantity(text);
    if (quantity && quantity->kind == kind_of(service)) return quantity;
    if (quantity)
        row.fault(column, "wrong_unit_kind",
                  shown(text) + " does not fit the service `" + std::string(word(service)) +
                      "`: " + std::string(units_of(service)));
    else if (std::all_of(text.begin(), text.end(), is_digit))
        row.fault(column, "unknown_unit",
                  shown(text) + " needs a positive number and a unit: " + std::string(units_of(service)));
    else
        row.fault(column, "unknown_unit",
                  with_suggestion(shown(text) + " is no quantity, which is a whole number (or none) and a unit: " +
                                      std::string(units_of(service)),
                                  suggest_unit(text)));
    return std::nullopt;
}

Tax read_tax(SheetRow& row, std::size_t column) {
    static constexpr std::string_view words[] = {"incl", "excl"};
    static constexpr Habit habits[] = {{"inclusive", "incl"}, {"included", "incl"},  {"inc", "incl"},
                                       {"gross", "incl"},     {"exclusive", "excl"}, {"excluded", "excl"},
                                       {"exc", "excl"},       {"ex", "excl"},        {"net", "excl"}};
    if (!row.given(column)) return Tax::incl;
    return read_word(row, column, words, meant_by(row.text(column), habits)) == 1 ? Tax::excl : Tax::incl;
}

std::optional<std::int64_t> read_percent(SheetRow& row, std::size_t column) {
    if (!row.given(column)) return std::nullopt;
    const std::string_view text = row.text(column);
    const DecimalResult percent = parse_decimal(text, Sign::refused);
    if (percent.fault == DecimalFault::none) return percent.micros;
    if (text.back() != '%') {
        fault_number(row, column, percent.fault);
        return std::nullopt;
    }
    std::string_view number = text.substr(0, text.size() - 1);
    while (!number.empty() && number.back() == ' ')
        number.remove_suffix(1);
    row.fault(column, "not_a_number",
              with_suggestion(shown(text) + " cannot be read: write the percentage without its sign",
                              parse_decimal(number, Sign::refused).fault == DecimalFault::none ? number : ""));
    return std::nullopt;
}

std::optional<TaxRate> read_tax_rate(SheetRow& row, std::size_t column, FaultList& warnings) {
    const auto percent = read_percent(row, column);
    if (!percent) return std::nullopt;
    if (*percent > 100'000'000 || *percent % 100 != 0) {
        row.fault(column, "bad_tax_rate",
                  shown(row.text(column)) +
                      " is no tax rate: a percentage from 0 to 100 with at most 4 decimals, such as 19 or 8.1");
        return std::nullopt;
    }
    if (*percent > 0 && *percent < 1'000'000)
        row.warn(warnings, column, "tax_rate_below_one",
                 shown(row.text(column)) + " is read as less than one percent: 19 % is written 19, not 0.19");
    return TaxRate{*percent / 100};
}

HighCost read_high_cost(SheetRow& row, std::size_t column) {
    static constexpr std::string_view words[] = {"yes", "no"};
    static constexpr Habit habits[] = {{"y", "yes"}, {"true", "yes"}, {"1", "yes"},
                                       {"n", "no"},  {"false", "no"}, {"0", "no"}};
    if (!row.given(column)) return HighCost::by_limit;
    const auto at = read_word(row, column, words, meant_by(row.text(column), habits));
    return !at ? HighCost::by_limit : *at == 0 ? HighCost::yes : HighCost::no;
}

std::string_view read_name(SheetRow& row, std::size_t column) {
    constexpr std::size_t most_bytes = 100;
    if (row.text(column).size() <= most_bytes) return row.text(column);
    row.fault(column, "name_too_long", shown(row.text(column)) + " … is a name of more than 100 bytes");
    return {};
}

std::string_view code_of(DecimalFault fault) {
    switch (fault) {
        case DecimalFault::none:
            break;
        case DecimalFault::empty:
            return "missing_value";
        case DecimalFault::not_a_number:
            return "not_a_number";
        case DecimalFault::comma:
            return "decimal_comma";
        case DecimalFault::exponent:
            return "exponent";
        case DecimalFault::too_many_decimals:
            return "too_many_decimals";
        case DecimalFault::too_large:
            return "too_large";
        case DecimalFault::negative:
            return "negative";
    }
    throw std::logic_error("no fault has no code");
}

}  // namespace roamguard::tariffs
