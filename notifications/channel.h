#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tariffs/instant.h"

namespace roamguard::notifications {

/// A row of the outbox handed to a driver, claimed under a lease.
struct Outgoing {
    std::int64_t row = 0;
    int attempt = 0;  ///< of the claim, for fencing
    std::string id;   ///< ours; the driver passes it on so that a receipt finds back
    std::string to;   ///< E.164, app address, or the URL to post to; empty where the channel has one address
    std::string channel, kind, language, text, encoding;
    int segments = 0;
    tariffs::Instant now;      ///< of the claim, by the engine's clock
    tariffs::Instant created;  ///< when it became owed
    tariffs::Instant expires;  ///< after this it is pointless to deliver
};

/// What a driver says of one attempt.
struct Attempt {
    enum class Fate {
        sent,       ///< accepted by the gateway; a receipt may follow
        delivered,  ///< known to have arrived
        later,      ///< the gateway is down, slow or full: try again
        dead        ///< it will never take this message
    } fate = Fate::sent;
    std::string error;                         ///< a sentence, for later and dead; never holds a number, secret or text
    std::optional<tariffs::Span> retry_after;  ///< the other side's own wish, for later
};

/// A way out: `sandbox`, `kannel`, `webhook`. One file each. send() may block up to its own deadline; several threads
/// of one dispatcher call it at once, never while events are taken in.
class Channel {
public:
    virtual ~Channel() = default;
    [[nodiscard]] virtual Attempt send(const Outgoing& message) = 0;
};

}  // namespace roamguard::notifications
