#include "notifications/webhook_signature.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <charconv>
#include <initializer_list>
#include <memory>
#include <stdexcept>

#include "data/base64.h"

namespace roamguard::notifications {
namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::string_view version = "v1,";
constexpr std::int64_t tolerance_ms = 5 * 60 * 1000;

/// HMAC-SHA256 over the parts as if they were one.
std::string hmac(const std::string& key, std::initializer_list<std::string_view> parts) {
    static EVP_MAC* const algorithm = ::EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    const std::unique_ptr<EVP_MAC_CTX, decltype(&::EVP_MAC_CTX_free)> context{::EVP_MAC_CTX_new(algorithm),
                                                                              &::EVP_MAC_CTX_free};
    std::array<char, 7> digest{"SHA256"};
    const std::array<OSSL_PARAM, 2> parameters{
        ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0), ::OSSL_PARAM_construct_end()};
    bool good = context && ::EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(key.data()), key.size(),
                                          parameters.data()) == 1;
    for (const std::string_view part : parts)
        good = good &&
               ::EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(part.data()), part.size()) == 1;
    std::string code(32, '\0');
    std::size_t length = 0;
    good = good &&
           ::EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(code.data()), &length, code.size()) == 1;
    if (!good || length != code.size()) throw std::runtime_error("OpenSSL makes no HMAC");
    return code;
}

/// The timestamp as it stands in the header, since that is what was signed.
std::string signature_of(const WebhookSecret& secret, std::string_view id, std::string_view timestamp,
                         std::string_view body) {
    return std::string{version} + data::to_base64(hmac(secret.bytes(), {id, ".", timestamp, ".", body}));
}

std::optional<std::int64_t> seconds_of(std::string_view text) {
    std::int64_t number = 0;
    if (text.empty() || text.size() > 12 || text.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// The words of a list separated by spaces.
std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end != 0) words.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string sign_webhook(const WebhookSecret& secret, std::string_view id, std::int64_t timestamp_s,
                         std::string_view body) {
    return signature_of(secret, id, std::to_string(timestamp_s), body);
}

Signature verify_webhook(std::span<const WebhookSecret> secrets, std::string_view id, std::string_view timestamp,
                         std::string_view signatures, std::string_view body, tariffs::Instant now) {
    if (id.empty() || timestamp.empty() || signatures.empty()) return Signature::missing;
    const std::optional<std::int64_t> at = seconds_of(timestamp);
    if (!at) return Signature::malformed;
    const std::vector<std::string_view> listed = words_of(signatures);
    if (listed.empty()) return Signature::malformed;
    for (const std::string_view one : listed)
        if (one.find(',') == std::string_view::npos) return Signature::malformed;
    const std::int64_t age_ms = now.ms - *at * 1000;
    if (age_ms > tolerance_ms || age_ms < -tolerance_ms) return Signature::stale;
    bool good = false;
    for (const WebhookSecret& secret : secrets) {
        const std::string expected = signature_of(secret, id, timestamp, body);
        for (const std::string_view one : listed)
            good = same(one, expected) || good;
    }
    return good ? Signature::good : Signature::wrong;
}

std::optional<WebhookSecret> WebhookSecret::parse(std::string_view text) {
    if (text.substr(0, prefix.size()) == prefix) text.remove_prefix(prefix.size());
    if (text.empty() || text.size() > 4096) return std::nullopt;
    std::optional<std::string> bytes = data::from_base64(text);
    if (!bytes) return std::nullopt;
    WebhookSecret secret;
    secret.bytes_ = std::move(*bytes);
    return secret;
}

std::optional<std::vector<WebhookSecret>> parse_webhook_secrets(std::string_view text) {
    std::vector<WebhookSecret> secrets;
    for (const std::string_view word : words_of(text)) {
        std::optional<WebhookSecret> secret = WebhookSecret::parse(word);
        if (!secret) return std::nullopt;
        secrets.push_back(std::move(*secret));
    }
    if (secrets.empty()) return std::nullopt;
    return secrets;
}

}  // namespace roamguard::notifications
