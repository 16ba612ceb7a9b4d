#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace roamguard::notifications {

/// One template or words file as found, with the name that faults use.
struct TemplateFile {
    std::string name;  ///< `en/welcome.txt`, or the whole path of an overriding file
    std::string text;
};

/// Files by language and file name (`welcome.txt`, `words.txt`).
using TemplateFiles = std::map<std::string, std::map<std::string, TemplateFile>>;

/// Those compiled into the program.
[[nodiscard]] TemplateFiles built_in_files();

/// Those of `<directory>/<language>/<kind>.txt`. Files of other endings are left alone; a directory that is no language
/// tag, an unknown kind, and what cannot be read are added to `faults`.
[[nodiscard]] TemplateFiles files_in(const std::filesystem::path& directory, std::vector<std::string>& faults);

}  // namespace roamguard::notifications
