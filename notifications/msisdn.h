#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace roamguard::notifications {

/// A telephone number in E.164: `+`, a country code and in all 7 to 15 digits. There is on purpose no way to print it
/// by accident: `e164()` is for delivering and storing, `masked()` for everything a person or a log sees.
class Msisdn {
public:
    Msisdn() = default;
    /// Strict: `+[1-9][0-9]{6,14}`, ASCII digits only.
    [[nodiscard]] static std::optional<Msisdn> parse(std::string_view text) {
        if (text.size() < 8 || text.size() > 16 || text[0] != '+' || text[1] == '0') return std::nullopt;
        for (char c : text.substr(1))
            if (c < '0' || c > '9') return std::nullopt;
        Msisdn number;
        number.text_ = text;
        return number;
    }
    [[nodiscard]] bool none() const { return text_.empty(); }
    [[nodiscard]] const std::string& e164() const { return text_; }
    /// `+447*******23`: the first four characters and the last two.
    [[nodiscard]] std::string masked() const {
        if (none()) return {};
        return text_.substr(0, 4) + std::string(text_.size() - 6, '*') + text_.substr(text_.size() - 2);
    }
    friend auto operator<=>(const Msisdn&, const Msisdn&) = default;

private:
    std::string text_;
};

/// `46000*********23`: MCC, MNC and the last two digits of an IMSI, for whatever a person or a log sees.
[[nodiscard]] inline std::string masked_imsi(std::string_view imsi) {
    if (imsi.size() < 8) return std::string(imsi.size(), '*');
    return std::string(imsi.substr(0, 5)) + std::string(imsi.size() - 7, '*') +
           std::string(imsi.substr(imsi.size() - 2));
}

}  // namespace roamguard::notifications
