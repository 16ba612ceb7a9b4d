#include <iostream>

#include "service/commands/remote.h"

namespace roamguard::commands {
namespace {

using nlohmann::json;

std::string list_of(const json& values) {
    std::string text;
    for (const json& value : values)
        text += (text.empty() ? "" : ", ") + (value.is_string() ? value.get<std::string>() : value.dump());
    return text;
}

void print_decision(const json& decision) {
    if (decision.contains("outcomes") && !decision["outcomes"].empty())
        std::cout << "      decided: " << list_of(decision["outcomes"]) << "\n";
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
    const json holds = decision.value("holds", json::array()), reasons = decision.value("reasons", json::array());
    for (const json& change : holds)
        std::cout << "      " << change.value("what", "") << ": " << list_of(change["services"]) << " ("
                  << change.value("cause", "") << " " << change.value("about", "")
                  << "): " << change.value("reason", "") << "\n";
    for (const json& reason : reasons)
        std::cout << "      because: " << reason.get<std::string>() << "\n";
}

void print_entry(const json& item) {
    std::cout << item.value("number", 0) << "  " << item.value("at", "") << "  " << item.value("kind", "") << "  "
              << item.value("hash", "").substr(0, 16) << "\n";
    const json& entry = item["entry"];
    if (!entry.is_object()) {
        std::cout << "      (erased or dropped)\n";
        return;
    }
    if (entry.contains("event")) {
        const json& event = entry["event"];
        std::cout << "      " << event.value("type", "") << " " << event.value("id", "") << " of "
                  << event.value("time", "") << "\n      " << event["data"].dump() << "\n";
    }
    if (entry.contains("text"))
        std::cout << "      " << entry.value("kind", "") << " by " << entry.value("channel", "") << ": "
                  << entry.value("text", "") << "\n";
    if (entry.contains("choice"))
        std::cout << "      answered " << entry.value("choice", "") << " by " << entry.value("by", "") << "\n";
    if (item.value("kind", "") == "delivery")
        std::cout << "      " << entry.value("message", "") << " " << entry.value("state", "") << "\n";
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
