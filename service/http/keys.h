#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "service/http/server.h"
#include "service/storage/store.h"

namespace roamguard::http {

/// The roles of contract section 9.
[[nodiscard]] const std::vector<std::string>& roles();

/// A new key: `rg_` and 43 characters of base64url over 32 random bytes, shown once; the store keeps its SHA-256.
struct NewKey {
    std::string secret;
    storage::KeyRow row;
};
[[nodiscard]] NewKey make_key(const std::string& role, const std::string& name, tariffs::Instant now);

/// Says who calls by `Authorization: Bearer` (or, on /v1/sms/*, the Basic password). Without any key in the store the
/// caller has every role: the server then listens on loopback only. Any thread.
class Keys {
public:
    /// What a store without keys means: every role to everybody (who can only be on loopback), or nobody any more.
    enum class Keyless { every_role, no_role };
    explicit Keys(std::vector<storage::KeyRow> rows, Keyless keyless = Keyless::every_role);
    /// Everybody has every role.
    [[nodiscard]] bool open() const { return rows_.empty() && keyless_ == Keyless::every_role; }
    /// Sets role and role_name, or refuses: 401 with WWW-Authenticate, 403 naming the roles the route asks for.
    [[nodiscard]] std::optional<Response> authorize(Request& request, const Route& route) const;

private:
    std::vector<storage::KeyRow> rows_;  ///< not revoked
    Keyless keyless_;
};

}  // namespace roamguard::http
