#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/simulation/run.h"

using namespace roamguard;
using namespace roamguard::simulation;
using testing::Kind;

// Three travellers, one service, everything that can go wrong, and a model written from the contract alone. One seed is
// one run, to the last byte. SIMULATION_SEED=17 tells of seed 17 alone; SIMULATION_SEEDS=1000000 runs a million.

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* given = std::getenv(variable);
    return given ? std::strtoull(given, nullptr, 10) : otherwise;
}

struct Found {
    std::uint64_t seed = 0;
    std::string what;
};

/// The lowest seed from `first` on that breaks a promise, of `count`; a real engine waits most of the time.
std::optional<Found> first_broken(std::uint64_t first, std::uint64_t count, Kind kind, Plant plant = Plant::none) {
    std::atomic<std::uint64_t> next{first};
    std::mutex mutex;
    std::optional<Found> found;
    const auto look = [&] {
        for (std::uint64_t seed = next++; seed < first + count; seed = next++) {
            auto what = broken_by(script_of(seed), kind, plant);
            if (!what) continue;
            const std::lock_guard lock(mutex);
            if (!found || seed < found->seed) found = Found{seed, std::move(*what)};
            next = first + count;
        }
    };
    std::vector<std::thread> threads;
    const int at_once = kind == Kind::memory ? 2 : 4;
    for (int i = 0; i < at_once; ++i)
        threads.emplace_back(look);
    for (std::thread& thread : threads)
        thread.join();
    return found;
}

/// What a person needs to see what went wrong: the shortest story that still does.
std::string report(const Found& found, Kind kind) {
    const Script script = shrunk(script_of(found.seed), kind);
    return "seed " + std::to_string(found.seed) + " breaks a promise " + found.what + "\n" + story_of(script) +
           "Broken " + broken_by(script, kind).value_or("no more");
}

void hold_all(Kind kind, std::uint64_t count) {
    const std::uint64_t only = number_from("SIMULATION_SEED", 0);
    if (const auto found = first_broken(only ? only : 1, only ? 1 : count, kind)) FAIL(report(*found, kind));
    SUCCEED();
}

}  // namespace

TEST_CASE("whatever fails, every promise holds, for ten thousand seeds") {
    hold_all(Kind::memory, number_from("SIMULATION_SEEDS", 10'000));
}

TEST_CASE("the same holds on the real engines, for hundreds of seeds") {
    const Kind kind = EACH_ENGINE();
    const std::uint64_t seeds = number_from("SIMULATION_ENGINE_SEEDS", 200);
    hold_all(kind, seeds);
}

TEST_CASE("each planted fault is found") {
    const Plant plant = GENERATE(from_range(std::begin(plants), std::end(plants)));
    INFO(word(plant));
    CHECK(first_broken(1, 500, Kind::memory, plant));
}
