#include "tariffs/comparison.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <tuple>

#include "tests/tariffs/tables.h"

using namespace roamguard::tariffs;
using namespace roamguard::tariffs::testing;

namespace {

const std::string columns = "plan,destination,service,price,currency,unit,minimum,increment,tax,tax_rate,high_cost\n";
const std::string zones = "zone,country\nasia,JP\nasia,KR\n";
const std::string fx = "base,quote,rate\nEUR,CNY,8\n";

std::shared_ptr<const Table> table_of(const std::string& rows, const TableFiles& more = {}) {
    TableFiles files = more;
    files["tariffs"] = columns + rows;
    return sound(files);
}

std::string brief(const std::vector<PriceChange>& changes) {
    std::string all;
    for (const PriceChange& change : changes)
        all += change.plan + " " + change.destination + " " + service_text(change.service, change.called) + " " +
               (change.before ? terms_text(*change.before) : "none") + " -> " +
               (change.after ? terms_text(*change.after) : "none") + " " + percent_text(change) + "\n";
    return all;
}

/// The change of the one row both tables have.
std::string change_of(const std::string& before, const std::string& after) {
    const auto a = table_of(before, {{"fx", fx}}), b = table_of(after, {{"fx", fx}});
    return brief(compare(*a, *b).changed);
}

/// Small tables over few keys, so that most keys meet.
std::string rows_generated() {
    std::string rows;
    for (const char* plan : {"a", "b"})
        for (const char* destination : {"JP", "KR", "zone:asia", "inflight", "*"})
            for (const char* service : {"data", "sms_mo"})
                if (*rc::gen::inRange(0, 3) != 0)
                    rows += std::string(plan) + "," + destination + "," + service + "," +
                            std::to_string(*rc::gen::inRange(0, 4)) + ",EUR," +
                            (std::string(service) == "data" ? "MB" : "message") + ",,,,,\n";
    return rows + "z,*,data,1,EUR,MB,,,,,\n";
}
std::string zones_generated() {
    std::string text = "zone,country\nasia,FJ\n";
    for (const char* country : {"JP", "KR"})
        if (*rc::gen::inRange(0, 2) != 0) text += std::string("asia,") + country + "\n";
    return text;
}

using Key = std::tuple<std::string, std::string, Service, const Row*, const Row*>;
std::multiset<Key> keys(const std::vector<PriceChange>& changes, bool mirrored) {
    std::multiset<Key> all;
    for (const PriceChange& change : changes)
        all.emplace(change.plan, change.destination, change.service, mirrored ? change.after : change.before,
                    mirrored ? change.before : change.after);
    return all;
}

}  // namespace

TEST_CASE("prices are compared by the megabyte, minute or message, whatever unit they are written in") {
    CHECK(change_of("p,*,data,0.10,EUR,10 KB,,,,,\n", "p,*,data,10,EUR,MB,,10 KB,,,\n") ==
          "p * data 0.10 EUR per 10 KB -> 10.00 EUR per MB by 10 KB -2.3 %\n");
    CHECK(change_of("p,*,voice_mo,0.01,EUR,second,,,,,\n", "p,*,voice_mo,0.60,EUR,minute,,1 s,,,\n").empty());
    CHECK(change_of("p,*,data,8,CNY,MB,,,,,\n", "p,*,data,1.50,EUR,MB,,,,,\n") ==
          "p * data 8.00 CNY per MB -> 1.50 EUR per MB +50.0 %\n");
    CHECK(change_of("p,*,data,8,GBP,MB,,,,,\n", "p,*,data,1.50,EUR,MB,,,,,\n") ==
          "p * data 8.00 GBP per MB -> 1.50 EUR per MB ?\n");
    CHECK(change_of("p,*,data,0,EUR,MB,,,,,\n", "p,*,data,1,EUR,MB,,,,,\n") ==
          "p * data 0.00 EUR per MB -> 1.00 EUR per MB was free\n");
    CHECK(change_of("p,*,data,1,EUR,MB,,,,,\n", "p,*,data,0,EUR,MB,,,,,\n") ==
          "p * data 1.00 EUR per MB -> 0.00 EUR per MB -100.0 %\n");
    CHECK(change_of("p,*,data,1.20,EUR,MB,,,incl,20,\n", "p,*,data,1.20,EUR,MB,,,excl,20,\n") ==
          "p * data 1.20 EUR per MB -> 1.20 EUR per MB before tax +20.0 %\n");
}

TEST_CASE("a row changed in its steps, tax or high cost is changed though its price is not") {
    CHECK(change_of("p,*,voice_mo,1,EUR,minute,,1 s,,,\n", "p,*,voice_mo,1,EUR,minute,60 s,60 s,,,\n") ==
          "p * voice_mo 1.00 EUR per minute by 1 second -> 1.00 EUR per minute +0.0 %\n");
    CHECK(change_of("p,*,data,1,EUR,MB,,,incl,19,\n", "p,*,data,1,EUR,MB,,,incl,20,\n") ==
          "p * data 1.00 EUR per MB -> 1.00 EUR per MB +0.0 %\n");
    CHECK(change_of("p,*,data,1,EUR,MB,,,,,\n", "p,*,data,1,EUR,MB,,,,,yes\n") ==
          "p * data 1.00 EUR per MB -> 1.00 EUR per MB, high cost +0.0 %\n");
}

TEST_CASE("the dearest rise comes first, what was free before it, what nobody can tell last") {
    const auto before = table_of(
        "p,JP,data,1,EUR,MB,,,,,\np,KR,data,1,EUR,MB,,,,,\np,US,data,0,EUR,MB,,,,,\n"
        "p,FR,data,1,EUR,MB,,,,,\np,CN,data,1,GBP,MB,,,,,\np,*,data,9,EUR,MB,,,,,\n");
    const auto after = table_of(
        "p,JP,data,1.10,EUR,MB,,,,,\np,KR,data,3,EUR,MB,,,,,\np,US,data,1,EUR,MB,,,,,\n"
        "p,FR,data,0.50,EUR,MB,,,,,\np,CN,data,1,EUR,MB,,,,,\np,*,data,9,EUR,MB,,,,,\n");
    const Comparison found = compare(*before, *after);
    std::string order;
    for (const PriceChange& change : found.changed)
        order += change.destination + " ";
    CHECK(percent_text(20'000'000) == "20 %");
    CHECK(percent_text(2'500'000) == "2.5 %");
    CHECK(order == "US KR JP FR CN ");
    CHECK(found.totals.changed == 5);
    CHECK(found.totals.dearer == 3);
    CHECK(found.totals.cheaper == 1);
}

TEST_CASE("a place that another row prices now is told with both prices") {
    const std::string rest = "p,zone:asia,data,3,EUR,MB,,,,,\np,*,data,9,EUR,MB,,,,,\n";
    const auto own = table_of("p,JP,data,1,EUR,MB,,,,,\n" + rest, {{"zones", zones}});
    const auto lost = table_of(rest, {{"zones", zones}});
    const auto moved = table_of(rest, {{"zones", "zone,country\nasia,KR\n"}});
    CHECK(brief(compare(*own, *lost).moved) == "p JP data 1.00 EUR per MB -> 3.00 EUR per MB +200.0 %\n");
    CHECK(brief(compare(*lost, *own).moved) == "p JP data 3.00 EUR per MB -> 1.00 EUR per MB -66.7 %\n");
    const Comparison found = compare(*lost, *moved);
    CHECK(brief(found.moved) == "p JP data 3.00 EUR per MB -> 9.00 EUR per MB +200.0 %\n");
    REQUIRE(found.zones.size() == 1);
    CHECK(found.zones[0].zone == "asia");
    CHECK(found.zones[0].country == country("JP"));
    CHECK_FALSE(found.zones[0].added);
    CHECK(found.changed.empty());
}

TEST_CASE("passes, rates, guard rails and sample trips are compared too") {
    const std::string rows = "p,*,data,9,EUR,MB,,,,,\n";
    const std::string head = "pass,plan,destination,price,currency,allowance,validity\n";
    const std::string rails = "rule,plan,destination,service,value,currency,unit\n";
    const std::string trips = "trip,plan,country,plmn,service,called,quantity,expected,currency\n";
    const auto before = table_of(rows, {{"passes", head + "day,p,JP,5,EUR,1 GB,1 d\nold,p,JP,5,EUR,1 GB,1 d\n"},
                                        {"fx", fx},
                                        {"rails", rails + "maximum_price,,,data,10,EUR,MB\n"}});
    const auto after = table_of(rows, {{"passes", head + "day,p,JP,6,EUR,1 GB,1 d\nnew,p,JP,5,EUR,1 GB,1 d\n"},
                                       {"fx", "base,quote,rate\nEUR,CNY,10\nEUR,GBP,0.86\n"},
                                       {"rails", rails + "maximum_price,,,data,12,EUR,MB\n"},
                                       {"trips", trips + "week,p,JP,,data,,2 MB,18,EUR\n"}});
    const Comparison found = compare(*before, *after);
    REQUIRE(found.passes.size() == 3);
    CHECK(found.passes[0].percent == 20.0);
    CHECK(found.passes[1].before == nullptr);
    CHECK(found.passes[2].after == nullptr);
    REQUIRE(found.rates.size() == 2);
    CHECK(found.rates[0].before == "8");
    CHECK(found.rates[0].after == "10");
    CHECK(found.rates[0].percent == 25.0);
    CHECK(found.rates[1].before.empty());
    std::string guards;
    for (const GuardChange& guard : found.guards)
        guards += (guard.added ? "+ " : "- ") + guard.file + " " + guard.text + "\n";
    CHECK(guards ==
          "- rails.csv maximum_price of data, every plan, everywhere: 10.00 EUR per MB\n"
          "+ rails.csv maximum_price of data, every plan, everywhere: 12.00 EUR per MB\n"
          "+ trips.csv week: 2 MB of data under p in JP costs 18.00 EUR\n");
}

TEST_CASE("a table does not differ from itself, and a mirrored comparison has added and removed exchanged") {
    rc::prop("any two tables", [] {
        const auto a = table_of(rows_generated(), {{"zones", zones_generated()}});
        const auto b = table_of(rows_generated(), {{"zones", zones_generated()}});
        RC_ASSERT(compare(*a, *a).empty());
        const Comparison there = compare(*a, *b), back = compare(*b, *a);
        RC_ASSERT(keys(there.added, false) == keys(back.removed, true));
        RC_ASSERT(keys(there.removed, false) == keys(back.added, true));
        RC_ASSERT(keys(there.changed, false) == keys(back.changed, true));
        RC_ASSERT(keys(there.moved, false) == keys(back.moved, true));
        RC_ASSERT(there.zones.size() == back.zones.size());
        RC_ASSERT(there.totals.dearer == back.totals.cheaper);
    });
}

TEST_CASE("two tables of a hundred thousand rows are compared in little time, and the lists are cut") {
    std::string before, after;
    for (int i = 0; i < 100'000; ++i) {
        const std::string key = "plan" + std::to_string(i % 500) + "," + std::to_string(100 + i / 500) + "-01,data,";
        before += key + "1,EUR,MB,,,,,\n";
        after += key + (i == 77'777 ? "50" : "1.01") + ",EUR,MB,,,,,\n";
    }
    const auto a = table_of(before), b = table_of(after);
    const auto start = std::chrono::steady_clock::now();
    const Comparison found = compare(*a, *b);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
    CHECK(found.totals.changed == 100'000);
    REQUIRE(found.changed.size() == Comparison::cap);
    CHECK(found.changed.front().percent == 4900.0);
}
