#include <catch2/catch.hpp>

#include <atomic>
#include <cstring>
#include <thread>

#include "data/embedded.h"
#include "service/storage/postgres_connection.h"
#include "tests/storage/rows.h"

using namespace roamguard;
using namespace roamguard::storage;
using testing::Home;
using testing::Kind;
using testing::psql;

// What is true of the engine that several instances share.

namespace {

CustomerRow made(CustomerId id) { return customer(id, "made"); }

/// As an administrator, or a server that goes down, ends every connection to the database.
void cut_connections(const Home& home) {
    (void)psql(home.server(),
               "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname='" + home.database() + "'");
}

}  // namespace

TEST_CASE("two instances that make the same new customer end as one customer and one conflict") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto a = home.open(), b = home.open();
    Wants wants;
    wants.aliases = {"m:+447700900001"};
    CHECK_FALSE(a->gather(wants).aliases.front());
    CHECK_FALSE(b->gather(wants).aliases.front());
    const auto delta_of = [](Store& store) {
        Delta delta;
        const CustomerId id = store.reserve(Sequence::customer, 1);
        delta.customers = {made(id)};
        delta.aliases = {{"m:+447700900001", id, Instant{1}}};
        return delta;
    };
    a->commit(delta_of(*a));
    CHECK_THROWS_AS(b->commit(delta_of(*b)), StoreConflict);
    const auto found = b->gather(wants);
    REQUIRE(found.aliases.front());
    CHECK(found.customers.size() == 1);
    b->abandon();
    CHECK(a->read_customers(0, 10).size() == 1);
}

TEST_CASE("a customer under work is waited for, and what is read then is the newest") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto a = home.open(), b = home.open();
    Delta first;
    first.customers = {customer(1, "first")};
    first.aliases = {{"c:one", 1, Instant{1}}};
    a->commit(first);
    Wants wants;
    wants.aliases = {"c:one"};
    wants.keys = {seen(3, 1).key};
    (void)a->gather(wants);
    std::optional<Loaded> late;
    std::thread waits([&] { late = b->gather(wants); });
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    Delta second;
    second.customers = {customer(1, "second")};
    second.seen = {seen(3, 1)};
    a->commit(second);
    waits.join();
    b->abandon();
    REQUIRE(late);
    CHECK(late->customers.front().state == "second");
    CHECK(late->seen.front());
}

TEST_CASE("an alias that moved while its customer was waited for is a conflict") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto a = home.open(), b = home.open();
    Delta first;
    first.customers = {customer(1, "a"), customer(2, "b")};
    first.aliases = {{"k:sub", 1, Instant{1}}};
    a->commit(first);
    Wants wants;
    wants.aliases = {"k:sub"};
    (void)a->gather(wants);
    bool conflict = false;
    std::thread waits([&] {
        try {
            (void)b->gather(wants);
        } catch (const StoreConflict&) {
            conflict = true;
        }
        b->abandon();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    Delta moved;
    moved.aliases = {{"k:sub", 2, Instant{2}, AliasRow::Was::taken}};
    a->commit(moved);
    waits.join();
    CHECK(conflict);
    CHECK(look(*b, wants).customers.front().state == "b");
}

TEST_CASE("two instances that wait for each other's customers are parted as a conflict, not for ever") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto a = home.open(), b = home.open();
    Delta first;
    first.customers = {customer(1, "a"), customer(2, "b")};
    a->commit(first);
    const auto hold = [](Store& store, CustomerId id) {
        Wants wants;
        wants.customers = {id};
        (void)store.gather(wants);
    };
    hold(*a, 1);
    hold(*b, 2);
    std::atomic<int> conflicts{0};
    const auto cross = [&](Store& store, CustomerId id) {
        try {
            hold(store, id);
        } catch (const StoreConflict&) {
            ++conflicts;
        }
        store.abandon();
    };
    std::thread one([&] { cross(*a, 2); }), other([&] { cross(*b, 1); });
    one.join();
    other.join();
    CHECK(conflicts == 1);
}

TEST_CASE("of two instances that take the same version number or publish the same draft one is a conflict") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto a = home.open(), b = home.open();
    Delta draft;
    draft.versions = {{1, "draft", std::nullopt, Instant{5}, "ann", "", "", "d1"}};
    draft.files = {{1, {{"tariffs", "x"}}}};
    a->commit(draft);
    draft.files = {{1, {{"other", "y"}}}};
    CHECK_THROWS_AS(b->commit(draft), StoreConflict);
    CHECK(a->read_files(1).size() == 1);
    Delta published;
    published.versions = {{1, "published", Instant{7}, Instant{5}, "ann", "bob", "", "d1"}};
    a->commit(published);
    published.versions.front().published_by = "eve";
    CHECK_THROWS_AS(b->commit(published), StoreConflict);
    CHECK(b->read_versions().front().published_by == "bob");
}

TEST_CASE("of two instances that take a step of the tariff work at once one is a conflict and changes nothing") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto a = home.open(), b = home.open();
    Delta first;
    first.versions = {{1, "draft", std::nullopt, Instant{5}, "ann", "", "", "d1"}};
    first.files = {{1, {{"tariffs", "x"}}}};
    first.audit = {{1, Instant{5}, 1, "uploaded", "ann", "", "d1", "", {}}};
    a->commit(first);
    Delta second;
    second.versions = {{2, "draft", std::nullopt, Instant{5}, "eve", "", "", "d2"}};
    second.files = {{2, {{"tariffs", "x"}}}};
    second.audit = {{1, Instant{5}, 2, "uploaded", "eve", "", "d2", "", {}}};
    CHECK_THROWS_AS(b->commit(second), StoreConflict);
    CHECK(b->read_versions().size() == 1);
    CHECK(b->read_audit(0, {}).at(0).who == "ann");
}

TEST_CASE("what one instance publishes is news to the others, with and without notifications") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto a = home.open(), b = home.open();
    Delta key;
    key.keys = {{"k-1", "care", "desk", std::string(32, '\x01'), Instant{6}, std::nullopt}};
    bool told = false;
    const auto begin = std::chrono::steady_clock::now();
    std::thread waits([&] { told = b->wait_for_news(std::chrono::seconds(10)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    a->commit(key);
    waits.join();
    CHECK(told);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(900));  // told, not asked for
    CHECK_FALSE(b->wait_for_news(std::chrono::milliseconds(20)));
    (void)psql(home.url(), "UPDATE news SET counter=counter+1");  // as where a database has no NOTIFY
    CHECK(b->wait_for_news(std::chrono::seconds(3)));
    cut_connections(home);
    a->maintain();
    (void)psql(home.url(), "UPDATE news SET counter=counter+1");
    bool again = false;
    for (int i = 0; i < 5 && !again; ++i)
        again = b->wait_for_news(std::chrono::milliseconds(500));
    CHECK(again);
}

TEST_CASE("after its connections were cut the store works on by itself") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto store = home.open();
    Delta delta;
    delta.customers = {customer(1, "one")};
    delta.aliases = {{"c:one", 1, Instant{1}}};
    store->commit(delta);
    CHECK(store->read_alias("c:one"));
    cut_connections(home);
    CHECK(store->read_alias("c:one"));  // a reader tries once more
    Wants wants;
    wants.aliases = {"c:one"};
    CHECK(store->gather(wants).customers.size() == 1);  // nothing was done yet: a new connection begins
    cut_connections(home);                              // now its locks are gone
    Delta second;
    second.customers = {customer(1, "two")};
    CHECK_THROWS_AS(store->commit(second), StoreUnavailable);
    CHECK(store->read_customer(1)->state == "one");
    store->abandon();
    CHECK(store->gather(wants).customers.size() == 1);
    store->commit(second);
    CHECK(store->read_customer(1)->state == "two");
    (void)store->gather(wants);
    cut_connections(home);
    wants.aliases = {"c:two"};
    CHECK_THROWS_AS(store->gather(wants), StoreUnavailable);  // in the middle of a batch it is never begun anew
    store->abandon();
    CHECK(store->due_customers(Instant{1}, 10).empty());
}

TEST_CASE("a batch costs three round trips whatever its size") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto store = home.open();
    for (int size : {1, 1, 300, 300}) {
        const std::int64_t before = postgres::Connection::round_trips();
        Wants wants;
        for (int i = 1; i <= size; ++i) {
            wants.aliases.push_back("c:" + std::to_string(i));
            Digest key{};
            std::memcpy(key.data(), &i, sizeof i);
            wants.keys.push_back(key);
            wants.sessions.emplace_back(wants.aliases.back(), i);
        }
        const Loaded loaded = store->gather(wants);
        Delta delta;
        for (int i = 1; i <= size; ++i) {
            delta.customers.push_back(customer(i, "s"));
            if (!loaded.aliases[static_cast<std::size_t>(i - 1)])
                delta.aliases.push_back({wants.aliases[static_cast<std::size_t>(i - 1)], i, Instant{1}});
            delta.sessions.push_back({i, i, "x", Instant{1}});
        }
        store->commit(delta);
        CHECK(postgres::Connection::round_trips() - before == 3);
    }
}

TEST_CASE("instances that start at once on an empty database make the schema once") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    std::vector<std::thread> threads;
    std::atomic<int> opened{0};
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            try {
                (void)home.open();
                ++opened;
            } catch (const std::exception& error) {
                WARN(error.what());
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(opened == 4);
    CHECK(psql(home.url(), "SELECT version FROM schema_version") == "3");
}

TEST_CASE("instances that start at once on an old schema bring it forward once, also while somebody reads a table") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    const auto& files = data::embedded_files();
    (void)psql(home.url(), std::string(files.at("service/storage/schema/postgres/0001_first.sql")));
    (void)psql(home.url(), "CREATE TABLE schema_version (id BIGINT PRIMARY KEY, version BIGINT NOT NULL)");
    (void)psql(home.url(), "INSERT INTO schema_version VALUES (1, 1)");
    postgres::Connection reader(home.url(), postgres::Connection::Use::move);
    (void)reader.run("BEGIN");
    (void)reader.run("SELECT count(*) FROM message");
    std::vector<std::thread> threads;
    std::atomic<int> opened{0};
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            try {
                (void)home.open();
                ++opened;
            } catch (const std::exception& error) {
                WARN(error.what());
            }
        });
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));  // longer than a lock is waited for at once
    CHECK(opened == 0);
    (void)reader.run("COMMIT");
    for (std::thread& thread : threads)
        thread.join();
    CHECK(opened == 4);
    CHECK(psql(home.url(), "SELECT version FROM schema_version") == "3");
}

TEST_CASE("a newer schema, a server that is not there and one that takes no text are refused by name") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    { auto store = home.open(); }
    (void)psql(home.url(), "UPDATE schema_version SET version=99");
    CHECK(sentence_of<StoreUnavailable>([&] { (void)home.open(); }) ==
          "the database " + postgres::masked(home.url()) +
              " cannot be used: it has schema 99, this program knows 3: run the newer program, or restore a backup "
              "made before it");
    const std::string away =
        sentence_of<StoreUnavailable>([] { (void)open_store("postgresql://roamguard:secret@127.0.0.1:1/roamguard"); });
    CHECK(away.find("cannot connect to the database postgresql://roamguard:***@127.0.0.1:1/roamguard: ") == 0);
    CHECK(away.find("secret") == std::string::npos);
}

TEST_CASE("a database that does not make commits durable is told to") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    (void)psql(home.server(), "ALTER DATABASE " + home.database() + " SET synchronous_commit=off");
    auto store = home.open();
    Delta delta;
    delta.customers = {customer(1, "one")};
    store->commit(delta);
    CHECK(store->read_customer(1));
}

TEST_CASE("text the database cannot hold is kept as near to it as it can be") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto store = home.open();
    Delta delta;
    const std::string odd("a\0b\xff\xc3\xa9\xed\xa0\x80\xf0\x9f\x99", 12);
    delta.rejected = {{0, Instant{4}, "/s", odd, "t", "code", "detail", "[]", odd}};
    store->commit(delta);
    const std::string lost = "\xef\xbf\xbd";
    CHECK(store->read_rejected({}).front().event_id ==
          "a" + lost + "b" + lost + "\xc3\xa9" + lost + lost + lost + lost + lost + lost);
    CHECK(store->read_rejected({}).front().body == odd);
}

TEST_CASE("readers share sixteen connections, however many they are") {
    if (!testing::with_postgres()) return;
    const Home home(Kind::postgres);
    auto store = home.open();
    std::vector<std::thread> threads;
    std::atomic<int> done{0};
    for (int i = 0; i < 60; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 20; ++n)
                store->ping();
            ++done;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(done == 60);
    CHECK(std::stoi(psql(home.server(),
                         "SELECT count(*) FROM pg_stat_activity WHERE datname='" + home.database() + "'")) <= 18);
}
