#include "tariffs/money.h"

#include <algorithm>
#include <array>
#include <limits>

#include "data/embedded.h"

namespace roamguard::tariffs {

namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t micros_per_unit = 1'000'000;
constexpr int decimals_kept = 6;
constexpr std::int64_t units_limit = 9'000'000'000'000;  // the largest whole part is one less
constexpr int default_minor_units = 2;

/// Minor units by code, `absent` for what is no currency. An array over all 26^3 codes keeps parsing a matter of one
/// read; the list itself is data/currencies.csv.
class CurrencyList {
public:
    static constexpr std::int8_t absent = -1;

    CurrencyList() {
        minor_units_.fill(absent);
        const auto& files = data::embedded_files();
        const auto file = files.find("data/currencies.csv");
        if (file == files.end()) throw std::logic_error("data/currencies.csv is not compiled into the program");
        std::string_view rest = file->second;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            add(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }

    [[nodiscard]] std::int8_t minor_units(std::string_view code) const {
        const auto at = place(code);
        return at ? minor_units_[*at] : absent;
    }

private:
    static std::optional<std::size_t> place(std::string_view code) {
        if (code.size() != 3) return std::nullopt;
        std::size_t at = 0;
        for (char c : code) {
            if (c < 'A' || c > 'Z') return std::nullopt;
            at = at * 26 + static_cast<std::size_t>(c - 'A');
        }
        return at;
    }

    /// `EUR,978,2,Euro,2`; metals, baskets and test codes have `N.A.` and cannot be charged in.
    void add(std::string_view line) {
        const auto at = place(line.substr(0, line.find(',')));
        if (!at || line.size() < 9) return;  // the header
        const char digit = line[8];
        if (digit >= '0' && digit <= '6') minor_units_[*at] = static_cast<std::int8_t>(digit - '0');
    }

    std::array<std::int8_t, 26 * 26 * 26> minor_units_{};
};

const CurrencyList& currencies() {
    static const CurrencyList list;
    return list;
}

void require_same(const Money& a, const Money& b) {
    if (a.currency != b.currency)
        throw std::logic_error("amounts in `" + a.currency.code() + "` and `" + b.currency.code() +
                               "` cannot be added");
}

std::int64_t power_of_ten(int exponent) {
    std::int64_t value = 1;
    for (int i = 0; i < exponent; ++i)
        value *= 10;
    return value;
}

bool digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), digit); }

/// What a text that is no plain decimal most resembles, so that the message can say what to change.
DecimalFault resemblance(std::string_view text) {
    const bool number_like =
        std::all_of(text.begin(), text.end(), [](char c) { return digit(c) || c == '.' || c == ','; });
    if (number_like && text.find(',') != text.npos && std::any_of(text.begin(), text.end(), digit))
        return DecimalFault::comma;
    const std::size_t e = text.find_first_of("eE");
    if (e == text.npos || e == 0) return DecimalFault::not_a_number;
    const std::string_view mantissa = text.substr(0, e);
    std::string_view exponent = text.substr(e + 1);
    if (!exponent.empty() && (exponent[0] == '+' || exponent[0] == '-')) exponent.remove_prefix(1);
    const bool number_before = digit(mantissa[0]) && std::all_of(mantissa.begin(), mantissa.end(), [](char c) {
                                   return digit(c) || c == '.' || c == ',';
                               });
    return number_before && all_digits(exponent) ? DecimalFault::exponent : DecimalFault::not_a_number;
}

DecimalResult parse_unsigned(std::string_view text) {
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    std::string_view decimals = point == text.npos ? std::string_view{} : text.substr(point + 1);
    if (!all_digits(whole) || (point != text.npos && !all_digits(decimals))) return {0, resemblance(text)};

    std::int64_t units = 0;
    for (char c : whole) {
        units = units * 10 + (c - '0');
        if (units >= units_limit) return {0, DecimalFault::too_large};
    }
    while (!decimals.empty() && decimals.back() == '0')
        decimals.remove_suffix(1);
    if (decimals.size() > decimals_kept) return {0, DecimalFault::too_many_decimals};
    std::int64_t fraction = 0;
    for (std::size_t i = 0; i < decimals_kept; ++i)
        fraction = fraction * 10 + (i < decimals.size() ? decimals[i] - '0' : 0);
    return {units * micros_per_unit + fraction, DecimalFault::none};
}

}  // namespace

std::optional<Currency> Currency::parse(std::string_view code) {
    if (currencies().minor_units(code) == CurrencyList::absent) return std::nullopt;
    Currency currency;
    std::copy(code.begin(), code.end(), currency.letters_);
    return currency;
}

int Currency::minor_units() const {
    if (none()) return default_minor_units;
    return currencies().minor_units(std::string_view(letters_, 3));
}

Money operator+(Money a, Money b) {
    require_same(a, b);
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a.micros, b.micros, &sum)) throw MoneyOverflow("a sum of money is too large");
    return {sum, a.currency};
}

Money operator-(Money a, Money b) {
    require_same(a, b);
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a.micros, b.micros, &difference))
        throw MoneyOverflow("a difference of money is too large");
    return {difference, a.currency};
}

std::string_view sentence(DecimalFault fault) {
    switch (fault) {
        case DecimalFault::none:
            return "it is a number";
        case DecimalFault::empty:
            return "a number is missing: write digits, such as 3 or 0.50";
        case DecimalFault::not_a_number:
            return "it is not a number: write digits and at most one point, such as 3 or 0.50";
        case DecimalFault::comma:
            return "write a point, not a comma, before the decimals, and nothing between thousands";
        case DecimalFault::exponent:
            return "write the number out, without an exponent";
        case DecimalFault::too_many_decimals:
            return "at most 6 decimals can be kept";
        case DecimalFault::too_large:
            return "the number must be below 9000000000000";
        case DecimalFault::negative:
            return "the number must not be negative";
    }
    throw std::logic_error("unknown DecimalFault");
}

DecimalResult parse_decimal(std::string_view text, Sign sign) {
    if (text.empty()) return {0, DecimalFault::empty};
    const bool minus = text[0] == '-';
    DecimalResult result = parse_unsigned(minus ? text.substr(1) : text);
    if (!minus || result.fault != DecimalFault::none) return result;
    if (sign == Sign::refused) return {0, DecimalFault::negative};
    return {-result.micros, DecimalFault::none};
}

std::string to_decimal(Money amount) {
    // Negated in unsigned arithmetic: the smallest int64 has no positive twin.
    const auto bits = static_cast<std::uint64_t>(amount.micros);
    const std::uint64_t size = amount.micros < 0 ? 0 - bits : bits;
    std::string decimals = std::to_string(size % micros_per_unit + micros_per_unit).substr(1);
    const auto least = static_cast<std::size_t>(amount.currency.minor_units());
    while (decimals.size() > least && decimals.back() == '0')
        decimals.pop_back();
    std::string text = (amount.micros < 0 ? "-" : "") + std::to_string(size / micros_per_unit);
    return decimals.empty() ? text : text + "." + decimals;
}

Money round_to_minor(Money amount, Rounding rounding) {
    const std::int64_t step = power_of_ten(decimals_kept - amount.currency.minor_units());
    const std::int64_t steps = mul_div(amount.micros, 1, step, rounding);
    std::int64_t micros = 0;
    if (__builtin_mul_overflow(steps, step, &micros)) throw MoneyOverflow("an amount is too large to be rounded up");
    return {micros, amount.currency};
}

std::int64_t mul_div(std::int64_t value, std::int64_t numerator, std::int64_t denominator, Rounding rounding) {
    if (denominator == 0) throw std::logic_error("mul_div by zero");
    Wide product = static_cast<Wide>(value) * numerator;
    Wide divisor = denominator;
    if (divisor < 0) product = -product, divisor = -divisor;
    const bool minus = product < 0;
    if (minus) product = -product;
    Wide quotient = product / divisor;
    const Wide remainder = product % divisor;
    if (rounding == Rounding::half_up && remainder * 2 >= divisor) ++quotient;
    if (rounding == Rounding::up && remainder != 0) ++quotient;
    if (quotient > std::numeric_limits<std::int64_t>::max()) throw MoneyOverflow("an amount of money is too large");
    return static_cast<std::int64_t>(minus ? -quotient : quotient);
}

std::string_view word(Tax tax) { return tax == Tax::incl ? "incl" : "excl"; }

std::optional<Tax> parse_tax(std::string_view word) {
    if (word == "incl") return Tax::incl;
    if (word == "excl") return Tax::excl;
    return std::nullopt;
}

Money convert_tax(Money amount, Tax from, Tax to, TaxRate rate) {
    if (from == to) return amount;
    const std::int64_t with_tax = micros_per_unit + rate.millionths;
    const bool adding = to == Tax::incl;
    return {mul_div(amount.micros, adding ? with_tax : micros_per_unit, adding ? micros_per_unit : with_tax,
                    Rounding::half_up),
            amount.currency};
}

}  // namespace roamguard::tariffs
