#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "notifications/format.h"
#include "notifications/message.h"
#include "notifications/sms_text.h"

namespace roamguard::notifications {

/// A text ready to send, with what the evidence keeps of its making.
struct Rendered {
    std::string text;           ///< normalised for SMS
    std::string language;       ///< the template directory used: `en`, `zh-Hans`
    std::string template_id;    ///< `welcome/zh-Hans`
    std::string template_hash;  ///< first 16 hex digits of the SHA-256 of the template's source
    Measure measure;
};

/// The ICU MessageFormat templates of every kind and language: the built-in ones, overridden file by file from a
/// directory (`<dir>/<language>/<kind>.txt`, and the phrases in `<dir>/<language>/words.txt`). What such a directory
/// leaves out comes from the built-in language, or from the one its tag leads to (`en-AU` from `en`); a new language
/// must be whole. Checked when loaded: an unknown variable, a missing kind or a broken pattern is refused with every
/// fault. `docs/reference/templates.md` lists the variables. Internally synchronised (each thread keeps its own
/// formatters).
class Templates {
public:
    /// `directory` empty: built-in only.
    [[nodiscard]] static tl::expected<std::shared_ptr<const Templates>, std::vector<std::string>> load(
        const std::filesystem::path& directory);
    virtual ~Templates() = default;
    /// Never fails: a language without templates falls back (zh-CN, zh-SG, zh -> zh-Hans; zh-HK, zh-TW -> zh-Hant;
    /// de-AT -> de; pt -> en).
    [[nodiscard]] virtual Rendered render(const Facts& facts) const = 0;
    /// The template language a BCP 47 tag leads to.
    [[nodiscard]] virtual std::string language_for(std::string_view tag) const = 0;
    /// Lends what texts of a tag's language are written with, for what is no message: pages.
    virtual void with_language(std::string_view tag,
                               const std::function<void(Formatter&, const Words&)>& write) const = 0;
};

/// A BCP 47 tag as profiles may carry it: letters, digits and hyphens, 2 to 35 characters, a known primary language.
[[nodiscard]] bool valid_language(std::string_view tag);

}  // namespace roamguard::notifications
