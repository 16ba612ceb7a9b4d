#include "service/json/reader.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard::json;

FUZZ(input) {
    const auto ours = read_json(input, 32);
    const auto library = nlohmann::json::parse(input, nullptr, false);
    if (ours) {
        // Whatever is taken is JSON in the eyes of others too, and the same value.
        HOLDS(library == *ours);
        const std::string text = to_canonical(*ours);
        const auto again = read_json(text, 32);
        HOLDS(again && *again == *ours && to_canonical(*again) == text);
    } else {
        HOLDS(!ours.error().detail.empty());
        HOLDS(ours.error().byte <= input.size() + 1);
        // What others read is refused for a reason of ours only; a BOM or a NUL they skip is no JSON all the same.
        const bool lax = input.substr(0, 3) == "\xEF\xBB\xBF" || input.find('\0') != std::string_view::npos;
        HOLDS(library.is_discarded() || lax || ours.error().code != "not_json");
    }
    const std::size_t bad = find_invalid_utf8(input);
    HOLDS(bad == std::string_view::npos || find_invalid_utf8(input.substr(0, bad)) == std::string_view::npos);
}
