#include "notifications/message.h"

#include <array>
#include <cstddef>

namespace roamguard::notifications {
namespace {

constexpr std::array<std::string_view, kind_count> kind_words{
    "welcome",  "confirm_destination", "threshold",    "confirm_cap",    "cap_reached", "receipt",      "declined",
    "released", "inadvertent",         "no_guarantee", "pass_threshold", "pass_ended",  "trip_summary", "help",
    "usage"};

constexpr std::array<std::string_view, 8> note_words{
    "none", "not_understood", "nothing_open", "several_open", "already_decided", "stopped", "started", "own_cap"};

}  // namespace

std::string_view word(Kind kind) { return kind_words.at(static_cast<std::size_t>(kind)); }

std::optional<Kind> parse_kind(std::string_view word) {
    for (std::size_t i = 0; i < kind_words.size(); ++i)
        if (kind_words[i] == word) return static_cast<Kind>(i);
    return std::nullopt;
}

std::string_view word(Note note) { return note_words.at(static_cast<std::size_t>(note)); }

}  // namespace roamguard::notifications
