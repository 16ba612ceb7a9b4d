#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

// A disk whose power can be cut. While it stands it is SQLite's default VFS, over the one that was the default before.
//
// What a program writes goes to the real file at once, so everything reads as it should; beside it is kept what each
// file would hold if the power went now: its content at its last sync, and the writes and truncations since. After a
// cut of those some are there, some are not, some in part (a sector of 512 bytes is whole or not at all), so a later
// one may be there without an earlier one; a file may have grown without its data having come. A file that was created
// or deleted is so for certain only after its folder was synced. The WAL's index does not survive.
namespace roamguard::testing {

class PowerCutDisk {
public:
    enum class Pragma {
        as_asked,
        normal_for_full,  ///< `synchronous=FULL` is taken as NORMAL, and read back as FULL: a store that lies
    };
    /// What a disk is told.
    enum class Step { write_log, write_database, sync, truncate, remove };
    /// Whether the power goes at this step.
    using Watch = std::function<bool(Step)>;

    explicit PowerCutDisk(Pragma pragma = Pragma::as_asked);
    ~PowerCutDisk();
    PowerCutDisk(const PowerCutDisk&) = delete;
    PowerCutDisk& operator=(const PowerCutDisk&) = delete;

    /// Asked at each step; the one it says yes to is the last that the disk hears of. All after it fails.
    void cut_when(Watch watch);
    [[nodiscard]] bool is_cut() const;
    /// The power is back: the files are as the cut left them. Nobody may have them open.
    void power_on(std::mt19937_64& chance);

private:
    struct Disk;
    friend struct PowerCutCalls;
    std::unique_ptr<Disk> disk_;
};

}  // namespace roamguard::testing
