#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "service/engine/turn.h"

// The audit of the tariff work: every step is a row, committed with what it did. Rows are numbered without gaps, and
// each hash is SHA-256 over the hash before and the row, so that a step which was changed, taken out or put in between
// shows. The versions are held against it too: what was published by no step, or other files than were uploaded.
namespace roamguard::engine {

/// Words of AuditRow::action.
namespace step {
inline constexpr const char* uploaded = "uploaded";
inline constexpr const char* approved = "approved";
inline constexpr const char* published = "published";
inline constexpr const char* rolled_back = "rolled_back";
inline constexpr const char* refused = "publication_refused";
}  // namespace step

/// Appends a step to the store's last one and those of this turn; its number, time and hash are set here.
void add_step(Turn& turn, storage::AuditRow made);

/// The hash of a step whose predecessor has the hash `before` (zeros before the first).
[[nodiscard]] std::array<std::uint8_t, 32> step_hash(const std::array<std::uint8_t, 32>& before,
                                                     const storage::AuditRow& row);

/// SHA-256 over names and contents, as hex.
[[nodiscard]] std::string files_digest(const tariffs::TableFiles& files);

/// What is wrong; nothing when all holds. `steps` oldest first; `digest_of` computes a version's digest from its files.
/// Versions that were uploaded before there was an audit need no steps.
[[nodiscard]] std::optional<std::string> audit_fault(const std::vector<storage::AuditRow>& steps,
                                                     const std::vector<storage::VersionRow>& versions,
                                                     const std::function<std::string(int)>& digest_of);

}  // namespace roamguard::engine
