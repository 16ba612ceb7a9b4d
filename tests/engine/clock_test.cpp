#include <catch2/catch.hpp>

#include "service/engine/clock_leaps.h"
#include "tests/engine/workshop.h"

using namespace roamguard;
using namespace roamguard::engine;
using std::chrono::hours;
using std::chrono::minutes;

TEST_CASE("the engine's clock hides a small step back and follows one that was put right") {
    Workshop shop;
    const tariffs::Instant right = shop.now;
    CHECK(shop.engine->now() == right);
    shop.now = right + tariffs::hours(24 * 3650);
    CHECK(shop.engine->now() == shop.now);
    shop.now = shop.now - tariffs::seconds(2);
    CHECK(shop.engine->now() == right + tariffs::hours(24 * 3650));
    shop.now = right + tariffs::seconds(1);
    CHECK(shop.engine->now() == shop.now);
}

TEST_CASE("nothing is deleted by a clock that has just leapt ahead") {
    const ClockLeaps::Steady began{};
    const tariffs::Instant wall{1'790'000'000'000};
    ClockLeaps leaps;
    CHECK(leaps.calm(wall, began));
    CHECK(leaps.calm(wall + tariffs::seconds(60), began + minutes(1)));
    const tariffs::Instant wrong = wall + tariffs::hours(24 * 40);
    CHECK_FALSE(leaps.calm(wrong, began + minutes(2)));
    CHECK_FALSE(leaps.calm(wrong + tariffs::hours(23), began + hours(23)));
    SECTION("but by one that has gone on from there for a day") {
        CHECK(leaps.calm(wrong + tariffs::hours(25), began + hours(25)));
    }
    SECTION("but by one that was put right, at once") {
        CHECK(leaps.calm(wall + tariffs::hours(23), began + hours(23)));
    }
    SECTION("nor by a second leap") { CHECK_FALSE(leaps.calm(wrong + tariffs::hours(24 * 40), began + hours(25))); }
}
