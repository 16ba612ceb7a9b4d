#include "notifications/template_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include "data/embedded.h"
#include "notifications/languages.h"
#include "notifications/message.h"

namespace roamguard::notifications {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view built_in_root = "notifications/templates/";
constexpr std::size_t most_bytes = 64 * 1024;  ///< of a file: a text message is far shorter

std::string all_kinds() {
    std::string words;
    for (int i = 0; i < kind_count; ++i)
        words += fmt::format("{}{}", i == 0 ? "" : ", ", word(static_cast<Kind>(i)));
    return words;
}

std::string_view without_byte_order_mark(std::string_view text) {
    constexpr std::string_view mark = "\xef\xbb\xbf";
    return text.substr(0, mark.size()) == mark ? text.substr(mark.size()) : text;
}

void read_file(const fs::path& path, std::map<std::string, TemplateFile>& files, std::vector<std::string>& faults) {
    if (path.filename() != "words.txt" && !parse_kind(path.stem().string())) {
        faults.push_back(
            fmt::format("{}: no kind of message has that name; the kinds are {}", path.string(), all_kinds()));
        return;
    }
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in)
        faults.push_back(fmt::format("{}: cannot be read", path.string()));
    else if (text.size() > most_bytes)
        faults.push_back(fmt::format("{}: longer than {} bytes", path.string(), most_bytes));
    else
        files[path.filename().string()] = {path.string(), std::string(without_byte_order_mark(text))};
}

/// A directory's entries in the order of their names, so that faults come in one order everywhere.
std::vector<fs::path> entries(const fs::path& directory, std::vector<std::string>& faults) {
    std::vector<fs::path> paths;
    std::error_code error;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error))
        paths.push_back(it->path());
    if (error) faults.push_back(fmt::format("{}: cannot be read: {}", directory.string(), error.message()));
    std::sort(paths.begin(), paths.end());
    return paths;
}

}  // namespace

TemplateFiles built_in_files() {
    TemplateFiles files;
    for (const auto& [path, text] : data::embedded_files()) {
        if (path.compare(0, built_in_root.size(), built_in_root) != 0) continue;
        const std::string name = path.substr(built_in_root.size());
        const std::size_t slash = name.find('/');
        files[name.substr(0, slash)][name.substr(slash + 1)] = {name, std::string(text)};
    }
    return files;
}

TemplateFiles files_in(const fs::path& directory, std::vector<std::string>& faults) {
    TemplateFiles files;
    for (const fs::path& folder : entries(directory, faults)) {
        const std::string language = folder.filename().string();
        if (!fs::is_directory(folder) || language[0] == '.') continue;
        const std::string canonical = canonical_tag(language);
        if (canonical != language) {
            const std::string hint = canonical.empty() ? "" : fmt::format("; write `{}`", canonical);
            faults.push_back(fmt::format("{}: not the name of a language{}", folder.string(), hint));
            continue;
        }
        for (const fs::path& path : entries(folder, faults))
            if (path.extension() == ".txt") read_file(path, files[language], faults);
    }
    return files;
}

}  // namespace roamguard::notifications
