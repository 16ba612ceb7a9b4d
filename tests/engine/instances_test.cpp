#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

#include "service/engine/customer_jobs.h"
#include "service/engine/evidence.h"
#include "service/engine/tariff_audit.h"
#include "service/engine/tariff_jobs.h"
#include "tests/engine/workshop.h"

using namespace roamguard;
using namespace roamguard::engine;
using protection::Outcome;
using testing::Home;
using testing::Kind;

// Several instances of the service on one database.

namespace {

constexpr const char* traveller = "+447700900011";
constexpr std::int64_t megabyte = 1 << 20;

struct Pair {
    std::shared_ptr<Home> home = std::make_shared<Home>(Kind::postgres);
    Workshop a{home}, b{home};

    /// Each instance does its job while the other does.
    void at_once(Job& of_a, Job& of_b) {
        std::thread other([&] { b.alone(of_b); });
        a.alone(of_a);
        other.join();
        CHECK(a.failed.empty());
        CHECK(b.failed.empty());
    }
};

EventsJob job_of(std::vector<intake::RoamingEvent> events) {
    std::vector<intake::ReadEvent> read;
    for (intake::RoamingEvent& event : events)
        read.emplace_back(std::move(event));
    return EventsJob(std::move(read));
}

std::string number_of(int i) { return "+4477009009" + std::to_string(10 + i); }

/// The chain of a customer's evidence is whole, and every entry in it.
std::size_t check_chain(storage::Store& store, const storage::CustomerRow& row) {
    const protection::CustomerState state = storage::decode_state(row.state);
    auto entries = store.read_evidence(row.id, state.last_entry, 100'000);
    std::reverse(entries.begin(), entries.end());
    const auto fault = verify(entries, state, row.key);
    CHECK((fault ? fault->sentence : std::string()) == "");
    return entries.size();
}

}  // namespace

TEST_CASE("a new customer who is met by two instances at once ends as one customer with both events") {
    if (!testing::with_postgres()) return;
    Pair pair;
    for (int i = 0; i < 20; ++i) {
        const std::string id = std::to_string(i);
        EventsJob of_a = job_of({usage("a-" + id, number_of(i), pair.a.now, megabyte)});
        EventsJob of_b = job_of({usage("b-" + id, number_of(i), pair.b.now, megabyte)});
        pair.at_once(of_a, of_b);
        EventsJob sum = job_of({usage("s-" + id, number_of(i), pair.a.now, 0)});
        pair.a.alone(sum);
        REQUIRE(sum.results().size() == 1);
        CHECK(sum.results().front().caps.front().used == 6'000'000);
    }
    const auto customers = pair.a.store->read_customers(0, 100);
    CHECK(customers.size() == 20);
    for (const storage::CustomerRow& row : customers)
        CHECK(check_chain(*pair.b.store, row) == 4);  // three events and the welcome
}

TEST_CASE("an event that comes to two instances at once is taken once and is a duplicate once") {
    if (!testing::with_postgres()) return;
    Pair pair;
    for (int i = 0; i < 20; ++i) {
        const std::string id = "e-" + std::to_string(i);
        EventsJob of_a = job_of({attach(id, number_of(i % 3), pair.a.now)});
        EventsJob of_b = job_of({attach(id, number_of(i % 3), pair.b.now)});
        pair.at_once(of_a, of_b);
        REQUIRE(of_a.results().size() == 1);
        REQUIRE(of_b.results().size() == 1);
        const Outcome a = of_a.results().front().outcomes.front(), b = of_b.results().front().outcomes.front();
        CHECK((a == Outcome::duplicate) != (b == Outcome::duplicate));
    }
    CHECK(pair.a.store->read_messages({}, {0, 100}).size() == 3);
}

TEST_CASE("of what two dispatchers claim at once each message is won by one of them") {
    if (!testing::with_postgres()) return;
    Pair pair;
    std::vector<intake::RoamingEvent> arrivals;
    for (int i = 0; i < 40; ++i)
        arrivals.push_back(attach("a-" + std::to_string(i), number_of(i), pair.a.now));
    EventsJob events = job_of(arrivals);
    pair.a.alone(events);
    for (int round = 0; round < 5; ++round) {
        const auto due = pair.a.store->due_messages("sms", pair.a.now, 100);
        REQUIRE(due.size() == 40);
        ClaimJob of_a(due, tariffs::seconds(60)), of_b(due, tariffs::seconds(60));
        pair.at_once(of_a, of_b);
        std::set<std::int64_t> won;
        for (const ClaimJob* job : {&of_a, &of_b})
            for (const storage::MessageRow& row : job->claimed()) {
                CHECK(won.insert(row.row).second);
                CHECK(row.attempts == round + 1);
            }
        CHECK(won.size() == 40);
        pair.a.now = pair.b.now = pair.a.now + tariffs::seconds(61);  // the leases run out
    }
}

TEST_CASE("an instance that froze with a claim reports too late, and its result is void") {
    if (!testing::with_postgres()) return;
    Pair pair;
    EventsJob events = job_of({attach("a-1", traveller, pair.a.now)});
    pair.a.alone(events);
    ClaimJob frozen(pair.a.store->due_messages("sms", pair.a.now, 10), tariffs::seconds(60));
    pair.a.alone(frozen);
    REQUIRE(frozen.claimed().size() == 1);
    const std::int64_t row = frozen.claimed().front().row;
    CHECK(pair.b.store->due_messages("sms", pair.b.now, 10).empty());
    pair.b.now = pair.b.now + tariffs::seconds(61);
    ClaimJob live(pair.b.store->due_messages("sms", pair.b.now, 10), tariffs::seconds(60));
    pair.b.alone(live);
    REQUIRE(live.claimed().size() == 1);
    CHECK(live.claimed().front().attempts == 2);
    DeliveryJob stale({{Delivery::How::dead, row, 1, {}, "the result of a frozen instance"}});
    pair.a.alone(stale);
    CHECK(pair.a.store->read_messages({}, {}).front().state == storage::MessageState::queued);
    DeliveryJob good({{Delivery::How::sent, row, 2, {}, {}}});
    pair.b.alone(good);
    CHECK(pair.a.store->read_messages({}, {}).front().state == storage::MessageState::sent);
}

TEST_CASE("an instance that starts leaves the leases of the others alone") {
    if (!testing::with_postgres()) return;
    Pair pair;
    EventsJob events = job_of({attach("a-1", traveller, pair.a.now)});
    pair.a.alone(events);
    ClaimJob claim(pair.a.store->due_messages("sms", pair.a.now, 10), tariffs::seconds(60));
    pair.a.alone(claim);
    pair.b.open();
    CHECK(pair.b.store->due_messages("sms", pair.b.now, 10).empty());
}

TEST_CASE("an erasure at one instance and an event at another end in one order or the other") {
    if (!testing::with_postgres()) return;
    Pair pair;
    for (int i = 0; i < 15; ++i) {
        const std::string id = std::to_string(i);
        EventsJob first = job_of({attach("a-" + id, number_of(i), pair.a.now)});
        pair.a.alone(first);
        const auto before = pair.a.store->read_alias("m:" + number_of(i));
        REQUIRE(before);
        EraseJob erase("m:" + number_of(i));
        EventsJob event = job_of({usage("u-" + id, number_of(i), pair.b.now, megabyte)});
        pair.at_once(erase, event);
        CHECK(erase.found());
        const auto erased = pair.a.store->read_customer(*before);
        CHECK(erased->key.empty());
        const auto after = pair.a.store->read_alias("m:" + number_of(i));
        CHECK(after != before);  // nobody has the number, or somebody new
        for (const storage::MessageRow& row : pair.a.store->read_messages({*before, {}, {}, {}}, {})) {
            CHECK(row.to.empty());
            CHECK(row.text.empty());
        }
    }
}

TEST_CASE("of two instances that upload and publish at once each version is published once") {
    if (!testing::with_postgres()) return;
    Pair pair;
    const auto table = pair.a.around_->book->versions().front().table;
    UploadJob of_a({{"tariffs", Workshop::plain_tariffs}}, "ann", 1), of_b({{"tariffs", "x"}}, "bob", 1);
    pair.at_once(of_a, of_b);
    CHECK(of_a.version().number + of_b.version().number == 3);
    const int force = number_in_force(pair.a.store->read_versions(), pair.a.engine->now());
    PublishJob one(of_a.version().number, table, std::nullopt, {force, {}}, {"carl", "", std::nullopt}),
        other(of_a.version().number, table, std::nullopt, {force, {}}, {"eve", "", std::nullopt});
    pair.at_once(one, other);
    CHECK((one.refusal() == StepRefusal::none) != (other.refusal() == StepRefusal::none));
    auto steps = pair.b.store->read_audit(0, {});
    std::reverse(steps.begin(), steps.end());
    CHECK(steps.size() == 3);
    CHECK(audit_fault(steps, pair.b.store->read_versions(),
                      [&](int version) { return files_digest(pair.b.store->read_files(version)); }) == std::nullopt);
}

TEST_CASE("a thousand small jobs at two instances never lock each other out, and every sum is right") {
    if (!testing::with_postgres()) return;
    Pair pair;
    constexpr int customers = 20, jobs_each = 250;
    std::atomic<std::int64_t> events{0};
    std::atomic<int> failures{0};
    pair.a.engine->start();
    pair.b.engine->start();
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
        threads.emplace_back([&, thread] {
            std::minstd_rand random(static_cast<unsigned>(thread) + 7);
            Workshop& shop = thread % 2 ? pair.a : pair.b;
            for (int i = 0; i < jobs_each; ++i) {
                std::vector<intake::RoamingEvent> some;
                const int count = 1 + static_cast<int>(random() % 3);
                for (int n = 0; n < count; ++n) {
                    some.push_back(usage(std::to_string(thread) + "-" + std::to_string(i) + "-" + std::to_string(n),
                                         number_of(static_cast<int>(random() % customers)), shop.now, megabyte));
                    if (random() % 2) some.back().session = "s-" + std::to_string(random() % 4);
                }
                EventsJob job = job_of(some);
                try {
                    shop.engine->submit(job);
                    events += count;
                } catch (const std::exception& error) {
                    ++failures;
                    WARN(error.what());
                }
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    pair.a.engine->stop();
    pair.b.engine->stop();
    CHECK(failures == 0);
    const auto rows = pair.a.store->read_customers(0, 100);
    CHECK(rows.size() == customers);
    std::int64_t used = 0;
    std::size_t entries = 0;
    for (const storage::CustomerRow& row : rows) {
        const protection::CapCount count = storage::decode_state(row.state).counts.front();
        used += count.used + count.overrun;
        entries += check_chain(*pair.a.store, row);
    }
    CHECK(used == events * 3'000'000);
    CHECK(entries >= static_cast<std::size_t>(events));
}
