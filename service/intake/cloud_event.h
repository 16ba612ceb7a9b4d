#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <tl/expected.hpp>

#include "service/intake/attribute_values.h"
#include "service/intake/media_type.h"
#include "service/intake/read_events.h"

namespace roamguard::intake {

/// A CloudEvent 1.0, whichever way it came: the three modes end here in one form. Nothing in it is specific to our
/// types. A value; any thread.
struct CloudEvent {
    std::string id, source, type;  ///< never empty
    std::optional<AttributeTime> time;
    /// `dataschema`, `subject` and extensions by name (sorted), values in CloudEvents' canonical string form, in which
    /// the integer 5 of a JSON member and the header text `5` are the same.
    std::vector<std::pair<std::string, std::string>> others;
    /// `application/json` when absent, otherwise lower case without parameters.
    std::string content_type = "application/json";
    bool json_data = true;               ///< content_type declares JSON
    std::optional<nlohmann::json> data;  ///< absent when there is none, or when it is not JSON
};

/// One event in the JSON format (structured mode, or one element of a batch).
[[nodiscard]] tl::expected<CloudEvent, Refusal> read_structured(std::string_view text, const Limits& limits);

/// One event in binary mode: attributes from `ce-*` headers, `type` from Content-Type, data from the body.
[[nodiscard]] tl::expected<CloudEvent, Refusal> read_binary(const HttpHeaders& headers, const MediaType& type,
                                                            std::string_view body, const Limits& limits);

}  // namespace roamguard::intake
