#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace roamguard::data {

using Sha256 = std::array<std::uint8_t, 32>;

/// SHA-256 over what is fed to it. One per thread; finish() readies it for the next use.
class Sha256Stream {
public:
    Sha256Stream() : context_(EVP_MD_CTX_new()) { begin(); }
    void feed(std::string_view bytes) {
        if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1)
            throw std::runtime_error("SHA-256 failed");
    }
    Sha256 finish() {
        Sha256 result{};
        if (EVP_DigestFinal_ex(context_.get(), result.data(), nullptr) != 1) throw std::runtime_error("SHA-256 failed");
        begin();
        return result;
    }

private:
    void begin() {
        if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
            throw std::runtime_error("SHA-256 is not available");
    }
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

inline Sha256 sha256(std::string_view bytes) {
    thread_local Sha256Stream stream;
    stream.feed(bytes);
    return stream.finish();
}

/// Lower-case hexadecimal.
template <class Bytes>
std::string to_hex(const Bytes& bytes, std::size_t count) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(count * 2);
    for (std::size_t i = 0; i < count; ++i) {
        const auto byte = static_cast<std::uint8_t>(bytes[i]);
        text.push_back(digits[byte >> 4]);
        text.push_back(digits[byte & 15]);
    }
    return text;
}
template <class Bytes>
std::string to_hex(const Bytes& bytes) {
    return to_hex(bytes, bytes.size());
}

}  // namespace roamguard::data
