#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, sections 4 and 6: what a record is priced by, told of and compared with, where two ways of counting it
// would differ by little.
namespace roamguard::protection::testing {
namespace {

constexpr const char* blocks = "*,*,data,1.00,GBP,MB,,,,,\n";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

std::string much(const std::string& more = "") {
    return R"({"caps":[{"id":"much","services":["data"],"amount":"1000.00","currency":"GBP","thresholds":[])" + more +
           "}]}";
}
Traveller at(std::string rows, std::string fx = "", std::string profile = much()) {
    return {std::move(profile), std::move(rows), std::move(fx), "", false};
}
Step adds(std::string what, const std::string& added) {
    return {std::move(what), "counted", "", "added " + added + ", listed nothing"};
}

/// What one record on 440-10 makes of a customer without a profile's terms.
struct Records {
    Traveller who;
    CustomerState state{};
    Session session{};
    Terms terms{};
    Rules rules{};

    Decision use(std::int64_t quantity, Instant at) {
        terms.time_zone = "UTC";
        intake::RoamingEvent event;
        event.type = intake::EventType::usage;
        event.time.at = at;
        event.plmn = geoip::Plmn::parse("440-10");
        event.quantity = quantity;
        geoip::PlaceQuery query;
        query.plmn = event.plmn;
        std::vector<tariffs::Version> versions;
        if (who.published) versions.push_back({7, hour("0h") - tariffs::days(9), table_of(who)});
        const tariffs::Book book(versions);
        return decide(event, resolve(query, networks(), nullptr, {}, geoip::Explain::off), terms,
                      {&book, &networks(), &rules}, at, "record", state, session);
    }
};

}  // namespace

TEST_CASE("a session is rated once for each period of the caps that count its money, and for no other") {
    const std::string other = R"({"caps":[{"id":"much","services":["data"],"amount":"1000.00","currency":"GBP"},)";
    const std::vector<Step> over_midnight{arrival, adds("15h: use 1 KB on 440-10 in session a", "1.00 GBP"),
                                          adds("17h: use 1 KB on 440-10 in session a", "0.00 GBP")};
    tell_all({
        {"not for a volume's", at(blocks, "", other + R"({"id":"bytes","volume":"1 GB","period":"day"}]})"),
         over_midnight},
        {"not for another service's",
         at(blocks, "",
            other + R"({"id":"calls","services":["voice_mo"],"amount":"9.00","currency":"GBP","period":"day"}]})"),
         over_midnight},
        {"by calendar month where no cap counts it",
         at(blocks, "", R"({"caps":[]})"),
         {arrival, adds("21d14h: use 1 KB on 440-10 in session a", "1.00 GBP"),
          adds("21d14h30m: use 1 KB on 440-10 in session a", "0.00 GBP"),
          adds("21d15h: use 1 KB on 440-10 in session a", "1.00 GBP")}},
        {"once for a trip, also when it turns out to have begun earlier",
         at(blocks, "", much(R"(,"period":"trip")")),
         {{"1h: attach 440-10", "welcomed", "welcome", ""},
          adds("1h: use 1 KB on 440-10 in session a", "1.00 GBP"),
          adds("0h, heard 2h: use 1 KB on 440-10 in session a", "0.00 GBP")}},
    });
}

TEST_CASE("what a sender charged decides at the millionth") {
    tell_all({
        {"beyond five per cent of much by a millionth is a mismatch",
         at("*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n"),
         {arrival,
          {"use 100 MB charged 105.00 GBP", "counted", "", "listed nothing"},
          {"use 100 MB charged 105.000001 GBP", "counted", "", "listed mismatch"}}},
        {"a charge of nothing is no credit: the tariff's price counts",
         at(blocks),
         {arrival, {"use 1 MB charged 0.00 GBP", "counted", "", "added 1.00 GBP, used 1.00, listed mismatch"}}},
        {"one that comes to the tariff's price is counted as that",
         at("*,*,data,1.00,USD,MB,,,,,no\n", "USD,GBP,3\n"),
         {arrival, {"use 1 MB charged 2.999999 GBP", "counted", "", "added 1.00 USD, used 3.00, listed nothing"}}},
    });
}

TEST_CASE("nothing is nothing in every currency and on every tax basis") {
    tell_all({
        {"where no tax rate leads to the cap's",
         at("*,*,data,1.20,GBP,MB,,,incl,,no\n", "", much(R"(,"tax":"excl")")),
         {arrival, {"use 1 MB free", "counted", "", "used 0.00, listed nothing"}}},
        {"where no exchange rate leads to the cap's",
         at(blocks),
         {arrival, {"use 1 MB charged 0.00 USD free", "counted", "", "used 0.00, listed nothing"}}},
    });
}

TEST_CASE("without a tariff a charge in another currency counts for no cap and is listed") {
    Traveller who = at("");
    who.published = false;
    tell_all({{"since no rate leads there",
               who,
               {{"0h: use 1 MB on 440-10 charged 2.00 USD", "confirmation_requested, counted", "confirm_destination",
                 "used 0.00, added 2.00 USD, listed unpriced"}}}});
}

TEST_CASE("what a pass covers to its last byte is priced, also where the tariff has no price") {
    tell_all({{"and the place is asked about now that the pass is over",
               at("*,KR,data,1.00,GBP,MB,,,,,\n"),
               {{"bundle b 0h 24h 4 MB JP", "", "", ""},
                {"1h: use 4 MB on 440-10", "confirmation_requested, welcomed, counted",
                 "welcome, pass_ended, confirm_destination", "added 0.00 GBP, listed nothing, pass b ended"}}}});
}

TEST_CASE("a call without a price holds no data") {
    tell_all({{"it is listed",
               at(blocks),
               {arrival, {"1h: call 60 s on 440-10", "counted", "", "listed unpriced, data allowed"}}}});
}

TEST_CASE("a record that names no network says nothing new of the place") {
    Traveller who = at("*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n");
    tell_all({{"one that became dear is asked about with the next that names it",
               who,
               {arrival,
                {"1h: publish *,*,data,8.00,GBP,MB,1 B,1 B,,,yes", "", "", ""},
                {"2h: use 1 MB", "counted", "", "added 8.00 GBP, data allowed"},
                {"3h: use 1 MB on 440-10", "confirmation_requested, counted", "confirm_destination", "data held"}}}});
}

TEST_CASE("a record of a period that is over settles nothing that is granted now") {
    tell_all({
        {"of money, from the moment it is over",
         {R"({"caps":[{"id":"daily","services":["data"],"amount":"10.00","currency":"GBP","period":"day"}]})", "", "",
          "", false},
         {arrival,
          {"15h: ask data 5 MB in session a", "", "", "said allow within_caps, kept 5.00"},
          {"15h30m, heard 15h59m59s: use 2 MB on 440-10 in session a", "counted", "", "kept 3.00"},
          {"15h40m, heard 16h: use 2 MB on 440-10 in session a", "counted", "", "kept 3.00"}}},
        {"of volume",
         {R"({"caps":[{"id":"daily","volume":"10 MB","period":"day"}]})", "", "", "", false},
         {arrival,
          {"15h: ask data 5 MB in session a", "", "", "said allow within_caps, kept 5 MB"},
          {"15h30m, heard 15h59m59s: use 2 MB on 440-10 in session a", "counted", "", "kept 3 MB"},
          {"15h40m, heard 16h: use 2 MB on 440-10 in session a", "counted", "", "kept 3 MB"}}},
    });
}

TEST_CASE("a record says by which row and version it was priced, or why it was not") {
    Records customer{{"{}", "*,JP,data,1.00,GBP,MB,,,,,no\n", "", "", false}};
    const Priced first = customer.use(1024, hour("1h")).priced.value();
    CHECK(first.priced);
    CHECK(first.version == 7);
    CHECK(first.line == 2);
    CHECK(first.destination_row == "JP");
    CHECK(first.plan_row == "*");
    CHECK(first.segment_used == 1024);
    CHECK(first.rated_segment.micros == 1'000'000);
    CHECK(first.covered == 0);
    CHECK(first.pass.empty());
    CHECK(customer.session.last == hour("1h"));

    HeldPass bundle;
    bundle.id = "b";
    bundle.elsewhere = true;
    bundle.services = {tariffs::Service::data};
    bundle.destinations = {"JP"};
    bundle.from = hour("2h");
    bundle.until = hour("9h");
    bundle.allowance = 4096;
    customer.state.passes = {bundle};
    const Priced covered = customer.use(5000, hour("2h")).priced.value();
    CHECK(covered.covered == 4096);
    CHECK(covered.pass == "b");
    CHECK(covered.segment_used == 1024 + 904);
    CHECK(customer.use(1, hour("0h30m")).priced.value().segment_used == 1024 + 905);
    CHECK(customer.session.last == hour("2h"));

    Records elsewhere{{"{}", "*,KR,data,1.00,GBP,MB,,,,,no\n", "", "", false}};
    const Priced no_row = elsewhere.use(1024, hour("1h")).priced.value();
    CHECK_FALSE(no_row.priced);
    CHECK(no_row.version == 7);
    CHECK(no_row.line == 0);
    CHECK(no_row.unpriced_reason == "no tariff row fits this place and service");

    Records early{{}};
    early.who.published = false;
    const Priced no_table = early.use(1024, hour("1h")).priced.value();
    CHECK_FALSE(no_table.priced);
    CHECK(no_table.version == 0);
    CHECK(no_table.unpriced_reason == "no tariff table is published");

    Records absurd{{"{}", "*,JP,data,2.00,GBP,MB,1 B,1 B,,,no\n", "", "", false}};
    CHECK(absurd.use(INT64_MAX, hour("1h")).priced->unpriced_reason == "the price is beyond what can be counted");
}

}  // namespace roamguard::protection::testing
