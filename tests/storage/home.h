#pragma once

#include <catch2/catch.hpp>

#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "service/storage/store.h"
#include "tests/storage/memory_store.h"

// Where a test keeps its store: each has one of its own, on either engine, that goes with it.
namespace roamguard::testing {

enum class Kind { sqlite, postgres, memory };

/// Both, so that one suite holds them to the same promises. PostgreSQL needs a server where databases may be made; by
/// hand it may be left out on purpose.
inline std::vector<Kind> all_kinds() {
    const char* only = std::getenv("ROAMGUARD_TEST_SQLITE_ONLY");
    if (only && std::string(only) == "1") return {Kind::sqlite};
    return {Kind::sqlite, Kind::postgres};
}
/// And the double that simulations run on: what it promises differently, they would prove wrongly.
inline std::vector<Kind> all_kinds_and_the_double() {
    std::vector<Kind> kinds = all_kinds();
    kinds.push_back(Kind::memory);
    return kinds;
}
/// Whether a test that is about PostgreSQL alone is to be run.
inline bool with_postgres() { return all_kinds().size() > 1; }

/// One statement, on a connection of its own, for what the seam does not offer. The first value, if any.
inline std::string psql(const std::string& url, const std::string& sql) {
    PGconn* db = PQconnectdb(url.c_str());
    PGresult* result = PQexec(db, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    const std::string fault = PQerrorMessage(db);
    const std::string value = status == PGRES_TUPLES_OK && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
    PQclear(result);
    PQfinish(db);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) FAIL("PostgreSQL: " << sql << ": " << fault);
    return value;
}

class Home {
public:
    explicit Home(Kind kind) : kind_(kind) {
        if (kind == Kind::sqlite) make_folder();
        if (kind == Kind::postgres) make_database();
    }
    ~Home() {
        if (!folder_.empty()) std::filesystem::remove_all(folder_);
        if (database_.empty()) return;
        PGconn* db = PQconnectdb(server_.c_str());
        PQclear(PQexec(db, ("DROP DATABASE IF EXISTS " + database_ + " WITH (FORCE)").c_str()));
        PQfinish(db);
    }
    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;

    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] const std::string& url() const { return url_; }
    /// The database's file; of SQLite only.
    [[nodiscard]] std::string file() const { return (folder_ / "r.db").string(); }
    [[nodiscard]] const std::string& database() const { return database_; }
    [[nodiscard]] const std::string& server() const { return server_; }
    [[nodiscard]] std::unique_ptr<storage::Store> open() const {
        return kind_ == Kind::memory ? open_memory(shelf_) : storage::open_store(url_);
    }

private:
    void make_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "roamguard-store-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
        url_ = "sqlite://" + file();
    }
    void make_database() {
        const char* server = std::getenv("ROAMGUARD_TEST_POSTGRES");
        if (!server)
            FAIL(
                "ROAMGUARD_TEST_POSTGRES must be the URL of a PostgreSQL server where databases may be made "
                "(scripts/postgres-for-tests start prints one), or ROAMGUARD_TEST_SQLITE_ONLY=1 leaves these tests "
                "out");
        server_ = server;
        static std::atomic<int> made{0};
        const std::string name = "rg_test_" + std::to_string(::getpid()) + "_" + std::to_string(++made);
        (void)psql(server_, "CREATE DATABASE " + name + " ENCODING 'UTF8' TEMPLATE template0");
        database_ = name;
        const std::size_t query = std::min(server_.find('?'), server_.size());
        const std::size_t slash = server_.find('/', server_.find("://") + 3);
        const std::size_t host_end = std::min(slash == std::string::npos ? query : slash, query);
        url_ = server_.substr(0, host_end) + "/" + database_ + server_.substr(query);
    }

    Kind kind_;
    std::string url_, server_, database_;
    std::filesystem::path folder_;
    std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

}  // namespace roamguard::testing

namespace Catch {
template <>
struct StringMaker<roamguard::testing::Kind> {
    static std::string convert(roamguard::testing::Kind kind) {
        using roamguard::testing::Kind;
        return kind == Kind::sqlite ? "SQLite" : kind == Kind::postgres ? "PostgreSQL" : "in memory";
    }
};
}  // namespace Catch

/// The engine under test; the test case runs once with each.
#define EACH_ENGINE() GENERATE(from_range(roamguard::testing::all_kinds()))
/// The double too.
#define EACH_STORE() GENERATE(from_range(roamguard::testing::all_kinds_and_the_double()))
