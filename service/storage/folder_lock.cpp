#include "service/storage/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "service/storage/store.h"

namespace roamguard::storage {

FolderLock::FolderLock(const std::string& database) {
    const std::string path = database + ".lock";
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor_ < 0) throw StoreUnavailable("cannot make the lock file " + path + ": " + std::strerror(errno));
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        ::close(descriptor_);
        throw StoreUnavailable("another process holds the database " + database + " (its lock file is " + path + ")");
    }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace roamguard::storage
