#include "tariffs/instant.h"

#include <chrono>
#include <limits>
#include <stdexcept>

namespace roamguard::tariffs {

namespace {

constexpr std::int64_t day_ms = 86'400'000;

/// Reads a text from left to right; every step says whether it found what it wanted.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text) {}

    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] bool next_is_digit() const { return !at_end() && text_[at_] >= '0' && text_[at_] <= '9'; }

    bool take(char wanted) {
        if (at_end() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    int take_digit() { return text_[at_++] - '0'; }
    /// Exactly `count` digits.
    bool take_number(int count, int& value) {
        value = 0;
        for (int i = 0; i < count; ++i) {
            if (!next_is_digit()) return false;
            value = value * 10 + take_digit();
        }
        return true;
    }

private:
    std::string_view text_;
    std::size_t at_ = 0;
};

struct Clock {
    int hour = 0, minute = 0, second = 0, ms = 0;
};

std::optional<std::chrono::sys_days> read_date(Cursor& in) {
    int year = 0, month = 0, day = 0;
    if (!in.take_number(4, year) || !in.take('-') || !in.take_number(2, month) || !in.take('-') ||
        !in.take_number(2, day))
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (year < 1970 || year > 9998 || !date.ok()) return std::nullopt;
    return std::chrono::sys_days{date};
}

/// 1 to 9 digits, of which the first three count.
bool read_fraction(Cursor& in, int& ms) {
    int digits = 0;
    ms = 0;
    for (int weight = 100; in.next_is_digit(); weight /= 10, ++digits)
        ms += in.take_digit() * weight;
    return digits >= 1 && digits <= 9;
}

std::optional<Clock> read_clock(Cursor& in) {
    Clock clock;
    if (!in.take_number(2, clock.hour) || !in.take(':') || !in.take_number(2, clock.minute) || !in.take(':') ||
        !in.take_number(2, clock.second))
        return std::nullopt;
    if (in.take('.') && !read_fraction(in, clock.ms)) return std::nullopt;
    if (clock.hour > 23 || clock.minute > 59 || clock.second > 60) return std::nullopt;
    return clock;
}

std::optional<int> read_offset_minutes(Cursor& in) {
    if (in.take('Z') || in.take('z')) return 0;
    const bool west = in.take('-');
    if (!west && !in.take('+')) return std::nullopt;
    int hour = 0, minute = 0;
    if (!in.take_number(2, hour) || !in.take(':') || !in.take_number(2, minute)) return std::nullopt;
    if (hour > 23 || minute > 59) return std::nullopt;
    return (west ? -1 : 1) * (hour * 60 + minute);
}

/// Leap seconds are announced for the last UTC second of a month only. The moment given is the second after.
bool leap_second_possible(Instant after) {
    if (after.ms % day_ms >= 1000 || after.ms < 0) return false;
    const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::days{after.ms / day_ms}}};
    return day.day() == std::chrono::day{1};
}

std::string two_digits(std::int64_t value) {
    std::string text = std::to_string(value);
    return text.size() < 2 ? "0" + text : text;
}

std::string padded(std::int64_t value, std::size_t width) {
    std::string text = std::to_string(value);
    return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

std::string date_and_clock(std::int64_t local_ms) {
    const std::int64_t day = local_ms >= 0 ? local_ms / day_ms : -((-local_ms + day_ms - 1) / day_ms);
    const std::int64_t in_day = local_ms - day * day_ms;
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    std::string text = padded(static_cast<int>(date.year()), 4) + "-" +
                       two_digits(static_cast<unsigned>(date.month())) + "-" +
                       two_digits(static_cast<unsigned>(date.day())) + "T" + two_digits(in_day / 3'600'000) + ":" +
                       two_digits(in_day / 60'000 % 60) + ":" + two_digits(in_day / 1000 % 60);
    if (in_day % 1000 != 0) text += "." + padded(in_day % 1000, 3);
    return text;
}

/// RFC 3339 has four digits for the year, so a moment outside them is a mistake of ours.
void require_writable(Instant at) {
    constexpr std::int64_t earliest_ms = -62'135'596'800'000;  // 0001-01-01T00:00:00Z
    constexpr std::int64_t latest_ms = 253'402'214'400'000;    // 9999-12-31T00:00:00Z
    if (at.ms < earliest_ms || at.ms >= latest_ms)
        throw std::logic_error("a time outside the years 1 to 9999 cannot be written: " + std::to_string(at.ms) +
                               " ms");
}

struct SpanUnit {
    std::string_view name;
    std::int64_t ms;
};
constexpr SpanUnit span_units[] = {{"d", day_ms}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};

}  // namespace

std::optional<WrittenTime> parse_rfc3339(std::string_view text) {
    Cursor in(text);
    const auto date = read_date(in);
    if (!date || !(in.take('T') || in.take('t'))) return std::nullopt;
    const auto clock = read_clock(in);
    if (!clock) return std::nullopt;
    const auto offset = read_offset_minutes(in);
    if (!offset || !in.at_end()) return std::nullopt;

    const std::int64_t local_s = clock->hour * 3600 + clock->minute * 60 + clock->second;
    const Instant at{date->time_since_epoch().count() * day_ms + (local_s - *offset * 60) * 1000 + clock->ms};
    if (clock->second == 60 && !leap_second_possible(at)) return std::nullopt;
    return WrittenTime{at, *offset};
}

std::string to_rfc3339(Instant at) {
    require_writable(at);
    return date_and_clock(at.ms) + "Z";
}

std::string to_rfc3339(Instant at, int offset_minutes) {
    if (offset_minutes <= -1440 || offset_minutes >= 1440)
        throw std::logic_error("an offset of " + std::to_string(offset_minutes) + " minutes cannot be written");
    const Instant local{at.ms + std::int64_t{offset_minutes} * 60'000};
    require_writable(at);
    require_writable(local);
    const int size = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    return date_and_clock(local.ms) + (offset_minutes < 0 ? "-" : "+") + two_digits(size / 60) + ":" +
           two_digits(size % 60);
}

std::optional<Span> parse_span(std::string_view text) {
    std::size_t digits = 0;
    std::int64_t number = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits)
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, text[digits] - '0', &number))
            return std::nullopt;
    if (digits == 0) return std::nullopt;
    for (const SpanUnit& unit : span_units) {
        if (text.substr(digits) != unit.name) continue;
        std::int64_t ms = 0;
        if (__builtin_mul_overflow(number, unit.ms, &ms)) return std::nullopt;
        return Span{ms};
    }
    return std::nullopt;
}

std::string to_text(Span span) {
    if (span.ms == 0) return "0s";
    for (const SpanUnit& unit : span_units)
        if (span.ms % unit.ms == 0) return std::to_string(span.ms / unit.ms) + std::string(unit.name);
    throw std::logic_error("unreachable: every span is a whole number of milliseconds");
}

}  // namespace roamguard::tariffs
