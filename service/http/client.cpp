#include "service/http/client.h"

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace roamguard::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int connect_timeout_s = 2;
constexpr std::size_t max_answer_bytes = 64 * 1024 * 1024;

/// The library's timeouts count one receive each, so a server that sends a byte now and then is never too late.
/// This cuts the call when its whole time is over. Internally synchronised.
class Deadline {
public:
    explicit Deadline(httplib::Client& client) : client_{client}, thread_{[this] { loop(); }} {}
    ~Deadline() {
        {
            const std::lock_guard lock{mutex_};
            finished_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    void begin(Clock::time_point until) {
        const std::lock_guard lock{mutex_};
        until_ = until;
        changed_.notify_one();
    }
    void end() {
        const std::lock_guard lock{mutex_};
        until_.reset();
    }

private:
    void loop() {
        std::unique_lock lock{mutex_};
        while (!finished_) {
            if (!until_) {
                changed_.wait(lock);
            } else if (Clock::now() >= *until_) {
                client_.stop();  // of a call under way it only shuts the socket down, which any thread may
                until_ = Clock::now() + std::chrono::milliseconds{50};
            } else {
                changed_.wait_until(lock, *until_);
            }
        }
    }

    httplib::Client& client_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Clock::time_point> until_;
    bool finished_ = false;
    std::thread thread_;  // last: it uses all of the above
};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return text;
}

bool visible(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool one_line(std::string_view text) {
    return text.find_first_of(std::string_view{"\r\n\0", 3}) == std::string_view::npos;
}

/// A second try can do no harm: the same call twice leaves what one call leaves.
bool repeatable(const std::string& method) {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

std::string sentence(httplib::Error error) {
    switch (error) {
        case httplib::Error::Connection:
        case httplib::Error::ConnectionTimeout:
            return "no connection";
        case httplib::Error::Read:
            return "the connection ended before the answer";
        case httplib::Error::Write:
            return "the connection ended while sending";
        case httplib::Error::SSLConnection:
        case httplib::Error::SSLLoadingCerts:
        case httplib::Error::SSLServerVerification:
            return "TLS failed: " + httplib::to_string(error);
        default:
            return httplib::to_string(error);
    }
}

std::string without_last_slash(std::string url) {
    if (!url.empty() && url.back() == '/') url.pop_back();
    return url;
}

/// Scheme, host and perhaps port: a path would be lost silently.
bool names_a_server(std::string_view url) {
    const std::size_t scheme = url.rfind("https://", 0) == 0 ? 8 : url.rfind("http://", 0) == 0 ? 7 : 0;
    const std::string_view rest = url.substr(scheme);
    return scheme != 0 && visible(rest) && rest.find_first_of("/?#@") == std::string_view::npos;
}

Reply failed(std::string error) {
    Reply reply;
    reply.error = std::move(error);
    return reply;
}

}  // namespace

struct Client::Impl {
    Impl(std::string server_url, std::string api_key, int timeout)
        : url{without_last_slash(std::move(server_url))}, key{std::move(api_key)}, timeout_s{timeout} {
        if (!names_a_server(url)) return;
        client = std::make_unique<httplib::Client>(url);
        client->set_connection_timeout(connect_timeout_s);
        client->set_read_timeout(timeout_s);
        client->set_write_timeout(timeout_s);
        client->set_keep_alive(true);
        client->set_tcp_nodelay(true);
        client->set_url_encode(false);  // paths come encoded; a second encoding would change them
        client->set_decompress(false);
        deadline = std::make_unique<Deadline>(*client);
    }

    Reply attempt(const httplib::Request& prototype, Clock::time_point until);

    const std::string url, key;
    const int timeout_s;
    std::unique_ptr<httplib::Client> client;  ///< none when the URL is not one
    std::unique_ptr<Deadline> deadline;
    bool answered_before = false;  ///< the next call may meet a kept-alive connection that went stale
};

Reply Client::send(const std::string& method, const std::string& path, const std::string& body,
                   const std::string& content_type, const std::vector<std::pair<std::string, std::string>>& headers) {
    if (!impl_->client || !impl_->client->is_valid())
        return failed("'" + impl_->url + "' is no http:// or https:// URL of a server");
    if (!visible(method) || !visible(path) || path.front() != '/' || !one_line(content_type) || !one_line(impl_->key))
        return failed("the request has characters that HTTP forbids");
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.set_header("Accept-Encoding", "identity");
    if (!impl_->key.empty()) request.set_header("Authorization", "Bearer " + impl_->key);
    if (!content_type.empty()) request.set_header("Content-Type", content_type);
    for (const auto& [name, value] : headers) {
        if (!visible(name) || name.find(':') != std::string::npos || !one_line(value))
            return failed("the header '" + name + "' has characters that HTTP forbids");
        request.headers.emplace(name, value);
    }
    const bool may_be_stale = impl_->answered_before;
    const Clock::time_point until = Clock::now() + std::chrono::seconds{impl_->timeout_s};
    Reply reply = impl_->attempt(request, until);
    if (reply.status == 0 && reply.error.rfind("the connection ended", 0) == 0 && may_be_stale && repeatable(method) &&
        Clock::now() < until)
        reply = impl_->attempt(request, until);
    return reply;
}

Reply Client::Impl::attempt(const httplib::Request& prototype, Clock::time_point until) {
    Reply reply;
    bool too_large = false;
    httplib::Request request = prototype;
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
        too_large = reply.body.size() + size > max_answer_bytes;
        if (!too_large) reply.body.append(data, size);
        return !too_large;
    };
    deadline->begin(until);
    const httplib::Result result = client->send(request);
    deadline->end();
    answered_before = static_cast<bool>(result);
    if (too_large) return failed("the answer of " + url + " is over 64 MiB");
    if (!result && Clock::now() >= until)
        return failed(url + " did not answer within " + std::to_string(timeout_s) + " s");
    if (!result) return failed(sentence(result.error()) + " (" + url + ")");
    reply.status = result->status;
    for (const auto& [name, value] : result->headers)
        reply.headers.emplace_back(lower(name), value);
    return reply;
}

Client::Client(std::string url, std::string key, int timeout_s)
    : impl_{std::make_unique<Impl>(std::move(url), std::move(key), timeout_s)} {}

Client::~Client() = default;

}  // namespace roamguard::http
