#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "service/storage/codec.h"
#include "tests/protection/random_world.h"

// Contract, section 6: what order can and cannot change.
namespace roamguard::protection::testing {
namespace {

using notifications::Kind;

/// What a sender and the customer could see of a decision.
std::string seen(const Decision& decision) {
    std::string text;
    for (Outcome outcome : decision.outcomes)
        text += std::string(word(outcome)) + " ";
    for (const Owed& owed : decision.owed)
        text += std::string(notifications::word(owed.facts.kind)) + "/" + owed.cap + "/" + std::to_string(owed.stage) +
                "/" + std::to_string(owed.threshold) + "/" + owed.question + "/" + owed.facts.code + " ";
    for (const HoldChange& change : decision.holds)
        text += (change.what == HoldChange::What::held ? "+" : "-") + change.about + " ";
    for (const std::string& reason : decision.reasons)
        text += reason + " ";
    return text + decision.place.destination() + " " +
           (decision.priced ? std::to_string(decision.priced->added.micros) : "");
}

}  // namespace

TEST_CASE("first law: the same arrival order decides the same, whatever was stored and read again in between") {
    rc::prop("every decision and the state after it", [] {
        const RandomWorld world = random_world();
        const std::vector<RandomEvent> events = random_events(world, 30);
        Life kept(world), stored(world);
        for (const RandomEvent& event : events) {
            const std::string first = seen(kept.live(event));
            stored.store_and_read();
            const std::string second = seen(stored.live(event));
            RC_ASSERT(first == second);
            RC_ASSERT(storage::encode(kept.state) == storage::encode(stored.state));
        }
    });
}

TEST_CASE("second law: any arrival order of usage that names its network spends the same per cap and period") {
    rc::prop("used and overrun together are the sum over segments of the higher of rated and charged, plus credits",
             [] {
                 const RandomWorld world = random_world();
                 const std::vector<RandomEvent> records = random_usage(world, 16);
                 const std::map<CapPeriod, std::int64_t> expected = spent_by_oracle(world, records);
                 Life life(world);
                 for (const RandomEvent& record : in_some_order(records))
                     life.live(record);
                 RC_ASSERT(life.spent() == expected);
             });
    rc::prop("in several currencies and tax bases too, but for the rounding of each step to a millionth", [] {
        const RandomWorld world = random_world("", Currencies::many);
        const std::vector<RandomEvent> records = random_usage(world, 16);
        std::map<CapPeriod, std::int64_t> expected = spent_by_oracle(world, records);
        Life life(world);
        for (const RandomEvent& record : in_some_order(records))
            life.live(record);
        std::map<CapPeriod, std::int64_t> got = life.spent();
        // Half a millionth of the dearest currency is a hundred of the cheapest; a record is converted at most thrice.
        const auto allowed = static_cast<std::int64_t>(records.size()) * 3 * 100;
        for (const auto& [period, sum] : expected)
            RC_ASSERT(std::abs(got[period] - sum) <= allowed);
        for (const auto& [period, sum] : got)
            RC_ASSERT(std::abs(expected[period] - sum) <= allowed);
    });
    rc::prop("a trip's sum too, where no return home parts it", [] {
        const RandomWorld world = random_world("trip");
        const std::vector<RandomEvent> records = random_usage(world, 10);
        Life in_order(world), life(world);
        for (const RandomEvent& record : sorted_by_time(records))
            in_order.live(record);
        for (const RandomEvent& record : in_some_order(records))
            life.live(record);
        std::int64_t expected = 0, got = 0;
        for (const auto& [period, sum] : in_order.spent())
            expected += sum;
        for (const auto& [period, sum] : life.spent())
            got += sum;
        RC_ASSERT(got == expected);
        RC_ASSERT(in_order.state.counts.size() <= 1u);
        RC_ASSERT(life.state.counts.size() == in_order.state.counts.size());
    });
}

TEST_CASE("third law: marks only rise, and each rise owes one message for the new mark") {
    rc::prop("messages per cap, stage and period ascend, at most one per threshold, the last equal to the final mark",
             [] {
                 const RandomWorld world = random_world();
                 Life life(world);
                 using Stage = std::tuple<std::string, std::int64_t, int>;
                 std::map<Stage, std::vector<int>> told;
                 std::map<Stage, int> opened_at, mark;
                 for (const RandomEvent& event : random_usage_and_consent(world, 40)) {
                     const Decision decision = life.live(event);
                     for (const Owed& owed : decision.owed) {
                         const Kind kind = owed.facts.kind;
                         if (kind == Kind::threshold || kind == Kind::cap_reached || kind == Kind::confirm_cap)
                             told[{owed.cap, owed.period_start.ms, owed.stage}].push_back(owed.threshold);
                         if (kind == Kind::cap_reached)
                             mark[{owed.cap, owed.period_start.ms, owed.stage}] = owed.threshold;
                     }
                     for (const CapCount& count : life.state.counts) {
                         const Stage stage{count.cap, count.start.ms, count.stage};
                         if (opened_at.emplace(stage, event.kind == RandomEvent::Kind::answer ? count.mark : 0).second)
                             mark[stage] = 0;
                         RC_ASSERT(count.mark >= mark[stage]);
                         mark[stage] = count.mark;
                     }
                 }
                 for (const auto& [stage, thresholds] : told) {
                     RC_ASSERT(std::is_sorted(thresholds.begin(), thresholds.end()));
                     RC_ASSERT(std::set<int>(thresholds.begin(), thresholds.end()).size() == thresholds.size());
                     if (mark.count(stage) != 0) RC_ASSERT(thresholds.back() == mark.at(stage));
                 }
                 for (const auto& [stage, last] : mark)
                     if (last > opened_at[stage]) RC_ASSERT(told.count(stage) == 1);
             });
}

TEST_CASE("fourth law: the final place is the latest by event time, and one welcome a country and repeat window") {
    rc::prop("in any arrival order of attaches and usage", [] {
        const RandomWorld world = random_world();
        const std::vector<RandomEvent> events = random_places(world, 20);
        Life life(world);
        std::map<std::string, std::vector<tariffs::Instant>> welcomes;
        for (const RandomEvent& event : in_some_order(events))
            for (const Owed& owed : life.live(event).owed)
                if (owed.facts.kind == Kind::welcome || owed.facts.kind == Kind::confirm_destination)
                    welcomes[life.destination_of(event)].push_back(event.at);
        if (!events.empty()) {
            const RandomEvent last = sorted_by_time(events).back();
            RC_ASSERT(life.state.place() != nullptr);
            RC_ASSERT(life.state.place()->destination() == life.destination_of(last));
        }
        for (auto& [country, times] : welcomes) {
            std::sort(times.begin(), times.end());
            for (std::size_t i = 1; i < times.size(); ++i)
                RC_ASSERT(times[i] - times[i - 1] >= tariffs::hours(24));
        }
    });
}

}  // namespace roamguard::protection::testing
