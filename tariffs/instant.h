#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roamguard::tariffs {

/// A moment in UTC, in whole milliseconds since 1970-01-01. Immutable value; any thread.
struct Instant {
    std::int64_t ms = 0;
    friend auto operator<=>(const Instant&, const Instant&) = default;
};

/// A length of time in milliseconds.
struct Span {
    std::int64_t ms = 0;
    friend auto operator<=>(const Span&, const Span&) = default;
};

constexpr Instant operator+(Instant at, Span span) { return {at.ms + span.ms}; }
constexpr Instant operator-(Instant at, Span span) { return {at.ms - span.ms}; }
constexpr Span operator-(Instant a, Instant b) { return {a.ms - b.ms}; }
constexpr Span operator+(Span a, Span b) { return {a.ms + b.ms}; }
constexpr Span seconds(std::int64_t n) { return {n * 1000}; }
constexpr Span minutes(std::int64_t n) { return {n * 60'000}; }
constexpr Span hours(std::int64_t n) { return {n * 3'600'000}; }
constexpr Span days(std::int64_t n) { return {n * 86'400'000}; }

/// A parsed RFC 3339 time, with the offset it was written in (minutes east of UTC).
struct WrittenTime {
    Instant at;
    int offset_minutes = 0;
};

/// RFC 3339 strictly: `2026-11-24T05:31:00.123+08:00` or `...Z` (`T` and `Z` upper or lower case), a real calendar
/// date, years 1970 to 9998, hour 0-23, seconds 0-60 only where a leap second is possible (23:59:60Z counts as the next
/// second), 1 to 9 fraction digits (cut to ms), offset -23:59..+23:59. Nothing for anything else.
[[nodiscard]] std::optional<WrittenTime> parse_rfc3339(std::string_view text);

/// `2026-11-24T05:31:00Z`, with `.123` only when there are milliseconds.
[[nodiscard]] std::string to_rfc3339(Instant at);
/// The same moment written with an offset: `2026-11-01T00:00:00+08:00`.
[[nodiscard]] std::string to_rfc3339(Instant at, int offset_minutes);

/// Configuration durations: `90s`, `30m`, `6h`, `35d`, `250ms`; whole non-negative numbers.
[[nodiscard]] std::optional<Span> parse_span(std::string_view text);
[[nodiscard]] std::string to_text(Span span);

}  // namespace roamguard::tariffs
