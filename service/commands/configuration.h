#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace roamguard::commands {

/// One option: the flag `--platform.webhook-url`, the variable ROAMGUARD_PLATFORM_WEBHOOK_URL, and `webhook-url` under
/// `[platform]` in the file.
struct Option {
    enum class Kind { text, whole, span, yes_no, list, choice } kind = Kind::text;
    std::string name, fallback, about;
    std::vector<std::string> choices;  ///< of a choice
    bool secret = false;
};
[[nodiscard]] const std::vector<Option>& options();

/// Where a value came from, in rising strength.
enum class From { fallback, file, environment, flag };

/// The effective configuration. Immutable after loading.
class Configuration {
public:
    struct Value {
        std::string text;
        From from = From::fallback;
    };
    /// Flags over environment over file. `flags` by option name. Every fault is a sentence naming the option, where it
    /// was set, and the rule or the nearest valid name.
    [[nodiscard]] static tl::expected<Configuration, std::vector<std::string>> load(
        const std::map<std::string, std::string>& flags, const std::string& file);

    [[nodiscard]] const std::string& text(const std::string& name) const;
    [[nodiscard]] long long whole(const std::string& name) const;
    [[nodiscard]] long long span_ms(const std::string& name) const;
    [[nodiscard]] bool yes(const std::string& name) const;
    [[nodiscard]] std::vector<std::string> list(const std::string& name) const;
    /// TOML, each option with its explanation and origin, secrets masked.
    [[nodiscard]] std::string print() const;

private:
    std::map<std::string, Value> values_;
};

/// The nearest of the names to a misspelt one; empty when none is near.
[[nodiscard]] std::string nearest(const std::string& word, const std::vector<std::string>& names);

}  // namespace roamguard::commands
