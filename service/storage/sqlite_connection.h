#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "service/storage/store.h"

namespace roamguard::storage {

/// A prepared statement in use: binds from 1, steps, reads columns from 0. Resets when it goes out of scope.
class Use {
public:
    explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
    ~Use() {
        sqlite3_reset(statement_);
        sqlite3_clear_bindings(statement_);
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

    Use& bind(std::int64_t value);
    Use& bind(int value) { return bind(static_cast<std::int64_t>(value)); }
    Use& bind(Instant value) { return bind(value.ms); }
    Use& bind(std::string_view text);
    Use& blob(std::string_view bytes);
    template <class T>
    Use& bind(const std::optional<T>& value) {
        if (value) return bind(*value);
        ++next_;
        return *this;
    }
    /// True while there is a row.
    bool step();
    /// Runs to the end and readies the statement for the next binding.
    void run();

    [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    [[nodiscard]] int number(int column) const { return sqlite3_column_int(statement_, column); }
    [[nodiscard]] Instant instant(int column) const { return {integer(column)}; }
    [[nodiscard]] std::optional<Instant> maybe_instant(int column) const;
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

private:
    sqlite3_stmt* statement_;
    int next_ = 1;
};

/// One connection with its prepared statements. One per thread at a time.
class Connection {
public:
    enum class Mode { writer, reader };
    Connection(const std::string& path, Mode mode);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Prepared once and kept, by the address of the literal.
    [[nodiscard]] Use use(const char* sql);
    void execute(const std::string& sql);
    [[nodiscard]] std::int64_t pragma(const std::string& name);
    [[nodiscard]] sqlite3* handle() const { return db_; }

private:
    sqlite3* db_ = nullptr;
    struct Cache;
    std::unique_ptr<Cache> cache_;
};

/// The database is one, and its pages contradict each other: another start changes nothing about it.
struct StoreDamaged : StoreBroken {
    using StoreBroken::StoreBroken;
};

/// Throws what the result code means to the seam: StoreBroken for input/output errors and damage, StoreUnavailable for
/// a full disk, a lock or a machine out of memory, std::runtime_error for a constraint (the delta's own fault).
[[noreturn]] void fail(sqlite3* db, const std::string& doing);

}  // namespace roamguard::storage
