#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roamguard::tariffs {

/// What a usage record measures, with its base unit: data in bytes, voice in seconds, SMS in messages.
enum class Service { data, voice_mo, voice_mt, sms_mo, sms_mt };
inline constexpr int service_count = 5;
[[nodiscard]] std::string_view word(Service service);
[[nodiscard]] std::optional<Service> parse_service(std::string_view word);

enum class UnitKind { bytes, seconds, messages };
[[nodiscard]] UnitKind kind_of(Service service);

/// A quantity in base units with its kind.
struct Quantity {
    std::int64_t amount = 0;
    UnitKind kind = UnitKind::bytes;
    friend bool operator==(const Quantity&, const Quantity&) = default;
};

/// `MB`, `10 KB`, `128 B`, `3 MB`, `minute`, `30 s`, `60 seconds`, `second`, `message`, `5 GB`: an optional positive
/// whole number and a unit (B, KB, MB, GB, TB by 1,024; s, sec, second(s), min, minute(s), h, hour(s); message(s),
/// sms). Nothing otherwise. Letter case of the unit does not matter.
[[nodiscard]] std::optional<Quantity> parse_quantity(std::string_view text);
/// The shortest exact writing: 1048576 bytes is `1 MB`, 60 s is `1 minute`; with count 1 the number is left out when
/// `per` is asked: `MB`, `minute`.
enum class Style { counted, per };
[[nodiscard]] std::string to_text(Quantity quantity, Style style);

/// What a voice call goes to. `other` is any other country.
enum class Called { unknown, home, local, other, premium };
[[nodiscard]] std::string_view word(Called called);

}  // namespace roamguard::tariffs
