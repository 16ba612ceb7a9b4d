#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tariffs/instant.h"

// Standard Webhooks: https://www.standardwebhooks.com, symmetric signatures (`v1`), HMAC-SHA256 over
// `id.timestamp.body`.
namespace roamguard::notifications {

/// A shared secret. There is on purpose no way to print it.
class WebhookSecret {
public:
    /// `whsec_` (optional) and base64 of at least one byte; nothing for text that is none.
    [[nodiscard]] static std::optional<WebhookSecret> parse(std::string_view text);
    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

/// One secret, or several separated by spaces while one replaces another; nothing when any of them is none.
[[nodiscard]] std::optional<std::vector<WebhookSecret>> parse_webhook_secrets(std::string_view text);

/// The value of `webhook-signature`: `v1,<base64>`.
[[nodiscard]] std::string sign_webhook(const WebhookSecret& secret, std::string_view id, std::int64_t timestamp_s,
                                       std::string_view body);

enum class Signature { good, missing, malformed, stale, wrong };
/// Checks the three headers against any of the secrets, in constant time; unknown versions in the list are skipped.
/// `stale`: the timestamp is over five minutes away from `now`, either way. Any thread.
[[nodiscard]] Signature verify_webhook(std::span<const WebhookSecret> secrets, std::string_view id,
                                       std::string_view timestamp, std::string_view signatures, std::string_view body,
                                       tariffs::Instant now);

}  // namespace roamguard::notifications
