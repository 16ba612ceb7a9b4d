#pragma once

#include <cstdint>
#include <string>

namespace roamguard::notifications {

/// A message handed to a driver, claimed under a lease.
struct Outgoing {
    std::int64_t row = 0;
    int attempt = 0;  ///< of the claim, for fencing
    std::string id;   ///< ours; the driver passes it on so that a receipt finds back
    std::string to;   ///< E.164 or app address
    std::string channel, kind, language, text, encoding;
    int segments = 0;
};

/// What a driver says of one attempt.
struct Attempt {
    enum class Fate {
        sent,       ///< accepted by the gateway; a receipt may follow
        delivered,  ///< known to have arrived
        later,      ///< the gateway is down, slow or full: try again
        dead        ///< it will never take this message
    } fate = Fate::sent;
    std::string error;  ///< a sentence, for later and dead
};

/// A way out: `sandbox`, `kannel`, `webhook`. One file each. send() may block up to its own deadline; it is called from
/// the dispatcher's thread alone, never while events are taken in.
class Channel {
public:
    virtual ~Channel() = default;
    [[nodiscard]] virtual Attempt send(const Outgoing& message) = 0;
};

}  // namespace roamguard::notifications
