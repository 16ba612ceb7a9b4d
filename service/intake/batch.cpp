#include "service/intake/batch.h"

#include <string>

#include "service/intake/faults.h"
#include "service/json/reader.h"

namespace roamguard::intake {

namespace {

Refusal refuse(int status, std::string code, std::string detail, std::string_view body) {
    Refusal refusal;
    refusal.status = status;
    refusal.code = std::move(code);
    refusal.detail = std::move(detail);
    refusal.body = kept_body(body);
    return refusal;
}

/// Finds the ends of things without reading them. Brackets are counted, not matched: where they do not match, the
/// element that holds them is no JSON and says so when it is read.
class Splitter {
public:
    explicit Splitter(std::string_view text) : text_(text) {}

    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
            ++at_;
    }
    [[nodiscard]] bool done() const { return at_ == text_.size(); }
    [[nodiscard]] bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
    bool take(char c) {
        if (!at(c)) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] std::size_t byte() const { return at_ + 1; }
    /// The object that begins here, or nothing when the text ends before it does.
    std::string_view object() {
        const std::size_t begin = at_;
        std::size_t depth = 0;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '"') skip_string();
            if (c == '{' || c == '[') ++depth;
            if ((c == '}' || c == ']') && --depth == 0) return text_.substr(begin, ++at_ - begin);
        }
        return {};
    }

private:
    /// From the opening quote to the closing one (or the last byte).
    void skip_string() {
        for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
            if (text_[at_] == '\\') ++at_;
        if (at_ > text_.size()) at_ = text_.size();
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

Refusal not_json(std::string_view body, std::size_t byte, const std::string& expected) {
    return refuse(400, "not_json", "the batch is not JSON at byte " + std::to_string(byte) + ": " + expected, body);
}

/// The text does not begin as an array: either another JSON value or no JSON at all.
Refusal no_array(std::string_view body, std::size_t byte) {
    if (!nlohmann::json::accept(body)) return not_json(body, byte, "expected '[' of an array of events");
    return refuse(400, "not_a_cloudevent",
                  "a batch is a JSON array of events, and this is none: send a single event as "
                  "application/cloudevents+json",
                  body);
}

}  // namespace

tl::expected<std::vector<std::string_view>, Refusal> split_batch(std::string_view body, std::size_t max_batch) {
    Splitter splitter(body);
    splitter.skip_space();
    if (!splitter.take('[')) return tl::unexpected(no_array(body, splitter.byte()));
    std::vector<std::string_view> elements;
    splitter.skip_space();
    bool closed = splitter.take(']');
    while (!closed) {
        if (elements.size() == max_batch)
            return tl::unexpected(
                refuse(413, "batch_too_long", "a batch holds at most " + std::to_string(max_batch) + " events", body));
        splitter.skip_space();
        if (!splitter.at('{')) {
            if (!nlohmann::json::accept(body))
                return tl::unexpected(not_json(body, splitter.byte(), "expected an event"));
            return tl::unexpected(
                refuse(400, "not_a_cloudevent",
                       "element " + std::to_string(elements.size()) +
                           " of the batch (counted from 0) is no object: a batch is an array of events",
                       body));
        }
        const std::size_t begin = splitter.byte();
        elements.push_back(splitter.object());
        if (elements.back().empty())
            return tl::unexpected(not_json(body, begin, "the event that begins here has no end"));
        splitter.skip_space();
        closed = splitter.take(']');
        if (!closed && !splitter.take(','))
            return tl::unexpected(not_json(body, splitter.byte(), "expected ',' or ']' after an event"));
    }
    splitter.skip_space();
    if (!splitter.done()) return tl::unexpected(not_json(body, splitter.byte(), "expected nothing after the array"));
    return elements;
}

}  // namespace roamguard::intake
