#include "service/storage/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "service/storage/store.h"

namespace roamguard::storage {
namespace {

constexpr char doubt[] = "broken\n";

std::string lock_file_of(const std::string& database) { return database + ".lock"; }

}  // namespace

FolderLock::FolderLock(const std::string& database) {
    const std::string path = lock_file_of(database);
    descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor_ < 0) throw StoreUnavailable("cannot make the lock file " + path + ": " + std::strerror(errno));
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        ::close(descriptor_);
        throw StoreUnavailable("another process holds the database " + database + " (its lock file is " + path + ")");
    }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

void FolderLock::leave_doubt(const std::string& database) noexcept try {
    const int file = ::open(lock_file_of(database).c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    if (::write(file, doubt, sizeof doubt - 1) > 0) ::fdatasync(file);
    ::close(file);
} catch (const std::bad_alloc&) {
}

bool FolderLock::in_doubt() const {
    char first = 0;
    return ::pread(descriptor_, &first, 1, 0) == 1 && first == doubt[0];
}

void FolderLock::settle_doubt() {
    if (::ftruncate(descriptor_, 0) != 0)
        throw StoreUnavailable(std::string("cannot write the database's lock file: ") + std::strerror(errno));
}

}  // namespace roamguard::storage
