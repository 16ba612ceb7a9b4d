#pragma once

#include <map>
#include <string>
#include <string_view>

namespace roamguard::data {

/// Every file compiled into the program, by its path in the source tree (`data/plmn.csv`, `web/sandbox.html`,
/// `notifications/templates/en/welcome.txt`). Immutable; any thread.
const std::map<std::string, std::string_view>& embedded_files();

}  // namespace roamguard::data
