#pragma once

#include <string_view>

#include "service/intake/cloud_event.h"

namespace roamguard::intake {

/// The identity of an event: over its source and its id, so that no two pairs run together.
[[nodiscard]] Digest key_of(std::string_view source, std::string_view id);

/// Over all attributes and the data as parsed: the mode it came in, spacing, the order of members and the spelling of
/// `time` do not matter. `data_json` is canonical.
[[nodiscard]] Digest content_of(const CloudEvent& event, std::string_view data_json);

}  // namespace roamguard::intake
