#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace roamguard::http::testing {

/// A client that sends exactly the bytes it is told to, which no HTTP library does.
class RawClient {
public:
    explicit RawClient(int port) : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            ::close(descriptor_);
            throw std::runtime_error{"cannot connect"};
        }
    }
    RawClient(RawClient&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
    RawClient& operator=(RawClient&&) = delete;
    ~RawClient() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void finish_sending() const { ::shutdown(descriptor_, SHUT_WR); }

    /// Everything until the server closes or `patience` passes without a byte.
    std::string read_all(std::chrono::milliseconds patience = std::chrono::seconds{10}) {
        std::string all;
        while (read_some(all, patience)) {
        }
        return all;
    }

    /// One answer with its body, by Content-Length; shorter when the server closed. `kept` holds what came after it.
    std::string read_answer(std::chrono::milliseconds patience = std::chrono::seconds{10}) {
        std::string bytes = std::exchange(kept_, {});
        std::size_t end = std::string::npos;
        while ((end = answer_length(bytes)) == std::string::npos) {
            if (!read_some(bytes, patience)) return bytes;
        }
        kept_ = bytes.substr(end);
        return bytes.substr(0, end);
    }

    /// True when the server closed: no byte comes, only the end.
    bool is_closed(std::chrono::milliseconds patience = std::chrono::seconds{10}) {
        std::string nothing;
        pollfd wait{descriptor_, POLLIN, 0};
        return ::poll(&wait, 1, static_cast<int>(patience.count())) == 1 && !read_some(nothing, patience);
    }

private:
    bool read_some(std::string& into, std::chrono::milliseconds patience) const {
        pollfd wait{descriptor_, POLLIN, 0};
        if (::poll(&wait, 1, static_cast<int>(patience.count())) != 1) return false;
        char buffer[16384];
        const ssize_t got = ::recv(descriptor_, buffer, sizeof buffer, 0);
        if (got <= 0) return false;
        into.append(buffer, static_cast<std::size_t>(got));
        return true;
    }

    static std::size_t answer_length(const std::string& bytes) {
        const std::size_t head = bytes.find("\r\n\r\n");
        if (head == std::string::npos) return head;
        const std::size_t field = bytes.find("Content-Length: ");
        const std::size_t body = field < head ? std::stoul(bytes.substr(field + 16)) : 0;
        return bytes.size() >= head + 4 + body ? head + 4 + body : std::string::npos;
    }

    int descriptor_;
    std::string kept_;
};

inline int status_of(const std::string& answer) { return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3)); }

inline std::string body_of(const std::string& answer) {
    const std::size_t end = answer.find("\r\n\r\n");
    return end == std::string::npos ? std::string{} : answer.substr(end + 4);
}

inline std::string ask(int port, std::string_view bytes) {
    RawClient client{port};
    client.send(bytes);
    return client.read_answer();
}

inline int answers_in(const std::string& bytes) {
    int count = 0;
    for (std::size_t at = bytes.find("HTTP/1.1 "); at != std::string::npos; at = bytes.find("HTTP/1.1 ", at + 1))
        ++count;
    return count;
}

}  // namespace roamguard::http::testing
