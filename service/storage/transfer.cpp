#include "service/storage/transfer.h"

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "data/digest.h"
#include "service/storage/codec.h"
#include "service/storage/row_sums.h"
#include "service/storage/slice_keys.h"

namespace roamguard::storage {
namespace {

constexpr int most_entries = 1'000'000;
constexpr std::size_t most_faults = 20;
const std::string begin_anew = "empty the target (delete the file, or drop and create the database) and begin anew";

Table table_at(std::size_t i) { return static_cast<Table>(i); }

/// How far a move has come; the target keeps it as text.
struct Stand {
    std::size_t table = 0;  ///< that is being copied; past the last one: all are
    std::string after;      ///< the last row of it that is there, as the source names it
    std::array<RowSum, table_count> copied{};
    std::array<std::int64_t, table_count> there{};  ///< rows the source had when the move began

    [[nodiscard]] std::string text() const {
        std::string text = "2 " + std::to_string(table) + " " + (after.empty() ? "-" : data::to_hex(after)) + "\n";
        for (std::size_t i = 0; i < table_count; ++i)
            text += copied[i].text() + " " + std::to_string(there[i]) + "\n";
        return text;
    }
    [[nodiscard]] static Stand of(const std::string& text) {
        std::istringstream in(text);
        Stand stand;
        int form = 0;
        std::string after, digest;
        if (!(in >> form >> stand.table >> after) || form != 2)
            throw TransferRefused(
                "the target holds a migration of another program version: finish it with that one, or " + begin_anew);
        if (after != "-") stand.after = unhex(after);
        for (std::size_t i = 0; i < table_count; ++i) {
            std::int64_t rows = 0;
            if (!(in >> rows >> digest >> stand.there[i]))
                throw std::runtime_error("the progress of the migration cannot be read");
            stand.copied[i] = RowSum::of(rows, digest);
        }
        return stand;
    }
};

class Mover {
public:
    Mover(Store& from, Store& to, const TransferOptions& options) : from_(from), to_(to), options_(options) {}

    TransferReport run() {
        begin();
        while (stand_.table < table_count)
            copy_table();
        // What an earlier run copied was read at another time.
        if (report_.resumed) compare(from_, "the source has changed since the migration began: ");
        compare(to_, "the target does not hold what was copied, something else has written to it: ");
        check_evidence();
        to_.end_transfer();
        for (std::size_t i = 0; i < table_count; ++i)
            report_.rows[i] = stand_.copied[i].rows();
        return std::move(report_);
    }

private:
    void begin() {
        std::array<std::int64_t, table_count> there{};
        for (std::size_t i = 0; i < table_count; ++i)
            there[i] = from_.count_rows(table_at(i));
        const auto under_way = to_.transfer();
        if (!under_way) {
            require_empty();
            stand_.there = there;
            to_.begin_transfer({options_.source, stand_.text()});
            return;
        }
        if (under_way->source != options_.source)
            throw TransferRefused("the target holds the unfinished migration of another store, " + under_way->source +
                                  ", not of " + options_.source + ": start that one again, or " + begin_anew);
        stand_ = Stand::of(under_way->progress);
        for (std::size_t i = 0; i < table_count; ++i)
            if (stand_.there[i] != there[i])
                throw TransferRefused("the source has changed since the migration began: it had " +
                                      std::to_string(stand_.there[i]) + " " + std::string(word(table_at(i))) +
                                      " then and has " + std::to_string(there[i]) + " now; " + begin_anew);
        report_.resumed = true;
    }

    void require_empty() {
        for (std::size_t i = 0; i < table_count; ++i)
            if (to_.read_slice(table_at(i), "", 1).count > 0)
                throw TransferRefused("the target holds a store already (it has " + std::string(word(table_at(i))) +
                                      "): name an empty one");
    }

    /// Rows in one commit: those that may be large come in smaller handfuls.
    [[nodiscard]] int batch_of(Table table) const {
        const int most = table == Table::files                                   ? 4
                         : table == Table::rejected || table == Table::customers ? 1000
                                                                                 : 4000;
        return std::min(most, options_.batch);
    }

    void copy_table() {
        const Table table = table_at(stand_.table);
        tell(TransferProgress::Doing::copy, table, stand_.copied[stand_.table].rows());
        for (;;) {
            Slice slice = from_.read_slice(table, stand_.after, batch_of(table));
            TransferStep step{stand_.text(), ""};
            stand_.copied[stand_.table].add(table, slice.rows);
            stand_.after = slice.last;
            const bool done = slice.count == 0;
            if (done) ++stand_.table;
            step.after = stand_.text();
            slice.rows.transfer = std::move(step);
            to_.commit(slice.rows);
            (void)to_.maintain();
            if (done) return;
            tell(TransferProgress::Doing::copy, table, stand_.copied[stand_.table].rows());
        }
    }

    /// Every row of a store once more, against what was copied.
    void compare(Store& store, const std::string& fault) {
        for (std::size_t i = 0; i < table_count; ++i) {
            const Table table = table_at(i);
            RowSum sum;
            for (std::string after;;) {
                const Slice slice = store.read_slice(table, after, batch_of(table));
                if (slice.count == 0) break;
                sum.add(table, slice.rows);
                after = slice.last;
                tell(TransferProgress::Doing::compare, table, sum.rows());
            }
            if (sum == stand_.copied[i]) continue;
            const std::int64_t had = stand_.copied[i].rows();
            throw TransferRefused(fault + "its " + std::string(word(table)) + " differ (" + std::to_string(sum.rows()) +
                                  " rows, " + std::to_string(had) + " were copied); " + begin_anew);
        }
    }

    /// The rows are the source's by now; a chain that does not hold was broken there.
    void check_evidence() {
        const std::int64_t total = stand_.copied[0].rows();
        const std::int64_t every =
            options_.verify == TransferOptions::Verify::all ? 1 : std::max<std::int64_t>(1, total / sampled_chains);
        std::int64_t at = 0;
        for (std::string after;;) {
            const Slice slice = to_.read_slice(Table::customers, after, batch_of(Table::customers));
            if (slice.count == 0) return;
            after = slice.last;
            check_heads(slice.rows.customers);
            for (const CustomerRow& customer : slice.rows.customers) {
                if (at++ % every != 0) continue;
                ++report_.chains;
                if (const auto fault = fault_of(to_, customer, options_.chain)) add_fault(customer.id, *fault);
            }
            tell(TransferProgress::Doing::check, Table::customers, at);
        }
    }

    void check_heads(const std::vector<CustomerRow>& customers) {
        std::vector<std::pair<CustomerId, std::int64_t>> wanted;
        std::unordered_map<CustomerId, protection::CustomerState> states;
        for (const CustomerRow& customer : customers) {
            protection::CustomerState state = decode_state(customer.state);
            if (state.last_entry > 0) wanted.emplace_back(customer.id, state.last_entry);
            states.emplace(customer.id, std::move(state));
        }
        std::unordered_map<CustomerId, EvidenceRow> newest;
        for (EvidenceRow& entry : to_.read_entries(wanted)) {
            const CustomerId customer = entry.customer;
            newest.emplace(customer, std::move(entry));
        }
        for (const auto& [customer, row] : wanted) {
            ++report_.heads;
            const protection::CustomerState& state = states.at(customer);
            const auto entry = newest.find(customer);
            if (entry == newest.end())
                add_fault(customer, "the newest entry is missing");
            else if (entry->second.hash != state.head || entry->second.number != state.entries)
                add_fault(customer, "the newest entry is not the one that the customer's state names");
        }
    }

    void add_fault(CustomerId customer, const std::string& fault) {
        if (report_.faults.size() < most_faults)
            report_.faults.push_back("customer " + std::to_string(customer) + ": " + fault);
    }

    void tell(TransferProgress::Doing doing, Table table, std::int64_t done) {
        options_.progress({doing, table, done, stand_.there[static_cast<std::size_t>(table)]});
    }

    Store& from_;
    Store& to_;
    const TransferOptions& options_;
    Stand stand_;
    TransferReport report_;
};

}  // namespace

TransferReport transfer(Store& from, Store& to, const TransferOptions& options) {
    return Mover(from, to, options).run();
}

std::optional<std::string> fault_of(Store& store, const CustomerRow& customer, const ChainCheck& check) {
    const protection::CustomerState state = decode_state(customer.state);
    std::vector<EvidenceRow> chain = store.read_evidence(customer.id, state.last_entry, most_entries);
    std::reverse(chain.begin(), chain.end());
    return check(customer, chain);
}

}  // namespace roamguard::storage
