#include <iostream>
#include <sstream>

#include "service/commands/remote.h"

namespace roamguard::commands {
namespace {

using nlohmann::json;

/// The lines of a message, set off from what is said about it.
std::string indented(const std::string& text) {
    std::string out, line;
    for (std::istringstream lines(text); std::getline(lines, line);)
        out += "        | " + line + "\n";
    return out;
}

void print_decision(const json& decision) {
    if (decision.contains("price")) {
        const json& price = decision["price"];
        if (price.contains("unpriced"))
            std::cout << "      not priced: " << price.value("unpriced", "") << "\n";
        else
            std::cout << "      priced by version " << price.value("version", 0) << ", tariffs.csv line "
                      << price.value("row", 0) << " (" << price.value("plan", "") << ", "
                      << price.value("destination", "") << "): " << price.value("added", "") << " "
                      << price.value("currency", "") << " added\n";
    }
    for (const char* list : {"holds", "reasons"})
        for (const json& one : decision.value(list, json::array()))
            std::cout << "      because: " << (one.is_string() ? one.get<std::string>() : one.value("reason", ""))
                      << "\n";
}

void print_entry(const json& item) {
    std::cout << item.value("number", 0) << "  " << item.value("at", "") << "  " << item.value("kind", "") << "  "
              << item.value("hash", "").substr(0, 16) << "\n";
    std::cout << "      " << item.value("summary", "") << "\n";
    const json& entry = item["entry"];
    if (!entry.is_object()) return;
    if (entry.contains("event")) std::cout << "      " << entry["event"]["data"].dump() << "\n";
    if (entry.contains("text")) std::cout << indented(entry.value("text", ""));
    if (entry.contains("decision")) print_decision(entry["decision"]);
    if (item.value("kind", "") == "timer") print_decision(entry);
}

}  // namespace

int print_case(const Remote& remote, const std::string& msisdn) {
    notifications::Client client(remote.url, remote.key, 60);
    const std::string path = "/v1/subscribers/" + encoded(msisdn);
    json file;
    for (std::string cursor;;) {  // pages come newest first, each in order: the file is put together back to front
        const notifications::Reply reply =
            client.send("GET", path + "/timeline" + (cursor.empty() ? "" : "?cursor=" + cursor));
        if (!good(reply)) return complain(reply, remote);
        json page = json::parse(reply.body);
        if (!file.is_null())
            for (json& item : file["items"])
                page["items"].push_back(std::move(item));
        file = std::move(page);
        if (!file["next"].is_string()) break;
        cursor = file["next"].get<std::string>();
    }
    if (remote.json) {
        std::cout << file.dump() << "\n";
        return 0;
    }
    std::cout << "Evidence of customer " << file.value("subscriber", "") << ", " << file.value("entries", 0)
              << " entries\n\n";
    for (const json& item : file["items"])
        print_entry(item);
    const notifications::Reply checked = client.send("GET", path + "/verify");
    if (!good(checked)) return complain(checked, remote);
    const json verdict = json::parse(checked.body);
    if (verdict.value("ok", false)) {
        std::cout << "\nThe chain is whole. Head " << verdict.value("head", "") << "\n";
        return 0;
    }
    std::cout << "\nTHE CHAIN IS BROKEN: " << verdict["fault"].value("detail", "") << "\n";
    return 1;
}

}  // namespace roamguard::commands
