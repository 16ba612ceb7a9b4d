#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <unordered_map>

#include "service/storage/due.h"
#include "service/storage/engines.h"
#include "service/storage/postgres_pool.h"
#include "service/storage/postgres_rows.h"
#include "service/storage/postgres_schema.h"

namespace roamguard::storage {
namespace postgres {
namespace {

using Kind = Column::Kind;
using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t block = 256;  // the sequences' INCREMENT BY

std::int64_t steady_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now().time_since_epoch()).count();
}

template <class Range>
Column integers_of(const Range& values) {
    Column column(Kind::integers);
    for (const auto& value : values)
        column.add(value);
    return column;
}
Column texts_of(const std::vector<std::string>& values) {
    Column column(Kind::texts);
    for (const std::string& value : values)
        column.add(value);
    return column;
}

/// The database's time without asking for it: its distance from this machine's steady clock, measured with every
/// batch. Any thread.
class DatabaseClock {
public:
    [[nodiscard]] Instant now() const { return {steady_ms() + ahead_.load()}; }
    /// What the database said between two moments of the steady clock.
    void learn(std::int64_t said, std::int64_t asked, std::int64_t answered) {
        constexpr std::int64_t sharp = 50, old = 10'000;
        if (answered - asked > sharp && learnt_ != 0 && answered - learnt_ < old) return;
        ahead_ = said - (asked + (answered - asked) / 2);
        learnt_ = answered;
    }

private:
    std::atomic<std::int64_t> ahead_{0};
    std::int64_t learnt_ = 0;
};

/// Ids of one sequence that were taken from it and not given yet.
struct Ids {
    const char* take;  ///< SQL: the first ids of $1 new blocks
    std::vector<std::pair<std::int64_t, std::int64_t>> blocks{};
    std::int64_t taken_ms = 0;
    bool asked = false;                        ///< new blocks come with the batch that begins
    std::int64_t given = 0, given_before = 0;  ///< since and until the last batch began

    [[nodiscard]] std::int64_t left() const {
        std::int64_t sum = 0;
        for (const auto& [next, end] : blocks)
            sum += end - next;
        return sum;
    }
    void keep(const Rows& rows) {
        for (int i = 0; i < rows.size(); ++i)
            blocks.emplace_back(rows.integer(i, 0), rows.integer(i, 0) + block);
        taken_ms = steady_ms();
    }
};

/// One connection writes; its batches hold their customers by row locks, taken in the order of the ids, so several
/// instances may do the same. READ COMMITTED: what is read after the locks is the newest. Three round trips a batch:
/// who is it about, what is known of them, commit. Internally synchronised for readers; the first group is the
/// engine's.
class Postgres final : public Store {
public:
    Postgres(const std::string& url, Opening opening) : url_(url), opening_(opening), readers_(url) {
        if (opening_ != Opening::read) apply_schema(url_);
        connect();
        if (opening_ == Opening::read) {
            require_schema(*writer_, url_);
            // One moment of the whole store, however long it takes to read it.
            (void)writer_->run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
            return;
        }
        if (opening_ == Opening::receive) return;
        if (const auto under_way = transfer())
            throw StoreUnavailable("the database " + masked(url_) + " cannot be used: " + unfinished(*under_way));
        news_seen_ = writer_->run("SELECT counter FROM news WHERE id=1").integer(0, 0);
        const std::int64_t asked = steady_ms();
        clock_.learn(writer_->run(clock_sql).integer(0, 0), asked, steady_ms());
    }

    Loaded gather(const Wants& wants) override {
        if (wants.empty()) return {};
        Loaded loaded;
        std::unordered_map<std::string, CustomerId> by_alias;
        std::set<CustomerId> customers(wants.customers.begin(), wants.customers.end()), owners;
        ask_whose(wants, by_alias, owners);
        for (const auto& [alias, customer] : by_alias)
            customers.insert(customer);
        customers.insert(owners.begin(), owners.end());
        ask_what(wants, by_alias, customers, owners, loaded);
        loaded.aliases.reserve(wants.aliases.size());
        for (const std::string& alias : wants.aliases) {
            const auto found = by_alias.find(alias);
            loaded.aliases.push_back(found == by_alias.end() ? std::nullopt : std::optional(found->second));
        }
        return loaded;
    }

    std::int64_t reserve(Sequence sequence, int count, std::int64_t above) override {
        if (count > block) throw std::logic_error("more ids at once than a block has");
        Ids& ids = ids_of(sequence);
        for (int attempt = 0;; ++attempt) {
            auto& blocks = ids.blocks;
            while (!blocks.empty() &&
                   (blocks.front().first <= above || blocks.front().second - blocks.front().first < count))
                blocks.erase(blocks.begin());
            if (!blocks.empty()) break;
            // A database that hands sequences out by machine may stay below for a while; then it is order that suffers.
            if (attempt == 8) above = 0;
            begin();
            ids.keep(writer_->run(ids.take, Parameters().add(1)));
        }
        const std::int64_t first = ids.blocks.front().first;
        ids.blocks.front().first += count;
        ids.given += count;
        return first;
    }

    void commit(const Delta& delta) override {
        if (delta.empty()) return abandon();
        begin();
        try {
            if (delta.transfer) step(*delta.transfer);
            if (!delta.versions.empty() || !delta.files.empty() || !delta.audit.empty())
                write_versions(*writer_, delta);
            queue_changes(*writer_, delta);
            writer_->queue("COMMIT");
            const std::vector<Rows> done = writer_->flush();
            if (done.back().tag() != "COMMIT") throw StoreUnavailable("the database did not commit");
            open_ = false;
        } catch (...) {
            abandon();
            throw;
        }
        if (!delta.versions.empty() || !delta.keys.empty()) spread_news();
    }

    void abandon() noexcept override {
        if (!open_) return;
        open_ = false;
        try {
            if (writer_ && !writer_->broken())
                (void)writer_->run("ROLLBACK");
            else
                writer_.reset();
        } catch (...) {
            writer_.reset();  // the server rolls back what a connection leaves behind
        }
    }

    std::vector<CustomerId> due_customers(Instant now, int limit) override {
        return ids_due("SELECT id FROM customer WHERE wake IS NOT NULL AND wake<=$1 ORDER BY wake LIMIT $2", now,
                       limit);
    }
    std::vector<std::int64_t> overdue_messages(Instant now, int limit) override {
        return ids_due(
            "SELECT row FROM message WHERE confirm_by IS NOT NULL AND confirm_by<=$1 ORDER BY confirm_by LIMIT $2", now,
            limit);
    }

    int retain(const Retention& retention) override {
        begin();
        try {
            const std::int64_t until = writer_
                                           ->run(
                                               "SELECT coalesce(max(id),0)::int8 FROM (SELECT id FROM customer WHERE "
                                               "id>$1 ORDER BY id LIMIT 5000) AS stretch",
                                               Parameters().add(session_cursor_))
                                           .integer(0, 0);
            const auto slice = [&](Instant before) { return Parameters().add(before).add(retention.limit); };
            // Rows that a batch or another instance holds at the moment are left for the next slice.
            writer_->queue(
                "DELETE FROM seen WHERE key IN (SELECT key FROM seen WHERE received<$1 ORDER BY received LIMIT $2 FOR "
                "UPDATE SKIP LOCKED)",
                slice(retention.seen_before));
            writer_->queue(
                "DELETE FROM session WHERE (customer,session) IN (SELECT customer,session FROM session WHERE "
                "customer>$1 AND customer<=$2 AND last<$3 FOR UPDATE SKIP LOCKED)",
                Parameters().add(session_cursor_).add(until).add(retention.sessions_before));
            writer_->queue(
                "DELETE FROM rejected WHERE row IN (SELECT row FROM (SELECT row,at FROM rejected ORDER BY row LIMIT "
                "$2) AS oldest WHERE at<$1)",
                slice(retention.rejected_before));
            writer_->queue(
                "DELETE FROM finding WHERE row IN (SELECT row FROM (SELECT row,at FROM finding ORDER BY row LIMIT $2) "
                "AS oldest WHERE at<$1)",
                slice(retention.findings_before));
            writer_->queue(
                "DELETE FROM message WHERE (customer,row) IN (SELECT customer,row FROM message WHERE row IN (SELECT "
                "row FROM message ORDER BY row LIMIT $2) AND created<$1 AND due IS NULL AND state<>'queued' FOR UPDATE "
                "SKIP LOCKED)",
                slice(retention.messages_before));
            writer_->queue("COMMIT");
            int gone = 0;
            for (const Rows& rows : writer_->flush())
                gone += rows.changed();
            open_ = false;
            session_cursor_ = until;  // 0 past the last customer: it begins anew
            return gone;
        } catch (...) {
            abandon();
            throw;
        }
    }

    std::int64_t maintain() override {
        abandon();
        return 0;
    }

    bool shared() const override { return true; }
    Instant clock() override { return clock_.now(); }

    bool wait_for_news(std::chrono::milliseconds patience) override {
        const auto until = SteadyClock::now() + patience;
        const auto left = [&] {
            return std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(until - SteadyClock::now()),
                              std::chrono::milliseconds(0), std::chrono::milliseconds(1000));
        };
        try {
            for (;;) {
                if (!listener_ || listener_->broken()) listen();
                const std::int64_t counter = listener_->run("SELECT counter FROM news WHERE id=1").integer(0, 0);
                if (std::exchange(news_seen_, counter) != counter) return true;
                if (left().count() == 0) return false;
                (void)listener_->wait_for_notification(left());
            }
        } catch (const std::runtime_error&) {
            listener_.reset();
            std::this_thread::sleep_for(left());
            return false;
        }
    }

    std::optional<CustomerId> read_alias(const std::string& alias) override {
        const Rows rows = readers_.run("SELECT customer FROM alias WHERE alias=$1", Parameters().text(alias));
        return rows.size() ? std::optional(rows.integer(0, 0)) : std::nullopt;
    }
    std::optional<CustomerRow> read_customer(CustomerId customer) override {
        const Rows rows =
            readers_.run("SELECT id,state,key,wake FROM customer WHERE id=$1", Parameters().add(customer));
        return rows.size() ? std::optional(customer_from(rows, 0)) : std::nullopt;
    }

    std::vector<EvidenceRow> read_evidence(CustomerId customer, std::int64_t last, int limit) override {
        const Rows rows = readers_.run(
            "WITH RECURSIVE chain AS (SELECT row,customer,number,previous,at,kind,body,hash,1 AS depth FROM evidence "
            "WHERE customer=$1 AND row=$2 UNION ALL SELECT e.row,e.customer,e.number,e.previous,e.at,e.kind,e.body,"
            "e.hash,c.depth+1 FROM chain c JOIN evidence e ON e.customer=$1 AND e.row=c.previous WHERE c.depth<$3) "
            "SELECT row,customer,number,previous,at,kind,body,hash FROM chain ORDER BY depth",
            Parameters().add(customer).add(last).add(limit));
        std::vector<EvidenceRow> entries;
        for (int i = 0; i < rows.size(); ++i)
            entries.push_back(evidence_from(rows, i));
        return entries;
    }

    std::vector<MessageRow> read_messages(const MessageFilter& filter, const Page& page) override {
        Parameters parameters;
        parameters.add(before(page)).text(filter.state).text(filter.kind).text(filter.channel).add(page.limit);
#define PG_FILTER                                                                                                   \
    "row<$1 AND ($2='' OR state=$2) AND ($3='' OR kind=$3) AND ($4='' AND channel IN ('sms','app') OR channel=$4) " \
    "ORDER BY row DESC LIMIT $5"
        const Rows rows =
            filter.customer
                ? readers_.run("SELECT " PG_MESSAGE_COLUMNS " FROM message WHERE customer=$6 AND " PG_FILTER,
                               parameters.add(*filter.customer))
                : readers_.run("SELECT " PG_MESSAGE_COLUMNS " FROM message WHERE " PG_FILTER, parameters);
#undef PG_FILTER
        std::vector<MessageRow> found;
        for (int i = 0; i < rows.size(); ++i)
            found.push_back(message_from(rows, i));
        return found;
    }

    std::optional<MessageRow> read_message(const std::string& id) override {
        const Rows rows = readers_.run("SELECT " PG_MESSAGE_COLUMNS " FROM message WHERE id=$1", Parameters().text(id));
        return rows.size() ? std::optional(message_from(rows, 0)) : std::nullopt;
    }

    std::optional<CustomerId> read_question(const std::string& question) override {
        const Rows rows = readers_.run("SELECT customer FROM message WHERE question=$1 AND question<>'' LIMIT 1",
                                       Parameters().text(question));
        return rows.size() ? std::optional(rows.integer(0, 0)) : std::nullopt;
    }

    std::vector<std::int64_t> due_messages(const std::string& channel, Instant now, int limit) override {
        const Rows rows = readers_.run(
            "SELECT row FROM (SELECT row FROM message WHERE channel=$1 AND due<=$2 ORDER BY due,row LIMIT $4) a UNION "
            "ALL "
            "SELECT row FROM (SELECT row FROM message WHERE channel=$1 AND due>$3 AND leased=0 ORDER BY due,row LIMIT "
            "$4) b "
            "LIMIT $4",
            Parameters().text(channel).add(now).add(latest_due(now)).add(limit));
        return first_column(rows);
    }

    std::vector<RejectedRow> read_rejected(const Page& page) override {
        const Rows rows = readers_.run(
            "SELECT row,at,source,event_id,type,code,detail,errors,body FROM rejected WHERE row<$1 ORDER BY row DESC "
            "LIMIT $2",
            Parameters().add(before(page)).add(page.limit));
        std::vector<RejectedRow> found;
        for (int i = 0; i < rows.size(); ++i)
            found.push_back({rows.integer(i, 0), rows.instant(i, 1), rows.text(i, 2), rows.text(i, 3), rows.text(i, 4),
                             rows.text(i, 5), rows.text(i, 6), rows.text(i, 7), rows.text(i, 8)});
        return found;
    }

    std::vector<std::pair<std::int64_t, FindingRow>> read_findings(const std::string& kind, const Page& page) override {
        const Rows rows = readers_.run(
            "SELECT row,kind,key,customer,at,body FROM finding WHERE kind=$1 AND row<$2 ORDER BY row DESC LIMIT $3",
            Parameters().text(kind).add(before(page)).add(page.limit));
        std::vector<std::pair<std::int64_t, FindingRow>> found;
        for (int i = 0; i < rows.size(); ++i)
            found.emplace_back(rows.integer(i, 0), FindingRow{rows.text(i, 1), rows.text(i, 2), rows.integer(i, 3),
                                                              rows.instant(i, 4), rows.text(i, 5), false});
        return found;
    }

    Coverage read_coverage(Instant since) override {
        static const std::string joined =
            " FROM finding f LEFT JOIN evidence e ON e.row=(f.body::json->>'entry')::bigint AND e.customer=f.customer "
            "AND e.kind IN ('answer','reply') WHERE f.kind IN ('opened_stage','opened_destination','opened_pass') AND "
            "f.at>=$1 ";
        static const std::string counted = "SELECT f.kind,count(*),count(e.row)" + joined + "GROUP BY f.kind";
        static const std::string listed =
            "SELECT f.kind,f.key,f.customer,f.at,f.body" + joined + "AND e.row IS NULL ORDER BY f.row DESC LIMIT 100";
        Coverage coverage;
        const Rows counts = readers_.run(counted.c_str(), Parameters().add(since.ms));
        for (int i = 0; i < counts.size(); ++i)
            coverage.kinds[counts.text(i, 0)] = {counts.integer(i, 1), counts.integer(i, 2)};
        const Rows rows = readers_.run(listed.c_str(), Parameters().add(since.ms));
        for (int i = 0; i < rows.size(); ++i)
            coverage.unconfirmed.push_back(
                {rows.text(i, 0), rows.text(i, 1), rows.integer(i, 2), rows.instant(i, 3), rows.text(i, 4), false});
        return coverage;
    }

    std::vector<VersionRow> read_versions() override {
        const Rows rows = readers_.run("SELECT " PG_VERSION_COLUMNS " FROM tariff_version ORDER BY number DESC");
        std::vector<VersionRow> found;
        for (int i = 0; i < rows.size(); ++i)
            found.push_back(version_from(rows, i));
        return found;
    }

    std::vector<AuditRow> read_audit(int version, const Page& page) override {
        const Rows rows = readers_.run("SELECT " PG_AUDIT_COLUMNS
                                       " FROM tariff_audit WHERE ($1=0 OR version=$1) AND number<$2 ORDER BY number "
                                       "DESC LIMIT $3",
                                       Parameters().add(version).add(before(page)).add(page.limit));
        std::vector<AuditRow> found;
        for (int i = 0; i < rows.size(); ++i)
            found.push_back(audit_from(rows, i));
        return found;
    }

    std::map<std::string, std::string> read_files(int version) override {
        const Rows rows =
            readers_.run("SELECT name,content FROM tariff_file WHERE version=$1", Parameters().add(version));
        std::map<std::string, std::string> files;
        for (int i = 0; i < rows.size(); ++i)
            files[rows.text(i, 0)] = rows.text(i, 1);
        return files;
    }

    std::vector<KeyRow> read_keys() override {
        const Rows rows = readers_.run("SELECT id,role,name,hash,created,revoked FROM api_key ORDER BY created");
        std::vector<KeyRow> found;
        for (int i = 0; i < rows.size(); ++i)
            found.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3), rows.instant(i, 4),
                             rows.maybe_instant(i, 5)});
        return found;
    }

    std::vector<CustomerRow> read_customers(CustomerId after, int limit) override {
        const Rows rows = readers_.run("SELECT id,state,key,wake FROM customer WHERE id>$1 ORDER BY id LIMIT $2",
                                       Parameters().add(after).add(limit));
        std::vector<CustomerRow> found;
        for (int i = 0; i < rows.size(); ++i)
            found.push_back(customer_from(rows, i));
        return found;
    }

    void ping() override { (void)readers_.run("SELECT count(*) FROM tariff_version"); }

    void copy_to(const std::string&) override {
        throw std::logic_error("PostgreSQL's own tools copy a PostgreSQL store");
    }

    Slice read_slice(Table table, const std::string& after, int limit) override {
        return slice_of(*writer_, table, after, limit);
    }
    std::int64_t count_rows(Table table) override { return count_of(*writer_, table); }

    std::vector<EvidenceRow> read_entries(const std::vector<std::pair<CustomerId, std::int64_t>>& wanted) override {
        Column customers(Kind::integers), places(Kind::integers);
        for (const auto& [customer, row] : wanted) {
            customers.add(customer);
            places.add(row);
        }
        const Rows rows = writer_->run(
            "SELECT e.row,e.customer,e.number,e.previous,e.at,e.kind,e.body,e.hash FROM unnest($1,$2) AS "
            "wanted(customer,row) JOIN evidence e ON e.customer=wanted.customer AND e.row=wanted.row",
            Parameters().add(std::move(customers)).add(std::move(places)));
        std::vector<EvidenceRow> entries;
        for (int i = 0; i < rows.size(); ++i)
            entries.push_back(evidence_from(rows, i));
        return entries;
    }

    std::optional<Transfer> transfer() override {
        const bool there = writer_
                               ->run(
                                   "SELECT count(*) FROM information_schema.tables WHERE "
                                   "table_schema=current_schema() AND table_name='transfer'")
                               .integer(0, 0) > 0;
        if (!there) return std::nullopt;
        const Rows rows = writer_->run("SELECT source,progress FROM transfer WHERE id=1");
        return rows.size() ? std::optional(Transfer{rows.text(0, 0), rows.text(0, 1)}) : std::nullopt;
    }
    void begin_transfer(const Transfer& transfer) override {
        writer_->script(
            "CREATE TABLE IF NOT EXISTS transfer (id BIGINT PRIMARY KEY, source TEXT NOT NULL, progress TEXT NOT "
            "NULL)");
        (void)writer_->run("INSERT INTO transfer(id,source,progress) VALUES(1,$1,$2)",
                           Parameters().text(transfer.source).text(transfer.progress));
    }
    void end_transfer() override {
        for (const char* sql : {"SELECT setval('customer_id',max(id)) FROM customer HAVING max(id)>0",
                                "SELECT setval('evidence_row',max(row)) FROM evidence HAVING max(row)>0",
                                "SELECT setval('message_row',max(row)) FROM message HAVING max(row)>0",
                                "SELECT setval('rejected_row',max(row)) FROM rejected HAVING max(row)>0",
                                "SELECT setval('finding_row',max(row)) FROM finding HAVING max(row)>0"})
            (void)writer_->run(sql);
        for (Ids& ids : ids_)
            ids.blocks.clear();
        writer_->script("DROP TABLE transfer");
    }

private:
    static constexpr const char* clock_sql = "SELECT (extract(epoch FROM clock_timestamp())*1000)::int8";
    static constexpr const char* aliases_sql = "SELECT alias,customer FROM alias WHERE alias=ANY($1)";

    void connect() {
        using Use = Connection::Use;
        writer_ = std::make_unique<Connection>(url_, opening_ == Opening::serve ? Use::write : Use::move);
    }

    void step(const TransferStep& step) {
        const Rows done = writer_->run("UPDATE transfer SET progress=$1 WHERE id=1 AND progress=$2",
                                       Parameters().text(step.after).text(step.before));
        if (done.changed() != 1) throw StoreConflict(moved_elsewhere);
    }

    /// A batch begins, with a connection that answers. A lost one is replaced once: nothing was done on it yet.
    void begin() {
        if (open_) {
            if (!writer_ || writer_->broken())
                throw StoreUnavailable("the connection was lost in the middle of a batch");
            return;
        }
        (void)begin_with([] {});
    }

    /// Begins with the first questions of a batch, in one round trip. Returns their answers.
    template <class Ask>
    std::vector<Rows> begin_with(Ask ask) {
        const auto once = [&] {
            if (!writer_ || writer_->broken()) connect();
            open_ = true;
            queue_begin();
            ask();
            return flush_begin();
        };
        try {
            return once();
        } catch (const StoreUnavailable&) {
            open_ = writer_ && !writer_->broken();
            if (open_) throw;
        }
        return once();
    }

    void queue_begin() {
        writer_->queue("BEGIN ISOLATION LEVEL READ COMMITTED");
        writer_->queue(clock_sql);
        for (Ids& ids : ids_) {
            const std::int64_t blocks = blocks_wanted(ids);
            ids.asked = blocks > 0;
            if (ids.asked) writer_->queue(ids.take, Parameters().add(blocks));
        }
    }

    /// How many blocks to take with this batch, so that none has to be asked for in the middle of one. Messages are
    /// listed by row, so an instance that has little to do must not keep low rows for long.
    std::int64_t blocks_wanted(Ids& ids) {
        constexpr std::int64_t keep_rows_ms = 1000;
        if (&ids == &ids_of(Sequence::message) && steady_ms() - ids.taken_ms > keep_rows_ms) ids.blocks.clear();
        const std::int64_t enough = 64 + 2 * std::max(ids.given, ids.given_before);
        const std::int64_t missing = enough - ids.left();
        return missing > 0 ? (missing + block - 1) / block : 0;
    }

    /// Takes in what queue_begin() asked for; the rest is handed back.
    std::vector<Rows> flush_begin() {
        const std::int64_t asked = steady_ms();
        std::vector<Rows> rows = writer_->flush();
        clock_.learn(rows[1].integer(0, 0), asked, steady_ms());
        std::ptrdiff_t at = 2;
        for (Ids& ids : ids_) {
            if (ids.asked) ids.keep(rows[static_cast<std::size_t>(at++)]);
            ids.given_before = std::exchange(ids.given, 0);
        }
        rows.erase(rows.begin(), rows.begin() + at);
        return rows;
    }

    /// The first round trip: who the aliases and messages lead to.
    void ask_whose(const Wants& wants, std::unordered_map<std::string, CustomerId>& by_alias,
                   std::set<CustomerId>& owners) {
        const auto ask = [&] {
            if (!wants.aliases.empty()) writer_->queue(aliases_sql, Parameters().add(texts_of(wants.aliases)));
            if (!wants.messages.empty())
                writer_->queue("SELECT customer FROM message WHERE row=ANY($1)",
                               Parameters().add(integers_of(wants.messages)));
        };
        std::vector<Rows> rows;
        if (!open_) {
            rows = begin_with(ask);
        } else {
            begin();  // the connection must be the one that has the locks
            if (wants.aliases.empty() && wants.messages.empty()) return;
            ask();
            rows = writer_->flush();
        }
        std::size_t at = 0;
        if (!wants.aliases.empty()) by_alias = aliases_from(rows[at++]);
        if (!wants.messages.empty())
            for (std::int64_t owner : first_column(rows[at]))
                owners.insert(owner);
    }

    static std::unordered_map<std::string, CustomerId> aliases_from(const Rows& rows) {
        std::unordered_map<std::string, CustomerId> found;
        for (int i = 0; i < rows.size(); ++i)
            found.emplace(rows.text(i, 0), rows.integer(i, 1));
        return found;
    }

    /// The second: the customers are locked, and everything else is read after that.
    void ask_what(const Wants& wants, const std::unordered_map<std::string, CustomerId>& by_alias,
                  const std::set<CustomerId>& customers, const std::set<CustomerId>& owners, Loaded& loaded) {
        enum class Part { customers, aliases, seen, sessions, messages, waiting };
        std::vector<Part> parts;
        const auto ask = [&](Part part, const char* sql, Parameters parameters) {
            parts.push_back(part);
            writer_->queue(sql, std::move(parameters));
        };
        if (!customers.empty())
            ask(Part::customers, "SELECT id,state,key,wake FROM customer WHERE id=ANY($1) ORDER BY id FOR UPDATE",
                Parameters().add(integers_of(customers)));
        if (!wants.aliases.empty()) ask(Part::aliases, aliases_sql, Parameters().add(texts_of(wants.aliases)));
        if (!wants.keys.empty()) {
            Column keys(Kind::bytes);
            for (const Digest& key : wants.keys)
                keys.add(bytes_of(key));
            ask(Part::seen, "SELECT key,content,customer,result,received FROM seen WHERE key=ANY($1)",
                Parameters().add(std::move(keys)));
        }
        Column session_customers(Kind::integers), sessions(Kind::integers);
        if (add_sessions(wants, by_alias, session_customers, sessions))
            ask(Part::sessions,
                "SELECT s.customer,s.session,s.body,s.last FROM (SELECT DISTINCT * FROM unnest($1,$2)) AS "
                "wanted(customer,session) JOIN session s ON s.customer=wanted.customer AND s.session=wanted.session",
                Parameters().add(std::move(session_customers)).add(std::move(sessions)));
        if (!wants.messages.empty())
            ask(Part::messages, "SELECT " PG_MESSAGE_COLUMNS " FROM message WHERE row=ANY($1)",
                Parameters().add(integers_of(wants.messages)));
        // What finishes makes the next of its queue due; what a machine is told may supersede what waits.
        if (!customers.empty())
            ask(Part::waiting,
                "SELECT " PG_MESSAGE_COLUMNS
                " FROM message WHERE customer=ANY($1) AND state='queued' AND (topic<>'' OR customer=ANY($2))",
                Parameters().add(integers_of(customers)).add(integers_of(owners)));
        if (parts.empty()) return;
        const std::vector<Rows> answers = writer_->flush();
        std::set<std::int64_t> message_rows;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const Rows& rows = answers[i];
            switch (parts[i]) {
                case Part::customers:
                    for (int n = 0; n < rows.size(); ++n)
                        loaded.customers.push_back(customer_from(rows, n));
                    break;
                case Part::aliases:
                    if (aliases_from(rows) != by_alias)
                        throw StoreConflict("an alias was given to somebody else while its customer was waited for");
                    break;
                case Part::seen:
                    take_seen(rows, wants.keys, loaded);
                    break;
                case Part::sessions:
                    for (int n = 0; n < rows.size(); ++n)
                        loaded.sessions.push_back(
                            {rows.integer(n, 0), rows.integer(n, 1), rows.text(n, 2), rows.instant(n, 3)});
                    break;
                case Part::messages:
                case Part::waiting:
                    for (int n = 0; n < rows.size(); ++n)
                        if (message_rows.insert(rows.integer(n, 0)).second)
                            loaded.messages.push_back(message_from(rows, n));
                    break;
            }
        }
    }

    static bool add_sessions(const Wants& wants, const std::unordered_map<std::string, CustomerId>& by_alias,
                             Column& customers, Column& sessions) {
        bool any = false;
        const auto add = [&](CustomerId customer, std::int64_t session) {
            customers.add(customer);
            sessions.add(session);
            any = true;
        };
        for (const auto& [alias, session] : wants.sessions)
            if (const auto owner = by_alias.find(alias); owner != by_alias.end()) add(owner->second, session);
        for (const auto& [customer, session] : wants.customer_sessions)
            add(customer, session);
        return any;
    }

    static void take_seen(const Rows& rows, const std::vector<Digest>& keys, Loaded& loaded) {
        std::map<Digest, int> where;
        for (int i = 0; i < rows.size(); ++i)
            where[seen_from(rows, i).key] = i;
        for (const Digest& key : keys) {
            const auto found = where.find(key);
            loaded.seen.push_back(found == where.end() ? std::nullopt : std::optional(seen_from(rows, found->second)));
        }
    }

    /// A read between batches, which also tells the time.
    std::vector<std::int64_t> ids_due(const char* sql, Instant now, int limit) {
        if (!writer_ || writer_->broken()) connect();
        const std::int64_t asked = steady_ms();
        writer_->queue(clock_sql);
        writer_->queue(sql, Parameters().add(now).add(limit));
        const std::vector<Rows> rows = writer_->flush();
        clock_.learn(rows[0].integer(0, 0), asked, steady_ms());
        return first_column(rows[1]);
    }

    static std::vector<std::int64_t> first_column(const Rows& rows) {
        std::vector<std::int64_t> values;
        for (int i = 0; i < rows.size(); ++i)
            values.push_back(rows.integer(i, 0));
        return values;
    }

    /// After the commit and outside of it: a database that has no NOTIFY refuses it, and the counter suffices.
    void spread_news() {
        try {
            (void)writer_->run("NOTIFY roamguard_news");
        } catch (const std::runtime_error&) {
        }
    }

    void listen() {
        listener_ = std::make_unique<Connection>(url_, Connection::Use::listen);
        try {
            (void)listener_->run("LISTEN roamguard_news");
        } catch (const StoreUnavailable&) {
            throw;
        } catch (const std::runtime_error&) {
            // It is asked every second all the same.
        }
    }

    static std::int64_t before(const Page& page) { return page.before > 0 ? page.before : INT64_MAX; }
    Ids& ids_of(Sequence sequence) { return ids_[static_cast<std::size_t>(sequence)]; }

    std::string url_;
    Opening opening_;
    std::unique_ptr<Connection> writer_;
    bool open_ = false;  ///< a batch is under way
    Pool readers_;
    DatabaseClock clock_;
    Ids ids_[3] = {{"SELECT nextval('customer_id') FROM generate_series(1,$1)", {}},
                   {"SELECT nextval('evidence_row') FROM generate_series(1,$1)", {}},
                   {"SELECT nextval('message_row') FROM generate_series(1,$1)", {}}};
    std::int64_t session_cursor_ = 0;
    std::unique_ptr<Connection> listener_;
    std::int64_t news_seen_ = 0;
};

}  // namespace
}  // namespace postgres

std::unique_ptr<Store> open_postgres(const std::string& url, Opening opening) {
    return std::make_unique<postgres::Postgres>(url, opening);
}

}  // namespace roamguard::storage
