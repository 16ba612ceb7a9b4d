#include <catch2/catch.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "service/engine/customer_jobs.h"
#include "service/engine/evidence.h"
#include "service/engine/outbox.h"
#include "tests/engine/workshop.h"

using namespace roamguard;
using namespace roamguard::engine;
using protection::Outcome;

namespace {

constexpr const char* traveller = "+447700900011";
constexpr std::int64_t megabyte = 1 << 20;

EventsJob job_of(std::vector<intake::RoamingEvent> events) {
    std::vector<intake::ReadEvent> read;
    for (intake::RoamingEvent& event : events)
        read.emplace_back(std::move(event));
    return EventsJob(std::move(read));
}

std::vector<Outcome> outcomes_of(const EventsJob& job) {
    std::vector<Outcome> all;
    for (const EventResult& result : job.results())
        all.push_back(result.outcomes.front());
    return all;
}

/// A request with a fault of its own.
class Culprit final : public Job {
public:
    void run(Turn&) override { throw std::logic_error("a fault of this request"); }
};

std::vector<storage::EvidenceRow> chain(Workshop& shop, const protection::CustomerState& state,
                                        storage::CustomerId customer = 1) {
    auto entries = shop.store->read_evidence(customer, state.last_entry, 1000);
    std::reverse(entries.begin(), entries.end());
    return entries;
}

}  // namespace

TEST_CASE("one batch with a redelivery inside it takes the event once and repeats its ids") {
    Workshop shop(EACH_ENGINE());
    EventsJob first = job_of({attach("a-1", traveller, shop.now), attach("a-1", traveller, shop.now)});
    EventsJob second = job_of({attach("a-1", traveller, shop.now)});
    shop.together(first, second);
    CHECK(outcomes_of(first) == std::vector{Outcome::welcomed, Outcome::duplicate});
    CHECK(outcomes_of(second) == std::vector{Outcome::duplicate});
    CHECK(second.results().front().notifications.front().id == first.results().front().notifications.front().id);
    CHECK(shop.store->read_messages({}, {}).size() == 1);
}

TEST_CASE("the same id with other content is refused and listed, and changes nothing") {
    Workshop shop(EACH_ENGINE());
    EventsJob first = job_of({usage("u-1", traveller, shop.now, megabyte)});
    shop.together(first);
    intake::RoamingEvent other = usage("u-1", traveller, shop.now, 2 * megabyte);
    other.content.fill(1);
    EventsJob second = job_of({other});
    shop.together(second);
    REQUIRE(second.results().front().refusal);
    CHECK(second.results().front().refusal->status == 409);
    CHECK(second.results().front().refusal->code == "id_reused");
    CHECK(shop.store->read_rejected({}).front().event_id == "u-1");
    EventsJob third = job_of({usage("u-2", traveller, shop.now, 0)});
    shop.together(third);
    CHECK(third.results().front().caps.front().used == 3'000'000);
}

TEST_CASE("only the culprit of a batch fails, the others are done") {
    Workshop shop(EACH_ENGINE());
    EventsJob before = job_of({attach("a-1", traveller, shop.now)});
    Culprit culprit;
    EventsJob after = job_of({usage("u-1", traveller, shop.now, megabyte)});
    shop.together(before, culprit, after);
    CHECK(shop.failed == std::vector<std::string>{"a fault of this request"});
    CHECK(outcomes_of(before) == std::vector{Outcome::welcomed});
    CHECK(outcomes_of(after) == std::vector{Outcome::counted});
    CHECK(shop.store->read_messages({}, {}).size() == 1);
}

TEST_CASE("a crash after the commit and before the answer leaves nothing to lose") {
    // (a) the commit succeeds, (b) the process dies before the answer, (c) the platform sends again.
    Workshop shop(EACH_ENGINE());
    EventsJob first = job_of({attach("a-1", traveller, shop.now), usage("u-1", traveller, shop.now, 10 * megabyte)});
    shop.together(first);
    shop.open();
    EventsJob again = job_of({attach("a-1", traveller, shop.now), usage("u-1", traveller, shop.now, 10 * megabyte)});
    shop.together(again);
    CHECK(outcomes_of(again) == std::vector{Outcome::duplicate, Outcome::duplicate});
    CHECK(again.results()[1].caps.front().used == 30'000'000);
    CHECK(again.results()[0].notifications.size() == 1);
}

TEST_CASE("the same events in one batch or one by one end in the same state, messages and evidence") {
    auto story = [](Workshop& shop) {
        std::vector<intake::RoamingEvent> events{attach("a-1", traveller, shop.now)};
        for (int i = 0; i < 20; ++i) {
            events.push_back(usage("u-" + std::to_string(i), traveller, shop.now, megabyte));
            events.back().session = i % 2 ? "s-1" : "s-2";
        }
        return events;
    };
    Workshop whole, single;
    EventsJob all = job_of(story(whole));
    whole.together(all);
    for (intake::RoamingEvent& event : story(single)) {
        EventsJob one = job_of({event});
        single.together(one);
        single.open();
    }
    const auto a = whole.store->read_customer(1), b = single.store->read_customer(1);
    REQUIRE(a);
    REQUIRE(b);
    CHECK(a->state == b->state);
    const auto texts = [](Workshop& shop) {
        std::vector<std::string> all_of;
        for (const storage::MessageRow& row : shop.store->read_messages({}, {}))
            all_of.push_back(row.id + " " + row.kind + " " + row.text);
        return all_of;
    };
    CHECK(texts(whole) == texts(single));
    CHECK(texts(whole).size() == 4);  // the welcome, 50 %, 80 % and the question at GBP 50 (17 MB at 3.00)
}

TEST_CASE("the evidence chain is whole, and each planted change to it is found") {
    Workshop shop(EACH_ENGINE());
    EventsJob events = job_of({attach("a-1", traveller, shop.now), usage("u-1", traveller, shop.now, megabyte)});
    shop.together(events);
    const auto row = shop.store->read_customer(1);
    const protection::CustomerState state = storage::decode_state(row->state);
    const auto entries = chain(shop, state);
    REQUIRE(entries.size() == 3);  // attach, its welcome, usage
    CHECK_FALSE(verify(entries, state, row->key));
    const auto text = engine::open(entries[0], row->key);
    REQUIRE(text);
    CHECK(nlohmann::json::parse(*text)["event"]["id"] == "a-1");

    auto altered = entries;
    altered[1].body[3] = static_cast<char>(altered[1].body[3] ^ 1);
    CHECK(verify(altered, state, row->key)->sentence ==
          "entry 2 does not match its hash: it or one before it was altered");
    auto shortened = entries;
    shortened.pop_back();
    CHECK(verify(shortened, state, row->key)->sentence == "the chain has 2 entries, the customer's head says 3");
    auto swapped = entries;
    std::swap(swapped[0], swapped[1]);
    CHECK(verify(swapped, state, row->key)->sentence == "entry 1 is missing");
    auto redated = entries;
    redated[2].at.ms += 1;
    CHECK(verify(redated, state, row->key)->sentence ==
          "entry 3 does not match its hash: it or one before it was altered");
}

TEST_CASE("erasure destroys the key and leaves the chain verifiable and the number free") {
    Workshop shop(EACH_ENGINE());
    EventsJob events = job_of({attach("a-1", traveller, shop.now)});
    shop.together(events);
    EraseJob erase(std::string("m:") + traveller);
    shop.together(erase);
    REQUIRE(erase.found());
    const auto row = shop.store->read_customer(1);
    CHECK(row->key.empty());
    const protection::CustomerState state = storage::decode_state(row->state);
    CHECK(state.profile.msisdn.none());
    const auto entries = chain(shop, state);
    CHECK_FALSE(verify(entries, state, row->key));
    CHECK_FALSE(engine::open(entries.front(), row->key));
    CHECK(shop.store->read_messages({}, {}).front().text.empty());
    EventsJob newcomer = job_of({attach("a-2", traveller, shop.now)});
    shop.together(newcomer);
    CHECK(shop.store->read_alias(std::string("m:") + traveller) == std::optional<storage::CustomerId>(2));
}

TEST_CASE(
    "a message claimed by a dispatcher that died is sent by the next one, and the late result of the first is void") {
    Workshop shop(EACH_ENGINE());
    EventsJob events = job_of({attach("a-1", traveller, shop.now)});
    shop.together(events);
    ClaimJob first(shop.store->due_messages("sms", shop.now, 10), tariffs::seconds(60));
    shop.together(first);
    REQUIRE(first.claimed().size() == 1);
    CHECK(shop.store->due_messages("sms", shop.now, 10).empty());
    shop.now = shop.now + tariffs::seconds(61);
    ClaimJob second(shop.store->due_messages("sms", shop.now, 10), tariffs::seconds(60));
    shop.together(second);
    REQUIRE(second.claimed().size() == 1);
    CHECK(second.claimed().front().attempts == 2);
    DeliveryJob late({{Delivery::How::dead, first.claimed().front().row, 1, {}, "late"}});
    DeliveryJob good({{Delivery::How::sent, second.claimed().front().row, 2, {}, {}}});
    shop.together(late, good);
    CHECK(shop.store->read_messages({}, {}).front().state == storage::MessageState::sent);
}

TEST_CASE("of one customer and channel only the first message is due, and finishing it makes the next one due") {
    Workshop shop(EACH_ENGINE());
    EventsJob events = job_of({attach("a-1", traveller, shop.now), usage("u-1", traveller, shop.now, 9 * megabyte)});
    shop.together(events);
    REQUIRE(shop.store->read_messages({}, {}).size() == 2);  // welcome, 50 %
    CHECK(shop.store->due_messages("sms", shop.now, 10) == std::vector<std::int64_t>{1});
    ClaimJob claim({1, 2}, tariffs::seconds(60));
    shop.together(claim);
    REQUIRE(claim.claimed().size() == 1);
    DeliveryJob done({{Delivery::How::delivered, 1, 1, {}, {}}});
    shop.together(done);
    CHECK(shop.store->due_messages("sms", shop.now, 10) == std::vector<std::int64_t>{2});
}

TEST_CASE("a message past its expiry ends as expired and is never handed out") {
    Workshop shop(EACH_ENGINE());
    EventsJob events = job_of({attach("a-1", traveller, shop.now)});
    shop.together(events);
    shop.now = shop.now + tariffs::hours(13);
    ClaimJob claim(shop.store->due_messages("sms", shop.now, 10), tariffs::seconds(60));
    shop.together(claim);
    CHECK(claim.claimed().empty());
    CHECK(shop.store->read_messages({}, {}).front().state == storage::MessageState::expired);
}

TEST_CASE("the dispatcher tries again later and at last gives a message up as dead, which operations can retry") {
    Workshop shop(EACH_ENGINE());
    EventsJob events = job_of({attach("a-1", traveller, shop.now)});
    shop.together(events);
    DeliveryJob later({{Delivery::How::later, 1, 1, tariffs::seconds(2), "the gateway is down"}});
    ClaimJob claim({1}, tariffs::seconds(60));
    shop.together(claim);
    shop.together(later);
    CHECK(shop.store->due_messages("sms", shop.now, 10).empty());
    shop.now = shop.now + tariffs::seconds(2);
    ClaimJob again({1}, tariffs::seconds(60));
    shop.together(again);
    DeliveryJob dead({{Delivery::How::dead, 1, 2, {}, "refused for good"}});
    shop.together(dead);
    CHECK(shop.store->read_messages({}, {}).front().state == storage::MessageState::failed);
    RetryJob retry(1);
    shop.together(retry);
    CHECK(retry.refusal().empty());
    CHECK(shop.store->due_messages("sms", shop.now, 10) == std::vector<std::int64_t>{1});
}

TEST_CASE("a customer with no number is protected, and the message fails for want of an address") {
    Workshop shop(EACH_ENGINE());
    intake::RoamingEvent event = attach("a-1", traveller, shop.now);
    event.subscriber = {};
    event.subscriber.imsi = "234150000000123";
    EventsJob events = job_of({event});
    shop.together(events);
    const auto message = shop.store->read_messages({}, {}).front();
    CHECK(message.state == storage::MessageState::failed);
    CHECK(message.error == "no_address");
    CHECK(shop.store->read_alias("c:imsi:234150000000123"));
}

TEST_CASE("too much at once is refused, and nothing of it is done") {
    Workshop shop;
    shop.engine = std::make_unique<Engine>(
        *shop.store, shop.around_, Options{10, 512}, [](std::uint8_t*, std::size_t) {}, [&] { return shop.now; });
    std::vector<intake::RoamingEvent> many;
    for (int i = 0; i < 8; ++i)
        many.push_back(attach("a-" + std::to_string(i), traveller, shop.now));
    EventsJob first = job_of(many), second = job_of(many);
    std::thread waits([&] { shop.engine->submit(first); });
    while (shop.engine->queued() == 0)
        std::this_thread::yield();
    CHECK_THROWS_AS(shop.engine->submit(second), Overloaded);
    shop.engine->step(shop.now);
    waits.join();
    CHECK(first.results().size() == 8);
    CHECK(second.results().empty());
}

TEST_CASE("an erasure in one batch with an event of the same customer leaves nothing of it") {
    Workshop shop(EACH_ENGINE());
    EventsJob first = job_of({attach("a-1", traveller, shop.now)});
    shop.together(first);
    intake::RoamingEvent record = usage("u-1", traveller, shop.now, 9 * megabyte);
    record.session = "s-1";
    EventsJob second = job_of({record});
    EraseJob erase(std::string("m:") + traveller);
    shop.together(second, erase);
    for (const storage::MessageRow& row : shop.store->read_messages({}, {})) {
        CHECK(row.text.empty());
        CHECK(row.to.empty());
        CHECK(row.state == storage::MessageState::cancelled);
    }
    CHECK(shop.store->due_messages("sms", shop.now + tariffs::hours(1), 10).empty());
    storage::Wants wants;
    wants.customer_sessions = {{1, session_number("s-1")}};
    CHECK(shop.store->gather(wants).sessions.empty());
    shop.store->abandon();
}

TEST_CASE("an id that was forgotten may come again as another event") {
    Workshop shop(EACH_ENGINE());
    EventsJob first = job_of({attach("a-1", traveller, shop.now)});
    shop.together(first);
    storage::Retention everything;
    everything.seen_before = shop.now + tariffs::days(1);
    CHECK(shop.store->retain(everything) == 1);
    shop.now = shop.now + tariffs::days(40);
    EventsJob again = job_of({attach("a-1", traveller, shop.now)});
    shop.together(again);
    CHECK(shop.failed.empty());
    CHECK(outcomes_of(again) == std::vector{Outcome::welcomed});
}

TEST_CASE("a profile that leaves the IMSI out keeps the one learnt from events") {
    Workshop shop(EACH_ENGINE());
    intake::RoamingEvent event = attach("a-1", traveller, shop.now);
    event.subscriber.imsi = "234150000000123";
    EventsJob events = job_of({event});
    shop.together(events);
    ProfileJob put(ProfileJob::How::put, {{*notifications::Msisdn::parse(traveller), {{"homeCountry", "GB"}}}});
    shop.together(put);
    CHECK_FALSE(put.results().front().refusal);
    CHECK(shop.store->read_alias("i:234150000000123") == std::optional<storage::CustomerId>(1));
}
