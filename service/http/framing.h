#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "service/http/server.h"

namespace roamguard::http {

/// A request refused before any route saw it. The connection closes after the answer, because where the next
/// request would begin is then a matter of opinion, and opinions are what request smuggling lives on.
struct Refused {
    int status = 400;
    std::string code;    ///< the problem's code, such as `length_required`
    std::string detail;  ///< one sentence for whoever sent it
};

/// Names and values in order, decoded.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// A request's head, read strictly: everything RFC 9112 leaves to taste is refused.
struct Head {
    Request request;                    ///< all but captures, body, remote_address and role_name
    std::vector<std::string> segments;  ///< of the path, each percent-decoded on its own (so may contain `/`)
    std::size_t content_length = 0;
    bool keep_alive = true;
};

/// How many bytes at the start of `received` are one whole head, its empty line included; 0 when more must come.
/// The first `scanned` bytes were looked at by an earlier call. Refuses what can no longer become a head:
/// a first byte that begins no method, a bare LF, more than `max_bytes` (431, or 414 within the first line).
[[nodiscard]] tl::expected<std::size_t, Refused> head_length(std::string_view received, std::size_t scanned,
                                                             std::size_t max_bytes);

/// Reads a whole head as head_length() measured it. Pure; names in it become lower-case, values stay as received.
/// Refuses: Transfer-Encoding and a missing Content-Length where a body is due (411), repeated or odd lengths and
/// bodies where none belong (400), Content-Encoding (415), Range (400), Expect (417), more than 100 headers (431),
/// header values that carry CR, LF, NUL, plain or percent-encoded (400), paths that are no UTF-8, hold control
/// characters or dot segments (400), other versions than HTTP/1.0 and 1.1 (505).
[[nodiscard]] tl::expected<Head, Refused> read_head(std::string_view head);

/// The fields of a body in `application/x-www-form-urlencoded`, read like a query. Nothing when it is none.
[[nodiscard]] std::optional<Fields> read_form(std::string_view body);

/// What the answer's head says beside the handler's own.
struct AnswerFraming {
    bool close = false;      ///< `Connection: close`
    bool head_only = false;  ///< the request was HEAD: lengths but no body
    bool no_store = false;   ///< `Cache-Control: no-store` unless the handler set its own
};

/// The bytes of an answer. Throws std::logic_error when the handler's headers could split it (CR, LF, NUL), set
/// framing of their own, or the status is none: that is our mistake, never the caller's.
[[nodiscard]] std::string answer_bytes(const Response& response, const AnswerFraming& framing);

/// RFC 9110's phrase for a status; `Unknown` for one without.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace roamguard::http
