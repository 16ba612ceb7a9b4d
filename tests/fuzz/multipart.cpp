#include "service/http/multipart.h"
#include "tests/fuzz/fuzz.h"

using roamguard::http::read_multipart;

/// The first line is the Content-Type, the rest the body.
FUZZ(input) {
    const auto [type, body] = roamguard::fuzz::cut(input, "\n");
    const auto parts = read_multipart(type, body);
    if (!parts) {
        HOLDS(!parts.error().empty());
        return;
    }
    HOLDS(parts->size() <= 16);
    std::string written = "--fuzzed-boundary-7d1";
    for (const auto& [name, text] : *parts) {
        HOLDS(!name.empty() && body.find(text) != std::string_view::npos);
        if (name.find_first_of("\";\r\n") != std::string::npos || text.find("fuzzed-boundary") != std::string::npos)
            return;
        written +=
            "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n--fuzzed-boundary-7d1";
    }
    HOLDS(read_multipart("multipart/form-data; boundary=fuzzed-boundary-7d1", written + "--") == parts);
}
