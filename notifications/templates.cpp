#include "notifications/templates.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <map>
#include <optional>
#include <unordered_map>

#include "data/digest.h"
#include "notifications/format.h"
#include "notifications/languages.h"
#include "notifications/pattern.h"
#include "notifications/template_files.h"
#include "notifications/words.h"

namespace roamguard::notifications {
namespace {

using Faults = std::vector<std::string>;

/// A template and where it comes from: a language that overrides only some kinds borrows the others.
struct Template {
    Pattern pattern;
    std::string language;
    std::string id;
    std::string hash;
};

struct Language {
    std::string tag;
    Words words;
    std::array<std::shared_ptr<const Template>, kind_count> kinds;
};

using Languages = std::map<std::string, Language>;

class Loaded final : public Templates {
public:
    explicit Loaded(Languages languages) : languages_(std::move(languages)) {}

    Rendered render(const Facts& facts) const override;
    std::string language_for(std::string_view tag) const override { return language(tag).tag; }
    void with_language(std::string_view tag, const std::function<void(Formatter&, const Words&)>& write) const override;

private:
    struct ThreadCache;

    const Language& language(std::string_view tag) const;
    ThreadCache& cache() const;

    static std::uint64_t next_id() {
        static std::atomic<std::uint64_t> last{0};
        return ++last;
    }

    const Languages languages_;
    const std::uint64_t id_ = next_id();  ///< tells the caches of threads whose templates they hold
};

/// ICU's formatters are not to be shared between threads, and dear to make.
struct Loaded::ThreadCache {
    struct Route {
        const Language* language = nullptr;
        Formatter* formatter = nullptr;
    };
    /// Tags come from profiles; past this many the cache starts anew.
    static constexpr std::size_t most_tags = 256;

    std::uint64_t owner = 0;
    std::unordered_map<std::string, Route> routes;  ///< by the customer's tag
    std::map<std::pair<const Language*, std::string>, std::unique_ptr<Formatter>> formatters;
    std::unordered_map<const Template*, std::unique_ptr<icu::MessageFormat>> formats;

    void clear() {
        routes.clear();
        formatters.clear();
        formats.clear();
    }

    Route route(const std::string& tag, const Loaded& templates) {
        if (const auto known = routes.find(tag); known != routes.end()) return known->second;
        if (routes.size() >= most_tags) clear();
        const Language& language = templates.language(tag);
        const std::string locale = locale_for(tag, language.tag);
        auto& formatter = formatters[{&language, locale}];
        if (!formatter) formatter = std::make_unique<Formatter>(locale, language.words);
        return routes[tag] = {&language, formatter.get()};
    }

    const icu::MessageFormat& format(const Template& source) {
        auto& own = formats[&source];
        if (!own) own = std::make_unique<icu::MessageFormat>(*source.pattern.format);
        return *own;
    }
};

Loaded::ThreadCache& Loaded::cache() const {
    thread_local ThreadCache cache;
    if (cache.owner != id_) {
        cache.clear();
        cache.owner = id_;
    }
    return cache;
}

const Language& Loaded::language(std::string_view tag) const {
    for (const std::string& candidate : fallbacks(tag))
        if (const auto found = languages_.find(candidate); found != languages_.end()) return found->second;
    throw std::logic_error("there are no English templates");
}

Rendered Loaded::render(const Facts& facts) const {
    ThreadCache& own = cache();
    const auto [language, formatter] = own.route(facts.language, *this);
    const Template& source = *language->kinds.at(static_cast<std::size_t>(facts.kind));
    Rendered rendered;
    rendered.text = normalise_for_sms(notifications::render(source.pattern, own.format(source), facts, *formatter));
    rendered.language = source.language;
    rendered.template_id = source.id;
    rendered.template_hash = source.hash;
    rendered.measure = measure(rendered.text);
    return rendered;
}

void Loaded::with_language(std::string_view tag, const std::function<void(Formatter&, const Words&)>& write) const {
    const auto [language, formatter] = cache().route(std::string(tag), *this);
    write(*formatter, language->words);
}

/// Builds the languages one after another, and keeps every fault.
class Loader {
public:
    explicit Loader(Faults& faults) : faults_(faults) {}

    /// Adds a language from its files; `base` (may be nullptr) lends what they leave out.
    void add(const std::string& tag, const std::map<std::string, TemplateFile>& files, const Language* base) {
        std::optional<Words> words = read_words(tag, files, base);
        Language language{tag, words ? std::move(*words) : Words(), {}};
        for (int i = 0; i < kind_count; ++i)
            language.kinds[static_cast<std::size_t>(i)] = read_kind(tag, static_cast<Kind>(i), files, base);
        if (words) languages.insert_or_assign(tag, std::move(language));
    }

    Languages languages;

private:
    void fault(const std::string& file, const Faults& sentences) {
        for (const std::string& sentence : sentences)
            faults_.push_back(fmt::format("{}: {}", file, sentence));
    }

    std::optional<Words> read_words(const std::string& tag, const std::map<std::string, TemplateFile>& files,
                                    const Language* base) {
        const auto file = files.find("words.txt");
        if (file == files.end()) {
            if (base != nullptr) return base->words;
            fault(fmt::format("{}/words.txt", tag), {"missing"});
            return std::nullopt;
        }
        auto words = Words::parse(file->second.text, base != nullptr ? &base->words : nullptr);
        if (words) return std::move(*words);
        fault(file->second.name, words.error());
        return std::nullopt;
    }

    std::shared_ptr<const Template> read_kind(const std::string& tag, Kind kind,
                                              const std::map<std::string, TemplateFile>& files, const Language* base) {
        const std::string name = fmt::format("{}.txt", word(kind));
        const auto file = files.find(name);
        if (file == files.end()) {
            if (base != nullptr) return base->kinds.at(static_cast<std::size_t>(kind));
            fault(fmt::format("{}/{}", tag, name), {"missing"});
            return nullptr;
        }
        auto pattern = compile(file->second.text, tag);
        if (!pattern) {
            fault(file->second.name, pattern.error());
            return nullptr;
        }
        const std::string hash = data::to_hex(data::sha256(file->second.text), 8);
        return std::make_shared<const Template>(
            Template{std::move(*pattern), tag, fmt::format("{}/{}", word(kind), tag), hash});
    }

    Faults& faults_;
};

/// The language already loaded that an overriding directory adds to: the same, or the one its tag leads to.
const Language* base_of(const std::string& tag, const Languages& languages) {
    for (const std::string& candidate : same_language(tag))
        if (const auto found = languages.find(candidate); found != languages.end()) return &found->second;
    return nullptr;
}

}  // namespace

tl::expected<std::shared_ptr<const Templates>, Faults> Templates::load(const std::filesystem::path& directory) {
    Faults faults;
    Loader loader(faults);
    for (const auto& [tag, files] : built_in_files())
        loader.add(tag, files, nullptr);
    if (!directory.empty()) {
        const Languages built_in = loader.languages;
        for (const auto& [tag, files] : files_in(directory, faults))
            loader.add(tag, files, base_of(tag, built_in));
    }
    if (!faults.empty()) return tl::unexpected(std::move(faults));
    return std::make_shared<const Loaded>(std::move(loader.languages));
}

}  // namespace roamguard::notifications
