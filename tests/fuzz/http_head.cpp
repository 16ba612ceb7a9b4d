#include <algorithm>

#include "service/http/framing.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard;
using namespace roamguard::http;

namespace {

constexpr std::size_t max_head = 16 * 1024;

/// However the bytes arrive, they are the same head.
tl::expected<std::size_t, Refused> length_in_pieces(std::string_view received) {
    std::size_t scanned = 0;
    for (std::size_t end = 1; end < received.size(); end += 1 + end / 4) {
        auto length = head_length(received.substr(0, end), scanned, max_head);
        if (!length || *length > 0) return length;
        scanned = end;
    }
    return head_length(received, scanned, max_head);
}

bool has_line_end(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

void check(const Head& head) {
    HOLDS(head.content_length <= 999'999'999'999'999'999);
    const std::string& method = head.request.method;
    HOLDS(head.content_length == 0 || method == "POST" || method == "PUT" || method == "PATCH");
    std::string path;
    for (const std::string& segment : head.segments) {
        HOLDS(segment != "." && segment != ".." && !has_line_end(segment));
        path += '/' + segment;
    }
    HOLDS(path == head.request.path);
    HOLDS(head.request.headers.size() <= 100);
    for (const auto& [name, value] : head.request.headers) {
        HOLDS(!has_line_end(name) && !has_line_end(value));
        HOLDS(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
        HOLDS(name != "transfer-encoding" && name != "range" && name != "expect");
    }
}

void check(const Refused& refused) {
    HOLDS(refused.status >= 400 && refused.status <= 505 && reason_phrase(refused.status) != "Unknown");
    HOLDS(!refused.code.empty() && !refused.detail.empty());
}

std::string encoded(std::string_view text) {
    constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', hex[byte >> 4], hex[byte & 15]};
    }
    return out;
}

void check_form(std::string_view body) {
    const auto fields = read_form(body);
    if (!fields) return;
    std::string written;
    for (const auto& [name, value] : *fields)
        written += encoded(name) + "=" + encoded(value) + "&";
    HOLDS(read_form(written) == fields);
}

/// What a client sent can stand in an answer's body, never in its framing.
void check_answer(std::string_view body) {
    Response response;
    response.body = body;
    const std::string bytes = answer_bytes(response, {});
    const std::size_t end = bytes.find("\r\n\r\n");
    HOLDS(end != std::string::npos && bytes.substr(end + 4) == body);
    HOLDS(bytes.find("Content-Length: " + std::to_string(body.size()) + "\r\n") < end);
    response.headers = {{"Location", std::string(body)}};
    try {
        const std::string with_header = answer_bytes(response, {});
        HOLDS(!has_line_end(body) && with_header.find("\r\n\r\n") >= end);
    } catch (const std::logic_error&) {  // it would have split the answer
    }
}

}  // namespace

FUZZ(input) {
    const auto length = head_length(input, 0, max_head);
    const auto pieces = length_in_pieces(input);
    HOLDS(length.has_value() == pieces.has_value() || input.size() > max_head || !length);
    HOLDS(!length || !pieces || *length == *pieces);
    if (!length) {
        check(length.error());
    } else if (*length > 0) {
        HOLDS(*length <= input.size() && input.substr(*length - 4, 4) == "\r\n\r\n");
        const auto head = read_head(input.substr(0, *length));
        if (head)
            check(*head);
        else
            check(head.error());
    }
    check_form(input);
    check_answer(input);
}
