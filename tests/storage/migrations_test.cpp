#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "data/embedded.h"

// While instances are upgraded one by one, the version before works on the schema of the version after. So a migration
// only adds what that one need not know, or says why nothing uses any more what it takes away.

namespace {

/// A statement in one line, and whether a comment line `-- contracts: …` stands right above it.
struct Statement {
    std::string text;
    bool explained = false;
};

std::vector<Statement> statements_of(const std::string& script) {
    std::vector<Statement> statements;
    Statement one;
    std::istringstream lines(script);
    for (std::string line; std::getline(lines, line);) {
        static const std::regex explanation(R"(\s*-- contracts: \S.*)");
        if (std::regex_match(line, explanation)) one.explained = true;
        line.erase(std::min(line.find("--"), line.size()));
        for (std::size_t from = 0;;) {
            const std::size_t end = line.find(';', from);
            one.text += " " + line.substr(from, end == std::string::npos ? end : end - from);
            if (end == std::string::npos) break;
            one.text = std::regex_replace(one.text, std::regex(R"(\s+)"), " ").substr(1);
            statements.push_back(std::exchange(one, {}));
            from = end + 1;
        }
    }
    return statements;
}

/// A version that does not know of it goes on as before: what it reads is there, and every row it writes is taken.
bool only_expands(const std::string& statement) {
    static const std::regex harmless(
        "CREATE (TABLE|SEQUENCE|INDEX) .*|INSERT INTO .*|ALTER TABLE \\w+ ADD COLUMN \\w+ .*", std::regex::icase);
    static const std::regex demanding(".* (NOT NULL|CHECK|REFERENCES|UNIQUE|GENERATED)\\b.*", std::regex::icase);
    static const std::regex filled("ALTER TABLE \\w+ ADD COLUMN \\w+ \\w+ NOT NULL DEFAULT \\S+", std::regex::icase);
    if (!std::regex_match(statement, harmless)) return false;
    const bool changes_a_table = statement.rfind("ALTER", 0) == 0;
    return !changes_a_table || !std::regex_match(statement, demanding) || std::regex_match(statement, filled);
}

std::vector<std::string> unexplained(const std::string& script) {
    std::vector<std::string> found;
    for (const Statement& one : statements_of(script))
        if (!only_expands(one.text) && !one.explained) found.push_back(one.text);
    return found;
}

}  // namespace

TEST_CASE(
    "a migration of PostgreSQL's schema leaves the version before at work, or says why nothing uses what it drops") {
    int checked = 0;
    for (const auto& [path, script] : roamguard::data::embedded_files()) {
        if (path.rfind("service/storage/schema/postgres/", 0) != 0) continue;
        if (path.find("/0001_") != std::string::npos) continue;  // there was nothing before it
        INFO(path);
        CHECK(unexplained(std::string(script)) == std::vector<std::string>{});
        ++checked;
    }
    CHECK(checked > 0);
}

TEST_CASE("what expands and what does not") {
    const std::pair<const char*, bool> table[] = {
        {"CREATE TABLE pass (id BIGINT PRIMARY KEY, name TEXT NOT NULL)", true},
        {"CREATE SEQUENCE pass_row", true},
        {"CREATE INDEX seen_customer ON seen (customer)", true},
        {"INSERT INTO news VALUES (2, 0)", true},
        {"ALTER TABLE message ADD COLUMN stage2 BIGINT", true},
        {"ALTER TABLE message ADD COLUMN topic TEXT NOT NULL DEFAULT ''", true},
        {"ALTER TABLE message ADD COLUMN topic TEXT NOT NULL", false},
        {"ALTER TABLE message ADD COLUMN topic TEXT UNIQUE", false},
        {"ALTER TABLE message ADD COLUMN stage2 INTEGER NOT NULL DEFAULT 0 CHECK (stage2 > 0)", false},
        {"CREATE UNIQUE INDEX seen_content ON seen (content)", false},
        {"ALTER TABLE message ALTER COLUMN stage TYPE BIGINT", false},
        {"ALTER TABLE message DROP COLUMN stage", false},
        {"ALTER TABLE message RENAME COLUMN stage TO step", false},
        {"DROP TABLE finding", false},
        {"DROP INDEX message_due", false},
        {"UPDATE message SET stage=1", false},
        {"DELETE FROM finding", false},
    };
    for (const auto& [statement, expands] : table) {
        INFO(statement);
        CHECK(only_expands(statement) == expands);
        CHECK(unexplained(std::string(statement) + ";").empty() == expands);
        CHECK(unexplained("-- contracts: nothing since 0.3 reads it.\n" + std::string(statement) + ";").empty());
    }
    const std::string two =
        "-- contracts: nothing since 0.3 reads it.\nDROP TABLE a;\nDROP TABLE b; -- contracts: late\n";
    CHECK(unexplained(two) == std::vector<std::string>{"DROP TABLE b"});
}

TEST_CASE("no statement on PostgreSQL depends on how many columns a table has") {
    // A newer version may have added some: `SELECT *` would bring them, and break what was prepared before.
    static const std::regex all_columns(R"(SELECT \*\s*FROM (?!unnest)|INSERT INTO \w+ (VALUES|SELECT)|\w\.\*)");
    CHECK(std::regex_search("SELECT * FROM seen", all_columns));
    CHECK_FALSE(std::regex_search("SELECT * FROM unnest($1)", all_columns));
    int read = 0;
    for (const auto& file : std::filesystem::directory_iterator(ROAMGUARD_SOURCE_DIR "/service/storage")) {
        if (file.path().filename().string().rfind("postgres", 0) != 0) continue;
        std::ifstream stream(file.path());
        std::string text((std::istreambuf_iterator<char>(stream)), {});
        text = std::regex_replace(text, std::regex("\"\\s*\""), "");  // literals that go on in the next line
        std::smatch found;
        INFO(file.path().filename().string());
        CHECK((std::regex_search(text, found, all_columns) ? found.str() : "") == "");
        ++read;
    }
    CHECK(read > 5);
}
