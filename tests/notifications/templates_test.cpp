#include "notifications/templates.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "data/embedded.h"
#include "notifications/variables.h"
#include "tests/notifications/samples.h"

using namespace roamguard;
using namespace roamguard::notifications;
using namespace roamguard::notifications::samples;
namespace fs = std::filesystem;

namespace {

/// A directory of overriding templates, gone at the end of the test.
class Override {
public:
    Override() {
        std::string name = (fs::temp_directory_path() / "roamguard-templates-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        path_ = name;
    }
    ~Override() { fs::remove_all(path_); }
    Override(const Override&) = delete;
    Override& operator=(const Override&) = delete;

    Override& with(const std::string& file, const std::string& text) {
        fs::create_directories((path_ / file).parent_path());
        std::ofstream(path_ / file, std::ios::binary) << text;
        return *this;
    }
    [[nodiscard]] const fs::path& path() const { return path_; }
    [[nodiscard]] std::string at(const std::string& rest) const { return path_.string() + "/" + rest; }

private:
    fs::path path_;
};

std::vector<std::string> faults_of(const Override& directory) {
    const auto loaded = Templates::load(directory.path());
    return loaded ? std::vector<std::string>{} : loaded.error();
}

std::string replaced_language(const std::string& path, const std::string& from) {
    return std::string(data::embedded_files().at("notifications/templates/" + from + "/" + path));
}

}  // namespace

TEST_CASE("every kind renders in every built-in language, with everything it can show and with nothing") {
    for (const char* language : {"en", "zh-Hans"}) {
        for (int i = 0; i < kind_count; ++i) {
            const Kind kind = static_cast<Kind>(i);
            Facts bare;
            bare.kind = kind;
            bare.language = language;
            for (const Facts& facts : {fullest(kind, language), bare}) {
                const Rendered rendered = built_in()->render(facts);
                CAPTURE(rendered.text);
                CHECK(rendered.text.size() >= 10);
                CHECK(rendered.text.find_first_of("{}") == std::string::npos);
                CHECK(rendered.text.find("  ") == std::string::npos);
                CHECK(rendered.text.find("\n\n") == std::string::npos);
                CHECK(rendered.language == language);
                CHECK(rendered.template_id == std::string(word(kind)) + "/" + language);
                CHECK(rendered.template_hash.size() == 16);
                CHECK(rendered.measure.encoding == (rendered.language == "en" ? Encoding::gsm7 : Encoding::ucs2));
                CHECK(rendered.measure.segments == measure(rendered.text).segments);
            }
        }
    }
}

TEST_CASE("messages stay within their allowance of segments") {
    struct Row {
        Kind kind;
        int english;
        int chinese;
    };
    const std::vector<Row> rows{
        {Kind::welcome, 3, 3},        {Kind::confirm_destination, 4, 5},
        {Kind::threshold, 2, 3},      {Kind::confirm_cap, 3, 4},
        {Kind::cap_reached, 2, 3},    {Kind::receipt, 2, 2},
        {Kind::declined, 1, 2},       {Kind::released, 1, 2},
        {Kind::inadvertent, 2, 2},    {Kind::no_guarantee, 2, 2},
        {Kind::pass_threshold, 2, 2}, {Kind::pass_ended, 1, 1},
        {Kind::trip_summary, 1, 1},   {Kind::help, 2, 3},
        {Kind::usage, 2, 2},
    };
    REQUIRE(rows.size() == kind_count);
    for (const Row& row : rows) {
        for (const bool early : {false, true}) {
            Facts facts = cap_in_japan(row.kind, "en-GB", "299.99");
            const bool entry = row.kind == Kind::welcome || row.kind == Kind::confirm_destination;
            if (entry) facts.prices = five_prices("3.00");
            facts.early = early;
            ask(facts, {entry ? proceed() : extend("400.00"), pass("Japan 1 GB", "30.00"), decline()});
            facts.chosen = facts.choices[0];
            facts.pass_name = "Japan 1 GB";
            facts.spent = {money("120.00"), money("3.50", "EUR")};
            CAPTURE(text_of(facts));
            CHECK(built_in()->render(facts).measure.segments <= row.english);
            facts.language = "zh-CN";
            CHECK(built_in()->render(facts).measure.segments <= row.chinese);
        }
    }
}

TEST_CASE("English texts are GSM 7 bit whatever the country") {
    const std::string_view csv = data::embedded_files().at("data/countries.csv");
    int countries = 0;
    for (std::size_t line = csv.find('\n'); line + 1 < csv.size(); line = csv.find('\n', line + 1)) {
        const auto country = geoip::Country::parse(csv.substr(line + 1, 2));
        if (!country) continue;
        ++countries;
        Facts facts = in_japan(Kind::welcome, "en-GB");
        facts.country = *country;
        const Rendered rendered = built_in()->render(facts);
        CAPTURE(rendered.text);
        CHECK(rendered.measure.encoding == Encoding::gsm7);
        CHECK(rendered.text.find("Welcome to " + country->code() + ".") == std::string::npos);
    }
    CHECK(countries >= 249);
}

TEST_CASE("Chinese texts use the names that mainland usage prescribes") {
    const std::map<std::string, std::string> names{
        {"HK", "中国香港"}, {"MO", "中国澳门"}, {"TW", "中国台湾"}, {"FR", "法国"}};
    for (const auto& [code, name] : names) {
        Facts facts = in_japan(Kind::welcome, "zh-CN");
        facts.country = *geoip::Country::parse(code);
        CHECK(text_of(facts).substr(0, 12 + name.size() + 3) == "欢迎来到" + name + "。");
    }
}

TEST_CASE("amounts are written so that their currency is beyond doubt") {
    struct Row {
        const char* amount;
        const char* currency;
        std::string english;
        std::string chinese;
    };
    const std::vector<Row> rows{
        {"1234.50", "CNY", "CNY 1,234.50", "人民币1,234.50元"},
        {"45.00", "GBP", "£45.00", "45.00英镑"},
        {"50.00", "EUR", "€50.00", "50.00欧元"},
        {"300", "JPY", "JPY 300", "300日元"},
        {"12.00", "USD", "USD 12.00", "12.00美元"},
        {"7.00", "HKD", "HKD 7.00", "7.00港元"},
        {"1.500", "KWD", "KWD 1.500", "1.500科威特第纳尔"},
        {"20", "HUF", "HUF 20.00", "20.00匈牙利福林"},
    };
    for (const Row& row : rows) {
        Facts facts = in_japan(Kind::trip_summary, "en");
        facts.spent = {money(row.amount, row.currency)};
        CHECK(text_of(facts).find("so far: " + row.english + ".") != std::string::npos);
        facts.language = "zh";
        CHECK(text_of(facts).find("费用为" + row.chinese + "。") != std::string::npos);
    }
}

TEST_CASE("lines of a price list say their tax where it differs, and calls what they go to") {
    Facts facts = in_japan(Kind::welcome, "en");
    facts.prices = {price(tariffs::Service::data, "3.00"), price(tariffs::Service::voice_mo, "0.50"),
                    price(tariffs::Service::voice_mo, "0.75")};
    facts.prices[0].tax = tariffs::Tax::excl;
    facts.prices[1].called = tariffs::Called::home;
    facts.prices[1].unit.amount = 30;
    facts.prices[2].called = tariffs::Called::local;
    facts.limit = {};
    CHECK(text_of(facts) ==
          "Welcome to Japan. Your roaming prices:\n"
          "Data: CNY 3.00 per MB excl. tax\n"
          "Calls home: CNY 0.50 per 30 s incl. tax\n"
          "Local calls: CNY 0.75 per minute incl. tax\n"
          "Reply USAGE for your use, CAP 100 to set a cap of 100, STOP for no more welcome texts.");
}

TEST_CASE("dates stand in the customer's own time zone by the system's rules") {
    struct Row {
        const char* zone;
        const char* shown;
    };
    const std::vector<Row> rows{
        {"Asia/Shanghai", "1 Jul 2026, 00:00 (UTC+8)"},    {"Europe/London", "30 Jun 2026, 17:00 (UTC+1)"},
        {"Asia/Kolkata", "30 Jun 2026, 21:30 (UTC+5:30)"}, {"America/St_Johns", "30 Jun 2026, 13:30 (UTC-2:30)"},
        {"Asia/Almaty", "30 Jun 2026, 21:00 (UTC+5)"},     {"UTC", "30 Jun 2026, 16:00 (UTC)"},
        {"No/Such_Zone", "30 Jun 2026, 16:00 (UTC)"},
    };
    for (const Row& row : rows) {
        Facts facts = cap_in_japan(Kind::cap_reached, "en-GB", "300.00");
        facts.period_end = at("2026-06-30T16:00:00Z");
        facts.time_zone = row.zone;
        CHECK(text_of(facts).find(std::string("Cap renews ") + row.shown + ".") != std::string::npos);
    }
}

TEST_CASE("a language without templates falls back") {
    const std::map<std::string, std::string> expected{
        {"en", "en"},         {"en-GB", "en"},        {"EN-us", "en"},           {"zh", "zh-Hans"},
        {"zh-CN", "zh-Hans"}, {"zh-SG", "zh-Hans"},   {"zh-Hans-CN", "zh-Hans"}, {"zh-HK", "zh-Hans"},
        {"zh-TW", "zh-Hans"}, {"zh-Hant", "zh-Hans"}, {"de-AT", "en"},           {"", "en"},
        {"x", "en"},          {"yue", "en"}};
    for (const auto& [tag, language] : expected)
        CHECK(built_in()->language_for(tag) == language);
}

TEST_CASE("language tags are checked before a profile may carry them") {
    for (const char* good : {"en", "en-GB", "zh-Hans", "zh-Hant-HK", "fil", "yue", "es-419", "DE-at"})
        CHECK(valid_language(good));
    for (const char* bad : {"", "e", "xx", "english", "en_GB", "en-", "-en", "en--GB", "zh Hans", "12", "en-abcdefghi",
                            "en-aaaaaaaa-bbbbbbbb-cccccccc-dddddddd"})
        CHECK_FALSE(valid_language(bad));
}

TEST_CASE("an operator overrides one file and keeps the rest") {
    Override directory;
    directory.with("en/welcome.txt", "\xef\xbb\xbfHello, {place}. It''s {prices_inline}.\r\n")
        .with("en/words.txt", "country.TW = Taiwan, China\nmoney.USD = US${amount}\n")
        .with("en/README.md", "left alone")
        .with("notes.txt", "left alone");
    const auto loaded = Templates::load(directory.path());
    REQUIRE(loaded);
    Facts facts = in_japan(Kind::welcome, "en-GB");
    facts.prices = {price(tariffs::Service::data, "2.5", "USD")};
    facts.country = *geoip::Country::parse("TW");
    const Rendered rendered = (*loaded)->render(facts);
    CHECK(rendered.text == "Hello, Taiwan, China. It's mobile data US$2.50 per MB incl. tax.");
    CHECK(rendered.template_id == "welcome/en");
    CHECK(rendered.template_hash != built_in()->render(facts).template_hash);
    facts.kind = Kind::released;
    CHECK((*loaded)->render(facts).template_hash == built_in()->render(facts).template_hash);
}

TEST_CASE("a region's own directory borrows from its language, and says so") {
    Override directory;
    directory.with("en-AU/trip_summary.txt", "Home again. Spent: {spent}.");
    const auto loaded = Templates::load(directory.path());
    REQUIRE(loaded);
    Facts facts = fullest(Kind::trip_summary, "en-AU");
    CHECK((*loaded)->language_for("en-AU") == "en-AU");
    CHECK((*loaded)->render(facts).text == "Home again. Spent: CNY 120.00 and €3.50.");
    CHECK((*loaded)->render(facts).template_id == "trip_summary/en-AU");
    facts.kind = Kind::help;
    CHECK((*loaded)->render(facts).template_id == "help/en");
}

TEST_CASE("a whole new language in the directory is served, in its own number format") {
    Override directory;
    for (const auto& [path, text] : data::embedded_files()) {
        const std::string prefix = "notifications/templates/en/";
        if (path.compare(0, prefix.size(), prefix) == 0)
            directory.with("de/" + path.substr(prefix.size()), std::string(text));
    }
    directory.with("de/trip_summary.txt", "Ausgegeben: {spent}, {used_percent}, {period_end}");
    const auto loaded = Templates::load(directory.path());
    REQUIRE(loaded);
    Facts facts = fullest(Kind::trip_summary, "de-AT");
    facts.spent = {money("1234.5", "CHF")};
    CHECK((*loaded)->render(facts).text == "Ausgegeben: CHF 1 234,50, 99 %, 1. Dez. 2026, 00:00 (UTC+8)");
    CHECK((*loaded)->render(facts).language == "de");
}

TEST_CASE("bad overriding templates are refused with every fault") {
    Override directory;
    directory.with("en/welcome.txt", "Hello\n{plaice} and {prices")
        .with("en/threshold.txt",
              "{percnt} of {cap_limit} {early, select, yse{x} other{}}\n{early} {place, select, other{}}")
        .with("en/usage.txt", "{place, plural, other{#}} {percent, number} {early, select, yes{}}")
        .with("en/help.txt", " \n")
        .with("en/receipt.txt", "d'{place}")
        .with("en/declined.txt", "\xff\xfe")
        .with("en/welcom.txt", "x")
        .with("zh_CN/welcome.txt", "x")
        .with("zh-hans/welcome.txt", "x")
        .with("zh-Hans/words.txt",
              "label.data = {x}\nlabel.date = x\nmoney.XYZ = x\nno equals\nmoney = {amount\nmoney = {name}");
    CHECK(faults_of(directory) ==
          std::vector<std::string>{
              directory.at("en/welcom.txt") +
                  ": no kind of message has that name; the kinds are welcome, confirm_destination, threshold, "
                  "confirm_cap, cap_reached, receipt, declined, released, inadvertent, no_guarantee, pass_threshold, "
                  "pass_ended, trip_summary, help, usage",
              directory.at("zh-hans") + ": not the name of a language; write `zh-Hans`",
              directory.at("zh_CN") + ": not the name of a language",
              directory.at("en/welcome.txt") + ": line 2: a brace without its partner",
              directory.at("en/threshold.txt") + ": line 1: unknown variable {percnt}",
              directory.at("en/threshold.txt") + ": line 1: {early} is never `yse`: yes|no",
              directory.at("en/threshold.txt") + ": line 2: {early} is only for select: yes|no",
              directory.at("en/threshold.txt") + ": line 2: {place} is no variable to select by",
              directory.at("en/receipt.txt") +
                  ": line 1: an apostrophe before a brace would quote it; write two apostrophes",
              directory.at("en/declined.txt") + ": not UTF-8",
              directory.at("en/help.txt") + ": the text is empty",
              directory.at("en/usage.txt") + ": line 1: a select or plural without `other`",
              directory.at("zh-Hans/words.txt") + ": line 1: label.data: unknown variable {x} (known here: none)",
              directory.at("zh-Hans/words.txt") + ": line 2: unknown key `label.date`",
              directory.at("zh-Hans/words.txt") + ": line 3: unknown key `money.XYZ`",
              directory.at("zh-Hans/words.txt") + ": line 4: not `key = phrase`: no equals",
              directory.at("zh-Hans/words.txt") + ": line 5: money: a brace without its partner",
              directory.at("zh-Hans/words.txt") + ": line 6: `money` is there twice",
          });
}

TEST_CASE("variables used as what they are not are refused") {
    Override directory;
    directory.with("en/usage.txt",
                   "{place, plural, other{#}}\n{percent, number}\n{cap_count, select, a{} other{}}\n{0}");
    CHECK(faults_of(directory) ==
          std::vector<std::string>{
              directory.at("en/usage.txt") + ": line 1: {place} is no number: plural does not apply",
              directory.at("en/usage.txt") +
                  ": line 2: {percent}: only select and plural apply, every variable is formatted already",
              directory.at("en/usage.txt") + ": line 3: {cap_count} is no variable to select by",
              directory.at("en/usage.txt") + ": line 4: unknown variable {0}",
          });
}

TEST_CASE("a new language must be complete") {
    Override directory;
    for (int i = 0; i < kind_count; ++i)
        if (static_cast<Kind>(i) != Kind::help)
            directory.with("fr/" + std::string(word(static_cast<Kind>(i))) + ".txt", "Bonjour");
    CHECK(faults_of(directory) == std::vector<std::string>{"fr/words.txt: missing", "fr/help.txt: missing"});
    directory.with("fr/help.txt", "Aide").with("fr/words.txt", replaced_language("words.txt", "en").substr(0, 130));
    CHECK(faults_of(directory).front() == directory.at("fr/words.txt") + ": `label.data` is missing");
}

TEST_CASE("a directory that is not there is refused") {
    const auto loaded = Templates::load("/nowhere/templates");
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error() == std::vector<std::string>{"/nowhere/templates: cannot be read: No such file or directory"});
}

TEST_CASE("text from the operator's tables is never read as a pattern") {
    Facts facts = fullest(Kind::pass_ended, "en");
    facts.pass_name = "50% {place} '{' # pass";
    CHECK(text_of(facts).find("Your pass \"50% {place} '{' # pass\" has ended") != std::string::npos);
}

TEST_CASE("many threads render at once, and old templates go while new ones serve") {
    std::vector<std::string> expected;
    for (int i = 0; i < kind_count; ++i)
        expected.push_back(text_of(fullest(static_cast<Kind>(i), "zh-CN")));
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < wrong.size(); ++t)
        threads.emplace_back([&expected, &wrong, t] {
            const auto own = t % 2 == 0 ? built_in() : *Templates::load({});
            for (int round = 0; round < 20; ++round)
                for (std::size_t i = 0; i < expected.size(); ++i)
                    if (own->render(fullest(static_cast<Kind>(i), "zh-CN")).text != expected[i]) ++wrong[t];
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(wrong == std::vector<int>(4, 0));
}

TEST_CASE("the reference names every variable and every word to choose by") {
    std::ifstream in(std::string(ROAMGUARD_SOURCE_DIR) + "/docs/reference/templates.md");
    const std::string reference{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    for (const Variable& variable : variables()) {
        CAPTURE(std::string(variable.name));
        CHECK(reference.find("`{" + std::string(variable.name) + "}`") != std::string::npos);
        if (variable.shown() || variable.counts() || variable.choices == "yes|no") continue;
        for (std::string_view words = variable.choices; !words.empty();) {
            const std::string one(words.substr(0, words.find('|')));
            CHECK(reference.find("`" + one + "`") != std::string::npos);
            words.remove_prefix(std::min(one.size() + 1, words.size()));
        }
    }
}
