#include "service/commands/remote.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

namespace roamguard::commands {

using nlohmann::json;

bool good(const notifications::Reply& reply) { return reply.status >= 200 && reply.status < 300; }

int complain(const notifications::Reply& reply, const Remote& remote) {
    if (reply.status == 0) {
        std::cerr << "no answer from " << remote.url << ": " << reply.error << "\n";
        return 1;
    }
    if (remote.json) {
        std::cout << reply.body << "\n";
        return 1;
    }
    const json body = json::parse(reply.body, nullptr, false);
    if (!body.is_object()) {
        std::cerr << remote.url << " answered " << reply.status << "\n";
        return 1;
    }
    std::cerr << body.value("detail", "refused") << " (" << reply.status << ")\n";
    if (body.contains("errors") && body["errors"].is_array())
        for (const json& error : body["errors"]) {
            if (error.contains("file"))
                std::cerr << "  " << error.value("file", "") << ":" << error.value("line", 0) << " "
                          << error.value("column", "") << " " << error.value("code", "") << ": "
                          << error.value("detail", "") << "\n";
            else
                std::cerr << "  " << error.value("pointer", "") << " " << error.value("code", "") << ": "
                          << error.value("detail", "") << "\n";
        }
    return 1;
}

std::string read_whole(const std::string& path) {
    if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string encoded(const std::string& text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.';
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

}  // namespace roamguard::commands
