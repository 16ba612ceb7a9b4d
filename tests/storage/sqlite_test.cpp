#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "data/embedded.h"
#include "tests/storage/rows.h"

namespace fs = std::filesystem;
using namespace roamguard;
using namespace roamguard::storage;
using testing::Home;
using testing::Kind;

// What is true of the embedded engine alone.

TEST_CASE("a second process on the same database is refused with a sentence that names the lock") {
    const Home home(Kind::sqlite);
    auto store = open_store(home.url());
    CHECK(sentence_of<StoreUnavailable>([&] { (void)open_store(home.url()); }) ==
          "another process holds the database " + home.file() + " (its lock file is " + home.file() + ".lock)");
}

TEST_CASE("a database of a newer schema is refused") {
    const Home home(Kind::sqlite);
    { auto store = open_store(home.url()); }
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(home.file().c_str(), &db) == SQLITE_OK);
    REQUIRE(sqlite3_exec(db, "PRAGMA user_version=99", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
    CHECK(sentence_of<StoreUnavailable>([&] { (void)open_store(home.url()); }) ==
          "the database " + home.file() +
              " cannot be used: it has schema 99, this program knows 3: run the newer program, or restore a backup "
              "made before it");
}

TEST_CASE("a file that is no database is refused and left as it was") {
    const Home home(Kind::sqlite);
    std::ofstream(home.file()) << std::string(8192, 'x');
    CHECK(sentence_of<StoreUnavailable>([&] { (void)open_store(home.url()); }).find("file is not a database") !=
          std::string::npos);
    CHECK(fs::file_size(home.file()) == 8192);
}

TEST_CASE("a lease of a process that is gone holds nothing back after the next start") {
    const Home home(Kind::sqlite);
    {
        auto store = open_store(home.url());
        Delta delta;
        MessageRow claimed = message(1, "n-1", 1), parked = message(2, "n-2", 1);
        claimed.attempts = 1;
        claimed.leased = true;
        claimed.due = Instant{61'000};
        parked.due.reset();
        delta.messages = {claimed, parked};
        store->commit(delta);
        CHECK(store->due_messages("sms", Instant{2000}, 10).empty());
    }
    auto store = open_store(home.url());
    CHECK(store->due_messages("sms", Instant{2000}, 10) == std::vector<std::int64_t>{1});
}

TEST_CASE("a database of the first schema is brought forward, and what was leased in it is due again") {
    const Home home(Kind::sqlite);
    {
        sqlite3* db = nullptr;
        REQUIRE(sqlite3_open(home.file().c_str(), &db) == SQLITE_OK);
        const std::string first(data::embedded_files().at("service/storage/schema/sqlite/0001_first.sql"));
        REQUIRE(sqlite3_exec(db, first.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
        REQUIRE(sqlite3_exec(db,
                             "PRAGMA user_version=1;"
                             "INSERT INTO message VALUES(1,'n-1',1,'+447700900123','welcome','sms','en','text','gsm7',"
                             "1,'welcome/en','h','queued',1,61000,'e-1','',0,0,'','',1000,99000,NULL,NULL);",
                             nullptr, nullptr, nullptr) == SQLITE_OK);
        sqlite3_close(db);
    }
    auto store = open_store(home.url());
    CHECK(store->due_messages("sms", Instant{2000}, 10) == std::vector<std::int64_t>{1});
    const auto row = store->read_message("n-1");
    REQUIRE(row);
    CHECK_FALSE(row->leased);
    CHECK(row->topic.empty());
    CHECK_FALSE(row->confirm_by);
}

TEST_CASE("a database with versions of the schema before is brought forward: they were compared with none") {
    const Home home(Kind::sqlite);
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(home.file().c_str(), &db) == SQLITE_OK);
    for (const char* name : {"0001_first.sql", "0002_edges.sql"}) {
        const std::string script(data::embedded_files().at(std::string("service/storage/schema/sqlite/") + name));
        REQUIRE(sqlite3_exec(db, script.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    }
    REQUIRE(sqlite3_exec(db,
                         "PRAGMA user_version=2;"
                         "INSERT INTO tariff_version VALUES(1,'published',7,5,'ann','bob','summer','d1');"
                         "INSERT INTO tariff_version VALUES(2,'draft',NULL,8,'ann','','','d2');",
                         nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
    auto store = open_store(home.url());
    const auto versions = store->read_versions();
    REQUIRE(versions.size() == 2);
    CHECK(versions[1].note == "summer");
    CHECK(versions[1].effective_at == std::optional(Instant{7}));
    CHECK(versions[0].state == "draft");
    CHECK(versions[0].base == 0);
    CHECK(versions[0].approved_by.empty());
    CHECK_FALSE(versions[0].approved_at);
    CHECK(store->read_audit(0, {}).empty());
}

TEST_CASE("a step of the tariff work is neither changed nor taken away, whoever writes the SQL") {
    const Home home(Kind::sqlite);
    {
        auto store = open_store(home.url());
        Delta delta;
        delta.audit = {{1, Instant{5}, 1, "published", "bob", "summer", "d1", "", {}}};
        store->commit(delta);
    }
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(home.file().c_str(), &db) == SQLITE_OK);
    for (const char* sql : {"UPDATE tariff_audit SET who='eve'", "DELETE FROM tariff_audit"}) {
        CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_CONSTRAINT);
        CHECK(std::string(sqlite3_errmsg(db)).find("a step of the tariff work is never") == 0);
    }
    sqlite3_close(db);
    CHECK(open_store(home.url())->read_audit(0, {}).at(0).who == "bob");
}
