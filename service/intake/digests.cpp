#include "service/intake/digests.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace roamguard::intake {

namespace {

/// SHA-256 with everything that costs time made once. One per thread.
class Hasher {
public:
    Hasher() : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
        if (!algorithm_ || !context_) throw std::runtime_error("OpenSSL offers no SHA-256");
    }

    Digest digest(std::string_view bytes) {
        std::array<unsigned char, 32> full{};
        if (EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) != 1 ||
            EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1 ||
            EVP_DigestFinal_ex(context_.get(), full.data(), nullptr) != 1)
            throw std::runtime_error("OpenSSL could not compute a SHA-256");
        Digest half{};
        std::copy_n(full.begin(), half.size(), half.begin());
        return half;
    }

private:
    struct Free {
        void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD, Free> algorithm_;
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

Digest sha256(std::string_view bytes) {
    thread_local Hasher hasher;
    return hasher.digest(bytes);
}

/// A text preceded by its length, so that neighbours cannot run together.
void append(std::string& out, std::string_view text) {
    for (int shift = 56; shift >= 0; shift -= 8)
        out += static_cast<char>(std::uint64_t{text.size()} >> shift & 0xFFu);
    out += text;
}

std::string time_text(const std::optional<AttributeTime>& time) {
    if (!time) return {};
    return std::to_string(time->written.at.ms) + " " + std::to_string(time->written.offset_minutes);
}

}  // namespace

Digest key_of(std::string_view source, std::string_view id) {
    std::string bytes;
    bytes.reserve(source.size() + id.size() + 8);
    append(bytes, source);
    bytes += id;
    return sha256(bytes);
}

Digest digest_of(std::string_view bytes) { return sha256(bytes); }

std::string hex(const Digest& digest) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : digest) {
        out += digits[byte >> 4];
        out += digits[byte & 0xF];
    }
    return out;
}

Digest content_of(const CloudEvent& event, std::string_view data_json) {
    std::string bytes;
    bytes.reserve(512 + data_json.size());
    append(bytes, event.source);
    append(bytes, event.id);
    append(bytes, event.type);
    append(bytes, time_text(event.time));
    append(bytes, event.content_type);
    for (const auto& [name, value] : event.others) {
        append(bytes, name);
        append(bytes, value);
    }
    append(bytes, data_json);
    return sha256(bytes);
}

}  // namespace roamguard::intake
