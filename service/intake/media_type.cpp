#include "service/intake/media_type.h"

namespace roamguard::intake {

namespace {

bool token_char(char c) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Walks over a header value from left to right.
class Scanner {
public:
    explicit Scanner(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool done() const { return rest_.empty(); }

    void skip_blanks() {
        while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
            rest_.remove_prefix(1);
    }

    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    /// A token in lower case; empty when none stands here.
    std::string token() {
        std::string out;
        while (!rest_.empty() && token_char(rest_.front())) {
            const char c = rest_.front();
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            rest_.remove_prefix(1);
        }
        return out;
    }

    /// A parameter's value: a token, or a quoted string (which may be empty). Nothing when neither stands here.
    std::optional<std::string> value() {
        if (!take('"')) {
            std::string plain = token();
            return plain.empty() ? std::nullopt : std::optional(std::move(plain));
        }
        std::string out;
        while (!rest_.empty()) {
            if (take('"')) return out;
            if (take('\\') && rest_.empty()) return std::nullopt;
            const char c = rest_.front();
            out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            rest_.remove_prefix(1);
        }
        return std::nullopt;
    }

private:
    std::string_view rest_;
};

}  // namespace

bool MediaType::json() const {
    const std::string_view text = essence;
    return text.ends_with("/json") || text.ends_with("+json");
}

std::optional<MediaType> parse_media_type(std::string_view text) {
    Scanner scanner(text);
    scanner.skip_blanks();
    MediaType type;
    type.essence = scanner.token();
    if (type.essence.empty() || !scanner.take('/')) return std::nullopt;
    const std::string subtype = scanner.token();
    if (subtype.empty()) return std::nullopt;
    type.essence += '/';
    type.essence += subtype;
    for (scanner.skip_blanks(); !scanner.done(); scanner.skip_blanks()) {
        if (!scanner.take(';')) return std::nullopt;
        scanner.skip_blanks();
        if (scanner.done()) break;  // a lone `;` at the end is seen in the wild and allowed by RFC 9110
        const std::string name = scanner.token();
        if (name.empty() || !scanner.take('=')) return std::nullopt;
        auto value = scanner.value();
        if (!value) return std::nullopt;
        if (name != "charset") continue;
        if (!type.charset.empty() && type.charset != *value) return std::nullopt;
        type.charset = std::move(*value);
    }
    return type;
}

}  // namespace roamguard::intake
