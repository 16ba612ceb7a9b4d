#pragma once

#include <optional>
#include <string>
#include <vector>

#include "notifications/webhook_signature.h"
#include "service/http/server.h"
#include "tariffs/instant.h"

namespace roamguard::http {

/// Event senders that sign by Standard Webhooks instead of sending a key. A signature opens the routes events come in
/// by, and nothing else. A request replayed within the five minutes a signature is good for is a redelivery: its events
/// are duplicates. Immutable after construction.
class Senders {
public:
    /// Throws std::runtime_error naming the option when a secret is none.
    explicit Senders(const std::vector<std::string>& secrets);
    /// Whether this request's signature, and not a key, says who calls.
    [[nodiscard]] bool speaks_for(const Request& request, const Route& route) const;
    /// Sets role and role_name, or refuses with a plain 401 that tells a forger nothing.
    [[nodiscard]] std::optional<Response> authorize(Request& request, tariffs::Instant now) const;

private:
    std::vector<notifications::WebhookSecret> secrets_;
};

}  // namespace roamguard::http
