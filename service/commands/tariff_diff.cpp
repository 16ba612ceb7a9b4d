#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "service/commands/remote.h"
#include "service/commands/tariff_files.h"
#include "service/json/tariff_json.h"

namespace roamguard::commands {
namespace {

using nlohmann::json;

/// `3.00 CNY per MB`.
std::string price_text(const json& price) {
    std::string text = price.value("amount", "") + " " + price.value("currency", "");
    if (price.contains("per")) text += " per " + price.value("per", "");
    return text;
}

std::string percent_text(const json& change) {
    if (!change.contains("percent") || !change["percent"].is_number()) return "";
    const double percent = change["percent"].get<double>();
    const double rounded = std::round(percent * 10) / 10;
    return fmt::format("{:+.10g} %", rounded == 0 ? percent : rounded);
}

/// No percentage says how far a price rose that was none.
bool was_free(const json& change) {
    return change.contains("before") &&
           change["before"].value("amount", "").find_first_not_of("0.") == std::string::npos;
}

const char* direction(const json& change) {
    if (!change.contains("before")) return "added";
    if (!change.contains("after")) return "removed";
    const bool known = change.contains("percent") && change["percent"].is_number();
    const double percent = known ? change["percent"].get<double>() : was_free(change) ? 1 : 0;
    return percent > 0 ? "dearer" : percent < 0 ? "cheaper" : "changed";
}

/// Lines whose columns stand below each other.
class Columns {
public:
    void add(std::vector<std::string> cells) {
        widths_.resize(std::max(widths_.size(), cells.size()));
        for (std::size_t i = 0; i < cells.size(); ++i)
            widths_[i] = std::max(widths_[i], cells[i].size());
        lines_.push_back(std::move(cells));
    }
    void print() const {
        for (const auto& cells : lines_) {
            std::string line;
            for (std::size_t i = 0; i < cells.size(); ++i)
                line += fmt::format("{:<{}}", cells[i], widths_[i]) + "  ";
            line.erase(line.find_last_not_of(' ') + 1);
            std::cout << line << "\n";
        }
    }

private:
    std::vector<std::vector<std::string>> lines_;
    std::vector<std::size_t> widths_;
};

void add_changes(Columns& columns, const json& changes, const char* what) {
    for (const json& change : changes) {
        const bool both = change.contains("before") && change.contains("after");
        const std::string what_for =
            change.contains("pass") ? "pass " + change.value("pass", "") : change.value("service", "");
        columns.add({direction(change), change.value("destination", "") + " " + what_for, change.value("plan", "*"),
                     change.contains("before") ? price_text(change["before"]) : "", both ? "->" : "",
                     change.contains("after") ? price_text(change["after"]) : "", percent_text(change) + what});
    }
}

/// What became dearer, or the rest.
json one_way(const json& changes, bool rises) {
    json kept = json::array();
    for (const json& change : changes)
        if ((std::string_view(direction(change)) == "dearer") == rises) kept.push_back(change);
    return kept;
}

/// Dearest rise first, then what is new and what is gone.
void print_lists(const json& diff) {
    Columns columns;
    for (const bool rises : {true, false}) {
        add_changes(columns, one_way(diff["changed"], rises), "");
        add_changes(columns, one_way(diff["moved"], rises), " by another row");
    }
    add_changes(columns, diff["added"], "");
    add_changes(columns, diff["removed"], "");
    add_changes(columns, diff["passes"], "");
    columns.print();
    for (const json& zone : diff["zones"])
        std::cout << fmt::format("{:<8} {} in zone {}\n", zone.value("change", ""), zone.value("country", ""),
                                 zone.value("zone", ""));
    for (const json& rate : diff["fx"]) {
        const auto text = [&](const char* name) { return rate[name].is_string() ? rate.value(name, "") : "none"; };
        std::cout << fmt::format("{:<8} rate {} to {}: {} -> {}{}\n", "changed", rate.value("base", ""),
                                 rate.value("quote", ""), text("before"), text("after"),
                                 rate["percent"].is_number() ? "  " + percent_text(rate) : "");
    }
    for (const json& guard : diff["guardRails"])
        std::cout << fmt::format("{:<8} {}: {}\n", guard.value("change", ""), guard.value("file", ""),
                                 guard.value("row", ""));
    const json& totals = diff["totals"];
    std::cout << fmt::format("{} dearer, {} cheaper, {} changed in all, {} added, {} removed, {} moved\n",
                             totals.value("dearer", 0), totals.value("cheaper", 0), totals.value("changed", 0),
                             totals.value("added", 0), totals.value("removed", 0), totals.value("moved", 0));
}

void print_diff(const json& diff) {
    std::cout << "version " << diff.value("version", 0) << " against "
              << (diff["against"].is_number() ? std::to_string(diff["against"].get<int>()) : "none") << "\n";
    print_lists(diff);
}

std::string tag_of(const notifications::Reply& reply) {
    for (const auto& [name, value] : reply.headers)
        if (name == "etag") return value;
    return "";
}

}  // namespace

int tariffs_diff_versions(const Remote& remote, const std::string& version, const std::string& against) {
    notifications::Client client(remote.url, remote.key, 120);
    const std::string query = against.empty() ? "" : "?against=" + notifications::query_encoded(against);
    const notifications::Reply reply = client.send("GET", "/v1/tariffs/versions/" + encoded(version) + "/diff" + query);
    if (!good(reply)) return complain(reply, remote);
    if (remote.json)
        std::cout << reply.body << "\n";
    else
        print_diff(json::parse(reply.body));
    return 0;
}

int tariffs_diff_directories(const std::string& before, const std::string& after, bool as_json) {
    try {
        const auto old = compile_directory(before), fresh = compile_directory(after);
        for (const auto& [name, compiled] : {std::pair(&before, &old), std::pair(&after, &fresh)})
            if (!compiled->table) {
                std::cerr << *name << " is no sound table: roamguard tariffs validate " << *name << "\n";
                return 1;
            }
        const json diff = roamguard::json::comparison_json(tariffs::compare(*old.table, *fresh.table));
        if (as_json)
            std::cout << diff.dump(2) << "\n";
        else
            print_lists(diff);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 2;
    }
}

int tariffs_show(const Remote& remote, const std::string& version) {
    notifications::Client client(remote.url, remote.key);
    const notifications::Reply reply = client.send("GET", "/v1/tariffs/versions/" + encoded(version));
    if (!good(reply)) return complain(reply, remote);
    json shown = json::parse(reply.body);
    if (remote.json) {
        shown["etag"] = tag_of(reply);
        std::cout << shown.dump() << "\n";
        return 0;
    }
    std::cout << "version " << shown.value("version", 0) << ", " << shown.value("state", "") << ", uploaded by "
              << shown.value("createdBy", "") << "\n";
    if (shown["approval"].is_object())
        std::cout << "approved by " << shown["approval"].value("by", "") << " at " << shown["approval"].value("at", "")
                  << "\n";
    if (shown.value("stale", false)) std::cout << "stale: another version came into force since\n";
    std::cout << "ETag " << tag_of(reply) << "\n";
    return 0;
}

}  // namespace roamguard::commands
