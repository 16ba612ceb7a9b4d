#include "notifications/words.h"

#include <fmt/format.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "geoip/country.h"
#include "tariffs/money.h"

namespace roamguard::notifications {
namespace {

/// A key of words.txt and the variables its phrase may name, in one string.
struct Key {
    std::string_view name;
    std::string_view variables;
};

constexpr std::array keys{
    Key{"label.data", ""},
    Key{"label.voice_mo", ""},
    Key{"label.voice_mo.home", ""},
    Key{"label.voice_mo.local", ""},
    Key{"label.voice_mo.other", ""},
    Key{"label.voice_mo.premium", ""},
    Key{"label.voice_mt", ""},
    Key{"label.sms_mo", ""},
    Key{"label.sms_mt", ""},
    Key{"service.data", ""},
    Key{"service.voice_mo", ""},
    Key{"service.voice_mo.home", ""},
    Key{"service.voice_mo.local", ""},
    Key{"service.voice_mo.other", ""},
    Key{"service.voice_mo.premium", ""},
    Key{"service.voice_mt", ""},
    Key{"service.sms_mo", ""},
    Key{"service.sms_mt", ""},
    Key{"price.line", "{label} {price} {unit}"},
    Key{"price.free", "{label}"},
    Key{"price.inline", "{service} {price} {unit}"},
    Key{"price.inline.free", "{service}"},
    Key{"price.incl", "{line}"},
    Key{"price.excl", "{line}"},
    Key{"join", "{a} {b}"},
    Key{"unit.second", ""},
    Key{"unit.minute", ""},
    Key{"unit.hour", ""},
    Key{"unit.message", ""},
    Key{"unit.seconds", "{count}"},
    Key{"unit.minutes", "{count}"},
    Key{"unit.hours", "{count}"},
    Key{"unit.messages", "{count}"},
    Key{"volume", "{count} {name}"},
    Key{"money", "{amount} {code} {name}"},
    Key{"date", "{date} {zone}"},
    Key{"place.inflight", ""},
    Key{"place.maritime", ""},
    Key{"place.satellite", ""},
    Key{"place.unknown", ""},
    Key{"place.home", ""},
    Key{"place.test", ""},
    Key{"choice.line", "{number} {text}"},
    Key{"choice.extend", "{limit}"},
    Key{"choice.unlimited", ""},
    Key{"choice.pass", "{pass} {allowance} {validity} {price}"},
    Key{"pass.unlimited", ""},
    Key{"pass.hours", "{count}"},
    Key{"pass.day", ""},
    Key{"pass.days", "{count}"},
    Key{"pass.midnight", "{validity}"},
    Key{"choice.continue", ""},
    Key{"choice.decline", ""},
    Key{"choice.raise", "{limit}"},
    Key{"choice.leave", ""},
    Key{"cap.line", "{services} {used} {limit} {percent}"},
    Key{"cap.unlimited", "{services} {used}"},
    Key{"cap.until", "{line} {date}"},
    Key{"cap.trip", "{line}"},
    Key{"page.cap", ""},
    Key{"page.own_cap", ""},
    Key{"page.destination", ""},
    Key{"page.payer", "{line}"},
    Key{"page.cap.off", "{services}"},
    Key{"page.destination.off", ""},
    Key{"page.ambiguous", ""},
    Key{"page.no_guarantee", ""},
    Key{"page.place", ""},
    Key{"page.price", ""},
    Key{"page.price.none", ""},
    Key{"page.used", ""},
    Key{"page.used.of", "{services} {used} {limit}"},
    Key{"page.until", ""},
    Key{"page.silence", ""},
    Key{"page.silence.cap", ""},
    Key{"page.silence.until", "{date}"},
    Key{"page.silence.trip", ""},
    Key{"page.silence.own_cap", ""},
    Key{"page.silence.destination", ""},
    Key{"page.choose", ""},
    Key{"page.free", ""},
    Key{"page.pass.is", "{services} {allowance} {validity}"},
    Key{"page.pass.unlimited", ""},
    Key{"page.pass.days", "{count}"},
    Key{"page.pass.calendar", "{count}"},
    Key{"page.wrong_choice", ""},
    Key{"page.confirmed", ""},
    Key{"page.declined", ""},
    Key{"page.answer", "{chosen}"},
    Key{"page.written", ""},
    Key{"page.reference", "{reference}"},
    Key{"page.closed", ""},
    Key{"page.closed.answered", "{date}"},
    Key{"page.closed.expired", ""},
    Key{"page.closed.withdrawn", ""},
    Key{"page.closed.again", ""},
    Key{"page.closed.next", ""},
    Key{"page.unknown", ""},
    Key{"page.unknown.next", ""},
    Key{"page.elsewhere", ""},
    Key{"page.elsewhere.next", ""},
    Key{"page.later", ""},
    Key{"page.later.next", ""},
};

const Key* find_key(std::string_view name) {
    const auto* found = std::find_if(keys.begin(), keys.end(), [name](const Key& key) { return key.name == name; });
    return found == keys.end() ? nullptr : found;
}

/// Units of volume that a language may write its own way.
bool volume_unit(std::string_view name) { return name == "B" || name == "KB" || name == "MB" || name == "GB"; }

/// The variables a key's phrase may name; nothing for an unknown key. Besides the fixed keys there are the families
/// `money.<ISO 4217>`, `country.<alpha-2>` and `volume.<unit>`.
std::optional<std::string_view> variables_of(std::string_view key) {
    if (const Key* fixed = find_key(key)) return fixed->variables;
    if (key.substr(0, 6) == "money." && tariffs::Currency::parse(key.substr(6))) return find_key("money")->variables;
    if (key.substr(0, 8) == "country." && geoip::Country::parse(key.substr(8))) return std::string_view{};
    if (key.substr(0, 7) == "volume." && volume_unit(key.substr(7))) return std::string_view{};
    return std::nullopt;
}

/// What is wrong with a phrase; empty when nothing is.
std::string fault_of(std::string_view phrase, std::string_view variables) {
    for (std::size_t open = phrase.find_first_of("{}"); open != std::string_view::npos;
         open = phrase.find_first_of("{}", open + 1)) {
        const std::size_t close = phrase.find('}', open);
        if (phrase[open] == '}' || close == std::string_view::npos) return "a brace without its partner";
        const std::string_view name = phrase.substr(open, close - open + 1);
        if (variables.find(name) == std::string_view::npos || name.size() == 2)
            return fmt::format("unknown variable {} (known here: {})", name, variables.empty() ? "none" : variables);
        open = close;
    }
    return {};
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

}  // namespace

tl::expected<Words, std::vector<std::string>> Words::parse(std::string_view text, const Words* base) {
    Words words;
    std::vector<std::string> faults;
    if (!valid_utf8(text)) return tl::unexpected(std::vector<std::string>{"not UTF-8"});
    int number = 0;
    while (!text.empty()) {
        ++number;
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trim(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line[0] == '#') continue;
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            faults.push_back(fmt::format("line {}: not `key = phrase`: {}", number, line));
            continue;
        }
        const std::string_view key = trim(line.substr(0, equals)), phrase = trim(line.substr(equals + 1));
        const std::optional<std::string_view> variables = variables_of(key);
        if (!variables) {
            faults.push_back(fmt::format("line {}: unknown key `{}`", number, key));
            continue;
        }
        if (!words.phrases_.emplace(key, phrase).second)
            faults.push_back(fmt::format("line {}: `{}` is there twice", number, key));
        if (const std::string fault = fault_of(phrase, *variables); !fault.empty())
            faults.push_back(fmt::format("line {}: {}: {}", number, key, fault));
    }
    if (base != nullptr) words.phrases_.insert(base->phrases_.begin(), base->phrases_.end());
    for (const Key& key : keys)
        if (words.phrases_.find(key.name) == words.phrases_.end())
            faults.push_back(fmt::format("`{}` is missing", key.name));
    if (!faults.empty()) return tl::unexpected(std::move(faults));
    return words;
}

const std::string& Words::of(std::string_view key) const {
    const auto found = phrases_.find(key);
    if (found == phrases_.end()) throw std::logic_error(fmt::format("words.txt has no key {}", key));
    return found->second;
}

const std::string* Words::find(std::string_view family, std::string_view member) const {
    const auto found = phrases_.find(fmt::format("{}.{}", family, member));
    return found == phrases_.end() ? nullptr : &found->second;
}

bool valid_utf8(std::string_view text) {
    UErrorCode status = U_ZERO_ERROR;
    int32_t length = 0;
    u_strFromUTF8(nullptr, 0, &length, text.data(), static_cast<int32_t>(text.size()), &status);
    return status == U_BUFFER_OVERFLOW_ERROR || U_SUCCESS(status);
}

std::string fill(std::string_view pattern,
                 std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
    std::string text;
    while (!pattern.empty()) {
        const std::size_t open = std::min(pattern.find('{'), pattern.size());
        text += pattern.substr(0, open);
        pattern.remove_prefix(open);
        if (pattern.empty()) break;
        const std::size_t close = pattern.find('}');
        const std::string_view name = pattern.substr(1, close - 1);
        for (const auto& value : values)
            if (value.first == name) text += value.second;
        pattern.remove_prefix(close + 1);
    }
    return text;
}

}  // namespace roamguard::notifications
