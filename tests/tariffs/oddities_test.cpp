#include "tariffs/oddities.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "tests/tariffs/tables.h"

using namespace roamguard::tariffs;
using namespace roamguard::tariffs::testing;

namespace {

const std::string columns = "plan,destination,service,price,currency,unit\n";
const std::string zones = "zone,country\nasia,JP\nasia,KR\n";

std::shared_ptr<const Table> table_of(const std::string& rows, const TableFiles& more = {{"zones", zones}}) {
    TableFiles files = more;
    files["tariffs"] = columns + rows;
    return sound(files);
}
/// `tariffs.csv:2 far_from_former 30.00`, one an oddity.
std::string brief(const std::vector<Fault>& oddities) {
    std::string all;
    for (const Fault& oddity : oddities)
        all += (all.empty() ? "" : ", ") + oddity.file + ":" + std::to_string(oddity.line) + " " + oddity.code + " " +
               oddity.value;
    return all;
}
std::string between(const std::string& before, const std::string& after) {
    return brief(oddities(*table_of(after), table_of(before).get()));
}

const std::string usual = "p,JP,data,3,EUR,MB\np,KR,data,4,EUR,MB\np,US,data,3.50,EUR,MB\n";

}  // namespace

TEST_CASE("a price ten times or a tenth of what the plan usually asks is odd, whatever its unit") {
    CHECK(brief(oddities(*table_of(usual + "p,FR,data,40,EUR,MB\n"), nullptr)) ==
          "tariffs.csv:5 far_from_neighbours 40.00");
    CHECK(brief(oddities(*table_of(usual + "p,FR,data,0.03,EUR,MB\n"), nullptr)) ==
          "tariffs.csv:5 far_from_neighbours 0.03");
    CHECK(brief(oddities(*table_of(usual + "p,FR,data,0.03,EUR,10 KB\n"), nullptr)).empty());
    CHECK(brief(oddities(*table_of(usual + "p,FR,data,29,EUR,MB\n"), nullptr)).empty());
    // Other services, plans, kinds of place and free rows are no neighbours.
    CHECK(brief(oddities(*table_of(usual + "p,FR,sms_mo,30,EUR,message\nq,FR,data,40,EUR,MB\np,*,data,50,EUR,MB\n"
                                           "p,inflight,data,60,EUR,MB\np,ES,data,0,EUR,MB\n"),
                         nullptr))
              .empty());
}

TEST_CASE("a price ten times or a tenth of what it was is odd, and so is one that was free") {
    const std::string rest = "p,*,data,9,EUR,MB\n";
    CHECK(between("p,JP,data,3,EUR,MB\n" + rest, "p,JP,data,30,EUR,MB\n" + rest) ==
          "tariffs.csv:2 far_from_former 30.00");
    CHECK(between("p,JP,data,3,EUR,MB\n" + rest, "p,JP,data,0.30,EUR,MB\n" + rest) ==
          "tariffs.csv:2 far_from_former 0.30");
    CHECK(between("p,JP,data,0,EUR,MB\n" + rest, "p,JP,data,0.30,EUR,MB\n" + rest) ==
          "tariffs.csv:2 far_from_former 0.30");
    CHECK(between("p,JP,data,3,EUR,MB\n" + rest, "p,JP,data,29.99,EUR,MB\n" + rest).empty());
    CHECK(between("p,JP,data,3,EUR,MB\n" + rest, "p,JP,data,3,GBP,MB\n" + rest) ==
          "tariffs.csv:2 currency_changed 3.00");
}

TEST_CASE("what was lost is told once: a plan, a country, a row, a country of a zone") {
    const std::string all = "p,JP,data,3,EUR,MB\np,zone:asia,data,3,EUR,MB\np,FR,data,3,EUR,MB\np,*,data,9,EUR,MB\n";
    CHECK(between(all + "q,*,data,1,EUR,MB\n", all) == "tariffs.csv:0 plan_lost q");
    CHECK(between(all, "p,JP,data,3,EUR,MB\np,zone:asia,data,3,EUR,MB\np,*,data,9,EUR,MB\n") ==
          "tariffs.csv:0 country_lost FR");
    CHECK(between(all, "p,zone:asia,data,3,EUR,MB\np,FR,data,3,EUR,MB\np,*,data,9,EUR,MB\n") ==
          "tariffs.csv:0 row_lost JP");
    const auto before = table_of(all), after = table_of(all, {{"zones", "zone,country\nasia,KR\n"}});
    CHECK(brief(oddities(*after, before.get())) == "zones.csv:0 zone_country_lost JP");
    // Korea has no row of its own: without the zone it has the default row alone.
    const auto without = table_of(all, {{"zones", "zone,country\nasia,JP\n"}});
    CHECK(brief(oddities(*without, before.get())) == "tariffs.csv:0 country_lost KR");
}

TEST_CASE("a place that comes under a row ten times as dear is odd though no row changed") {
    const std::string rest = "p,zone:asia,data,30,EUR,MB\np,*,data,9,EUR,MB\n";
    const auto faults = oddities(*table_of(rest), table_of("p,JP,data,3,EUR,MB\n" + rest).get());
    CHECK(brief(faults) == "tariffs.csv:0 row_lost JP, tariffs.csv:2 far_from_former 30.00");
    CHECK(faults[0].detail.find("priced by line 2 instead (30.00 EUR per MB)") != std::string::npos);
}

TEST_CASE("passes and rates: lost, dearer than what they cover, upside down") {
    const std::string rows = "p,JP,data,1,EUR,MB\np,*,data,9,EUR,MB\n";
    const std::string head = "pass,plan,destination,price,currency,allowance,validity\n";
    const auto draft = table_of(rows, {{"passes", head + "day,p,JP,6,EUR,5 MB,1 d\nweek,p,JP,5,EUR,5 MB,7 d\n"},
                                       {"fx", "base,quote,rate\nEUR,CNY,0.13\n"}});
    const auto former = table_of(
        rows, {{"passes", head + "old,p,JP,5,EUR,1 GB,1 d\n"}, {"fx", "base,quote,rate\nEUR,CNY,7.8\nGBP,EUR,1.16\n"}});
    CHECK(brief(oddities(*draft, former.get())) ==
          "passes.csv:2 pass_dearer_than_usage 6.00, passes.csv:0 pass_lost old, fx.csv:2 far_from_former 0.13, "
          "fx.csv:0 rate_lost GBP,EUR");
}

TEST_CASE("a table is not odd beside itself") {
    const auto table = table_of(usual + "p,zone:asia,data,3,EUR,MB\np,*,data,9,EUR,MB\n");
    CHECK(brief(oddities(*table, table.get())).empty());
}

TEST_CASE("a hundred thousand oddities are cut to ten thousand and a last word, quickly") {
    std::string before, after;
    for (int i = 0; i < 100'000; ++i) {
        const std::string key = "plan" + std::to_string(i % 500) + "," + std::to_string(100 + i / 500) + "-01,data,";
        before += key + "1,EUR,MB\n";
        after += key + "10,EUR,MB\n";
    }
    const auto a = table_of(before), b = table_of(after);
    const auto start = std::chrono::steady_clock::now();
    const auto found = oddities(*b, a.get());
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
    REQUIRE(found.size() == 10'001);
    CHECK(found.back().code == "too_many_faults");
}
