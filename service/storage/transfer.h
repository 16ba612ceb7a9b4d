#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "service/storage/store.h"

// Moves a whole store into another one, of the same engine or the other: every row, with its ids and row numbers.
namespace roamguard::storage {

constexpr std::size_t table_count = static_cast<std::size_t>(Table::keys) + 1;

/// What is wrong with a customer's chain of evidence, oldest entry first; nothing when it is whole. The engine knows.
using ChainCheck = std::function<std::optional<std::string>(const CustomerRow&, const std::vector<EvidenceRow>&)>;

/// The move cannot go on, and the sentence says what to do. The target keeps what it has.
struct TransferRefused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct TransferProgress {
    enum class Doing { copy, compare, check } doing = Doing::copy;
    Table table = Table::customers;
    std::int64_t done = 0, total = 0;  ///< rows of the table
};
struct TransferOptions {
    std::string source;  ///< what the target remembers the source by: its address without a password
    enum class Verify { sample, all } verify = Verify::sample;
    ChainCheck chain;
    std::function<void(const TransferProgress&)> progress = [](const TransferProgress&) {};
    int batch = 4000;  ///< rows in one commit, at most
};
struct TransferReport {
    std::array<std::int64_t, table_count> rows{};
    std::int64_t heads = 0, chains = 0;  ///< how many were checked
    bool resumed = false;
    std::vector<std::string> faults;  ///< of chains that were broken in the source already; they are moved as they are
};

/// `from` was opened to read, `to` to receive. Each batch is one commit that also keeps how far the move has come, so
/// that one which ended in the middle goes on. At the end every row is read back from the target and compared with what
/// the source has, each customer's newest entry with the state that names it, and chains are computed again; only then
/// may the target be used. Throws TransferRefused, or what the stores throw.
TransferReport transfer(Store& from, Store& to, const TransferOptions& options);

/// Customers whose chains a sample is made of, spread evenly.
constexpr std::int64_t sampled_chains = 200;
/// The whole chain of a customer, oldest first, against their state; what is wrong with it.
[[nodiscard]] std::optional<std::string> fault_of(Store& store, const CustomerRow& customer, const ChainCheck& check);

}  // namespace roamguard::storage
