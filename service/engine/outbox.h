#pragma once

#include "notifications/dispatcher.h"
#include "service/engine/engine.h"

namespace roamguard::engine {

/// The store's outbox as the dispatcher's: claims and results are requests to the engine like any other.
[[nodiscard]] notifications::Outbox outbox_of(Engine& engine, tariffs::Span lease);

}  // namespace roamguard::engine
