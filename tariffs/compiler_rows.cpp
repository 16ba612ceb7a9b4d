#include <algorithm>

#include "tariffs/cells.h"
#include "tariffs/compiler.h"
#include "tariffs/suggest.h"

namespace roamguard::tariffs {

namespace {

// The columns of each file, and their places in its rows. An enumerator stands where its name stands in the list.

enum ZoneColumn : std::size_t { zone_name, zone_country };
constexpr SheetColumn zone_columns[] = {{"zone", Need::required}, {"country", Need::required}};

enum TariffColumn : std::size_t {
    tariff_plan,
    tariff_destination,
    tariff_service,
    tariff_price,
    tariff_currency,
    tariff_unit,
    tariff_minimum,
    tariff_increment,
    tariff_tax,
    tariff_tax_rate,
    tariff_high_cost
};
constexpr SheetColumn tariff_columns[] = {
    {"plan", Need::required},     {"destination", Need::required}, {"service", Need::required},
    {"price", Need::required},    {"currency", Need::required},    {"unit", Need::required},
    {"minimum", Need::optional},  {"increment", Need::optional},   {"tax", Need::optional},
    {"tax_rate", Need::optional}, {"high_cost", Need::optional}};

enum PassColumn : std::size_t {
    pass_id,
    pass_plan,
    pass_destination,
    pass_services,
    pass_price,
    pass_currency,
    pass_tax,
    pass_tax_rate,
    pass_allowance,
    pass_validity,
    pass_day,
    pass_name
};
constexpr SheetColumn pass_columns[] = {
    {"pass", Need::required},     {"plan", Need::required},     {"destination", Need::required},
    {"services", Need::optional}, {"price", Need::required},    {"currency", Need::required},
    {"tax", Need::optional},      {"tax_rate", Need::optional}, {"allowance", Need::required},
    {"validity", Need::required}, {"day", Need::optional},      {"name", Need::optional}};

enum RateColumn : std::size_t { rate_base, rate_quote, rate_rate };
constexpr SheetColumn rate_columns[] = {{"base", Need::required}, {"quote", Need::required}, {"rate", Need::required}};

/// Services of a pass, between `;`, `,`, `|`, `+` or blanks; `data` where the cell is empty.
std::vector<Service> read_services(SheetRow& row) {
    std::string_view rest = row.text(pass_services);
    std::vector<Service> services;
    if (rest.empty()) return {Service::data};
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find_first_of(";,|+ "), rest.size());
        const std::string_view name = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (name.empty()) continue;
        static constexpr std::string_view words[] = {"data", "voice_mo", "voice_mt", "sms_mo", "sms_mt"};
        if (const auto service = parse_service(name)) {
            if (std::find(services.begin(), services.end(), *service) == services.end()) services.push_back(*service);
            continue;
        }
        row.fault(
            pass_services, "unknown_service",
            with_suggestion(shown(name) + " is no service of a pass: use data, voice_mo, voice_mt, sms_mo or sms_mt, "
                                          "with `;` between them",
                            suggest_word(name, words)));
        return {};
    }
    return services;
}

/// `24 h`, `1 d`, `7 days`: hours or days, up to ten years.
std::optional<Span> parse_validity(std::string_view text) {
    std::string compact = folded(text);
    std::erase(compact, ' ');
    for (std::string_view word : {"hours", "hour", "days", "day"})
        if (compact.size() > word.size() && compact.compare(compact.size() - word.size(), word.size(), word) == 0) {
            compact.resize(compact.size() - word.size() + 1);
            break;
        }
    if (compact.empty() || (compact.back() != 'h' && compact.back() != 'd')) return std::nullopt;
    const auto span = parse_span(compact);
    if (!span || *span <= Span{} || *span > days(3660)) return std::nullopt;
    return span;
}

std::optional<Span> read_validity(SheetRow& row) {
    if (!row.given(pass_validity)) return std::nullopt;
    const auto span = parse_validity(row.text(pass_validity));
    if (!span)
        row.fault(pass_validity, "bad_validity",
                  shown(row.text(pass_validity)) +
                      " is no validity: a whole number of hours or days, such as `24 h` or `7 d`");
    return span;
}

void read_day(SheetRow& row, const std::optional<DestinationKey>& place, Pass& pass) {
    const std::string_view text = row.text(pass_day);
    if (text.empty() || text == "rolling") return;
    if (text != "home" && text != "local") {
        static constexpr std::string_view words[] = {"rolling", "home", "local"};
        row.fault(pass_day, "unknown_word",
                  with_suggestion(shown(text) + " is none of rolling, home, local", suggest_word(text, words)));
        return;
    }
    pass.day = text == "home" ? Pass::Day::home : Pass::Day::local;
    const std::string_view destination = row.text(pass_destination);
    const bool on_the_ground = !place || (place->level != Level::klass && destination.substr(0, 4) != "901-");
    if (pass.day == Pass::Day::local && !on_the_ground)
        row.fault(pass_day, "no_local_day",
                  "a pass for " + shown(destination) +
                      " has no local day: in the air, at sea and by satellite `day` is "
                      "rolling or home");
    if (pass.validity.ms % days(1).ms != 0)
        row.fault(pass_validity, "bad_validity",
                  shown(row.text(pass_validity)) +
                      " is not a whole number of days, as calendar days need: use `day` rolling");
}

/// A counted allowance holds one kind of thing; `unlimited` has no count.
void read_allowance(SheetRow& row, Pass& pass) {
    if (!row.given(pass_allowance) || row.text(pass_allowance) == "unlimited" || pass.services.empty()) return;
    const std::string_view text = row.text(pass_allowance);
    if (folded(text) == "unlimited") {
        row.fault(pass_allowance, "unknown_unit",
                  with_suggestion(shown(text) + " is not a quantity such as `500 MB`, nor unlimited", "unlimited"));
        return;
    }
    pass.allowance = read_quantity(row, pass_allowance, pass.services.front());
    for (Service service : pass.services)
        if (pass.allowance && kind_of(service) != pass.allowance->kind) {
            row.fault(pass_allowance, "wrong_unit_kind",
                      shown(text) + " cannot count the service `" + std::string(word(service)) +
                          "` too: make a pass for each kind, or an unlimited one");
            return;
        }
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A positive number of up to 12 decimals, kept exactly.
std::optional<Rate> parse_rate(std::string_view text) {
    constexpr std::size_t most_decimals = 12;
    constexpr std::int64_t most = 1'000'000'000'000'000;
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    std::string_view decimals = point == text.npos ? std::string_view{} : text.substr(point + 1);
    if (!all_digits(whole) || (point != text.npos && !all_digits(decimals))) return std::nullopt;
    while (!decimals.empty() && decimals.back() == '0')
        decimals.remove_suffix(1);
    if (decimals.size() > most_decimals) return std::nullopt;

    Rate rate;
    for (std::string_view part : {whole, decimals})
        for (char c : part) {
            rate.numerator = rate.numerator * 10 + (c - '0');
            if (rate.numerator >= most) return std::nullopt;
        }
    for (std::size_t i = 0; i < decimals.size(); ++i)
        rate.denominator *= 10;
    if (rate.numerator == 0) return std::nullopt;
    return rate;
}

}  // namespace

constinit const SheetKind zones_sheet{"zones.csv", zone_columns, Need::optional};
constinit const SheetKind tariffs_sheet{"tariffs.csv", tariff_columns, Need::required};
constinit const SheetKind passes_sheet{"passes.csv", pass_columns, Need::optional};
constinit const SheetKind fx_sheet{"fx.csv", rate_columns, Need::optional};

void Compiler::read_tariff(SheetRow& row) {
    const std::string_view plan = read_name(row, tariff_plan);
    const auto place = read_destination(row, tariff_destination);
    const auto service = read_service(row, tariff_service);
    const auto price = read_price(row, tariff_price);
    const auto currency = read_currency(row, tariff_currency);

    Row compiled;
    compiled.tax = read_tax(row, tariff_tax);
    compiled.tax_rate = read_tax_rate(row, tariff_tax_rate, warnings);
    compiled.high_cost = read_high_cost(row, tariff_high_cost);
    if (!service) return;
    const auto unit = read_quantity(row, tariff_unit, service->service);
    const auto increment = read_quantity(row, tariff_increment, service->service);
    const auto minimum = read_quantity(row, tariff_minimum, service->service);
    if (plan.empty() || !place) return;

    // The row is entered even if a price or unit is at fault, so that a later row with its key is found out too.
    compiled.plan = plan;
    compiled.destination = row.text(tariff_destination);
    compiled.service = service->service;
    compiled.called = service->called;
    if (price && currency) compiled.price = {*price, *currency};
    compiled.unit = unit.value_or(Quantity{1, kind_of(service->service)});
    compiled.increment = increment.value_or(compiled.unit).amount;
    compiled.minimum = minimum ? minimum->amount : compiled.increment;
    compiled.line = row.line();
    add_row(std::move(compiled), *place, row);
}

void Compiler::add_row(Row row, DestinationKey key, SheetRow& source) {
    const std::uint32_t plan = index->plans.number(row.plan);
    const std::uint32_t slot = slot_of(row.service, row.called);
    const auto number = static_cast<std::uint32_t>(rows.size());
    if (const auto earlier = index->rows.insert(row_key(key, plan, slot), number)) {
        const Money other = rows[*earlier].price;
        const bool differs = row.price != other && !row.price.currency.none() && !other.currency.none();
        const std::string prices = "; the prices differ: " + to_decimal(other) + " " + other.currency.code() +
                                   " there, " + to_decimal(row.price) + " " + row.price.currency.code() + " here";
        source.fault(tariff_destination, "duplicate_key",
                     "line " + std::to_string(rows[*earlier].line) + " has the plan " + shown(row.plan) +
                         ", the destination " + shown(row.destination) + " and the service " +
                         shown(source.text(tariff_service)) + " already" + (differs ? prices : ""));
        return;
    }
    if (plan >= plan_has_rows.size()) plan_has_rows.resize(plan + 1);
    plan_has_rows[plan] = true;
    index->level_used[static_cast<std::size_t>(key.level)] = true;
    if (key.level == Level::zone)
        tariff_zones.push_back({static_cast<std::uint64_t>(plan) << 32 | slot, key.number, row.line});
    if (row.tax == Tax::excl && !row.tax_rate) note_untaxed(tariffs_sheet.file, row.plan, row.line);
    if (!row.price.currency.none()) currencies.insert(row.price.currency);
    rows.push_back(std::move(row));
}

void Compiler::note_untaxed(std::string_view file, std::string_view plan, int line) {
    Untaxed& entry = untaxed[{file, std::string(plan)}];
    if (entry.rows++ == 0) entry.first_line = line;
}

void Compiler::read_zone(SheetRow& row) {
    const std::string_view name = read_name(row, zone_name);
    const auto country = read_country(row, zone_country);
    if (name.empty()) return;
    if (name.substr(0, 5) == "zone:") {
        row.fault(zone_name, "bad_zone_name",
                  with_suggestion(shown(name) + " has `zone:` before it, which belongs into tariffs.csv only",
                                  name.substr(5)));
        return;
    }
    // A zone whose country is at fault counts as defined: the rows that name it are not at fault.
    const std::uint32_t zone = index->zones.number(name);
    if (zone == index->zone_countries.size()) index->zone_countries.emplace_back();
    if (!country) return;
    const std::uint32_t number = country_number(*country);
    const auto [member, fresh] = zone_members.try_emplace({zone, number}, row.line());
    if (!fresh) {
        row.fault(zone_country, "duplicate_key",
                  "line " + std::to_string(member->second) + " has " + country->code() + " in the zone " + shown(name) +
                      " already");
        return;
    }
    index->zone_countries[zone].set(number);
    index->zones_of_country[number].push_back(zone);
}

void Compiler::read_pass(SheetRow& row) {
    Pass pass;
    pass.id = read_name(row, pass_id);
    pass.plan = read_name(row, pass_plan);
    const auto place = read_destination(row, pass_destination);
    pass.services = read_services(row);
    const auto price = read_price(row, pass_price);
    const auto currency = read_currency(row, pass_currency);
    pass.price = {price.value_or(0), currency.value_or(Currency{})};
    pass.tax = read_tax(row, pass_tax);
    pass.tax_rate = read_tax_rate(row, pass_tax_rate, warnings);
    pass.validity = read_validity(row).value_or(Span{});
    read_day(row, place, pass);
    read_allowance(row, pass);
    pass.name = row.text(pass_name);
    pass.destination = row.text(pass_destination);
    pass.line = row.line();
    if (pass.id.empty() || pass.plan.empty() || !place) return;

    const auto [earlier, fresh] =
        pass_lines.try_emplace(pass.id + '\n' + pass.plan + '\n' + pass.destination, pass.line);
    if (!fresh) {
        row.fault(pass_id, "duplicate_key",
                  "line " + std::to_string(earlier->second) + " has the pass " + shown(pass.id) + ", the plan " +
                      shown(pass.plan) + " and the destination " + shown(pass.destination) + " already");
        return;
    }
    const std::uint32_t plan = index->plans.number(pass.plan);
    if (place->level == Level::zone)
        pass_zones.push_back(
            {static_cast<std::uint64_t>(plan) << 32 | pass_ids.number(pass.id), place->number, pass.line});
    if (pass.tax == Tax::excl && !pass.tax_rate) note_untaxed(passes_sheet.file, pass.plan, pass.line);
    if (!pass.price.currency.none()) currencies.insert(pass.price.currency);
    index->passes.push_back({*place, plan});
    passes.push_back(std::move(pass));
}

void Compiler::read_rate(SheetRow& row) {
    const auto base = read_currency(row, rate_base);
    const auto quote = read_currency(row, rate_quote);
    std::optional<Rate> rate;
    if (row.given(rate_rate)) {
        const std::string_view text = row.text(rate_rate);
        rate = parse_rate(text);
        if (!rate) {
            const DecimalFault fault = parse_decimal(text, Sign::refused).fault;
            const bool generic = fault == DecimalFault::none || fault == DecimalFault::too_many_decimals ||
                                 fault == DecimalFault::too_large;
            row.fault(rate_rate, generic ? "bad_rate" : std::string(code_of(fault)),
                      with_suggestion(shown(text) + " cannot be a rate: " +
                                          (generic ? "it is a number above zero with at most 12 decimals and 15 digits"
                                                   : std::string(sentence(fault))),
                                      generic ? std::string{} : suggest_number(text)));
        }
    }
    if (!base || !quote) return;
    if (*base == *quote) {
        row.fault(rate_quote, "same_currency", "a rate leads from one currency to another, not to itself");
        return;
    }
    Rate entered = rate.value_or(Rate{1, 1, 0});
    entered.line = row.line();
    const auto [earlier, fresh] = index->rates.try_emplace({*base, *quote}, entered);
    if (!fresh)
        row.fault(rate_rate, "duplicate_key",
                  "line " + std::to_string(earlier->second.line) + " has a rate from " + base->code() + " to " +
                      quote->code() + " already");
}

}  // namespace roamguard::tariffs
