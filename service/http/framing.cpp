#include "service/http/framing.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace roamguard::http {
namespace {

constexpr std::size_t max_target_bytes = 8192;
constexpr std::size_t max_headers = 100;
constexpr std::array<std::string_view, 7> methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

using Outcome = std::optional<Refused>;  ///< nothing: go on

Refused malformed(std::string detail) { return {400, "malformed_request", std::move(detail)}; }

bool is_token_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string lower(std::string_view text) {
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return out;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

enum class Plus { stays, is_space };

/// Nothing when a `%` is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text, Plus plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == Plus::is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

/// Bytes of the well-formed UTF-8 sequence at the start of `text` (Unicode, table 3-7), 0 when there is none.
std::size_t utf8_sequence(std::string_view text) {
    const auto at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto within = [&](std::size_t i, unsigned low, unsigned high) { return at(i) >= low && at(i) <= high; };
    const unsigned first = at(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const bool second = within(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
        return second && within(2, 0x80, 0xBF) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const bool second = within(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
        return second && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
    return line;
}

/// Calls `take` with each part of `text` between separators, until it refuses.
template <typename Take>
Outcome each_part(std::string_view text, char separator, const Take& take) {
    for (;;) {
        const std::size_t end = text.find(separator);
        if (Outcome refused = take(text.substr(0, end))) return refused;
        if (end == std::string_view::npos) return std::nullopt;
        text.remove_prefix(end + 1);
    }
}

Outcome read_path(std::string_view raw, Head& head) {
    return each_part(raw.substr(1), '/', [&](std::string_view part) -> Outcome {
        std::optional<std::string> segment = percent_decoded(part, Plus::stays);
        if (!segment) return malformed("The path has a % that is not followed by two hexadecimal digits.");
        if (std::any_of(segment->begin(), segment->end(), is_control) || !is_utf8(*segment))
            return malformed("The path must be UTF-8 without control characters.");
        if (*segment == "." || *segment == "..") return malformed("The path must not have dot segments.");
        head.request.path += '/' + *segment;
        head.segments.push_back(std::move(*segment));
        return std::nullopt;
    });
}

/// Values may be any bytes: an SMS gateway sends texts in other charsets than UTF-8.
Outcome read_fields(std::string_view raw, Fields& fields) {
    return each_part(raw, '&', [&](std::string_view part) -> Outcome {
        if (part.empty()) return std::nullopt;
        const std::size_t equals = part.find('=');
        std::optional<std::string> name = percent_decoded(part.substr(0, equals), Plus::is_space);
        std::optional<std::string> value = percent_decoded(
            equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), Plus::is_space);
        if (!name || !value) return malformed("The query has a % that is not followed by two hexadecimal digits.");
        fields.emplace_back(std::move(*name), std::move(*value));
        return std::nullopt;
    });
}

Outcome read_target(std::string_view target, Head& head) {
    if (target.size() > max_target_bytes) return Refused{414, "uri_too_long", "The request target is over 8192 bytes."};
    const auto visible = [](char c) { return c > 0x20 && c < 0x7f && c != '#'; };
    if (!std::all_of(target.begin(), target.end(), visible))
        return malformed("The request target must be visible ASCII without a fragment.");
    for (const std::string_view scheme : {std::string_view{"http://"}, std::string_view{"https://"}}) {
        if (lower(target.substr(0, scheme.size())) != scheme) continue;
        const std::size_t slash = target.find('/', scheme.size());
        target = slash == std::string_view::npos ? std::string_view{"/"} : target.substr(slash);
    }
    if (target.empty() || target.front() != '/') return malformed("The request target must begin with a slash.");
    const std::size_t mark = target.find('?');
    if (Outcome refused = read_path(target.substr(0, mark), head)) return refused;
    return mark == std::string_view::npos ? std::nullopt
                                          : read_fields(target.substr(mark + 1), head.request.parameters);
}

Outcome read_request_line(std::string_view line, Head& head) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last || !is_token(line.substr(0, first)))
        return malformed("The request line must be a method, a target and a version, one space between them.");
    const std::string_view version = line.substr(last + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return Refused{505, "version_not_supported", "This server speaks HTTP/1.1."};
    head.request.method = std::string{line.substr(0, first)};
    if (std::find(methods.begin(), methods.end(), head.request.method) == methods.end())
        return Refused{501, "method_not_implemented",
                       "This server knows GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS."};
    head.keep_alive = version == "HTTP/1.1";
    return read_target(line.substr(first + 1, last - first - 1), head);
}

/// A later layer may decode a value (CloudEvents' binary mode does), so encoded line ends count like plain ones.
bool hides_line_end(std::string_view value) {
    for (std::size_t i = value.find('%'); i != std::string_view::npos; i = value.find('%', i + 1)) {
        const std::string code = lower(value.substr(i + 1, 2));
        if (code == "0d" || code == "0a" || code == "00") return true;
    }
    return false;
}

Outcome read_header(std::string_view line, Head& head) {
    if (head.request.headers.size() == max_headers)
        return Refused{431, "headers_too_large", "The request has more than 100 headers."};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
        return malformed("Each header must be a name, a colon directly after it, and a value on the same line.");
    const std::string_view value = trimmed(line.substr(colon + 1));
    const auto forbidden = [](char c) { return c != '\t' && is_control(c); };
    if (std::any_of(value.begin(), value.end(), forbidden) || hides_line_end(value))
        return malformed("Header values must not carry control characters, line ends or NUL, encoded or not.");
    head.request.headers.emplace_back(lower(line.substr(0, colon)), std::string{value});
    return std::nullopt;
}

std::vector<std::string_view> values_of(const Head& head, std::string_view name) {
    std::vector<std::string_view> values;
    for (const auto& [header, value] : head.request.headers) {
        if (header == name) values.emplace_back(value);
    }
    return values;
}

Outcome read_length(Head& head) {
    const std::string& method = head.request.method;
    const bool needs_length = method == "POST" || method == "PUT" || method == "PATCH";
    const std::vector<std::string_view> lengths = values_of(head, "content-length");
    if (!values_of(head, "transfer-encoding").empty())
        return Refused{411, "length_required", "Send the body with Content-Length; Transfer-Encoding is not accepted."};
    if (lengths.empty() && needs_length)
        return Refused{411, "length_required", method + " needs a Content-Length, 0 for an empty body."};
    if (lengths.empty()) return std::nullopt;
    const std::string_view text = lengths.front();
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (lengths.size() > 1 || text.empty() || text.size() > 18 || !std::all_of(text.begin(), text.end(), digit))
        return malformed("Content-Length must occur once and be a plain number.");
    std::from_chars(text.data(), text.data() + text.size(), head.content_length);
    if (head.content_length > 0 && !needs_length) return malformed(method + " must not have a body.");
    return std::nullopt;
}

Outcome check_host(const Head& head) {
    const std::vector<std::string_view> hosts = values_of(head, "host");
    const bool absent_in_http_1_0 = hosts.empty() && !head.keep_alive;
    const bool one = hosts.size() == 1 && hosts.front().find_first_of(" \t,/@") == std::string_view::npos;
    return one || absent_in_http_1_0 ? std::nullopt : Outcome{malformed("The request must name exactly one Host.")};
}

Outcome check_encodings(const Head& head) {
    for (const std::string_view encoding : values_of(head, "content-encoding")) {
        if (lower(encoding) != "identity")
            return Refused{415, "encoding_not_supported", "Send the body without Content-Encoding."};
    }
    if (!values_of(head, "expect").empty())
        return Refused{417, "expectation_failed", "Send the body at once, without Expect."};
    if (!values_of(head, "range").empty())
        return Refused{400, "range_not_supported", "This server serves whole answers; send no Range."};
    return std::nullopt;
}

void read_connection(Head& head) {
    for (const std::string_view value : values_of(head, "connection")) {
        (void)each_part(value, ',', [&](std::string_view option) -> Outcome {
            if (lower(trimmed(option)) == "close") head.keep_alive = false;
            return std::nullopt;
        });
    }
}

Outcome first_bytes_refusal(std::string_view received, std::size_t scanned) {
    if (received.front() < 'A' || received.front() > 'Z') return malformed("This is not an HTTP request.");
    for (std::size_t at = received.find('\n', scanned); at != std::string_view::npos;
         at = received.find('\n', at + 1)) {
        if (at == 0 || received[at - 1] != '\r') return malformed("Lines of the head must end in CR LF.");
    }
    return std::nullopt;
}

bool safe_value(std::string_view value) {
    return std::none_of(value.begin(), value.end(), [](char c) { return c != '\t' && is_control(c); });
}

bool frames_the_message(const std::string& lower_name) {
    return lower_name == "content-length" || lower_name == "connection" || lower_name == "transfer-encoding" ||
           lower_name == "keep-alive" || lower_name == "content-type" || lower_name == "date";
}

bool has_header(const Response& response, std::string_view lower_name) {
    return std::any_of(response.headers.begin(), response.headers.end(),
                       [&](const auto& header) { return lower(header.first) == lower_name; });
}

void check_answer(const Response& response) {
    if (response.status < 200 || response.status > 599)
        throw std::logic_error{fmt::format("a handler answered with the status {}", response.status)};
    if (!safe_value(response.content_type)) throw std::logic_error{"a handler's content type has control characters"};
    for (const auto& [name, value] : response.headers) {
        if (!is_token(name) || frames_the_message(lower(name)) || !safe_value(value))
            throw std::logic_error{"a handler set the header '" + name + "' which it may not, or not to this value"};
    }
}

/// RFC 9110's IMF-fixdate, made once a second and thread. Not by strftime, whose names follow the locale.
const std::string& http_date() {
    static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    thread_local std::time_t made_at = 0;
    thread_local std::string text;
    const std::time_t now = std::time(nullptr);
    if (now != made_at || text.empty()) {
        std::tm utc{};
        ::gmtime_r(&now, &utc);
        text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days.at(static_cast<std::size_t>(utc.tm_wday)),
                           utc.tm_mday, months.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                           utc.tm_hour, utc.tm_min, utc.tm_sec);
        made_at = now;
    }
    return text;
}

}  // namespace

tl::expected<std::size_t, Refused> head_length(std::string_view received, std::size_t scanned, std::size_t max_bytes) {
    if (received.empty()) return 0;
    const std::size_t end = received.find("\r\n\r\n", scanned < 3 ? 0 : scanned - 3);
    const std::size_t length = end == std::string_view::npos ? received.size() : end + 4;
    if (Outcome refused = first_bytes_refusal(received.substr(0, length), std::min(scanned, length)))
        return tl::unexpected{*refused};
    if (length > max_bytes) {
        if (received.substr(0, max_bytes).find("\r\n") == std::string_view::npos)
            return tl::unexpected{Refused{414, "uri_too_long", "The request line is too long."}};
        return tl::unexpected{Refused{431, "headers_too_large", fmt::format("The head is over {} bytes.", max_bytes)}};
    }
    return end == std::string_view::npos ? 0 : length;
}

std::optional<Fields> read_form(std::string_view body) {
    Fields fields;
    if (read_fields(body, fields)) return std::nullopt;
    return fields;
}

tl::expected<Head, Refused> read_head(std::string_view bytes) {
    Head head;
    std::string_view rest = bytes;
    Outcome refused = read_request_line(take_line(rest), head);
    for (std::string_view line = take_line(rest); !refused && !line.empty(); line = take_line(rest)) {
        refused = read_header(line, head);
    }
    if (!refused) refused = check_host(head);
    if (!refused) refused = read_length(head);
    if (!refused) refused = check_encodings(head);
    if (refused) return tl::unexpected{std::move(*refused)};
    read_connection(head);
    return head;
}

std::string answer_bytes(const Response& response, const AnswerFraming& framing) {
    check_answer(response);
    const bool bodiless = response.status == 204 || response.status == 304;
    std::string out;
    out.reserve(320 + response.body.size());
    auto to = std::back_inserter(out);
    fmt::format_to(to, "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_phrase(response.status), http_date());
    if (!bodiless)
        fmt::format_to(to, "Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type, response.body.size());
    if (!has_header(response, "x-content-type-options")) out += "X-Content-Type-Options: nosniff\r\n";
    if (framing.no_store && !has_header(response, "cache-control")) out += "Cache-Control: no-store\r\n";
    for (const auto& [name, value] : response.headers)
        fmt::format_to(to, "{}: {}\r\n", name, value);
    if (framing.close) out += "Connection: close\r\n";
    out += "\r\n";
    if (!bodiless && !framing.head_only) out += response.body;
    return out;
}

std::string_view reason_phrase(int status) {
    static constexpr std::pair<int, std::string_view> phrases[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (const auto& [code, phrase] : phrases) {
        if (code == status) return phrase;
    }
    return "Unknown";
}

}  // namespace roamguard::http
