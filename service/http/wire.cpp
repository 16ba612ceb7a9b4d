#include "service/http/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace roamguard::http {
namespace {

std::string address_text(int descriptor) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
    if (address.ss_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(&address);
        ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size());
    } else if (address.ss_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&address);
        ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size());
    }
    std::string out{text.data()};
    return out.rfind("::ffff:", 0) == 0 && out.find('.') != std::string::npos ? out.substr(7) : out;
}

[[noreturn]] void refuse_file(const std::string& what, const std::string& path) {
    std::array<char, 256> reason{};
    ::ERR_error_string_n(::ERR_get_error(), reason.data(), reason.size());
    throw std::runtime_error{"cannot use the " + what + " '" + path + "': " + reason.data()};
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

Tls::Tls(std::string certificate, std::string private_key, std::string client_ca)
    : certificate_{std::move(certificate)},
      private_key_{std::move(private_key)},
      client_ca_{std::move(client_ca)},
      context_{load()} {}

void Tls::reload() {
    Context fresh = load();
    const std::lock_guard lock{mutex_};
    context_ = std::move(fresh);
}

ssl_st* Tls::session() const {
    const std::lock_guard lock{mutex_};
    return ::SSL_new(context_.get());
}

Tls::Context Tls::load() const {
    ::ERR_clear_error();
    Context context{::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free};
    if (!context) throw std::runtime_error{"cannot set up TLS"};
    ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    ::SSL_CTX_set_mode(context.get(),
                       SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (::SSL_CTX_use_certificate_chain_file(context.get(), certificate_.c_str()) != 1)
        refuse_file("certificate", certificate_);
    if (::SSL_CTX_use_PrivateKey_file(context.get(), private_key_.c_str(), SSL_FILETYPE_PEM) != 1 ||
        ::SSL_CTX_check_private_key(context.get()) != 1)
        refuse_file("private key", private_key_);
    if (client_ca_.empty()) return context;
    if (::SSL_CTX_load_verify_locations(context.get(), client_ca_.c_str(), nullptr) != 1)
        refuse_file("client certificate authority", client_ca_);
    ::SSL_CTX_set_client_CA_list(context.get(), ::SSL_load_client_CA_file(client_ca_.c_str()));
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Resumed sessions of clients with certificates need a context; without one OpenSSL refuses them.
    ::SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>("roamguard"), 9);
    return context;
}

Wire::Wire(int descriptor, const Tls* tls) : descriptor_{descriptor}, remote_address_{address_text(descriptor)} {
    // The library that accepts sets neither of the first two.
    ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
    ::fcntl(descriptor_, F_SETFL, ::fcntl(descriptor_, F_GETFL) | O_NONBLOCK);
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (tls == nullptr) return;
    session_ = tls->session();
    if (session_ == nullptr || ::SSL_set_fd(session_, descriptor_) != 1) {
        ::SSL_free(session_);
        ::close(descriptor_);
        throw std::runtime_error{"cannot set up a TLS session"};
    }
    ::SSL_set_accept_state(session_);
}

Wire::~Wire() {
    ::SSL_free(session_);
    ::close(descriptor_);
}

Wire::Received Wire::receive(std::string& into, std::size_t at_most) {
    thread_local std::array<char, 64 * 1024> buffer;
    const std::size_t size = std::min(at_most, buffer.size());
    wants_to_write_ = false;
    if (session_ == nullptr) {
        const ssize_t got = ::recv(descriptor_, buffer.data(), size, 0);
        if (got < 0) return would_block() ? Received::nothing_yet : Received::closed;
        if (got == 0) return Received::closed;
        into.append(buffer.data(), static_cast<std::size_t>(got));
        return Received::bytes;
    }
    ::ERR_clear_error();
    const int got = ::SSL_read(session_, buffer.data(), static_cast<int>(size));
    if (got > 0) {
        into.append(buffer.data(), static_cast<std::size_t>(got));
        return Received::bytes;
    }
    const int error = ::SSL_get_error(session_, got);
    wants_to_write_ = error == SSL_ERROR_WANT_WRITE;
    return wants_to_write_ || error == SSL_ERROR_WANT_READ ? Received::nothing_yet : Received::closed;
}

bool Wire::send_all(std::string_view bytes, SteadyTime deadline) {
    while (!bytes.empty()) {
        const long sent = try_send(bytes);
        if (sent < 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        if (sent > 0) continue;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now()).count();
        if (left <= 0) return false;
        pollfd wait{descriptor_, POLLOUT, 0};
        if (::poll(&wait, 1, static_cast<int>(left)) < 0 && errno != EINTR) return false;
    }
    return true;
}

void Wire::send_now(std::string_view bytes) { (void)try_send(bytes); }

void Wire::finish_sending() {
    if (session_ != nullptr && ::SSL_is_init_finished(session_) == 1) {
        ::ERR_clear_error();
        (void)::SSL_shutdown(session_);
    }
    ::shutdown(descriptor_, SHUT_WR);
}

bool Wire::has_bytes() const {
    char byte = 0;
    return ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool Wire::wait_readable(std::chrono::milliseconds patience) const {
    pollfd wait{descriptor_, POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(patience.count())) > 0;
}

long Wire::try_send(std::string_view bytes) {
    if (session_ == nullptr) {
        const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) return would_block() ? 0 : -1;
        return sent;
    }
    // Before the handshake is done there is nobody to tell.
    if (::SSL_is_init_finished(session_) != 1) return -1;
    ::ERR_clear_error();
    const int sent =
        ::SSL_write(session_, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)));
    if (sent > 0) return sent;
    const int error = ::SSL_get_error(session_, sent);
    return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? 0 : -1;
}

}  // namespace roamguard::http
