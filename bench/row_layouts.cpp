// Which row layout should the SQLite store have? Replays the same events through each candidate schema and prints a
// markdown table. An event rewrites its customer's state, appends evidence and remembers its id for duplicates; one in
// two touches a session, one in fifty owes a message. Rounds are interleaved and rotated, so that a noisy machine
// disturbs every layout alike; compare the medians with each other, never with another day's.
//
//   bench_row_layouts [--customers N] [--commit N] [--events N] [--history N] [--rounds N] [--page N] [--cache MIB]
//                     [--only LETTERS] [--limit SECONDS] [--dir FOLDER]

#include <fcntl.h>
#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Options {
    std::int64_t customers = 200'000;
    std::int64_t commit = 64;     // events in one transaction
    std::int64_t events = 8'000;  // measured per layout and round
    std::int64_t history = 1;     // events a customer already has when the measurement begins
    std::int64_t rounds = 5;
    std::int64_t page = 4096;
    std::int64_t cache = 64;   // MiB
    std::int64_t limit = 130;  // seconds; no second or later round begins after it
    std::string only;          // letters of the layouts to run, empty for all
    std::string dir = std::filesystem::temp_directory_path().string();
};

constexpr std::int64_t kCheckpointBytes = 4 << 20;
constexpr std::int64_t kTimelineEntries = 100;
constexpr std::int64_t kTalkative = 50;  // customers whose evidence is long enough for the timeline
constexpr std::int64_t kSessions = 3;    // sessions a customer's events choose from

// One candidate: SQL with fixed parameter numbers, so that one loop drives them all.
//   add, store        ?1 customer  ?2 state
//   load              ?1 customer
//   evidence          ?1 customer  ?2 number  ?3 previous row  ?4 body
//   session           ?1 customer  ?2 number  ?3 body
//   find, remember    ?1 key  ?2 its first 8 bytes as an integer  ?3 customer  ?4 body hash  ?5 result  ?6 day
//   timeline          ?1 customer  ?2 newest row
struct Layout {
    char letter;
    const char* what;
    std::string schema;
    std::string add, load, store, evidence, session, find, remember;
    std::string remember_earlier;  // for the older half of the history; empty: as `remember`
    std::string timeline;
    std::string retire;     // forgets the older half of the history; empty where no statement can do it in bulk
    std::size_t pad = 1;    // states are padded to a multiple of it: an update of equal length stays in its page
    std::int64_t page = 0;  // page_size if not that of --page
};

std::vector<Layout> candidates() {
    const std::string outbox =
        "CREATE TABLE outbox(id INTEGER PRIMARY KEY, cid INTEGER, due INTEGER, finished INTEGER, body BLOB);"
        "CREATE INDEX outbox_due ON outbox(due) WHERE finished IS NULL;";
    const std::string seen =
        "CREATE TABLE seen(key BLOB PRIMARY KEY, body_hash BLOB, cid INTEGER, result BLOB, day INTEGER) WITHOUT ROWID;";
    const std::string log = "CREATE TABLE evidence(id INTEGER PRIMARY KEY, cid INTEGER, prev INTEGER, body BLOB);";

    Layout a;
    a.letter = 'A';
    a.what = "three random trees: state, evidence by (customer, number), duplicates";
    a.schema = outbox + seen +
               "CREATE TABLE customer(id INTEGER PRIMARY KEY, state BLOB);"
               "CREATE TABLE evidence(cid INTEGER, n INTEGER, body BLOB, PRIMARY KEY(cid, n)) WITHOUT ROWID;"
               "CREATE TABLE session(cid INTEGER, n INTEGER, body BLOB, PRIMARY KEY(cid, n)) WITHOUT ROWID;";
    a.add = "INSERT INTO customer VALUES(?1, ?2)";
    a.load = "SELECT state FROM customer WHERE id = ?1";
    a.store = "UPDATE customer SET state = ?2 WHERE id = ?1";
    a.evidence = "INSERT INTO evidence VALUES(?1, ?2, ?4)";
    a.session = "INSERT INTO session VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET body = excluded.body";
    a.find = "SELECT body_hash, result FROM seen WHERE key = ?1";
    a.remember = "INSERT INTO seen VALUES(?1, ?4, ?3, ?5, ?6)";
    a.timeline = "SELECT body FROM evidence WHERE cid = ?1 ORDER BY n DESC LIMIT 100";
    a.retire = "DELETE FROM seen WHERE day = 0";

    Layout b = a;
    b.letter = 'B';
    b.what = "state by rowid, evidence a log chained by `prev`, duplicates a random tree";
    b.schema = outbox + seen + log +
               "CREATE TABLE customer(id INTEGER PRIMARY KEY, state BLOB);"
               "CREATE TABLE session(cid INTEGER, n INTEGER, body BLOB, PRIMARY KEY(cid, n)) WITHOUT ROWID;";
    b.evidence = "INSERT INTO evidence(cid, prev, body) VALUES(?1, ?3, ?4)";
    b.timeline =
        "WITH RECURSIVE chain(prev, body, depth) AS (SELECT prev, body, 1 FROM evidence WHERE id = ?2 UNION ALL "
        "SELECT e.prev, e.body, depth + 1 FROM chain JOIN evidence AS e ON e.id = chain.prev WHERE depth < 100) "
        "SELECT body FROM chain";

    Layout c = b;
    c.letter = 'C';
    c.what = "state and sessions in one tree (customer, kind, name), evidence a log, duplicates a random tree";
    const std::string item =
        "CREATE TABLE item(cid INTEGER, kind INTEGER, name, body BLOB, PRIMARY KEY(cid, kind, name)) WITHOUT ROWID;";
    c.schema = outbox + seen + log + item;
    c.add = "INSERT INTO item VALUES(?1, 0, 0, ?2)";
    c.load = "SELECT body FROM item WHERE cid = ?1 AND kind = 0 AND name = 0";
    c.store = "UPDATE item SET body = ?2 WHERE cid = ?1 AND kind = 0 AND name = 0";
    c.session = "INSERT INTO item VALUES(?1, 1, ?2, ?3) ON CONFLICT DO UPDATE SET body = excluded.body";

    Layout d = b;
    d.letter = 'D';
    d.what = "as B, duplicates in two generations";
    const std::string generations =
        "CREATE TABLE seen_0(key BLOB PRIMARY KEY, body_hash BLOB, cid INTEGER, result BLOB) WITHOUT ROWID;"
        "CREATE TABLE seen_1(key BLOB PRIMARY KEY, body_hash BLOB, cid INTEGER, result BLOB) WITHOUT ROWID;";
    d.schema = outbox + log + generations +
               "CREATE TABLE customer(id INTEGER PRIMARY KEY, state BLOB);"
               "CREATE TABLE session(cid INTEGER, n INTEGER, body BLOB, PRIMARY KEY(cid, n)) WITHOUT ROWID;";
    d.find =
        "SELECT body_hash, result FROM seen_1 WHERE key = ?1 UNION ALL "
        "SELECT body_hash, result FROM seen_0 WHERE key = ?1";
    d.remember = "INSERT INTO seen_1 VALUES(?1, ?4, ?3, ?5)";
    d.remember_earlier = "INSERT INTO seen_0 VALUES(?1, ?4, ?3, ?5)";
    d.retire = "DELETE FROM seen_0";

    Layout e = b;
    e.letter = 'E';
    e.what = "as B, duplicates a log with an index on 8 bytes of the hash";
    e.schema = outbox + log +
               "CREATE TABLE customer(id INTEGER PRIMARY KEY, state BLOB);"
               "CREATE TABLE session(cid INTEGER, n INTEGER, body BLOB, PRIMARY KEY(cid, n)) WITHOUT ROWID;"
               "CREATE TABLE seen(id INTEGER PRIMARY KEY, head INTEGER, key BLOB, body_hash BLOB, cid INTEGER, "
               "result BLOB, day INTEGER); CREATE INDEX seen_head ON seen(head);";
    e.find = "SELECT body_hash, result FROM seen WHERE head = ?2 AND key = ?1";
    e.remember = "INSERT INTO seen(head, key, body_hash, cid, result, day) VALUES(?2, ?1, ?4, ?3, ?5, ?6)";

    Layout f = c;
    f.letter = 'F';
    f.what = "as C, duplicates in the same tree (customer, hash): cannot see an id reused by another customer";
    f.schema = outbox + log + item;
    f.find = "SELECT body FROM item WHERE cid = ?3 AND kind = 2 AND name = ?1";
    f.remember = "INSERT INTO item VALUES(?3, 2, ?1, CAST(?4 || ?5 AS BLOB))";
    f.retire.clear();

    Layout g = d;
    g.letter = 'G';
    g.what = "state and sessions in one rowid tree (customer * 256 + slot), evidence a log, two generations";
    g.schema = outbox + log + generations + "CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB);";
    g.add = "INSERT INTO item VALUES(?1 << 8, ?2)";
    g.load = "SELECT body FROM item WHERE id = ?1 << 8";
    g.store = "UPDATE item SET body = ?2 WHERE id = ?1 << 8";
    g.session = "INSERT INTO item VALUES((?1 << 8) + 1 + ?2, ?3) ON CONFLICT DO UPDATE SET body = excluded.body";

    Layout h = g;
    h.letter = 'H';
    h.what = "as G, each generation a log with an index on 8 bytes of the hash";
    h.schema = outbox + log +
               "CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB);"
               "CREATE TABLE seen_0(head INTEGER, key BLOB, body_hash BLOB, cid INTEGER, result BLOB);"
               "CREATE TABLE seen_1(head INTEGER, key BLOB, body_hash BLOB, cid INTEGER, result BLOB);"
               "CREATE INDEX seen_0_head ON seen_0(head); CREATE INDEX seen_1_head ON seen_1(head);";
    h.find =
        "SELECT body_hash, result FROM seen_1 WHERE head = ?2 AND key = ?1 UNION ALL "
        "SELECT body_hash, result FROM seen_0 WHERE head = ?2 AND key = ?1";
    h.remember = "INSERT INTO seen_1 VALUES(?2, ?1, ?4, ?3, ?5)";
    h.remember_earlier = "INSERT INTO seen_0 VALUES(?2, ?1, ?4, ?3, ?5)";

    Layout i = g;
    i.letter = 'I';
    i.what = "as G, states padded to a multiple of 128 bytes";
    i.pad = 128;

    Layout j = i;
    j.letter = 'J';
    j.what = "as I, page_size 2048";
    j.page = 2048;

    return {a, b, c, d, e, f, g, h, i, j};
}

// A connection. Throws std::runtime_error with SQLite's own words. One per thread.
class Database {
public:
    Database(const std::string& path, int flags) {
        const int rc = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
        if (rc != SQLITE_OK) fail();
    }
    ~Database() { sqlite3_close_v2(db_); }
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    [[nodiscard]] sqlite3* raw() const { return db_; }
    [[noreturn]] void fail() const { throw std::runtime_error(sqlite3_errmsg(db_)); }
    void run(const std::string& sql) {
        if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
    }

private:
    sqlite3* db_ = nullptr;
};

// A prepared statement, bound by position and reused. A parameter that the layout's SQL does not have is skipped.
class Statement {
public:
    Statement(const Database& db, const std::string& sql) : db_(db) {
        if (sqlite3_prepare_v3(db.raw(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &stmt_, nullptr) != SQLITE_OK)
            db.fail();
    }
    ~Statement() { sqlite3_finalize(stmt_); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(int at, std::int64_t value) {
        if (at <= sqlite3_bind_parameter_count(stmt_) && sqlite3_bind_int64(stmt_, at, value) != SQLITE_OK) db_.fail();
        return *this;
    }
    Statement& bind(int at, std::string_view blob) {
        if (at <= sqlite3_bind_parameter_count(stmt_) &&
            sqlite3_bind_blob(stmt_, at, blob.data(), static_cast<int>(blob.size()), SQLITE_STATIC) != SQLITE_OK)
            db_.fail();
        return *this;
    }
    void run() { (void)rows(nullptr); }
    // Steps through the result and returns the number of rows; `first`, if given, receives the last row's column 0.
    std::int64_t rows(std::string* first) {
        std::int64_t count = 0;
        int rc = 0;
        while ((rc = sqlite3_step(stmt_)) == SQLITE_ROW) {
            ++count;
            const auto* bytes = static_cast<const char*>(sqlite3_column_blob(stmt_, 0));
            const auto size = static_cast<std::size_t>(sqlite3_column_bytes(stmt_, 0));
            if (first != nullptr && size > 0) first->assign(bytes, size);
        }
        sqlite3_reset(stmt_);
        if (rc != SQLITE_DONE) db_.fail();
        return count;
    }

private:
    const Database& db_;
    sqlite3_stmt* stmt_ = nullptr;
};

std::int64_t number(Database& db, const std::string& sql) {
    std::string text;
    if (Statement(db, sql).rows(&text) != 1) throw std::runtime_error("no answer to " + sql);
    return std::stoll(text);  // column_blob gives the text form of an integer
}

void require(Database& db, const std::string& pragma, std::int64_t value) {
    db.run("PRAGMA " + pragma + "=" + std::to_string(value));
    if (number(db, "PRAGMA " + pragma) != value) throw std::runtime_error("pragma " + pragma + " did not take");
}

// Bytes this process has given to write calls so far: WAL and checkpoints alike.
std::int64_t written_bytes() {
    std::ifstream io("/proc/self/io");
    for (std::string key; io >> key;) {
        std::int64_t value = 0;
        io >> value;
        if (key == "wchar:") return value;
    }
    throw std::runtime_error("/proc/self/io has no wchar");
}

// CPU time of this process, its system calls included: what a busy neighbour hardly changes.
double cpu_us() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

// The head of a state blob. The rest of it is filler.
struct Head {
    std::int64_t entries = 0;
    std::int64_t newest = 0;  // rowid of the newest evidence entry
};

struct Figures {
    std::vector<double> events_per_s;
    std::vector<double> cpu_us;     // per event
    std::vector<double> commit_ms;  // COMMIT alone
    std::vector<double> turn_ms;    // BEGIN to COMMIT, and the checkpoint if one was due
    std::int64_t events = 0, wal_bytes = 0, written = 0, grown = 0;
    double timeline_ms = 0, timeline_cold_ms = 0, retire_ms = -1;
};

// One layout with its file: fills it, replays events, reads timelines.
class Candidate {
public:
    Candidate(Layout layout, const Options& options, const std::filesystem::path& folder)
        : layout_(std::move(layout)),
          options_(options),
          page_(layout_.page > 0 ? layout_.page : options.page),
          path_(folder / (std::string("layout_") + layout_.letter)) {}

    void fill() {
        open();
        require(*db_, "page_size", page_);
        require(*db_, "cache_size", -(std::int64_t{2} << 20));  // the history is not measured: let it be quick
        db_->run("PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF;" + layout_.schema);
        prepare();
        db_->run("BEGIN");
        for (std::int64_t cid = 0; cid < options_.customers; ++cid) {
            add_->bind(1, cid).bind(2, with_head(Head{}, filler(640, 160))).run();
            session_->bind(1, cid).bind(2, std::int64_t{0}).bind(3, filler(60)).run();
        }
        const std::int64_t total = options_.history * options_.customers;
        // Spread over the whole history, so that a chained timeline is as scattered as it would be in life.
        talk_every_ = std::max<std::int64_t>(1, total / (kTalkative * (kTimelineEntries + 20)));
        auto* current = remember_.get();
        for (std::int64_t done = 0; done < total; done += options_.commit) {
            day_ = done < total / 2 ? 0 : 1;
            remember_now_ = day_ == 0 && remember_earlier_ ? remember_earlier_.get() : current;
            apply(draw(options_.commit));
        }
        db_->run("COMMIT");  // one transaction, or each would write most of the file again
        talk_every_ = 0;
    }

    void begin_measuring() {
        close();
        open();
        db_->run("PRAGMA journal_mode=WAL");
        require(*db_, "synchronous", 2);
        require(*db_, "wal_autocheckpoint", 0);
        require(*db_, "cache_size", -options_.cache * 1024);
        if (number(*db_, "PRAGMA page_size") != page_) throw std::runtime_error("page_size did not take");
        sqlite3_wal_hook(db_->raw(), &Candidate::on_commit, this);
        prepare();
        remember_now_ = remember_.get();
        replay(options_.events / 4);
        figures_ = Figures{};
        pages_before_ = number(*db_, "PRAGMA page_count");
    }

    void round() {
        const auto start = Clock::now();
        const double cpu = cpu_us();
        const std::int64_t written = written_bytes();
        replay(options_.events);
        figures_.events_per_s.push_back(static_cast<double>(options_.events) / ms_since(start) * 1000);
        figures_.cpu_us.push_back((cpu_us() - cpu) / static_cast<double>(options_.events));
        figures_.written += written_bytes() - written;
    }

    Figures finish() {
        checkpoint();
        figures_.grown = (number(*db_, "PRAGMA page_count") - pages_before_) * page_;
        figures_.timeline_cold_ms = timeline(true);
        figures_.timeline_ms = timeline(false);
        Figures result = figures_;  // before retiring, whose WAL is not that of the events
        if (!layout_.retire.empty()) {
            const auto start = Clock::now();
            db_->run(layout_.retire);
            checkpoint();
            result.retire_ms = ms_since(start);
        }
        close();
        return result;
    }

    [[nodiscard]] const Layout& layout() const { return layout_; }

private:
    struct Event {
        std::int64_t cid;
        std::string key;
        std::string state;
    };

    void replay(std::int64_t events) {
        for (std::int64_t done = 0; done < events; done += options_.commit) {
            auto batch = draw(std::min(options_.commit, events - done));
            figures_.events += static_cast<std::int64_t>(batch.size());
            const auto turn = Clock::now();
            db_->run("BEGIN IMMEDIATE");
            apply(std::move(batch));
            const auto commit = Clock::now();
            commit_->run();
            figures_.commit_ms.push_back(ms_since(commit));
            if (wal_pages_ * page_ >= kCheckpointBytes) checkpoint();
            figures_.turn_ms.push_back(ms_since(turn));
        }
    }

    // As the engine does it: load all, decide in memory, write all, in the order of the customers.
    void apply(std::vector<Event> batch) {
        for (auto& event : batch) {
            if (load_->bind(1, event.cid).rows(&event.state) != 1) throw std::runtime_error("a customer is missing");
            if (find_->bind(1, event.key).bind(2, first8(event.key)).bind(3, event.cid).rows(nullptr) != 0)
                throw std::runtime_error("a random id was seen before");
        }
        for (auto& event : batch) {
            Head head;
            std::memcpy(&head, event.state.data(), sizeof head);
            evidence_->bind(1, event.cid).bind(2, ++head.entries).bind(3, head.newest).bind(4, filler(460, 80)).run();
            head.newest = sqlite3_last_insert_rowid(db_->raw());
            store_->bind(1, event.cid).bind(2, with_head(head, filler(640, 160))).run();
            remember_now_->bind(1, event.key).bind(2, first8(event.key)).bind(3, event.cid);
            remember_now_->bind(4, std::string_view(event.state).substr(16, 16)).bind(5, filler(20)).bind(6, day_);
            remember_now_->run();
            if (random_() % 2 == 0) session_->bind(1, event.cid).bind(2, below(kSessions)).bind(3, filler(60)).run();
            if (random_() % 50 == 0)
                outbox_->bind(1, event.cid).bind(2, below(1'000'000'000)).bind(3, filler(400)).run();
        }
    }

    // Different customers, sorted; during the history some of them are the talkative ones.
    std::vector<Event> draw(std::int64_t count) {
        std::unordered_set<std::int64_t> customers;
        while (static_cast<std::int64_t>(customers.size()) < count) {
            const bool talk = talk_every_ > 0 && ++drawn_ % talk_every_ == 0;
            customers.insert(talk ? talkative(drawn_ / talk_every_ % kTalkative) : below(options_.customers));
        }
        std::vector<Event> batch;
        for (const auto cid : customers)
            batch.push_back({cid, std::string(filler(16)), {}});
        std::sort(batch.begin(), batch.end(), [](const Event& x, const Event& y) { return x.cid < y.cid; });
        return batch;
    }

    void checkpoint() {
        int log = 0;
        int done = 0;
        if (sqlite3_wal_checkpoint_v2(db_->raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &log, &done) != SQLITE_OK)
            db_->fail();
        if (log != done) throw std::runtime_error("a checkpoint stayed behind without a reader");
        wal_pages_ = 0;
    }

    static int on_commit(void* self, sqlite3*, const char*, int pages) {
        auto& me = *static_cast<Candidate*>(self);
        me.figures_.wal_bytes += (pages - me.wal_pages_) * (me.page_ + 24);  // 24: a frame's header
        me.wal_pages_ = pages;
        return SQLITE_OK;
    }

    // Milliseconds for one timeline of 100 entries by a fresh reader; cold: the file is not in the system's cache.
    double timeline(bool cold) {
        if (cold) {
            const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
            if (file < 0 || ::fsync(file) != 0 || ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0)
                throw std::runtime_error("cannot empty the cache of " + path_);
            ::close(file);
        }
        std::vector<double> took;
        for (std::int64_t i = 0; i < kTalkative; ++i) {
            Database reader(path_, SQLITE_OPEN_READONLY);
            Statement load(reader, layout_.load);
            Statement read(reader, layout_.timeline);
            const auto start = Clock::now();
            std::string state;
            if (load.bind(1, talkative(i)).rows(&state) != 1) throw std::runtime_error("a customer is missing");
            Head head;
            std::memcpy(&head, state.data(), sizeof head);
            if (read.bind(1, talkative(i)).bind(2, head.newest).rows(nullptr) != kTimelineEntries)
                throw std::runtime_error("a timeline is shorter than it should be");
            took.push_back(ms_since(start));
        }
        std::nth_element(took.begin(), took.begin() + kTalkative / 2, took.end());
        return took[kTalkative / 2];
    }

    void open() { db_ = std::make_unique<Database>(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE); }

    void close() {
        for (auto* statement : statements())
            statement->reset();
        db_.reset();
    }

    void prepare() {
        const std::array<std::string, 10> sql{
            layout_.add,      layout_.load,
            layout_.store,    layout_.evidence,
            layout_.session,  layout_.find,
            layout_.remember, layout_.remember_earlier,
            "COMMIT",         "INSERT INTO outbox(cid, due, body) VALUES(?1, ?2, ?3)"};
        const auto all = statements();
        for (std::size_t i = 0; i < sql.size(); ++i)
            if (!sql[i].empty()) *all[i] = std::make_unique<Statement>(*db_, sql[i]);
    }

    std::array<std::unique_ptr<Statement>*, 10> statements() {
        return {&add_,    &load_,  &store_, &evidence_, &session_, &find_, &remember_, &remember_earlier_,
                &commit_, &outbox_};
    }

    // Random bytes that stay valid until the pool turns round, some 1 MiB later.
    std::string_view filler(std::int64_t size, std::int64_t spread = 0) {
        const auto length = static_cast<std::size_t>(size + (spread > 0 ? below(spread) : 0));
        if (pool_.empty() || pool_at_ + length > pool_.size()) {
            pool_.resize(1 << 20);
            for (std::size_t i = 0; i < pool_.size(); i += 8) {
                const std::uint64_t word = random_();
                std::memcpy(pool_.data() + i, &word, sizeof word);
            }
            pool_at_ = 0;
        }
        pool_at_ += length;
        return std::string_view(pool_).substr(pool_at_ - length, length);
    }

    std::string_view with_head(Head head, std::string_view rest) {
        state_.resize(sizeof head);
        std::memcpy(state_.data(), &head, sizeof head);
        state_.append(rest);
        state_.resize((state_.size() + layout_.pad - 1) / layout_.pad * layout_.pad);
        return state_;
    }

    static std::int64_t first8(const std::string& key) {
        std::int64_t head = 0;
        std::memcpy(&head, key.data(), sizeof head);
        return head;
    }

    std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n)); }
    [[nodiscard]] std::int64_t talkative(std::int64_t i) const { return i * (options_.customers / kTalkative); }

    Layout layout_;
    const Options& options_;
    std::int64_t page_;
    std::string path_;
    std::unique_ptr<Database> db_;
    std::unique_ptr<Statement> add_, load_, store_, evidence_, session_, find_, remember_, remember_earlier_, commit_,
        outbox_;
    Statement* remember_now_ = nullptr;
    std::mt19937_64 random_{20240229};  // the same events for every layout
    std::string pool_, state_;
    std::size_t pool_at_ = 0;
    std::int64_t day_ = 1, drawn_ = 0, talk_every_ = 0, wal_pages_ = 0, pages_before_ = 0;
    Figures figures_;
};

double quantile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

void print(const Layout& layout, const Figures& f) {
    const auto per_event = [&](std::int64_t bytes) {
        return static_cast<double>(bytes) / static_cast<double>(f.events);
    };
    const std::string retire = f.retire_ms < 0 ? "n/a" : std::to_string(static_cast<std::int64_t>(f.retire_ms));
    std::printf("| %c | %s | %.0f | %.0f | %.0f | %.0f | %.1f | %.1f | %.0f | %.2f | %.1f | %s |\n", layout.letter,
                layout.what, quantile(f.events_per_s, 0.5), quantile(f.cpu_us, 0.5), per_event(f.wal_bytes),
                per_event(f.written), quantile(f.commit_ms, 0.99), quantile(f.turn_ms, 0.99), per_event(f.grown),
                f.timeline_ms, f.timeline_cold_ms, retire.c_str());
}

Options parse(int argc, char** argv) {
    Options options;
    const auto integer = [&](std::string_view flag) -> std::int64_t* {
        if (flag == "--customers") return &options.customers;
        if (flag == "--commit") return &options.commit;
        if (flag == "--events") return &options.events;
        if (flag == "--history") return &options.history;
        if (flag == "--rounds") return &options.rounds;
        if (flag == "--page") return &options.page;
        if (flag == "--cache") return &options.cache;
        if (flag == "--limit") return &options.limit;
        return nullptr;
    };
    for (int i = 1; i < argc; i += 2) {
        const std::string_view flag = argv[i];
        if (i + 1 == argc) throw std::invalid_argument("no value for " + std::string(flag));
        if (flag == "--only") {
            options.only = argv[i + 1];
        } else if (flag == "--dir") {
            options.dir = argv[i + 1];
        } else if (auto* value = integer(flag); value != nullptr && std::atoll(argv[i + 1]) > 0) {
            *value = std::atoll(argv[i + 1]);
        } else {
            throw std::invalid_argument("cannot use " + std::string(flag) + " " + argv[i + 1]);
        }
    }
    if (options.customers < 1000 || options.commit > 4096 || options.history * options.customers < 20'000)
        throw std::invalid_argument("wants 1000 customers, 20000 earlier events and at most 4096 events to a commit");
    return options;
}

// A folder of its own, removed with everything in it.
struct Folder {
    std::string path;
    explicit Folder(const std::string& parent) : path(parent + "/row_layouts.XXXXXX") {
        if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a folder in " + parent);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
};

void compare(const Options& options) {
    const auto start = Clock::now();
    const Folder folder(options.dir);
    std::vector<std::unique_ptr<Candidate>> field;
    for (auto& layout : candidates())
        if (options.only.empty() || options.only.find(layout.letter) != std::string::npos)
            field.push_back(std::make_unique<Candidate>(layout, options, folder.path));
    if (field.empty()) throw std::invalid_argument("--only names no layout");
    for (auto& candidate : field) {
        // A busy machine must not stretch the run: what cannot be filled in half the time is left out, and said.
        const bool late = candidate != field.front() && ms_since(start) > static_cast<double>(options.limit) * 500;
        if (!late) candidate->fill();
        std::fprintf(stderr, "%s %c, %.0f s\n", late ? "left out, for want of time:" : "filled",
                     candidate->layout().letter, ms_since(start) / 1000);
        if (late) candidate.reset();
    }
    field.erase(std::remove(field.begin(), field.end(), nullptr), field.end());
    ::sync();  // or the history's pages are written back during the first rounds
    for (auto& candidate : field)
        candidate->begin_measuring();
    std::int64_t rounds = 0;
    for (; rounds == 0 || (rounds < options.rounds && ms_since(start) < static_cast<double>(options.limit) * 1000);
         ++rounds) {
        for (std::size_t i = 0; i < field.size(); ++i)
            field[(i + static_cast<std::size_t>(rounds)) % field.size()]->round();
        std::fprintf(stderr, "round %lld, %.0f s\n", static_cast<long long>(rounds + 1), ms_since(start) / 1000);
    }
    std::printf(
        "%lld customers, %lld earlier events each, %lld events a commit, page_size %lld, cache %lld MiB, "
        "median of %lld rounds of %lld events, SQLite %s.\n\n",
        static_cast<long long>(options.customers), static_cast<long long>(options.history),
        static_cast<long long>(options.commit), static_cast<long long>(options.page),
        static_cast<long long>(options.cache), static_cast<long long>(rounds), static_cast<long long>(options.events),
        sqlite3_libversion());
    std::puts(
        "| | layout | events/s | CPU us/event | WAL B/event | all writes B/event | p99 COMMIT ms | p99 turn ms | grown "
        "B/event | "
        "timeline ms | cold timeline ms | retire half of the history ms |\n"
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (auto& candidate : field)
        print(candidate->layout(), candidate->finish());
}

}  // namespace

int main(int argc, char** argv) try {
    compare(parse(argc, argv));
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "row_layouts: %s\n", error.what());
    return 1;
}
