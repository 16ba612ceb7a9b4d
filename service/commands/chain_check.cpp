#include "service/commands/chain_check.h"

#include "service/engine/evidence.h"
#include "service/storage/codec.h"

namespace roamguard::commands {

storage::ChainCheck chain_check() {
    return [](const storage::CustomerRow& customer,
              const std::vector<storage::EvidenceRow>& chain) -> std::optional<std::string> {
        const auto fault = engine::verify(chain, storage::decode_state(customer.state), customer.key);
        return fault ? std::optional(fault->sentence) : std::nullopt;
    };
}

}  // namespace roamguard::commands
