#include "service/http/multipart.h"

namespace roamguard::http {
namespace {

constexpr std::size_t most_parts = 16;

/// A parameter of a header value: `name="tariffs"` or `boundary=xyz`; empty when absent.
std::string parameter_of(std::string_view header, std::string_view name) {
    std::size_t at = 0;
    while ((at = header.find(';', at)) != std::string_view::npos) {
        ++at;
        while (at < header.size() && header[at] == ' ')
            ++at;
        if (header.substr(at, name.size()) != name || header.substr(at + name.size(), 1) != "=") continue;
        at += name.size() + 1;
        if (header.substr(at, 1) == "\"") {
            const std::size_t end = header.find('"', at + 1);
            return end == std::string_view::npos ? std::string{} : std::string(header.substr(at + 1, end - at - 1));
        }
        return std::string(header.substr(at, header.find(';', at) - at));
    }
    return {};
}

bool same_letters(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if ((a[i] | 0x20) != (b[i] | 0x20)) return false;
    return true;
}

std::string name_of(std::string_view headers) {
    while (!headers.empty()) {
        const std::size_t end = headers.find("\r\n");
        const std::string_view line = headers.substr(0, end);
        const std::size_t colon = line.find(':');
        if (colon != std::string_view::npos && same_letters(line.substr(0, colon), "content-disposition"))
            return parameter_of(line, "name");
        if (end == std::string_view::npos) break;
        headers.remove_prefix(end + 2);
    }
    return {};
}

}  // namespace

tl::expected<std::map<std::string, std::string>, std::string> read_multipart(std::string_view content_type,
                                                                             std::string_view body) {
    const std::string boundary = parameter_of(content_type, "boundary");
    if (boundary.empty() || boundary.size() > 200)
        return tl::unexpected(std::string("the Content-Type names no boundary"));
    const std::string delimiter = "--" + boundary;
    std::map<std::string, std::string> parts;
    if (body.substr(0, delimiter.size()) != delimiter)
        return tl::unexpected(std::string("the body does not begin with its boundary"));
    body.remove_prefix(delimiter.size());
    const std::string between = "\r\n" + delimiter;
    while (body.substr(0, 2) != "--") {
        if (body.substr(0, 2) != "\r\n") return tl::unexpected(std::string("a boundary is not followed by a line end"));
        body.remove_prefix(2);
        const std::size_t blank = body.find("\r\n\r\n");
        if (blank == std::string_view::npos) return tl::unexpected(std::string("a part has no end of its headers"));
        const std::string name = name_of(body.substr(0, blank));
        if (name.empty()) return tl::unexpected(std::string("a part has no name"));
        body.remove_prefix(blank + 4);
        const std::size_t end = body.find(between);
        if (end == std::string_view::npos) return tl::unexpected("the part " + name + " never ends");
        if (!parts.emplace(name, std::string(body.substr(0, end))).second)
            return tl::unexpected("the part " + name + " comes twice");
        if (parts.size() > most_parts) return tl::unexpected(std::string("there are more than 16 parts"));
        body.remove_prefix(end + between.size());
    }
    return parts;
}

}  // namespace roamguard::http
