#include "service/storage/postgres_schema.h"

#include <chrono>
#include <iterator>
#include <thread>

#include "data/embedded.h"
#include "service/storage/engines.h"
#include "service/storage/postgres_connection.h"

namespace roamguard::storage::postgres {
namespace {

constexpr std::string_view migrations[] = {"0001_first.sql", "0002_edges.sql", "0003_tariff_steps.sql"};
constexpr std::int64_t schema_version = std::size(migrations);

bool is_there(Connection& db) {
    return db.run(
                 "SELECT count(*) FROM information_schema.tables WHERE table_schema=current_schema() AND "
                 "table_name='schema_version'")
               .integer(0, 0) > 0;
}

/// Two instances may make it at once, and IF NOT EXISTS does not keep them apart: then one finds it made.
void make_version_table(Connection& db) {
    if (is_there(db)) return;
    try {
        db.script(
            "CREATE TABLE IF NOT EXISTS schema_version (id BIGINT PRIMARY KEY, version BIGINT NOT NULL);"
            "INSERT INTO schema_version(id,version) VALUES (1, 0) ON CONFLICT DO NOTHING");
    } catch (const StoreUnavailable&) {
        throw;
    } catch (const std::runtime_error&) {
        if (!is_there(db)) throw;
    }
}

void migrate(Connection& db) {
    (void)db.run("BEGIN");
    const std::int64_t version = db.run("SELECT version FROM schema_version WHERE id=1 FOR UPDATE").integer(0, 0);
    if (version > schema_version)
        throw std::runtime_error("it has schema " + std::to_string(version) + ", this program knows " +
                                 std::to_string(schema_version) +
                                 ": run the newer program, or restore a backup made before it");
    for (std::int64_t next = version; next < schema_version; ++next)
        db.script(
            std::string(data::embedded_files().at("service/storage/schema/postgres/" + std::string(migrations[next]))));
    if (version < schema_version)
        (void)db.run("UPDATE schema_version SET version=$1 WHERE id=1", Parameters().add(schema_version));
    (void)db.run("COMMIT");
}

/// Other instances may be at work. Whoever waits for a table's lock keeps all others from the table meanwhile, so it is
/// asked for briefly and again.
void migrate_beside_others(Connection& db) {
    (void)db.run("SET lock_timeout=2000");
    for (int attempt = 1;; ++attempt) {
        std::exception_ptr failure;
        try {
            return migrate(db);
        } catch (const StoreUnavailable&) {
            failure = std::current_exception();
        } catch (const StoreConflict&) {
            failure = std::current_exception();
        }
        if (attempt == 30 || db.broken()) std::rethrow_exception(failure);
        (void)db.run("ROLLBACK");
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
}

}  // namespace

void apply_schema(const std::string& url) {
    Connection db(url, Connection::Use::write);
    try {
        const std::string encoding = db.run("SELECT current_setting('server_encoding')").text(0, 0);
        if (encoding != "UTF8")
            throw StoreUnavailable("its encoding is " + encoding + "; create it with ENCODING 'UTF8'");
        (void)db.run("SET statement_timeout=0");
        make_version_table(db);
        migrate_beside_others(db);
    } catch (const std::runtime_error& error) {
        throw StoreUnavailable("the database " + masked(url) + " cannot be used: " + error.what());
    }
}

void require_schema(Connection& db, const std::string& url) {
    if (!is_there(db)) throw StoreUnavailable("the database " + masked(url) + " holds no store of this program");
    const std::int64_t version = db.run("SELECT version FROM schema_version WHERE id=1").integer(0, 0);
    if (version != schema_version)
        throw StoreUnavailable("the database " + masked(url) +
                               " cannot be used: " + other_schema(version, schema_version));
}

}  // namespace roamguard::storage::postgres
