#include "notifications/pattern.h"
#include "notifications/template_files.h"
#include "notifications/words.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard;
using namespace roamguard::notifications;

namespace {

const Words& english() {
    static const Words words = Words::parse(built_in_files().at("en").at("words.txt").text, nullptr).value();
    return words;
}

/// Something for most variables to show.
Facts some_facts() {
    Facts facts;
    facts.klass = geoip::NetworkClass::terrestrial;
    facts.country = *geoip::Country::parse("JP");
    const tariffs::Money three{3'000'000, *tariffs::Currency::parse("CNY")};
    facts.prices = {{tariffs::Service::data, three, {1 << 20, tariffs::UnitKind::bytes}, tariffs::Tax::incl, {}}};
    facts.services = {tariffs::Service::data};
    facts.limit.money = facts.used.money = three;
    facts.choices = {Choice{}};
    facts.code = "4821";
    facts.link = "https://roam.example/c/0123456789abcdefghijkl";
    facts.links = Links::on;
    return facts;
}

void check_words(std::string_view input) {
    const auto words = Words::parse(input, &english());
    if (!words) {
        HOLDS(!words.error().empty());
        return;
    }
    HOLDS(!words->of("price.line").empty());
}

}  // namespace

/// A template as an operator writes it. What is accepted can be rendered, always.
FUZZ(input) {
    check_words(input);
    const auto pattern = compile(input, "en");
    if (!pattern) {
        HOLDS(!pattern.error().empty());
        for (const std::string& fault : pattern.error())
            HOLDS(!fault.empty());
        return;
    }
    Formatter formatter("en", english());
    const std::string text = render(*pattern, *pattern->format, some_facts(), formatter);
    HOLDS(valid_utf8(text));
    HOLDS(text.find("\n\n") == std::string::npos && text.find("  ") == std::string::npos);
    HOLDS(render(*pattern, icu::MessageFormat(*pattern->format), some_facts(), formatter) == text);
}
