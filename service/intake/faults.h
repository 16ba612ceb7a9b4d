#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/intake/read_events.h"

namespace roamguard::intake {

/// Everything wrong with one event, in the order found. Keeps at most 50 faults, so that 64 KiB of nonsense cannot
/// make megabytes of answer. One per event.
class Faults {
public:
    void add(std::string pointer, std::string code, std::string detail) {
        ++count_;
        if (!full()) list_.push_back({std::move(pointer), std::move(code), std::move(detail)});
    }
    /// Further faults are only counted.
    [[nodiscard]] bool full() const { return list_.size() >= 50; }
    [[nodiscard]] bool none() const { return count_ == 0; }
    /// The first fault's sentence, and how many more there are. Only when there is one.
    [[nodiscard]] std::string summary() const {
        if (count_ == 1) return list_.front().detail;
        const std::string more = count_ == 2 ? "1 more fault" : std::to_string(count_ - 1) + " more faults";
        return list_.front().detail + " (and " + more + ")";
    }
    [[nodiscard]] std::vector<FieldFault> take() { return std::move(list_); }
    /// Why the data is refused. The code of the whole is that of the first fault where senders act on it,
    /// `invalid_field` otherwise. Only when there is a fault; takes the faults.
    [[nodiscard]] Refusal refusal(int status) {
        Refusal refusal;
        refusal.status = status;
        refusal.code = "invalid_field";
        for (std::string_view own : {"unknown_type", "unknown_field", "too_old", "in_the_future"})
            if (list_.front().code == own) refusal.code = own;
        refusal.detail = summary();
        refusal.errors = take();
        return refusal;
    }

private:
    std::vector<FieldFault> list_;
    std::size_t count_ = 0;
};

/// A member's name as one step of a JSON pointer (RFC 6901), cut to 64 bytes without splitting a character.
[[nodiscard]] inline std::string pointer_step(std::string_view name) {
    std::size_t length = name.size() > 64 ? 64 : name.size();
    while (length > 0 && length < name.size() && (static_cast<unsigned char>(name[length]) & 0xC0u) == 0x80u)
        --length;
    std::string out = "/";
    for (char c : name.substr(0, length)) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

/// What came, at most 4 KiB, for the list of rejected events.
[[nodiscard]] inline std::string kept_body(std::string_view body) { return std::string(body.substr(0, 4096)); }

}  // namespace roamguard::intake
