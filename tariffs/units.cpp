#include "tariffs/units.h"

#include <array>
#include <stdexcept>

namespace roamguard::tariffs {

namespace {

constexpr std::array<std::string_view, service_count> service_words{"data", "voice_mo", "voice_mt", "sms_mo", "sms_mt"};
constexpr std::array<std::string_view, 5> called_words{"unknown", "home", "local", "other", "premium"};

struct Unit {
    std::string_view name;  ///< lower case
    std::int64_t size;
    UnitKind kind;
};
constexpr Unit units[] = {
    {"b", 1, UnitKind::bytes},
    {"kb", std::int64_t{1} << 10, UnitKind::bytes},
    {"mb", std::int64_t{1} << 20, UnitKind::bytes},
    {"gb", std::int64_t{1} << 30, UnitKind::bytes},
    {"tb", std::int64_t{1} << 40, UnitKind::bytes},
    {"s", 1, UnitKind::seconds},
    {"sec", 1, UnitKind::seconds},
    {"second", 1, UnitKind::seconds},
    {"seconds", 1, UnitKind::seconds},
    {"min", 60, UnitKind::seconds},
    {"minute", 60, UnitKind::seconds},
    {"minutes", 60, UnitKind::seconds},
    {"h", 3600, UnitKind::seconds},
    {"hour", 3600, UnitKind::seconds},
    {"hours", 3600, UnitKind::seconds},
    {"message", 1, UnitKind::messages},
    {"messages", 1, UnitKind::messages},
    {"sms", 1, UnitKind::messages},
};

/// How quantities are written, the largest unit first.
struct Writing {
    UnitKind kind;
    std::int64_t size;
    std::string_view one, many;
};
constexpr Writing writings[] = {
    {UnitKind::bytes, std::int64_t{1} << 40, "TB", "TB"},
    {UnitKind::bytes, std::int64_t{1} << 30, "GB", "GB"},
    {UnitKind::bytes, std::int64_t{1} << 20, "MB", "MB"},
    {UnitKind::bytes, std::int64_t{1} << 10, "KB", "KB"},
    {UnitKind::bytes, 1, "B", "B"},
    {UnitKind::seconds, 3600, "hour", "hours"},
    {UnitKind::seconds, 60, "minute", "minutes"},
    {UnitKind::seconds, 1, "second", "seconds"},
    {UnitKind::messages, 1, "message", "messages"},
};

bool same_folded(std::string_view text, std::string_view lower) {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
        if (c != lower[i]) return false;
    }
    return true;
}

}  // namespace

std::string_view word(Service service) { return service_words.at(static_cast<std::size_t>(service)); }

std::optional<Service> parse_service(std::string_view word) {
    for (std::size_t i = 0; i < service_words.size(); ++i)
        if (service_words[i] == word) return static_cast<Service>(i);
    return std::nullopt;
}

UnitKind kind_of(Service service) {
    switch (service) {
        case Service::data:
            return UnitKind::bytes;
        case Service::voice_mo:
        case Service::voice_mt:
            return UnitKind::seconds;
        case Service::sms_mo:
        case Service::sms_mt:
            return UnitKind::messages;
    }
    throw std::logic_error("unknown Service");
}

std::optional<Quantity> parse_quantity(std::string_view text) {
    std::size_t at = 0;
    std::int64_t number = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, text[at] - '0', &number))
            return std::nullopt;
    if (at == 0)
        number = 1;
    else
        while (at < text.size() && text[at] == ' ')
            ++at;
    if (number == 0) return std::nullopt;
    for (const Unit& unit : units) {
        if (!same_folded(text.substr(at), unit.name)) continue;
        Quantity quantity{0, unit.kind};
        if (__builtin_mul_overflow(number, unit.size, &quantity.amount)) return std::nullopt;
        return quantity;
    }
    return std::nullopt;
}

std::string to_text(Quantity quantity, Style style) {
    for (const Writing& writing : writings) {
        if (writing.kind != quantity.kind || quantity.amount % writing.size != 0) continue;
        if (quantity.amount == 0 && writing.size != 1) continue;  // `0 B`, not `0 TB`
        const std::int64_t count = quantity.amount / writing.size;
        if (count == 1 && style == Style::per) return std::string(writing.one);
        return std::to_string(count) + " " + std::string(count == 1 ? writing.one : writing.many);
    }
    throw std::logic_error("unknown UnitKind");
}

std::string_view word(Called called) { return called_words.at(static_cast<std::size_t>(called)); }

}  // namespace roamguard::tariffs
