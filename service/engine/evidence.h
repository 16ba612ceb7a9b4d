#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/protection/state.h"
#include "service/storage/store.h"

// The evidence chain. Each entry's body is encrypted with its customer's own key (AES-256-GCM, nonce = the entry's
// number, the entry's place in the chain authenticated with it); its hash covers the hash before it and the encrypted
// body. An altered history shows, and erasing the key leaves the chain verifiable.
namespace roamguard::engine {

using tariffs::Instant;

/// Appends to the chain in `state`; `row` is the reserved row number.
[[nodiscard]] storage::EvidenceRow seal(protection::CustomerState& state, storage::CustomerId customer,
                                        const std::string& key, std::int64_t row, Instant at, std::string_view kind,
                                        std::string_view json);

/// The entry's JSON; nothing once the key or the body is gone. Throws std::runtime_error when it does not decrypt.
[[nodiscard]] std::optional<std::string> open(const storage::EvidenceRow& entry, const std::string& key);

/// What is wrong with a chain.
struct ChainFault {
    std::int64_t number = 0;
    std::string sentence;
};
/// Entries in order (oldest first) against the head in the state. Nothing when whole.
[[nodiscard]] std::optional<ChainFault> verify(const std::vector<storage::EvidenceRow>& entries,
                                               const protection::CustomerState& state, const std::string& key);

}  // namespace roamguard::engine
