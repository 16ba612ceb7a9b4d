#pragma once

#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "service/intake/read_events.h"

namespace roamguard::intake {

/// The elements of a JSON batch as they stand in the text, not yet read themselves: the whole is JSON exactly when each
/// element is. So one event with a fault of its own spoils no other, and only one is in memory as a value at a time.
/// Refused as a whole: 400 when it is no array of objects, 413 when there are more than `max_batch`.
[[nodiscard]] tl::expected<std::vector<std::string_view>, Refusal> split_batch(std::string_view body,
                                                                               std::size_t max_batch);

}  // namespace roamguard::intake
