#include <iostream>

#include "service/commands/remote.h"

namespace roamguard::commands {
namespace {

using nlohmann::json;

constexpr std::size_t events_a_batch = 500;

std::vector<std::string> lines_of(const std::string& bytes) {
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
        std::string line = bytes.substr(at, end - at);
        if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back(std::move(line));
        at = end + 1;
    }
    return lines;
}

void print_result(const json& result) {
    std::cout << result.value("id", "") << "\t" << result.value("outcome", "");
    if (result.contains("data")) std::cout << "\tdata " << result.value("data", "");
    if (result.contains("error")) std::cout << "\t" << result["error"].value("detail", "");
    const json notifications = result.value("notifications", json::array());
    for (const json& one : notifications)
        std::cout << "\t" << one.value("kind", "");
    std::cout << "\n";
}

}  // namespace

int replay(const Remote& remote, const std::string& file, bool show) {
    try {
        const std::vector<std::string> lines = lines_of(read_whole(file));
        notifications::Client client(remote.url, remote.key, 60);
        std::map<std::string, std::int64_t> outcomes;
        for (std::size_t at = 0; at < lines.size(); at += events_a_batch) {
            const std::size_t end = std::min(at + events_a_batch, lines.size());
            std::string body = "[";
            for (std::size_t i = at; i < end; ++i)
                body += (i > at ? "," : "") + lines[i];
            const notifications::Reply reply =
                client.send("POST", "/v1/events", body + "]", "application/cloudevents-batch+json");
            if (!good(reply)) return complain(reply, remote);
            if (remote.json) std::cout << reply.body << "\n";
            const json answer = json::parse(reply.body);
            for (const json& result : answer["results"]) {
                ++outcomes[result.value("outcome", "")];
                if ((show || result.contains("error")) && !remote.json) print_result(result);
            }
            std::cerr << end << " of " << lines.size() << " events\n";
        }
        for (const auto& [outcome, count] : outcomes)
            if (!remote.json) std::cout << count << "\t" << outcome << "\n";
        return outcomes.count("rejected") ? 1 : 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}

}  // namespace roamguard::commands
