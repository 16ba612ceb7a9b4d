#pragma once

#include <memory>

#include "notifications/channel.h"

namespace roamguard::notifications {

/// Delivers into the sandbox page: the message counts as arrived, and the page shows it from the outbox.
[[nodiscard]] std::unique_ptr<Channel> make_sandbox();

}  // namespace roamguard::notifications
