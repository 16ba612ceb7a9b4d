#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/tariffs/tables.h"

using namespace roamguard::tariffs;
using namespace roamguard::tariffs::testing;
using roamguard::geoip::NetworkClass;
using roamguard::geoip::Plmn;

namespace {

const char* const header = "plan,destination,service,price,currency,unit\n";

RateQuery at_country(std::string_view plan, std::string_view code, Service service = Service::data,
                     Called called = Called::unknown) {
    return {plan, std::nullopt, NetworkClass::terrestrial, country(code), service, called};
}

RateQuery at_network(std::string_view plan, const char* plmn, NetworkClass klass) {
    return {plan, Plmn::parse(plmn), klass, {}, Service::data, Called::unknown};
}

std::string found(const Table& table, const RateQuery& query) {
    const Row* row = table.find(query);
    return row == nullptr ? "none" : row->plan + " " + row->destination + " " + to_decimal(row->price);
}

}  // namespace

TEST_CASE("the most specific destination counts before the plan, and the plan before the narrower call") {
    const auto table = sound({{"tariffs", std::string(header) + "*,440-10,data,1.00,EUR,MB\n"
                                                                "gold,JP,data,2.00,EUR,MB\n"
                                                                "*,JP,data,3.00,EUR,MB\n"
                                                                "gold,zone:asia,data,4.00,EUR,MB\n"
                                                                "*,zone:asia,data,5.00,EUR,MB\n"
                                                                "gold,*,data,6.00,EUR,MB\n"
                                                                "*,*,data,7.00,EUR,MB\n"
                                                                "*,inflight,data,8.00,EUR,MB\n"
                                                                "*,901-14,data,9.00,EUR,MB\n"},
                              {"zones", "zone,country\nasia,JP\nasia,KR\n"}});
    RateQuery docomo = at_country("gold", "JP");
    docomo.plmn = Plmn::parse("440-10");
    CHECK(found(*table, docomo) == "* 440-10 1.00");
    docomo.plmn = Plmn::parse("440-010");
    CHECK(found(*table, docomo) == "gold JP 2.00");
    CHECK(found(*table, at_country("silver", "JP")) == "* JP 3.00");
    CHECK(found(*table, at_country("gold", "KR")) == "gold zone:asia 4.00");
    CHECK(found(*table, at_country("silver", "KR")) == "* zone:asia 5.00");
    CHECK(found(*table, at_country("gold", "FR")) == "gold * 6.00");
    CHECK(found(*table, at_country("*", "FR")) == "* * 7.00");
    CHECK(found(*table, at_country("gold", "FR", Service::sms_mo)) == "none");
    CHECK(found(*table, at_network("gold", "901-14", NetworkClass::inflight)) == "* 901-14 9.00");
    CHECK(found(*table, at_network("gold", "901-15", NetworkClass::inflight)) == "* inflight 8.00");
    CHECK(found(*table, at_network("gold", "901-12", NetworkClass::maritime)) == "gold * 6.00");
    CHECK(table->zones_of(country("JP")) == std::vector<std::string>{"asia"});
    CHECK(table->zones_of(country("FR")).empty());
}

TEST_CASE("non-terrestrial and unknown places are never priced as a country, whatever country they carry") {
    const auto table = sound({{"tariffs", std::string(header) + "*,JP,data,1.00,EUR,MB\n*,zone:a,data,2.00,EUR,MB\n"
                                                                "*,*,data,3.00,EUR,MB\n"},
                              {"zones", "zone,country\na,KR\n"}});
    for (NetworkClass klass :
         {NetworkClass::inflight, NetworkClass::maritime, NetworkClass::satellite, NetworkClass::unknown})
        for (const char* code : {"JP", "KR"}) {
            RateQuery query = at_country("p", code);
            query.klass = klass;
            CHECK(found(*table, query) == "* * 3.00");
        }
    CHECK(found(*table, at_country("p", "JP")) == "* JP 1.00");
}

TEST_CASE("a call takes the narrower row where there is one, and the dearest when nobody knows whom it goes to") {
    const auto table = sound({{"tariffs", std::string(header) + "p,JP,voice_mo,2.00,EUR,minute\n"
                                                                "p,JP,voice_mo:home,1.00,EUR,minute\n"
                                                                "p,JP,voice_mo:local,0.05,EUR,second\n"
                                                                "p,KR,voice_mo:home,1.00,EUR,minute\n"
                                                                "p,KR,voice_mo:other,40.00,CNY,minute\n"
                                                                "p,*,voice_mo,9.00,EUR,minute\n"},
                              {"fx", "base,quote,rate\nEUR,CNY,8\n"}});
    CHECK(found(*table, at_country("p", "JP", Service::voice_mo, Called::home)) == "p JP 1.00");
    CHECK(found(*table, at_country("p", "JP", Service::voice_mo, Called::other)) == "p JP 2.00");
    CHECK(found(*table, at_country("p", "JP", Service::voice_mo)) == "p JP 0.05");   // 3.00 a minute
    CHECK(found(*table, at_country("p", "KR", Service::voice_mo)) == "p KR 40.00");  // CNY 40 are EUR 5
    CHECK(found(*table, at_country("p", "KR", Service::voice_mo, Called::local)) == "p * 9.00");
    CHECK(found(*table, at_country("p", "JP", Service::voice_mt)) == "none");
}

TEST_CASE("an empty table prices and converts nothing") {
    const Table table;
    CHECK(table.find(at_country("p", "JP")) == nullptr);
    CHECK_FALSE(table.convert(money("1", "EUR"), currency("GBP")));
    CHECK(table.passes_for(at_country("p", "JP")).empty());
}

TEST_CASE("amounts are converted directly or by the inverse rate, never by a chain") {
    const auto table = sound({{"tariffs", std::string(header) + "*,*,data,1.00,EUR,MB\n"},
                              {"fx", "base,quote,rate\nEUR,GBP,0.86\nCNY,EUR,0.128205128205\nEUR,JPY,162\n"}});
    CHECK(table->convert(money("10.00", "EUR"), currency("GBP")) == money("8.60", "GBP"));
    CHECK(table->convert(money("8.60", "GBP"), currency("EUR")) == money("10.00", "EUR"));
    CHECK(table->convert(money("1.00", "GBP"), currency("EUR")) == money("1.162791", "EUR"));
    CHECK(table->convert(money("1000000", "CNY"), currency("EUR")) == money("128205.128205", "EUR"));
    CHECK(table->convert(money("1.00", "JPY"), currency("EUR")) == money("0.006173", "EUR"));
    CHECK(table->convert(money("1.00", "EUR"), currency("EUR")) == money("1.00", "EUR"));
    CHECK_FALSE(table->convert(money("1.00", "GBP"), currency("JPY")));
    CHECK_FALSE(table->convert(money("1.00", "EUR"), currency("USD")));
}

TEST_CASE("passes of a place are offered cheapest first, the most specific row of each") {
    const auto table = sound({{"tariffs", std::string(header) + "*,*,data,1.00,EUR,MB\n"},
                              {"zones", "zone,country\nasia,JP\nasia,KR\n"},
                              {"passes",
                               "pass,plan,destination,price,currency,allowance,validity\n"
                               "week,*,*,20.00,EUR,3 GB,7 d\n"
                               "day,*,*,9.00,EUR,500 MB,24 h\n"
                               "day,*,zone:asia,8.00,EUR,500 MB,24 h\n"
                               "day,gold,zone:asia,6.00,EUR,500 MB,24 h\n"
                               "pound,gold,JP,6.50,GBP,1 GB,1 d\n"
                               "sky,*,inflight,30.00,EUR,100 MB,24 h\n"},
                              {"fx", "base,quote,rate\nEUR,GBP,0.86\n"}});
    const auto offered = [&](const RateQuery& query) {
        std::string text;
        for (const Pass* pass : table->passes_for(query))
            text += pass->id + " " + to_decimal(pass->price) + ", ";
        return text;
    };
    CHECK(offered(at_country("gold", "JP")) == "day 6.00, pound 6.50, week 20.00, ");
    CHECK(offered(at_country("silver", "KR")) == "day 8.00, week 20.00, ");
    CHECK(offered(at_country("gold", "FR")) == "day 9.00, week 20.00, ");
    CHECK(offered(at_network("gold", "901-14", NetworkClass::inflight)) == "day 9.00, week 20.00, sky 30.00, ");
}

namespace {

// The contract's precedence once more, as slowly and plainly as it can be said: every row that fits is ranked.
struct Oracle {
    const Table& table;

    [[nodiscard]] int level(const Row& row, const RateQuery& query) const {
        const bool ground = query.klass == NetworkClass::terrestrial && !query.country.none();
        if (query.plmn && row.destination == query.plmn->text()) return 1;
        if (!ground && query.klass != NetworkClass::unknown && row.destination == roamguard::geoip::word(query.klass))
            return 2;
        if (ground && row.destination == query.country.code()) return 3;
        if (ground)
            for (const std::string& zone : table.zones_of(query.country))
                if (row.destination == "zone:" + zone) return 4;
        return row.destination == "*" ? 5 : 0;
    }

    [[nodiscard]] const Row* find(const RateQuery& query) const {
        const Row* best = nullptr;
        std::vector<double> best_rank;
        for (const Row& row : table.rows()) {
            const bool plan = row.plan == query.plan || row.plan == "*";
            const bool called = !row.called || query.called == Called::unknown || row.called == query.called;
            const int at = level(row, query);
            if (!plan || !called || at == 0 || row.service != query.service) continue;
            const double per_unit = static_cast<double>(row.price.micros) / static_cast<double>(row.unit.amount);
            const double narrower = query.called == Called::unknown ? -per_unit : row.called ? 0 : 1;
            const std::vector<double> rank{static_cast<double>(at), row.plan == query.plan ? 0.0 : 1.0, narrower};
            if (best == nullptr || rank < best_rank) best = &row, best_rank = rank;
        }
        return best;
    }
};

}  // namespace

TEST_CASE("the index finds what a plain search through all rows finds") {
    rc::prop("same as the oracle", [] {
        const std::vector<std::string> plans{"p", "q", "*"};
        const std::vector<std::string> places{"440-10", "901-14", "inflight", "maritime", "JP",
                                              "KR",     "zone:a", "zone:b",   "*"};
        const std::vector<std::string> services{"data", "voice_mo", "voice_mo:home", "voice_mo:premium", "sms_mt"};
        std::string tariffs = header;
        std::set<std::string> keys;
        const int count = *rc::gen::inRange(1, 60);
        for (int i = 0; i < count; ++i) {
            const std::string service = *rc::gen::elementOf(services);
            const std::string key = *rc::gen::elementOf(plans) + "," + *rc::gen::elementOf(places) + "," + service;
            if (!keys.insert(key).second) continue;
            const std::string unit = service == "data"     ? "MB"
                                     : service == "sms_mt" ? "message"
                                     : i % 2               ? "minute"
                                                           : "second";
            tariffs += key + "," + std::to_string(100 + i) + ",EUR," + unit + "\n";  // no two prices alike
        }
        const auto table = sound({{"tariffs", tariffs}, {"zones", "zone,country\na,JP\nb,KR\nb,VN\n"}});
        const Oracle oracle{*table};
        for (const char* plan : {"p", "q", "x"})
            for (const char* code : {"JP", "KR", "VN", "FR"})
                for (const char* plmn : {"", "440-10", "901-14"})
                    for (NetworkClass klass :
                         {NetworkClass::terrestrial, NetworkClass::inflight, NetworkClass::unknown})
                        for (Service service : {Service::data, Service::voice_mo, Service::sms_mt})
                            for (Called called : {Called::unknown, Called::home, Called::local}) {
                                const RateQuery query{plan, Plmn::parse(plmn), klass, country(code), service, called};
                                RC_ASSERT(table->find(query) == oracle.find(query));
                            }
    });
}

TEST_CASE("the version in force is the one that took effect last, and before the first the first") {
    const Book book({{3, Instant{300}, nullptr},
                     {1, Instant{100}, nullptr},
                     {2, Instant{200}, nullptr},
                     {4, Instant{200}, nullptr}});
    CHECK(book.in_force(Instant{50})->number == 1);
    CHECK(book.in_force(Instant{100})->number == 1);
    CHECK(book.in_force(Instant{199})->number == 1);
    CHECK(book.in_force(Instant{200})->number == 4);
    CHECK(book.in_force(Instant{300})->number == 3);
    CHECK(book.in_force(Instant{9999})->number == 3);
    CHECK(book.numbered(2)->effective_at == Instant{200});
    CHECK(book.numbered(9) == nullptr);
    CHECK(Book{}.in_force(Instant{1}) == nullptr);
    CHECK(Book{}.empty());
}
