#include "tests/simulation/one_run.h"

#include <algorithm>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "service/engine/events_job.h"
#include "service/engine/evidence.h"
#include "service/engine/platform.h"

namespace roamguard::simulation {

using engine::EventsJob;

void Run::come_to_rest() {
    phones_.how = operator_.how = Gateway::up;
    for (int turn = 0; turn < 400; ++turn) {
        advance(30'000);
        timers(Trouble::none);
        send_again();
        compare();
        deliver(Trouble::none);
        const auto waits = [&](const char* channel) {
            return !store_->due_messages(channel, Instant{INT64_MAX}, 1).empty();
        };
        if (!waits("sms") && !waits("platform")) return;
    }
    throw Broken{"the outbox never empties"};
}

void Run::look_back() {
    for (const auto& [number, one] : sent_)
        require(one.acknowledged && one.applied, "event " + one.event.id + " was never taken");
    for (const auto& [number, one] : sent_)
        if (one.acknowledged) look_for(one);
    for (const char* channel : {"", "platform"}) {
        storage::MessageFilter filter;
        filter.channel = channel;
        for (const storage::MessageRow& row : store_->read_messages(filter, {0, 100'000}))
            look_at(row, row.channel == "platform" ? operator_ : phones_);
    }
    for (int customer = 0; customer < travellers; ++customer) {
        look_at_evidence(customer);
        look_at_platform(customer);
    }
    const storage::Coverage coverage = store_->read_coverage(Instant{0});
    require(coverage.unconfirmed.empty(), "something was opened that no recorded answer confirms");
}

void Run::look_for(const Sent& one) {
    EventsJob job({one.event});
    engine_->submit(job);
    require(job.results().front().outcomes.front() == protection::Outcome::duplicate,
            "event " + one.event.id + " was acknowledged and is not known any more");
}

void Run::look_at(const storage::MessageRow& row, const Beyond& beyond) {
    using State = storage::MessageState;
    require(row.state != State::queued, "message " + row.id + " still waits");
    const int arrivals = beyond.arrivals(row.row);
    const bool went = row.state == State::sent || row.state == State::delivered;
    require(!went || arrivals > 0 || beyond.lost(row.row), "message " + row.id + " is sent and never arrived");
    // Each attempt may arrive once; a second attempt only follows one whose end nobody recorded.
    require(arrivals <= row.attempts + beyond.excused(row.row),
            fmt::format("message {} arrived {} times in {} attempts", row.id, arrivals, row.attempts));
}

void Run::look_at_evidence(int customer) {
    const auto row = store_->read_customer(id_of(customer));
    const CustomerState state = storage::decode_state(row->state);
    auto entries = store_->read_evidence(row->id, state.last_entry, 100'000);
    std::reverse(entries.begin(), entries.end());
    const auto fault = engine::verify(entries, state, row->key);
    require(!fault, "the evidence does not verify: " + (fault ? fault->sentence : ""));
    std::set<std::string> told;
    for (const storage::EvidenceRow& entry : entries)
        if (entry.kind == "message" || entry.kind == "platform")
            told.insert(nlohmann::json::parse(*engine::open(entry, row->key))["id"].get<std::string>());
    for (const char* channel : {"", "platform"}) {
        storage::MessageFilter filter;
        filter.customer = row->id;
        filter.channel = channel;
        for (const storage::MessageRow& message : store_->read_messages(filter, {0, 100'000}))
            require(told.erase(message.id) == 1, "message " + message.id + " is not in the evidence");
    }
    require(told.empty(), told.empty() ? "" : "message " + *told.begin() + " is in the evidence and not in the outbox");
}

void Run::look_at_platform(int customer) {
    const CustomerState state = state_of(customer);
    nlohmann::json heard = nlohmann::json::array();
    std::int64_t sequence = 0;
    for (const notifications::Outgoing& one : operator_.arrived()) {
        const auto body = nlohmann::json::parse(one.text)["data"];
        if (body["subscriber"]["id"] != state.profile.id || body["sequence"].get<std::int64_t>() < sequence) continue;
        sequence = body["sequence"].get<std::int64_t>();
        heard = body["holds"];
    }
    nlohmann::json there = engine::holds_in_force(state);
    for (nlohmann::json* holds : {&heard, &there})
        for (nlohmann::json& hold : *holds)
            for (const char* answer : {"declined", "confirmation"})  // what is off is news, how it is asked is not
                hold.erase(answer);
    require(
        operator_.refused() || heard == there,
        fmt::format("traveller {}: the platform last heard {} and there is {}", customer, heard.dump(), there.dump()));
}

}  // namespace roamguard::simulation
