#include "notifications/languages.h"

#include <unicode/locid.h>

#include <algorithm>
#include <set>

#include "notifications/templates.h"

namespace roamguard::notifications {
namespace {

icu::Locale parse(std::string_view tag) {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Locale locale =
        icu::Locale::forLanguageTag(icu::StringPiece(tag.data(), static_cast<int32_t>(tag.size())), status);
    return U_SUCCESS(status) ? locale : icu::Locale::getRoot();
}

std::string to_tag(const icu::Locale& locale) {
    UErrorCode status = U_ZERO_ERROR;
    return locale.toLanguageTag<std::string>(status);
}

/// The script a language is written in there: Hant for `zh-HK`.
std::string script_of(icu::Locale locale) {
    UErrorCode status = U_ZERO_ERROR;
    locale.addLikelySubtags(status);
    return locale.getScript();
}

bool known_primary(std::string_view language) {
    static const std::set<std::string, std::less<>> known = [] {
        std::set<std::string, std::less<>> codes;
        for (const char* const* code = icu::Locale::getISOLanguages(); *code != nullptr; ++code)
            codes.insert(*code);
        return codes;
    }();
    return known.find(language) != known.end();
}

bool well_formed(std::string_view tag) {
    if (tag.size() < 2 || tag.size() > 35) return false;
    std::size_t length = 0;
    for (const char c : tag) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == '-' ? length == 0 : !letter && !(c >= '0' && c <= '9')) return false;
        length = c == '-' ? 0 : length + 1;
        if (length > 8) return false;
    }
    return length > 0;
}

void add(std::vector<std::string>& tags, const std::string& tag) {
    if (!tag.empty() && std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
}

}  // namespace

std::string canonical_tag(std::string_view tag) {
    if (!well_formed(tag)) return {};
    const icu::Locale locale = parse(tag);
    return known_primary(locale.getLanguage()) ? to_tag(locale) : std::string();
}

std::vector<std::string> same_language(std::string_view tag) {
    std::vector<std::string> tags;
    const std::string whole = canonical_tag(tag);
    if (whole.empty()) return tags;
    const icu::Locale locale = parse(whole);
    const std::string language = locale.getLanguage();
    add(tags, whole);
    if (language == "zh") {
        add(tags, "zh-" + script_of(locale));
        return tags;
    }
    for (std::size_t cut = whole.rfind('-'); cut != std::string::npos; cut = whole.rfind('-', cut - 1))
        add(tags, whole.substr(0, cut));
    return tags;
}

std::vector<std::string> fallbacks(std::string_view tag) {
    std::vector<std::string> tags = same_language(tag);
    if (!tags.empty() && tags.front().substr(0, 2) == "zh" && (tags.front().size() == 2 || tags.front()[2] == '-'))
        add(tags, "zh-Hans");
    add(tags, "en");
    return tags;
}

bool right_to_left(std::string_view tag) { return parse(tag).isRightToLeft() != 0; }

std::string locale_for(std::string_view tag, const std::string& template_language) {
    const icu::Locale wished = parse(canonical_tag(tag)), written = parse(template_language);
    const bool same = std::string_view(wished.getLanguage()) == written.getLanguage();
    if (!same || script_of(wished) != script_of(written)) return template_language;
    // Variants and extensions (other digits, other calendars) stay out.
    std::string plain = wished.getLanguage();
    for (const std::string_view part : {std::string_view(wished.getScript()), std::string_view(wished.getCountry())})
        if (!part.empty()) plain.append("-").append(part);
    return plain;
}

bool valid_language(std::string_view tag) { return !canonical_tag(tag).empty(); }

}  // namespace roamguard::notifications
