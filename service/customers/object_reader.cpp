#include "service/customers/object_reader.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace roamguard::customers {

namespace {

constexpr std::size_t most_faults = 500;
constexpr std::size_t longest_quote = 60;

/// RFC 6901: `~` and `/` inside a name.
std::string escaped(std::string_view name) {
    std::string text;
    for (char c : name) {
        if (c == '~')
            text += "~0";
        else if (c == '/')
            text += "~1";
        else
            text += c;
    }
    return text;
}

std::string_view type_in_words(const nlohmann::json& value) {
    if (value.is_null()) return "null";
    if (value.is_boolean()) return "true or false";
    if (value.is_number()) return "a number";
    if (value.is_string()) return "a string";
    return value.is_array() ? "a list" : "an object";
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Levenshtein, letter case ignored.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

bool continues_utf8(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::string sentence_about_unknown(std::string_view name, std::span<const std::string_view> known) {
    const std::string_view meant = nearest(name, known);
    if (!meant.empty()) return "There is no field " + in_ticks(name) + "; did you mean `" + std::string(meant) + "`?";
    return "There is no field " + in_ticks(name) + "; the fields here are " + listed(known) + ".";
}

}  // namespace

void Faults::add(std::string pointer, std::string code, std::string detail) {
    if (faults_.size() < most_faults) faults_.push_back({std::move(pointer), std::move(code), std::move(detail)});
}

ObjectReader::ObjectReader(const nlohmann::json& object, std::string pointer, std::span<const std::string_view> known,
                           Faults& faults)
    : object_(object), pointer_(std::move(pointer)), faults_(faults) {
    for (const auto& item : object.items())
        if (std::find(known.begin(), known.end(), item.key()) == known.end())
            fault(item.key(), "unknown_field", sentence_about_unknown(item.key(), known));
}

bool ObjectReader::is_object(const nlohmann::json& value, const std::string& pointer, Faults& faults) {
    if (value.is_object()) return true;
    faults.add(pointer, "wrong_type", "An object is needed here, not " + std::string(type_in_words(value)) + ".");
    return false;
}

const nlohmann::json* ObjectReader::find(std::string_view name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;  // null counts as absent
}

const std::string* ObjectReader::text(std::string_view name) {
    const nlohmann::json* value = find(name);
    if (value == nullptr) return nullptr;
    if (value->is_string()) return value->get_ptr<const std::string*>();
    fault(name, "wrong_type", wrong_type(name, "a string", *value));
    return nullptr;
}

std::optional<bool> ObjectReader::boolean(std::string_view name) {
    const nlohmann::json* value = find(name);
    if (value == nullptr) return std::nullopt;
    if (value->is_boolean()) return value->get<bool>();
    fault(name, "wrong_type", wrong_type(name, "true or false", *value));
    return std::nullopt;
}

const nlohmann::json* ObjectReader::array(std::string_view name) {
    const nlohmann::json* value = find(name);
    if (value == nullptr || value->is_array()) return value;
    fault(name, "wrong_type", wrong_type(name, "a list", *value));
    return nullptr;
}

std::optional<std::vector<std::string>> ObjectReader::texts(std::string_view name, const Check& check) {
    const nlohmann::json* list = array(name);
    if (list == nullptr) return std::nullopt;
    std::vector<std::string> read;
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < list->size(); ++i) {
        const nlohmann::json& item = (*list)[i];
        const std::string at = pointer_of(name) + "/" + std::to_string(i);
        if (!item.is_string()) {
            faults_.add(at, "wrong_type", wrong_type(name, "a list of strings", item));
            read.emplace_back();  // so that a list of nothing but faults does not look empty besides
            continue;
        }
        const auto& value = item.get_ref<const std::string&>();
        if (auto objection = check(value))
            faults_.add(at, std::move(objection->code), std::move(objection->detail));
        else if (!seen.insert(value).second)
            faults_.add(at, "duplicate", in_ticks(value) + " is listed twice in `" + std::string(name) + "`.");
        read.push_back(value);
    }
    return read;
}

void ObjectReader::fault(std::string_view name, std::string code, std::string detail) {
    faults_.add(pointer_of(name), std::move(code), std::move(detail));
}

std::string ObjectReader::pointer_of(std::string_view name) const { return pointer_ + "/" + escaped(name); }

std::string wrong_type(std::string_view name, std::string_view wanted, const nlohmann::json& found) {
    return "`" + std::string(name) + "` must be " + std::string(wanted) + ", not " + std::string(type_in_words(found)) +
           ".";
}

std::string in_ticks(std::string_view text) {
    std::size_t length = std::min(text.size(), longest_quote);
    while (length < text.size() && length > 0 && continues_utf8(text[length]))
        --length;
    std::string shown(text.substr(0, length));
    std::replace_if(
        shown.begin(), shown.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
    return "`" + shown + (length < text.size() ? "…`" : "`");
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> known) {
    if (text.size() > longest_quote) return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(2, text.size() / 3) + 1;
    for (std::string_view candidate : known) {
        const std::size_t edits = distance(text, candidate);
        if (edits < least && edits < candidate.size()) {
            least = edits;
            best = candidate;
        }
    }
    return best;
}

std::string listed(std::span<const std::string_view> words) {
    std::string text;
    for (std::string_view word : words)
        text += (text.empty() ? "`" : ", `") + std::string(word) + "`";
    return text;
}

std::optional<std::size_t> printable_length(std::string_view text) {
    std::size_t length = 0;
    for (char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
        if (!continues_utf8(c)) ++length;
    }
    return length;
}

}  // namespace roamguard::customers
