#include <catch2/catch.hpp>

#include "tests/protection/line.h"

// Contract, section 6, attach: at the bounds of what is remembered, and what a decision says beside its messages.
namespace roamguard::protection::testing {
namespace {

constexpr const char* asked = "confirmation_requested";
constexpr const char* question = "confirm_destination";
constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* by_byte = "*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n";
constexpr std::int64_t mega = 1 << 20;
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step dear_arrival{"0h: attach 901-14", asked, question, "data held"};
const Step home{"2h: attach home", "returned_home", "", "data allowed"};

std::string caps(const std::string& listed) { return R"({"caps":[)" + listed + "]}"; }
std::string cap(const std::string& id, const std::string& more) {
    return R"({"id":")" + id + R"(","amount":"10.00","currency":"GBP","thresholds":[],)" + more + "}";
}
Traveller who(const std::string& profile, const std::string& rows = "") { return {profile, rows, "", "", false}; }

/// The device of a line attaches somewhere.
Decision attach(Line& line, const char* plmn, tariffs::Instant at) {
    geoip::PlaceQuery query;
    query.plmn = geoip::Plmn::parse(plmn);
    query.home_country = line.terms.home_country;
    intake::RoamingEvent event;
    event.type = intake::EventType::attach;
    event.time.at = at;
    event.plmn = query.plmn;
    Session none;
    return decide(event, resolve(query, networks(), nullptr, {}, geoip::Explain::off), line.terms, line.world(), at,
                  line.seed(), line.state, none);
}

bool gives(const Decision& decision, const std::string& reason) {
    return std::find(decision.reasons.begin(), decision.reasons.end(), reason) != decision.reasons.end();
}

}  // namespace

TEST_CASE("of two places at one time the one heard of last counts") {
    tell_all({
        {"for attaches", {}, {arrival, {"0h: attach 450-05", "welcomed", "welcome", "place KR"}}},
        {"at home too", {}, {arrival, {"0h: attach home", "returned_home", "", "place home"}}},
    });
}

TEST_CASE("usage that tells of the known place again says since when the device is there, and until when at least") {
    std::vector<Step> steps{{"0h: attach 450-05", "welcomed", "welcome", ""},
                            {"1h: attach 440-10", "welcomed", "welcome", ""}};
    for (int minute = 1; minute <= 59; ++minute)
        steps.push_back({"1h" + std::to_string(minute) + "m: use 1 KB on 440-10", "counted", "", "place JP"});
    steps.push_back({"30m, heard 3h: use 1 KB", "counted", "", "counted-at KR"});
    steps.push_back({"1h30m, heard 3h: use 1 KB", "counted", "", "counted-at JP"});
    tell_all({
        {"however often it does", {}, steps},
        {"once told it is there since the first time",
         {},
         {{"0h: attach 450-05", "welcomed", "welcome", ""},
          {"1h: attach 440-10", "welcomed", "welcome", ""},
          {"3h: use 1 KB on 440-10", "counted", "", ""},
          {"2h, heard 4h: use 1 KB", "counted", "", "counted-at JP"},
          {"30m, heard 4h: use 1 KB", "counted", "", "counted-at KR"}}},
        {"and by which network",
         who("{}", "*,JP,data,1.00,GBP,MB,,,,,\n*,440-20,data,3.00,GBP,MB,,,,,\n"),
         {arrival,
          {"1h: use 1 MB on 440-10", "counted", "", "added 1.00 GBP"},
          {"2h: use 1 MB on 440-20", "counted", "", "added 3.00 GBP"},
          {"3h: use 1 MB", "threshold_reached, counted", "threshold monthly/1/50", "added 3.00 GBP"}}},
    });
}

TEST_CASE("networks of a neighbour country in quick succession are steering, not an alternation") {
    tell_all({
        {"without home between them",
         {},
         {{"0h: attach 272-01", "welcomed", "welcome", ""},
          {"10m: attach 272-05", "welcome_suppressed", "", ""},
          {"20m: attach 272-01", "welcome_suppressed", "", ""}}},
        {"nor is a flight between two stays at home",
         {},
         {{"0h: attach 901-14", asked, question, ""},
          {"5m: attach home", "returned_home", "", ""},
          {"10m: attach 901-14", "welcome_suppressed", "", "question pending"}}},
    });
}

TEST_CASE("an advice of inadvertent roaming") {
    tell_all({
        {"shows what data costs there",
         {},
         {{"0h: attach 272-01", "welcomed", "welcome", ""},
          {"10m: attach home", "returned_home", "", ""},
          {"20m: attach 272-01", "inadvertent", "inadvertent", "shows prices data"}}},
        {"comes also where welcomes are switched off",
         who(R"({"optOut":["welcome"]})"),
         {{"0h: attach 272-01", "welcome_suppressed", "", ""},
          {"10m: attach home", "returned_home", "", ""},
          {"20m: attach 272-01", "inadvertent", "inadvertent", ""},
          {"30m: attach home", "returned_home", "", ""},
          {"40m: attach 272-01", "welcome_suppressed", "", ""}}},
    });
    for (const auto& [last, kind] :
         {std::pair{"2h", notifications::Kind::inadvertent}, std::pair{"2h1s", notifications::Kind::welcome}}) {
        CAPTURE(last);
        Line line(by_byte, 10'000'000);
        line.rules.inadvertent_stay = tariffs::hours(3);
        line.rules.welcome_repeat_after = tariffs::minutes(1);
        (void)attach(line, "272-01", hour("0h"));
        (void)attach(line, "234-15", hour("1h"));
        const Decision back = attach(line, "272-01", hour(last));
        REQUIRE(back.owed.size() == 1);
        CHECK(back.owed.front().facts.kind == kind);
    }
}

TEST_CASE("a question about a cap is none about the place that the cap is named like") {
    const Traveller japan = who(caps(cap("JP", R"("services":["data"])")));
    const Traveller flight = who(caps(cap("901-14", R"("services":["data"])")));
    tell_all({
        {"leaving that place withdraws nothing",
         japan,
         {arrival,
          {"1h: use 12 MB", over, "confirm_cap JP/1/100", "data held"},
          {"2h: attach 450-05", "welcomed", "welcome", "data held"},
          {"4h: clock", "", "", "question pending"}}},
        {"entering it asks about it",
         flight,
         {arrival,
          {"1h: use 12 MB", over, "confirm_cap 901-14/1/100", "data held"},
          {"1h10m: attach 901-14", asked, question, "questions 2, holds cap:901-14 destination:901-14"}}},
    });
}

TEST_CASE("each question about a place waits its own hour after leaving it") {
    tell_all({
        {"the first is withdrawn while the second waits",
         {},
         {dear_arrival,
          {"10m: attach 901-12", asked, question, "questions 2"},
          {"50m: attach 440-10", "welcomed", "welcome", "question pending"},
          {"1h10m: clock", "", "", "question pending"},
          {"1h11m: reply 1 CODE1", "", "help", "replied helped, note already_decided"}}},
    });
}

TEST_CASE("a dear place that was declined and is entered again") {
    const Step no{"10m: answer decline", "", "declined", "data blocked"};
    const Step away{"20m: attach 440-10", "welcomed", "welcome", "data allowed"};
    tell_all({
        {"stays off within the hour of the question",
         {},
         {dear_arrival, no, away, {"59m59s: attach 901-14", "welcome_suppressed", "", "data blocked, questions 1"}}},
        {"is asked about anew when that is over",
         {},
         {dear_arrival, no, away, {"1h: attach 901-14", asked, question, "data held, questions 2"}}},
        {"and a wish to continue is about what is off again",
         {},
         {dear_arrival,
          no,
          away,
          {"30m: attach 901-14", "welcome_suppressed", "", "data blocked"},
          {"40m: reply 1 CODE", asked, question, "replied asked_again, data held"}}},
        {"is asked about at once where a bundle covered it and ends",
         {},
         {dear_arrival,
          no,
          away,
          {"25m: bundle b 0h 50m unlimited 901-14", "", "", ""},
          {"40m: attach 901-14", "welcome_suppressed", "", "data allowed, holds none"},
          {"50m: clock", asked, "pass_ended, confirm_destination", "data held, questions 2"}}},
    });
}

TEST_CASE("who is asked about no dear place") {
    tell_all({
        {"a machine",
         who(R"({"kind":"m2m"})"),
         {{"0h: attach 901-14", "welcomed", "welcome", "data allowed, holds none"}}},
        {"who may use no data abroad",
         who(R"({"dataRoaming":"barred"})"),
         {{"0h: attach 901-14", "welcomed", "welcome", "data blocked, holds none"}}},
        {"who has agreed to it on this trip",
         {},
         {dear_arrival,
          {"10m: answer continue", "", "receipt", "data allowed"},
          {"20m: attach 440-10", "welcomed", "welcome", ""},
          {"3h: attach 901-14", "welcome_suppressed", "", "data allowed, questions 1"}}},
    });
}

TEST_CASE("where records come late the question says so as a welcome does, once") {
    tell_all({
        {"in it",
         {},
         {{"0h: attach 901-14 late records", asked, question, "data held"},
          {"1h: attach 901-14 late records", "welcome_suppressed", "", "data held"}}},
    });
}

TEST_CASE("a device's own address repeats a dear place and changes nothing") {
    tell_all({
        {"which it is heard in still",
         who("{}", "*,JP,data,9.00,GBP,MB,1 B,1 B,,,yes\n"),
         {{"0h: attach 440-10", asked, question, "data held"},
          {"1h: attach device JP", "welcome_suppressed", "", "data held, question pending"}}},
    });
}

TEST_CASE("what was waited for has come, wherever it is") {
    const Step somewhere{"1h: roaming-on", "noted", "", ""};
    tell_all({
        {"abroad",
         {},
         {arrival, somewhere, {"1h: attach 450-05", "welcomed", "welcome", ""}, {"1h5m: clock", "", "", "place KR"}}},
        {"at home",
         {},
         {arrival, somewhere, {"1h: attach home", "returned_home", "", ""}, {"1h5m: clock", "", "", "place home"}}},
        {"or shortly before, as the news of one crossing may differ in their times",
         {},
         {{"10m30s: attach home", "returned_home", "", ""},
          {"10m45s: roaming-on", "noted", "", ""},
          {"10m20s, heard 10m50s: attach 440-10", "stale", "", ""},
          {"12m: clock", "", "", "place home, holds none"}}},
    });
}

TEST_CASE("a cap's hold wakes once, as it was in its period") {
    const std::string daily = cap("monthly", R"("services":["data"],"period":"day","extension":"5.00")");
    const std::string calls = cap("calls", R"("services":["voice_mo"],"period":"month")");
    const std::string data = cap("monthly", R"("services":["data"],"period":"month","extension":"5.00")");
    const Step reached{"1h: use 12 MB on 440-10", over, "confirm_cap monthly/1/100", "data held"};
    tell_all({
        {"and asks about no other cap",
         who(caps(calls + "," + data)),
         {arrival,
          {"30m: call 1 minute on 440-10", "counted", "", ""},
          reached,
          home,
          {"4h: attach 440-10", "confirmation_requested, welcome_suppressed", "confirm_cap monthly/1/100",
           "data held"}}},
        {"nor about a day that is over",
         who(caps(daily)),
         {arrival,
          reached,
          {"2h: answer extend", "", "receipt monthly/1", "stage 2"},
          {"17h: use 12 MB on 440-10", over, "confirm_cap monthly/1/100", "data held, stage 1"},
          {"18h: attach home", "returned_home", "", ""},
          {"20h: attach 440-10", "confirmation_requested, welcome_suppressed", "confirm_cap monthly/1/100",
           "data held"}}},
        {"held and not declined",
         {},
         {arrival,
          reached,
          {"1h5m: answer decline", "", "declined monthly/1", "data blocked"},
          home,
          {"4h: attach 440-10", "confirmation_requested, welcome_suppressed", "confirm_cap monthly/1/100",
           "data held, holds cap:monthly"}}},
        {"an hour after it was asked it is asked anew",
         {},
         {arrival,
          reached,
          {"1h10m: attach home", "returned_home", "", ""},
          {"2h: attach 440-10", "confirmation_requested, welcome_suppressed", "confirm_cap monthly/1/100",
           "data held"}}},
        {"and one that never slept does not wake",
         {},
         {arrival, reached, {"4h: attach 450-05", "welcomed", "welcome", "data held, questions 1"}}},
        {"at home nothing of it is lifted",
         {},
         {arrival,
          reached,
          {"1h10m: bundle b 1h 48h unlimited *", "", "", "data allowed, lifted data"},
          {"2h: attach home", "returned_home", "", "holds cap:monthly/asleep, lifted nothing"},
          {"3h: bundle c 3h 72h unlimited *", "", "", "holds cap:monthly/asleep, lifted nothing"}}},
    });
}

TEST_CASE("what the platform is told of holds on the way home and back") {
    Line line(by_byte, 10'000'000);
    line.record("a", 12 * mega, hour("1h"), hour("1h"));
    const std::string first = line.state.questions.back().id;
    SECTION("off, on at home, off again, with the question that is open") {
        const Decision back = attach(line, "234-15", hour("1h10m"));
        REQUIRE(back.holds.size() == 1);
        CHECK(back.holds.front().what == HoldChange::What::released);
        CHECK(back.holds.front().services == std::vector{tariffs::Service::data});
        const Decision again = attach(line, "208-01", hour("1h20m"));
        REQUIRE(again.holds.size() == 1);
        CHECK(again.holds.front().what == HoldChange::What::held);
        CHECK(again.question == first);
    }
    SECTION("nothing at home of what a bundle had lifted") {
        line.bundle(bundle_for("b", std::nullopt, hour("1h"), hour("48h")), hour("1h5m"));
        CHECK(attach(line, "234-15", hour("1h10m")).holds.empty());
    }
}

TEST_CASE("a dear place's hold, its question and the platform") {
    Line line("*,*,data,9.00,GBP,MB,1 B,1 B,,,yes\n", 100'000'000);
    const Decision first = attach(line, "440-10", hour("1h"));
    const std::string question = line.state.questions.back().id;
    REQUIRE(line.state.holds.size() == 1);
    CHECK(first.question == question);
    CHECK(line.state.holds.front().question == question);
    CHECK(line.state.holds.front().since == hour("1h"));
    SECTION("the same place again changes nothing and names the question") {
        const Decision again = attach(line, "440-20", hour("2h"));
        CHECK(again.holds.empty());
        CHECK(again.question == question);
        CHECK(line.state.holds.front().since == hour("1h"));
        const Decision used = line.record("a", 1, hour("3h"), hour("3h"));
        CHECK(used.question != question);  // it is in another country
    }
    SECTION("an early return finds the question pending") {
        (void)attach(line, "234-15", hour("1h10m"));
        const Decision again = attach(line, "440-10", hour("1h20m"));
        CHECK(again.question == question);
        REQUIRE(line.state.holds.size() == 1);
        CHECK(line.state.holds.front().question == question);
        CHECK(line.state.holds.front().since == hour("1h20m"));
        CHECK(again.holds.size() == 1);
    }
    SECTION("one after a no finds what was answered") {
        line.answer(line.state.questions.back(), "decline", hour("1h5m"));
        (void)attach(line, "234-15", hour("1h10m"));
        const Decision again = attach(line, "440-10", hour("1h20m"));
        CHECK(again.question.empty());
        REQUIRE(line.state.holds.size() == 1);
        CHECK(line.state.holds.front().declined);
        CHECK(line.state.holds.front().question == question);
    }
}

TEST_CASE("why a place was entered is said") {
    Line line(by_byte, 10'000'000);
    const std::string by_usage = "usage newer than the known place acts as an attach";
    const std::string by_request = "a request to use a service, newer than the known place, acts as an attach";
    SECTION("by usage") {
        const Decision used = line.record("a", 1, hour("1h"), hour("1h"));
        CHECK(gives(used, by_usage));
        CHECK(!gives(used, by_request));
    }
    SECTION("by a request") {
        const Decision asked = line.ask(request("a", 1), hour("1h")).decision;
        CHECK(gives(asked, by_request));
        CHECK(!gives(asked, by_usage));
    }
    SECTION("by an attach nothing need be said") {
        const Decision attached = attach(line, "208-01", hour("1h"));
        CHECK(!gives(attached, by_usage));
        CHECK(!gives(attached, by_request));
    }
}

}  // namespace roamguard::protection::testing
