#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roamguard::http {

/// What came back, or why nothing did: `status` 0 and `error` a sentence.
struct Reply {
    int status = 0;
    std::string body;
    std::string error;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names lower-case
};

/// A blocking HTTP client with kept-alive connection for one server, for the command line tools and the drivers.
/// Connect 2 s, whole call `timeout_s`, answers over 64 MiB refused, no redirects. One per thread.
class Client {
public:
    /// `url` is `http://host:port` or `https://…`; `key` the API key, may be empty.
    Client(std::string url, std::string key, int timeout_s = 30);
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

}  // namespace roamguard::http
