#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <fstream>

#include "service/engine/evidence.h"
#include "service/storage/codec.h"
#include "service/storage/transfer.h"
#include "tests/storage/rows.h"

using namespace roamguard;
using namespace roamguard::storage;
using testing::Home;
using testing::Kind;
using testing::psql;

// A whole store is moved into another one, of the same engine or the other.

namespace {

const char* const tables[] = {"customer", "alias",   "session",        "seen",        "evidence",     "message",
                              "rejected", "finding", "tariff_version", "tariff_file", "tariff_audit", "api_key"};

/// Every row of a database as SQL would write it, asked of SQLite itself.
std::string dump(const std::string& file) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
    std::string all;
    for (const std::string table : tables) {
        sqlite3_stmt* statement = nullptr;
        REQUIRE(sqlite3_prepare_v2(db, ("SELECT * FROM " + table + " ORDER BY 1,2").c_str(), -1, &statement, nullptr) ==
                SQLITE_OK);
        all += "== " + table + "\n";
        while (sqlite3_step(statement) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(statement); ++i) {
                const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, i));
                const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
                all += std::to_string(sqlite3_column_type(statement, i)) + ":" +
                       std::string(bytes ? bytes : "", bytes ? size : 0) + "|";
            }
            all += "\n";
        }
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
    return all;
}

void run_sql(const Home& home, const std::string& sql) {
    if (home.kind() == Kind::postgres) {
        (void)psql(home.url(), sql);
        return;
    }
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(home.file().c_str(), &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
}

/// Something of everything, with gaps in the row numbers, chains that are linked across each other, and every byte
/// where bytes may stand.
Delta something_of_everything(int customers) {
    Delta delta;
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte)
        bytes += static_cast<char>(byte);
    std::int64_t row = 3;
    std::vector<protection::CustomerState> states(static_cast<std::size_t>(customers));
    for (int entry = 0; entry < 4; ++entry)
        for (int i = 0; i < customers; ++i, row += 2)
            delta.evidence.push_back(engine::seal(states[static_cast<std::size_t>(i)], 10 * i + 7, std::string(32, 'k'),
                                                  row, Instant{entry + 1000}, "event",
                                                  R"({"n":)" + std::to_string(i + entry) + "}"));
    for (int i = 0; i < customers; ++i) {
        const CustomerId id = 10 * i + 7;
        CustomerRow made = customer(id, encode(states[static_cast<std::size_t>(i)]));
        if (i % 3 == 0) made.wake = Instant{i};
        delta.customers.push_back(made);
        const std::string n = std::to_string(i);
        delta.aliases.push_back({"m:+9990000" + n, id, Instant{i}});
        delta.aliases.push_back({"c:кто-" + n, id, Instant{i}});
        delta.sessions.push_back({id, 0, bytes, Instant{i}});
        delta.sessions.push_back({id, INT64_MAX - i, "", Instant{i}});
        SeenRow taken = seen(static_cast<std::uint8_t>(i), id);
        taken.key[15] = static_cast<std::uint8_t>(i >> 8 & 0xff);
        taken.key[3] = 0;
        taken.result = bytes;
        delta.seen.push_back(taken);
        MessageRow one = message(4 * i + 2, "n-" + n, id);
        one.text = "Olá 🙂 " + n;
        one.state = static_cast<MessageState>(i % 6);
        one.leased = i % 4 == 0;
        if (i % 2) one.due.reset();
        if (i % 5 == 0) one.confirm_by = Instant{i};
        one.question = i % 7 ? "" : "q-" + n;
        delta.messages.push_back(one);
        delta.rejected.push_back({5 * i + 1, Instant{i}, "/s", "e", "t", "c", "d", "[]", "{" + bytes.substr(0, 200)});
        delta.findings.push_back({i % 2 ? "mismatch" : "unpriced", "key-" + n, id, Instant{i}, "{}", false, 6 * i + 4});
    }
    delta.versions = {{1, "published", Instant{5}, Instant{4}, "a", "b", "", "d1"},
                      {2, "draft", std::nullopt, Instant{6}, "a", "", "n", "d2", 1, "b", "looks right", Instant{7}, 1}};
    for (int step = 1; step < 40; ++step)
        delta.audit.push_back({step,
                               Instant{step},
                               step % 3,
                               "approved",
                               "ann",
                               "Prüfung",
                               "d1",
                               "{}",
                               {static_cast<std::uint8_t>(step), 0, 255}});
    delta.files = {{1, {{"tariffs.csv", "a,b\n"}, {"fx.csv", ""}, {"zones.csv", bytes}}}, {2, {{"tariffs.csv", "x"}}}};
    delta.keys = {{"k-1", "admin", "x", std::string(32, '\xff'), Instant{1}, std::nullopt},
                  {"k-2", "care", "y", std::string(32, '\0'), Instant{2}, Instant{3}}};
    return delta;
}

void fill(const Home& home, int customers = 40) {
    auto store = home.open();
    store->commit(something_of_everything(customers));
}

TransferOptions options_for(const Home& from, int batch = 20) {
    TransferOptions options;
    options.source = from.url();
    options.batch = batch;
    options.chain = [](const CustomerRow& row, const std::vector<EvidenceRow>& chain) -> std::optional<std::string> {
        const auto fault = engine::verify(chain, decode_state(row.state), row.key);
        return fault ? std::optional(fault->sentence) : std::nullopt;
    };
    return options;
}

TransferReport move(const Home& from, const Home& to, const TransferOptions& options) {
    const auto source = open_store(from.url(), Opening::read);
    const auto target = open_store(to.url(), Opening::receive);
    return transfer(*source, *target, options);
}
TransferReport move(const Home& from, const Home& to) { return move(from, to, options_for(from)); }

std::string refusal(const Home& from, const Home& to) {
    return sentence_of<TransferRefused>([&] { (void)move(from, to); });
}

struct Interrupted : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A move that ends at some step, as a process that is killed would.
void move_until(const Home& from, const Home& to, const std::function<bool(const TransferProgress&)>& end) {
    TransferOptions options = options_for(from);
    options.progress = [&end](const TransferProgress& progress) {
        if (end(progress)) throw Interrupted("the process ends");
    };
    CHECK_THROWS_AS(move(from, to, options), Interrupted);
}
void move_a_little(const Home& from, const Home& to, int steps) {
    move_until(from, to, [&steps](const TransferProgress&) { return --steps == 0; });
}

}  // namespace

TEST_CASE("a store that was moved to the other engine and back has the same rows") {
    const Home first(Kind::sqlite), between(EACH_ENGINE()), last(Kind::sqlite);
    fill(first);
    const TransferReport there = move(first, between);
    CHECK(there.rows == std::array<std::int64_t, table_count>{40, 80, 80, 40, 160, 40, 40, 40, 2, 4, 39, 2});
    CHECK(there.heads == 40);
    CHECK(there.chains == 40);
    CHECK(there.faults.empty());
    CHECK_FALSE(there.resumed);
    (void)move(between, last);
    CHECK(dump(last.file()) == dump(first.file()));
}

TEST_CASE("after a move new ids and rows are above the moved ones") {
    const Home from(Kind::sqlite), to(EACH_ENGINE());
    fill(from);
    (void)move(from, to);
    auto store = to.open();
    CHECK(store->reserve(Sequence::customer, 1) > 10 * 39 + 7);
    CHECK(store->reserve(Sequence::evidence, 1) > 3 + 2 * 159);
    CHECK(store->reserve(Sequence::message, 1) > 4 * 39 + 2);
    Delta delta;
    delta.rejected = {{0, Instant{1}, "/s", "new", "t", "c", "d", "[]", ""}};
    delta.findings = {{"mismatch", "new", 7, Instant{1}, "{}", false}};
    store->commit(delta);
    CHECK(store->read_rejected({}).front().event_id == "new");
    CHECK(store->read_findings("mismatch", {}).front().second.key == "new");
}

TEST_CASE("a move that ended in the middle goes on where it was, and until then the target may not be used") {
    const Home from(EACH_ENGINE());  // a generator is known by its line
    const Home to(EACH_ENGINE());
    const Home last(Kind::sqlite), straight(Kind::sqlite);
    fill(from);
    move_a_little(from, to, 3);
    CHECK(sentence_of<StoreUnavailable>([&] {
              (void)to.open();
          }).find("a migration into it, from " + from.url() + ", is unfinished") != std::string::npos);
    for (int steps : {20, 40, 60, 75, 110})
        move_a_little(from, to, steps % 37 + 2);
    const TransferReport report = move(from, to);
    CHECK(report.resumed);
    CHECK(report.rows[static_cast<std::size_t>(Table::evidence)] == 160);
    (void)move(to, last);
    (void)move(from, straight);
    CHECK(dump(last.file()) == dump(straight.file()));
    CHECK(to.open()->read_customers(0, 100).size() == 40);
}

TEST_CASE("a target that holds a store, or another one's unfinished move, is refused and left as it is") {
    const Kind kind = EACH_ENGINE();
    const Home from(Kind::sqlite), other(Kind::sqlite), used(kind), begun(kind);
    fill(from);
    fill(other, 3);
    fill(used, 2);
    CHECK(refusal(from, used) == "the target holds a store already (it has customers): name an empty one");
    CHECK(used.open()->read_customers(0, 100).size() == 2);
    move_a_little(other, begun, 3);
    CHECK(refusal(from, begun).find("the unfinished migration of another store, " + other.url()) != std::string::npos);
    (void)move(other, begun);
    CHECK(begun.open()->read_customers(0, 100).size() == 3);
}

TEST_CASE("a source that changed between two runs is noticed, whether its counts tell or not") {
    const Home from(Kind::sqlite), to(EACH_ENGINE());
    fill(from);
    move_a_little(from, to, 30);
    const auto [sql, said] = GENERATE(table<std::string, std::string>(
        {{"DELETE FROM rejected WHERE row=1", "it had 40 rejected then and has 39 now"},
         {"UPDATE customer SET wake=123456 WHERE id=7", "its customers differ (40 rows, 40 were copied)"}}));
    run_sql(from, sql);
    const std::string sentence = refusal(from, to);
    CHECK(sentence.find("the source has changed since the migration began") == 0);
    CHECK(sentence.find(said) != std::string::npos);
    CHECK_THROWS_AS(to.open(), StoreUnavailable);
}

TEST_CASE("a row of the target that is not as it was copied is noticed") {
    const Home from(Kind::sqlite), to(EACH_ENGINE());
    fill(from);
    move_until(from, to, [](const TransferProgress& at) { return at.doing == TransferProgress::Doing::compare; });
    run_sql(to, "UPDATE message SET text='other' WHERE row=2");
    CHECK(refusal(from, to).find("the target does not hold what was copied") == 0);
    CHECK_THROWS_AS(to.open(), StoreUnavailable);
}

TEST_CASE("chains that were broken in the source are moved as they are and named") {
    const Home from(EACH_ENGINE()), to(Kind::sqlite);
    fill(from, 5);
    run_sql(from, from.kind() == Kind::sqlite ? "UPDATE evidence SET body=x'00' WHERE row=5"
                                              : "UPDATE evidence SET body='\\x00' WHERE row=5");
    run_sql(from, "DELETE FROM evidence WHERE row=41");
    const TransferReport report = move(from, to);
    REQUIRE(report.faults.size() == 3);
    std::string all;
    for (const std::string& fault : report.faults)
        all += fault + "\n";
    CHECK(all.find("customer 17: entry 1 does not match its hash") != std::string::npos);
    CHECK(all.find("customer 47: the newest entry is missing") != std::string::npos);
    CHECK(to.open()->read_customers(0, 100).size() == 5);
}

TEST_CASE("a store that is read to be moved is not changed") {
    const Home from(Kind::sqlite), to(Kind::sqlite);
    fill(from);
    { auto store = from.open(); }  // a start takes leases back
    const auto bytes_of = [&] {
        std::ifstream in(from.file(), std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const std::string before = bytes_of();
    (void)move(from, to);
    CHECK(bytes_of() == before);
    const auto source = open_store(from.url(), Opening::read);
    Delta delta;
    delta.customers = {customer(1, "x")};
    CHECK_THROWS(source->commit(delta));
}

TEST_CASE("a text that PostgreSQL does not take becomes what it does take, and is no difference") {
    const Home from(Kind::sqlite), to(EACH_ENGINE());
    {
        auto store = from.open();
        Delta delta;
        delta.rejected = {{0, Instant{4}, "/s", std::string("a\0b", 3), "\xff", "code", "detail", "[]", "{}"}};
        store->commit(delta);
    }
    (void)move(from, to);
    const RejectedRow row = to.open()->read_rejected({}).front();
    CHECK(row.event_id.front() == 'a');
    CHECK(row.event_id.back() == 'b');
}

TEST_CASE("what is no store, or of another schema, is no source") {
    const Home nothing(EACH_ENGINE());
    CHECK(sentence_of<StoreUnavailable>([&] { (void)open_store(nothing.url(), Opening::read); }) !=
          "nothing was thrown");
    const Home older(Kind::sqlite);
    { auto store = older.open(); }
    run_sql(older, "PRAGMA user_version=1");
    CHECK(sentence_of<StoreUnavailable>([&] {
              (void)open_store(older.url(), Opening::read);
          }).find("it has schema 1, this program's is 3: let `roamguard serve` of this program start on it once") !=
          std::string::npos);
}
