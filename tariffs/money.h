#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace roamguard::tariffs {

/// An ISO 4217 currency code. Default-constructed is "none". Immutable value; any thread.
class Currency {
public:
    Currency() = default;
    /// Only a code of the ISO 4217 list (upper case) that has minor units; nothing otherwise, nor for metals, baskets
    /// and test codes (XAU, XDR, XXX), in which nobody is charged.
    [[nodiscard]] static std::optional<Currency> parse(std::string_view code);
    [[nodiscard]] bool none() const { return letters_[0] == '\0'; }
    [[nodiscard]] std::string code() const { return none() ? std::string{} : std::string(letters_, 3); }
    /// ISO 4217 minor units (JPY 0, EUR 2, KWD 3), which differ from CLDR's display digits for some. 2 for none.
    [[nodiscard]] int minor_units() const;
    friend auto operator<=>(const Currency&, const Currency&) = default;

private:
    char letters_[3] = {'\0', '\0', '\0'};
};

/// Thrown when a sum leaves the range of int64 millionths (about 9.2 million million): a fault of ours or absurd
/// input that a boundary let through, never a business outcome.
struct MoneyOverflow : std::overflow_error {
    using std::overflow_error::overflow_error;
};

/// An amount in whole millionths of a currency unit. Sums are checked and need equal currencies (std::logic_error
/// otherwise). Immutable value; any thread.
struct Money {
    std::int64_t micros = 0;
    Currency currency;

    friend auto operator<=>(const Money&, const Money&) = default;
};

[[nodiscard]] Money operator+(Money a, Money b);
[[nodiscard]] Money operator-(Money a, Money b);

/// Why a decimal text is no amount: for messages to people.
enum class DecimalFault { none, empty, not_a_number, comma, exponent, too_many_decimals, too_large, negative };
[[nodiscard]] std::string_view sentence(DecimalFault fault);

/// Digits, optionally a point and digits: `12`, `12.34`, `0.000001`; at most 6 decimals (further zeros are allowed),
/// below 9,000,000,000,000. A leading `-` only when `sign` is `allowed`. No plus, no exponent, no separators, no space.
enum class Sign { refused, allowed };
struct DecimalResult {
    std::int64_t micros = 0;
    DecimalFault fault = DecimalFault::none;
};
[[nodiscard]] DecimalResult parse_decimal(std::string_view text, Sign sign);

/// At least the currency's minor units, further digits only as far as they are not zero: `3.00`, `0.0005`, JPY `300`.
/// For amounts that must be shown rounded use round_to_minor first.
[[nodiscard]] std::string to_decimal(Money amount);

/// half_up: ties away from zero; up: away from zero; down: towards zero.
enum class Rounding { half_up, up, down };
/// Rounds to the currency's minor units.
[[nodiscard]] Money round_to_minor(Money amount, Rounding rounding);

/// value * numerator / denominator in 128 bits, rounded to a whole number (half_up: ties away from zero). Throws
/// MoneyOverflow.
[[nodiscard]] std::int64_t mul_div(std::int64_t value, std::int64_t numerator, std::int64_t denominator,
                                   Rounding rounding);

/// A price list's tax marking.
enum class Tax { incl, excl };
[[nodiscard]] std::string_view word(Tax tax);
[[nodiscard]] std::optional<Tax> parse_tax(std::string_view word);

/// A tax rate in millionths of one: 19 % is 190000.
struct TaxRate {
    std::int64_t millionths = 0;
    friend auto operator<=>(const TaxRate&, const TaxRate&) = default;
};
/// An amount on one tax basis as it stands on another, rounded half up to a millionth.
[[nodiscard]] Money convert_tax(Money amount, Tax from, Tax to, TaxRate rate);

}  // namespace roamguard::tariffs
