#include "service/json/tariff_json.h"

namespace roamguard::json {
namespace {

using nlohmann::json;
using tariffs::Comparison;
using tariffs::PriceChange;

json money_json(tariffs::Money money) {
    return {{"amount", tariffs::to_decimal(money)}, {"currency", money.currency.code()}};
}

json percent_json(const std::optional<double>& percent) { return percent ? json(*percent) : json(nullptr); }

json row_json(const tariffs::Row& row) {
    json out = money_json(row.price);
    out["per"] = tariffs::to_text(row.unit, tariffs::Style::per);
    out["minimum"] = tariffs::to_text({row.minimum, row.unit.kind}, tariffs::Style::counted);
    out["increment"] = tariffs::to_text({row.increment, row.unit.kind}, tariffs::Style::counted);
    out["tax"] = tariffs::word(row.tax);
    out["line"] = row.line;
    return out;
}

json change_json(const PriceChange& change) {
    json out = {{"plan", change.plan},
                {"destination", change.destination},
                {"service", tariffs::service_text(change.service, change.called)}};
    if (change.before) out["before"] = row_json(*change.before);
    if (change.after) out["after"] = row_json(*change.after);
    if (change.before && change.after) out["percent"] = percent_json(change.percent);
    return out;
}

json changes_json(const std::vector<PriceChange>& changes) {
    json list = json::array();
    for (const PriceChange& change : changes)
        list.push_back(change_json(change));
    return list;
}

json pass_json(const tariffs::PassChange& change) {
    json out = {{"pass", change.pass}, {"plan", change.plan}, {"destination", change.destination}};
    if (change.before) out["before"] = money_json(change.before->price);
    if (change.after) out["after"] = money_json(change.after->price);
    if (change.before && change.after) out["percent"] = percent_json(change.percent);
    return out;
}

json rate_json(const tariffs::RateChange& change) {
    const auto text = [](const std::string& rate) { return rate.empty() ? json(nullptr) : json(rate); };
    return {{"base", change.base.code()},
            {"quote", change.quote.code()},
            {"before", text(change.before)},
            {"after", text(change.after)},
            {"percent", percent_json(change.percent)}};
}

}  // namespace

json comparison_json(const Comparison& found) {
    json out;
    out["added"] = changes_json(found.added);
    out["removed"] = changes_json(found.removed);
    out["changed"] = changes_json(found.changed);
    out["moved"] = changes_json(found.moved);
    out["passes"] = out["zones"] = out["fx"] = out["guardRails"] = json::array();
    for (const tariffs::PassChange& change : found.passes)
        out["passes"].push_back(pass_json(change));
    for (const tariffs::ZoneChange& change : found.zones)
        out["zones"].push_back({{"zone", change.zone},
                                {"country", change.country.code()},
                                {"change", change.added ? "added" : "removed"}});
    for (const tariffs::RateChange& change : found.rates)
        out["fx"].push_back(rate_json(change));
    for (const tariffs::GuardChange& change : found.guards)
        out["guardRails"].push_back(
            {{"file", change.file}, {"row", change.text}, {"change", change.added ? "added" : "removed"}});
    out["totals"] = {{"added", found.totals.added},     {"removed", found.totals.removed},
                     {"changed", found.totals.changed}, {"dearer", found.totals.dearer},
                     {"cheaper", found.totals.cheaper}, {"moved", found.totals.moved}};
    return out;
}

json faults_json(const std::vector<tariffs::Fault>& faults) {
    json list = json::array();
    for (const tariffs::Fault& fault : faults)
        list.push_back({{"file", fault.file},
                        {"line", fault.line},
                        {"column", fault.column},
                        {"value", fault.value},
                        {"code", fault.code},
                        {"detail", fault.detail}});
    return list;
}

}  // namespace roamguard::json
