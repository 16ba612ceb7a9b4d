#include "notifications/http_client.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/notifications/loopback.h"

namespace roamguard::http {
namespace {

using notifications::Client;
using notifications::Reply;
using notifications::say;
using notifications::Scripted;
using notifications::swallow;

using namespace std::chrono_literals;

Route route(std::string method, std::string pattern, std::function<Response(const Request&)> handle) {
    Route made;
    made.method = std::move(method);
    made.pattern = std::move(pattern);
    made.handle = std::move(handle);
    return made;
}

std::vector<Route> mirrors() {
    const auto mirror = [](const Request& request) {
        Response response;
        response.body = request.method + '|' + request.path + '|' + request.parameter("q").value_or("") + '|' +
                        request.header("authorization").value_or("") + '|' +
                        request.header("content-type").value_or("") + '|' + request.body;
        response.headers.emplace_back("X-Mixed-Case", "yes");
        return response;
    };
    std::vector<Route> routes;
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
        routes.push_back(route(method, "/{a}/{b}", mirror));
    return routes;
}

ServerOptions on_free_port() {
    ServerOptions options;
    options.port = 0;
    return options;
}

std::string url_of(int port, const std::string& scheme = "http") {
    return scheme + "://127.0.0.1:" + std::to_string(port);
}

/// Answers a first request, then ends the connection at the second, as a server does that stops in between.
void answer_once(int connection, int) {
    swallow(connection);
    say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    swallow(connection);
}

/// A self-signed certificate for 127.0.0.1 in a folder of its own.
class Certificate {
public:
    explicit Certificate(const std::string& name)
        : folder_{std::filesystem::temp_directory_path() / ("roamguard-tls-" + name + std::to_string(::getpid()))} {
        std::filesystem::create_directories(folder_);
        write();
    }
    ~Certificate() { std::filesystem::remove_all(folder_); }
    Certificate(const Certificate&) = delete;
    Certificate& operator=(const Certificate&) = delete;

    [[nodiscard]] std::string certificate() const { return folder_ / "certificate.pem"; }
    [[nodiscard]] std::string key() const { return folder_ / "key.pem"; }
    /// A new key and certificate in the same files.
    void write() const {
        EVP_PKEY* pair = ::EVP_EC_gen("P-256");
        X509* made = ::X509_new();
        ::X509_set_version(made, 2);
        ::ASN1_INTEGER_set(::X509_get_serialNumber(made), 1);
        ::X509_gmtime_adj(::X509_getm_notBefore(made), -60);
        ::X509_gmtime_adj(::X509_getm_notAfter(made), 3600);
        ::X509_set_pubkey(made, pair);
        X509_NAME* name = ::X509_get_subject_name(made);
        ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"), -1,
                                     -1, 0);
        ::X509_set_issuer_name(made, name);
        X509_EXTENSION* host = ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
        ::X509_add_ext(made, host, -1);
        ::X509_EXTENSION_free(host);
        ::X509_sign(made, pair, ::EVP_sha256());
        FILE* file = std::fopen(certificate().c_str(), "w");
        ::PEM_write_X509(file, made);
        std::fclose(file);
        file = std::fopen(key().c_str(), "w");
        ::PEM_write_PrivateKey(file, pair, nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(file);
        ::X509_free(made);
        ::EVP_PKEY_free(pair);
    }

private:
    std::filesystem::path folder_;
};

}  // namespace

TEST_CASE("the client sends method, encoded path, key, type and body, and gives back status, body and headers") {
    Server server{on_free_port(), mirrors(), {}};
    server.start();
    Client client{url_of(server.port()) + '/', "key-1"};
    for (int i = 0; i < 3; ++i) {
        const Reply reply = client.send("POST", "/v1/%2B447700900123?q=a%20b+c", "{}", "application/json");
        CHECK(reply.error.empty());
        CHECK(reply.status == 200);
        CHECK(reply.body == "POST|/v1/+447700900123|a b c|Bearer key-1|application/json|{}");
        CHECK(std::count(reply.headers.begin(), reply.headers.end(),
                         std::pair<std::string, std::string>{"x-mixed-case", "yes"}) == 1);
    }
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
        CHECK(client.send(method, "/a/b").body == std::string{method} + "|/a/b||Bearer key-1||");
    CHECK(client.send("GET", "/nothing").status == 404);
}

TEST_CASE("the client refuses to send what could become two requests") {
    Client client{"http://127.0.0.1:1", ""};
    CHECK(client.send("GET", "/a b").error == "the request has characters that HTTP forbids");
    CHECK(client.send("GET", "a").error == "the request has characters that HTTP forbids");
    CHECK(client.send("GET", "/a", "", "", {{"X", "1\r\nY: 2"}}).error ==
          "the header 'X' has characters that HTTP forbids");
    CHECK(Client{"127.0.0.1:8080", ""}.send("GET", "/").error ==
          "'127.0.0.1:8080' is no http:// or https:// URL of a server");
    CHECK(Client{"http://127.0.0.1:8080/base", ""}.send("GET", "/").status == 0);
}

TEST_CASE("without a server the client says so") {
    const Reply reply = Client{"http://127.0.0.1:1", ""}.send("GET", "/");
    CHECK(reply.status == 0);
    CHECK(reply.error == "no connection (http://127.0.0.1:1)");
}

TEST_CASE("a call ends in time although the server sends a byte now and then") {
    Scripted dripping{[](int connection, int) {
        say(connection, "HTTP/1.1 200 OK\r\nX: ");
        while (::send(connection, "y", 1, MSG_NOSIGNAL) > 0)
            std::this_thread::sleep_for(100ms);
    }};
    const auto start = std::chrono::steady_clock::now();
    const Reply reply = Client{dripping.url(), "", 1}.send("GET", "/");
    CHECK(std::chrono::steady_clock::now() - start < 2s);
    CHECK(reply.error == dripping.url() + " did not answer within 1 s");
}

TEST_CASE("an answer over 64 MiB is refused") {
    Scripted endless{[](int connection, int) {
        say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n");
        const std::string chunk(1 << 20, 'x');
        while (::send(connection, chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) {
        }
    }};
    CHECK(Client{endless.url(), ""}.send("GET", "/").error == "the answer of " + endless.url() + " is over 64 MiB");
}

TEST_CASE("redirects are given back, not followed") {
    Scripted redirecting{[](int connection, int) {
        swallow(connection);
        say(connection, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    }};
    CHECK(Client{redirecting.url(), "key"}.send("GET", "/").status == 302);
}

TEST_CASE("a kept-alive connection that ended meanwhile is replaced for GET and never for POST") {
    {
        Scripted stopping{answer_once};
        Client client{stopping.url(), ""};
        CHECK(client.send("GET", "/").body == "ok");
        CHECK(client.send("GET", "/").body == "ok");
        CHECK(stopping.accepted() == 2);
    }
    Scripted stopping{answer_once};
    Client client{stopping.url(), ""};
    CHECK(client.send("POST", "/").body == "ok");
    const Reply reply = client.send("POST", "/");
    CHECK(reply.status == 0);
    CHECK(reply.error == "the connection ended before the answer (" + stopping.url() + ")");
    CHECK(stopping.accepted() == 1);
}

TEST_CASE("over TLS the server answers, survives plain text and takes new certificates for new connections") {
    const Certificate certificate{"server"};
    ServerOptions options = on_free_port();
    options.certificate = certificate.certificate();
    options.private_key = certificate.key();
    Server server{options, mirrors(), {}};
    server.start();
    ::setenv("SSL_CERT_FILE", certificate.certificate().c_str(), 1);
    Client before{url_of(server.port(), "https"), ""};
    CHECK(before.send("PUT", "/a/b", std::string(60'000, 'x'), "t/t").body ==
          "PUT|/a/b|||t/t|" + std::string(60'000, 'x'));
    CHECK(testing::RawClient{server.port()}.send("GET / HTTP/1.1\r\n\r\n"));
    certificate.write();
    Client stranger{url_of(server.port(), "https"), ""};
    CHECK(stranger.send("GET", "/a/b").error.rfind("TLS failed", 0) == 0);
    server.reload_certificates();
    Client after{url_of(server.port(), "https"), ""};
    CHECK(after.send("GET", "/a/b").status == 200);
    CHECK(before.send("GET", "/a/b").status == 200);
    std::filesystem::resize_file(certificate.key(), 10);
    CHECK_THROWS_AS(server.reload_certificates(), std::runtime_error);
    Client still{url_of(server.port(), "https"), ""};
    CHECK(still.send("GET", "/a/b").status == 200);
    ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("where client certificates are asked for, a client without one is not served") {
    const Certificate certificate{"mutual"};
    ServerOptions options = on_free_port();
    options.certificate = certificate.certificate();
    options.private_key = certificate.key();
    options.client_ca = certificate.certificate();
    Server server{options, mirrors(), {}};
    server.start();
    ::setenv("SSL_CERT_FILE", certificate.certificate().c_str(), 1);
    CHECK(Client{url_of(server.port(), "https"), ""}.send("GET", "/a/b").status == 0);
    ::unsetenv("SSL_CERT_FILE");
}

TEST_CASE("a certificate that cannot be read stops the start with its name") {
    ServerOptions options = on_free_port();
    options.certificate = "/nonexistent/certificate.pem";
    Server server{options, mirrors(), {}};
    CHECK_THROWS_WITH(server.start(), Catch::StartsWith("cannot use the certificate '/nonexistent/certificate.pem': "));
}

}  // namespace roamguard::http
