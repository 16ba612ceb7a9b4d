#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service/storage/store.h"

// A double of the seam that keeps its rows in memory: for simulations that open and close a store thousands of times.
// The suite of the seam holds it to what both engines promise.
namespace roamguard::testing {

/// What outlives a MemoryStore, as the disk outlives the program.
struct Shelf {
    std::map<storage::CustomerId, storage::CustomerRow> customers;
    std::map<std::string, storage::AliasRow> aliases;
    std::map<std::pair<storage::CustomerId, std::int64_t>, storage::SessionRow> sessions;
    std::map<storage::Digest, storage::SeenRow> seen;
    std::map<std::int64_t, storage::EvidenceRow> evidence;
    std::map<std::int64_t, storage::MessageRow> messages;
    std::map<std::int64_t, storage::RejectedRow> rejected;
    std::map<std::int64_t, storage::FindingRow> findings;
    std::map<int, storage::VersionRow> versions;
    std::map<int, std::map<std::string, std::string>> files;
    std::map<std::int64_t, storage::AuditRow> audit;
    std::map<std::string, storage::KeyRow> keys;
};

/// One thread. What only moves or copies whole stores is a std::logic_error.
[[nodiscard]] std::unique_ptr<storage::Store> open_memory(std::shared_ptr<Shelf> shelf);

}  // namespace roamguard::testing
