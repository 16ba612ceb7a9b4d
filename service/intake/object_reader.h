#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "service/intake/faults.h"

namespace roamguard::intake {

/// One JSON object of an event's data, read by names. Unknown members of our own formats are faults at once; a member
/// that is absent or at fault reads as nothing, its fault noted. Keeps references to the object and the faults. One per
/// object.
class ObjectReader {
public:
    /// `pointer` is the object's JSON pointer (empty: the whole), `known` every name it may have; both must outlive the
    /// reader.
    ObjectReader(const nlohmann::json& object, std::string_view pointer, std::span<const std::string_view> known,
                 Faults& faults);
    /// The same for an object of somebody else's format: members nobody asks for are ignored.
    ObjectReader(const nlohmann::json& object, std::string_view pointer, Faults& faults)
        : object_(object), pointer_(pointer), faults_(faults) {}

    /// nullptr when absent. JSON null is a value like any other, and of the wrong kind everywhere.
    [[nodiscard]] const nlohmann::json* find(std::string_view name) const;
    /// A string; nullptr when absent or something else. `hint` is added to the fault of another kind.
    [[nodiscard]] const std::string* text(std::string_view name, std::string_view hint = {});
    /// An object; nullptr when absent or something else.
    [[nodiscard]] const nlohmann::json* object(std::string_view name);
    /// An array; nullptr when absent or something else.
    [[nodiscard]] const nlohmann::json* array(std::string_view name);
    /// Nothing when absent or something else.
    [[nodiscard]] std::optional<bool> boolean(std::string_view name);

    /// Where faults go, for a reader of an object inside.
    [[nodiscard]] Faults& faults() { return faults_; }
    void require(std::string_view name) {
        if (!find(name)) fault(name, "required", "is missing");
    }
    /// `rule` continues a sentence that begins with the member's path. An empty name is the object itself, `name/0` an
    /// element of the member.
    void fault(std::string_view name, std::string code, std::string_view rule);

private:
    const nlohmann::json& object_;
    std::string_view pointer_;
    Faults& faults_;
};

/// The nearest of the names by edits, letter case aside, when it is near enough to be meant.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> names);

}  // namespace roamguard::intake
