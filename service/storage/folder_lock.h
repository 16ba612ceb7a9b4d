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

private:
    int descriptor_ = -1;
};

}  // namespace roamguard::storage
