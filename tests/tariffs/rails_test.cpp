#include "tariffs/rails.h"

#include <catch2/catch.hpp>

#include "tests/tariffs/tables.h"

using namespace roamguard::tariffs;
using namespace roamguard::tariffs::testing;

namespace {

const std::string columns = "plan,destination,service,price,currency,unit\n";
const std::string rail_columns = "rule,plan,destination,service,value,currency,unit\n";
const std::string trip_columns = "trip,plan,country,plmn,service,called,quantity,expected,currency\n";
const std::string zones = "zone,country\nasia,JP\nasia,KR\n";

TableFiles files(const std::string& rows, const std::string& rails, const std::string& trips = "") {
    TableFiles all{{"tariffs", columns + rows},
                   {"zones", zones},
                   {"rails", rail_columns + rails},
                   {"fx", "base,quote,rate\nEUR,CNY,8\n"}};
    if (!trips.empty()) all["trips"] = trip_columns + trips;
    return all;
}

/// `tariffs.csv:2 above_maximum_price`, one a fault.
std::string brief(const std::vector<Fault>& faults) {
    std::string all;
    for (const Fault& fault : faults)
        all += (all.empty() ? "" : ", ") + fault.file + ":" + std::to_string(fault.line) + " " + fault.code;
    return all;
}
std::string broken(const std::string& rows, const std::string& rails, const std::string& trips = "") {
    return brief(broken_rails(*sound(files(rows, rails, trips)), nullptr));
}
std::string broken_change(const std::string& before, const std::string& after, const std::string& rails) {
    return brief(broken_rails(*sound(files(after, rails)), sound(files(before, "")).get()));
}
std::string faults_of_rail(const std::string& rail) {
    return text(compile(files("p,*,data,1,EUR,MB\n", rail + "\n")).faults);
}
std::string faults_of_trip(const std::string& trip) {
    return text(compile(files("p,*,data,1,EUR,MB\n", "", trip + "\n")).faults);
}

}  // namespace

TEST_CASE("the faults of rails.csv name line and column and say what to write") {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"max_price,,,data,1,EUR,MB",
         "rule unknown_rule: `max_price` is no rule: use maximum_price, maximum_change or required_country; did you "
         "mean maximum_price?"},
        {"maximum-change,,,,20,,",
         "rule unknown_rule: `maximum-change` is no rule: use maximum_price, maximum_change or required_country; did "
         "you mean maximum_change?"},
        {"maximum_price,,,data,\"1,50\",EUR,MB",
         "value decimal_comma: `1,50` cannot be read: write a point, not a comma, before the decimals, and nothing "
         "between thousands; did you mean 1.50?"},
        {"maximum_price,,,data,,EUR,MB", "value missing_value: the rule maximum_price needs a value, such as 50"},
        {"maximum_price,,,data,1,,MB", "currency missing_value: the rule maximum_price needs a currency, such as EUR"},
        {"maximum_price,,,data,1,EUR,", "unit missing_value: the rule maximum_price needs a unit, such as MB"},
        {"maximum_price,,,data,1,EUR,minute",
         "unit wrong_unit_kind: `minute` does not fit the service `data`: data counts in B, KB, MB or GB, such as "
         "`MB` or `10 KB`"},
        {"maximum_price,,,,1,EUR,day", "unit unknown_unit: `day` is no unit, such as `MB`, `minute` or `message`"},
        {"maximum_change,,,,20%,,",
         "value not_a_number: `20%` cannot be read: write the percentage without its sign; did you mean 20?"},
        {"maximum_change,,,,20,EUR,",
         "currency unneeded_value: the rule maximum_change has no currency: leave it empty"},
        {"required_country,,zone:asia,,,,",
         "destination not_a_country: the rule required_country needs a country as its destination, such as JP"},
        {"required_country,,,,,,",
         "destination missing_value: the rule required_country needs a country as its destination, such as JP"},
        {"maximum_price,,,data,1,EUR,MB\nmaximum_price,*,*,data,2,EUR,MB",
         "rule duplicate_key: line 2 has this rule for the same plan, destination and service already"},
    };
    for (const auto& [rail, fault] : cases) {
        const std::string line = rail.find('\n') == rail.npos ? "2" : "3";
        CHECK(faults_of_rail(rail) == "rails.csv:" + line + " " + fault + "\n");
    }
    const auto compiled = compile(files("gold,*,data,1,EUR,MB\n", "maximum_price,glod,,data,1,EUR,MB\n"));
    CHECK(text(compiled.warnings) ==
          "rails.csv:2 plan unknown_plan: no row of tariffs.csv is for the plan `glod`; did you mean gold?\n");
}

TEST_CASE("the faults of trips.csv name line and column and say what to write") {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"a,p,Japan,,data,,1 MB,1,EUR",
         "country unknown_country: `Japan` is no ISO 3166 alpha-2 country code, such as GB or JP; did you mean JP?"},
        {"a,p,,,data,,1 MB,1,EUR",
         "country missing_value: the row has no country, such as JP, nor inflight, maritime or satellite"},
        {"a,p,,440-10,data,,1 MB,1,EUR",
         "country missing_value: the row has no country: write that of the network too, such as JP"},
        {"a,p,JP,44010,data,,1 MB,1,EUR",
         "plmn bad_network: `44010` is no network: it is written as three digits, a hyphen and two or three digits, "
         "such as 901-14; did you mean 440-10?"},
        {"a,p,JP,,voice_mo:home,,1 minute,1,EUR",
         "service narrowed_service: a trip says whom it calls in the column called: write voice_mo here and home "
         "there"},
        {"a,p,JP,,data,home,1 MB,1,EUR",
         "called unneeded_value: only a call with the service voice_mo has a called party"},
        {"a,p,JP,,voice_mo,Home,1 minute,1,EUR",
         "called unknown_word: `Home` is none of home, local, other, premium; did you mean home?"},
        {"a,p,JP,,data,,1 MB,1.005,EUR",
         "expected too_many_decimals: `1.005` has more decimals than EUR is paid in; did you mean 1.01?"},
    };
    for (const auto& [trip, fault] : cases)
        CHECK(faults_of_trip(trip) == "trips.csv:2 " + fault + "\n");
}

TEST_CASE("no price may be above the rail that is the most specific for it") {
    const std::string rows =
        "p,JP,data,5,EUR,MB\np,*,data,0.20,EUR,10 KB\np,inflight,data,30,EUR,MB\n"
        "q,JP,data,39,CNY,MB\nq,*,voice_mo,3,EUR,minute\nq,*,voice_mo:premium,9,EUR,minute\n";
    CHECK(broken(rows, "maximum_price,,,data,5,EUR,MB\n") ==
          "tariffs.csv:3 above_maximum_price, tariffs.csv:4 above_maximum_price");
    CHECK(broken(rows, "maximum_price,,,data,21,EUR,MB\nmaximum_price,,inflight,data,30,EUR,MB\n").empty());
    CHECK(broken(rows, "maximum_price,,,data,4.80,EUR,MB\nmaximum_price,p,,data,30,EUR,MB\n") ==
          "tariffs.csv:5 above_maximum_price");
    CHECK(broken(rows, "maximum_price,,,,3,EUR,minute\n") == "tariffs.csv:7 above_maximum_price");
    CHECK(broken(rows, "maximum_price,,,,3,EUR,minute\nmaximum_price,,,voice_mo:premium,9,EUR,minute\n").empty());
    CHECK(broken(rows, "maximum_price,q,,data,5,GBP,MB\n") == "tariffs.csv:5 rail_not_comparable");
    CHECK(broken(rows, "maximum_price,q,,data,39,CNY,MB\n").empty());
}

TEST_CASE(
    "a rail for a country holds for the zone or default row that prices it, one for a plan for rows of all plans") {
    const std::string rows = "p,zone:asia,data,6,EUR,MB\np,*,data,9,EUR,MB\n*,FR,data,7,EUR,MB\n";
    CHECK(broken(rows, "maximum_price,,JP,data,5,EUR,MB\n") == "tariffs.csv:2 above_maximum_price");
    CHECK(broken(rows, "maximum_price,,US,data,8,EUR,MB\n") == "tariffs.csv:3 above_maximum_price");
    CHECK(broken(rows, "maximum_price,,JP,data,6,EUR,MB\n").empty());
    CHECK(broken(rows, "maximum_price,p,FR,data,6,EUR,MB\n") == "tariffs.csv:4 above_maximum_price");
    CHECK(broken(rows + "p,FR,data,5,EUR,MB\n", "maximum_price,p,FR,data,6,EUR,MB\n").empty());
    CHECK(broken(rows + "p,JP,data,5,EUR,MB\n", "maximum_price,,JP,data,5,EUR,MB\n").empty());
}

TEST_CASE("no price may change by more than its rail allows, up or down, whatever row comes to price a place") {
    const std::string before = "p,JP,data,1,EUR,MB\np,zone:asia,data,5,EUR,MB\np,*,data,0,EUR,MB\n";
    const std::string rail = "maximum_change,,,,20,,\n";
    const auto after = [](const char* jp, const char* asia, const char* rest) {
        return std::string("p,JP,data,") + jp + ",EUR,MB\np,zone:asia,data," + asia + ",EUR,MB\np,*,data," + rest +
               ",EUR,MB\n";
    };
    CHECK(broken_change(before, after("1.20", "4", "0"), rail).empty());
    CHECK(broken_change(before, after("1.21", "3.99", "0.01"), rail) ==
          "tariffs.csv:2 above_maximum_change, tariffs.csv:3 above_maximum_change, "
          "tariffs.csv:4 above_maximum_change");
    CHECK(broken_change(before, after("1.21", "5", "0"), rail + "maximum_change,,JP,,25,,\n").empty());
    CHECK(broken_change(before, "p,zone:asia,data,5,EUR,MB\np,*,data,0,EUR,MB\n", rail) ==
          "tariffs.csv:2 above_maximum_change");  // Japan goes from 1 to 5
    CHECK(broken_change(before, "p,JP,data,1,GBP,MB\np,zone:asia,data,5,EUR,MB\np,*,data,0,EUR,MB\n", rail) ==
          "tariffs.csv:2 rail_not_comparable");
    CHECK(broken(after("9", "9", "9"), rail).empty());  // nothing is in force
}

TEST_CASE("a required country needs a row of its own or of a zone in every plan the rail names") {
    const std::string rows = "p,JP,data,5,EUR,MB\np,*,data,9,EUR,MB\nq,zone:asia,data,5,EUR,MB\nr,US,data,1,EUR,MB\n";
    CHECK(broken(rows, "required_country,,JP,,,,\n") == "rails.csv:2 country_without_price");
    CHECK(broken(rows, "required_country,q,KR,,,,\nrequired_country,p,KR,,,,\n") ==
          "rails.csv:3 country_without_price");
    CHECK(broken(rows, "required_country,p,JP,sms_mo,,,\n") == "rails.csv:2 country_without_price");
    CHECK(broken("*,zone:asia,data,5,EUR,MB\n", "required_country,,JP,,,,\n").empty());
}

TEST_CASE("a sample trip comes to its total or is named with the row that prices it") {
    const std::string rows =
        "p,JP,data,3,CNY,MB\np,JP,voice_mo:home,0.50,EUR,minute\np,901-14,data,7,EUR,MB\n"
        "p,inflight,data,30,EUR,MB\np,KR,data,1,GBP,MB\n";
    CHECK(broken(rows, "",
                 "a,p,JP,,data,,37 MB,111,CNY\na,p,JP,,data,,37 MB,13.88,EUR\na,p,JP,,voice_mo,home,90 s,1,EUR\n"
                 "b,p,,901-14,data,,2 MB,14,EUR\nb,p,inflight,,data,,1 B,30,EUR\n")
              .empty());
    CHECK(broken(rows, "",
                 "a,p,JP,,data,,37 MB,110,CNY\na,p,FR,,data,,1 MB,1,EUR\na,p,KR,,data,,1 MB,1,EUR\n"
                 "a,p,JP,,data,,8000000000 GB,1,CNY\n") ==
          "trips.csv:2 trip_total, trips.csv:3 trip_without_price, trips.csv:4 trip_not_convertible, "
          "trips.csv:5 trip_total");
    const auto faults = broken_rails(*sound(files(rows, "", "a,p,JP,,data,,37 MB,110,CNY\n")), nullptr);
    CHECK(faults[0].detail ==
          "a: 37 MB of data under p in JP costs 110.00 CNY, it says; by tariffs.csv line 2 (3.00 CNY per MB) it costs "
          "111.00 CNY");
}

TEST_CASE("rails and trips are bounded") {
    std::string rails, trips;
    for (int i = 0; i < 1'001; ++i)
        rails += "maximum_price,plan" + std::to_string(i) + ",,data,1,EUR,MB\n";
    for (int i = 0; i < 10'001; ++i)
        trips += "a,p,JP,,data,,1 MB,1,EUR\n";
    CHECK(brief(compile(files("p,*,data,1,EUR,MB\n", rails)).faults) == "rails.csv:1002 too_many_rows");
    CHECK(brief(compile(files("p,*,data,1,EUR,MB\n", "", trips)).faults) == "trips.csv:10002 too_many_rows");
}
