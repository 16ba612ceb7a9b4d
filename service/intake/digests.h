#pragma once

#include <string>
#include <string_view>

#include "service/intake/cloud_event.h"

namespace roamguard::intake {

/// The identity of an event: over its source and its id, so that no two pairs run together.
[[nodiscard]] Digest key_of(std::string_view source, std::string_view id);

/// Over any bytes.
[[nodiscard]] Digest digest_of(std::string_view bytes);
/// 32 lower-case hexadecimal digits.
[[nodiscard]] std::string hex(const Digest& digest);

/// Over all attributes and the data as parsed: the mode it came in, spacing, the order of members and the spelling of
/// `time` do not matter. `data_json` is canonical.
[[nodiscard]] Digest content_of(const CloudEvent& event, std::string_view data_json);

}  // namespace roamguard::intake
