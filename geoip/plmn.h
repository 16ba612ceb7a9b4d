#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace roamguard::geoip {

/// A public land mobile network code: MCC (3 digits) and MNC (2 or 3 digits), both strings, because `01` and `001`
/// are different networks (ITU-T E.212). Immutable value; any thread.
class Plmn {
public:
    /// Absent when the MCC is not three ASCII digits or the MNC not two or three.
    [[nodiscard]] static std::optional<Plmn> parse(std::string_view mcc, std::string_view mnc) {
        if (mcc.size() != 3 || (mnc.size() != 2 && mnc.size() != 3)) return std::nullopt;
        Plmn plmn;
        std::size_t at = 0;
        for (std::string_view part : {mcc, mnc})
            for (char c : part) {
                if (c < '0' || c > '9') return std::nullopt;
                plmn.digits_[at++] = c;
            }
        return plmn;
    }

    /// Reads the written form `440-10`; never a joined `44010`, whose split would be a guess.
    [[nodiscard]] static std::optional<Plmn> parse(std::string_view text) {
        if (text.size() < 6 || text[3] != '-') return std::nullopt;
        return parse(text.substr(0, 3), text.substr(4));
    }

    [[nodiscard]] std::string mcc() const { return std::string(digits_.data(), 3); }
    [[nodiscard]] std::string mnc() const { return std::string(digits_.data() + 3, digits_[5] == '\0' ? 2 : 3); }
    /// `440-10`.
    [[nodiscard]] std::string text() const { return mcc() + "-" + mnc(); }

    friend auto operator<=>(const Plmn&, const Plmn&) = default;

private:
    std::array<char, 6> digits_{};
};

}  // namespace roamguard::geoip
