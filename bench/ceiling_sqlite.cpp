// The SQLite ceiling: commits the rows that the service commits for the same events, in batches of the same size, with
// the same settings, and does nothing else. Two copies of a database that the service made tell it everything: how many
// rows of each kind an event costs, how large they are, and how full the trees already are. So nothing that keeps this
// schema in SQLite is faster.
//
//   bench_ceiling_sqlite --db FILE --pattern FILE --batch EVENTS [--seconds 5]
//
// It writes into --db and learns from --pattern. EVENTS is the mean number of events in a commit and may be a fraction.
// Prints one line of JSON.

#include <sqlite3.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kCheckpointBytes = 4 << 20;
constexpr std::int64_t kTail = 10'000;  // latest evidence entries, which the rows of an event are learnt from

// A connection. Throws std::runtime_error with SQLite's own words. One per thread.
class Database {
public:
    explicit Database(const std::string& path) {
        if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
            fail("open " + path);
        for (const auto& [pragma, value] :
             {std::pair{"wal_autocheckpoint", 0}, {"mmap_size", 0}, {"cache_size", -65536}})
            set(pragma, value);
        run("PRAGMA synchronous=FULL");
        if (number("PRAGMA synchronous") != 2) throw std::runtime_error("synchronous=FULL did not take");
        sqlite3_wal_hook(db_, &Database::on_commit, this);
    }
    ~Database() { sqlite3_close_v2(db_); }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    void run(const std::string& sql) {
        if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
    }
    [[nodiscard]] std::int64_t number(const std::string& sql);
    // Moves the log into the file once it has grown by kCheckpointBytes.
    void checkpoint_if_due() {
        if (wal_bytes_ < kCheckpointBytes) return;
        if (sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr) != SQLITE_OK)
            fail("checkpoint");
        wal_bytes_ = 0;
        ++checkpoints;
    }
    [[noreturn]] void fail(const std::string& doing) const {
        throw std::runtime_error(doing.substr(0, 80) + ": " + sqlite3_errmsg(db_));
    }
    [[nodiscard]] sqlite3* raw() const { return db_; }

    std::int64_t checkpoints = 0;

private:
    void set(const std::string& pragma, std::int64_t value) {
        run(fmt::format("PRAGMA {}={}", pragma, value));
        if (number("PRAGMA " + pragma) != value) throw std::runtime_error("the pragma " + pragma + " did not take");
    }
    static int on_commit(void* self, sqlite3*, const char*, int pages) {
        constexpr std::int64_t frame = 4096 + 24;
        static_cast<Database*>(self)->wal_bytes_ = pages * frame;
        return SQLITE_OK;
    }

    sqlite3* db_ = nullptr;
    std::int64_t wal_bytes_ = 0;
};

// A prepared statement, bound by position and reused.
class Statement {
public:
    Statement(Database& db, const std::string& sql) : db_(db) {
        if (sqlite3_prepare_v3(db.raw(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &stmt_, nullptr) != SQLITE_OK)
            db.fail(sql);
    }
    ~Statement() { sqlite3_finalize(stmt_); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(int at, std::int64_t value) {
        sqlite3_bind_int64(stmt_, at, value);
        return *this;
    }
    Statement& text(int at, std::string_view value) {
        sqlite3_bind_text(stmt_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
        return *this;
    }
    Statement& blob(int at, std::string_view value) {
        sqlite3_bind_blob(stmt_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
        return *this;
    }
    Statement& value(int at, const sqlite3_value* value) {
        sqlite3_bind_value(stmt_, at, value);
        return *this;
    }
    [[nodiscard]] bool row() {
        const int rc = sqlite3_step(stmt_);
        if (rc == SQLITE_ROW) return true;
        if (rc != SQLITE_DONE) db_.fail("a statement");
        sqlite3_reset(stmt_);
        return false;
    }
    void reset() { sqlite3_reset(stmt_); }
    void run() {
        while (row()) {
        }
    }
    [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(stmt_, column); }
    void read(int column, std::string& into) const {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(stmt_, column));
        into.assign(bytes != nullptr ? bytes : "", static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column)));
    }
    [[nodiscard]] std::string bytes(int column) const {
        std::string all;
        read(column, all);
        return all;
    }
    [[nodiscard]] sqlite3_value* copy(int column) const {
        return sqlite3_value_dup(sqlite3_column_value(stmt_, column));
    }

private:
    Database& db_;
    sqlite3_stmt* stmt_ = nullptr;
};

std::int64_t Database::number(const std::string& sql) {
    Statement statement(*this, sql);
    if (!statement.row()) throw std::runtime_error("no answer to " + sql);
    return statement.integer(0);
}

constexpr int kMessageColumns = 25;
constexpr int kMessageRow = 1, kMessageId = 2, kMessageCustomer = 3, kMessageState = 13,
              kMessageDue = 15;  // parameters

// What the service wrote lately: the pattern of what is written here.
struct Pattern {
    std::vector<std::string> numbers;  // aliases of the customers
    std::vector<std::string> evidence, delivery, results, sessions;
    std::vector<std::vector<sqlite3_value*>> messages;
    double session_share = 0, message_share = 0;  // an event

    explicit Pattern(Database& db) {
        const std::int64_t first = db.number(fmt::format("SELECT max(row)-{} FROM evidence", kTail));
        const std::int64_t since = db.number(fmt::format("SELECT min(at) FROM evidence WHERE row>{}", first));
        column(db, "SELECT alias FROM alias WHERE alias>='m:' AND alias<'m;'", numbers);
        column(db, fmt::format("SELECT body FROM evidence WHERE row>{} AND kind='event'", first), evidence);
        column(db, fmt::format("SELECT body FROM evidence WHERE row>{} AND kind='delivery'", first), delivery);
        column(db, fmt::format("SELECT result FROM seen WHERE received>={}", since), results);
        column(db, fmt::format("SELECT body FROM session WHERE last>={}", since), sessions);
        Statement rows(db, fmt::format("SELECT * FROM message WHERE created>={}", since));
        while (rows.row()) {
            auto& message = messages.emplace_back();
            for (int i = 0; i < kMessageColumns; ++i)
                message.push_back(rows.copy(i));
        }
        if (numbers.empty() || evidence.empty() || results.empty())
            throw std::runtime_error("the database has no events to learn from");
        const auto events = static_cast<double>(evidence.size());
        session_share = static_cast<double>(sessions.size()) / events;
        message_share = delivery.empty() ? 0 : static_cast<double>(messages.size()) / events;
    }
    ~Pattern() {
        for (auto& message : messages)
            for (sqlite3_value* value : message)
                sqlite3_value_free(value);
    }
    Pattern(const Pattern&) = delete;
    Pattern& operator=(const Pattern&) = delete;

private:
    static void column(Database& db, const std::string& sql, std::vector<std::string>& into) {
        Statement statement(db, sql);
        while (statement.row())
            into.push_back(statement.bytes(0));
    }
};

// One event on its way through a commit.
struct Event {
    std::int64_t customer = 0, session = 0;
    std::string state, key, seen, content;
    bool has_session = false, has_message = false;
};
// A message in the outbox: first claimed, then noted as sent, each in a commit of its own.
struct Message {
    std::int64_t row = 0, customer = 0;
    std::size_t pattern = 0;
    std::string id;
};

class Replay {
public:
    Replay(Database& db, const Pattern& pattern, double batch)
        : db_(db),
          pattern_(pattern),
          batch_(batch),
          next_evidence_(db.number("SELECT max(row) FROM evidence") + 1),
          next_message_(db.number("SELECT ifnull(max(row),0) FROM message") + 1),
          now_ms_(db.number("SELECT max(at) FROM evidence")) {}

    // Returns how many events it committed.
    int commit_one() {
        owed_ += batch_;
        const int count = std::max(1, static_cast<int>(owed_));
        owed_ -= count;
        ++now_ms_;
        events_.resize(static_cast<std::size_t>(count));
        db_.run("BEGIN IMMEDIATE");
        for (Event& event : events_)
            read(event);
        for (Event& event : events_)
            write(event);
        deliver();
        db_.run("COMMIT");
        db_.checkpoint_if_due();
        return count;
    }

private:
    void read(Event& event) {
        const std::string& number = pattern_.numbers[random_() % pattern_.numbers.size()];
        find_alias_.text(1, number);
        if (!find_alias_.row()) throw std::runtime_error("an alias is gone");
        event.customer = find_alias_.integer(0);
        find_alias_.reset();
        load(event);
        fill(event.seen, 16);
        fill(event.content, 16);
        find_seen_.blob(1, event.seen).run();
        event.has_session = chance(pattern_.session_share);
        event.has_message = chance(pattern_.message_share);
        if (!event.has_session) return;
        // As many names as bench_load gives a customer; a product of odd constants spreads them like a digest.
        const std::uint64_t name = static_cast<std::uint64_t>(event.customer) * 4 + random_() % 3;
        event.session = static_cast<std::int64_t>(name * 0x9E3779B97F4A7C15u >> 1);
        find_session_.bind(1, event.customer).bind(2, event.session).run();
    }

    void load(Event& event) {
        load_customer_.bind(1, event.customer);
        if (!load_customer_.row()) throw std::runtime_error("a customer is gone");
        load_customer_.read(1, event.state);
        load_customer_.read(2, event.key);
        load_customer_.reset();
    }

    void write(Event& event) {
        write_customer(event);
        if (event.has_session)
            write_session_.bind(1, event.customer)
                .bind(2, event.session)
                .blob(3, any(pattern_.sessions))
                .bind(4, now_ms_)
                .run();
        write_seen_.blob(1, event.seen).blob(2, event.content).bind(3, event.customer).blob(4, any(pattern_.results));
        write_seen_.bind(5, now_ms_).run();
        write_evidence(event.customer, "event", any(pattern_.evidence));
        if (!event.has_message) return;
        std::string id;
        fill(id, 12);
        Message message{next_message_++, event.customer, random_() % pattern_.messages.size(),
                        fmt::format("{:02x}", fmt::join(id, ""))};
        write_message(message, "queued", now_ms_);
        fresh_.push_back(std::move(message));
    }

    void deliver() {
        for (const Message& message : claimed_) {
            write_message(message, "sent", std::nullopt);
            Event event;
            event.customer = message.customer;
            load(event);
            write_customer(event);
            write_evidence(message.customer, "delivery", any(pattern_.delivery));
        }
        for (const Message& message : waiting_)
            write_message(message, "queued", now_ms_ + 60'000);
        claimed_ = std::move(waiting_);
        waiting_ = std::move(fresh_);
        fresh_.clear();
    }

    void write_customer(Event& event) {
        // The sums and the end of the evidence change, the length hardly ever.
        for (std::size_t i = 0; i < std::min<std::size_t>(48, event.state.size()); ++i)
            event.state[event.state.size() - 1 - i] = static_cast<char>(random_());
        write_customer_.bind(1, event.customer).blob(2, event.state).blob(3, event.key).run();
    }

    void write_evidence(std::int64_t customer, std::string_view kind, const std::string& body) {
        fill(hash_, 32);
        write_evidence_.bind(1, next_evidence_)
            .bind(2, customer)
            .bind(3, 5)
            .bind(4, next_evidence_ / 2)
            .bind(5, now_ms_);
        write_evidence_.text(6, kind).blob(7, body).blob(8, hash_).run();
        ++next_evidence_;
    }

    void write_message(const Message& message, std::string_view state, std::optional<std::int64_t> due) {
        const auto& values = pattern_.messages[message.pattern];
        for (int i = 1; i <= kMessageColumns; ++i)
            write_message_.value(i, values[static_cast<std::size_t>(i - 1)]);
        write_message_.bind(kMessageRow, message.row)
            .text(kMessageId, message.id)
            .bind(kMessageCustomer, message.customer);
        write_message_.text(kMessageState, state);
        if (due)
            write_message_.bind(kMessageDue, *due);
        else
            write_message_.text(kMessageDue, {});
        write_message_.run();
    }

    [[nodiscard]] const std::string& any(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
    [[nodiscard]] bool chance(double share) { return static_cast<double>(random_() % 1'000'000) < share * 1e6; }
    void fill(std::string& bytes, std::size_t size) {
        bytes.resize(size);
        for (char& byte : bytes)
            byte = static_cast<char>(random_());
    }

    Database& db_;
    const Pattern& pattern_;
    double batch_, owed_ = 0;
    std::int64_t next_evidence_, next_message_, now_ms_;
    std::mt19937_64 random_{std::random_device{}()};
    std::vector<Event> events_;
    std::vector<Message> fresh_, waiting_, claimed_;
    std::string hash_;

    Statement find_alias_{db_, "SELECT customer FROM alias WHERE alias=?"};
    Statement load_customer_{db_, "SELECT id,state,key,wake FROM customer WHERE id=?"};
    Statement find_seen_{db_, "SELECT content,customer,result,received FROM seen WHERE key=?"};
    Statement find_session_{db_, "SELECT body,last FROM session WHERE customer=? AND session=?"};
    Statement write_customer_{db_, "UPDATE customer SET state=?2,key=?3 WHERE id=?1"};
    Statement write_session_{db_, "INSERT OR REPLACE INTO session(customer,session,body,last) VALUES(?,?,?,?)"};
    Statement write_seen_{db_, "INSERT INTO seen(key,content,customer,result,received) VALUES(?,?,?,?,?)"};
    Statement write_evidence_{
        db_, "INSERT INTO evidence(row,customer,number,previous,at,kind,body,hash) VALUES(?,?,?,?,?,?,?,?)"};
    Statement write_message_{
        db_, "INSERT OR REPLACE INTO message VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,nullif(?,''),?,?,?,?,?,?,?,?,?,?)"};
};

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void measure(const std::string& path, const std::string& pattern_path, double batch, double seconds) {
    Database db(path), learnt(pattern_path);
    const Pattern pattern(learnt);
    Replay replay(db, pattern, batch);
    std::vector<double> commit_ms;
    std::int64_t events = 0;
    const double cpu_before = cpu_seconds();
    const auto start = Clock::now();
    const auto since = [](Clock::time_point from) {
        return std::chrono::duration<double>(Clock::now() - from).count();
    };
    while (since(start) < seconds) {
        const auto begin = Clock::now();
        events += replay.commit_one();
        commit_ms.push_back(since(begin) * 1000);
    }
    const double took = since(start);
    std::sort(commit_ms.begin(), commit_ms.end());
    const auto percentile = [&](double share) {
        return commit_ms[static_cast<std::size_t>(share * static_cast<double>(commit_ms.size() - 1))];
    };
    std::puts(fmt::format(R"({{"events":{},"commits":{},"seconds":{:.3f},"events_per_s":{:.1f},"p50_ms":{:.3f},)"
                          R"("p99_ms":{:.3f},"cpu_s":{:.3f},"checkpoints":{},"sessions_per_event":{:.3f},)"
                          R"("messages_per_event":{:.4f}}})",
                          events, commit_ms.size(), took, static_cast<double>(events) / took, percentile(0.5),
                          percentile(0.99), cpu_seconds() - cpu_before, db.checkpoints, pattern.session_share,
                          pattern.message_share)
                  .c_str());
}

}  // namespace

int main(int argc, char** argv) try {
    std::string path, pattern;
    double batch = 0, seconds = 5;
    CLI::App app{"Commits what the service commits, and does nothing else."};
    app.add_option("--db", path, "copy of a database that the service made")->required();
    app.add_option("--pattern", pattern, "another copy, which stays as it is")->required();
    app.add_option("--batch", batch, "mean number of events in a commit")
        ->required()
        ->check(CLI::Range(1.0, 100'000.0));
    app.add_option("--seconds", seconds, "how long")->check(CLI::Range(0.1, 600.0));
    CLI11_PARSE(app, argc, argv);
    measure(path, pattern, batch, seconds);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "ceiling_sqlite: %s\n", error.what());
    return 1;
}
