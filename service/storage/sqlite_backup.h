#pragma once

#include <string>
#include <vector>

#include "service/storage/transfer.h"

// Backup and restore of the embedded store: one file, which is a whole database.
namespace roamguard::storage {

/// Nothing was done, and the sentence says what to do.
struct BackupRefused : std::runtime_error {
    enum class Why { path, exists, busy, failed } why;
    BackupRefused(Why why_, const std::string& sentence) : std::runtime_error(sentence), why(why_) {}
};

struct Backup {
    std::string file;
    std::int64_t bytes = 0, customers = 0;
    double seconds = 0;
};
/// A copy of one moment, while others go on writing: made beside `file`, checked, on disk, and only then named so.
/// `file` is a whole path that does not exist. One at a time in this process. Any thread. Throws BackupRefused.
[[nodiscard]] Backup back_up(Store& store, const std::string& file);
/// The same of a database that no process holds.
[[nodiscard]] Backup back_up_database(const std::string& database, const std::string& file);

struct RestoreOptions {
    enum class Existing { refuse, replace } existing = Existing::refuse;
    TransferOptions::Verify verify = TransferOptions::Verify::sample;
    ChainCheck chain;
    Instant now;  ///< names what is replaced
};
struct Restored {
    std::int64_t customers = 0, evidence = 0, messages = 0, versions = 0, keys = 0;
    std::int64_t chains = 0;  ///< how many were checked
    std::string kept;         ///< where the replaced database is; empty where there was none
};
/// Puts a backup in the place of a database that no process holds, once it has proved whole. Throws BackupRefused.
[[nodiscard]] Restored restore(const std::string& backup, const std::string& database, const RestoreOptions& options);

}  // namespace roamguard::storage
