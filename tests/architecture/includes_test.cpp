#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const fs::path root = ROAMGUARD_SOURCE_DIR;

struct Include {
    std::string from, to;  ///< paths from the root
};

std::vector<std::string> sources_in(const std::string& folder) {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
        const std::string extension = entry.path().extension().string();
        if (extension == ".cpp" || extension == ".h") files.push_back(fs::relative(entry.path(), root).string());
    }
    return files;
}

std::vector<Include> includes_of(const std::string& folder) {
    static const std::regex line_of(R"re(^\s*#include\s+([<"])([^>"]+)[>"])re");
    std::vector<Include> includes;
    for (const std::string& file : sources_in(folder)) {
        std::ifstream stream(root / file);
        for (std::string line; std::getline(stream, line);) {
            std::smatch match;
            if (std::regex_search(line, match, line_of)) includes.push_back({file, match[2]});
        }
    }
    return includes;
}

/// What may not be included from a folder; each prefix with the reason told on failure.
struct Wall {
    std::string folder;
    std::vector<std::string> forbidden;
};

const std::vector<Wall> walls = {
    {"geoip", {"tariffs/", "notifications/", "service/"}},
    {"tariffs", {"notifications/", "service/"}},
    {"notifications", {"service/"}},
    // The rules are pure: no storage, no HTTP, no JSON, no engine, no clock, no log.
    {"service/protection",
     {"service/storage/", "service/http/", "service/engine/", "service/commands/", "service/json/", "nlohmann/",
      "httplib", "sqlite3", "spdlog/", "chrono", "iostream", "random"}},
    {"service/engine", {"service/http/", "service/commands/", "httplib", "sqlite3"}},
    {"service/storage", {"service/http/", "service/engine/", "service/commands/", "httplib", "nlohmann/"}},
    {"service/intake",
     {"service/http/", "service/engine/", "service/storage/", "service/commands/", "httplib", "sqlite3"}},
    {"service/customers",
     {"service/http/", "service/engine/", "service/storage/", "service/commands/", "httplib", "sqlite3"}},
};

}  // namespace

TEST_CASE("the includes keep the arrows between the rooms") {
    for (const Wall& wall : walls) {
        const std::vector<Include> includes = includes_of(wall.folder);
        REQUIRE_FALSE(includes.empty());
        for (const Include& include : includes)
            for (const std::string& prefix : wall.forbidden) {
                INFO(include.from << " includes " << include.to);
                CHECK(include.to.rfind(prefix, 0) != 0);
            }
    }
}

TEST_CASE("only the HTTP server and client know the HTTP library") {
    for (const char* folder : {"service", "notifications", "tariffs", "geoip"})
        for (const Include& include : includes_of(folder))
            if (include.to == "httplib.h") {
                INFO(include.from);
                const bool client = include.from.rfind("notifications/http_client", 0) == 0;
                CHECK((client || include.from.rfind("service/http/", 0) == 0));
            }
}

TEST_CASE("the planted breach is found") {
    // The check must be able to fail: an include of service/ in geoip/ would break its wall.
    const Include planted{"geoip/place.cpp", "service/engine/engine.h"};
    bool found = false;
    for (const Wall& wall : walls)
        if (wall.folder == "geoip")
            for (const std::string& prefix : wall.forbidden)
                if (planted.to.rfind(prefix, 0) == 0) found = true;
    CHECK(found);
}

TEST_CASE("nothing in the sources names a path of the machine it was written on") {
    static const std::regex machine(R"((/home/[a-z]+/|/root/|/Users/))");
    for (const char* folder : {"service", "notifications", "tariffs", "geoip"})
        for (const std::string& file : sources_in(folder)) {
            std::ifstream stream(root / file);
            for (std::string line; std::getline(stream, line);) {
                INFO(file << ": " << line);
                CHECK_FALSE(std::regex_search(line, machine));
            }
        }
}
