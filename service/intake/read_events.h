#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

#include "service/intake/roaming_event.h"

namespace roamguard::intake {

/// One field at fault: a JSON pointer into the event (`/data/quantity`, `/time`), a stable code and a sentence.
struct FieldFault {
    std::string pointer, code, detail;
};

/// Why an event (or a whole request) was refused. `status` is the HTTP status of a single event: 400 unreadable as
/// JSON or CloudEvent, 413, 415, 422 against a rule of ours. `id` and `source` as far as they could be read.
struct Refusal {
    int status = 400;
    std::string code;    ///< not_json, not_a_cloudevent, unknown_type, invalid_field, too_old, in_the_future, ...
    std::string detail;  ///< names the field and the rule
    std::vector<FieldFault> errors;
    std::string id, source, type;
    std::string body;  ///< what came, at most 4 KiB, for the list of rejected events
};

using ReadEvent = tl::expected<RoamingEvent, Refusal>;

/// What a POST to /v1/events carried.
struct Reading {
    bool batch = false;
    std::vector<ReadEvent> events;  ///< one when not a batch; in order
};

struct Limits {
    std::size_t max_batch = 1000;
    std::size_t max_event_bytes = 64 * 1024;
    int max_depth = 32;
    tariffs::Span max_ahead = tariffs::minutes(10);
    tariffs::Span max_age = tariffs::days(35);
    /// Sources whose CAMARA events may have the slips of CAMARA's own examples (`may_slip` in camara.h): a source, the
    /// beginning of one (a `*` at the end changes nothing), or `*` for all.
    std::vector<std::string> camara_compat;
};

/// The headers of a request, values as received (not percent-decoded).
struct HttpHeaders {
    std::vector<std::pair<std::string, std::string>> all;  ///< names lower-case
    [[nodiscard]] std::optional<std::string> find(std::string_view lower_name) const;
};

/// Reads a request in any of CloudEvents' three modes, strictly. A fault of one event stands in its place in `events`,
/// also where it is the only one. The error is for the request as a whole: 415 for a Content-Type not spoken, 400 for
/// plain JSON without `ce-*` headers or a batch that is no JSON array of objects, 413 for a batch too long.
[[nodiscard]] tl::expected<Reading, Refusal> read_events(const HttpHeaders& headers, std::string_view body,
                                                         tariffs::Instant now, const Limits& limits);

}  // namespace roamguard::intake
