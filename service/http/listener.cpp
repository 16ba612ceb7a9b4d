#include "service/http/listener.h"

#include <fcntl.h>
#include <httplib.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace roamguard::http {
namespace {

constexpr int backlog = 1024;
constexpr auto retry_after = std::chrono::milliseconds{200};

/// Runs each task where it is queued: handing a connection over takes microseconds, so the accepting thread does it.
class AtOnce : public httplib::TaskQueue {
public:
    void enqueue(std::function<void()> task) override { task(); }
    void shutdown() override {}
};

/// Two programs sharing a port by SO_REUSEPORT, the library's default, would each get half of the requests.
void set_options(int descriptor) {
    const int on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

}  // namespace

/// The library binds and accepts; a connection's bytes never reach its reader, which has no bounds on lines, headers
/// or decompressed bodies. Its virtual seam for "serve this socket" hands the socket to us instead.
class Listener::Acceptor : public httplib::Server {
public:
    explicit Acceptor(const Accepted& accepted) : accepted_{accepted} {
        new_task_queue = [] { return new AtOnce; };  // the library owns and deletes it
        set_tcp_nodelay(true);
        set_socket_options([this](int descriptor) {
            descriptor_ = descriptor;
            set_options(descriptor);
        });
    }
    ~Acceptor() override {
        if (!listened_ && svr_sock_ != INVALID_SOCKET) ::close(svr_sock_);  // the library forgets it
        if (door_ >= 0) ::close(door_);
    }
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    /// The bound port, or -1.
    int bind(const std::string& host, int port) {
        const int bound = port == 0 ? bind_to_any_port(host) : (bind_to_port(host, port) ? port : -1);
        if (bound <= 0) return -1;
        // The library listens with a backlog of 5, in which bursts of new connections wait seconds for SYN retries.
        ::listen(descriptor_, backlog);
        door_ = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
        return bound;
    }

    void accept_until_closed() {
        listened_ = true;
        listen_after_bind();
    }

    /// Ends accept_until_closed() whether it runs, is about to run or has ended: the library's stop() does nothing in
    /// the moments before it runs, and its descriptor may be someone else's once it ended. Hence the duplicate.
    void close_door() const { ::shutdown(door_, SHUT_RDWR); }

private:
    bool process_and_close_socket(socket_t descriptor) override {
        accepted_(descriptor);
        return true;
    }

    const Accepted& accepted_;
    int descriptor_ = -1;
    int door_ = -1;
    bool listened_ = false;
};

Listener::Listener(std::string host, int port, Accepted accepted, Trouble trouble)
    : host_{std::move(host)}, port_{port}, accepted_{std::move(accepted)}, trouble_{std::move(trouble)} {
    acceptor_ = bound();
}

Listener::~Listener() { stop(); }

void Listener::start() {
    thread_ = std::thread{[this] { loop(); }};
    ::pthread_setname_np(thread_.native_handle(), "http-listener");
}

void Listener::stop() {
    {
        const std::lock_guard lock{mutex_};
        if (acceptor_) acceptor_->close_door();
        stopping_ = true;
    }
    if (thread_.joinable()) thread_.join();
    acceptor_.reset();
}

/// The library gives up its socket at any accept error but EMFILE, EINTR and EAGAIN; a passing lack of buffers must
/// not leave the process alive and deaf.
void Listener::loop() {
    while (acceptor_) {
        acceptor_->accept_until_closed();
        {
            const std::lock_guard lock{mutex_};
            if (stopping_) return;
            acceptor_.reset();
        }
        trouble_("accepting connections on " + host_ + ':' + std::to_string(port_) + " ended; listening again");
        while (!listen_again())
            std::this_thread::sleep_for(retry_after);
    }
}

/// True when done: listening, or told to stop (then without an acceptor).
bool Listener::listen_again() {
    const std::lock_guard lock{mutex_};
    if (stopping_) return true;
    try {
        acceptor_ = bound();
        return true;
    } catch (const std::runtime_error& error) {
        trouble_(error.what());
        return false;
    }
}

std::unique_ptr<Listener::Acceptor> Listener::bound() {
    auto acceptor = std::make_unique<Acceptor>(accepted_);
    errno = 0;
    const int bound_port = acceptor->bind(host_, port_);
    if (bound_port < 0) {
        const std::string reason = errno == 0 ? "no such address" : std::generic_category().message(errno);
        throw std::runtime_error{"cannot listen on " + host_ + ':' + std::to_string(port_) + ": " + reason};
    }
    port_ = bound_port;
    return acceptor;
}

}  // namespace roamguard::http
