#include "notifications/http_client.h"

#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <optional>
#include <thread>

namespace roamguard::notifications {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int connect_timeout_s = 2;
constexpr std::size_t max_idle_clients = 12;

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

/// A host, an IPv6 one in brackets, and after it nothing or a port that exists.
bool names_host_and_port(std::string_view authority) {
    const std::size_t end =
        !authority.empty() && authority.front() == '[' ? authority.find(']') + 1 : authority.find(':');
    const std::string_view host = authority.substr(0, end);
    if (host.empty()) return false;
    if (host.size() == authority.size()) return true;
    const std::string port{authority.substr(host.size() + 1)};
    if (authority[host.size()] != ':' || port.empty() || port.size() > 5) return false;
    if (port.find_first_not_of("0123456789") != std::string::npos) return false;
    const int number = std::stoi(port);
    return number > 0 && number < 65536;
}

std::string percent_decoded(const std::string& text) { return httplib::detail::decode_url(text, false); }

std::string size_text(std::size_t bytes) {
    constexpr std::size_t mebi = 1024 * 1024;
    return bytes % mebi == 0 ? std::to_string(bytes / mebi) + " MiB" : std::to_string(bytes) + " bytes";
}

Reply failed(std::string error) {
    Reply reply;
    reply.error = std::move(error);
    return reply;
}

}  // namespace

struct Client::Impl {
    Impl(std::string server_url, std::string api_key, const ClientOptions& wanted)
        : url{without_last_slash(std::move(server_url))}, key{std::move(api_key)}, options{wanted} {
        if (!names_a_server(url)) return;
        client = std::make_unique<httplib::Client>(url);
        client->set_connection_timeout(connect_timeout_s);
        client->set_read_timeout(options.timeout_s);
        client->set_write_timeout(options.timeout_s);
        client->set_keep_alive(true);
        client->set_tcp_nodelay(true);
        client->set_url_encode(false);  // paths come encoded; a second encoding would change them
        client->set_decompress(false);
        deadline = std::make_unique<Deadline>(*client);
    }

    Reply attempt(const httplib::Request& prototype, Clock::time_point until);

    const std::string url, key;
    const ClientOptions options;
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
    const Clock::time_point until = Clock::now() + std::chrono::seconds{impl_->options.timeout_s};
    Reply reply = impl_->attempt(request, until);
    if (reply.status == 0 && reply.error.rfind("the connection ended", 0) == 0 && may_be_stale && repeatable(method) &&
        impl_->options.stale == ClientOptions::Stale::repeated && Clock::now() < until)
        reply = impl_->attempt(request, until);
    return reply;
}

Reply Client::Impl::attempt(const httplib::Request& prototype, Clock::time_point until) {
    Reply reply;
    int head = 0;
    bool too_large = false;
    httplib::Request request = prototype;
    const auto take_head = [&](int status, const httplib::Headers& headers) {
        head = status;
        for (const auto& [name, value] : headers)
            reply.headers.emplace_back(lower(name), value);
    };
    request.response_handler = [&](const httplib::Response& response) {
        take_head(response.status, response.headers);
        return true;
    };
    request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
        const std::size_t room = options.max_answer_bytes - reply.body.size();
        too_large = size > room;
        reply.body.append(data, std::min(size, room));
        return !too_large;
    };
    deadline->begin(until);
    const httplib::Result result = client->send(request);
    deadline->end();
    answered_before = static_cast<bool>(result);
    if (!result && (head == 0 || options.answer == ClientOptions::Answer::whole)) {
        if (too_large) return failed("the answer of " + url + " is over " + size_text(options.max_answer_bytes));
        if (Clock::now() >= until)
            return failed(url + " did not answer within " + std::to_string(options.timeout_s) + " s");
        return failed(sentence(result.error()) + " (" + url + ")");
    }
    if (head == 0) take_head(result->status, result->headers);
    reply.status = head;
    return reply;
}

Client::Client(std::string url, std::string key, int timeout_s)
    : Client{std::move(url), std::move(key), [timeout_s] {
                 ClientOptions options;
                 options.timeout_s = timeout_s;
                 return options;
             }()} {}

Client::Client(std::string url, std::string key, const ClientOptions& options)
    : impl_{std::make_unique<Impl>(std::move(url), std::move(key), options)} {}

Client::~Client() = default;

Reply ClientPool::send(const std::string& server, const std::string& method, const std::string& path,
                       const std::string& body, const std::string& content_type,
                       const std::vector<std::pair<std::string, std::string>>& headers) {
    std::unique_ptr<Client> client = borrow(server);
    Reply reply = client->send(method, path, body, content_type, headers);
    std::unique_ptr<Client> dropped;  // destroyed without the mutex: closing may take a moment
    const std::lock_guard lock{mutex_};
    idle_.push_back({server, std::move(client)});
    if (idle_.size() > max_idle_clients) {
        dropped = std::move(idle_.front().client);
        idle_.erase(idle_.begin());
    }
    return reply;
}

std::unique_ptr<Client> ClientPool::borrow(const std::string& server) {
    {
        const std::lock_guard lock{mutex_};
        const auto found =
            std::find_if(idle_.rbegin(), idle_.rend(), [&](const Idle& idle) { return idle.server == server; });
        if (found != idle_.rend()) {
            std::unique_ptr<Client> client = std::move(found->client);
            idle_.erase(std::next(found).base());
            return client;
        }
    }
    return std::make_unique<Client>(server, std::string{}, options_);
}

std::optional<Target> parse_target(std::string_view url) {
    const std::size_t scheme = url.rfind("https://", 0) == 0 ? 8 : url.rfind("http://", 0) == 0 ? 7 : 0;
    if (scheme == 0 || !visible(url) || url.find('#') != std::string_view::npos) return std::nullopt;
    const std::size_t end = std::min(url.find_first_of("/?", scheme), url.size());
    std::string_view authority = url.substr(scheme, end - scheme);
    Target target;
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        const std::string_view who = authority.substr(0, at);
        const std::size_t colon = std::min(who.find(':'), who.size());
        const std::string user{who.substr(0, colon)}, password{who.substr(std::min(colon + 1, who.size()))};
        target.authorization =
            httplib::make_basic_authentication_header(percent_decoded(user), percent_decoded(password)).second;
        authority.remove_prefix(at + 1);
    }
    target.server = std::string{url.substr(0, scheme)}.append(authority);
    target.path = std::string{url.substr(end)};
    if (target.path.empty() || target.path.front() != '/') target.path.insert(0, "/");
    if (!names_a_server(target.server) || !names_host_and_port(authority)) return std::nullopt;
    return target;
}

std::string query_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80 && (std::isalnum(byte) != 0 || std::string_view{"-._~"}.find(c) != std::string_view::npos)) {
            encoded += c;
        } else {
            encoded += '%';
            encoded += digits[byte >> 4];
            encoded += digits[byte & 15];
        }
    }
    return encoded;
}

std::optional<tariffs::Span> retry_after(const Reply& reply, tariffs::Instant now) {
    const auto found = std::find_if(reply.headers.begin(), reply.headers.end(),
                                    [](const auto& header) { return header.first == "retry-after"; });
    if (found == reply.headers.end()) return std::nullopt;
    const std::string& text = found->second;
    if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos)
        return tariffs::seconds(text.size() > 9 ? 999'999'999 : std::stoll(text));
    for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
        std::tm fields{};
        const char* end = ::strptime(text.c_str(), form, &fields);
        if (end == nullptr || *end != '\0') continue;
        const tariffs::Instant at{static_cast<std::int64_t>(::timegm(&fields)) * 1000};
        return std::max(at - now, tariffs::Span{0});
    }
    return std::nullopt;
}

}  // namespace roamguard::notifications
