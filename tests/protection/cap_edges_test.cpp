#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, sections 5 and 6: what caps count, show and keep at the very edges of periods, trips, stages and sums.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr const char* told = "threshold_reached, counted";
constexpr const char* early = "threshold monthly/1/80 early";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

std::string cap(const std::string& id, const std::string& more) {
    return R"({"id":")" + id + R"(","services":["data"],)" + more + "}";
}
std::string tenner(const std::string& id, const std::string& more = "") {
    return cap(id, R"("amount":"10.00","currency":"GBP","extension":"5.00")" + more);
}
std::string caps(const std::string& list) { return R"({"caps":[)" + list + "]}"; }
Traveller with(const std::string& list) { return {caps(list), "", "", "", false}; }

}  // namespace

TEST_CASE("a message shows nothing used as nothing") {
    tell_all({
        {"of a forecast where a credit gave all back",
         {},
         {arrival,
          {"5m: credit 9.00 GBP", "counted", "", "used 0.00"},
          {"10m: use 1 KB in session a", "counted", "", ""},
          {"12m: use 9215 KB in session a", told, early, "shows used 0.00, used 0.00"}}},
        {"of a period in which nothing was recorded when the last one's hold ends",
         {caps(tenner("monthly", R"(,"period":"day","tax":"excl")")), "*,*,data,1.00,GBP,MB,1 B,1 B,excl,,\n", "", "",
          false},
         {arrival,
          {"10h: use 10 MB on 440-10", over, asked, "data held"},
          {"16h: clock", "", "released monthly/1", "shows used 0.00, shows limit 10.00, shows tax excl"}}},
    });
}

TEST_CASE("usage of nothing neither warns nor exceeds") {
    const std::vector<Step> burning{{"5h: attach 440-10", "welcomed", "welcome", ""},
                                    {"5h10m: use 1 KB in session a", "counted", "", ""},
                                    {"5h12m: use 2 MB in session a", "counted", "", "percent 20"},
                                    {"0h, heard 5h13m: use 0 on 440-10", "counted", "", "percent 20"}};
    tell_all({
        {"where a record that comes late makes the forecast look farther ahead", {}, burning},
        {"nor where the cap only notifies", with(tenner("monthly", R"(,"thresholds":[80],"atLimit":"notify")")),
         burning},
        {"where the limit is reached",
         {},
         {arrival, {"use 10 MB", over, asked, "data held"}, {"use 0", "counted", "", "overrun 0.00, data held"}}},
    });
}

TEST_CASE("a limit of a single byte is a limit") {
    tell_all({{"used up by that byte",
               with(cap("monthly", R"("volume":"1 B")")),
               {arrival, {"use 1 B", over, asked, "percent 100, data held"}}}});
}

TEST_CASE("a threshold of one per cent is told") {
    tell_all({{"also when a repeating cap was made one with stages",
               with(cap("monthly", R"("every":"5.00","currency":"GBP")")),
               {arrival,
                {"use 200 KB", "counted", "", ""},
                {"profile " + caps(tenner("monthly", R"(,"thresholds":[1])")), "threshold_reached",
                 "threshold monthly/1/1", "percent 1"}}}});
}

TEST_CASE("a cap of a zone counts nothing while no tariff says what the zone is") {
    tell_all({{"which is listed",
               {R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP",
                             "destinations":["zone:asia"]}]})",
                "",
                "",
                "",
                false,
                {},
                "",
                tariffs::minutes(10),
                false},
               {{"0h: use 1 MB on 440-10", "confirmation_requested, counted", "confirm_destination",
                 "used 0.00, listed unpriced"}}}});
}

TEST_CASE("usage of a period that ends at this very moment neither sends nor holds") {
    tell_all({{"it counts there",
               with(tenner("monthly", R"(,"period":"day")")),
               {arrival,
                {"1h, heard 16h: use 12 MB on 440-10", "counted", "", "used 10.00, overrun 2.00, holds none"},
                {"16h1m: use 1 MB on 440-10", "counted", "", "used 1.00"}}}});
}

TEST_CASE("the counter of a closed period is kept for forty days") {
    const std::string daily = tenner("monthly", R"(,"period":"day")");
    const Step used{"0h: use 4 MB on 440-10", "welcomed, counted", "welcome", "used 4.00"};
    tell_all({
        {"to the last moment",
         with(daily),
         {used, {"1h, heard 40d16h: use 1 MB on 440-10", "counted", "", "used 5.00"}}},
        {"and no longer", with(daily), {used, {"1h, heard 40d16h1s: use 1 MB on 440-10", "counted", "", "used 1.00"}}},
    });
}

TEST_CASE("late usage from before what was known of an earlier trip moves nothing of this one") {
    const Traveller who = with(tenner("trip", R"(,"period":"trip")"));
    const std::vector<Step> second{
        {"1h: attach 440-10", "welcomed", "welcome", ""},
        {"use 1 MB", "counted", "", "used 1.00"},
        {"2h: attach home", "returned_home", "", ""},
        {"9h: use 10 MB on 440-10", "cap_reached, confirmation_requested, welcome_suppressed, counted",
         "trip_summary 1.00 GBP, confirm_cap trip/1/100", "trip 2, data held"},
        {"0h30m, heard 10h: use 1 MB on 440-10", "counted", "", "used 2.00"}};
    const auto then = [&](std::string title, const std::vector<Step>& steps) {
        std::vector<Step> all = second;
        all.insert(all.end(), steps.begin(), steps.end());
        return Tale{std::move(title), who, std::move(all)};
    };
    tell_all({
        then("the question opens this trip's stage", {{"answer extend", "", "receipt trip/1", "stage 2, holds none"}}),
        then("the hold is asked about again after a no",
             {{"answer decline", "", "declined trip/1", "data blocked"},
              {"reply 1", "confirmation_requested", "confirm_cap trip/1/100", "replied asked_again, data held"}}),
    });
}

TEST_CASE("a trip that began earlier than was known keeps what was asked and held for each of its caps") {
    tell_all({{"both are asked about again after a no",
               {R"({"caps":[{"id":"trip","services":["data"],"amount":"10.00","currency":"GBP","period":"trip"},
                            {"id":"calls","services":["voice_mo"],"amount":"10.00","currency":"GBP","period":"trip"}]})",
                "", "", "", false},
               {{"1h: attach 440-10", "welcomed", "welcome", ""},
                {"2h: use 12 MB on 440-10", over, "confirm_cap trip/1/100", ""},
                {"answer decline", "", "declined trip/1", "data blocked"},
                {"2h10m: call 1000 s on 440-10", over, "confirm_cap calls/1/100", ""},
                {"answer decline", "", "declined calls/1", ""},
                {"0h, heard 3h: use 1 MB on 440-10", "counted_over_cap, counted", "", "trip.overrun 3.00"},
                {"reply 1 CODE1", "confirmation_requested", "confirm_cap trip/1/100", "replied asked_again"},
                {"reply 1 CODE2", "confirmation_requested", "confirm_cap calls/1/100", "replied asked_again"}}}});
}

TEST_CASE("a no at a later stage may be taken back like one at the first, and the earlier stage's question is over") {
    const std::vector<Step> declined{arrival,
                                     {"use 10 MB", over, asked, ""},
                                     {"reply NO", "", "declined monthly/1", "data blocked"},
                                     {"reply YES", "confirmation_requested", asked, "replied asked_again"},
                                     {"reply YES", "", "receipt monthly/1", "stage 2"},
                                     {"use 5 MB", over, "confirm_cap monthly/2/100", "data held"},
                                     {"reply NO", "", "declined monthly/2", "data blocked"}};
    const auto then = [&](std::string title, const Step& step) {
        std::vector<Step> all = declined;
        all.push_back(step);
        return Tale{std::move(title), {}, std::move(all)};
    };
    tell_all({
        then("a yes", {"reply YES", "confirmation_requested", "confirm_cap monthly/2/100", "replied asked_again"}),
        then("the code of the first stage's question",
             {"reply 1 CODE1", "", "help", "replied helped, note already_decided, stage 2, data blocked"}),
    });
}

TEST_CASE("a raise to exactly what is used holds on, and is not told as a release") {
    tell_all({{"by the customer's own wish",
               {},
               {arrival,
                {"use 10 MB", over, asked, ""},
                {"answer extend", "", "receipt monthly/1", ""},
                {"use 5 MB", over, "confirm_cap monthly/2/100", "data held"},
                {"reply CAP 15", "confirmation_requested", "confirm_cap monthly/0", "replied cap_asked"},
                {"reply 1 CODE", "cap_reached, confirmation_requested", "receipt monthly/0, confirm_cap monthly/1/100",
                 "data held, stage 1, limit 15.00"}}}});
}

TEST_CASE("what stays off after a release is named once, however many caps hold it") {
    const std::string others = tenner("b") + "," + tenner("c");
    tell_all({{"two others",
               with(tenner("a") + "," + others),
               {arrival,
                {"use 10 MB", over, "confirm_cap a/1/100, confirm_cap b/1/100, confirm_cap c/1/100", ""},
                {"profile " + caps(cap("a", R"("amount":"50.00","currency":"GBP","extension":"5.00")") + "," + others),
                 "", "released a/1", "shows still-off yes, shows services data"}}}});
}

namespace {

customers::CapRule ten_of_data(std::string id, customers::PeriodRule::Over over) {
    customers::CapRule rule;
    rule.id = std::move(id);
    rule.services = {tariffs::Service::data};
    rule.limit = 10'000'000;
    rule.currency = tariffs::Currency::parse("GBP").value();
    rule.period.over = over;
    return rule;
}

}  // namespace

TEST_CASE("what a cap is told and held for names its period, and the hold since when") {
    Terms terms;
    terms.time_zone = "UTC";
    terms.caps = {ten_of_data("daily", customers::PeriodRule::Over::day)};
    const tariffs::Book book({{1, hour("0h") - tariffs::days(9), table_of({})}});
    const Rules rules;
    const World world{&book, &networks(), &rules};
    CustomerState state;
    Session session;
    intake::RoamingEvent event;
    event.type = intake::EventType::usage;
    event.plmn = geoip::Plmn::parse("440-10");
    event.time.at = hour("1h");
    event.quantity = 10 << 20;
    geoip::PlaceQuery query;
    query.plmn = event.plmn;
    const geoip::Place place = resolve(query, networks(), nullptr, {}, geoip::Explain::off);

    const Decision reached = decide(event, place, terms, world, hour("2h"), "record", state, session);
    const Instant day = hour("0h") - tariffs::hours(8);
    REQUIRE(reached.owed.size() == 2);
    CHECK(reached.owed[1].period_start == day);
    CHECK(reached.owed[1].question == state.questions.at(0).id);
    CHECK(state.questions[0].period_start == day);
    REQUIRE(state.holds.size() == 1);
    CHECK(state.holds[0].period_start == day);
    CHECK(state.holds[0].stage == 1);
    CHECK(state.holds[0].since == hour("2h"));
    CHECK(state.counts.at(0).currency == terms.caps[0].currency);

    const CapView now = cap_views(state, terms, hour("3h")).at(0);
    CHECK(now.start == day);
    CHECK(now.end == day + tariffs::days(1));
    CHECK(now.used == 10'000'000);
    const CapView next = cap_views(state, terms, hour("17h")).at(0);
    CHECK(next.start == day + tariffs::days(1));
    CHECK(next.end == day + tariffs::days(2));
    CHECK(next.used == 0);
    CHECK(next.stage == 1);

    const Decision over_now = decide_timers(terms, world, hour("16h"), "clock", state);
    REQUIRE(over_now.owed.size() == 1);
    CHECK(over_now.owed[0].period_start == day);
    CHECK(over_now.owed[0].stage == 1);
    CHECK(over_now.owed[0].cap == "daily");

    terms.caps[0].at_limit = customers::AtLimit::notify;
    event.time.at = hour("17h");
    const Decision notified = decide(event, place, terms, world, hour("18h"), "second", state, session);
    REQUIRE(notified.owed.size() == 1);
    CHECK(notified.owed[0].period_start == day + tariffs::days(1));
}

}  // namespace roamguard::protection::testing
