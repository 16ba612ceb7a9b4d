#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace roamguard::http {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;

/// The server's certificate, and whose client certificates it asks for. TLS 1.2 and later.
/// Internally synchronised.
class Tls {
public:
    /// PEM paths; `client_ca` may be empty, else a client must show a certificate it signed.
    /// Throws std::runtime_error with a sentence naming the file that cannot be used.
    Tls(std::string certificate, std::string private_key, std::string client_ca);
    /// Reads the files again: later connections use them. Throws as the constructor does and then changes nothing.
    void reload();
    /// A new server-side session, for Wire to own.
    [[nodiscard]] ssl_st* session() const;

private:
    using Context = std::shared_ptr<ssl_ctx_st>;
    [[nodiscard]] Context load() const;

    std::string certificate_, private_key_, client_ca_;
    mutable std::mutex mutex_;
    Context context_;
};

/// One accepted connection's bytes, plain or TLS. Never waits but in send_all(). One thread at a time.
class Wire {
public:
    /// Owns the descriptor from here on. `tls` may be null.
    Wire(int descriptor, const Tls* tls);
    ~Wire();
    Wire(const Wire&) = delete;
    Wire& operator=(const Wire&) = delete;

    enum class Received { bytes, nothing_yet, closed };
    /// Appends what has arrived, at most `at_most` bytes, to `into`.
    [[nodiscard]] Received receive(std::string& into, std::size_t at_most);
    /// Sends everything, waiting until `deadline`. False: the other side is gone or too slow.
    [[nodiscard]] bool send_all(std::string_view bytes, SteadyTime deadline);
    /// Sends what fits at once; for last words where nobody may wait.
    void send_now(std::string_view bytes);
    /// No more from us (FIN, close_notify); what the other side still sends can be received.
    void finish_sending();
    /// Whether bytes are waiting in the kernel, without taking them.
    [[nodiscard]] bool has_bytes() const;
    /// Waits for bytes, at most `patience`. True also when the other side closed.
    [[nodiscard]] bool wait_readable(std::chrono::milliseconds patience) const;

    [[nodiscard]] int descriptor() const { return descriptor_; }
    /// What epoll should wait for after `nothing_yet`: a TLS handshake sometimes has to write first.
    [[nodiscard]] bool wants_to_write() const { return wants_to_write_; }
    [[nodiscard]] const std::string& remote_address() const { return remote_address_; }

private:
    [[nodiscard]] long try_send(std::string_view bytes);  ///< bytes sent, 0: would block, -1: gone

    int descriptor_;
    ssl_st* session_ = nullptr;
    bool wants_to_write_ = false;
    std::string remote_address_;
};

}  // namespace roamguard::http
