#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "notifications/http_client.h"
#include "service/commands/commands.h"

namespace roamguard::commands {

/// Prints what the service refused, with every fault it lists, on standard error. Returns 1.
int complain(const notifications::Reply& reply, const Remote& remote);
/// True for a 2xx.
[[nodiscard]] bool good(const notifications::Reply& reply);
/// The whole of a file, or of standard input for `-`. Throws std::runtime_error with a sentence.
[[nodiscard]] std::string read_whole(const std::string& path);
/// Percent-encodes a path segment.
[[nodiscard]] std::string encoded(const std::string& text);

}  // namespace roamguard::commands
