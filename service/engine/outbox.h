#pragma once

#include <string>

#include "notifications/dispatcher.h"
#include "service/engine/engine.h"

namespace roamguard::engine {

/// One channel of the store's outbox as its dispatcher's: claims and results are requests to the engine like any other.
[[nodiscard]] notifications::Outbox outbox_of(Engine& engine, const std::string& channel, tariffs::Span lease);

}  // namespace roamguard::engine
