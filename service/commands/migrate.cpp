#include <fmt/format.h>

#include <chrono>
#include <iostream>

#include "service/commands/chain_check.h"
#include "service/commands/commands.h"

namespace roamguard::commands {
namespace {

using storage::Table;
using storage::TransferOptions;
using storage::TransferProgress;
using SteadyClock = std::chrono::steady_clock;

/// A line now and then, and one at the end of each table, on standard error.
class ProgressLines {
public:
    void tell(const TransferProgress& progress) {
        const auto now = SteadyClock::now();
        if (!begun_ || progress.table != shown_.table || progress.doing != shown_.doing) {
            begun_ = true;
            since_ = progress.doing == TransferProgress::Doing::copy ? now : called_;
            told_ = now;
            first_ = progress.doing == TransferProgress::Doing::copy ? progress.done : 0;
            shown_ = progress;
        }
        called_ = now;
        const bool end = progress.done >= progress.total;
        if (!end && now - told_ < std::chrono::seconds(1)) return;
        if (end && progress.done == said_done_ && progress.table == said_table_ && progress.doing == said_doing_)
            return;
        told_ = now;
        said_done_ = progress.done;
        said_table_ = progress.table;
        said_doing_ = progress.doing;
        const double seconds = std::max(0.001, std::chrono::duration<double>(now - since_).count());
        std::cerr << fmt::format("{:<8} {:<10} {:>12} of {:>12} rows  {:>3} %  {:>8.0f} rows/s\n", doing(progress),
                                 word(progress.table), progress.done, progress.total,
                                 progress.total > 0 ? progress.done * 100 / progress.total : 100,
                                 static_cast<double>(progress.done - first_) / seconds);
    }

private:
    static const char* doing(const TransferProgress& progress) {
        switch (progress.doing) {
            case TransferProgress::Doing::copy:
                return "copied";
            case TransferProgress::Doing::compare:
                return "compared";
            case TransferProgress::Doing::check:
                return "verified";
        }
        return "";
    }
    bool begun_ = false;
    TransferProgress shown_;
    std::int64_t first_ = 0, said_done_ = -1;
    Table said_table_ = Table::customers;
    TransferProgress::Doing said_doing_ = TransferProgress::Doing::copy;
    SteadyClock::time_point since_, told_, called_;
};

void print(const storage::TransferReport& report) {
    for (std::size_t i = 0; i < storage::table_count; ++i)
        std::cout << fmt::format("{:<10} {:>12}\n", word(static_cast<Table>(i)), report.rows[i]);
    std::cout << fmt::format(
        "Every row was read back and is the same; {} newest entries of evidence and {} whole chains were checked.\n",
        report.heads, report.chains);
    if (report.faults.empty()) return;
    std::cerr << "These chains of evidence were broken in the source, and are the same in the target:\n";
    for (const std::string& fault : report.faults)
        std::cerr << "  " << fault << "\n";
}

}  // namespace

int migrate(const std::string& from, const std::string& to, const std::string& verify) {
    bool begun = false;
    try {
        if (from == to) throw storage::TransferRefused("--from and --to name the same store");
        storage::check_store_url(to);
        const auto source = storage::open_store(from, storage::Opening::read);
        if (source->transfer())
            throw storage::TransferRefused(storage::shown(from) +
                                           " is the target of an unfinished migration itself: finish that first");
        const auto target = storage::open_store(to, storage::Opening::receive);
        ProgressLines lines;
        TransferOptions options;
        options.source = storage::shown(from);
        options.verify = verify == "all" ? TransferOptions::Verify::all : TransferOptions::Verify::sample;
        options.chain = chain_check();
        options.progress = [&lines](const TransferProgress& progress) { lines.tell(progress); };
        begun = true;
        const storage::TransferReport report = storage::transfer(*source, *target, options);
        print(report);
        std::cout << "Start the service with --store " << storage::shown(to) << "\n";
        return 0;
    } catch (const storage::TransferRefused& refused) {
        std::cerr << refused.what() << "\n";
    } catch (const storage::StoreUnavailable& error) {
        std::cerr << error.what() << "\n";
        if (begun) std::cerr << "Start the same command again when that is settled: it goes on where it ended.\n";
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
    }
    return 1;
}

}  // namespace roamguard::commands
