#include "service/storage/slice_keys.h"

#include <charconv>
#include <limits>
#include <stdexcept>

namespace roamguard::storage {

std::int64_t number_of(const std::string& text) {
    if (text.empty()) return std::numeric_limits<std::int64_t>::min();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        throw std::runtime_error("the progress of the migration cannot be read");
    return value;
}

std::string pair_text(std::int64_t first, std::int64_t second) {
    return std::to_string(first) + ":" + std::to_string(second);
}

std::pair<std::int64_t, std::string> named_of(const std::string& text) {
    if (text.empty()) return {number_of(text), ""};
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) throw std::runtime_error("the progress of the migration cannot be read");
    return {number_of(text.substr(0, colon)), text.substr(colon + 1)};
}

std::pair<std::int64_t, std::int64_t> pair_of(const std::string& text) {
    const auto [first, second] = named_of(text);
    return {first, number_of(second)};
}

std::string unhex(const std::string& hex) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        throw std::runtime_error("the progress of the migration cannot be read");
    };
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
    return bytes;
}

}  // namespace roamguard::storage
