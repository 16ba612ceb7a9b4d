#include "tests/simulation/script.h"

#include <algorithm>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tariffs/money.h"
#include "tariffs/units.h"
#include "tests/simulation/dice.h"

namespace roamguard::simulation {
namespace {

using tariffs::Span;

std::string decimal(std::int64_t millionths) {
    return tariffs::to_decimal({millionths, tariffs::Currency::parse("GBP").value()});
}

const char* word_of(Service service) {
    return service == Service::data ? "data" : service == Service::voice_mo ? "voice_mo" : "sms_mo";
}

Row draw_row(Dice& dice, std::string destination, Service service) {
    Row row{std::move(destination), service, 0, 1, 1, 1, false};
    row.price = std::int64_t{dice.between(0, 400)} * 10'000;
    if (service == Service::data) {
        row.unit = 1 << 20;
        row.increment = dice.one_of<std::int64_t>({1, 1024, 100 << 10, 1 << 20});
        row.minimum = dice.one_of<std::int64_t>({1, 1, 50 << 10, 2 << 20});
        row.high_cost = dice.one_in(6);
    } else if (service == Service::voice_mo) {
        row.unit = 60;
        row.increment = dice.one_of<std::int64_t>({1, 30, 60});
        row.minimum = dice.one_of<std::int64_t>({1, 60});
    }
    return row;
}

Tariff draw_tariff(Dice& dice) {
    Tariff tariff{beginning - 90 * 86'400'000ll, {}};
    for (const char* destination : {"*", "JP", "KR"})
        for (Service service : {Service::data, Service::voice_mo, Service::sms_mo})
            if (destination[0] == '*' || dice.one_in(2)) tariff.rows.push_back(draw_row(dice, destination, service));
    return tariff;
}

/// Which caps there are, and what each counts, is the same for all profiles of a script: what a cap counts after it
/// was given other services, or was added while something was used, is nothing the contract says.
std::vector<Cap> draw_caps(Dice& dice) {
    std::vector<Cap> caps{{"monthly", {}, 0, Cap::Period::month, {}, true, {}, {}}};
    if (dice.one_in(3)) caps.push_back({"daily", {}, 0, Cap::Period::day, {}, true, {}, {}});
    if (dice.one_in(4)) caps.push_back({"trip", {}, 0, Cap::Period::trip, {}, true, {}, {}});
    for (Cap& cap : caps)
        cap.services = dice.one_of<std::vector<Service>>(
            {{Service::data}, {Service::data}, {Service::data, Service::voice_mo, Service::sms_mo}});
    return caps;
}

Profile draw_profile(Dice& dice, std::vector<Cap> caps) {
    for (Cap& cap : caps) {
        cap.limit = std::int64_t{dice.between(1, 60)} * 500'000;
        cap.thresholds = dice.one_of<std::vector<int>>({{80, 100}, {50, 80, 100}, {10, 20, 30, 90, 100}});
        cap.hold = !dice.one_in(4);
        if (cap.hold && dice.one_in(3)) cap.stages = {cap.limit, 2 * cap.limit, 4 * cap.limit};
        if (cap.hold && cap.stages.empty() && dice.one_in(2)) cap.extension = cap.limit / 2;
    }
    Profile profile{std::move(caps), std::nullopt};
    if (dice.one_in(3)) profile.high_cost_per_megabyte = std::int64_t{dice.between(100, 500)} * 10'000;
    return profile;
}

/// At most so late that a stay at home which ended a trip is not news any more: what such news change is not promised.
Span draw_lateness(Dice& dice) { return tariffs::minutes(dice.between(1, 330)); }

Span draw_wait(Dice& dice) {
    const int kind = dice.below(20);
    if (kind < 12) return tariffs::seconds(dice.between(1, 900));
    if (kind < 17) return tariffs::minutes(dice.between(10, 240));
    if (kind < 19) return tariffs::hours(dice.between(4, 30));
    return tariffs::hours(dice.between(24, 80));
}

void draw_usage(Dice& dice, Step& step) {
    step.what = Step::What::use;
    step.plmn = dice.one_of<std::string>({"440-10", "440-20", "450-05", "262-01", "901-14"});
    step.service =
        dice.one_of<Service>({Service::data, Service::data, Service::data, Service::voice_mo, Service::sms_mo});
    step.quantity = step.service == Service::data
                        ? dice.one_of<std::int64_t>({0, 1, 4096, 300'000, 1 << 20, 5 << 20}) + dice.below(3)
                        : std::int64_t{dice.between(0, 300)};
    if (step.service == Service::sms_mo) step.quantity = dice.between(1, 3);
    step.session = dice.one_of<std::string>({"", "a", "b"});
    if (dice.one_in(3)) step.ago = draw_lateness(dice);
    if (dice.one_in(40)) {  // a credit
        step.quantity = 0;
        step.charged = -std::int64_t{dice.between(1, 500)} * 10'000;
    } else if (dice.one_in(4)) {
        step.charged = std::int64_t{dice.between(0, 600)} * 10'000;
        step.charged_as = dice.one_of<Usage::As>({Usage::As::tariff, Usage::As::tariff, Usage::As::allowance});
    } else if (dice.one_in(12)) {
        step.charged_as = Usage::As::free;
    }
}

Trouble draw_trouble(Dice& dice) {
    return dice.one_of<Trouble>({Trouble::refused, Trouble::unreadable, Trouble::answer_lost, Trouble::conflict,
                                 Trouble::dies_before, Trouble::dies_after, Trouble::dies_after});
}

Step draw_step(Dice& dice, int number) {
    Step step;
    step.number = number;
    step.customer = dice.below(travellers);
    step.after = draw_wait(dice);
    const int kind = dice.below(100);
    if (kind < 40) {
        draw_usage(dice, step);
    } else if (kind < 58) {
        step.what = Step::What::attach;
        step.plmn = dice.one_of<std::string>({"440-10", "440-20", "450-05", "262-01", "901-14", "234-15", "234-15"});
        if (dice.one_in(4)) step.ago = draw_lateness(dice);
    } else if (kind < 64) {
        step.what = Step::What::again;
        step.which = dice.below(1 << 20);
    } else if (kind < 78) {
        step.what = dice.one_in(3) ? Step::What::reply : Step::What::answer;
        step.which = dice.below(1 << 20);
        step.choice = dice.below(1 << 20);
    } else if (kind < 83) {
        step.what = Step::What::profile;
        step.which = dice.below(1 << 20);
    } else if (kind < 85) {
        step.what = Step::What::publish;
        step.which = dice.below(1 << 20);
    } else if (kind < 90) {
        step.what = Step::What::receipt;
        step.which = dice.below(1 << 20);
        step.choice = dice.below(4);
    }
    if (step.what != Step::What::publish && dice.one_in(6)) step.trouble = draw_trouble(dice);
    if (step.what == Step::What::publish && dice.one_in(4)) step.trouble = Trouble::refused;
    if (dice.one_in(12)) step.timers_trouble = draw_trouble(dice);
    if (dice.one_in(8)) step.outbox_trouble = draw_trouble(dice);
    if (dice.one_in(6))
        step.gateway = dice.one_of<Gateway>(
            {Gateway::down, Gateway::down, Gateway::lies, Gateway::forgets, Gateway::doubles, Gateway::refuses});
    if (dice.one_in(30)) step.clock_back = tariffs::seconds(dice.between(1, 4));
    step.restart = dice.one_in(25);
    const bool event =
        step.what == Step::What::use || step.what == Step::What::attach || step.what == Step::What::again;
    step.together = event && dice.one_in(4);
    return step;
}

/// What contradicts what was heard before: other content under an id that was taken, the end of a stay that nobody told
/// of, two countries at one moment.
void draw_contradictions(Dice& dice, std::vector<Step>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        Step& step = steps[i];
        if (step.what == Step::What::wait && dice.one_in(2)) {
            step.what = dice.one_in(2) ? Step::What::detach : Step::What::reused;
            step.plmn = dice.one_of<std::string>({"440-10", "450-05", "262-01", "901-14", "234-15"});
            step.which = dice.below(1 << 20);
        }
        if (i > 0 && step.what == Step::What::attach && steps[i - 1].what == Step::What::attach && dice.one_in(2)) {
            step.together = step.at_once = true;
            step.customer = steps[i - 1].customer;
            step.ago = steps[i - 1].ago;
        }
    }
}

std::string at_text(Span span) {
    if (span.ms % 3'600'000 == 0) return fmt::format("{} h", span.ms / 3'600'000);
    if (span.ms % 60'000 == 0) return fmt::format("{} min", span.ms / 60'000);
    return fmt::format("{} s", span.ms / 1000);
}

template <class T>
const T& one_of(const std::vector<T>& all, int which) {
    return all[static_cast<std::size_t>(which) % all.size()];
}

std::string what_of(const Script& script, const Step& step) {
    switch (step.what) {
        case Step::What::use: {
            std::string text = fmt::format("traveller {} uses {} {} on {}", step.customer, step.quantity,
                                           word_of(step.service), step.plmn);
            if (!step.session.empty()) text += " in session " + step.session;
            if (step.charged) text += fmt::format(", charged {}", decimal(*step.charged));
            if (step.charged_as == Usage::As::allowance) text += " as allowance";
            if (step.charged_as == Usage::As::free) text += " as free";
            return text;
        }
        case Step::What::attach:
            return fmt::format("traveller {} attaches to {}", step.customer, step.plmn);
        case Step::What::detach:
            return fmt::format("traveller {} leaves {}", step.customer, step.plmn);
        case Step::What::reused:
            return fmt::format("the id of an earlier event comes with other content (draw {})", step.which);
        case Step::What::again:
            return fmt::format("an earlier event comes again (draw {})", step.which);
        case Step::What::answer:
            return fmt::format("traveller {} answers (draws {}, {})", step.customer, step.which, step.choice);
        case Step::What::reply:
            return fmt::format("traveller {} answers by SMS (draws {}, {})", step.customer, step.which, step.choice);
        case Step::What::profile:
            return fmt::format("traveller {} gets the profile {}", step.customer,
                               json_of(one_of(script.profiles, step.which), Plant::none));
        case Step::What::publish:
            return "this tariff is published:\n" + csv_of(one_of(script.tariffs, step.which));
        case Step::What::receipt:
            return fmt::format("a receipt comes (draws {}, {})", step.which, step.choice);
        case Step::What::wait:
            return "nothing happens";
    }
    return "";
}

std::string line_of(const Script& script, const Step& step) {
    static constexpr const char* gateways[] = {"",
                                               "the gateway is down",
                                               "the gateway takes everything and says it did not",
                                               "the gateway loses everything and says it took it",
                                               "the gateway delivers everything twice",
                                               "the gateway refuses everything"};
    std::string text = step.together ? "in the same batch " : at_text(step.after) + " later ";
    text += what_of(script, step);
    if (step.ago.ms) text += ", " + at_text(step.ago) + " ago";
    if (step.at_once) text += ", at the same moment";
    const auto add = [&](std::string_view what, std::string_view prefix) {
        if (!what.empty()) text += fmt::format("; {}{}", prefix, what);
    };
    if (step.restart) add("the service is restarted", "before it ");
    if (step.clock_back.ms) add("the clock is set back by " + at_text(step.clock_back), "");
    add(word(step.timers_trouble), "with what is due by the clock ");
    add(word(step.trouble), "");
    add(word(step.outbox_trouble), "with the outbox ");
    add(gateways[static_cast<std::size_t>(step.gateway)], "");
    return text;
}

std::string letter(std::size_t n) {
    return n < 26 ? std::string(1, static_cast<char>('a' + n)) : letter(n / 26 - 1) + letter(n % 26);
}

const char* word_of(Cap::Period period) {
    return period == Cap::Period::month ? "month" : period == Cap::Period::day ? "day" : "trip";
}

}  // namespace

Script script_of(std::uint64_t seed) {
    Dice dice(seed);
    Script script;
    script.seed = seed;
    script.networks = {{"234-15", "GB", true, false},  {"440-10", "JP", false, false}, {"440-20", "JP", false, false},
                       {"450-05", "KR", false, false}, {"262-01", "DE", false, false}, {"901-14", "", false, true}};
    for (int i = 0; i < 3; ++i)
        script.tariffs.push_back(draw_tariff(dice));
    const std::vector<Cap> caps = draw_caps(dice);
    for (int i = 0; i < travellers + 4; ++i)
        script.profiles.push_back(draw_profile(dice, caps));
    const int length = dice.between(5, 50);
    for (int i = 0; i < length; ++i)
        script.steps.push_back(draw_step(dice, i));
    draw_contradictions(dice, script.steps);
    // A record so late that it joins two trips is counted to the one that is known: the model would count anew.
    if (caps.back().period == Cap::Period::trip)
        for (Step& step : script.steps)
            step.ago = Span{0};
    return script;
}

std::string story_of(const Script& script) {
    std::string text = fmt::format("Seed {}. The tariff:\n{}", script.seed, csv_of(script.tariffs.front()));
    for (int i = 0; i < travellers; ++i)
        text +=
            fmt::format("Traveller {}: {}\n", i, json_of(script.profiles[static_cast<std::size_t>(i)], Plant::none));
    for (std::size_t i = 0; i < script.steps.size(); ++i)
        text += fmt::format("({}) {}.\n", letter(i), line_of(script, script.steps[i]));
    return text;
}

std::string csv_of(const Tariff& tariff) {
    std::string text = "plan,destination,service,price,currency,unit,minimum,increment,high_cost\n";
    for (const Row& row : tariff.rows) {
        const char* kind = row.service == Service::data ? "B" : "s";
        text += fmt::format("*,{},{},{},GBP,", row.destination, word_of(row.service), decimal(row.price));
        text += row.service == Service::sms_mo
                    ? "message,,"
                    : fmt::format("{} {},{} {},{} {}", row.unit, kind, row.minimum, kind, row.increment, kind);
        text += row.high_cost ? ",yes\n" : ",\n";
    }
    return text;
}

std::string json_of(const Profile& profile, Plant plant) {
    nlohmann::json caps = nlohmann::json::array();
    for (const Cap& cap : profile.caps) {
        nlohmann::json services = nlohmann::json::array();
        for (Service service : cap.services)
            services.push_back(word_of(service));
        nlohmann::json one = {{"id", cap.id},
                              {"services", services},
                              {"amount", decimal(cap.limit)},
                              {"currency", "GBP"},
                              {"tax", "incl"},
                              {"period", word_of(cap.period)},
                              {"atLimit", cap.hold ? "hold" : "notify"},
                              {"thresholds", cap.thresholds}};
        if (plant == Plant::threshold_off_by_one)
            for (auto& threshold : one["thresholds"])
                if (threshold < 100) threshold = threshold.get<int>() + 1;
        for (std::int64_t stage : cap.stages)
            one["stages"].push_back(decimal(stage));
        if (cap.extension) one["extension"] = decimal(*cap.extension);
        caps.push_back(one);
    }
    nlohmann::json body = {{"homeCountry", "GB"}, {"language", "en"},    {"timeZone", "Etc/UTC"},
                           {"regime", "generic"}, {"channels", {"sms"}}, {"caps", caps}};
    if (profile.high_cost_per_megabyte)
        body["highCostPerMegabyte"] = {{"amount", decimal(*profile.high_cost_per_megabyte)}, {"currency", "GBP"}};
    return body.dump();
}

std::string number_of(int customer) { return "+44770090010" + std::to_string(customer); }

}  // namespace roamguard::simulation
