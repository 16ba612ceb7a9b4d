#include <iostream>

#include "service/commands/remote.h"
#include "tariffs/csv.h"

namespace roamguard::commands {
namespace {

using nlohmann::json;

constexpr std::size_t lines_a_request = 500;

/// One profile to import, with where it stands in the file.
struct Line {
    int number = 0;
    std::string text;
};

/// A CSV cell as a profile member: `caps`, `payer`, `highCostPerMegabyte`, lists and truth values are JSON in the cell,
/// all else is text. An empty cell leaves the member out.
json member_of(const std::string& column, const std::string& cell) {
    static const std::vector<std::string> structured{"caps",     "payer",  "highCostPerMegabyte",
                                                     "channels", "optOut", "hold"};
    for (const std::string& name : structured)
        if (column == name) {
            json value = json::parse(cell, nullptr, false);
            return value.is_discarded() ? json(cell) : value;
        }
    return cell;
}

std::vector<Line> lines_of_csv(const std::string& bytes) {
    const tariffs::CsvFile file = tariffs::read_csv(bytes);
    if (!file.fault.empty()) throw std::runtime_error("line " + std::to_string(file.fault_line) + ": " + file.fault);
    std::vector<Line> lines;
    for (const tariffs::CsvRecord& record : file.records) {
        json profile = json::object();
        for (std::size_t i = 0; i < record.cells.size(); ++i) {
            const std::string column = i < file.header.size() ? file.header[i] : "column " + std::to_string(i + 1);
            if (!record.cells[i].empty()) profile[column] = member_of(column, record.cells[i]);
        }
        lines.push_back({record.line, profile.dump(-1, ' ', false, json::error_handler_t::replace)});
    }
    return lines;
}

std::vector<Line> lines_of_ndjson(const std::string& bytes) {
    std::vector<Line> lines;
    int number = 0;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
        ++number;
        const std::string text = bytes.substr(at, end - at);
        if (text.find_first_not_of(" \t\r") != std::string::npos) lines.push_back({number, text});
        at = end + 1;
    }
    return lines;
}

bool looks_like_csv(const std::string& path, const std::string& bytes) {
    if (path.size() > 4 && path.substr(path.size() - 4) == ".csv") return true;
    const std::size_t first = bytes.find_first_not_of(" \t\r\n");
    return first != std::string::npos && bytes[first] != '{';
}

}  // namespace

int subscribers_import(const Remote& remote, const std::string& file) {
    try {
        const std::string bytes = read_whole(file);
        const std::vector<Line> lines = looks_like_csv(file, bytes) ? lines_of_csv(bytes) : lines_of_ndjson(bytes);
        notifications::Client client(remote.url, remote.key, 120);
        std::int64_t imported = 0, rejected = 0;
        json all_errors = json::array();
        for (std::size_t at = 0; at < lines.size(); at += lines_a_request) {
            const std::size_t end = std::min(at + lines_a_request, lines.size());
            std::string body;
            for (std::size_t i = at; i < end; ++i)
                body += lines[i].text + "\n";
            const notifications::Reply reply = client.send("POST", "/v1/subscribers", body, "application/x-ndjson");
            if (!good(reply)) return complain(reply, remote);
            const json answer = json::parse(reply.body);
            imported += answer.value("imported", 0);
            rejected += answer.value("rejected", 0);
            for (json error : answer["errors"]) {
                error["line"] = lines[at + static_cast<std::size_t>(error.value("line", 1)) - 1].number;
                if (!remote.json)
                    std::cerr << file << ":" << error["line"] << " " << error.value("code", "") << ": "
                              << error.value("detail", "") << "\n";
                all_errors.push_back(std::move(error));
            }
            if (!remote.json) std::cerr << end << " of " << lines.size() << " lines\n";
        }
        if (remote.json)
            std::cout << json{{"imported", imported}, {"rejected", rejected}, {"errors", all_errors}}.dump(2) << "\n";
        else
            std::cout << imported << " imported, " << rejected << " rejected\n";
        return rejected == 0 ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << file << ": " << error.what() << "\n";
        return 1;
    }
}

}  // namespace roamguard::commands
