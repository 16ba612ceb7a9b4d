#include "service/http/keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

#include "data/base64.h"
#include "data/digest.h"
#include "service/http/problem.h"

namespace roamguard::http {
namespace {

std::string random_text(int bytes) {
    std::string random(static_cast<std::size_t>(bytes), '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), bytes) != 1)
        throw std::runtime_error("the system gives no random bytes");
    return data::to_base64_url(random);
}

/// What follows the scheme (given in lower case, with its space) in Authorization; empty when it is another one.
std::string credentials_of(const Request& request, std::string_view scheme) {
    const std::string header = request.header("authorization").value_or("");
    if (header.size() <= scheme.size()) return {};
    for (std::size_t i = 0; i < scheme.size(); ++i)
        if ((header[i] | 0x20) != (scheme[i] | 0x20)) return {};
    return header.substr(scheme.size());
}

/// Gateways send the key as the password of HTTP Basic, under any name.
std::string basic_password(const Request& request) {
    const auto decoded = data::from_base64(credentials_of(request, "basic "));
    const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
    return colon == std::string::npos ? std::string() : decoded->substr(colon + 1);
}

std::string secret_of(const Request& request, const Route& route) {
    const std::string bearer = credentials_of(request, "bearer ");
    return bearer.empty() && route.pattern.rfind("/v1/sms/", 0) == 0 ? basic_password(request) : bearer;
}

Response unauthenticated() {
    Response response = problem(401, "unauthenticated", "send an API key as Authorization: Bearer");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"roamguard\"");
    return response;
}

}  // namespace

const std::vector<std::string>& roles() {
    static const std::vector<std::string> all{"platform", "gateway", "care", "product", "approver", "admin"};
    return all;
}

NewKey make_key(const std::string& role, const std::string& name, tariffs::Instant now) {
    NewKey key;
    key.secret = "rg_" + random_text(32);
    key.row.id = "k-" + random_text(9);
    key.row.role = role;
    key.row.name = name.empty() ? key.row.id : name;
    const data::Sha256 hash = data::sha256(key.secret);
    key.row.hash.assign(reinterpret_cast<const char*>(hash.data()), hash.size());
    key.row.created = now;
    return key;
}

Keys::Keys(std::vector<storage::KeyRow> rows, Keyless keyless) : rows_(std::move(rows)), keyless_(keyless) {
    std::erase_if(rows_, [](const storage::KeyRow& row) { return row.revoked.has_value(); });
}

std::optional<Response> Keys::authorize(Request& request, const Route& route) const {
    if (rows_.empty() && keyless_ == Keyless::every_role) {
        request.role = "admin";
        request.role_name = "local";
        return std::nullopt;
    }
    if (route.roles.empty()) return std::nullopt;
    const std::string secret = secret_of(request, route);
    if (secret.empty()) return unauthenticated();
    const data::Sha256 hash = data::sha256(secret);
    const storage::KeyRow* found = nullptr;
    for (const storage::KeyRow& row : rows_)  // every key is compared, so that time tells nothing
        if (row.hash.size() == hash.size() && CRYPTO_memcmp(row.hash.data(), hash.data(), hash.size()) == 0)
            found = &row;
    if (!found) return unauthenticated();
    request.role = found->role;
    request.role_name = found->name;
    if (found->role == "admin" || std::find(route.roles.begin(), route.roles.end(), found->role) != route.roles.end())
        return std::nullopt;
    std::string allowed;
    for (const std::string& role : route.roles)
        allowed += (allowed.empty() ? "" : ", ") + role;
    return problem(403, "forbidden", "this needs a key of role " + allowed + "; yours is " + found->role);
}

}  // namespace roamguard::http
