#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tariffs/instant.h"

namespace roamguard::notifications {

/// What came back, or why nothing did: `status` 0 and `error` a sentence.
struct Reply {
    int status = 0;
    std::string body;
    std::string error;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names lower-case
};

struct ClientOptions {
    int timeout_s = 30;  ///< of the whole call
    std::size_t max_answer_bytes = 64 * 1024 * 1024;
    /// An answer that is longer, or whose body breaks off, counts as none; or its head is what counts.
    enum class Answer { whole, head_counts } answer = Answer::whole;
    /// What becomes of a GET, PUT or DELETE on a kept-alive connection that ends without an answer: sent once more, or
    /// told, for where even a GET must not happen twice.
    enum class Stale { repeated, told } stale = Stale::repeated;
};

/// A blocking HTTP client with kept-alive connection for one server, for the command line tools and the drivers.
/// Connect 2 s, whole call `timeout_s`, answers over 64 MiB refused, no redirects. One per thread.
class Client {
public:
    /// `url` is `http://host:port` or `https://…`; `key` the API key, may be empty.
    Client(std::string url, std::string key, int timeout_s = 30);
    Client(std::string url, std::string key, const ClientOptions& options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    [[nodiscard]] Reply send(const std::string& method, const std::string& path, const std::string& body = {},
                             const std::string& content_type = {},
                             const std::vector<std::pair<std::string, std::string>>& headers = {});

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Clients for calls that several threads make at once, to one server or many. Connections are kept alive, the longest
/// unused dropped beyond a dozen. Internally synchronised.
class ClientPool {
public:
    explicit ClientPool(const ClientOptions& options) : options_{options} {}
    /// As Client::send(), to `server` (`http://host:port`).
    [[nodiscard]] Reply send(const std::string& server, const std::string& method, const std::string& path,
                             const std::string& body = {}, const std::string& content_type = {},
                             const std::vector<std::pair<std::string, std::string>>& headers = {});

private:
    struct Idle {
        std::string server;
        std::unique_ptr<Client> client;
    };
    std::unique_ptr<Client> borrow(const std::string& server);

    const ClientOptions options_;
    std::mutex mutex_;
    std::vector<Idle> idle_;  ///< the longest unused first
};

/// A URL in the parts that a call needs.
struct Target {
    std::string server;         ///< `http://host:port`
    std::string path;           ///< with the query, encoded, at least `/`
    std::string authorization;  ///< of a `user:password@`, as the header's value; empty without one
};
/// Nothing for what is no http:// or https:// URL, or has a fragment.
[[nodiscard]] std::optional<Target> parse_target(std::string_view url);

/// Percent-encoded for a value in a query: only letters, digits and `-._~` stay.
[[nodiscard]] std::string query_encoded(std::string_view text);

/// `Retry-After` of an answer, in seconds or as a date in any of HTTP's three forms; nothing where there is none.
[[nodiscard]] std::optional<tariffs::Span> retry_after(const Reply& reply, tariffs::Instant now);

}  // namespace roamguard::notifications
