#include "service/json/reader.h"

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace roamguard::json {

namespace {

using Value = nlohmann::json;

/// Takes the parser's calls and builds the value itself, because the library's own builder knows no depth limit and
/// lets the last of two equal names win. One per text.
class Builder {
public:
    explicit Builder(int max_depth) : max_depth_(static_cast<std::size_t>(max_depth)) { open_.reserve(8); }

    bool null() { return put(Value(nullptr)); }
    bool boolean(bool value) { return put(Value(value)); }
    bool number_integer(std::int64_t value) { return put(Value(value)); }
    bool number_unsigned(std::uint64_t value) { return put(Value(value)); }
    bool number_float(double value, const std::string& literal) {
        // An integer that fits nowhere arrives here as a rounded double.
        if (literal.find_first_of(".eE") == std::string::npos)
            return refuse("number_out_of_range",
                          "an integer lies outside -9223372036854775808 to 18446744073709551615");
        return put(Value(value));
    }
    bool string(std::string& value) { return put(Value(std::move(value))); }
    bool binary(Value::binary_t&) { return refuse("not_json", "the text is not JSON"); }

    bool start_object(std::size_t) { return open(Value(Value::value_t::object)); }
    bool start_array(std::size_t) { return open(Value(Value::value_t::array)); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(std::string& name) {
        auto& members = open_.back()->get_ref<Value::object_t&>();
        const auto [at, fresh] = members.try_emplace(std::move(name), nullptr);
        if (!fresh)
            return refuse("duplicate_key", "the member " + shown_name(at->first) + " stands twice in one object");
        slot_ = &at->second;
        return true;
    }

    bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& error) {
        if (error.id == 406) return refuse("number_out_of_range", "a number is too large for a double");
        fault_.byte = byte;
        return refuse("not_json", "the text is not JSON at byte " + std::to_string(byte) + ": " + reason(error.what()));
    }

    tl::expected<Value, JsonFault> finish(bool complete) && {
        if (!complete) return tl::unexpected(std::move(fault_));
        return std::move(root_);
    }

private:
    /// The library's own words without its prefix and without the text it quotes, which may hold a phone number.
    static std::string reason(std::string_view what) {
        if (const auto dash = what.find(" - "); dash != std::string_view::npos) what.remove_prefix(dash + 3);
        return std::string(what.substr(0, what.find("; last read")));
    }

    bool refuse(std::string code, std::string detail) {
        fault_.code = std::move(code);
        fault_.detail = std::move(detail);
        return false;
    }

    Value* place(Value&& value) {
        if (open_.empty()) return &(root_ = std::move(value));
        Value& top = *open_.back();
        if (!top.is_array()) return &(*slot_ = std::move(value));
        auto& elements = top.get_ref<Value::array_t&>();
        elements.push_back(std::move(value));
        return &elements.back();
    }

    bool put(Value&& value) {
        place(std::move(value));
        return true;
    }

    bool open(Value&& container) {
        if (open_.size() >= max_depth_)
            return refuse("too_deep", "the text nests deeper than " + std::to_string(max_depth_) + " levels");
        open_.push_back(place(std::move(container)));
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    std::size_t max_depth_;
    Value root_;
    std::vector<Value*> open_;  ///< the containers being filled; an array never grows while one of its elements is open
    Value* slot_ = nullptr;     ///< where the value of the last key goes
    JsonFault fault_;
};

JsonFault fault_at(std::size_t index, std::string code, const std::string& what) {
    return {std::move(code), what + " at byte " + std::to_string(index + 1), index + 1};
}

void append_escaped(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
        out.append(text, plain, i - plain);
        plain = i + 1;
        out += '\\';
        if (byte >= 0x20) {
            out += text[i];
        } else {
            out += "u00";
            out += hex[byte >> 4];
            out += hex[byte & 0xF];
        }
    }
    out.append(text, plain, text.size() - plain);
    out += '"';
}

void append_canonical(std::string& out, const Value& value) {
    if (value.is_string()) return append_escaped(out, value.get_ref<const std::string&>());
    if (value.is_object()) {
        char before = '{';
        for (const auto& [name, member] : value.get_ref<const Value::object_t&>()) {
            out += before;
            append_escaped(out, name);
            out += ':';
            append_canonical(out, member);
            before = ',';
        }
        if (before == '{') out += '{';
        out += '}';
    } else if (value.is_array()) {
        char before = '[';
        for (const auto& element : value.get_ref<const Value::array_t&>()) {
            out += before;
            append_canonical(out, element);
            before = ',';
        }
        if (before == '[') out += '[';
        out += ']';
    } else if (value.is_number_unsigned()) {
        out += std::to_string(value.get<std::uint64_t>());
    } else if (value.is_number_integer()) {
        out += std::to_string(value.get<std::int64_t>());
    } else {
        out += value.dump();  // null, booleans and the rare double
    }
}

/// How many bytes the well-formed character at `at` has (at least two); 0 when it is not well-formed.
std::size_t multibyte_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
    };
    const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
    const unsigned lead = byte(0), second = byte(1);
    if (lead >= 0xC2 && lead <= 0xDF) return follows(1) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const bool overlong = lead == 0xE0 && second < 0xA0;
        const bool surrogate = lead == 0xED && second > 0x9F;
        return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const bool overlong = lead == 0xF0 && second < 0x90;
        const bool beyond = lead == 0xF4 && second > 0x8F;
        return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

}  // namespace

tl::expected<nlohmann::json, JsonFault> read_json(std::string_view text, int max_depth) {
    // The library skips a BOM and takes a NUL for the end of the text, whatever follows it.
    if (text.substr(0, 3) == "\xEF\xBB\xBF")
        return tl::unexpected(fault_at(0, "not_json", "the text begins with a byte order mark"));
    if (const auto nul = text.find('\0'); nul != std::string_view::npos)
        return tl::unexpected(fault_at(nul, "not_json", "the text is not JSON: a NUL"));
    if (const auto bad = find_invalid_utf8(text); bad != std::string_view::npos)
        return tl::unexpected(fault_at(bad, "invalid_utf8", "the text is not UTF-8"));
    Builder builder(max_depth);
    const bool complete = Value::sax_parse(text.data(), text.data() + text.size(), &builder);
    return std::move(builder).finish(complete);
}

std::string to_canonical(const nlohmann::json& value) {
    std::string out;
    out.reserve(256);
    append_canonical(out, value);
    return out;
}

std::size_t find_invalid_utf8(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint64_t eight = 0;
        if (text.size() - at >= sizeof eight) {
            std::memcpy(&eight, text.data() + at, sizeof eight);
            if ((eight & 0x8080808080808080u) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        if (static_cast<unsigned char>(text[at]) < 0x80) {
            ++at;
            continue;
        }
        const std::size_t length = multibyte_length(text, at);
        if (length == 0) return at;
        at += length;
    }
    return std::string_view::npos;
}

std::string shown_name(std::string_view name) {
    constexpr std::size_t longest = 40;
    std::string out = "\"";
    for (char c : name.substr(0, longest))
        out += c >= ' ' && c <= '~' ? c : '?';
    if (name.size() > longest) out += "...";
    return out + '"';
}

std::string_view kind_word(const nlohmann::json& value) {
    if (value.is_null()) return "null";
    if (value.is_boolean()) return "a boolean";
    if (value.is_number()) return "a number";
    if (value.is_string()) return "a string";
    return value.is_array() ? "an array" : "an object";
}

}  // namespace roamguard::json
