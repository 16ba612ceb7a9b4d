#include "tariffs/suggest.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include "data/embedded.h"
#include "tariffs/csv.h"
#include "tariffs/money.h"

namespace roamguard::tariffs {

namespace {

using Spelling = std::pair<std::string_view, std::string_view>;

/// Names in use that no list of codes has.
constexpr Spelling country_habits[] = {
    {"uk", "GB"},
    {"england", "GB"},
    {"scotland", "GB"},
    {"wales", "GB"},
    {"great britain", "GB"},
    {"britain", "GB"},
    {"el", "GR"},
    {"usa", "US"},
    {"america", "US"},
    {"uae", "AE"},
    {"emirates", "AE"},
    {"holland", "NL"},
    {"ivory coast", "CI"},
    {"czech republic", "CZ"},
    {"korea", "KR"},
    {"republic of korea", "KR"},
    {"hong kong", "HK"},
    {"hongkong", "HK"},
    {"macau", "MO"},
    {"macao", "MO"},
    {"burma", "MM"},
    {"myanmar", "MM"},
    {"turkey", "TR"},
    {"swaziland", "SZ"},
    {"macedonia", "MK"},
    {"cape verde", "CV"},
    {"russian federation", "RU"},
    {"viet nam", "VN"},
    {"slovak republic", "SK"},
    {"palestine", "PS"},
    {"east timor", "TL"},
    {"congo", "CG"},
    {"drc", "CD"},
    {"prc", "CN"},
    {"mainland china", "CN"},
    {"vatican", "VA"},
    {"curacao", "CW"},
    {"reunion", "RE"},
    {"cote d'ivoire", "CI"},
    {"bosnia", "BA"},
};

constexpr Spelling currency_habits[] = {
    {"\xE2\x82\xAC", "EUR"}, {"euro", "EUR"},         {"euros", "EUR"}, {"\xC2\xA3", "GBP"},     {"ukp", "GBP"},
    {"stg", "GBP"},          {"pound", "GBP"},        {"$", "USD"},     {"us$", "USD"},          {"dollar", "USD"},
    {"rmb", "CNY"},          {"yuan", "CNY"},         {"cnh", "CNY"},   {"\xE5\x85\x83", "CNY"}, {"yen", "JPY"},
    {"hk$", "HKD"},          {"s$", "SGD"},           {"nt$", "TWD"},   {"a$", "AUD"},           {"c$", "CAD"},
    {"rs", "INR"},           {"\xE2\x82\xB9", "INR"}, {"sfr", "CHF"},   {"fr", "CHF"},
};

constexpr std::size_t longest_compared = 40;

/// Edits between two short texts: insert, delete, replace, or swap neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
    std::array<std::array<std::size_t, longest_compared + 1>, 3> lines{};  // the two before and the present one
    std::size_t* before = lines[0].data();
    std::size_t* last = lines[1].data();
    std::size_t* now = lines[2].data();
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = std::min(now[j], before[j - 2] + 1);
        }
        std::swap(before, last);
        std::swap(last, now);
    }
    return last[b.size()];
}

/// Edits that a word of this length may be off and still be meant.
std::size_t tolerance(std::size_t length) { return length < 4 ? 0 : length < 8 ? 1 : 2; }

/// Keeps the nearest candidate; forgets it when a different answer is as near.
class Nearest {
public:
    explicit Nearest(std::string_view written) : written_(written), best_(tolerance(written.size()) + 1) {}

    void offer(std::string_view spelling, std::string_view answer) {
        const std::size_t a = spelling.size(), b = written_.size();
        if ((a > b ? a - b : b - a) > best_ || a > longest_compared || b > longest_compared) return;
        const std::size_t edits = distance(written_, spelling);
        if (edits > best_ || edits > tolerance(b)) return;
        if (edits == best_) {
            tied_ |= answer != answer_;
            return;
        }
        best_ = edits;
        answer_ = answer;
        tied_ = false;
    }
    [[nodiscard]] std::string answer() const { return tied_ ? std::string{} : std::string(answer_); }

private:
    std::string_view written_;
    std::string_view answer_;
    std::size_t best_;
    bool tied_ = false;
};

std::string name_folded(std::string_view name) {
    std::string text = folded(name);
    for (std::size_t at; (at = text.find(" & ")) != text.npos;)
        text.replace(at, 3, " and ");
    for (std::size_t at; (at = text.find("\xE2\x80\x99")) != text.npos;)
        text.replace(at, 3, "'");
    if (text.rfind("the ", 0) == 0) text.erase(0, 4);
    return text;
}

/// Every spelling of every country in the built-in list.
class CountryNames {
public:
    CountryNames() {
        const auto& files = data::embedded_files();
        const auto file = files.find("data/countries.csv");
        if (file == files.end()) throw std::logic_error("data/countries.csv is not compiled into the program");
        const CsvFile table = read_csv(file->second);
        for (const CsvRecord& record : table.records)
            add(table.header, record.cells);
        for (const auto& [name, code] : country_habits)
            codes_.emplace(name, code);
    }

    [[nodiscard]] std::string find(std::string_view written) const {
        const std::string name = name_folded(written);
        if (const auto known = codes_.find(name); known != codes_.end()) return known->second;
        Nearest nearest(name);
        for (const auto& [spelling, code] : english_)
            nearest.offer(spelling, code);
        return nearest.answer();
    }

private:
    void add(const std::vector<std::string>& header, const std::vector<std::string>& cells) {
        const std::string& code = cells.at(0);
        for (std::size_t i = 0; i < std::min(header.size(), cells.size()); ++i) {
            const bool spelling = header[i] == "alpha2" || header[i] == "alpha3" || header[i].rfind("name_", 0) == 0;
            if (!spelling || cells[i].empty()) continue;
            codes_.emplace(name_folded(cells[i]), code);
            if (header[i] == "name_en") english_.emplace_back(name_folded(cells[i]), code);
        }
    }

    std::unordered_map<std::string, std::string> codes_;
    std::vector<std::pair<std::string, std::string>> english_;
};

bool digit(char c) { return c >= '0' && c <= '9'; }

/// `1,50` is 1.50 and `1.234,50` is 1234.50; `1,500` might be either of two, so nothing is suggested.
std::string suggest_decimal(std::string_view written) {
    const std::size_t last = written.find_last_of(",.");
    if (last == written.npos || last == 0 || last + 1 == written.size()) return {};
    const char other = written[last] == ',' ? '.' : ',';
    const bool alone = written.find_first_of(",.") == last;
    if (alone && written.size() - last == 4) return {};
    std::string fixed(written.substr(0, last));
    if (!alone && fixed.find(other) == fixed.npos) return {};  // the same sign twice
    std::erase(fixed, other);
    fixed += '.';
    fixed += written.substr(last + 1);
    return parse_decimal(fixed, Sign::refused).fault == DecimalFault::none ? fixed : std::string{};
}

}  // namespace

std::string suggest_country(std::string_view written) {
    static const CountryNames names;
    return names.find(written);
}

std::string suggest_currency(std::string_view written) {
    const std::string text = folded(written);
    for (const auto& [habit, code] : currency_habits)
        if (text == habit) return std::string(code);
    if (text.size() != 3) return {};
    std::string upper = text;
    for (char& c : upper)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    for (const std::string& guess :
         {upper, std::string{upper[1], upper[0], upper[2]}, std::string{upper[0], upper[2], upper[1]}})
        if (Currency::parse(guess)) return guess;
    return {};
}

std::string suggest_word(std::string_view written, std::span<const std::string_view> allowed) {
    const auto letters = [](std::string_view text) {
        std::string kept = folded(text);
        std::erase_if(kept, [](char c) { return c == '-' || c == '_' || c == ' '; });
        return kept;
    };
    const std::string wanted = letters(written);
    for (std::string_view word : allowed)
        if (letters(word) == wanted) return std::string(word);
    Nearest nearest(wanted);
    std::vector<std::string> spellings;
    spellings.reserve(allowed.size());
    for (std::string_view word : allowed)
        nearest.offer(spellings.emplace_back(letters(word)), word);
    return nearest.answer();
}

std::string suggest_number(std::string_view text) {
    const auto from = std::find_if(text.begin(), text.end(), digit);
    const auto to = std::find_if_not(from, text.end(), [](char c) { return digit(c) || c == '.' || c == ','; });
    if (from == text.end() || std::any_of(to, text.end(), digit) || text.find('-') != text.npos) return {};
    const std::string_view number(from, to);
    return parse_decimal(number, Sign::refused).fault == DecimalFault::none ? std::string(number)
                                                                            : suggest_decimal(number);
}

std::string folded(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

}  // namespace roamguard::tariffs
