#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/protection/state.h"

namespace roamguard::storage {

/// State to bytes and back: MessagePack arrays of each struct's `fields()` in order. A shorter array leaves the
/// trailing fields at their defaults, so a newer program reads what an older one wrote. A longer one was written by a
/// newer program: what stands behind the fields known here is written back unchanged, at every level, as long as the
/// record it belongs to is there; so versions may run beside each other. A copy that this program makes of a record in
/// another place (a rule kept for a period) has what this program knows. Throws std::runtime_error on bytes that are no
/// such record.
[[nodiscard]] std::string encode(protection::CustomerState& state);
[[nodiscard]] protection::CustomerState decode_state(std::string_view bytes);
[[nodiscard]] std::string encode(protection::Session& session);
[[nodiscard]] protection::Session decode_session(std::string_view bytes);

/// What a processed event owed: repeated when it is delivered again.
struct SeenResult {
    std::vector<std::pair<std::string, std::string>> messages;  ///< id, kind
    std::string question;
    auto fields() { return std::tie(messages, question); }
};
[[nodiscard]] std::string encode(SeenResult& result);
[[nodiscard]] SeenResult decode_seen(std::string_view bytes);

}  // namespace roamguard::storage
