#include "tests/storage/power_cut_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string_view>
#include <vector>

namespace roamguard::testing {
namespace {

namespace fs = std::filesystem;
using Chance = std::mt19937_64;

constexpr std::size_t sector = 512;

bool in_percent(Chance& chance, unsigned percent) { return chance() % 100 < percent; }

/// Something a file was told and has not been synced since.
struct Told {
    std::size_t at = 0;
    std::string bytes;
    bool truncates = false;
};

void put(std::string& content, std::size_t at, std::string_view bytes) {
    if (content.size() < at + bytes.size()) content.resize(at + bytes.size(), '\0');
    content.replace(at, bytes.size(), bytes);
}

struct File {
    std::string synced;
    std::vector<Told> since;
    bool there = false;           ///< as programs see it
    bool there_for_sure = false;  ///< after a cut too
    bool new_in_folder = false;   ///< its first sync is its folder's too, as SQLite does it for its logs

    void sync() {
        for (const Told& told : since)
            told.truncates ? synced.resize(told.at, '\0') : put(synced, told.at, told.bytes);
        since.clear();
    }

    /// The content after a cut. One call decides for the whole file how much of what was not synced comes through.
    [[nodiscard]] std::string after_cut(Chance& chance) const {
        const unsigned kept_percent = in_percent(chance, 25)   ? 0
                                      : in_percent(chance, 25) ? 100
                                                               : static_cast<unsigned>(chance() % 101);
        std::string content = synced;
        for (const Told& told : since) {
            if (told.truncates) {
                if (in_percent(chance, kept_percent)) content.resize(told.at, '\0');
                continue;
            }
            for (std::size_t done = 0; done < told.bytes.size();) {
                const std::size_t at = told.at + done;
                const std::size_t part = std::min(sector - at % sector, told.bytes.size() - done);
                if (in_percent(chance, kept_percent))
                    put(content, at, std::string_view(told.bytes).substr(done, part));
                else if (content.size() < at + part && in_percent(chance, 30))
                    content.resize(at + part, '\0');  // the length came through, the data did not
                done += part;
            }
        }
        return content;
    }
};

struct Handle {
    sqlite3_file base;
    PowerCutDisk* owner;
    File* file;  ///< nothing for temporary ones
    bool is_database;
    sqlite3_file* real;
};

}  // namespace

struct PowerCutDisk::Disk {
    sqlite3_vfs vfs{};
    sqlite3_vfs* below = nullptr;
    Pragma pragma = Pragma::as_asked;
    Watch watch;
    bool cut = false;
    std::mutex mutex;
    std::map<std::string, File> files;

    /// Whether this step still reaches the disk. The step at which the power goes does.
    bool reaches(Step step) {
        if (cut) return false;
        if (watch && watch(step)) cut = true;
        return true;
    }
    void sync_folder() {
        for (auto& [path, file] : files)
            file.there_for_sure = file.there;
    }
};

/// SQLite's calls.
struct PowerCutCalls {
    static PowerCutDisk::Disk& disk(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file)->owner->disk_; }
    static PowerCutDisk& of(sqlite3_vfs* vfs) { return *static_cast<PowerCutDisk*>(vfs->pAppData); }
    static Handle& handle(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
    static sqlite3_file* real(sqlite3_file* file) { return handle(file).real; }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
        PowerCutDisk& owner = of(vfs);
        PowerCutDisk::Disk& disk = *owner.disk_;
        Handle& made = handle(file);
        made = {{nullptr}, &owner, nullptr, (flags & SQLITE_OPEN_MAIN_DB) != 0, nullptr};
        const std::lock_guard lock(disk.mutex);
        if (disk.cut) return SQLITE_IOERR;
        made.real = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(Handle));
        const bool was_there = name && fs::exists(name);
        const int code = disk.below->xOpen(disk.below, name, made.real, flags, out);
        if (code != SQLITE_OK) return code;
        made.base.pMethods = methods();
        if (!name || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) == 0)
            return SQLITE_OK;
        made.file = &disk.files[name];
        if (!was_there) {
            made.file->new_in_folder = !made.is_database;
            made.file->since = {{0, {}, true}};  // what was deleted may come back until this one is synced
        }
        made.file->there = true;
        return SQLITE_OK;
    }

    static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
        PowerCutDisk::Disk& disk = *of(vfs).disk_;
        const std::lock_guard lock(disk.mutex);
        if (!disk.reaches(PowerCutDisk::Step::remove)) return SQLITE_IOERR_DELETE;
        const int code = disk.below->xDelete(disk.below, name, 0);
        if (code != SQLITE_OK) return code;
        if (const auto found = disk.files.find(name); found != disk.files.end()) found->second.there = false;
        if (sync_folder) disk.sync_folder();
        return SQLITE_OK;
    }

    static int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
    static int read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
        return disk(file).cut ? SQLITE_IOERR_READ : real(file)->pMethods->xRead(real(file), into, size, at);
    }

    static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
        PowerCutDisk::Disk& its = disk(file);
        const std::lock_guard lock(its.mutex);
        if (!its.reaches(handle(file).is_database ? PowerCutDisk::Step::write_database : PowerCutDisk::Step::write_log))
            return SQLITE_IOERR_WRITE;
        if (File* kept = handle(file).file)
            kept->since.push_back({static_cast<std::size_t>(at),
                                   std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size)),
                                   false});
        return real(file)->pMethods->xWrite(real(file), bytes, size, at);
    }

    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        PowerCutDisk::Disk& its = disk(file);
        const std::lock_guard lock(its.mutex);
        if (!its.reaches(PowerCutDisk::Step::truncate)) return SQLITE_IOERR_TRUNCATE;
        if (File* kept = handle(file).file) kept->since.push_back({static_cast<std::size_t>(size), {}, true});
        return real(file)->pMethods->xTruncate(real(file), size);
    }

    /// The power may go while it syncs: then it has promised nothing. The real disk is not made to wait.
    static int sync(sqlite3_file* file, int) {
        PowerCutDisk::Disk& its = disk(file);
        const std::lock_guard lock(its.mutex);
        if (!its.reaches(PowerCutDisk::Step::sync) || its.cut) return SQLITE_IOERR_FSYNC;
        File* kept = handle(file).file;
        if (!kept) return SQLITE_OK;
        kept->sync();
        if (kept->new_in_folder) its.sync_folder();
        kept->new_in_folder = false;
        return SQLITE_OK;
    }

    static int control(sqlite3_file* file, int what, void* with) {
        if (what == SQLITE_FCNTL_PRAGMA && disk(file).pragma == PowerCutDisk::Pragma::normal_for_full) {
            char** words = static_cast<char**>(with);  // the answer, the name, the value
            if (std::string_view(words[1]) == "synchronous") {
                if (words[2]) {
                    std::memcpy(words[2], "1", 2);
                } else {
                    words[0] = sqlite3_mprintf("2");
                    return SQLITE_OK;
                }
            }
        }
        return real(file)->pMethods->xFileControl(real(file), what, with);
    }

    static int size(sqlite3_file* file, sqlite3_int64* bytes) {
        return real(file)->pMethods->xFileSize(real(file), bytes);
    }
    static int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
    static int unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
    static int reserved(sqlite3_file* file, int* out) {
        return real(file)->pMethods->xCheckReservedLock(real(file), out);
    }
    static int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
    static int device(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
    static int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
        return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
    }
    static int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
        return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
    }
    static void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
    static int shm_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

    static const sqlite3_io_methods* methods() {
        static const sqlite3_io_methods all = {2,        close,       read,      write,   truncate,    sync,   size,
                                               lock,     unlock,      reserved,  control, sector_size, device, shm_map,
                                               shm_lock, shm_barrier, shm_unmap, nullptr, nullptr};
        return &all;
    }
};

PowerCutDisk::PowerCutDisk(Pragma pragma) : disk_(std::make_unique<Disk>()) {
    disk_->below = sqlite3_vfs_find(nullptr);
    disk_->pragma = pragma;
    disk_->vfs = *disk_->below;
    disk_->vfs.szOsFile = disk_->below->szOsFile + static_cast<int>(sizeof(Handle));
    disk_->vfs.zName = "power-cut";
    disk_->vfs.pNext = nullptr;
    disk_->vfs.pAppData = this;
    disk_->vfs.xOpen = PowerCutCalls::open;
    disk_->vfs.xDelete = PowerCutCalls::remove;
    sqlite3_vfs_register(&disk_->vfs, 1);
}

PowerCutDisk::~PowerCutDisk() {
    sqlite3_vfs_unregister(&disk_->vfs);
    sqlite3_vfs_register(disk_->below, 1);
}

void PowerCutDisk::cut_when(Watch watch) { disk_->watch = std::move(watch); }

bool PowerCutDisk::is_cut() const { return disk_->cut; }

void PowerCutDisk::power_on(std::mt19937_64& chance) {
    disk_->watch = nullptr;
    disk_->cut = false;
    for (auto& [path, file] : disk_->files) {
        fs::remove(path + "-shm");
        const std::string content = file.after_cut(chance);
        file.there = file.there == file.there_for_sure ? file.there : in_percent(chance, 50);
        file.there_for_sure = file.there;
        file.new_in_folder = false;
        file.since.clear();
        file.synced = file.there ? content : "";
        if (file.there)
            std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
        else
            fs::remove(path);
    }
}

}  // namespace roamguard::testing
