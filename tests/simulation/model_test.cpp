#include "tests/simulation/model.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace roamguard::simulation {

namespace {

constexpr std::int64_t one = 1'000'000, megabyte = 1'048'576;
constexpr Time noon = 1'793'534'400'000;  // 2026-11-01 12:00 UTC
constexpr Time november = noon - 12 * an_hour, december = november + 30 * a_day;
const std::string home = "23415", docomo = "44010", kddi = "44051", orange = "20801", ship = "90112";

/// Japan costs 1 a megabyte, France 2 a message, Brazil is flagged; a minute is billed 60 s, then by 30 s.
Tariff prices(std::int64_t japan = one) {
    return {november - a_day,
            {{"JP", Service::data, japan, megabyte, 0, 0},
             {"BR", Service::data, one, megabyte, 0, 0, true},
             {"*", Service::data, 2 * one, megabyte, 0, 0},
             {"*", Service::voice_mo, 2 * one, 60, 60, 30},
             {"*", Service::sms_mo, 2 * one, 1, 0, 0}}};
}

Model world() {
    return Model(
        {{home, "GB", true}, {docomo, "JP"}, {kddi, "JP"}, {orange, "FR"}, {"72405", "BR"}, {ship, "", false, true}},
        prices(), {});
}

Cap monthly(std::int64_t limit = 100) {
    return {"monthly", {Service::data}, limit * one, Cap::Period::month, {50, 80, 100}, true, {}, 100 * one};
}

Usage megabytes(std::int64_t count, Time at, const std::string& session = "", const std::string& plmn = docomo) {
    return {plmn, Service::data, count * megabyte, session, at, {}};
}

Usage charged(std::int64_t count, std::int64_t money, Time at, const std::string& session = "") {
    Usage usage = megabytes(count, at, session);
    usage.charged = money * one;
    return usage;
}

/// A traveller who stands in Japan at noon with these caps, the welcome sent.
Model in_japan(std::vector<Cap> caps = {monthly()}) {
    Model model = world();
    model.put_profile(1, {std::move(caps), {}}, noon);
    model.attach(1, docomo, noon, noon);
    return model;
}

Spend spent(const Model& model, const std::string& cap = "monthly", Time start = november) {
    const auto all = model.spend(1);
    const auto found = all.find({cap, start});
    return found == all.end() ? Spend{-1} : found->second;
}

std::vector<Message> use(Model& model, const Usage& usage) { return model.use(1, usage, usage.at); }
std::vector<Message> attach(Model& model, const std::string& plmn, Time at) { return model.attach(1, plmn, at, at); }
std::vector<Message> extend(Model& model, Time now, const std::string& cap = "monthly") {
    return model.answer(1, "confirm_cap", cap, Model::Choice::extend, now);
}

using Messages = std::vector<Message>;
using State = Question::State;

std::optional<State> newest(const Model& model) {
    const auto all = model.questions(1);
    return all.empty() ? std::nullopt : std::optional(all.back().state);
}

const Messages nothing;
const Messages welcome{{"welcome"}}, ask_place{{"confirm_destination"}}, summary{{"trip_summary"}};
const Messages ask_cap{{"confirm_cap", "monthly", 1, 100}};
const std::set<Service> only_data{Service::data};

}  // namespace

// ---- Attach and trip ----

TEST_CASE("entering a country sends one welcome, its other networks none") {
    Model model = world();
    CHECK(attach(model, docomo, noon) == welcome);
    CHECK(attach(model, kddi, noon + a_minute) == nothing);
    CHECK(model.country(1) == "JP");
}

TEST_CASE("the same country is welcomed again only after welcome.repeat-after, by the event's time") {
    Model model = in_japan();
    attach(model, orange, noon + an_hour);
    CHECK(model.attach(1, docomo, noon + 24 * an_hour - 1, noon + 30 * an_hour) == nothing);
    attach(model, orange, noon + 30 * an_hour);
    CHECK(attach(model, docomo, noon + 31 * an_hour) == welcome);
}

TEST_CASE("a stale attach moves no place and sends nothing, but informs usage of its time that names no network") {
    Model model = in_japan();
    CHECK(model.attach(1, orange, noon - an_hour, noon + 1) == nothing);
    CHECK(model.country(1) == "JP");
    model.use(1, megabytes(3, noon - 30 * a_minute, "", ""), noon + 2);
    CHECK(spent(model).used == 6 * one);  // the price of France
}

TEST_CASE("foreign usage newer than the known place acts as an attach first") {
    Model model = in_japan();
    CHECK(use(model, megabytes(30, noon + an_hour, "", orange)) ==
          Messages{{"welcome"}, {"threshold", "monthly", 1, 50}});
    CHECK(model.country(1) == "FR");
    CHECK(attach(model, docomo, noon + 30 * a_minute) == nothing);
    CHECK(model.country(1) == "FR");
}

TEST_CASE("late usage counts where it happened and leaves the place alone") {
    Model model = in_japan();
    attach(model, orange, noon + an_hour);
    CHECK(model.use(1, megabytes(60, noon + a_minute), noon + 2 * an_hour) ==
          Messages{{"threshold", "monthly", 1, 50}});
    CHECK(model.country(1) == "FR");
}

TEST_CASE("a trip ends when home has lasted six hours, with a summary where money was spent") {
    Model model = in_japan();
    use(model, megabytes(1, noon + 1));
    attach(model, home, noon + an_hour);
    CHECK(model.clock(1, noon + 7 * an_hour - 1) == nothing);
    CHECK(model.clock(1, noon + 7 * an_hour) == summary);
    CHECK(model.clock(1, noon + 8 * an_hour) == nothing);
}

TEST_CASE("a trip without spend ends without a summary") {
    Model model = in_japan();
    use(model, megabytes(0, noon + 1));
    attach(model, home, noon + an_hour);
    CHECK(model.clock(1, noon + 9 * an_hour) == nothing);
}

TEST_CASE("leaving home sooner continues the trip, and its cap") {
    Cap trip = monthly();
    trip.period = Cap::Period::trip;
    Model model = in_japan({trip});
    use(model, megabytes(10, noon + 1));
    attach(model, home, noon + an_hour);
    attach(model, docomo, noon + 7 * an_hour - 1);
    use(model, megabytes(10, noon + 8 * an_hour));
    CHECK(model.spend(1) == std::map<std::pair<std::string, Time>, Spend>{{{"monthly", noon}, {20 * one, 0, 1, 0}}});
}

TEST_CASE("a trip of which nothing was heard for thirty days is over, and the next begins with a cap of its own") {
    Cap trip = monthly();
    trip.period = Cap::Period::trip;
    Model model = in_japan({trip});
    use(model, megabytes(10, noon + 1));
    const Time later = noon + 1 + 30 * a_day;
    CHECK(model.clock(1, later) == summary);
    CHECK(use(model, megabytes(5, later + 1)) == welcome);
    CHECK(spent(model, "monthly", noon).used == 10 * one);
    CHECK(spent(model, "monthly", later + 1).used == 5 * one);
}

TEST_CASE("a trip begins with its first usage by event time, though that record comes late") {
    Cap trip = monthly();
    trip.period = Cap::Period::trip;
    Model model = in_japan({trip});
    use(model, megabytes(60, noon + 1));
    CHECK(model.use(1, megabytes(10, noon - an_hour), noon + 2) == nothing);
    CHECK(model.spend(1) ==
          std::map<std::pair<std::string, Time>, Spend>{{{"monthly", noon - an_hour}, {70 * one, 0, 1, 50}}});
}

// ---- Rating ----

TEST_CASE("a segment is rounded as its records' sum, whatever their order; a record without session is its own") {
    for (const bool turned : {false, true}) {
        Cap calls = monthly();
        calls.services = {Service::voice_mo};
        Model model = in_japan({calls});
        const auto call = [&](std::int64_t seconds, const std::string& session) {
            use(model, {docomo, Service::voice_mo, seconds, session, noon + 1, {}});
        };
        call(turned ? 61 : 20, "call");
        CHECK(spent(model).used == (turned ? 3 * one : 2 * one));
        call(turned ? 20 : 61, "call");
        CHECK(spent(model).used == 3 * one);  // 81 s: 60, and one block of 30
        call(9, "");
        call(9, "");
        CHECK(spent(model).used == 7 * one);
    }
}

TEST_CASE("one session on two networks, or under two versions, is two segments") {
    Cap calls = monthly();
    calls.services = {Service::voice_mo};
    Model model = in_japan({calls});
    const auto call = [&](const std::string& plmn, Time at) {
        use(model, {plmn, Service::voice_mo, 10, "call", at, {}});
    };
    call(docomo, noon + 1);
    call(kddi, noon + 2);
    Tariff next = prices();
    next.effective = noon + an_hour;
    model.publish(next);
    call(kddi, noon + 2 * an_hour);
    call(kddi, noon + 3);
    CHECK(spent(model).used == 6 * one);
}

TEST_CASE("usage is rated by the version in force at its time, and before the first one by that") {
    Model model = in_japan();
    Tariff dearer = prices(3 * one);
    dearer.effective = noon + an_hour;
    model.publish(dearer);
    use(model, megabytes(1, november - 5 * a_day));
    CHECK(spent(model, "monthly", november - 31 * a_day).used == one);
    use(model, megabytes(1, noon + an_hour - 1));
    CHECK(spent(model).used == one);
    use(model, megabytes(1, noon + an_hour));
    CHECK(spent(model).used == 4 * one);
}

TEST_CASE("protection counts the higher of rated and charged, over the segment") {
    Model model = in_japan();
    use(model, charged(10, 4, noon + 1, "s"));
    CHECK(spent(model).used == 10 * one);
    use(model, charged(2, 9, noon + 2, "s"));
    CHECK(spent(model).used == 13 * one);
}

TEST_CASE("what an allowance covers adds what it says") {
    Model model = in_japan();
    Usage covered = megabytes(40, noon + 1, "s");
    covered.as = Usage::As::allowance;
    use(model, covered);
    CHECK(spent(model).used == 0);
    covered.charged = one;
    use(model, covered);
    CHECK(spent(model).used == one);
}

TEST_CASE("a credit lowers the sum, is never shown below zero, and the sum beneath keeps it") {
    Model model = in_japan();
    use(model, charged(0, -30, noon + 1));
    CHECK(spent(model).used == 0);
    use(model, megabytes(50, noon + 2));
    CHECK(spent(model).used == 20 * one);
}

TEST_CASE("a credit neither re-arms a threshold nor releases a hold") {
    Model model = in_japan();
    use(model, megabytes(100, noon + 1));
    CHECK(use(model, charged(0, -60, noon + 2)) == nothing);
    CHECK(model.data_held(1));
    CHECK(use(model, megabytes(20, noon + 3)) == nothing);
    CHECK(spent(model) == Spend{40 * one, 20 * one, 1, 100});
}

// ---- Thresholds and caps ----

TEST_CASE("a threshold is crossed once, and reaching it exactly counts") {
    Model model = in_japan();
    CHECK(use(model, megabytes(49, noon + 1)) == nothing);
    CHECK(use(model, megabytes(1, noon + 2)) == Messages{{"threshold", "monthly", 1, 50}});
    CHECK(use(model, megabytes(1, noon + 3)) == nothing);
    CHECK(spent(model) == Spend{51 * one, 0, 1, 50});
}

TEST_CASE("one record over several thresholds sends only the highest and records the others") {
    Model model = in_japan();
    CHECK(use(model, megabytes(90, noon + 1)) == Messages{{"threshold", "monthly", 1, 80}});
    CHECK(spent(model).mark == 80);
}

TEST_CASE("at the limit the services are held and the question goes out; what goes beyond is overrun") {
    Model model = in_japan();
    CHECK(use(model, megabytes(130, noon + 1)) == ask_cap);
    CHECK(spent(model) == Spend{100 * one, 30 * one, 1, 100});
    CHECK(model.holds(1) == std::set<Hold>{{"cap:monthly", only_data, false}});
    CHECK(use(model, megabytes(5, noon + 2)) == nothing);
    CHECK(spent(model) == Spend{100 * one, 35 * one, 1, 100});
}

TEST_CASE("a notify-only cap says that it was reached, and neither holds nor keeps overrun") {
    Cap cap = monthly();
    cap.hold = false;
    Model model = in_japan({cap});
    CHECK(use(model, megabytes(130, noon + 1)) == Messages{{"cap_reached", "monthly", 1, 100}});
    CHECK(use(model, megabytes(130, noon + 2)) == nothing);
    CHECK(spent(model) == Spend{260 * one, 0, 1, 100});
    CHECK_FALSE(model.data_held(1));
}

TEST_CASE("consent opens the next stage, where thresholds already passed are recorded and overrun does not count") {
    Model model = in_japan();
    use(model, megabytes(170, noon + 1));
    CHECK(extend(model, noon + 2) == Messages{{"receipt", "monthly", 2}});
    CHECK_FALSE(model.data_held(1));
    CHECK(spent(model) == Spend{100 * one, 70 * one, 2, 50});
    CHECK(use(model, megabytes(60, noon + 3)) == Messages{{"threshold", "monthly", 2, 80}});
    CHECK(use(model, megabytes(50, noon + 4)) == Messages{{"confirm_cap", "monthly", 2, 100}});
    CHECK(spent(model) == Spend{200 * one, 80 * one, 2, 100});
    CHECK(extend(model, noon + 5) == Messages{{"receipt", "monthly", 3}});
}

TEST_CASE("given stages are the limits, and consent after the last ends them") {
    Cap cap = monthly();
    cap.extension.reset();
    cap.stages = {100 * one, 150 * one};
    Model model = in_japan({cap});
    use(model, megabytes(100, noon + 1));
    extend(model, noon + 2);
    CHECK(use(model, megabytes(50, noon + 3)) == Messages{{"confirm_cap", "monthly", 2, 100}});
    CHECK(extend(model, noon + 4) == Messages{{"receipt", "monthly", 3}});
    CHECK(use(model, megabytes(500, noon + 5)) == nothing);
    CHECK_FALSE(model.data_held(1));
}

TEST_CASE("usage of a closed period counts there, and neither sends nor holds") {
    Model model = in_japan();
    CHECK(model.use(1, megabytes(130, december - 1), december) == nothing);
    CHECK(spent(model) == Spend{100 * one, 30 * one, 1, 0});
    CHECK_FALSE(model.data_held(1));
    use(model, megabytes(7, december));
    CHECK(spent(model, "monthly", december).used == 7 * one);
}

TEST_CASE("a new period ends the hold and its question, and says so abroad") {
    Model model = in_japan();
    use(model, megabytes(100, december - an_hour));
    CHECK(model.clock(1, december - 1) == nothing);
    CHECK(model.clock(1, december) == Messages{{"released", "monthly", 1}});
    CHECK(newest(model) == State::withdrawn);
    CHECK(model.holds(1).empty());
}

TEST_CASE("a day's cap and a month's are marked each for itself, in the profile's order") {
    Cap daily{"daily", {Service::data, Service::sms_mo}, 10 * one, Cap::Period::day, {}, true, {}, {}};
    Model model = in_japan({monthly(20), daily});
    CHECK(use(model, megabytes(12, noon + 1)) ==
          Messages{{"threshold", "monthly", 1, 50}, {"confirm_cap", "daily", 1, 100}});
    CHECK(model.holds(1) == std::set<Hold>{{"cap:daily", {Service::data, Service::sms_mo}, false}});
    CHECK(model.clock(1, november + a_day) == Messages{{"released", "daily", 1}});
    use(model, megabytes(1, november + a_day));
    CHECK(spent(model, "daily", november + a_day).used == one);
    CHECK(spent(model).used == 13 * one);
}

TEST_CASE("a cap lowered below what is used sends only the highest threshold, and holds at its limit") {
    Model model = in_japan();
    use(model, megabytes(40, noon + 1));
    CHECK(model.put_profile(1, {{monthly(45)}, {}}, noon + 2) == Messages{{"threshold", "monthly", 1, 80}});
    CHECK(model.put_profile(1, {{monthly(30)}, {}}, noon + 3) == ask_cap);
    CHECK(spent(model) == Spend{40 * one, 0, 1, 100});
    CHECK(model.data_held(1));
}

TEST_CASE("a cap raised releases and withdraws its question; at the new limit it holds and asks again") {
    Model model = in_japan();
    use(model, megabytes(100, noon + 1));
    CHECK(model.put_profile(1, {{monthly()}, {}}, noon + 2) == nothing);
    CHECK(model.put_profile(1, {{monthly(200)}, {}}, noon + 3) == Messages{{"released", "monthly", 1}});
    CHECK(newest(model) == State::withdrawn);
    CHECK(spent(model).mark == 100);
    CHECK(use(model, megabytes(80, noon + 4)) == nothing);  // a mark only rises
    CHECK(use(model, megabytes(30, noon + 5)) == ask_cap);
    CHECK(spent(model) == Spend{200 * one, 10 * one, 1, 100});
}

TEST_CASE("a cap taken away releases") {
    Model model = in_japan();
    use(model, megabytes(100, noon + 1));
    CHECK(model.put_profile(1, {}, noon + 2) == Messages{{"released", "monthly", 1}});
    CHECK(model.holds(1).empty());
}

TEST_CASE("a service flows only when no cause remains; that one is gone is told all the same") {
    Cap second = monthly();
    second.id = "second";
    Model model = in_japan({monthly(), second});
    use(model, megabytes(100, noon + 1));
    Cap raised = second;
    raised.limit = 300 * one;
    CHECK(model.put_profile(1, {{monthly(), raised}, {}}, noon + 2) == Messages{{"released", "second", 1}});
    CHECK(model.data_held(1));
    CHECK(model.put_profile(1, {{monthly(300), raised}, {}}, noon + 3) == Messages{{"released", "monthly", 1}});
}

// ---- Questions and holds ----

TEST_CASE("a high-cost place holds data and asks instead of welcoming") {
    Model model = world();
    CHECK(attach(model, "72405", noon) == ask_place);
    CHECK(model.holds(1) == std::set<Hold>{{"destination:BR", only_data, false}});
    CHECK(attach(model, ship, noon + 1) == ask_place);
    CHECK(model.holds(1) == std::set<Hold>{{"destination:NT", only_data, false}});
}

TEST_CASE("a price at or above the profile's limit a megabyte is high-cost") {
    Model model = world();
    model.put_profile(1, {{}, 2 * one}, noon);
    CHECK(attach(model, docomo, noon) == welcome);
    CHECK(attach(model, orange, noon + 1) == ask_place);
}

TEST_CASE("a destination's confirmed answer releases, and lasts the trip") {
    Model model = world();
    const auto proceed = [&](Time now) {
        return model.answer(1, "confirm_destination", "BR", Model::Choice::proceed, now);
    };
    attach(model, "72405", noon);
    CHECK(proceed(noon + 1) == Messages{{"receipt"}});
    CHECK_FALSE(model.data_held(1));
    CHECK(proceed(noon + 2) == nothing);
    attach(model, home, noon + an_hour);
    CHECK(attach(model, "72405", noon + 3 * an_hour) == nothing);
    attach(model, home, noon + 4 * an_hour);
    CHECK(attach(model, "72405", noon + 10 * an_hour) == ask_place);
    CHECK(model.data_held(1));
}

TEST_CASE("a destination's hold ends with leaving it, and its question an hour later") {
    Model model = world();
    attach(model, "72405", noon);
    attach(model, docomo, noon + 1);
    CHECK(model.holds(1).empty());
    CHECK(attach(model, "72405", noon + an_hour) == nothing);  // found pending
    CHECK(model.data_held(1));
    attach(model, docomo, noon + an_hour + 1);
    model.clock(1, noon + 2 * an_hour);
    CHECK(newest(model) == State::pending);
    model.clock(1, noon + 2 * an_hour + 1);
    CHECK(newest(model) == State::withdrawn);
    CHECK(attach(model, "72405", noon + 3 * an_hour) == ask_place);
}

TEST_CASE("silence keeps a hold: the question expires after a day, and a wish to continue asks again") {
    Model model = in_japan();
    use(model, megabytes(100, noon + 1));
    CHECK(model.wish(1, "confirm_cap", "monthly", noon + 2 * an_hour) == nothing);
    model.clock(1, noon + a_day);
    CHECK(newest(model) == State::pending);
    CHECK(extend(model, noon + 1 + a_day) == nothing);
    CHECK(newest(model) == State::expired);
    CHECK(model.data_held(1));
    CHECK(model.wish(1, "confirm_cap", "monthly", noon + 2 + a_day) == ask_cap);
    CHECK(extend(model, noon + 3 + a_day) == Messages{{"receipt", "monthly", 2}});
}

TEST_CASE("declined keeps the hold, and is asked again at most once an hour") {
    Model model = in_japan();
    use(model, megabytes(100, noon));
    CHECK(model.answer(1, "confirm_cap", "monthly", Model::Choice::decline, noon + 1) ==
          Messages{{"declined", "monthly", 1}});
    CHECK(model.data_held(1));
    CHECK(model.wish(1, "confirm_cap", "monthly", noon + an_hour - 1) == nothing);
    CHECK(model.wish(1, "confirm_cap", "monthly", noon + an_hour) == ask_cap);
}

TEST_CASE("a cap's hold sleeps at home and binds again at the next foreign attach, asking anew") {
    Model model = in_japan();
    use(model, megabytes(100, noon + 1));
    model.answer(1, "confirm_cap", "monthly", Model::Choice::decline, noon + 2);
    attach(model, home, noon + an_hour);
    CHECK(model.holds(1) == std::set<Hold>{{"cap:monthly", only_data, true}});
    CHECK_FALSE(model.data_held(1));
    CHECK(attach(model, orange, noon + 2 * an_hour) == Messages{{"welcome"}, {"confirm_cap", "monthly", 1, 100}});
    CHECK(model.data_held(1));
}

TEST_CASE("a hold that sleeps when its period ends is gone without a word") {
    Model model = in_japan();
    use(model, megabytes(100, december - 2 * an_hour));
    attach(model, home, december - an_hour);
    CHECK(model.clock(1, december) == nothing);
    CHECK(model.holds(1).empty());
    CHECK(attach(model, docomo, december + an_hour) == welcome);
    CHECK_FALSE(model.data_held(1));
}

TEST_CASE("using on is never consent, and an answer that was not on offer changes nothing") {
    Model model = in_japan();
    use(model, megabytes(100, noon + 1));
    use(model, megabytes(100, noon + 2));
    CHECK(model.answer(1, "confirm_cap", "monthly", Model::Choice::proceed, noon + 3) == nothing);
    CHECK(model.answer(1, "confirm_destination", "JP", Model::Choice::proceed, noon + 3) == nothing);
    CHECK(model.data_held(1));
    CHECK(model.questions(1).size() == 1);
}

TEST_CASE("any order of the records of several sessions comes to the same spend") {
    const std::vector<Usage> records = {megabytes(20, noon + 5, "a"), charged(5, 30, noon + 6, "a"),
                                        megabytes(40, noon + 7, "b", kddi), charged(0, -8, noon + 8),
                                        megabytes(50, noon - an_hour, "", orange)};
    std::vector<std::size_t> order = {0, 1, 2, 3, 4};
    do {
        Model model = in_japan();
        for (const std::size_t n : order)
            model.use(1, records[n], noon + an_hour);
        const Spend sum = spent(model);
        REQUIRE(sum.used + sum.overrun == (30 + 40 - 8 + 100) * one);
        REQUIRE(sum.mark == 100);
    } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace roamguard::simulation
