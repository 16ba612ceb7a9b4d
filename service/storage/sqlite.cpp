#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "data/embedded.h"
#include "service/storage/due.h"
#include "service/storage/engines.h"
#include "service/storage/folder_lock.h"
#include "service/storage/sqlite_rows.h"

namespace roamguard::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view migrations[] = {"0001_first.sql", "0002_edges.sql", "0003_tariff_steps.sql"};
constexpr int schema_version = std::size(migrations);
constexpr std::int64_t checkpoint_every_bytes = 4 << 20;
constexpr const char* entry_sql = "SELECT row,customer,number,previous,at,kind,body,hash FROM evidence WHERE row=?";

/// A settings value that SQLite took silently otherwise than asked would break the promise of a 2xx: read each back.
void set_and_check(Connection& db, const std::string& name, const std::string& value, std::int64_t expected) {
    db.execute("PRAGMA " + name + "=" + value);
    const std::int64_t got = db.pragma(name);
    if (got != expected)
        throw StoreUnavailable("the database refuses PRAGMA " + name + "=" + value + " (it says " +
                               std::to_string(got) + ")");
}

#define PEOPLE "(?6='' AND channel IN ('sms','app') OR channel=?6)"

/// Read-only connections, handed out one to a reader at a time.
class Readers {
public:
    static constexpr std::size_t most_idle = 32;  // each holds a page cache of its own
    explicit Readers(std::string path) : path_(std::move(path)) {}
    struct Lease {
        Readers& home;
        std::unique_ptr<Connection> connection;
        ~Lease() {
            const std::lock_guard lock(home.mutex_);
            if (home.idle_.size() < most_idle) home.idle_.push_back(std::move(connection));
        }
        Connection* operator->() const { return connection.get(); }
    };
    Lease take() {
        {
            const std::lock_guard lock(mutex_);
            if (!idle_.empty()) {
                std::unique_ptr<Connection> connection = std::move(idle_.back());
                idle_.pop_back();
                return {*this, std::move(connection)};
            }
        }
        auto connection = std::make_unique<Connection>(path_, Connection::Mode::reader);
        connection->execute("PRAGMA query_only=1");
        connection->execute("PRAGMA cache_size=-2000");
        return {*this, std::move(connection)};
    }

private:
    std::string path_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> idle_;
};

/// Exactly one connection writes and checkpoints (SQLite before 3.51.3 can damage a WAL that two connections write or
/// checkpoint at once); readers are read-only. Internally synchronised for readers; the first group is the engine's.
class Sqlite final : public Store {
public:
    Sqlite(const std::string& path, Opening opening)
        : lock_(path),
          writer_(path, opening == Opening::read ? Connection::Mode::reader : Connection::Mode::writer),
          readers_(path),
          path_(path) {
        try {
            if (opening == Opening::read) {
                require_schema();
                writer_.execute("BEGIN");
                return;
            }
            prepare_connection();
            apply_schema();
            sqlite3_wal_hook(writer_.handle(), &Sqlite::on_commit, this);
            if (opening == Opening::receive) return;
            if (const auto under_way = transfer()) throw StoreUnavailable(unfinished(*under_way));
            begin_work();
        } catch (const StoreDamaged& error) {
            throw StoreUnavailable("the database " + path + " is damaged, or no database of ours (" + error.what() +
                                   "): `roamguard restore BACKUP --store sqlite://" + path +
                                   " --replace` puts a backup in its place and keeps this one beside");
        } catch (const std::runtime_error& error) {
            throw StoreUnavailable("the database " + path + " cannot be used: " + error.what());
        }
    }

    Loaded gather(const Wants& wants) override {
        Loaded loaded;
        if (wants.empty()) return loaded;
        begin();
        loaded.seen.reserve(wants.keys.size());
        for (const Digest& key : wants.keys)
            loaded.seen.push_back(seen_of(key));
        std::set<CustomerId> customers(wants.customers.begin(), wants.customers.end());
        std::unordered_map<std::string_view, CustomerId> by_alias;
        loaded.aliases.reserve(wants.aliases.size());
        for (const std::string& alias : wants.aliases) {
            const auto found = loaded.aliases.emplace_back(alias_in(writer_, alias));
            if (!found) continue;
            customers.insert(*found);
            by_alias[alias] = *found;
        }
        for (std::int64_t row : wants.messages) {
            Use use = writer_.use("SELECT " MESSAGE_COLUMNS " FROM message WHERE row=?");
            use.bind(row);
            if (!use.step()) continue;
            loaded.messages.push_back(message_from(use));
            customers.insert(loaded.messages.back().customer);
        }
        for (CustomerId id : customers)
            if (auto row = customer_in(writer_, id)) loaded.customers.push_back(std::move(*row));
        for (const auto& [alias, session] : wants.sessions)
            if (const auto owner = by_alias.find(alias); owner != by_alias.end())
                add_session(owner->second, session, loaded);
        for (const auto& [customer, session] : wants.customer_sessions)
            add_session(customer, session, loaded);
        return loaded;
    }

    std::int64_t reserve(Sequence sequence, int count, std::int64_t above) override {
        std::int64_t& next = next_[static_cast<int>(sequence)];
        next = std::max(next, above + 1);
        const std::int64_t first = next;
        next += count;
        return first;
    }

    void commit(const Delta& delta) override {
        if (delta.empty()) return;
        begin();
        try {
            write(delta);
            writer_.execute("COMMIT");
        } catch (...) {
            abandon();
            throw;
        }
    }

    void abandon() noexcept override {
        if (!sqlite3_get_autocommit(writer_.handle()))
            sqlite3_exec(writer_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    }

    std::vector<std::int64_t> overdue_messages(Instant now, int limit) override {
        begin();
        std::vector<std::int64_t> rows;
        Use use = writer_.use(
            "SELECT row FROM message WHERE confirm_by IS NOT NULL AND confirm_by<=? ORDER BY confirm_by LIMIT ?");
        use.bind(now).bind(limit);
        while (use.step())
            rows.push_back(use.integer(0));
        return rows;
    }

    std::vector<CustomerId> due_customers(Instant now, int limit) override {
        std::vector<CustomerId> due;
        Use use = writer_.use("SELECT id FROM customer WHERE wake IS NOT NULL AND wake<=? ORDER BY wake LIMIT ?");
        use.bind(now).bind(limit);
        while (use.step())
            due.push_back(use.integer(0));
        return due;
    }

    int retain(const Retention& retention) override {
        begin();
        int gone = 0;
        try {
            gone += drop("DELETE FROM seen WHERE key IN (SELECT key FROM seen WHERE received<? LIMIT ?)",
                         retention.seen_before, retention.limit);
            gone += drop_sessions(retention.sessions_before);
            gone += drop(
                "DELETE FROM rejected WHERE row IN (SELECT row FROM (SELECT row,at FROM rejected ORDER BY row LIMIT "
                "?2) WHERE at<?1)",
                retention.rejected_before, retention.limit);
            gone += drop(
                "DELETE FROM finding WHERE row IN (SELECT row FROM (SELECT row,at FROM finding ORDER BY row LIMIT ?2) "
                "WHERE at<?1)",
                retention.findings_before, retention.limit);
            gone += drop(
                "DELETE FROM message WHERE row IN (SELECT row FROM (SELECT row,created,due,state FROM message ORDER BY "
                "row LIMIT ?2) WHERE created<?1 AND due IS NULL AND state<>'queued')",
                retention.messages_before, retention.limit);
            writer_.execute("COMMIT");
        } catch (...) {
            abandon();
            throw;
        }
        return gone;
    }

    std::int64_t maintain() override {
        if (!sqlite3_get_autocommit(writer_.handle())) writer_.execute("COMMIT");
        if (wal_bytes_ < checkpoint_every_bytes) return 0;
        const auto begin = std::chrono::steady_clock::now();
        int log = 0, done = 0;
        // PASSIVE never waits for readers; what it could not move is moved the next time. A WAL that readers keep long
        // grows meanwhile, so past 64 MiB it is truncated as soon as nobody reads.
        // Not while a copy is made: it reads for long, and each batch would wait for it.
        const bool truncate = wal_bytes_ > (64 << 20) && copying_ == 0;
        const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
        const int code = sqlite3_wal_checkpoint_v2(writer_.handle(), nullptr, mode, &log, &done);
        if (code != SQLITE_OK && code != SQLITE_BUSY) fail(writer_.handle(), "the checkpoint failed");
        wal_bytes_ = 0;
        return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin).count();
    }

    bool shared() const override { return false; }
    Instant clock() override {
        return {
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count()};
    }
    bool wait_for_news(std::chrono::milliseconds patience) override {  // the folder's lock says that nobody else writes
        std::this_thread::sleep_for(patience);
        return false;
    }

    std::optional<CustomerId> read_alias(const std::string& alias) override {
        return alias_in(*readers_.take().connection, alias);
    }
    std::optional<CustomerRow> read_customer(CustomerId customer) override {
        return customer_in(*readers_.take().connection, customer);
    }

    std::vector<EvidenceRow> read_evidence(CustomerId customer, std::int64_t last, int limit) override {
        auto db = readers_.take();
        std::vector<EvidenceRow> rows;
        while (last > 0 && static_cast<int>(rows.size()) < limit) {
            Use use = db->use(entry_sql);
            use.bind(last);
            if (!use.step()) break;
            EvidenceRow row = evidence_from(use);
            if (row.customer != customer) break;
            last = row.previous;
            rows.push_back(std::move(row));
        }
        return rows;
    }

    std::vector<MessageRow> read_messages(const MessageFilter& filter, const Page& page) override {
        auto db = readers_.take();
        std::vector<MessageRow> rows;
        Use use = filter.customer ? db->use("SELECT " MESSAGE_COLUMNS
                                            " FROM message WHERE customer=?4 AND row<?1 AND (?2='' OR state=?2) AND "
                                            "(?3='' OR kind=?3) AND " PEOPLE " ORDER BY row DESC LIMIT ?5")
                                  : db->use("SELECT " MESSAGE_COLUMNS
                                            " FROM message WHERE ?4 IS NOT NULL AND row<?1 AND (?2='' OR state=?2) AND "
                                            "(?3='' OR kind=?3) AND " PEOPLE " ORDER BY row DESC LIMIT ?5");
        use.bind(before(page)).bind(filter.state).bind(filter.kind).bind(filter.customer.value_or(0)).bind(page.limit);
        use.bind(filter.channel);
        while (use.step())
            rows.push_back(message_from(use));
        return rows;
    }

    std::optional<MessageRow> read_message(const std::string& id) override {
        auto db = readers_.take();
        Use use = db->use("SELECT " MESSAGE_COLUMNS " FROM message WHERE id=?");
        use.bind(id);
        if (!use.step()) return std::nullopt;
        return message_from(use);
    }

    std::optional<CustomerId> read_question(const std::string& question) override {
        auto db = readers_.take();
        Use use = db->use("SELECT customer FROM message WHERE question=? AND question<>'' LIMIT 1");
        use.bind(question);
        if (!use.step()) return std::nullopt;
        return use.integer(0);
    }

    std::vector<std::int64_t> due_messages(const std::string& channel, Instant now, int limit) override {
        auto db = readers_.take();
        std::vector<std::int64_t> rows;
        Use use = db->use(
            "SELECT row FROM (SELECT row FROM message WHERE channel=?1 AND due<=?2 ORDER BY due,row LIMIT ?4) UNION "
            "ALL "
            "SELECT row FROM (SELECT row FROM message WHERE channel=?1 AND due>?3 AND leased=0 ORDER BY due,row LIMIT "
            "?4) "
            "LIMIT ?4");
        use.bind(channel).bind(now).bind(latest_due(now)).bind(limit);
        while (use.step())
            rows.push_back(use.integer(0));
        return rows;
    }

    std::vector<RejectedRow> read_rejected(const Page& page) override {
        auto db = readers_.take();
        std::vector<RejectedRow> rows;
        Use use = db->use(
            "SELECT row,at,source,event_id,type,code,detail,errors,body FROM rejected WHERE row<? ORDER BY row DESC "
            "LIMIT ?");
        use.bind(before(page)).bind(page.limit);
        while (use.step())
            rows.push_back({use.integer(0), use.instant(1), use.text(2), use.text(3), use.text(4), use.text(5),
                            use.text(6), use.text(7), use.text(8)});
        return rows;
    }

    std::vector<std::pair<std::int64_t, FindingRow>> read_findings(const std::string& kind, const Page& page) override {
        auto db = readers_.take();
        std::vector<std::pair<std::int64_t, FindingRow>> rows;
        Use use = db->use(
            "SELECT row,kind,key,customer,at,body FROM finding WHERE kind=? AND row<? ORDER BY row DESC LIMIT ?");
        use.bind(kind).bind(before(page)).bind(page.limit);
        while (use.step())
            rows.push_back({use.integer(0),
                            FindingRow{use.text(1), use.text(2), use.integer(3), use.instant(4), use.text(5), false}});
        return rows;
    }

    Coverage read_coverage(Instant since) override {
        static const std::string joined =
            " FROM finding f LEFT JOIN evidence e ON e.row=json_extract(f.body,'$.entry') AND e.customer=f.customer "
            "AND e.kind IN ('answer','reply') WHERE f.kind IN ('opened_stage','opened_destination','opened_pass') AND "
            "f.at>=? ";
        static const std::string counted = "SELECT f.kind,count(*),count(e.row)" + joined + "GROUP BY f.kind";
        static const std::string listed =
            "SELECT f.kind,f.key,f.customer,f.at,f.body" + joined + "AND e.row IS NULL ORDER BY f.row DESC LIMIT 100";
        auto db = readers_.take();
        Coverage coverage;
        {
            Use use = db->use(counted.c_str());
            use.bind(since.ms);
            while (use.step())
                coverage.kinds[use.text(0)] = {use.integer(1), use.integer(2)};
        }
        Use use = db->use(listed.c_str());
        use.bind(since.ms);
        while (use.step())
            coverage.unconfirmed.push_back(
                {use.text(0), use.text(1), use.integer(2), use.instant(3), use.text(4), false});
        return coverage;
    }

    std::vector<VersionRow> read_versions() override {
        auto db = readers_.take();
        std::vector<VersionRow> rows;
        Use use = db->use("SELECT " VERSION_COLUMNS " FROM tariff_version ORDER BY number DESC");
        while (use.step())
            rows.push_back(version_from(use));
        return rows;
    }

    std::vector<AuditRow> read_audit(int version, const Page& page) override {
        auto db = readers_.take();
        std::vector<AuditRow> rows;
        Use use = db->use("SELECT " AUDIT_COLUMNS
                          " FROM tariff_audit WHERE (?1=0 OR version=?1) AND number<?2 ORDER BY number DESC LIMIT ?3");
        use.bind(version).bind(before(page)).bind(page.limit);
        while (use.step())
            rows.push_back(audit_from(use));
        return rows;
    }

    std::map<std::string, std::string> read_files(int version) override {
        auto db = readers_.take();
        std::map<std::string, std::string> files;
        Use use = db->use("SELECT name,content FROM tariff_file WHERE version=?");
        use.bind(version);
        while (use.step())
            files[use.text(0)] = use.text(1);
        return files;
    }

    std::vector<KeyRow> read_keys() override {
        auto db = readers_.take();
        std::vector<KeyRow> rows;
        Use use = db->use("SELECT id,role,name,hash,created,revoked FROM api_key ORDER BY created");
        while (use.step())
            rows.push_back({use.text(0), use.text(1), use.text(2), use.text(3), use.instant(4), use.maybe_instant(5)});
        return rows;
    }

    std::vector<CustomerRow> read_customers(CustomerId after, int limit) override {
        auto db = readers_.take();
        std::vector<CustomerRow> rows;
        Use use = db->use("SELECT id,state,key,wake FROM customer WHERE id>? ORDER BY id LIMIT ?");
        use.bind(after).bind(limit);
        while (use.step())
            rows.push_back(customer_from(use));
        return rows;
    }

    void ping() override {
        auto db = readers_.take();
        Use use = db->use("SELECT count(*) FROM tariff_version");
        (void)use.step();
    }

    void copy_to(const std::string& file) override {
        struct Counted {
            std::atomic<int>& count;
            explicit Counted(std::atomic<int>& one) : count(one) { ++count; }
            ~Counted() { --count; }
        };
        const Counted counted(copying_);
        Connection reader(path_, Connection::Mode::reader);
        Use use = reader.use("VACUUM INTO ?");
        use.bind(file);
        use.run();
    }

    Slice read_slice(Table table, const std::string& after, int limit) override {
        return slice_of(writer_, table, after, limit);
    }
    std::int64_t count_rows(Table table) override { return count_of(writer_, table); }

    std::vector<EvidenceRow> read_entries(const std::vector<std::pair<CustomerId, std::int64_t>>& rows) override {
        std::vector<EvidenceRow> entries;
        for (const auto& [customer, row] : rows) {
            Use use = writer_.use(entry_sql);
            use.bind(row);
            if (!use.step()) continue;
            entries.push_back(evidence_from(use));
            if (entries.back().customer != customer) entries.pop_back();
        }
        return entries;
    }

    std::optional<Transfer> transfer() override {
        {
            Use there = writer_.use("SELECT count(*) FROM sqlite_master WHERE type='table' AND name='transfer'");
            if (!there.step() || there.integer(0) == 0) return std::nullopt;
        }
        Use use = writer_.use("SELECT source,progress FROM transfer WHERE id=1");
        if (!use.step()) return std::nullopt;
        return Transfer{use.text(0), use.text(1)};
    }
    void begin_transfer(const Transfer& transfer) override {
        begin();
        try {
            writer_.execute(
                "CREATE TABLE transfer (id INTEGER PRIMARY KEY, source TEXT NOT NULL, progress TEXT NOT NULL) STRICT");
            Use use = writer_.use("INSERT INTO transfer(id,source,progress) VALUES(1,?,?)");
            use.bind(transfer.source).bind(transfer.progress);
            use.run();
            writer_.execute("COMMIT");
        } catch (...) {
            abandon();
            throw;
        }
    }
    void end_transfer() override {
        abandon();
        writer_.execute("DROP TABLE transfer");
        begin_ids();
    }

private:
    /// The reads of a batch and its commit share one transaction: without it each SELECT takes and releases the read
    /// lock.
    void begin() {
        if (sqlite3_get_autocommit(writer_.handle())) writer_.execute("BEGIN IMMEDIATE");
    }
    /// The log's length in frames. Its file never shrinks after a checkpoint, so its size says nothing.
    static int on_commit(void* self, sqlite3*, const char*, int frames) {
        static_cast<Sqlite*>(self)->wal_bytes_ = static_cast<std::int64_t>(frames) * (4096 + 24);
        return SQLITE_OK;
    }

    static std::int64_t before(const Page& page) { return page.before > 0 ? page.before : INT64_MAX; }

    static std::optional<CustomerId> alias_in(Connection& db, const std::string& alias) {
        Use use = db.use("SELECT customer FROM alias WHERE alias=?");
        use.bind(alias);
        if (!use.step()) return std::nullopt;
        return use.integer(0);
    }

    static std::optional<CustomerRow> customer_in(Connection& db, CustomerId id) {
        Use use = db.use("SELECT id,state,key,wake FROM customer WHERE id=?");
        use.bind(id);
        if (!use.step()) return std::nullopt;
        return customer_from(use);
    }

    std::optional<SeenRow> seen_of(const Digest& key) {
        Use use = writer_.use("SELECT key,content,customer,result,received FROM seen WHERE key=?");
        use.blob(bytes_of(key));
        if (!use.step()) return std::nullopt;
        return seen_from(use);
    }

    void add_session(CustomerId customer, std::int64_t session, Loaded& loaded) {
        Use use = writer_.use("SELECT body,last FROM session WHERE customer=? AND session=?");
        use.bind(customer).bind(session);
        if (use.step()) loaded.sessions.push_back({customer, session, use.text(0), use.instant(1)});
    }

    int drop(const char* sql, Instant older_than, int limit) {
        Use use = writer_.use(sql);
        use.bind(older_than).bind(limit);
        use.run();
        return sqlite3_changes(writer_.handle());
    }

    /// Sessions have no index by age, which every record would have to move: each turn looks through the next stretch
    /// of customers instead and begins anew at the end.
    int drop_sessions(Instant older_than) {
        constexpr std::int64_t stretch = 5000;
        Use use = writer_.use("DELETE FROM session WHERE customer>?1 AND customer<=?2 AND last<?3");
        use.bind(session_cursor_).bind(session_cursor_ + stretch).bind(older_than);
        use.run();
        session_cursor_ = session_cursor_ + stretch >= next_[0] ? 0 : session_cursor_ + stretch;
        return sqlite3_changes(writer_.handle());
    }

    std::int64_t last(const char* sql) {
        Use use = writer_.use(sql);
        return use.step() ? use.integer(0) : 0;
    }

    void prepare_connection() {
        int off = 0;
        sqlite3_db_config(writer_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, &off);
        writer_.execute("PRAGMA journal_mode=WAL");
        {
            Use use = writer_.use("PRAGMA journal_mode");
            if (!use.step() || use.text(0) != "wal")
                throw StoreUnavailable("the database does not take journal_mode=WAL");
        }
        set_and_check(writer_, "synchronous", "FULL", 2);
        set_and_check(writer_, "wal_autocheckpoint", "0", 0);
        set_and_check(writer_, "foreign_keys", "0", 0);
        set_and_check(writer_, "mmap_size", "0", 0);
        set_and_check(writer_, "secure_delete", "1", 1);  // an erased customer's key must not stay in a page's slack
        set_and_check(writer_, "cache_size", "-65536", -65536);
    }

    void begin_work() {
        if (lock_.in_doubt()) {
            look_through();
            lock_.settle_doubt();
        }
        // Whoever claimed a message is gone: the folder's lock says so. Nothing waits for a lease that nobody holds.
        writer_.execute("UPDATE message SET due=created,leased=0 WHERE leased=1 AND state='queued'");
        begin_ids();
    }

    /// Reads every page: too long for each start, and needed after one that ended because the store broke, or the next
    /// one would answer until it meets the same damage.
    void look_through() {
        Use use = writer_.use("PRAGMA quick_check(1)");
        if (!use.step()) throw StoreDamaged("quick_check says nothing");
        if (use.text(0) != "ok") throw StoreDamaged(use.text(0));
    }

    void begin_ids() {
        next_[0] = last("SELECT max(id) FROM customer") + 1;
        next_[1] = last("SELECT max(row) FROM evidence") + 1;
        next_[2] = last("SELECT max(row) FROM message") + 1;
    }

    void require_schema() {
        const std::int64_t version = writer_.pragma("user_version");
        if (version != schema_version) throw StoreUnavailable(other_schema(version, schema_version));
    }

    void apply_schema() {
        const std::int64_t version = writer_.pragma("user_version");
        if (version > schema_version)
            throw StoreUnavailable("it has schema " + std::to_string(version) + ", this program knows " +
                                   std::to_string(schema_version) +
                                   ": run the newer program, or restore a backup made before it");
        if (version == schema_version) return;
        writer_.execute("BEGIN IMMEDIATE");
        for (std::int64_t next = version; next < schema_version; ++next)
            writer_.execute(std::string(
                data::embedded_files().at("service/storage/schema/sqlite/" + std::string(migrations[next]))));
        writer_.execute("PRAGMA user_version=" + std::to_string(schema_version));
        writer_.execute("COMMIT");
    }

    void write(const Delta& delta);
    void write_messages(const Delta& delta);
    void write_lists(const Delta& delta);

    FolderLock lock_;
    Connection writer_;
    Readers readers_;
    std::string path_;
    std::int64_t wal_bytes_ = 0;
    std::atomic<int> copying_{0};
    std::int64_t session_cursor_ = 0;
    std::int64_t next_[3] = {1, 1, 1};
};

void Sqlite::write(const Delta& delta) {
    if (delta.transfer) {
        Use use = writer_.use("UPDATE transfer SET progress=? WHERE id=1 AND progress=?");
        use.bind(delta.transfer->after).bind(delta.transfer->before);
        use.run();
        if (sqlite3_changes(writer_.handle()) != 1) throw StoreConflict(moved_elsewhere);
    }
    for (const CustomerRow& row : delta.customers) {
        Use use = writer_.use(
            "INSERT INTO customer(id,state,key,wake) VALUES(?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
            "state=excluded.state,key=excluded.key,wake=excluded.wake");
        use.bind(row.id).blob(row.state).blob(row.key).bind(row.wake);
        use.run();
    }
    for (const std::string& alias : delta.dropped_aliases) {
        Use use = writer_.use("DELETE FROM alias WHERE alias=?");
        use.bind(alias);
        use.run();
    }
    for (const AliasRow& row : delta.aliases) {
        Use use = writer_.use("INSERT OR REPLACE INTO alias(alias,customer,since) VALUES(?,?,?)");
        use.bind(row.alias).bind(row.customer).bind(row.since);
        use.run();
    }
    for (const SessionRow& row : delta.sessions) {
        Use use = writer_.use("INSERT OR REPLACE INTO session(customer,session,body,last) VALUES(?,?,?,?)");
        use.bind(row.customer).bind(row.session).blob(row.body).bind(row.last);
        use.run();
    }
    for (const SeenRow& row : delta.seen) {
        Use use = writer_.use("INSERT INTO seen(key,content,customer,result,received) VALUES(?,?,?,?,?)");
        use.blob(bytes_of(row.key)).blob(bytes_of(row.content)).bind(row.customer).blob(row.result).bind(row.received);
        use.run();
    }
    for (const EvidenceRow& row : delta.evidence) {
        Use use =
            writer_.use("INSERT INTO evidence(row,customer,number,previous,at,kind,body,hash) VALUES(?,?,?,?,?,?,?,?)");
        use.bind(row.row)
            .bind(row.customer)
            .bind(row.number)
            .bind(row.previous)
            .bind(row.at)
            .bind(row.kind)
            .blob(row.body)
            .blob(bytes_of(row.hash));
        use.run();
    }
    write_messages(delta);
    write_lists(delta);
    // Last, so that nothing of the same batch outlives an erasure.
    for (CustomerId customer : delta.erased)
        for (const char* sql :
             {"DELETE FROM session WHERE customer=?", "DELETE FROM finding WHERE customer=?",
              "UPDATE message SET recipient='',text='',due=NULL,leased=0,confirm_by=NULL,state=CASE state WHEN "
              "'queued' THEN 'cancelled' "
              "ELSE state END WHERE customer=? AND NOT (state='queued' AND channel IN ('platform','nchf'))"}) {
            Use use = writer_.use(sql);
            use.bind(customer);
            use.run();
        }
}

void Sqlite::write_messages(const Delta& delta) {
    for (const MessageRow& row : delta.messages) {
        Use use = writer_.use(
            "INSERT INTO message(" MESSAGE_COLUMNS
            ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(row) DO UPDATE SET "
            "recipient=excluded.recipient,channel=excluded.channel,text=excluded.text,state=excluded.state,"
            "attempts=excluded.attempts,due=excluded.due,error=excluded.error,expires=excluded.expires,"
            "sent=excluded.sent,delivered=excluded.delivered,leased=excluded.leased,confirm_by=excluded.confirm_by,"
            "beside=excluded.beside");
        use.bind(row.row)
            .bind(row.id)
            .bind(row.customer)
            .bind(row.to)
            .bind(row.kind)
            .bind(row.channel)
            .bind(row.language);
        use.bind(row.text)
            .bind(row.encoding)
            .bind(row.segments)
            .bind(row.template_id)
            .bind(row.template_hash)
            .bind(word(row.state));
        use.bind(row.attempts)
            .bind(row.due)
            .bind(row.cause)
            .bind(row.cap)
            .bind(row.stage)
            .bind(row.threshold)
            .bind(row.question);
        use.bind(row.error).bind(row.created).bind(row.expires).bind(row.sent).bind(row.delivered);
        use.bind(row.leased ? 1 : 0).bind(row.beside).bind(row.topic).bind(row.confirm_by);
        use.run();
    }
}

void Sqlite::write_lists(const Delta& delta) {
    for (const RejectedRow& row : delta.rejected) {
        Use use = writer_.use(
            "INSERT INTO rejected(row,at,source,event_id,type,code,detail,errors,body) "
            "VALUES(nullif(?,0),?,?,?,?,?,?,?,?)");
        use.bind(row.row)
            .bind(row.at)
            .bind(row.source)
            .bind(row.event_id)
            .bind(row.type)
            .bind(row.code)
            .bind(row.detail)
            .bind(row.errors)
            .bind(row.body);
        use.run();
    }
    for (const FindingRow& row : delta.findings) {
        Use use = row.gone ? writer_.use("DELETE FROM finding WHERE kind=? AND key=?")
                           : writer_.use(
                                 "INSERT OR REPLACE INTO finding(kind,key,customer,at,body,row) "
                                 "VALUES(?,?,?,?,?,nullif(?,0))");
        use.bind(row.kind).bind(row.key);
        if (!row.gone) use.bind(row.customer).bind(row.at).bind(row.body).bind(row.row);
        use.run();
    }
    for (const VersionRow& row : delta.versions) {
        Use use = writer_.use(
            "INSERT INTO tariff_version(" VERSION_COLUMNS
            ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?) "
            "ON CONFLICT(number) DO UPDATE SET state=excluded.state,effective_at=excluded.effective_at,"
            "published_by=excluded.published_by,note=excluded.note,approved_by=excluded.approved_by,"
            "approval=excluded.approval,approved_at=excluded.approved_at,approved_base=excluded.approved_base");
        use.bind(row.number)
            .bind(row.state)
            .bind(row.effective_at)
            .bind(row.created)
            .bind(row.created_by)
            .bind(row.published_by);
        use.bind(row.note).bind(row.digest).bind(row.base).bind(row.approved_by).bind(row.approval);
        use.bind(row.approved_at).bind(row.approved_base);
        use.run();
    }
    for (const AuditRow& row : delta.audit) {
        Use use = writer_.use("INSERT INTO tariff_audit(" AUDIT_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?)");
        use.bind(row.number).bind(row.at).bind(row.version).bind(row.action).bind(row.who).bind(row.reason);
        use.bind(row.digest).bind(row.detail).blob(bytes_of(row.hash));
        use.run();
    }
    for (const auto& [version, files] : delta.files)
        for (const auto& [name, content] : files) {
            Use use = writer_.use("INSERT INTO tariff_file(version,name,content) VALUES(?,?,?)");
            use.bind(version).bind(name).blob(content);
            use.run();
        }
    for (const KeyRow& row : delta.keys) {
        Use use = writer_.use("INSERT OR REPLACE INTO api_key(id,role,name,hash,created,revoked) VALUES(?,?,?,?,?,?)");
        use.bind(row.id).bind(row.role).bind(row.name).blob(row.hash).bind(row.created).bind(row.revoked);
        use.run();
    }
}

}  // namespace

int known_sqlite_schema() { return schema_version; }

std::unique_ptr<Store> open_sqlite(const std::string& path, Opening opening) {
    std::error_code error;
    if (opening == Opening::read && !fs::exists(path, error)) throw StoreUnavailable("there is no database " + path);
    const fs::path folder = fs::path(path).parent_path();
    if (!folder.empty()) fs::create_directories(folder, error);
    if (error) throw StoreUnavailable("cannot make the folder " + folder.string() + ": " + error.message());
    return std::make_unique<Sqlite>(path, opening);
}

}  // namespace roamguard::storage
