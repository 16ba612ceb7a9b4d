#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace roamguard::geoip {

/// A country or territory by its ISO 3166-1 alpha-2 code, upper case (plus XK for Kosovo, as networks use it).
/// A default-constructed Country is "none" and prints as the empty string. Immutable value; any thread.
class Country {
public:
    Country() = default;

    /// Reads exactly two letters A-Z. Lower case, other lengths and other characters give nothing: callers decide
    /// whether to fold case, because a tariff file and a network table differ in how strict they must be.
    [[nodiscard]] static std::optional<Country> parse(std::string_view text) {
        if (text.size() != 2) return std::nullopt;
        for (char c : text)
            if (c < 'A' || c > 'Z') return std::nullopt;
        Country country;
        country.letters_[0] = text[0];
        country.letters_[1] = text[1];
        return country;
    }

    [[nodiscard]] bool none() const { return letters_[0] == '\0'; }
    [[nodiscard]] std::string code() const { return none() ? std::string{} : std::string(letters_, 2); }

    friend auto operator<=>(const Country&, const Country&) = default;

private:
    char letters_[2] = {'\0', '\0'};
};

}  // namespace roamguard::geoip
