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
            directory.with("it/" + path.substr(prefix.size()), std::string(text));
    }
    directory.with("it/trip_summary.txt", "Speso: {spent}, {used_percent}, {period_end}");
    const auto loaded = Templates::load(directory.path());
    REQUIRE(loaded);
    Facts facts = fullest(Kind::trip_summary, "it-CH");
    facts.spent = {money("1234.5", "CHF")};
    CHECK((*loaded)->render(facts).text == "Speso: CHF 1'234.50, 99%, 1 dic 2026, 00:00 (UTC+8)");
    CHECK((*loaded)->render(facts).language == "it");
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
              "label.data = {x}\nlabel.date = x\nmoney.XYZ = x\nno equals\nmoney = {amount\nmoney = {name}\n"
              "volume.TB = x\nvolume.GB = {count} Go");
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
              directory.at("zh-Hans/words.txt") + ": line 7: unknown key `volume.TB`",
              directory.at("zh-Hans/words.txt") + ": line 8: volume.GB: unknown variable {count} (known here: none)",
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
            directory.with("it/" + std::string(word(static_cast<Kind>(i))) + ".txt", "Buongiorno");
    CHECK(faults_of(directory) == std::vector<std::string>{"it/words.txt: missing", "it/help.txt: missing"});
    directory.with("it/help.txt", "Aiuto").with("it/words.txt", replaced_language("words.txt", "en").substr(0, 130));
    CHECK(faults_of(directory).front() == directory.at("it/words.txt") + ": `label.data` is missing");
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
