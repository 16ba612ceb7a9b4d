#include "notifications/format.h"

#include <date/tz.h>
#include <fmt/format.h>
#include <unicode/dtptngen.h>
#include <unicode/listformatter.h>
#include <unicode/locid.h>
#include <unicode/numberformatter.h>
#include <unicode/smpdtfmt.h>
#include <unicode/ucurr.h>

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <unordered_map>

#include "geoip/networks.h"

namespace roamguard::notifications {
namespace {

using icu::number::LocalizedNumberFormatter;
using icu::number::NumberFormatter;
using icu::number::Precision;

constexpr std::int64_t kilobyte = 1024, megabyte = kilobyte * 1024, gigabyte = megabyte * 1024;
constexpr int most_digits = 6;  ///< of money, which is kept in millionths

/// ICU fails here only for want of its own data or of memory: nothing a message can be made without.
void check(UErrorCode status, std::string_view what) {
    if (U_FAILURE(status)) throw std::runtime_error(fmt::format("ICU cannot format {}: {}", what, u_errorName(status)));
}

std::string to_utf8(const icu::UnicodeString& text) {
    std::string utf8;
    text.toUTF8String(utf8);
    return utf8;
}

/// Digits after the point of a decimal text.
std::size_t fraction_digits(std::string_view decimal) {
    const std::size_t point = decimal.find('.');
    return point == std::string_view::npos ? 0 : decimal.size() - point - 1;
}

/// bytes / per with at most two decimals, rounded half up, as a decimal text.
std::string hundredths(std::int64_t bytes, std::int64_t per) {
    const std::int64_t value = tariffs::mul_div(bytes, 100, per, tariffs::Rounding::half_up);
    if (value % 100 == 0) return fmt::format("{}", value / 100);
    if (value % 10 == 0) return fmt::format("{}.{}", value / 100, value % 100 / 10);
    return fmt::format("{}.{:02}", value / 100, value % 100);
}

/// `UTC+8`, `UTC-3:30`, `UTC`.
std::string zone_name(std::chrono::minutes offset) {
    const auto minutes = offset.count() < 0 ? -offset.count() : offset.count();
    if (minutes == 0) return "UTC";
    const std::string hours = fmt::format("UTC{}{}", offset.count() < 0 ? '-' : '+', minutes / 60);
    return minutes % 60 == 0 ? hours : fmt::format("{}:{:02}", hours, minutes % 60);
}

/// The zone's offset by the system's tz database: ICU's own is years older.
std::chrono::minutes offset_at(tariffs::Instant at, const date::time_zone& zone) {
    const date::sys_time<std::chrono::milliseconds> moment{std::chrono::milliseconds{at.ms}};
    return std::chrono::duration_cast<std::chrono::minutes>(zone.get_info(moment).offset);
}

/// `service.data`, `label.voice_mo.home`.
std::string key_of(std::string_view family, tariffs::Service service, tariffs::Called called) {
    const std::string key = fmt::format("{}.{}", family, tariffs::word(service));
    const bool narrowed = service == tariffs::Service::voice_mo && called != tariffs::Called::unknown;
    return narrowed ? fmt::format("{}.{}", key, tariffs::word(called)) : key;
}

}  // namespace

struct Formatter::Impl {
    icu::Locale locale;
    const Words& words;
    std::array<std::optional<LocalizedNumberFormatter>, most_digits + 1> decimals;  ///< by digits after the point
    LocalizedNumberFormatter percents;
    std::unique_ptr<icu::SimpleDateFormat> dates;
    std::unique_ptr<icu::ListFormatter> lists;
    std::map<geoip::Country, std::string> countries;
    std::map<tariffs::Currency, std::string> currency_names;
    std::unordered_map<std::string, const date::time_zone*> zones;

    Impl(const std::string& language_tag, const Words& phrases)
        : locale(icu::Locale::createCanonical(language_tag.c_str())),
          words(phrases),
          percents(NumberFormatter::withLocale(locale).unit(icu::MeasureUnit::getPercent())) {}

    std::string decimal(std::string_view text) {
        const std::size_t digits = fraction_digits(text);
        auto& formatter = decimals.at(digits);
        if (!formatter)
            formatter =
                NumberFormatter::withLocale(locale).precision(Precision::fixedFraction(static_cast<int32_t>(digits)));
        UErrorCode status = U_ZERO_ERROR;
        const icu::number::FormattedNumber number =
            formatter->formatDecimal(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), status);
        const icu::UnicodeString formatted = number.toString(status);
        check(status, text);
        return to_utf8(formatted);
    }

    /// `MB`, or what the language writes for it (`Mo`).
    std::string volume_unit(std::string_view name) const {
        const std::string* own = words.find("volume", name);
        return own != nullptr ? *own : std::string(name);
    }

    std::string volume(const std::string& count, std::string_view name) {
        return fill(words.of("volume"), {{"count", decimal(count)}, {"name", volume_unit(name)}});
    }

    icu::SimpleDateFormat& date_format() {
        if (dates) return *dates;
        UErrorCode status = U_ZERO_ERROR;
        const std::unique_ptr<icu::DateTimePatternGenerator> generator(
            icu::DateTimePatternGenerator::createInstance(locale, status));
        check(status, "dates");
        const icu::UnicodeString pattern = generator->getBestPattern(icu::UnicodeString(u"yMMMdjm"), status);
        check(status, "dates");
        dates = std::make_unique<icu::SimpleDateFormat>(pattern, locale, status);
        check(status, "dates");
        dates->adoptTimeZone(icu::TimeZone::getGMT()->clone());
        return *dates;
    }

    const date::time_zone& zone(const std::string& name) {
        if (const auto known = zones.find(name); known != zones.end()) return *known->second;
        try {
            return *zones.emplace(name, date::locate_zone(name)).first->second;
        } catch (const std::runtime_error&) {
            return *date::locate_zone("UTC");
        }
    }

    const std::string& currency_name(tariffs::Currency currency) {
        std::string& name = currency_names[currency];
        if (!name.empty()) return name;
        UErrorCode status = U_ZERO_ERROR;
        int32_t length = 0;
        UBool is_choice = false;
        icu::UnicodeString code = icu::UnicodeString::fromUTF8(currency.code());
        const char16_t* text =
            ucurr_getPluralName(code.getTerminatedBuffer(), locale.getName(), &is_choice, "other", &length, &status);
        check(status, currency.code());
        name = to_utf8(icu::UnicodeString(text, length));
        return name;
    }
};

Formatter::Formatter(const std::string& language_tag, const Words& words)
    : impl_(std::make_unique<Impl>(language_tag, words)) {}

Formatter::~Formatter() = default;

std::string Formatter::money(tariffs::Money amount) {
    const std::string code = amount.currency.code();
    const std::string* own = impl_->words.find("money", code);
    const std::string& pattern = own != nullptr ? *own : impl_->words.of("money");
    const bool named = pattern.find("{name}") != std::string::npos;
    return fill(pattern, {{"amount", impl_->decimal(tariffs::to_decimal(amount))},
                          {"code", code},
                          {"name", named ? impl_->currency_name(amount.currency) : code}});
}

std::string Formatter::spent(tariffs::Money amount) {
    return money(tariffs::round_to_minor(amount, tariffs::Rounding::half_up));
}

std::string Formatter::amount(const Amount& amount) {
    if (amount.money) return money(*amount.money);
    const std::int64_t bytes = amount.bytes;
    if (bytes >= gigabyte) return impl_->volume(hundredths(bytes, gigabyte), "GB");
    if (bytes >= megabyte || bytes == 0) return impl_->volume(hundredths(bytes, megabyte), "MB");
    return impl_->volume(hundredths(bytes, kilobyte), "KB");
}

std::string Formatter::used(const Amount& amount) { return amount.money ? spent(*amount.money) : this->amount(amount); }

std::string Formatter::percent(std::int64_t percent) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::UnicodeString text = impl_->percents.formatInt(percent, status).toString(status);
    check(status, "a percentage");
    return to_utf8(text);
}

std::string Formatter::unit(tariffs::Quantity unit) {
    const auto counted = [this](std::string_view singular, std::string_view plural, std::int64_t count) {
        return count == 1 ? impl_->words.of(singular)
                          : fill(impl_->words.of(plural), {{"count", impl_->decimal(fmt::format("{}", count))}});
    };
    const std::int64_t amount = unit.amount;
    switch (unit.kind) {
        case tariffs::UnitKind::seconds:
            if (amount % 3600 == 0) return counted("unit.hour", "unit.hours", amount / 3600);
            if (amount % 60 == 0) return counted("unit.minute", "unit.minutes", amount / 60);
            return counted("unit.second", "unit.seconds", amount);
        case tariffs::UnitKind::messages:
            return counted("unit.message", "unit.messages", amount);
        case tariffs::UnitKind::bytes:
            break;
    }
    constexpr std::array<std::pair<std::int64_t, std::string_view>, 4> names{
        {{gigabyte, "GB"}, {megabyte, "MB"}, {kilobyte, "KB"}, {1, "B"}}};
    for (const auto& name : names) {
        if (amount % name.first != 0) continue;
        if (amount == name.first) return impl_->volume_unit(name.second);
        return impl_->volume(fmt::format("{}", amount / name.first), name.second);
    }
    throw std::logic_error("every whole number of bytes has a unit");
}

std::string Formatter::price_line(const PriceLine& line) {
    const std::string& label = impl_->words.of(key_of("label", line.service, line.called));
    if (line.price.micros == 0) return fill(impl_->words.of("price.free"), {{"label", label}});
    return fill(impl_->words.of("price.line"),
                {{"label", label}, {"price", money(line.price)}, {"unit", unit(line.unit)}});
}

std::string Formatter::price_inline(const PriceLine& line) {
    const std::string& service = impl_->words.of(key_of("service", line.service, line.called));
    if (line.price.micros == 0) return fill(impl_->words.of("price.inline.free"), {{"service", service}});
    return fill(impl_->words.of("price.inline"),
                {{"service", service}, {"price", money(line.price)}, {"unit", unit(line.unit)}});
}

std::string Formatter::with_tax(const std::string& price, tariffs::Tax tax) {
    return fill(impl_->words.of(tax == tariffs::Tax::incl ? "price.incl" : "price.excl"), {{"line", price}});
}

std::string Formatter::join(const std::string& a, const std::string& b) {
    return fill(impl_->words.of("join"), {{"a", a}, {"b", b}});
}

std::string Formatter::numbered(int number, const std::string& choice) {
    return fill(impl_->words.of("choice.line"), {{"number", fmt::format("{}", number)}, {"text", choice}});
}

std::string Formatter::date(tariffs::Instant at, const std::string& time_zone) {
    const std::chrono::minutes offset = offset_at(at, impl_->zone(time_zone));
    const tariffs::Instant local = at + tariffs::minutes(offset.count());
    icu::UnicodeString text;
    impl_->date_format().format(static_cast<UDate>(local.ms), text);
    return fill(impl_->words.of("date"), {{"date", to_utf8(text)}, {"zone", zone_name(offset)}});
}

std::string Formatter::services(const std::vector<tariffs::Service>& services) {
    std::vector<std::string> names;
    for (const tariffs::Service service : services)
        names.push_back(impl_->words.of(key_of("service", service, tariffs::Called::unknown)));
    return list(names);
}

std::string Formatter::list(const std::vector<std::string>& items) {
    if (items.empty()) return {};
    if (items.size() == 1) return items.front();
    UErrorCode status = U_ZERO_ERROR;
    if (!impl_->lists) impl_->lists.reset(icu::ListFormatter::createInstance(impl_->locale, status));
    check(status, "a list");
    std::vector<icu::UnicodeString> texts;
    for (const std::string& item : items)
        texts.push_back(icu::UnicodeString::fromUTF8(item));
    icu::UnicodeString joined;
    impl_->lists->format(texts.data(), static_cast<int32_t>(texts.size()), joined, status);
    check(status, "a list");
    return to_utf8(joined);
}

std::string Formatter::country(geoip::Country country) {
    std::string& name = impl_->countries[country];
    if (!name.empty() || country.none()) return name;
    if (const std::string* own = impl_->words.find("country", country.code())) return name = *own;
    icu::UnicodeString text;
    icu::Locale("", country.code().c_str()).getDisplayCountry(impl_->locale, text);
    return name = to_utf8(text);
}

std::string Formatter::place(geoip::NetworkClass klass, geoip::Country country) {
    using geoip::NetworkClass;
    switch (klass) {
        case NetworkClass::inflight:
            return impl_->words.of("place.inflight");
        case NetworkClass::maritime:
            return impl_->words.of("place.maritime");
        case NetworkClass::satellite:
            return impl_->words.of("place.satellite");
        case NetworkClass::test:
            return impl_->words.of("place.test");
        case NetworkClass::home:
            return country.none() ? impl_->words.of("place.home") : this->country(country);
        case NetworkClass::terrestrial:
        case NetworkClass::unknown:
            break;
    }
    return country.none() ? impl_->words.of("place.unknown") : this->country(country);
}

std::string Formatter::allowance(const Choice& pass) {
    if (!pass.allowance) return impl_->words.of("pass.unlimited");
    if (pass.allowance_kind != tariffs::UnitKind::bytes) return unit({*pass.allowance, pass.allowance_kind});
    Amount volume;
    volume.bytes = *pass.allowance;
    return amount(volume);
}

std::string Formatter::validity(const Choice& pass) {
    const std::int64_t hours = pass.validity.ms / tariffs::hours(1).ms, days = hours / 24;
    const std::string_view key = hours % 24 != 0 ? "pass.hours" : days == 1 ? "pass.day" : "pass.days";
    const std::string text = fill(impl_->words.of(key), {{"count", fmt::format("{}", hours % 24 != 0 ? hours : days)}});
    return pass.calendar_days ? fill(impl_->words.of("pass.midnight"), {{"validity", text}}) : text;
}

std::string Formatter::choice(const Choice& choice, Note about) {
    const bool own_cap = choice.own_cap || about == Note::own_cap;
    switch (choice.does) {
        case Choice::Does::extend: {
            const bool unlimited = !choice.new_limit.money && choice.new_limit.bytes == 0;
            if (unlimited) return impl_->words.of("choice.unlimited");
            return fill(impl_->words.of(own_cap ? "choice.raise" : "choice.extend"),
                        {{"limit", amount(choice.new_limit)}});
        }
        case Choice::Does::pass:
            if (!choice.price) return choice.pass_name;
            return fill(impl_->words.of("choice.pass"), {{"pass", choice.pass_name},
                                                         {"allowance", allowance(choice)},
                                                         {"validity", validity(choice)},
                                                         {"price", with_tax(money(*choice.price), choice.tax)}});
        case Choice::Does::proceed:
            return impl_->words.of("choice.continue");
        case Choice::Does::decline:
            return impl_->words.of(own_cap ? "choice.leave" : "choice.decline");
    }
    throw std::logic_error("a choice does one of four things");
}

std::string Formatter::cap_line(const CapLine& cap, const std::string& time_zone) {
    const bool unlimited = !cap.limit.money && cap.limit.bytes == 0;
    const std::string line = fill(impl_->words.of(unlimited ? "cap.unlimited" : "cap.line"),
                                  {{"services", services(cap.services)},
                                   {"used", used(cap.used)},
                                   {"limit", unlimited ? std::string() : amount(cap.limit)},
                                   {"percent", percent(percent_used(cap.used, cap.limit))}});
    if (cap.per_trip) return fill(impl_->words.of("cap.trip"), {{"line", line}});
    if (!cap.period_end) return line;
    return fill(impl_->words.of("cap.until"), {{"line", line}, {"date", date(*cap.period_end, time_zone)}});
}

std::int64_t percent_used(const Amount& used, const Amount& limit) {
    const std::int64_t part = used.money ? used.money->micros : used.bytes;
    const std::int64_t whole = limit.money ? limit.money->micros : limit.bytes;
    if (whole <= 0 || part <= 0) return 0;
    return tariffs::mul_div(part, 100, whole, tariffs::Rounding::down);
}

}  // namespace roamguard::notifications
