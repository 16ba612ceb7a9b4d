#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "service/storage/store.h"

namespace roamguard::storage::postgres {

/// The address with the password, wherever in it one may stand, replaced by `***`.
[[nodiscard]] std::string masked(std::string_view url);

/// A column of values on its way to the server: one PostgreSQL array in binary form, however many rows it has.
class Column {
public:
    enum class Kind : std::uint32_t { integers = 20, bytes = 17, texts = 25 };
    explicit Column(Kind kind);
    void add(std::int64_t value);
    void add(Instant value) { add(value.ms); }
    void add(std::string_view bytes);
    template <class T>
    void add(const std::optional<T>& value) {
        value ? add(*value) : add_null();
    }
    void add_null();
    /// The array, its header filled in.
    [[nodiscard]] std::string take();
    [[nodiscard]] Kind kind() const { return kind_; }

private:
    Kind kind_;
    std::uint32_t count_ = 0;
    std::uint32_t has_null_ = 0;
    std::string bytes_;
};

/// The parameters of one statement, in order.
class Parameters {
public:
    Parameters& add(std::int64_t value);
    Parameters& add(int value) { return add(static_cast<std::int64_t>(value)); }
    Parameters& add(Instant value) { return add(value.ms); }
    Parameters& text(std::string_view value);
    Parameters& bytes(std::string_view value);
    Parameters& add(Column column);

private:
    friend class Connection;
    std::vector<Oid> types_;
    std::vector<std::string> values_;
};

/// What a statement brought. Columns from 0.
class Rows {
public:
    explicit Rows(PGresult* result) : result_(result, &PQclear) {}
    [[nodiscard]] int size() const { return PQntuples(result_.get()); }
    [[nodiscard]] bool null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
    [[nodiscard]] std::int64_t integer(int row, int column) const;
    [[nodiscard]] int number(int row, int column) const { return static_cast<int>(integer(row, column)); }
    [[nodiscard]] Instant instant(int row, int column) const { return {integer(row, column)}; }
    [[nodiscard]] std::optional<Instant> maybe_instant(int row, int column) const;
    [[nodiscard]] std::string text(int row, int column) const;
    /// How many rows a change touched.
    [[nodiscard]] int changed() const;
    /// The word the server ended with: `COMMIT`, `ROLLBACK`, …
    [[nodiscard]] std::string_view tag() const { return PQcmdStatus(result_.get()); }

private:
    std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

/// One connection in pipeline mode: statements are queued, and flush() is one round trip for all of them. Statements
/// are prepared at their first use, by the address of the literal. One thread at a time.
class Connection {
public:
    enum class Use { write, read, listen, move };
    /// Connects. Throws StoreUnavailable.
    Connection(const std::string& url, Use use);

    void queue(const char* sql, Parameters parameters = {});
    /// Runs what was queued. Throws what the first failure means to the seam; what came after it was not run.
    std::vector<Rows> flush();
    Rows run(const char* sql, Parameters parameters = {});
    /// A script of several statements.
    void script(const std::string& sql);

    [[nodiscard]] bool in_transaction() const;
    /// The connection is of no use any more.
    [[nodiscard]] bool broken() const { return broken_ || PQstatus(connection_.get()) != CONNECTION_OK; }
    /// Waits until the server says something of itself, at most so long. True when a notification came.
    [[nodiscard]] bool wait_for_notification(std::chrono::milliseconds patience);
    /// How often something was sent and waited for, over all connections: for tests and figures.
    [[nodiscard]] static std::int64_t round_trips();

private:
    struct Queued {
        enum class What { preparation, statement } what;
        const char* sql;
    };
    using Clock = std::chrono::steady_clock;
    /// For the answer to one flush: a request behind a silent database must hear so within half a minute. Who only
    /// reads waits less still.
    std::chrono::seconds patience_{10};

    void settle(Use use);
    [[nodiscard]] PGresult* next_result();
    void receive(const Queued& queued, std::vector<Rows>& rows, std::exception_ptr& failure);
    [[noreturn]] void lost();

    std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
    std::deque<Queued> queued_;
    std::set<const char*> prepared_, being_prepared_;
    bool broken_ = false;
    Clock::time_point answer_by_{};
};

/// The failure a result stands for, as the seam names it.
[[nodiscard]] std::exception_ptr failure_of(const PGresult* result);

}  // namespace roamguard::storage::postgres
