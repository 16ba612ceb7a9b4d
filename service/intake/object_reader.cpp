#include "service/intake/object_reader.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "service/json/reader.h"

namespace roamguard::intake {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Levenshtein's distance, letter case aside.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (lower(a[i]) == lower(b[j]) ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row[b.size()];
}

/// `/data/subscriber/msisdn` as `data.subscriber.msisdn`, `/data/countryName/0` as `data.countryName[0]`, the whole as
/// `the body`.
std::string path(std::string_view pointer) {
    if (pointer.empty()) return "the body";
    std::string out;
    while (!pointer.empty()) {
        pointer.remove_prefix(1);
        const std::string_view step = pointer.substr(0, pointer.find('/'));
        pointer.remove_prefix(step.size());
        if (step.find_first_not_of("0123456789") == std::string_view::npos)
            out.append(1, '[').append(step).append(1, ']');
        else
            out.append(out.empty() ? "" : ".").append(step);
    }
    return out;
}

}  // namespace

ObjectReader::ObjectReader(const nlohmann::json& object, std::string_view pointer,
                           std::span<const std::string_view> known, Faults& faults)
    : object_(object), pointer_(pointer), faults_(faults) {
    for (const auto& [name, value] : object_.get_ref<const nlohmann::json::object_t&>()) {
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        if (faults_.full()) {
            faults_.add({}, {}, {});
            continue;
        }
        std::string sentence = path(pointer_) + " has no member " + json::shown_name(name);
        if (const auto meant = nearest(name, known)) sentence.append(": did you mean ").append(*meant).append("?");
        faults_.add(std::string(pointer_) + pointer_step(name), "unknown_field", std::move(sentence));
    }
}

const nlohmann::json* ObjectReader::find(std::string_view name) const {
    const auto& members = object_.get_ref<const nlohmann::json::object_t&>();
    const auto at = members.find(name);
    return at == members.end() ? nullptr : &at->second;
}

const std::string* ObjectReader::text(std::string_view name, std::string_view hint) {
    const auto* value = find(name);
    if (!value) return nullptr;
    if (value->is_string()) return &value->get_ref<const std::string&>();
    fault(name, "wrong_type",
          "must be a string" + std::string(hint) + ", and this is " + std::string(json::kind_word(*value)));
    return nullptr;
}

const nlohmann::json* ObjectReader::object(std::string_view name) {
    const auto* value = find(name);
    if (!value || value->is_object()) return value;
    fault(name, "wrong_type", "must be an object, and this is " + std::string(json::kind_word(*value)));
    return nullptr;
}

const nlohmann::json* ObjectReader::array(std::string_view name) {
    const auto* value = find(name);
    if (!value || value->is_array()) return value;
    fault(name, "wrong_type", "must be an array, and this is " + std::string(json::kind_word(*value)));
    return nullptr;
}

std::optional<bool> ObjectReader::boolean(std::string_view name) {
    const auto* value = find(name);
    if (!value) return std::nullopt;
    if (value->is_boolean()) return value->get<bool>();
    fault(name, "wrong_type", "must be true or false, and this is " + std::string(json::kind_word(*value)));
    return std::nullopt;
}

void ObjectReader::fault(std::string_view name, std::string code, std::string_view rule) {
    std::string pointer(pointer_);
    if (!name.empty()) pointer.append(1, '/').append(name);
    std::string sentence = path(pointer).append(1, ' ').append(rule);
    faults_.add(std::move(pointer), std::move(code), std::move(sentence));
}

std::optional<std::string_view> nearest(std::string_view name, std::span<const std::string_view> names) {
    if (name.size() > 80) return std::nullopt;
    std::optional<std::string_view> best;
    std::size_t fewest = std::max<std::size_t>(2, name.size() / 3) + 1;
    for (std::string_view candidate : names) {
        const std::size_t distance = edits(name, candidate);
        if (distance >= fewest || distance >= candidate.size()) continue;
        fewest = distance;
        best = candidate;
    }
    return best;
}

}  // namespace roamguard::intake
