#include <iostream>

#include "service/commands/remote.h"
#include "service/commands/tariff_files.h"

namespace roamguard::commands {
namespace {

using nlohmann::json;

std::string form_of(const tariffs::TableFiles& files, const std::string& boundary) {
    std::string body;
    for (const auto& [name, content] : files)
        body += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + name +
                ".csv\"\r\nContent-Type: text/csv\r\n\r\n" + content + "\r\n";
    return body + "--" + boundary + "--\r\n";
}

/// `tariffs.csv:3 `; empty for what is about no file.
std::string place_of(const json& fault) {
    const std::string file = fault.value("file", "");
    return file.empty() ? "" : file + ":" + std::to_string(fault.value("line", 0)) + " ";
}

int print_version(const notifications::Reply& reply, const Remote& remote, const std::string& what) {
    if (!good(reply)) return complain(reply, remote);
    if (remote.json) {
        std::cout << reply.body << "\n";
        return 0;
    }
    const json version = json::parse(reply.body);
    std::cout << what << " version " << version.value("version", 0) << ", " << version.value("state", "");
    if (version.contains("effectiveAt") && version["effectiveAt"].is_string())
        std::cout << ", in force from " << version["effectiveAt"].get<std::string>();
    std::cout << "\n";
    if (version.contains("warnings"))
        for (const json& warning : version["warnings"])
            std::cout << "  warning " << place_of(warning) << warning.value("detail", "") << "\n";
    if (version.contains("guardRails"))
        for (const json& broken : version["guardRails"])
            std::cout << "  guard rail " << place_of(broken) << broken.value("detail", "") << "\n";
    return 0;
}

notifications::Reply take_step(const Remote& remote, const TariffStep& step, const char* what, json body) {
    if (!step.reason.empty()) body["reason"] = step.reason;
    std::vector<std::pair<std::string, std::string>> headers;
    if (!step.if_match.empty()) headers.emplace_back("If-Match", step.if_match);
    notifications::Client client(remote.url, remote.key);
    return client.send("POST", "/v1/tariffs/versions/" + encoded(step.version) + "/" + what, body.dump(),
                       "application/json", headers);
}

}  // namespace

int tariffs_import(const Remote& remote, const std::string& directory) {
    try {
        notifications::Client client(remote.url, remote.key, 120);
        const std::string boundary = "roamguard-part-4f1c2a7e9b";
        return print_version(client.send("POST", "/v1/tariffs/versions", form_of(read_directory(directory), boundary),
                                         "multipart/form-data; boundary=" + boundary),
                             remote, "uploaded");
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}

int tariffs_approve(const Remote& remote, const TariffStep& step) {
    return print_version(take_step(remote, step, "approve", json::object()), remote, "approved");
}

int tariffs_publish(const Remote& remote, const TariffStep& step, const std::string& effective_at) {
    json body = json::object();
    if (!effective_at.empty()) body["effectiveAt"] = effective_at;
    return print_version(take_step(remote, step, "publish", std::move(body)), remote, "published");
}

int tariffs_rollback(const Remote& remote, const std::string& version, const std::string& reason) {
    json body = {{"reason", reason}};
    try {
        std::size_t used = 0;
        body["to"] = std::stoi(version, &used);
        if (used != version.size()) throw std::invalid_argument(version);
    } catch (const std::logic_error&) {
        std::cerr << "a version is a number, not " << version << "\n";
        return 2;
    }
    notifications::Client client(remote.url, remote.key);
    return print_version(client.send("POST", "/v1/tariffs/rollback", body.dump(), "application/json"), remote,
                         "rolled back:");
}

int tariffs_list(const Remote& remote) {
    notifications::Client client(remote.url, remote.key);
    const notifications::Reply reply = client.send("GET", "/v1/tariffs/versions");
    if (!good(reply)) return complain(reply, remote);
    if (remote.json) {
        std::cout << reply.body << "\n";
        return 0;
    }
    const json answer = json::parse(reply.body);
    for (const json& version : answer["items"]) {
        std::cout << version.value("version", 0) << "\t" << version.value("state", "") << "\t"
                  << (version["effectiveAt"].is_string() ? version["effectiveAt"].get<std::string>() : "-") << "\t"
                  << version.value("createdBy", "");
        if (version.value("inForce", false)) std::cout << "\tin force";
        std::cout << "\n";
    }
    return 0;
}

}  // namespace roamguard::commands
