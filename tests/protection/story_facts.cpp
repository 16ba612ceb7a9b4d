#include "tests/protection/story.h"

// What a message shows, in the words of a story.
namespace roamguard::protection::testing {
namespace {

using notifications::Facts;

std::string yes_or_no(bool truth) { return truth ? "yes" : "no"; }

std::string amount(const notifications::Amount& shown) {
    if (shown.money) return tariffs::to_decimal(*shown.money);
    if (shown.bytes == 0) return "none";
    return tariffs::to_text({shown.bytes, tariffs::UnitKind::bytes}, tariffs::Style::counted);
}

std::string services(const std::vector<tariffs::Service>& listed) {
    std::string text;
    for (const tariffs::Service service : listed)
        text += (text.empty() ? "" : "+") + std::string(tariffs::word(service));
    return text.empty() ? "none" : text;
}

std::string priced(const Facts& facts) {
    std::vector<tariffs::Service> listed;
    for (const notifications::PriceLine& line : facts.prices)
        listed.push_back(line.service);
    return services(listed);
}

std::string until(const Facts& facts) {
    if (facts.per_trip) return facts.period_end ? "trip, though it names an end" : "trip";
    return facts.period_end ? tariffs::to_text(*facts.period_end - hour("0h")) : "none";
}

std::string caps(const Facts& facts) {
    std::string text;
    for (const notifications::CapLine& line : facts.caps) {
        const std::string end = line.period_end ? tariffs::to_text(*line.period_end - hour("0h")) : "none";
        text += (text.empty() ? "" : " ") + services(line.services) + "/" + amount(line.used) + "/" +
                amount(line.limit) + "/" + std::string(tariffs::word(line.tax)) + "/" + (line.per_trip ? "trip/" : "") +
                end;
    }
    return text.empty() ? "none" : text;
}

}  // namespace

std::string shown_in(const Facts& facts, std::string_view what) {
    if (what == "stage") return std::to_string(facts.stage);
    if (what == "threshold") return std::to_string(facts.threshold_percent);
    if (what == "cap") return facts.cap_id.empty() ? "none" : facts.cap_id;
    if (what == "limit") return amount(facts.limit);
    if (what == "used") return amount(facts.used);
    if (what == "tax") return std::string(tariffs::word(facts.cap_tax));
    if (what == "services") return services(facts.services);
    if (what == "prices") return priced(facts);
    if (what == "until") return until(facts);
    if (what == "notice-only") return yes_or_no(facts.notify_only);
    if (what == "still-off") return yes_or_no(facts.still_held);
    if (what == "next-limit") return facts.choices.empty() ? "none" : amount(facts.choices.front().new_limit);
    if (what == "code") return yes_or_no(!facts.code.empty());
    if (what == "payer-decides") return yes_or_no(facts.payer_decides);
    if (what == "line") return facts.line.empty() ? "none" : facts.line;
    if (what == "country") return facts.country.none() ? "none" : facts.country.code();
    if (what == "caps") return caps(facts);
    throw std::runtime_error("a story cannot read what is shown: " + std::string(what));
}

}  // namespace roamguard::protection::testing
