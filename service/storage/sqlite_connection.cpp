#include "service/storage/sqlite_connection.h"

#include <unordered_map>

namespace roamguard::storage {

void fail(sqlite3* db, const std::string& doing) {
    const int code = sqlite3_errcode(db) & 0xff;
    const std::string sentence =
        doing + ": " + sqlite3_errmsg(db) + " (SQLite " + std::to_string(sqlite3_extended_errcode(db)) + ")";
    switch (sqlite3_extended_errcode(db)) {
        case SQLITE_IOERR_NOMEM:
        case SQLITE_IOERR_SHMMAP:
        case SQLITE_IOERR_SHMSIZE:  // the log's index, which has no place on the disk: nothing of it is lost
            throw StoreUnavailable(sentence);
        default:
            break;
    }
    switch (code) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:  // the file's first bytes: another file, or noise over a database's first page
            throw StoreDamaged(sentence);
        case SQLITE_IOERR:
            throw StoreBroken(sentence);
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
        case SQLITE_TOOBIG:
        case SQLITE_MISUSE:
        case SQLITE_ERROR:
            throw std::runtime_error(sentence);
        default:
            throw StoreUnavailable(sentence);
    }
}

Use& Use::bind(std::int64_t value) {
    sqlite3_bind_int64(statement_, next_++, value);
    return *this;
}

Use& Use::bind(std::string_view text) {
    sqlite3_bind_text(statement_, next_++, text.data() ? text.data() : "", static_cast<int>(text.size()),
                      SQLITE_STATIC);
    return *this;
}

Use& Use::blob(std::string_view bytes) {
    sqlite3_bind_blob(statement_, next_++, bytes.data() ? bytes.data() : "", static_cast<int>(bytes.size()),
                      SQLITE_STATIC);
    return *this;
}

bool Use::step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    fail(sqlite3_db_handle(statement_), "the database did not carry out a statement");
}

void Use::run() {
    while (step()) {
    }
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    next_ = 1;
}

std::optional<Instant> Use::maybe_instant(int column) const {
    if (null(column)) return std::nullopt;
    return instant(column);
}

std::string Use::text(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return bytes ? std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size)) : std::string{};
}

struct Connection::Cache {
    std::unordered_map<const char*, sqlite3_stmt*> statements;
};

Connection::Connection(const std::string& path, Mode mode) : cache_(std::make_unique<Cache>()) {
    const int flags = mode == Mode::writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    if (sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK) {
        const std::string sentence =
            "cannot open the database " + path + ": " + (db_ ? sqlite3_errmsg(db_) : "out of memory");
        sqlite3_close(db_);
        throw StoreUnavailable(sentence);
    }
    sqlite3_busy_timeout(db_, 2000);
    sqlite3_extended_result_codes(db_, 1);
}

Connection::~Connection() {
    for (auto& [sql, statement] : cache_->statements)
        sqlite3_finalize(statement);
    sqlite3_close(db_);
}

Use Connection::use(const char* sql) {
    sqlite3_stmt*& statement = cache_->statements[sql];
    if (!statement && sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
        fail(db_, std::string("cannot prepare ") + sql);
    return Use(statement);
}

void Connection::execute(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        fail(db_, "cannot execute " + sql.substr(0, 80));
}

std::int64_t Connection::pragma(const std::string& name) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, ("PRAGMA " + name).c_str(), -1, &statement, nullptr) != SQLITE_OK)
        fail(db_, "cannot read PRAGMA " + name);
    const std::int64_t value = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return value;
}

}  // namespace roamguard::storage
