// Sends usage events to POST /v1/events and measures how fast they are taken. One thread and raw sockets, so that on a
// small machine the client leaves the processor to what it measures. A closed loop: each connection sends its next
// request when the answer to its last one is there. Every answer is checked: 2xx, and one result per event, none of
// them rejected or taken for a duplicate. Prints one line of JSON; ends with 1 when an answer was wrong.
//
//   bench_load --port N [--batch 100] [--connections 64] [--seconds 5 | --requests N | --sweep] [--customers N]
//              [--save-answer FILE]
//   bench_load --print-profiles [--customers N]      one profile a line, for `roamguard subscribers import`

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    int port = 0;
    int batch = 0;  // events in a request; 0: single events in structured mode
    int connections = 64;
    double seconds = 5;
    std::int64_t requests = 0;  // 0: as many as fit into the time
    std::int64_t customers = 100'000;
    bool sweep = false;  // each customer once, in order, whatever the time
    bool print_profiles = false;
    std::string save_answer;  // the first answer's body, for the ceiling to repeat
};

constexpr std::chrono::seconds kPatience{30};  // for any answer at all
constexpr int kSessions = 3;                   // a customer's events choose from
constexpr int kHeavyEvery = 50;                // one event in so many reaches half of the cap and owes a message

// E.164 gives +999 to nobody.
std::string number_of(std::int64_t customer) { return fmt::format("+9990{:07}", customer); }

void print_profiles(const Options& options) {
    for (std::int64_t customer = 0; customer < options.customers; ++customer)
        std::puts(
            fmt::format(R"({{"msisdn":"{}","homeCountry":"CN","plan":"cn-roam","language":"zh-Hans",)"
                        R"("timeZone":"Asia/Shanghai","regime":"cn-miit","channels":["sms"],"optOut":["welcome"],)"
                        R"("caps":[{{"id":"monthly","services":["data"],"amount":"300.00","currency":"CNY",)"
                        R"("tax":"incl","period":"month","thresholds":[50,80,100],"atLimit":"hold",)"
                        R"("extension":"100.00"}}]}})",
                        number_of(customer))
                .c_str());
}

// Makes the requests. Each customer stays in one country; half of the events belong to one of a few sessions.
class Events {
public:
    explicit Events(const Options& options)
        : options_(options), random_(std::random_device{}()), run_(fmt::format("{:016x}", random_())) {}

    // False: the sweep is over.
    [[nodiscard]] bool next_request(std::string& request) {
        if (options_.sweep && swept_ == options_.customers) return false;
        body_.clear();
        if (options_.batch == 0) {
            append_event();
        } else {
            body_ += '[';
            for (int i = 0; i < options_.batch && !(options_.sweep && swept_ == options_.customers); ++i) {
                if (i > 0) body_ += ',';
                append_event();
            }
            body_ += ']';
        }
        request.clear();
        fmt::format_to(
            std::back_inserter(request),
            "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/cloudevents{}+json\r\n"
            "Content-Length: {}\r\n\r\n{}",
            options_.port, options_.batch == 0 ? "" : "-batch", body_.size(), body_);
        return true;
    }
    // Events in the request made last.
    [[nodiscard]] int last_events() const { return last_events_; }

private:
    void append_event() {
        static constexpr const char* kNetworks[] = {R"("440","mnc":"10")", R"("450","mnc":"05")",
                                                    R"("454","mnc":"00")", R"("502","mnc":"12")",
                                                    R"("520","mnc":"01")", R"("525","mnc":"01")"};
        const std::uint64_t draw = random_();
        const std::int64_t customer = options_.sweep ? swept_++ : static_cast<std::int64_t>(random_() % customers());
        const bool heavy = !options_.sweep && draw % kHeavyEvery == 0;
        const std::uint64_t quantity = heavy ? 50u << 20 : 1024 * (1 + (draw >> 8) % 16);
        last_events_ = body_.size() <= 1 ? 1 : last_events_ + 1;
        fmt::format_to(
            std::back_inserter(body_),
            R"({{"specversion":"1.0","id":"{}-{}","source":"/bench/charging-1","type":"org.roamguard.usage.v1",)"
            R"("time":"{}","datacontenttype":"application/json","data":{{"subscriber":{{"msisdn":"+9990{:07}"}},)"
            R"("visitedNetwork":{{"mcc":{}}},"service":"data","quantity":{})",
            run_, ++made_, now_text(), customer, kNetworks[customer % 6], quantity);
        if ((draw >> 40) % 2 == 0)
            fmt::format_to(std::back_inserter(body_), R"(,"session":"{}-{}")", customer, (draw >> 48) % kSessions);
        body_ += "}}";
    }

    [[nodiscard]] std::uint64_t customers() const { return static_cast<std::uint64_t>(options_.customers); }

    const std::string& now_text() {
        timespec now{};
        ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
        if (now.tv_sec != second_ || now_text_.empty()) {
            second_ = now.tv_sec;
            tm parts{};
            ::gmtime_r(&second_, &parts);
            char text[32];
            now_text_.assign(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &parts));
        }
        const int ms = static_cast<int>(now.tv_nsec / 1'000'000);
        now_text_[20] = static_cast<char>('0' + ms / 100);
        now_text_[21] = static_cast<char>('0' + ms / 10 % 10);
        now_text_[22] = static_cast<char>('0' + ms % 10);
        return now_text_;
    }

    const Options& options_;
    std::mt19937_64 random_;
    std::string run_;  // makes the ids of this run its own
    std::int64_t made_ = 0, swept_ = 0;
    int last_events_ = 0;
    std::string body_, now_text_;
    std::time_t second_ = 0;
};

// A complete answer, or none yet.
struct Answer {
    bool complete = false;
    int status = 0;
    std::string_view body;
};

Answer read_answer(std::string_view received) {
    const std::size_t head = received.find("\r\n\r\n");
    if (head == std::string_view::npos) return {};
    Answer answer;
    if (received.size() < 12 || received.substr(0, 9) != "HTTP/1.1 ")
        throw std::runtime_error("the server does not speak HTTP/1.1");
    std::from_chars(received.data() + 9, received.data() + 12, answer.status);
    constexpr std::string_view name = "\r\ncontent-length:";
    for (std::size_t line = received.find("\r\n"); line < head; line = received.find("\r\n", line + 2)) {
        if (::strncasecmp(received.data() + line, name.data(), name.size()) != 0) continue;
        std::size_t at = line + name.size(), length = 0;
        while (received[at] == ' ')
            ++at;
        std::from_chars(received.data() + at, received.data() + head, length);
        if (received.size() < head + 4 + length) return {};
        if (received.size() > head + 4 + length) throw std::runtime_error("the server sent more than one answer");
        answer.complete = true;
        answer.body = received.substr(head + 4, length);
        return answer;
    }
    throw std::runtime_error("the server answered without Content-Length");
}

// Results in an answer; -1 when one of them is a rejection or a duplicate.
int results_in(std::string_view body) {
    constexpr std::string_view member = "\"outcome\":\"";
    int count = 0;
    for (std::size_t at = body.find(member); at != std::string_view::npos; at = body.find(member, at + member.size())) {
        const std::string_view word = body.substr(at + member.size(), 9);
        if (word == "rejected\"" || word == "duplicate") return -1;
        ++count;
    }
    return count;
}

class Connection {
public:
    explicit Connection(int port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error(fmt::format("cannot connect to 127.0.0.1:{}: {}", port, std::strerror(errno)));
        const int on = 1;
        ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::fcntl(descriptor_, F_SETFL, O_NONBLOCK);
    }
    ~Connection() { ::close(descriptor_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Sends what it can of the request. True: all of it is gone.
    [[nodiscard]] bool send_some() {
        while (sent < request.size()) {
            const ssize_t n = ::send(descriptor_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
            if (n < 0) throw std::runtime_error(std::string("cannot send: ") + std::strerror(errno));
            sent += static_cast<std::size_t>(n);
        }
        return true;
    }
    void receive_some() {
        char buffer[64 * 1024];
        const ssize_t n = ::recv(descriptor_, buffer, sizeof buffer, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0) throw std::runtime_error("the server closed a connection instead of answering");
        received.append(buffer, static_cast<std::size_t>(n));
    }
    [[nodiscard]] int descriptor() const { return descriptor_; }

    std::string request, received;
    std::size_t sent = 0;
    int events = 0;
    Clock::time_point since;

private:
    int descriptor_;
};

struct Figures {
    std::int64_t requests = 0, events = 0, wrong = 0;
    double seconds = 0;
    std::vector<float> latency_ms;
    std::string first_wrong;
};

// The closed loop over all connections.
class Load {
public:
    explicit Load(const Options& options)
        : options_(options), events_(options), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        for (int i = 0; i < options.connections; ++i) {
            auto& made = connections_.emplace_back(std::make_unique<Connection>(options.port));
            watch(*made, EPOLL_CTL_ADD, EPOLLIN);
        }
    }
    ~Load() { ::close(epoll_); }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    Figures run() {
        start_ = Clock::now();
        for (auto& connection : connections_)
            send_next(*connection);
        std::vector<epoll_event> ready(connections_.size());
        while (in_flight_ > 0) {
            const int count = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                                           static_cast<int>(std::chrono::milliseconds(kPatience).count()));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) throw std::runtime_error("no answer within 30 s");
            for (int i = 0; i < count; ++i)
                attend(*static_cast<Connection*>(ready[static_cast<std::size_t>(i)].data.ptr),
                       ready[static_cast<std::size_t>(i)].events);
        }
        figures_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
        return std::move(figures_);
    }

private:
    void attend(Connection& connection, std::uint32_t what) {
        if ((what & EPOLLOUT) != 0 && connection.send_some()) watch(connection, EPOLL_CTL_MOD, EPOLLIN);
        if ((what & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
        connection.receive_some();
        const Answer answer = read_answer(connection.received);
        if (!answer.complete) return;
        --in_flight_;
        note(connection, answer);
        connection.received.clear();
        send_next(connection);
    }

    void note(const Connection& connection, const Answer& answer) {
        const std::chrono::duration<float, std::milli> took = Clock::now() - connection.since;
        figures_.latency_ms.push_back(took.count());
        ++figures_.requests;
        figures_.events += connection.events;
        if (answer.status / 100 != 2 || results_in(answer.body) != connection.events) {
            if (figures_.wrong++ == 0)
                figures_.first_wrong = fmt::format("{} {}", answer.status, answer.body.substr(0, 2000));
            return;
        }
        if (options_.save_answer.empty() || saved_) return;
        saved_ = true;
        std::ofstream(options_.save_answer, std::ios::binary) << answer.body;
    }

    void send_next(Connection& connection) {
        const bool late = !options_.sweep && Clock::now() - start_ >= std::chrono::duration<double>(options_.seconds);
        if (late || (options_.requests > 0 && begun_ == options_.requests)) return;
        if (!events_.next_request(connection.request)) return;
        ++begun_;
        ++in_flight_;
        connection.events = events_.last_events();
        connection.sent = 0;
        connection.since = Clock::now();
        if (!connection.send_some()) watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }

    void watch(Connection& connection, int how, std::uint32_t what) const {
        epoll_event event{};
        event.events = what;
        event.data.ptr = &connection;
        if (::epoll_ctl(epoll_, how, connection.descriptor(), &event) != 0)
            throw std::runtime_error(std::string("epoll: ") + std::strerror(errno));
    }

    const Options& options_;
    Events events_;
    int epoll_;
    std::vector<std::unique_ptr<Connection>> connections_;
    Figures figures_;
    Clock::time_point start_;
    std::int64_t begun_ = 0, in_flight_ = 0;
    bool saved_ = false;
};

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int report(Figures figures) {
    if (figures.latency_ms.empty()) throw std::runtime_error("nothing was sent");
    std::sort(figures.latency_ms.begin(), figures.latency_ms.end());
    const auto percentile = [&](double share) {
        const auto last = static_cast<double>(figures.latency_ms.size() - 1);
        return static_cast<double>(figures.latency_ms[static_cast<std::size_t>(share * last)]);
    };
    std::puts(fmt::format(R"({{"requests":{},"events":{},"seconds":{:.3f},"events_per_s":{:.1f},"p50_ms":{:.3f},)"
                          R"("p99_ms":{:.3f},"max_ms":{:.3f},"wrong":{},"client_cpu_s":{:.3f}}})",
                          figures.requests, figures.events, figures.seconds,
                          static_cast<double>(figures.events) / figures.seconds, percentile(0.5), percentile(0.99),
                          percentile(1), figures.wrong, cpu_seconds())
                  .c_str());
    if (figures.wrong == 0) return 0;
    std::fprintf(stderr, "load: %lld wrong answers, the first: %s\n", static_cast<long long>(figures.wrong),
                 figures.first_wrong.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) try {
    Options options;
    CLI::App app{"Sends usage events and measures how fast they are taken."};
    app.add_option("--port", options.port, "where the service listens on 127.0.0.1")->check(CLI::Range(1, 65535));
    app.add_option("--batch", options.batch, "events in a request; 0: single events")->check(CLI::Range(0, 1000));
    app.add_option("--connections", options.connections, "kept-alive connections")->check(CLI::Range(1, 1000));
    app.add_option("--seconds", options.seconds, "how long to send")->check(CLI::Range(0.1, 600.0));
    app.add_option("--requests", options.requests, "how many at most");
    app.add_option("--customers", options.customers, "how many customers")->check(CLI::Range(1, 9'999'999));
    app.add_option("--save-answer", options.save_answer, "file for the body of the first answer");
    app.add_flag("--sweep", options.sweep, "one event for each customer instead of a time");
    app.add_flag("--print-profiles", options.print_profiles, "print the customers' profiles and end");
    CLI11_PARSE(app, argc, argv);
    if (options.print_profiles) {
        print_profiles(options);
        return 0;
    }
    if (options.port == 0) throw std::runtime_error("--port is needed");
    return report(Load(options).run());
} catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 1;
}
