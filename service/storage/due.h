#pragma once

#include "service/storage/store.h"

namespace roamguard::storage {

/// No message waits longer than this for its next attempt (a server may ask for an hour at most): one that seems to was
/// put off by a clock that was ahead and has been put right since, and is due.
inline constexpr tariffs::Span longest_wait = tariffs::hours(2);

/// The latest time a message that waits may be due at.
[[nodiscard]] inline Instant latest_due(Instant now) {
    return {now.ms > INT64_MAX - longest_wait.ms ? INT64_MAX : now.ms + longest_wait.ms};
}

/// Whether it may be claimed: its time has come, or is no time it can have been given by a clock that was right. A
/// lease is waited for in any case: somebody may be sending.
[[nodiscard]] inline bool is_due(const MessageRow& row, Instant now) {
    return row.due && (*row.due <= now || (!row.leased && *row.due > latest_due(now)));
}

}  // namespace roamguard::storage
