#pragma once

#include <string>

namespace roamguard::commands {

/// Logs as JSON lines on standard error: time, level, message. Texts are escaped; nothing personal is ever passed in.
void start_logging(const std::string& level);
void log_info(const std::string& message);
void log_warning(const std::string& message);
void log_error(const std::string& message);

}  // namespace roamguard::commands
