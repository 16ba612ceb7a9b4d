// The HTTP ceiling: cpp-httplib, set up as well as it can be, answers a constant to the POSTs of bench_load. What the
// service does beside (reading, deciding, committing) is missing here, so nothing built on this library is faster.
//
//   bench_ceiling_http --port N --single FILE --batch FILE     the answers, as bench_load --save-answer wrote them
//
// Serves until SIGTERM.

#include <httplib.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

constexpr std::size_t kThreads = 512;
constexpr int kBacklog = 1024;

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.empty()) throw std::runtime_error("cannot read " + path);
    return bytes;
}

void serve(int port, const std::string& single, const std::string& batch, const sigset_t& signals) {
    httplib::Server server;
    int listener = -1;
    server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server.set_tcp_nodelay(true);
    server.set_keep_alive_max_count(1'000'000'000);
    server.set_keep_alive_timeout(60);
    server.set_payload_max_length(8 << 20);
    server.set_socket_options([&listener](socket_t descriptor) {
        const int on = 1;
        ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        listener = descriptor;
    });
    server.Post("/v1/events", [&](const httplib::Request& request, httplib::Response& response) {
        const bool is_batch = request.get_header_value("Content-Type") == "application/cloudevents-batch+json";
        response.set_content(is_batch ? batch : single, "application/json");
    });
    if (!server.bind_to_port("127.0.0.1", port))
        throw std::runtime_error("cannot listen on port " + std::to_string(port));
    // The compiled library's backlog is 5; listening again on the same socket raises it.
    if (::listen(listener, kBacklog) != 0) throw std::runtime_error("cannot raise the backlog");
    std::thread serving([&server] { server.listen_after_bind(); });
    int got = 0;
    sigwait(&signals, &got);
    server.stop();
    serving.join();
}

}  // namespace

int main(int argc, char** argv) try {
    int port = 0;
    std::string single, batch;
    CLI::App app{"Answers a constant to every POST /v1/events."};
    app.add_option("--port", port, "port on 127.0.0.1")->required()->check(CLI::Range(1, 65535));
    app.add_option("--single", single, "file with the answer to one event")->required();
    app.add_option("--batch", batch, "file with the answer to a batch")->required();
    CLI11_PARSE(app, argc, argv);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    serve(port, read_file(single), read_file(batch), signals);
    return 0;
} catch (const std::exception& error) {
    std::fprintf(stderr, "ceiling_http: %s\n", error.what());
    return 1;
}
