#pragma once

#include "service/storage/transfer.h"

namespace roamguard::commands {

/// The engine's check of a chain, for storage, which does not know the engine.
[[nodiscard]] storage::ChainCheck chain_check();

}  // namespace roamguard::commands
