#include "service/customers/profile.h"

#include <array>
#include <stdexcept>
#include <utility>

namespace roamguard::customers {

namespace {

template <typename Value, std::size_t N>
using Words = std::array<std::pair<Value, std::string_view>, N>;

constexpr Words<LineKind, 4> line_kinds{{{LineKind::person, "person"},
                                         {LineKind::data_only, "data_only"},
                                         {LineKind::m2m, "m2m"},
                                         {LineKind::business, "business"}}};
constexpr Words<AtLimit, 2> at_limits{{{AtLimit::hold, "hold"}, {AtLimit::notify, "notify"}}};
constexpr Words<PeriodRule::Over, 3> plain_periods{
    {{PeriodRule::Over::month, "month"}, {PeriodRule::Over::day, "day"}, {PeriodRule::Over::trip, "trip"}}};
constexpr std::string_view billing_prefix = "billing-day:";

template <typename Value, std::size_t N>
std::string_view word_in(const Words<Value, N>& words, Value value) {
    for (const auto& [candidate, word] : words)
        if (candidate == value) return word;
    throw std::logic_error("an enumerator without a word");
}

template <typename Value, std::size_t N>
std::optional<Value> value_in(const Words<Value, N>& words, std::string_view text) {
    for (const auto& [candidate, word] : words)
        if (word == text) return candidate;
    return std::nullopt;
}

/// 1 to 31, written without a leading zero.
std::optional<int> parse_day(std::string_view text) {
    if (text.empty() || text.size() > 2 || text[0] == '0') return std::nullopt;
    int day = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        day = day * 10 + (c - '0');
    }
    if (day > 31) return std::nullopt;
    return day;
}

}  // namespace

std::string to_text(PeriodRule rule) {
    if (rule.over == PeriodRule::Over::billing_day)
        return std::string(billing_prefix) + std::to_string(rule.billing_day);
    return std::string(word_in(plain_periods, rule.over));
}

std::optional<PeriodRule> parse_period(std::string_view text) {
    if (const auto over = value_in(plain_periods, text)) return PeriodRule{*over, 1};
    if (!text.starts_with(billing_prefix)) return std::nullopt;
    const auto day = parse_day(text.substr(billing_prefix.size()));
    if (!day) return std::nullopt;
    return PeriodRule{PeriodRule::Over::billing_day, *day};
}

std::string_view word(LineKind kind) { return word_in(line_kinds, kind); }
std::optional<LineKind> parse_line_kind(std::string_view text) { return value_in(line_kinds, text); }
std::string_view word(AtLimit at_limit) { return word_in(at_limits, at_limit); }
std::optional<AtLimit> parse_at_limit(std::string_view text) { return value_in(at_limits, text); }

}  // namespace roamguard::customers
