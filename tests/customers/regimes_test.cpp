#include "service/customers/regimes.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "data/embedded.h"
#include "tests/customers/profile_samples.h"

using namespace roamguard::customers;
using namespace roamguard::customers::samples;
using roamguard::notifications::Kind;
using roamguard::tariffs::Tax;

namespace {

/// A directory of its own, gone with the test.
class Directory {
public:
    Directory() {
        std::string name = (std::filesystem::temp_directory_path() / "roamguard-regimes-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Directory() { std::filesystem::remove_all(path_); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

std::vector<std::string> faults_of(const std::string& name, const std::string& text) {
    const Directory directory;
    directory.write(name, text);
    const auto loaded = Regimes::load(directory.path());
    REQUIRE_FALSE(loaded);
    return loaded.error();
}

std::string in_words(const CapRule& cap) {
    std::string text =
        cap.id + " " +
        (cap.every ? "every " + std::to_string(*cap.every / 1'000'000) : std::to_string(cap.limit / 1'000'000));
    text +=
        " " + cap.currency.code() + " " + std::string(roamguard::tariffs::word(cap.tax)) + " " + to_text(cap.period);
    for (const int threshold : cap.thresholds)
        text += " " + std::to_string(threshold);
    text += " " + std::string(word(cap.at_limit));
    for (const std::int64_t stage : cap.stages)
        text += " stage " + std::to_string(stage / 1'000'000);
    return text;
}

}  // namespace

TEST_CASE("every built-in regime protects as the table says") {
    struct Row {
        const char* id;
        std::vector<std::string> caps;
        bool data_roaming_off, may_decline_thresholds, may_decline_welcome;
    };
    const std::vector<Row> rows{
        {"au-acma-2019", {"data every 100 AUD incl month notify"}, false, false, false},
        {"ca-wireless-code", {"data 100 CAD incl month 100 hold"}, false, false, true},
        {"ch-fdv", {"data 100 CHF incl month 80 100 hold"}, false, true, true},
        {"cn-miit", {"data 200 CNY incl month 50 80 100 hold"}, false, true, true},
        {"eu-2022-612", {"data 50 EUR excl month 80 100 hold stage 50 stage 100"}, false, true, true},
        {"generic", {"data 50 SGD incl month 50 80 100 hold"}, false, true, true},
        {"in-trai", {"data 5000 INR incl month 50 80 90 100 notify"}, true, false, false},
        {"kr-kcc",
         {"data 100000 KRW incl month 80 100 hold", "data-day 20000 KRW incl day 80 100 hold"},
         false,
         false,
         false},
        {"sg-imda", {"data 100 SGD incl month 50 80 100 hold"}, true, false, true},
        {"uk-ofcom", {"data 45 GBP excl month 80 100 hold"}, false, false, true},
        {"us-ctia", {"data 500 USD excl month 20 60 100 notify"}, false, true, true},
    };
    std::vector<std::string> ids;
    for (const Row& row : rows) {
        CAPTURE(row.id);
        ids.emplace_back(row.id);
        const Regime* regime = built_in().find(row.id);
        REQUIRE(regime != nullptr);
        CHECK(regime->id == row.id);
        CHECK(regime->title.size() > 10);
        std::vector<std::string> caps;
        for (const CapRule& cap : caps_for(*regime, currency("SGD"))) {
            caps.push_back(in_words(cap));
            CHECK(cap.services == std::vector{roamguard::tariffs::Service::data});
        }
        CHECK(caps == row.caps);
        CHECK(regime->data_roaming_off == row.data_roaming_off);
        CHECK(regime->may_opt_out.contains(Kind::threshold) == row.may_decline_thresholds);
        CHECK(regime->may_opt_out.contains(Kind::welcome) == row.may_decline_welcome);
    }
    CHECK(built_in().ids() == ids);
    CHECK(built_in().find("mars") == nullptr);
}

TEST_CASE("no regime lets a question, a hold or a missing guarantee be silenced") {
    for (const std::string& id : built_in().ids())
        for (const Kind kind : built_in().find(id)->may_opt_out)
            CHECK(may_ever_opt_out(kind));
    for (const Kind kind : {Kind::confirm_cap, Kind::confirm_destination, Kind::cap_reached, Kind::receipt,
                            Kind::declined, Kind::released, Kind::no_guarantee, Kind::help, Kind::usage})
        CHECK_FALSE(may_ever_opt_out(kind));
}

TEST_CASE("every regime's file says what it is modelled on and marks what it rests on") {
    for (const std::string& id : built_in().ids()) {
        CAPTURE(id);
        const std::string_view text = roamguard::data::embedded_files().at("data/regimes/" + id + ".toml");
        CHECK((text.find("modelled on") != text.npos || text.find("Modelled on") != text.npos));
        CHECK(text.find("promises no compliance") != text.npos);
        for (const char* field : {"optOut = ", "[[caps]]"}) {
            const std::size_t at = text.find(field);
            REQUIRE(at != text.npos);
            CHECK(text.rfind("[D]", at) != text.npos);
        }
    }
}

TEST_CASE("a LOCAL cap takes the home currency, and an amount to match where the unit is small") {
    const Regime& generic = *built_in().find("generic");
    CHECK(generic.local_currency_caps == std::set<std::string>{"data"});
    CHECK(in_words(caps_for(generic, currency("CNY"))[0]) == "data 50 CNY incl month 50 80 100 hold");
    CHECK(in_words(caps_for(generic, currency("GBP"))[0]) == "data 50 GBP incl month 50 80 100 hold");
    CHECK(in_words(caps_for(generic, currency("JPY"))[0]) == "data 6000 JPY incl month 50 80 100 hold");
    const Regime& union_rules = *built_in().find("eu-2022-612");
    CHECK(caps_for(union_rules, currency("SEK")) == union_rules.caps);
}

TEST_CASE("a file of the operator's replaces a built-in regime or adds one") {
    const Directory directory;
    directory.write("generic.toml", R"(
        id = "generic"
        title = "House rules"
        dataRoaming = "barred"
        optOut = ["welcome"]
        [[caps]]
        id = "house"
        amount = "10"
        currency = "LOCAL"
        localAmounts = { JPY = "1500" })");
    directory.write("isle.toml", "id = 'isle'\ntitle = 'Isle of Fiction'\n");
    directory.write("README.md", "not a regime");
    const auto loaded = Regimes::load(directory.path());
    REQUIRE(loaded);
    const Regime& generic = *loaded->find("generic");
    CHECK(generic.title == "House rules");
    CHECK(generic.data_roaming_off);
    CHECK(generic.may_opt_out == std::set<Kind>{Kind::welcome});
    CHECK(in_words(caps_for(generic, currency("JPY"))[0]) == "house 1500 JPY incl month 80 100 hold");
    REQUIRE(loaded->find("isle") != nullptr);
    CHECK(loaded->find("isle")->caps.empty());
    CHECK(loaded->ids().size() == 12);
}

TEST_CASE("a bad file is refused with a sentence for each fault") {
    struct Row {
        const char *text, *sentence;
    };
    const std::vector<Row> rows{
        {"id = 'x'\ntitle = 'X'\ncap = 1", "x.toml, /cap: There is no field `cap`; did you mean `caps`?"},
        {"id = 'y'\ntitle = 'X'", "x.toml, /id: `id` is `y`, but the file's name says `x`."},
        {"id = 'x'", "x.toml, /title: A regime needs `id` and `title`."},
        {"id = 'x'\ntitle = 2026-11-24", "x.toml, /title: A regime needs `id` and `title`."},
        {"id = 'x'\ntitle = 'X'\noptOut = ['confirm_cap']",
         "x.toml, /optOut/0: `confirm_cap` is no message that a customer may switch off."},
        {"id = 'x'\ntitle = 'X'\ndataRoaming = 'off'", "x.toml, /dataRoaming: `dataRoaming` is `allowed` or `barred`."},
        {"id = 'x'\ntitle = 'X'\n[[caps]]\nid = 'a'\namount = 50.0\ncurrency = 'EUR'",
         "x.toml, /caps/0/amount: `amount` is money and must be a decimal string, such as \"12.34\", not a number."},
        {"id = 'x'\ntitle = 'X'\n[[caps]]\nid = 'a'\namount = '50'\ncurrency = 'EUR'\nlocalAmounts = {}",
         "x.toml, /caps/0/localAmounts: There is no field `localAmounts`; the fields here are `id`, `services`, "
         "`destinations`, `amount`, `currency`, `volume`, `every`, `tax`, `period`, `thresholds`, `atLimit`, `stages`, "
         "`extension`."},
        {"id = 'x'\ntitle = 'X'\n[[caps]]\nid = 'a'\namount = '50'\ncurrency = 'LOCAL'\nlocalAmounts = { YEN = '1' }",
         "x.toml, /caps/0/localAmounts/YEN: `YEN` is no currency."},
        {"id = 'x'\ntitle = 'X'\n[[caps]]\nid = 'a'\namount = '50'\ncurrency = 'LOCAL'\nextension = '5'\n"
         "localAmounts = { JPY = '1' }",
         "x.toml, /caps/0/localAmounts: `localAmounts` goes with a plain `amount`, without stages or extension."},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        CHECK(faults_of("x.toml", row.text) == std::vector<std::string>{row.sentence});
    }
}

TEST_CASE("what is not TOML is refused with the file and the line") {
    const std::vector<std::string> faults = faults_of("x.toml", "id = 'x'\ntitle = \n");
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].rfind("x.toml, line 2: this is not TOML: ", 0) == 0);
}

TEST_CASE("a directory that is not there is said, not skipped") {
    const auto loaded = Regimes::load("/nowhere/regimes");
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error() == std::vector<std::string>{
                                "The regimes directory /nowhere/regimes cannot be read: No such file or directory."});
}
