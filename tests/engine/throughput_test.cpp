#include <catch2/catch.hpp>

#include <chrono>
#include <iostream>

#include "service/storage/postgres_connection.h"
#include "tests/engine/workshop.h"

using namespace roamguard;
using namespace roamguard::engine;

// By hand only: test_engine "[.bench]" -s

TEST_CASE("events a second in batches of sixty-four customers", "[.bench]") {
    const testing::Kind kind = EACH_ENGINE();
    Workshop shop(kind);
    constexpr int customers = 4096, batch = 64, batches = 256;
    int next = 0;
    const auto run = [&](int count) {
        for (int i = 0; i < count; ++i) {
            std::vector<intake::ReadEvent> events;
            for (int n = 0; n < batch; ++n, ++next) {
                const int who = next % customers;
                events.emplace_back(
                    usage("u-" + std::to_string(next), "+99900" + std::to_string(100'000 + who), shop.now, 1 << 16));
                events.back()->session = "s-" + std::to_string(who);
            }
            EventsJob job(std::move(events));
            shop.alone(job);
        }
    };
    run(customers / batch);  // everybody is known
    const std::int64_t trips = storage::postgres::Connection::round_trips();
    const auto begin = std::chrono::steady_clock::now();
    run(batches);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    CHECK(shop.failed.empty());
    std::cout << Catch::StringMaker<testing::Kind>::convert(kind) << ": " << static_cast<int>(batches * batch / seconds)
              << " events/s, " << static_cast<double>(storage::postgres::Connection::round_trips() - trips) / batches
              << " round trips a batch\n";
}
