#include "notifications/pattern.h"

#include <fmt/format.h>
#include <unicode/messagepattern.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "notifications/words.h"

namespace roamguard::notifications {
namespace {

using Faults = std::vector<std::string>;

icu::UnicodeString from_utf8(std::string_view text) {
    return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string to_utf8(const icu::UnicodeString& text) {
    std::string utf8;
    text.toUTF8String(utf8);
    return utf8;
}

int line_at(const icu::UnicodeString& text, int32_t offset) {
    int line = 1;
    for (int32_t i = 0; i < offset && i < text.length(); ++i)
        if (text[i] == u'\n') ++line;
    return line;
}

std::string reason(UErrorCode status) {
    switch (status) {
        case U_DEFAULT_KEYWORD_MISSING:
            return "a select or plural without `other`";
        case U_PATTERN_SYNTAX_ERROR:
            return "not a message pattern";
        case U_INDEX_OUTOFBOUNDS_ERROR:
            return "a number, a name or the nesting is too long";
        default:
            return fmt::format("not a message pattern ({})", u_errorName(status));
    }
}

/// ICU takes an apostrophe right before a brace as the start of quoted text and prints the variable's name.
void check_apostrophes(const icu::UnicodeString& text, Faults& faults) {
    for (int32_t i = 0; i + 1 < text.length(); ++i) {
        if (text[i] != u'\'') continue;
        if (text[i + 1] == u'\'')
            ++i;
        else if (text[i + 1] == u'{' || text[i + 1] == u'}')
            faults.push_back(fmt::format("line {}: an apostrophe before a brace would quote it; write two apostrophes",
                                         line_at(text, i)));
    }
}

/// ICU says of no brace which one lacks its partner, and prints a closing one too many.
std::optional<int> line_of_lone_brace(std::string_view text) {
    std::vector<int> open;
    int line = 1;
    for (const char c : text) {
        if (c == '\n') ++line;
        if (c == '{') open.push_back(line);
        if (c != '}') continue;
        if (open.empty()) return line;
        open.pop_back();
    }
    return open.empty() ? std::nullopt : std::optional<int>(open.back());
}

/// Walks the parts of a parsed pattern and names what does not fit the table of variables.
class Walk {
public:
    Walk(const icu::UnicodeString& text, const icu::MessagePattern& pattern) : text_(text), pattern_(pattern) {}

    Faults faults;
    std::vector<const Variable*> used;

    void run() {
        for (int32_t i = 0; i < pattern_.countParts(); ++i)
            if (pattern_.getPartType(i) == UMSGPAT_PART_TYPE_ARG_START) argument(i);
    }

private:
    void argument(int32_t start) {
        const icu::MessagePattern::Part& name_part = pattern_.getPart(start + 1);
        const std::string name = to_utf8(pattern_.getSubstring(name_part));
        const Variable* variable = find_variable(name);
        if (variable == nullptr) return fault(start, fmt::format("unknown variable {{{}}}", name));
        if (std::find(used.begin(), used.end(), variable) == used.end()) used.push_back(variable);
        switch (pattern_.getPart(start).getArgType()) {
            case UMSGPAT_ARG_TYPE_NONE:
                if (!variable->shown() && !variable->counts())
                    fault(start, fmt::format("{{{}}} is only for select: {}", name, variable->choices));
                break;
            case UMSGPAT_ARG_TYPE_SELECT:
                keywords(start, *variable);
                break;
            case UMSGPAT_ARG_TYPE_PLURAL:
                if (!variable->counts()) fault(start, fmt::format("{{{}}} is no number: plural does not apply", name));
                break;
            default:
                fault(start,
                      fmt::format("{{{}}}: only select and plural apply, every variable is formatted already", name));
        }
    }

    void keywords(int32_t start, const Variable& variable) {
        if (variable.shown() || variable.counts())
            return fault(start, fmt::format("{{{}}} is no variable to select by", variable.name));
        const int32_t limit = pattern_.getLimitPartIndex(start);
        for (int32_t i = start + 2; i < limit; ++i) {
            const UMessagePatternPartType type = pattern_.getPartType(i);
            if (type == UMSGPAT_PART_TYPE_MSG_START) i = pattern_.getLimitPartIndex(i);
            if (type != UMSGPAT_PART_TYPE_ARG_SELECTOR) continue;
            const std::string word = to_utf8(pattern_.getSubstring(pattern_.getPart(i)));
            if (word != "other" && !variable.selects(word))
                fault(i, fmt::format("{{{}}} is never `{}`: {}", variable.name, word, variable.choices));
        }
    }

    void fault(int32_t part, const std::string& what) {
        faults.push_back(fmt::format("line {}: {}", line_at(text_, pattern_.getPart(part).getIndex()), what));
    }

    const icu::UnicodeString& text_;
    const icu::MessagePattern& pattern_;
};

/// Spaces doubled, at the ends of lines, and lines left empty by a select that chose nothing.
std::string tidy(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\r') continue;
        const bool at_start = out.empty() || out.back() == '\n';
        if (c == ' ' && (at_start || out.back() == ' ')) continue;
        if (c == '\n') {
            while (!out.empty() && out.back() == ' ')
                out.pop_back();
            if (out.empty() || out.back() == '\n') continue;
        }
        out += c;
    }
    while (!out.empty() && (out.back() == ' ' || out.back() == '\n'))
        out.pop_back();
    return out;
}

icu::Formattable value_of(const Variable& variable, const Facts& facts, Formatter& formatter) {
    const std::string value = variable.value(facts, formatter);
    if (variable.counts()) return icu::Formattable(static_cast<int32_t>(std::stoi(value)));
    return icu::Formattable(from_utf8(value));
}

}  // namespace

tl::expected<Pattern, Faults> compile(std::string_view source, const std::string& language) {
    if (!valid_utf8(source)) return tl::unexpected(Faults{"not UTF-8"});
    if (tidy(std::string(source)).empty()) return tl::unexpected(Faults{"the text is empty"});
    if (const auto line = line_of_lone_brace(source))
        return tl::unexpected(Faults{fmt::format("line {}: a brace without its partner", *line)});
    const icu::UnicodeString text = from_utf8(source);
    UErrorCode status = U_ZERO_ERROR;
    UParseError where{};
    const icu::MessagePattern parsed(text, &where, status);
    if (U_FAILURE(status))
        return tl::unexpected(Faults{fmt::format("line {}: {}", line_at(text, where.offset), reason(status))});
    Walk walk(text, parsed);
    walk.run();
    check_apostrophes(text, walk.faults);
    if (!walk.faults.empty()) return tl::unexpected(std::move(walk.faults));
    auto format = std::make_unique<icu::MessageFormat>(text, icu::Locale(language.c_str()), where, status);
    if (U_FAILURE(status)) return tl::unexpected(Faults{reason(status)});
    Pattern pattern{std::string(source), std::move(format), std::move(walk.used), {}};
    for (const Variable* variable : pattern.used)
        pattern.names.push_back(from_utf8(variable->name));
    return pattern;
}

std::string render(const Pattern& pattern, const icu::MessageFormat& format, const Facts& facts, Formatter& formatter) {
    std::vector<icu::Formattable> values;
    values.reserve(pattern.used.size());
    for (const Variable* variable : pattern.used)
        values.push_back(value_of(*variable, facts, formatter));
    icu::UnicodeString text;
    UErrorCode status = U_ZERO_ERROR;
    format.format(pattern.names.data(), values.data(), static_cast<int32_t>(values.size()), text, status);
    if (U_FAILURE(status)) throw std::logic_error(fmt::format("a checked pattern fails: {}", u_errorName(status)));
    return tidy(to_utf8(text));
}

}  // namespace roamguard::notifications
