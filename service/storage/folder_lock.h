#pragma once

#include <string>

namespace roamguard::storage {

/// Holds the lock file beside a database as long as it lives, so that no second process opens the same one. Throws
/// StoreUnavailable when another holds it.
class FolderLock {
public:
    explicit FolderLock(const std::string& database);
    ~FolderLock();
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;

    /// Word that stands in the lock file from one process to the next: the database broke, and nobody has looked
    /// through it since. Left as far as the disk takes it.
    static void leave_doubt(const std::string& database) noexcept;
    [[nodiscard]] bool in_doubt() const;
    void settle_doubt();

private:
    int descriptor_ = -1;
};

}  // namespace roamguard::storage
