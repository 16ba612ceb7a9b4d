#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/customers/profile_json.h"

namespace roamguard::customers {

/// Collects what is wrong with a document, up to a bound, so that hostile input cannot grow the answer without end.
class Faults {
public:
    void add(std::string pointer, std::string code, std::string detail);
    [[nodiscard]] bool none() const { return faults_.empty(); }
    [[nodiscard]] std::vector<ProfileFault> take() { return std::move(faults_); }

private:
    std::vector<ProfileFault> faults_;
};

/// Why a value is refused.
struct Objection {
    std::string code, detail;
};

/// Reads one JSON object strictly. Unknown fields are at fault, with the nearest known one suggested; every reader
/// gives nothing for an absent field, and nothing plus a fault for a bad one. One per object and thread.
class ObjectReader {
public:
    /// `object` must be an object (see is_object) and outlive the reader, as `known` and `faults` must.
    ObjectReader(const nlohmann::json& object, std::string pointer, std::span<const std::string_view> known,
                 Faults& faults);

    /// True for an object; otherwise adds the fault at `pointer`.
    [[nodiscard]] static bool is_object(const nlohmann::json& value, const std::string& pointer, Faults& faults);

    [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
    [[nodiscard]] const nlohmann::json* find(std::string_view name) const;
    [[nodiscard]] const std::string* text(std::string_view name);
    [[nodiscard]] std::optional<bool> boolean(std::string_view name);
    [[nodiscard]] const nlohmann::json* array(std::string_view name);

    /// A text that `parse` understands; otherwise the fault `code` with `detail`.
    template <typename Parse>
    [[nodiscard]] auto parsed(std::string_view name, Parse parse, const std::string& code, const std::string& detail)
        -> decltype(parse(std::string_view{})) {
        const std::string* value = text(name);
        if (value == nullptr) return std::nullopt;
        auto result = parse(std::string_view(*value));
        if (!result) fault(name, code, detail);
        return result;
    }

    /// A list of different texts, each of which `check` lets pass.
    using Check = std::function<std::optional<Objection>(const std::string&)>;
    [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view name, const Check& check);

    void fault(std::string_view name, std::string code, std::string detail);
    [[nodiscard]] std::string pointer_of(std::string_view name) const;
    [[nodiscard]] const std::string& pointer() const { return pointer_; }
    [[nodiscard]] Faults& faults() { return faults_; }

private:
    const nlohmann::json& object_;
    std::string pointer_;
    Faults& faults_;
};

/// "`plan` must be a string, not a number."
[[nodiscard]] std::string wrong_type(std::string_view name, std::string_view wanted, const nlohmann::json& found);

/// The text in back-ticks, cut to a readable length, control characters replaced: for sentences about it.
[[nodiscard]] std::string in_ticks(std::string_view text);

/// The word of `known` that `text` was probably meant to be; empty when none is near.
[[nodiscard]] std::string_view nearest(std::string_view text, std::span<const std::string_view> known);

/// `a`, `b`, `c`: for sentences that list what may stand somewhere.
[[nodiscard]] std::string listed(std::span<const std::string_view> words);

/// Code points in valid UTF-8; nothing where there are control characters.
[[nodiscard]] std::optional<std::size_t> printable_length(std::string_view text);

}  // namespace roamguard::customers
