#include "notifications/dispatcher.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "notifications/pacing.h"

namespace roamguard::notifications {
namespace {

using Clock = Dispatcher::Clock;
using Fate = Attempt::Fate;
using namespace std::chrono_literals;

const Attempt sent{Fate::sent, {}, {}};
const Attempt busy{Fate::later, "the gateway is busy", {}};

/// An outbox in memory with the real one's rules: per customer only the first unfinished message is due, a claim raises
/// the attempt number, a result of an older attempt is void. Leases never run out. Any thread.
class Box {
public:
    void put(const std::string& customer, int count = 1) {
        const std::lock_guard lock{mutex_};
        for (int i = 0; i < count; ++i) {
            Row row;
            row.message.row = static_cast<std::int64_t>(rows_.size()) + 1;
            row.message.id = "n-" + std::to_string(row.message.row);
            row.message.to = customer;
            rows_.push_back(row);
        }
    }
    Outbox outbox() {
        return {[this](int limit) { return claim(limit); },
                [this](const std::vector<Finished>& finished) { finish(finished); }};
    }
    /// Everything that waits is due: time went by.
    void all_due() {
        const std::lock_guard lock{mutex_};
        for (Row& row : rows_)
            row.waits = false;
    }

    struct Row {
        Outgoing message;
        bool claimed = false, waits = false, ended = false;
        Finished last;
        Clock::time_point recorded;
    };
    Row row(std::int64_t number) {
        const std::lock_guard lock{mutex_};
        return rows_.at(static_cast<std::size_t>(number) - 1);
    }
    int count(bool Row::*what) {
        const std::lock_guard lock{mutex_};
        return static_cast<int>(std::count_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.*what; }));
    }
    bool wait_ended(int number, std::chrono::milliseconds patience = 5s) {
        const auto until = Clock::now() + patience;
        while (count(&Row::ended) < number && Clock::now() < until)
            std::this_thread::sleep_for(1ms);
        return count(&Row::ended) >= number;
    }

    std::atomic<int> claims{0}, finishes{0};
    std::atomic<int> claims_fail{0}, finishes_fail{0};
    std::vector<std::vector<Finished>> rounds;  ///< read when nothing runs

private:
    std::vector<Outgoing> claim(int limit) {
        ++claims;
        if (claims_fail > 0) {
            --claims_fail;
            throw std::runtime_error{"the database is locked"};
        }
        const std::lock_guard lock{mutex_};
        std::vector<Outgoing> claimed;
        std::map<std::string, bool> seen;
        for (Row& row : rows_) {
            if (row.ended || static_cast<int>(claimed.size()) == limit) continue;
            const bool first = !std::exchange(seen[row.message.to], true);
            if (!first || row.claimed || row.waits) continue;
            row.claimed = true;
            ++row.message.attempt;
            claimed.push_back(row.message);
        }
        return claimed;
    }
    void finish(const std::vector<Finished>& finished) {
        ++finishes;
        if (finishes_fail > 0) {
            --finishes_fail;
            throw std::runtime_error{"the database is locked"};
        }
        const std::lock_guard lock{mutex_};
        rounds.push_back(finished);
        for (const Finished& one : finished) {
            Row& row = rows_.at(static_cast<std::size_t>(one.row) - 1);
            if (row.ended || !row.claimed || row.message.attempt != one.attempt) continue;
            row.claimed = false;
            row.last = one;
            row.recorded = Clock::now();
            row.ended = one.result.fate != Fate::later;
            row.waits = one.wait.ms > 0;
        }
    }

    std::mutex mutex_;
    std::deque<Row> rows_;
};

/// A driver that does what the test says.
class Scripted final : public Channel {
public:
    explicit Scripted(std::function<Attempt(const Outgoing&)> script) : script_{std::move(script)} {}
    Attempt send(const Outgoing& message) override { return script_(message); }

private:
    std::function<Attempt(const Outgoing&)> script_;
};

/// One dispatcher and all that it touches; `now` is its clock where the test steps by hand.
struct Bench {
    Box box;
    std::function<Attempt(const Outgoing&)> script = [](const Outgoing&) { return sent; };
    Clock::time_point now = Clock::time_point{} + 1000h;
    std::vector<std::string> log;
    std::vector<bool> circuit;
    std::atomic<int> sends{0};

    std::unique_ptr<Dispatcher> make(DispatcherOptions options, bool by_hand = true) {
        options.channel = "sms";
        const auto driver = [this](const Outgoing& message) {
            ++sends;
            return script(message);
        };
        const auto log_it = [this](const std::string& line) { log.push_back(line); };
        const auto told = [this](bool up) { circuit.push_back(up); };
        const auto clock = [this, by_hand] { return by_hand ? now : Clock::now(); };
        return std::make_unique<Dispatcher>(
            box.outbox(), std::make_unique<Scripted>(driver), options, [] { return 1.0; }, log_it, told, clock);
    }
};

DispatcherOptions without_circuit() {
    DispatcherOptions options;
    options.circuit_after = 0;
    return options;
}

}  // namespace

TEST_CASE("a round claims what is due, sends it and records all of it at once") {
    Bench bench;
    for (const char* customer : {"a", "b", "c", "d"})
        bench.box.put(customer);
    bench.script = [](const Outgoing& message) -> Attempt {
        if (message.to == "a") return {Fate::delivered, {}, {}};
        if (message.to == "b") return {Fate::dead, "no such number", {}};
        if (message.to == "c") throw std::runtime_error{"the driver broke"};
        return sent;
    };
    const auto dispatcher = bench.make({});
    CHECK(dispatcher->step() == 4);
    REQUIRE(bench.box.rounds.size() == 1);
    CHECK(bench.box.row(1).last.result.fate == Fate::delivered);
    CHECK(bench.box.row(2).last.result.fate == Fate::dead);
    CHECK(bench.box.row(2).last.result.error == "no such number");
    CHECK(bench.box.row(3).last.result.fate == Fate::later);
    CHECK(bench.box.row(3).last.result.error == "the driver broke");
    CHECK(bench.box.row(3).last.wait == tariffs::seconds(2));
    CHECK(bench.box.row(4).last.result.fate == Fate::sent);
    CHECK(dispatcher->step() == 0);
    CHECK(bench.box.finishes == 1);
    CHECK(bench.log.empty());
}

TEST_CASE("waits follow the schedule, the last one repeats, and randomness shortens them by a quarter at most") {
    DispatcherOptions people, machines;
    machines.waits = platform_waits();
    machines.max_attempts = 0;
    const auto seconds_of = [](const DispatcherOptions& options, double random) {
        std::vector<double> waits;
        for (int attempt = 1; attempt <= 12; ++attempt)
            waits.push_back(static_cast<double>(wait_after(attempt, random, options).ms) / 1000);
        return waits;
    };
    CHECK(seconds_of(people, 1) == std::vector<double>{2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600});
    CHECK(seconds_of(people, 0) == std::vector<double>{1.5, 3, 6, 12, 24, 48, 96, 192, 384, 450, 450, 450});
    CHECK(seconds_of(machines, 1) == std::vector<double>{1, 5, 30, 120, 300, 300, 300, 300, 300, 300, 300, 300});
    CHECK(wait_after(13, 1, people) == tariffs::seconds(2));  // retried by operations: the schedule begins anew
    CHECK(wait_after(13, 1, machines) == tariffs::minutes(5));
    CHECK(wait_after(2'000'000'000, 0.5, machines).ms == 262'500);
}

TEST_CASE("a message is given up after its attempts, gets as many again by a retry, or is tried without end") {
    const int limit = GENERATE(3, 0);
    Bench bench;
    bench.box.put("a");
    bench.script = [](const Outgoing&) { return busy; };
    DispatcherOptions options = without_circuit();
    options.max_attempts = limit;
    const auto dispatcher = bench.make(options);
    for (int attempt = 1; attempt <= 20; ++attempt) {
        dispatcher->step();
        const Box::Row row = bench.box.row(1);
        CHECK(row.last.attempt == (limit == 0 ? attempt : std::min(attempt, 3)));
        CHECK(row.ended == (limit != 0 && attempt >= 3));
        bench.box.all_due();
    }
    if (limit == 0) return;
    CHECK(bench.box.row(1).last.result.fate == Fate::dead);
    CHECK(bench.box.row(1).last.result.error == "the gateway is busy");
}

TEST_CASE("the other side's wish to wait counts where it is longer than ours, up to an hour") {
    struct Case {
        std::optional<tariffs::Span> wish;
        tariffs::Span wait;
    };
    for (const Case& one :
         {Case{std::nullopt, tariffs::seconds(2)}, Case{tariffs::seconds(1), tariffs::seconds(2)},
          Case{tariffs::seconds(90), tariffs::seconds(90)}, Case{tariffs::hours(9), tariffs::hours(1)}}) {
        Bench bench;
        bench.box.put("a");
        bench.script = [&](const Outgoing&) { return Attempt{Fate::later, "busy", one.wish}; };
        bench.make({})->step();
        CHECK(bench.box.row(1).last.wait == one.wait);
    }
}

TEST_CASE("with the store away nothing is claimed, and a result is recorded later without sending again") {
    Bench bench;
    bench.box.put("a");
    bench.box.claims_fail = 1;
    bench.box.finishes_fail = 1;
    const auto dispatcher = bench.make({});
    CHECK(dispatcher->step() == 0);
    CHECK(bench.sends == 0);
    CHECK(dispatcher->step() == 1);
    CHECK_FALSE(bench.box.row(1).ended);
    bench.now += 1s;
    CHECK(dispatcher->step() == 0);
    CHECK(bench.box.row(1).ended);
    CHECK(bench.sends == 1);
    CHECK(bench.log == std::vector<std::string>{"sms: nothing could be claimed: the database is locked",
                                                "sms: results could not be recorded: the database is locked"});
}

TEST_CASE("a result that could not be recorded within the lease is void, since the message may be sent again by then") {
    Bench bench;
    bench.box.put("a");
    bench.box.finishes_fail = 1;
    const auto dispatcher = bench.make({});
    dispatcher->step();
    bench.now += 60s;
    dispatcher->step();
    CHECK(bench.box.finishes == 1);
    CHECK(bench.log.back() == "sms: 1 results came after their lease and are void");
}

TEST_CASE("a message whose lease is over half used when its turn comes is handed back unsent and due at once") {
    Bench bench;
    for (const char* customer : {"a", "b", "c"})
        bench.box.put(customer);
    bench.script = [&](const Outgoing&) {
        bench.now += 29s;
        return sent;
    };
    const auto dispatcher = bench.make({});
    CHECK(dispatcher->step() == 3);
    CHECK(bench.sends == 2);
    const Box::Row third = bench.box.row(3);
    CHECK(third.last.result.fate == Fate::later);
    CHECK(third.last.result.error == "handed back unsent, its turn came too late");
    CHECK(third.last.wait.ms == 0);
    CHECK(dispatcher->step() == 1);
    CHECK(bench.box.row(3).ended);
}

TEST_CASE("handing back costs no message its life although it takes an attempt number") {
    Bench bench;
    bench.box.put("a");
    bench.box.put("b");
    bench.script = [&](const Outgoing&) {
        bench.now += 31s;
        return sent;
    };
    DispatcherOptions options;
    options.max_attempts = 1;
    bench.make(options)->step();
    CHECK(bench.box.row(2).last.result.fate == Fate::later);
}

TEST_CASE("where sending is slow less is claimed, so that little is handed back") {
    Bench bench;
    for (int i = 0; i < 400; ++i)
        bench.box.put("c-" + std::to_string(i));
    DispatcherOptions options;
    options.concurrency = 1;
    bench.script = [&](const Outgoing&) {
        bench.now += 3s;
        return sent;
    };
    const auto dispatcher = bench.make(options);
    CHECK(dispatcher->step() == 64);
    for (int i = 0; i < 10; ++i)
        CHECK(dispatcher->step() <= 6);
}

TEST_CASE("after five failures in a row sending pauses for 1 s, doubling, and one message that is answered ends it") {
    Bench bench;
    for (int i = 0; i < 20; ++i)
        bench.box.put("c-" + std::to_string(i));
    bool up = false;
    bench.script = [&](const Outgoing&) { return up ? sent : busy; };
    DispatcherOptions options;
    options.circuit_longest = tariffs::seconds(5);
    const auto dispatcher = bench.make(options);
    CHECK(dispatcher->step() == 20);
    CHECK(bench.sends == 5);
    CHECK(bench.box.row(6).last.result.error == "handed back unsent, the gateway does not answer");
    CHECK(bench.box.row(6).last.wait.ms == 0);
    CHECK(bench.circuit == std::vector<bool>{false});
    for (const auto pause : {1000ms, 2000ms, 4000ms, 5000ms, 5000ms}) {
        const int claims = bench.box.claims, sends = bench.sends;
        bench.now += pause - 1ms;
        CHECK(dispatcher->step() == 0);
        CHECK(bench.box.claims == claims);
        bench.now += 1ms;
        CHECK(dispatcher->step() == 1);
        CHECK(bench.sends == sends + 1);
    }
    up = true;
    bench.now += 5s;
    CHECK(dispatcher->step() == 1);
    CHECK(bench.circuit == std::vector<bool>{false, true});
    CHECK(dispatcher->step() > 1);
    CHECK(bench.log ==
          std::vector<std::string>{"sms: sending pauses until the gateway answers, the last 5 attempts failed: the "
                                   "gateway is busy",
                                   "sms: the gateway answers again, sending goes on"});
}

TEST_CASE("a pause with nothing to send ends with the next message that is answered") {
    Bench bench;
    bench.box.put("a");
    bench.script = [](const Outgoing&) { return busy; };
    DispatcherOptions options;
    options.circuit_after = 1;
    const auto dispatcher = bench.make(options);
    dispatcher->step();
    for (int i = 0; i < 3; ++i) {
        bench.now += 1s;
        CHECK(dispatcher->step() == 0);
    }
    bench.script = [](const Outgoing&) { return sent; };
    bench.box.put("b");
    CHECK(dispatcher->step() == 1);
    CHECK(bench.circuit == std::vector<bool>{false, true});
}

TEST_CASE("what the gateway refuses for good counts as an answer, and single failures between answers open nothing") {
    Bench bench;
    for (int i = 0; i < 40; ++i)
        bench.box.put("c-" + std::to_string(i));
    const Fate answer = GENERATE(Fate::sent, Fate::delivered, Fate::dead);
    bench.script = [&](const Outgoing& message) { return message.row % 5 != 0 ? busy : Attempt{answer, {}, {}}; };
    bench.make({})->step();
    CHECK(bench.sends == 40);
    CHECK(bench.circuit.empty());
}

TEST_CASE("a failure that was begun before the pause does not lengthen it, and such an answer ends it") {
    Circuit circuit{2, tariffs::seconds(30)};
    const Clock::time_point start{};
    circuit.failed(Circuit::Trial::usual, start, "one");
    CHECK(circuit.closed());
    circuit.failed(Circuit::Trial::usual, start, "two");
    CHECK_FALSE(circuit.closed());
    circuit.failed(Circuit::Trial::usual, start + 500ms, "three");
    CHECK(circuit.next_try() == start + 1s);
    CHECK(circuit.last_error() == "two");
    circuit.probe_begins();
    CHECK(circuit.next_try() == Clock::time_point::max());
    circuit.probe_dropped();
    CHECK(circuit.next_try() == start + 1s);
    circuit.answered(Circuit::Trial::usual);
    CHECK(circuit.closed());
}

TEST_CASE("over time no more is sent than the rate, and no message less") {
    const double rate = GENERATE(0.5, 3.0, 40.0, 1000.0);
    Bench bench;
    for (int i = 0; i < 200; ++i)
        bench.box.put("c-" + std::to_string(i));
    DispatcherOptions options;
    options.rate_per_s = rate;
    const auto dispatcher = bench.make(options);
    const auto start = bench.now;
    while (bench.box.count(&Box::Row::ended) < 200) {
        dispatcher->step();
        const double passed = std::chrono::duration<double>(bench.now - start).count();
        REQUIRE(bench.sends <= rate * passed + std::max(1.0, rate / 4) + 1e-6);
        bench.now += 7ms;
    }
    const double took = std::chrono::duration<double>(bench.now - start).count();
    CHECK(took >= (200 - std::max(1.0, rate / 4)) / rate);
    CHECK(took <= 200 / rate + 2);
}

TEST_CASE("options that make no sense are refused") {
    const auto refused = [](auto change) {
        DispatcherOptions options;
        change(options);
        Bench bench;
        CHECK_THROWS_AS(bench.make(options), std::logic_error);
    };
    refused([](DispatcherOptions& options) { options.claim_limit = 0; });
    refused([](DispatcherOptions& options) { options.concurrency = 0; });
    refused([](DispatcherOptions& options) { options.max_attempts = -1; });
    refused([](DispatcherOptions& options) { options.waits.clear(); });
    refused([](DispatcherOptions& options) { options.lease = {}; });
    Bench bench;
    const auto dispatcher = bench.make({}, false);
    dispatcher->start();
    CHECK_THROWS_AS(dispatcher->start(), std::logic_error);
}

TEST_CASE("started, it sends within moments of being woken and otherwise looks once a second") {
    Bench bench;
    const auto dispatcher = bench.make({}, false);
    dispatcher->start();
    std::this_thread::sleep_for(100ms);
    bench.box.put("a");
    dispatcher->wake();
    REQUIRE(bench.box.wait_ended(1));
    bench.box.put("b");
    REQUIRE(bench.box.wait_ended(2));
    std::this_thread::sleep_for(300ms);
    CHECK(bench.box.claims < 15);
    dispatcher->stop();
}

TEST_CASE("a slow message delays neither the recording of the others nor the next claims") {
    Bench bench;
    std::atomic<bool> released{false};
    bench.script = [&](const Outgoing& message) {
        while (message.to == "slow" && !released)
            std::this_thread::sleep_for(1ms);
        return sent;
    };
    DispatcherOptions options;
    options.claim_limit = 8;
    bench.box.put("slow");
    for (int i = 0; i < 100; ++i)
        bench.box.put("c-" + std::to_string(i));
    const auto dispatcher = bench.make(options, false);
    dispatcher->start();
    REQUIRE(bench.box.wait_ended(100));
    CHECK_FALSE(bench.box.row(1).ended);
    released = true;
    CHECK(bench.box.wait_ended(101));
    dispatcher->stop();
    CHECK(bench.sends == 101);
}

TEST_CASE("each result is recorded within moments whatever the others take, and quick ones share their commits") {
    Bench bench;
    std::mutex mutex;
    std::map<std::int64_t, Clock::time_point> answered;
    bench.script = [&](const Outgoing& message) {
        std::this_thread::sleep_for(message.row % 100 == 50 ? 1200ms : 1ms);
        const std::lock_guard lock{mutex};
        answered[message.row] = Clock::now();
        return sent;
    };
    for (int i = 0; i < 300; ++i)
        bench.box.put("c-" + std::to_string(i));
    const auto dispatcher = bench.make({}, false);
    dispatcher->start();
    REQUIRE(bench.box.wait_ended(300));
    dispatcher->stop();
    Clock::duration worst{};
    for (const auto& [row, at] : answered)
        worst = std::max(worst, bench.box.row(row).recorded - at);
    CHECK(worst < 1s);  // less than the slow ones take
    CHECK(bench.box.finishes < 100);
}

TEST_CASE("several messages are sent at once, and those of one customer one after the other") {
    Bench bench;
    std::mutex mutex;
    std::map<std::string, std::vector<std::int64_t>> order;
    std::map<std::string, int> under_way;
    int at_once = 0, most = 0;
    bool overlapped = false;
    bench.script = [&](const Outgoing& message) {
        {
            const std::lock_guard lock{mutex};
            most = std::max(most, ++at_once);
            overlapped = ++under_way[message.to] > 1 || overlapped;
            order[message.to].push_back(message.row);
        }
        std::this_thread::sleep_for(2ms);
        const std::lock_guard lock{mutex};
        --at_once;
        --under_way[message.to];
        return sent;
    };
    for (int i = 0; i < 10; ++i)
        for (int customer = 0; customer < 12; ++customer)
            bench.box.put("c-" + std::to_string(customer));
    const auto dispatcher = bench.make({}, false);
    dispatcher->start();
    REQUIRE(bench.box.wait_ended(120));
    dispatcher->stop();
    CHECK(most > 1);
    CHECK(most <= 4);
    CHECK_FALSE(overlapped);
    for (const auto& [customer, rows] : order) {
        CHECK(rows.size() == 10);
        CHECK(std::is_sorted(rows.begin(), rows.end()));
    }
}

TEST_CASE("stopped under load it ends promptly: what was begun is recorded, what was not is handed back") {
    Bench bench;
    bench.script = [&](const Outgoing&) {
        std::this_thread::sleep_for(50ms);
        return sent;
    };
    for (int i = 0; i < 500; ++i)
        bench.box.put("c-" + std::to_string(i));
    const auto dispatcher = bench.make({}, false);
    dispatcher->start();
    std::this_thread::sleep_for(300ms);
    dispatcher->begin_stop();
    dispatcher->stop();
    CHECK(bench.box.count(&Box::Row::ended) == bench.sends);
    CHECK(bench.box.count(&Box::Row::claimed) == 0);
    CHECK(bench.box.count(&Box::Row::waits) == 0);
    CHECK(bench.sends > 4);
    CHECK(bench.sends < 100);
    const int claims = bench.box.claims;
    dispatcher->wake();
    CHECK(dispatcher->step() == 0);
    CHECK(bench.box.claims == claims);
}

TEST_CASE("stopping hands back at once what waits, although sends under way take their time") {
    Bench bench;
    std::atomic<bool> released{false};
    bench.script = [&](const Outgoing&) {
        while (!released)
            std::this_thread::sleep_for(1ms);
        return sent;
    };
    for (int i = 0; i < 30; ++i)
        bench.box.put("c-" + std::to_string(i));
    const auto dispatcher = bench.make({}, false);
    dispatcher->start();
    while (bench.sends < 4)
        std::this_thread::sleep_for(1ms);
    std::thread stops{[&] { dispatcher->stop(); }};
    const auto until = Clock::now() + 2s;
    while (bench.box.count(&Box::Row::claimed) > 4 && Clock::now() < until)
        std::this_thread::sleep_for(1ms);
    CHECK(bench.box.count(&Box::Row::claimed) == 4);
    released = true;
    stops.join();
    CHECK(bench.box.count(&Box::Row::ended) == 4);
    CHECK(bench.box.row(30).last.result.error == "handed back unsent, the service stops");
}

TEST_CASE("started, a gateway that comes back gets every message exactly once, whatever fails in between") {
    Bench bench;
    std::atomic<int> calls{0};
    bench.script = [&](const Outgoing&) { return ++calls <= 6 ? busy : sent; };
    DispatcherOptions options;
    options.waits = {tariffs::Span{20}};
    options.circuit_longest = tariffs::Span{100};
    bench.box.finishes_fail = 1;
    for (int i = 0; i < 50; ++i)
        bench.box.put("c-" + std::to_string(i));
    const auto dispatcher = bench.make(options, false);
    dispatcher->start();
    const auto until = Clock::now() + 10s;
    while (bench.box.count(&Box::Row::ended) < 50 && Clock::now() < until) {
        bench.box.all_due();
        dispatcher->wake();
        std::this_thread::sleep_for(10ms);
    }
    dispatcher->stop();
    CHECK(bench.box.count(&Box::Row::ended) == 50);
    CHECK(bench.sends == 56);
    CHECK(bench.circuit == std::vector<bool>{false, true});
}

TEST_CASE("started with a rate, it keeps to it") {
    Bench bench;
    for (int i = 0; i < 60; ++i)
        bench.box.put("c-" + std::to_string(i));
    DispatcherOptions options;
    options.rate_per_s = 50;
    const auto dispatcher = bench.make(options, false);
    const auto before = Clock::now();
    dispatcher->start();
    REQUIRE(bench.box.wait_ended(60));
    const double took = std::chrono::duration<double>(Clock::now() - before).count();
    CHECK(took > 0.9);
    dispatcher->stop();
}

}  // namespace roamguard::notifications
