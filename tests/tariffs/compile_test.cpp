#include <catch2/catch.hpp>
#include <chrono>

#include "tariffs/oddities.h"
#include "tariffs/rails.h"
#include "tests/tariffs/tables.h"

using namespace roamguard::tariffs;
using namespace roamguard::tariffs::testing;

namespace {

const std::string columns = "plan,destination,service,price,currency,unit,minimum,increment,tax,tax_rate,high_cost\n";
const std::string zones = "zone,country\nasia,JP\nasia,KR\npacific,FJ\n";

std::string faults_of(const TableFiles& files) { return text(compile(files).faults); }
std::string warnings_of(const TableFiles& files) {
    const auto compiled = compile(files);
    return compiled.table ? text(compiled.warnings) : "not compiled:\n" + text(compiled.faults);
}
/// The faults of one tariff row under the full header.
std::string fault_of_row(const std::string& row) {
    return faults_of({{"tariffs", columns + row + "\n"}, {"zones", zones}});
}

}  // namespace

TEST_CASE("a row is compiled with its defaults") {
    const auto table = sound({{"tariffs", columns + "gold,JP,data,3.00,CNY,MB,,,,,\n"
                                                    "*,901-14,voice_mo:home,0.5,EUR,minute,60 s,1 s,excl,8.1,yes\n"
                                                    "gold,zone:asia,data,1,EUR,10 KB,,100 KB,incl,19,no\n"},
                              {"zones", zones}});
    REQUIRE(table->rows().size() == 3);
    const Row& plain = table->rows()[0];
    CHECK(plain.plan == "gold");
    CHECK(plain.price == money("3.00", "CNY"));
    CHECK(plain.unit == Quantity{1048576, UnitKind::bytes});
    CHECK(plain.increment == 1048576);
    CHECK(plain.minimum == 1048576);
    CHECK(plain.tax == Tax::incl);
    CHECK_FALSE(plain.tax_rate);
    CHECK(plain.high_cost == HighCost::by_limit);
    CHECK(plain.line == 2);
    const Row& full = table->rows()[1];
    CHECK(full.service == Service::voice_mo);
    CHECK(full.called == Called::home);
    CHECK(full.minimum == 60);
    CHECK(full.increment == 1);
    CHECK(full.tax == Tax::excl);
    CHECK(full.tax_rate == TaxRate{81'000});
    CHECK(full.high_cost == HighCost::yes);
    CHECK(table->rows()[2].minimum == 102'400);
    CHECK(table->rows()[2].high_cost == HighCost::no);
}

TEST_CASE("each fault of a row names its line, column and code, and says what to write instead") {
    const std::string places =
        " is no ISO 3166 alpha-2 country code, nor a network, `zone:` and a name, inflight, maritime, "
        "satellite or `*`";
    const std::string bytes = "data counts in B, KB, MB or GB, such as `MB` or `10 KB`";
    const std::string calls = "calls count in seconds, minutes or hours, such as `minute` or `30 s`";
    const std::vector<std::pair<std::string, std::string>> cases = {
        {",JP,data,1,EUR,MB,,,,,", "plan missing_value: the row has no plan"},
        {"p,,data,1,EUR,MB,,,,,", "destination missing_value: the row has no destination"},
        {"p,UK,data,1,EUR,MB,,,,,", "destination unknown_country: `UK`" + places + "; did you mean GB?"},
        {"p,Japan,data,1,EUR,MB,,,,,", "destination unknown_country: `Japan`" + places + "; did you mean JP?"},
        {"p,jp,data,1,EUR,MB,,,,,", "destination unknown_country: `jp`" + places + "; did you mean JP?"},
        {"p,JPN,data,1,EUR,MB,,,,,", "destination unknown_country: `JPN`" + places + "; did you mean JP?"},
        {"p,Germny,data,1,EUR,MB,,,,,", "destination unknown_country: `Germny`" + places + "; did you mean DE?"},
        {"p,日本,data,1,EUR,MB,,,,,", "destination unknown_country: `日本`" + places + "; did you mean JP?"},
        {"p,Trinidad and Tobago,data,1,EUR,MB,,,,,",
         "destination unknown_country: `Trinidad and Tobago`" + places + "; did you mean TT?"},
        {"p,ZZ,data,1,EUR,MB,,,,,", "destination unknown_country: `ZZ`" + places},
        {"p,440,data,1,EUR,MB,,,,,",
         "destination bad_network: `440` is no network: it is written as three digits, a hyphen and "
         "two or three digits, such as 901-14"},
        {"p,44010,data,1,EUR,MB,,,,,",
         "destination bad_network: `44010` is no network: it is written as three digits, a hyphen "
         "and two or three digits, such as 901-14; did you mean 440-10?"},
        {"p,440-1,data,1,EUR,MB,,,,,",
         "destination bad_network: `440-1` is no network: it is written as three digits, a hyphen "
         "and two or three digits, such as 901-14"},
        {"p,asia,data,1,EUR,MB,,,,,",
         "destination missing_zone_prefix: `asia` is a zone of zones.csv, and a zone is written with "
         "`zone:` before it; did you mean zone:asia?"},
        {"p,zone:asai,data,1,EUR,MB,,,,,",
         "destination unknown_zone: the zone `asai` is not defined in zones.csv; did you mean "
         "zone:asia?"},
        {"p,zone:,data,1,EUR,MB,,,,,",
         "destination empty_zone: `zone:` needs the name of a zone of zones.csv after it"},
        {"p,ZONE:asia,data,1,EUR,MB,,,,,",
         "destination unknown_zone: `ZONE:asia` is no zone: the word before the colon is written "
         "in small letters; did you mean zone:asia?"},
        {"p,In-Flight,data,1,EUR,MB,,,,,",
         "destination unknown_class: `In-Flight` is no destination: the classes are inflight, "
         "maritime and satellite, and `*` is every other place; did you mean inflight?"},
        {"p,terrestrial,data,1,EUR,MB,,,,,",
         "destination unknown_class: `terrestrial` is no destination: the classes are "
         "inflight, maritime and satellite, and `*` is every other place"},
        {"p,maritme,data,1,EUR,MB,,,,,",
         "destination unknown_class: `maritme` is no destination: the classes are inflight, "
         "maritime and satellite; did you mean maritime?"},
        {"p,JP,dat,1,EUR,MB,,,,,",
         "service unknown_service: `dat` is no service: use data, voice_mo, voice_mt, sms_mo, sms_mt or "
         "voice_mo:home, voice_mo:local, voice_mo:other, voice_mo:premium"},
        {"p,JP,Voice-MO,1,EUR,MB,,,,,",
         "service unknown_service: `Voice-MO` is no service: use data, voice_mo, voice_mt, sms_mo, "
         "sms_mt or voice_mo:home, voice_mo:local, voice_mo:other, voice_mo:premium; did you mean "
         "voice_mo?"},
        {"p,JP,voice,1,EUR,minute,,,,,",
         "service unknown_service: `voice` is no service: use data, voice_mo, voice_mt, sms_mo, "
         "sms_mt or voice_mo:home, voice_mo:local, voice_mo:other, voice_mo:premium; did you mean "
         "voice_mo or voice_mt?"},
        {"p,JP,sms_mo:home,1,EUR,message,,,,,",
         "service narrowed_service: `sms_mo:home` cannot be: only voice_mo may be narrowed, "
         "to voice_mo:home, voice_mo:local, voice_mo:other or voice_mo:premium"},
        {"p,JP,voice_mo:unknown,1,EUR,minute,,,,,",
         "service unknown_service: `voice_mo:unknown` is no service: use data, voice_mo, voice_mt, sms_mo, sms_mt or "
         "voice_mo:home, voice_mo:local, voice_mo:other, voice_mo:premium"},
        {"p,JP,data,,EUR,MB,,,,,", "price missing_value: the row has no price"},
        {"p,JP,data,\"1,50\",EUR,MB,,,,,",
         "price decimal_comma: `1,50` cannot be read: write a point, not a comma, before the "
         "decimals, and nothing between thousands; did you mean 1.50?"},
        {"p,JP,data,\"1,500\",EUR,MB,,,,,",
         "price decimal_comma: `1,500` cannot be read: write a point, not a comma, before the "
         "decimals, and nothing between thousands"},
        {"p,JP,data,1E+05,EUR,MB,,,,,",
         "price exponent: `1E+05` cannot be read: write the number out, without an exponent"},
        {"p,JP,data,-1,EUR,MB,,,,,", "price negative: `-1` cannot be read: the number must not be negative"},
        {"p,JP,data,0.0000001,EUR,MB,,,,,",
         "price too_many_decimals: `0.0000001` cannot be read: at most 6 decimals can be kept"},
        {"p,JP,data,9000000000000,EUR,MB,,,,,",
         "price too_large: `9000000000000` cannot be read: the number must be below "
         "9000000000000"},
        {"p,JP,data,Free,EUR,MB,,,,,", "price not_a_number: `Free` cannot be read: write 0 for what is free"},
        {"p,JP,data,N/A,EUR,MB,,,,,",
         "price not_a_number: `N/A` cannot be read: leave the row out where the service cannot be had "
         "or has no price, so that a less specific row applies"},
        {"p,JP,data,VoLTE,EUR,MB,,,,,",
         "price not_a_number: `VoLTE` cannot be read: leave the row out where the service cannot be "
         "had or has no price, so that a less specific row applies"},
        {"p,JP,data,€3,EUR,MB,,,,,",
         "price not_a_number: `€3` cannot be read: write the number alone, such as 3 or 0.50: the "
         "currency and the unit have columns of their own; did you mean 3?"},
        {"p,JP,data,=1+1,EUR,MB,,,,,",
         "price formula: `=1+1` begins like a spreadsheet formula: write the value itself, without "
         "the `=`"},
        {"@p,JP,data,1,EUR,MB,,,,,",
         "plan formula: `@p` begins like a spreadsheet formula: write the value itself, without the "
         "`@`"},
        {"p,JP,data,+1,EUR,MB,,,,,",
         "price formula: `+1` begins like a spreadsheet formula: write the value itself, without the "
         "`+`"},
        {"p\xC2\xA0q,JP,data,1,EUR,MB,,,,,",
         "plan invisible_character: `p\xC2\xA0q` holds U+00A0, a no-break space: type the value "
         "anew"},
        {"p,JP,data,1,EURO,MB,,,,,",
         "currency unknown_currency: `EURO` is no ISO 4217 currency code, such as EUR or CNY; did you "
         "mean EUR?"},
        {"p,JP,data,1,eur,MB,,,,,",
         "currency unknown_currency: `eur` is no ISO 4217 currency code, such as EUR or CNY; did you "
         "mean EUR?"},
        {"p,JP,data,1,RMB,MB,,,,,",
         "currency unknown_currency: `RMB` is no ISO 4217 currency code, such as EUR or CNY; did you "
         "mean CNY?"},
        {"p,JP,data,1,GPB,MB,,,,,",
         "currency unknown_currency: `GPB` is no ISO 4217 currency code, such as EUR or CNY; did you "
         "mean GBP?"},
        {"p,JP,data,1,QQQ,MB,,,,,",
         "currency unknown_currency: `QQQ` is no ISO 4217 currency code, such as EUR or CNY"},
        {"p,JP,data,1,EUR,,,,,,", "unit missing_value: the row has no unit"},
        {"p,JP,data,1,EUR,MiB,,,,,",
         "unit unknown_unit: `MiB` is no quantity, which is a whole number (or none) and a unit: " + bytes +
             "; did you mean `MB`?"},
        {"p,JP,data,1,EUR,per MB,,,,,",
         "unit unknown_unit: `per MB` is no quantity, which is a whole number (or none) and a unit: " + bytes +
             "; did you mean `mb`?"},
        {"p,JP,data,1,EUR,0.5 MB,,,,,",
         "unit unknown_unit: `0.5 MB` is no quantity, which is a whole number (or none) and a unit: " + bytes},
        {"p,JP,data,1,EUR,10,,,,,", "unit unknown_unit: `10` needs a positive number and a unit: " + bytes},
        {"p,JP,data,1,EUR,minute,,,,,", "unit wrong_unit_kind: `minute` does not fit the service `data`: " + bytes},
        {"p,JP,voice_mt,1,EUR,minute,10 KB,,,,",
         "minimum wrong_unit_kind: `10 KB` does not fit the service `voice_mt`: " + calls},
        {"p,JP,voice_mt,1,EUR,minute,,message,,,",
         "increment wrong_unit_kind: `message` does not fit the service `voice_mt`: " + calls},
        {"p,JP,voice_mt,1,EUR,minute,,60,,,",
         "increment unknown_unit: `60` needs a positive number and a unit: " + calls},
        {"p,JP,data,1,EUR,MB,,,Inclusive,,", "tax unknown_word: `Inclusive` is none of incl, excl; did you mean incl?"},
        {"p,JP,data,1,EUR,MB,,,,19%,",
         "tax_rate not_a_number: `19%` cannot be read: write the percentage without its sign; did you "
         "mean 19?"},
        {"p,JP,data,1,EUR,MB,,,,101,",
         "tax_rate bad_tax_rate: `101` is no tax rate: a percentage from 0 to 100 with at most 4 "
         "decimals, such as 19 or 8.1"},
        {"p,JP,data,1,EUR,MB,,,,1.00001,",
         "tax_rate bad_tax_rate: `1.00001` is no tax rate: a percentage from 0 to 100 with at most "
         "4 decimals, such as 19 or 8.1"},
        {"p,JP,data,1,EUR,MB,,,,-5,", "tax_rate negative: `-5` cannot be read: the number must not be negative"},
        {"p,JP,data,1,EUR,MB,,,,,Y", "high_cost unknown_word: `Y` is none of yes, no; did you mean yes?"},
        {"p,JP,data,1,EUR,MB,,,,,maybe", "high_cost unknown_word: `maybe` is none of yes, no"},
        {"p,JP,data,1,50,EUR,MB,,,,,",
         " too_many_cells: the row has 12 values and the header 11 columns: write decimals with a "
         "point, and put a value that holds a comma in quotes"},
        {"p,JP,data,1,EUR",
         " too_few_cells: the row has 5 values and the header 11 columns: leave a value empty, but keep its "
         "comma"},
    };
    for (const auto& [row, fault] : cases)
        CHECK(fault_of_row(row) == "tariffs.csv:2 " + fault + "\n");
}

TEST_CASE("the same plan, destination and service twice is a fault at the later line, even beside another fault") {
    CHECK(
        fault_of_row("p,JP,data,1,EUR,MB,,,,,\n"
                     "p,JP,voice_mo,1,EUR,minute,,,,,\n"
                     "p,JP,voice_mo:home,1,EUR,minute,,,,,\n"
                     "*,JP,data,1,EUR,MB,,,,,\n"
                     "p,JP,data,free,EUR,MB,,,,,") ==
        "tariffs.csv:6 price not_a_number: `free` cannot be read: write 0 for what is free\n"
        "tariffs.csv:6 destination duplicate_key: line 2 has the plan `p`, the destination `JP` and the service `data` "
        "already\n");
}

TEST_CASE("all faults of all files are listed, each with what was written") {
    const auto compiled =
        compile({{"tariffs", columns + "p,UK,dta,x,eur,MB,,,,,\n"}, {"fx", "base,quote,rate\nEUR,EUR,1\n"}});
    CHECK_FALSE(compiled.table);
    std::string brief;
    for (const Fault& fault : compiled.faults)
        brief += fault.file + " " + fault.code + " " + fault.value + "\n";
    CHECK(brief ==
          "tariffs.csv unknown_country UK\n"
          "tariffs.csv unknown_service dta\n"
          "tariffs.csv not_a_number x\n"
          "tariffs.csv unknown_currency eur\n"
          "fx.csv same_currency EUR\n");
}

TEST_CASE("a header must have the columns it needs, once, under their names") {
    CHECK(
        faults_of(
            {{"tariffs", "plan,Destination,service,price,currency,unit,price,vat,zip\np,JP,data,1,EUR,MB,1,,\n"}}) ==
        "tariffs.csv:1 Destination unknown_column: `Destination` is no column of tariffs.csv, which may have plan, "
        "destination, "
        "service, price, currency, unit, minimum, increment, tax, tax_rate, high_cost; did you mean destination?\n"
        "tariffs.csv:1 price duplicate_column: the header names the column `price` twice\n"
        "tariffs.csv:1 vat unknown_column: `vat` is no column of tariffs.csv, which may have plan, destination, "
        "service, price, "
        "currency, unit, minimum, increment, tax, tax_rate, high_cost; did you mean tax_rate?\n"
        "tariffs.csv:1 zip unknown_column: `zip` is no column of tariffs.csv, which may have plan, destination, "
        "service, price, "
        "currency, unit, minimum, increment, tax, tax_rate, high_cost\n"
        "tariffs.csv:1 destination missing_column: the header has no column `destination`, which tariffs.csv needs\n");
}

TEST_CASE("columns are known by name, in any order, with any line end, and empty rows do not count") {
    const auto table = sound(
        {{"tariffs", "\xEF\xBB\xBFunit;price;service;destination;currency;plan\r\n;;;;;\r\nMB;1.5;data;JP;EUR;p\r\n"}});
    REQUIRE(table->rows().size() == 1);
    CHECK(table->rows()[0].price == money("1.50", "EUR"));
    CHECK(table->rows()[0].line == 3);
}

TEST_CASE("missing, empty, header-only, foreign and unknown files are each a fault of the whole file") {
    CHECK(faults_of({{"zones", zones}}) ==
          "tariffs.csv:0  missing_file: a tariff table needs tariffs.csv, which the upload does not have\n");
    CHECK(faults_of({{"tariffs", ""}}) ==
          "tariffs.csv:0  empty_file: tariffs.csv is empty: it needs a header row with the columns plan, destination, "
          "service, "
          "price, currency, unit, minimum, increment, tax, tax_rate, high_cost\n");
    CHECK(faults_of({{"tariffs", columns}}) == "tariffs.csv:0  no_rows: tariffs.csv has a header but no rows\n");
    CHECK(faults_of({{"tariffs", columns + ",,,,,,,,,,\n\n"}}) ==
          "tariffs.csv:0  no_rows: tariffs.csv has a header but no rows\n");
    CHECK(faults_of({{"tariffs", columns + "p,JP,data,\"1,EUR,MB,,,,,\n"}}) ==
          "tariffs.csv:2  unclosed_quote: the quote opened on line 2 is never closed\n");
    CHECK(faults_of({{"tariffs", std::string("PK\x03\x04")}}) ==
          "tariffs.csv:1  zip: the file is a zip archive or a spreadsheet (.xlsx, .ods), not CSV: save the sheet as "
          "`CSV UTF-8`\n");
    CHECK(faults_of({{"tariffs", columns + "*,*,data,1,EUR,MB,,,,,\n"}, {"zone", zones}}) ==
          "zone:0  unknown_file: `zone` is no file of a tariff table, which has `tariffs` and may have `zones`, "
          "`passes`, `fx`, `rails` and `trips`; "
          "did you mean zones?\n");
    CHECK(warnings_of({{"tariffs", columns + "*,*,data,1,EUR,MB,,,,,\n"},
                       {"zones", "zone,country\n"},
                       {"fx", "base,quote,rate\n"}})
              .empty());
}

TEST_CASE("zones hold known countries once, and a zone in doubt is not counted as unknown besides") {
    CHECK(faults_of({{"tariffs", columns + "*,zone:asia,data,1,EUR,MB,,,,,\n"},
                     {"zones", "zone,country\nasia,Japn\nzone:eu,DE\nx,KR\ny,KR\nx,KR\n,FR\n"}}) ==
          "zones.csv:2 country unknown_country: `Japn` is no ISO 3166 alpha-2 country code, such as GB or JP; did you "
          "mean JP?\n"
          "zones.csv:3 zone bad_zone_name: `zone:eu` has `zone:` before it, which belongs into tariffs.csv only; did "
          "you mean eu?\n"
          "zones.csv:6 country duplicate_key: line 4 has KR in the zone `x` already\n"
          "zones.csv:7 zone missing_value: the row has no zone\n");
    CHECK(faults_of({{"tariffs", columns + "*,zone:asia,data,1,EUR,MB,,,,,\n"}}) ==
          "tariffs.csv:2 destination unknown_zone: the zone `asia` is not defined in zones.csv, which the upload does "
          "not have\n");
}

TEST_CASE("a country may be in two zones only where no plan and service has rows for both") {
    const std::string both = "zone,country\na,JP\na,KR\nb,KR\nb,VN\n";
    CHECK(faults_of({{"tariffs", columns + "p,zone:a,data,1,EUR,MB,,,,,\np,zone:b,sms_mo,1,EUR,message,,,,,\n"
                                           "q,zone:b,data,1,EUR,MB,,,,,\np,zone:b,data,2,EUR,MB,,,,,\n"},
                     {"zones", both}}) ==
          "tariffs.csv:5 destination overlapping_zones: KR is in `zone:b` and in `zone:a` of line 2, which has the "
          "same plan and "
          "service: take it out of one of the zones\n");
    CHECK(faults_of(
              {{"tariffs", columns + "p,zone:a,data,1,EUR,MB,,,,,\nq,zone:b,data,2,EUR,MB,,,,,\n"}, {"zones", both}})
              .empty());
    CHECK(faults_of({{"tariffs", columns + "*,*,data,1,EUR,MB,,,,,\n"},
                     {"zones", both},
                     {"passes",
                      "pass,plan,destination,price,currency,allowance,validity\n"
                      "d,p,zone:b,1,EUR,1 GB,1 d\nd,p,zone:a,1,EUR,1 GB,1 d\n"}}) ==
          "passes.csv:3 destination overlapping_zones: KR is in `zone:a` and in `zone:b` of line 2, which has the same "
          "plan and "
          "pass: take it out of one of the zones\n");
}

TEST_CASE("a pass is compiled with its defaults") {
    const auto table = sound({{"tariffs", columns + "*,*,data,1,EUR,MB,,,,,\n"},
                              {"passes",
                               "pass,plan,destination,services,price,currency,allowance,validity,day,name\n"
                               "d1,*,JP,,5,EUR,500 MB,24 h,,\n"
                               "talk,*,*,voice_mo;voice_mt,9,EUR,100 minutes,7 d,local,\"Talk, seven days\"\n"
                               "all,*,JP,\"data, sms_mo\",9,EUR,unlimited,2 days,home,\n"}});
    REQUIRE(table->passes().size() == 3);
    const Pass& day = table->passes()[0];
    CHECK(day.services == std::vector<Service>{Service::data});
    CHECK(day.allowance == Quantity{524'288'000, UnitKind::bytes});
    CHECK(day.validity == hours(24));
    CHECK(day.day == Pass::Day::rolling);
    CHECK(day.tax == Tax::incl);
    CHECK(table->passes()[1].allowance == Quantity{6000, UnitKind::seconds});
    CHECK(table->passes()[1].day == Pass::Day::local);
    CHECK(table->passes()[1].name == "Talk, seven days");
    CHECK_FALSE(table->passes()[2].allowance);
    CHECK(table->passes()[2].validity == days(2));
    CHECK(table->passes()[2].services == std::vector<Service>{Service::data, Service::sms_mo});
}

TEST_CASE("each fault of a pass is named") {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"d,p,JP,dat,5,EUR,1 GB,1 d,",
         "services unknown_service: `dat` is no service of a pass: use data, voice_mo, voice_mt, sms_mo "
         "or sms_mt, with `;` between them"},
        {"d,p,JP,,5,EUR,10 minutes,1 d,",
         "allowance wrong_unit_kind: `10 minutes` does not fit the service `data`: data counts in B, "
         "KB, MB or GB, such as `MB` or `10 KB`"},
        {"d,p,JP,data;sms_mo,5,EUR,1 GB,1 d,",
         "allowance wrong_unit_kind: `1 GB` cannot count the service `sms_mo` too: make a pass "
         "for each kind, or an unlimited one"},
        {"d,p,JP,,5,EUR,Unlimited,1 d,",
         "allowance unknown_unit: `Unlimited` is not a quantity such as `500 MB`, nor unlimited; did "
         "you mean unlimited?"},
        {"d,p,JP,,5,EUR,,1 d,", "allowance missing_value: the row has no allowance"},
        {"d,p,JP,,5,EUR,1 GB,1 month,",
         "validity bad_validity: `1 month` is no validity: a whole number of hours or days, such as "
         "`24 h` or `7 d`"},
        {"d,p,JP,,5,EUR,1 GB,30 m,",
         "validity bad_validity: `30 m` is no validity: a whole number of hours or days, such as `24 h` or "
         "`7 d`"},
        {"d,p,JP,,5,EUR,1 GB,36 h,home",
         "validity bad_validity: `36 h` is not a whole number of days, as calendar days need: use "
         "`day` rolling"},
        {"d,p,inflight,,5,EUR,1 GB,1 d,local",
         "day no_local_day: a pass for `inflight` has no local day: in the air, at sea and by "
         "satellite `day` is rolling or home"},
        {"d,p,JP,,5,EUR,1 GB,1 d,Local",
         "day unknown_word: `Local` is none of rolling, home, local; did you mean local?"},
    };
    for (const auto& [row, fault] : cases)
        CHECK(faults_of({{"tariffs", columns + "*,*,data,1,EUR,MB,,,,,\n"},
                         {"passes", "pass,plan,destination,services,price,currency,allowance,validity,day\n" + row +
                                        "\n"}}) == "passes.csv:2 " + fault + "\n");
    CHECK(faults_of({{"tariffs", columns + "*,*,data,1,EUR,MB,,,,,\n"},
                     {"passes",
                      "pass,plan,destination,price,currency,allowance,validity\n"
                      "d,p,JP,5,EUR,1 GB,1 d\nd,p,KR,5,EUR,1 GB,1 d\nd,p,JP,6,EUR,1 GB,1 d\n"}}) ==
          "passes.csv:4 pass duplicate_key: line 2 has the pass `d`, the plan `p` and the destination `JP` already\n");
}

TEST_CASE("each fault of a rate is named") {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"EUR,GBP,0",
         "rate bad_rate: `0` cannot be a rate: it is a number above zero with at most 12 decimals and 15 digits"},
        {"EUR,GBP,-1", "rate negative: `-1` cannot be a rate: the number must not be negative"},
        {"EUR,GBP,\"0,86\"",
         "rate decimal_comma: `0,86` cannot be a rate: write a point, not a comma, before the decimals, and "
         "nothing between thousands; did you mean 0.86?"},
        {"EUR,GBP,8.6E-1", "rate exponent: `8.6E-1` cannot be a rate: write the number out, without an exponent"},
        {"EUR,GBP,0.8600000000001",
         "rate bad_rate: `0.8600000000001` cannot be a rate: it is a number above zero with at most 12 "
         "decimals and 15 digits"},
        {"EUR,EUR,1", "quote same_currency: a rate leads from one currency to another, not to itself"},
        {"EUR,GBR,1", "quote unknown_currency: `GBR` is no ISO 4217 currency code, such as EUR or CNY"},
        {"EUR,GBP,0.86\nEUR,GBP,0.87", "rate duplicate_key: line 2 has a rate from EUR to GBP already"},
    };
    for (const auto& [rows, fault] : cases) {
        const std::string line = rows.find('\n') == rows.npos ? "2" : "3";
        CHECK(faults_of({{"tariffs", columns + "*,*,data,1,EUR,MB,,,,,\n"},
                         {"fx", "base,quote,rate\n" + rows + "\n"}}) == "fx.csv:" + line + " " + fault + "\n");
    }
}

TEST_CASE("what is legal but odd is a warning") {
    CHECK(
        warnings_of({{"tariffs",
                      columns + "p,JP,data,1,EUR,MB,,,,,\nq,*,data,1,EUR,MB,,,,,\nq,*,sms_mo,1,EUR,message,,,,,\n"}}) ==
        "tariffs.csv:0 destination no_default_row: the plan `p` has no data row for the destination `*`: places that "
        "no row names, "
        "and unknown ones, have no price\n");
    CHECK(
        warnings_of(
            {{"tariffs",
              columns + "p,*,data,1,EUR,MB,,,excl,,\np,JP,data,1,EUR,MB,,,excl,,\np,KR,data,1,EUR,MB,,,excl,19,\n"}}) ==
        "tariffs.csv:2 tax_rate no_tax_rate: 2 rows of the plan `p`, the first on line 2, are `excl` without a "
        "tax_rate: what they "
        "price cannot be counted for a cap that includes tax\n");
    CHECK(warnings_of({{"tariffs", columns + "p,*,data,1,EUR,MB,,,,0.19,\n"}}) ==
          "tariffs.csv:2 tax_rate tax_rate_below_one: `0.19` is read as less than one percent: 19 % is written 19, not "
          "0.19\n");
    CHECK(
        warnings_of({{"tariffs", columns + "p,*,data,1,EUR,MB,,,,,\nq,*,data,1,GBP,MB,,,,,\nr,*,data,1,CNY,MB,,,,,\n"},
                     {"fx", "base,quote,rate\nGBP,EUR,1.16\nCNY,EUR,0.13\n"}}) ==
        "fx.csv:0  no_fx_rate: there is no rate between CNY and GBP, which are both used: a price in one cannot be "
        "counted for a cap "
        "in the other\n");
    CHECK(warnings_of({{"tariffs", columns + "p,*,data,1,EUR,MB,,,,,\n"},
                       {"fx", "base,quote,rate\nGBP,EUR,1.16\nEUR,GBP,0.96\n"}}) ==
          "fx.csv:3 rate contradicting_rates: the rate from EUR to GBP and its inverse on line 2 differ by more than 1 "
          "%\n");
    CHECK(
        warnings_of({{"tariffs",
                      columns + "gold,zone:asia,data,1,EUR,MB,,,,,\n*,FR,data,1,EUR,MB,,,,,\nq,*,data,1,EUR,MB,,,,,\n"},
                     {"zones", zones},
                     {"passes",
                      "pass,plan,destination,price,currency,allowance,validity\n"
                      "a,gold,JP,5,EUR,1 GB,1 d\nb,gold,US,5,EUR,1 GB,1 d\nc,glod,FR,5,EUR,1 GB,1 d\nd,*,US,5,EUR,1 "
                      "GB,1 d\n"}}) ==
        "tariffs.csv:0 destination no_default_row: the plan `gold` has no data row for the destination `*`: places "
        "that no row names, "
        "and unknown ones, have no price\n"
        "tariffs.csv:0 destination no_default_row: the plan `*` has no data row for the destination `*`: places that "
        "no row names, and "
        "unknown ones, have no price\n"
        "passes.csv:3 destination pass_without_row: no row of tariffs.csv prices `US` for the plan `gold`: what the "
        "pass does not "
        "cover has no price there\n"
        "passes.csv:4 plan unknown_plan: no row of tariffs.csv is for the plan `glod`; did you mean gold?\n");
}

TEST_CASE("a list with the dirt of real price lists is refused whole, with every speck named") {
    const std::string list =
        "\xEF\xBB\xBFplan,destination,service,unit,price,currency\r\n"
        "Holiday,FR,data,MB,1.09,EUR\r\n"
        "Holiday,FR,data,MB,1.49,EUR\r\n"
        "Holiday, DE ,voice_mo,minute,VoLTE,EUR\r\n"
        "Holiday,ES,sms_mt,message,Free,EUR\r\n"
        "Holiday,Austrailia,data,MB,N/A,EUR\r\n"
        "Holiday,Cote d'Ivoire,data,MB,Variable,EUR\r\n"
        "Holiday,US,data,MB,\"3,00\",EUR\r\n"
        "\r\n"
        "Holiday,CH,data,GB,2.980,EUR\r\n";
    const auto compiled = compile({{"tariffs", list}});
    CHECK_FALSE(compiled.table);
    std::string brief;
    for (const Fault& fault : compiled.faults)
        brief += std::to_string(fault.line) + " " + fault.column + " " + fault.code + " " + fault.value + "\n";
    CHECK(brief ==
          "3 destination duplicate_key FR\n"
          "4 price not_a_number VoLTE\n"
          "5 price not_a_number Free\n"
          "6 destination unknown_country Austrailia\n"
          "6 price not_a_number N/A\n"
          "7 destination unknown_country Cote d'Ivoire\n"
          "7 price not_a_number Variable\n"
          "8 price decimal_comma 3,00\n");
    CHECK(compiled.faults[3].detail.find("did you mean AU?") != std::string::npos);
    CHECK(compiled.faults[5].detail.find("did you mean CI?") != std::string::npos);
}

TEST_CASE("the sample table compiles without fault or warning") {
    TableFiles files;
    for (const char* name : {"tariffs", "zones", "passes", "fx", "rails", "trips"})
        files[name] = std::string(roamguard::data::embedded_files().at(std::string("data/sample/") + name + ".csv"));
    const auto compiled = compile(files);
    CHECK(text(compiled.faults).empty());
    CHECK(text(compiled.warnings).empty());
    REQUIRE(compiled.table);
    CHECK(text(oddities(*compiled.table, nullptr)).empty());
    CHECK(compiled.table->rails().size() == 7);
    CHECK(compiled.table->trips().size() == 6);
    CHECK(text(broken_rails(*compiled.table, nullptr)) == "");
    const auto price = [&](const char* plan, const char* code) {
        const Row* row = compiled.table->find({plan, std::nullopt, roamguard::geoip::NetworkClass::terrestrial,
                                               country(code), Service::data, Called::unknown});
        return row == nullptr ? std::string("none") : to_decimal(row->price) + " " + row->price.currency.code();
    };
    CHECK(price("cn-roam", "HK") == "1.00 CNY");
    CHECK(price("cn-roam", "JP") == "3.00 CNY");
    CHECK(price("eu-plus", "FR") == "0.00 EUR");
    CHECK(price("eu-plus", "CH") == "0.79 EUR");
    CHECK(price("global", "BR") == "6.00 GBP");
    CHECK(price("unheard-of", "JP") == "none");
}

TEST_CASE("long values are cut to 100 bytes at a character's edge") {
    std::string name;
    for (int i = 0; i < 40; ++i)
        name += "\xE4\xB8\xAD";
    const auto compiled =
        compile({{"tariffs", columns + "p," + name + ",data,1,EUR,MB,,,,,\n" + name + ",JP,data,1,EUR,MB,,,,,\n"}});
    REQUIRE(compiled.faults.size() == 2);
    CHECK(compiled.faults[0].value.size() == 99);
    CHECK(compiled.faults[0].code == "unknown_country");
    CHECK(compiled.faults[1].code == "name_too_long");
}

TEST_CASE("a hundred thousand bad rows give ten thousand faults and a last word, quickly") {
    std::string list = columns;
    for (int i = 0; i < 100'000; ++i)
        list += "p" + std::to_string(i) + ",Land Nummer " + std::to_string(i) + ",dat,x,EURR,Mega,,,,,\n";
    const auto start = std::chrono::steady_clock::now();
    const auto compiled = compile({{"tariffs", list}});
    const auto took = std::chrono::steady_clock::now() - start;
    CHECK_FALSE(compiled.table);
    REQUIRE(compiled.faults.size() == 10'001);
    CHECK(text(compiled.faults.back()) ==
          ":0  too_many_faults: only the first 10000 are listed: correct these and try again");
    CHECK(took < std::chrono::seconds(10));  // two are wanted; sanitizers and a busy machine take their share
}
