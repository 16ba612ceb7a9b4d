#include "service/engine/evidence.h"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

#include "data/digest.h"

namespace roamguard::engine {
namespace {

constexpr int tag_bytes = 16;

struct FreeCipher {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void check(int result, const char* doing) {
    if (result != 1) throw std::runtime_error(std::string("encryption failed: ") + doing);
}

void append_number(std::string& text, std::int64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
        text.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff));
}

/// Where the entry stands: what the hash and the cipher bind it to.
std::string position(storage::CustomerId customer, std::int64_t number, Instant at, std::string_view kind) {
    std::string text;
    append_number(text, customer);
    append_number(text, number);
    append_number(text, at.ms);
    text += kind;
    text.push_back('\0');
    return text;
}

std::array<unsigned char, 12> nonce_of(std::int64_t number) {
    std::array<unsigned char, 12> nonce{};
    for (int i = 0; i < 8; ++i)
        nonce[static_cast<std::size_t>(11 - i)] =
            static_cast<unsigned char>(static_cast<std::uint64_t>(number) >> (8 * i) & 0xff);
    return nonce;
}

const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

EVP_CIPHER_CTX* cipher() {
    thread_local Cipher context(EVP_CIPHER_CTX_new());
    if (!context) throw std::runtime_error("no cipher context");
    return context.get();
}

std::string encrypt(const std::string& key, std::int64_t number, const std::string& bound, std::string_view plain) {
    EVP_CIPHER_CTX* context = cipher();
    const auto nonce = nonce_of(number);
    std::string out(plain.size() + tag_bytes, '\0');
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    int size = 0;
    check(EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nullptr, raw(key), nonce.data()), "init");
    check(EVP_EncryptUpdate(context, nullptr, &size, raw(bound), static_cast<int>(bound.size())), "position");
    check(EVP_EncryptUpdate(context, to, &size, raw(plain), static_cast<int>(plain.size())), "text");
    check(EVP_EncryptFinal_ex(context, to + size, &size), "final");
    check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, tag_bytes, to + plain.size()), "tag");
    return out;
}

std::array<std::uint8_t, 32> link(const std::array<std::uint8_t, 32>& before, const std::string& bound,
                                  std::string_view body) {
    thread_local data::Sha256Stream stream;
    stream.feed({reinterpret_cast<const char*>(before.data()), before.size()});
    stream.feed(bound);
    stream.feed(body);
    return stream.finish();
}

}  // namespace

storage::EvidenceRow seal(protection::CustomerState& state, storage::CustomerId customer, const std::string& key,
                          std::int64_t row, Instant at, std::string_view kind, std::string_view json) {
    storage::EvidenceRow entry;
    entry.row = row;
    entry.customer = customer;
    entry.number = state.entries + 1;
    entry.previous = state.last_entry;
    entry.at = at;
    entry.kind = kind;
    const std::string bound = position(customer, entry.number, at, kind);
    if (key.size() == 32) entry.body = encrypt(key, entry.number, bound, json);
    entry.hash = link(state.head, bound, entry.body);
    state.entries = entry.number;
    state.last_entry = row;
    state.head = entry.hash;
    return entry;
}

std::optional<std::string> open(const storage::EvidenceRow& entry, const std::string& key) {
    if (key.size() != 32 || entry.body.size() < tag_bytes) return std::nullopt;
    EVP_CIPHER_CTX* context = cipher();
    const auto nonce = nonce_of(entry.number);
    const std::string bound = position(entry.customer, entry.number, entry.at, entry.kind);
    const std::size_t length = entry.body.size() - tag_bytes;
    std::string plain(length, '\0');
    std::string tag = entry.body.substr(length);
    int size = 0;
    check(EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nullptr, raw(key), nonce.data()), "init");
    check(EVP_DecryptUpdate(context, nullptr, &size, raw(bound), static_cast<int>(bound.size())), "position");
    check(EVP_DecryptUpdate(context, reinterpret_cast<unsigned char*>(plain.data()), &size, raw(entry.body),
                            static_cast<int>(length)),
          "text");
    check(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()), "tag");
    if (EVP_DecryptFinal_ex(context, reinterpret_cast<unsigned char*>(plain.data()) + size, &size) != 1)
        throw std::runtime_error("evidence entry " + std::to_string(entry.number) +
                                 " does not decrypt: it was altered");
    return plain;
}

std::optional<ChainFault> verify(const std::vector<storage::EvidenceRow>& entries,
                                 const protection::CustomerState& state, const std::string& key) {
    if (static_cast<std::int64_t>(entries.size()) != state.entries)
        return ChainFault{static_cast<std::int64_t>(entries.size()), "the chain has " + std::to_string(entries.size()) +
                                                                         " entries, the customer's head says " +
                                                                         std::to_string(state.entries)};
    std::array<std::uint8_t, 32> before{};
    std::int64_t number = 0;
    for (const storage::EvidenceRow& entry : entries) {
        if (entry.number != ++number) return ChainFault{number, "entry " + std::to_string(number) + " is missing"};
        if (link(before, position(entry.customer, entry.number, entry.at, entry.kind), entry.body) != entry.hash)
            return ChainFault{number, "entry " + std::to_string(number) +
                                          " does not match its hash: it or one before it was altered"};
        try {
            (void)open(entry, key);
        } catch (const std::runtime_error& error) {
            return ChainFault{number, error.what()};
        }
        before = entry.hash;
    }
    if (before != state.head) return ChainFault{number, "the last entry is not the customer's head"};
    return std::nullopt;
}

}  // namespace roamguard::engine
