#include "service/storage/sqlite_backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <mutex>

#include "service/storage/codec.h"
#include "service/storage/engines.h"
#include "service/storage/folder_lock.h"
#include "service/storage/sqlite_rows.h"

namespace roamguard::storage {
namespace {

namespace fs = std::filesystem;
using Why = BackupRefused::Why;

[[noreturn]] void fail_with(const std::string& doing) {
    throw BackupRefused(Why::failed, doing + ": " + std::strerror(errno));
}

/// A new empty file beside another, for its owner alone, that is gone unless it is renamed.
class Part {
public:
    explicit Part(const std::string& beside) : path_(beside + ".part-XXXXXX") {
        const int made = ::mkstemp(path_.data());
        if (made < 0)
            throw BackupRefused(Why::path, "cannot make a file beside " + beside + ": " + std::strerror(errno));
        ::close(made);
    }
    ~Part() {
        for (const char* ending : {"", "-wal", "-shm", "-journal"})
            ::unlink((path_ + ending).c_str());
    }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

void sync(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool done = file >= 0 && ::fsync(file) == 0;
    const int fault = errno;
    if (file >= 0) ::close(file);
    errno = fault;
    if (!done) fail_with("cannot write " + path + " to disk");
}

void sync_folder(const std::string& path) {
    const fs::path folder = fs::path(path).parent_path();
    sync(folder.empty() ? "." : folder.string());
}

/// Never over another file, even one that was made meanwhile.
void rename_anew(const std::string& from, const std::string& to) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
    if (errno == EEXIST) throw BackupRefused(Why::exists, to + " exists: name another file");
    if (errno != EINVAL && errno != ENOSYS) fail_with("cannot rename to " + to);
    if (::link(from.c_str(), to.c_str()) != 0) {  // a file system without that way
        if (errno == EEXIST) throw BackupRefused(Why::exists, to + " exists: name another file");
        fail_with("cannot rename to " + to);
    }
}

void require_whole(Connection& db, const std::string& file) {
    std::string fault;
    try {
        Use use = db.use("PRAGMA integrity_check(1)");
        if (use.step() && use.text(0) == "ok") return;
        fault = use.text(0);
    } catch (const std::runtime_error& error) {
        fault = error.what();
    }
    throw BackupRefused(Why::failed, file + " is no whole database: " + fault);
}

void require_path(const std::string& file) {
    std::error_code error;
    if (file.empty() || file.front() != '/' || file.find('\0') != std::string::npos)
        throw BackupRefused(Why::path, "the file must be a whole path, such as /var/backups/roamguard.db");
    if (fs::exists(fs::symlink_status(file, error)))
        throw BackupRefused(Why::exists, file + " exists: name another file");
    if (!fs::is_directory(fs::path(file).parent_path(), error))
        throw BackupRefused(Why::path, "there is no folder " + fs::path(file).parent_path().string());
}

Backup make(const std::string& file, const std::function<void(const std::string&)>& copy) {
    static std::mutex one_at_a_time;
    const std::unique_lock alone(one_at_a_time, std::try_to_lock);
    if (!alone) throw BackupRefused(Why::busy, "a backup is being made already: wait until it is done");
    require_path(file);
    const auto begin = std::chrono::steady_clock::now();
    Backup backup;
    backup.file = file;
    const Part part(file);
    try {
        copy(part.path());
        sync(part.path());
        Connection db(part.path(), Connection::Mode::reader);
        require_whole(db, part.path());
        backup.customers = count_of(db, Table::customers);
        backup.bytes = static_cast<std::int64_t>(fs::file_size(part.path()));
    } catch (const StoreUnavailable& error) {
        throw BackupRefused(Why::failed, std::string("the copy failed: ") + error.what());
    }
    rename_anew(part.path(), file);
    sync_folder(file);
    backup.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return backup;
}

void vacuum_into(Connection& db, const std::string& file) {
    Use use = db.use("VACUUM INTO ?");
    use.bind(file);
    use.run();
}

/// What makes a database a backup that this program can serve, and how many chains of it were computed again.
Restored check(const std::string& path, const std::string& shown, const RestoreOptions& options) {
    Connection db(path, Connection::Mode::reader);
    require_whole(db, shown);
    const std::int64_t version = db.pragma("user_version");
    if (version > known_sqlite_schema())
        throw BackupRefused(Why::failed, shown + ": " + other_schema(version, known_sqlite_schema()));
    Use named = db.use(
        "SELECT count(*) FROM sqlite_master WHERE type='table' AND name IN ('customer','evidence','message',"
        "'tariff_version','api_key')");
    if (version < 1 || !named.step() || named.integer(0) != 5)
        throw BackupRefused(Why::failed, shown + " is a database, but none of this program");
    Restored found;
    found.customers = count_of(db, Table::customers);
    found.evidence = count_of(db, Table::evidence);
    found.messages = count_of(db, Table::messages);
    found.versions = count_of(db, Table::versions);
    found.keys = count_of(db, Table::keys);
    const std::int64_t every = options.verify == TransferOptions::Verify::all
                                   ? 1
                                   : std::max<std::int64_t>(1, found.customers / sampled_chains);
    std::int64_t at = 0;
    for (std::string after;;) {
        const Slice slice = slice_of(db, Table::customers, after, 1000);
        if (slice.count == 0) return found;
        after = slice.last;
        for (const CustomerRow& customer : slice.rows.customers) {
            if (at++ % every != 0) continue;
            ++found.chains;
            std::vector<EvidenceRow> chain;
            for (std::int64_t row = decode_state(customer.state).last_entry; row > 0;) {
                Use use = db.use("SELECT row,customer,number,previous,at,kind,body,hash FROM evidence WHERE row=?");
                use.bind(row);
                if (!use.step()) break;
                chain.push_back(evidence_from(use));
                row = chain.back().previous < row ? chain.back().previous : 0;
            }
            std::reverse(chain.begin(), chain.end());
            if (const auto fault = options.chain(customer, chain))
                throw BackupRefused(Why::failed, shown + " is damaged: the evidence of customer " +
                                                     std::to_string(customer.id) + ": " + *fault);
        }
    }
}

/// The old database goes beside, its log with it. Returns its new name. There is a database at every moment.
std::string set_aside(const std::string& database, Instant now) {
    std::string stamp = tariffs::to_rfc3339(now).substr(0, 19);
    stamp.erase(std::remove_if(stamp.begin(), stamp.end(), [](char c) { return c == '-' || c == ':'; }), stamp.end());
    std::string kept = database + ".before-restore-" + stamp + "Z";
    for (int again = 2; fs::exists(kept); ++again)
        kept = database + ".before-restore-" + stamp + "Z-" + std::to_string(again);
    try {  // so that the file is whole without its log
        Connection old(database, Connection::Mode::writer);
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (const std::runtime_error&) {
        // It may be what the restore is for.
    }
    if (::link(database.c_str(), kept.c_str()) != 0) {
        if (errno != EPERM && errno != EOPNOTSUPP) fail_with("cannot keep the old database as " + kept);
        rename_anew(database, kept);
    }
    if (fs::exists(database + "-wal") && ::rename((database + "-wal").c_str(), (kept + "-wal").c_str()) != 0)
        fail_with("cannot keep the log of the old database");
    ::unlink((database + "-shm").c_str());
    sync_folder(database);
    return kept;
}

}  // namespace

Backup back_up(Store& store, const std::string& file) {
    return make(file, [&](const std::string& part) { store.copy_to(part); });
}

Backup back_up_database(const std::string& database, const std::string& file) {
    if (!fs::exists(database)) throw BackupRefused(Why::path, "there is no database " + database);
    const FolderLock lock(database);
    return make(file, [&](const std::string& part) {
        Connection db(database, Connection::Mode::reader);
        vacuum_into(db, part);
    });
}

Restored restore(const std::string& backup, const std::string& database, const RestoreOptions& options) {
    std::error_code error;
    if (!fs::is_regular_file(backup, error)) throw BackupRefused(Why::path, "there is no file " + backup);
    if (const auto log = fs::file_size(backup + "-wal", error); !error && log > 0)
        throw BackupRefused(Why::failed, backup + " is no backup but a database in use: " + backup +
                                             "-wal belongs to it; `roamguard backup` makes a backup of it");
    if (const fs::path folder = fs::path(database).parent_path(); !folder.empty()) {
        fs::create_directories(folder, error);
        if (error) throw BackupRefused(Why::path, "cannot make the folder " + folder.string() + ": " + error.message());
    }
    const FolderLock lock(database);
    const bool there = fs::exists(fs::symlink_status(database, error)) || fs::exists(database + "-wal", error);
    if (there && options.existing == RestoreOptions::Existing::refuse)
        throw BackupRefused(Why::exists,
                            database + " exists: --replace puts the backup in its place and keeps the old one beside");
    const Part part(database);
    if (!fs::copy_file(backup, part.path(), fs::copy_options::overwrite_existing, error))
        throw BackupRefused(Why::failed, "cannot copy " + backup + " to " + part.path() + ": " + error.message());
    if (::chmod(part.path().c_str(), 0600) != 0) fail_with("cannot take the copy from others");
    Restored restored;
    try {
        restored = check(part.path(), backup, options);
    } catch (const BackupRefused&) {
        throw;
    } catch (const std::runtime_error& fault) {
        throw BackupRefused(Why::failed, backup + " is damaged: " + fault.what());
    }
    sync(part.path());
    if (there) restored.kept = set_aside(database, options.now);
    if (::rename(part.path().c_str(), database.c_str()) != 0) fail_with("cannot put the backup in place");
    sync_folder(database);
    return restored;
}

}  // namespace roamguard::storage
