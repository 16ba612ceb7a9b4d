#pragma once

#include <memory>
#include <string>
#include <vector>

#include "notifications/message.h"
#include "notifications/words.h"

namespace roamguard::notifications {

/// Formats what a template shows for one locale (`en-GB`), with the phrases of the template's language: ICU formats the
/// numbers, dates and names, Words joins them. Texts are UTF-8 as ICU writes them, no-break spaces included. It keeps
/// ICU's formatters between calls: one per thread.
class Formatter {
public:
    /// `words` must outlive the formatter.
    Formatter(const std::string& language_tag, const Words& words);
    ~Formatter();
    Formatter(const Formatter&) = delete;
    Formatter& operator=(const Formatter&) = delete;

    /// `CNY 300.00`, `£45.00`, `人民币300.00元`, with all the digits the amount has.
    [[nodiscard]] std::string money(tariffs::Money amount);
    /// The same, rounded half up to the currency's minor units: sums spent.
    [[nodiscard]] std::string spent(tariffs::Money amount);
    /// Money, or a volume `1.5 GB` with at most two decimals.
    [[nodiscard]] std::string amount(const Amount& amount);
    /// As amount(), but money rounded as by spent().
    [[nodiscard]] std::string used(const Amount& amount);
    /// `80%`.
    [[nodiscard]] std::string percent(std::int64_t percent);
    /// What a price is for: `MB`, `10 KB`, `minute`, `30 s`.
    [[nodiscard]] std::string unit(tariffs::Quantity unit);
    /// `Data: CNY 3.00 per MB`, without tax.
    [[nodiscard]] std::string price_line(const PriceLine& line);
    /// `data CNY 3.00 per MB`, for inside a sentence, without tax.
    [[nodiscard]] std::string price_inline(const PriceLine& line);
    /// A price with its tax said: `data CNY 3.00 per MB incl. tax`.
    [[nodiscard]] std::string with_tax(const std::string& price, tariffs::Tax tax);
    /// Two parts of one sentence: `a; b`.
    [[nodiscard]] std::string join(const std::string& a, const std::string& b);
    /// `1 Dec 2026, 00:00 (UTC+8)` in the IANA zone; an unknown zone is taken as UTC.
    [[nodiscard]] std::string date(tariffs::Instant at, const std::string& time_zone);
    /// `mobile data and calls made`.
    [[nodiscard]] std::string services(const std::vector<tariffs::Service>& services);
    [[nodiscard]] std::string list(const std::vector<std::string>& items);
    /// The language's own name for the country where words.txt has one, else ICU's.
    [[nodiscard]] std::string country(geoip::Country country);
    /// A country, or what the class of network is called.
    [[nodiscard]] std::string place(geoip::NetworkClass klass, geoip::Country country);
    /// The words of a choice, without its number. `about` is own_cap where the question is about a cap of one's own.
    [[nodiscard]] std::string choice(const Choice& choice, Note about);
    /// A pass's volume (or minutes, messages), `unlimited`.
    [[nodiscard]] std::string allowance(const Choice& pass);
    /// How long a pass lasts: `24 h`, `7 days`, `1 day, to midnight`.
    [[nodiscard]] std::string validity(const Choice& pass);
    /// A choice as printed: `1 Continue up to CNY 400.00`.
    [[nodiscard]] std::string numbered(int number, const std::string& choice);
    /// One cap for the answer to USAGE.
    [[nodiscard]] std::string cap_line(const CapLine& cap, const std::string& time_zone);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// used of limit in whole percent, rounded down; 0 without a limit.
[[nodiscard]] std::int64_t percent_used(const Amount& used, const Amount& limit);

}  // namespace roamguard::notifications
