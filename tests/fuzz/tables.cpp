#include "tests/tariffs/tables.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard;
using namespace roamguard::tariffs;

namespace {

/// The files of an upload behind each other, each after a line `== name`.
TableFiles files_of(std::string_view input) {
    TableFiles files;
    auto [before, rest] = fuzz::cut(input, "== ");
    while (!rest.empty()) {
        const auto [file, next] = fuzz::cut(rest, "== ");
        const auto [name, text] = fuzz::cut(file, "\n");
        files[std::string(name)] = text;
        rest = next;
    }
    return files;
}

void check(const std::vector<Fault>& faults) {
    for (const Fault& fault : faults) {
        HOLDS(!fault.code.empty() && !fault.detail.empty());
        HOLDS(fault.line >= 0 && fault.value.size() <= 400);
    }
}

/// What a compiled row promises to those who price by it.
void check(const Table& table, const Row& row) {
    HOLDS(row.price.micros >= 0 && !row.price.currency.none());
    HOLDS(row.unit.amount > 0 && row.minimum > 0 && row.increment > 0);
    HOLDS(row.unit.kind == kind_of(row.service));
    std::int64_t before = 0;
    for (const std::int64_t used : {std::int64_t{0}, std::int64_t{1}, row.minimum, std::int64_t{1} << 40}) {
        try {
            const std::int64_t charged = charged_quantity(row, used);
            HOLDS(charged >= used && (used > 0 || charged == 0));
            const Money price = price_of(row, used);
            HOLDS(used == 0 ? price.micros == 0 : price.micros >= 0);
            if (used > 1 && used < row.minimum) HOLDS(price.micros >= before);
            before = price.micros;
        } catch (const MoneyOverflow&) {  // promised for absurd prices
        }
    }
    HOLDS(!table.convert(row.price, row.price.currency) || *table.convert(row.price, row.price.currency) == row.price);
}

void look_up_everywhere(const Table& table) {
    for (const Row& row : table.rows()) {
        check(table, row);
        RateQuery query;
        query.plan = row.plan;
        query.service = row.service;
        query.called = row.called.value_or(Called::unknown);
        query.plmn = geoip::Plmn::parse(row.destination);
        query.country = geoip::Country::parse(row.destination).value_or(geoip::Country{});
        query.klass = query.country.none() ? geoip::parse_network_class(row.destination).value_or(query.klass)
                                           : geoip::NetworkClass::terrestrial;
        const Row* found = table.find(query);
        const bool named = query.plmn || !query.country.none() || row.destination == "*";
        HOLDS(!named || found != nullptr);
        if (found) HOLDS(found->plan == row.plan || found->plan == "*");
        for (const Pass* pass : table.passes_for(query))
            HOLDS(table.pass_named(pass->id, pass->plan) != nullptr);
    }
}

}  // namespace

FUZZ(input) {
    const TableFiles files = files_of(input);
    const Table::Compiled compiled = testing::compile(files);
    HOLDS((compiled.table != nullptr) == compiled.faults.empty());
    check(compiled.faults);
    check(compiled.warnings);
    if (compiled.table) look_up_everywhere(*compiled.table);
}
