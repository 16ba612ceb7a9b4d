#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "service/engine/customer_jobs.h"
#include "service/engine/sms_job.h"
#include "tests/engine/workshop.h"

// What crosses the edge: messages to the app and to machines, receipts, replies, CAMARA's countryless news.
namespace roamguard::engine {
namespace {

using nlohmann::json;
using storage::MessageRow;
using storage::MessageState;

constexpr const char* traveller = "+447700900123";
constexpr std::int64_t megabyte = 1 << 20;
constexpr const char* dear_japan =
    "plan,destination,service,price,currency,unit,high_cost\n*,JP,data,3.00,GBP,MB,yes\n*,*,data,8.00,GBP,MB,no\n";

EventsJob job_of(const std::vector<intake::RoamingEvent>& events) {
    std::vector<intake::ReadEvent> read(events.begin(), events.end());
    return EventsJob(std::move(read));
}

/// A workshop whose platform is told, whose CAMARA server can be asked, and with a customer who has the app.
struct Edges : Workshop {
    explicit Edges(testing::Kind kind = testing::Kind::sqlite, const std::string& tariffs = dear_japan)
        : Workshop(kind, tariffs) {
        auto changed = std::make_shared<Surroundings>(*around_);
        changed->platform = {true, "roam.example.net"};
        changed->camara_asks = true;
        around_ = changed;
        open();
        ProfileJob put(ProfileJob::How::put,
                       {{*notifications::Msisdn::parse(traveller),
                         json{{"channels", {"app", "sms"}}, {"appAddress", "device-token"}, {"language", "en"}}}});
        together(put);
        REQUIRE_FALSE(put.results().front().refusal);
    }

    std::vector<MessageRow> messages(const std::string& channel) {
        auto rows = store->read_messages({{}, {}, {}, channel}, {});
        std::reverse(rows.begin(), rows.end());
        return rows;
    }
    MessageRow message(std::int64_t row) {
        storage::Wants wants;
        wants.messages = {row};
        storage::MessageRow found = store->gather(wants).messages.front();
        store->abandon();
        return found;
    }
    /// Claims what is due of a channel and reports that all of it ended so.
    std::size_t deliver(const std::string& channel, Delivery::How how, tariffs::Span wait = {}) {
        ClaimJob claim(store->due_messages(channel, now, 10), tariffs::seconds(60));
        together(claim);
        std::vector<engine::Delivery> done;
        for (const MessageRow& row : claim.claimed())
            done.push_back({how, row.row, row.attempts, wait, how == Delivery::How::sent ? "" : "refused"});
        DeliveryJob finish(std::move(done));
        together(finish);
        return claim.claimed().size();
    }
    void attach_in_japan(const std::string& id = "a-1") {
        EventsJob events = job_of({attach(id, traveller, now)});
        together(events);
        REQUIRE(events.results().front().data == protection::DataState::held);
    }
    SmsJob reply(const std::string& text, const std::string& id = {}) {
        SmsJob job({*notifications::Msisdn::parse(traveller), text, id, std::nullopt});
        together(job);
        return job;
    }
};

}  // namespace

TEST_CASE("a message with a data hold goes by SMS at once and to the app besides, and never a third time") {
    const testing::Kind kind = EACH_ENGINE();
    Edges edges(kind);
    edges.attach_in_japan();
    const auto sms = edges.messages("sms"), app = edges.messages("app");
    REQUIRE(sms.size() == 1);
    REQUIRE(app.size() == 1);
    CHECK(sms[0].kind == "confirm_destination");
    CHECK(app[0].text == sms[0].text);
    CHECK(app[0].to == "device-token");
    CHECK(app[0].beside == sms[0].id);
    CHECK(edges.deliver("app", Delivery::How::dead) == 1);
    CHECK(edges.messages("sms").size() == 1);
}

TEST_CASE("an app message that fails for good is followed by one SMS with the same words") {
    const testing::Kind kind = EACH_ENGINE();
    Edges edges(kind, "plan,destination,service,price,currency,unit,high_cost\n*,JP,data,3.00,GBP,MB,no\n");
    EventsJob events = job_of({attach("a-1", traveller, edges.now)});
    edges.together(events);
    REQUIRE(edges.messages("app").size() == 1);
    REQUIRE(edges.messages("sms").empty());
    CHECK(edges.deliver("app", Delivery::How::dead) == 1);
    const auto sms = edges.messages("sms");
    REQUIRE(sms.size() == 1);
    CHECK(sms[0].text == edges.messages("app")[0].text);
    CHECK(sms[0].to == traveller);
    CHECK(sms[0].state == MessageState::queued);
    CHECK(edges.messages("app")[0].state == MessageState::failed);
}

TEST_CASE("an app message nobody confirms in time is followed by an SMS, and a confirmed one is not") {
    const testing::Kind kind = EACH_ENGINE();
    for (const bool confirmed : {false, true}) {
        Edges edges(kind, "plan,destination,service,price,currency,unit,high_cost\n*,JP,data,3.00,GBP,MB,no\n");
        EventsJob events = job_of({attach("a-1", traveller, edges.now)});
        edges.together(events);
        CHECK(edges.deliver("app", Delivery::How::sent) == 1);
        const MessageRow app = edges.messages("app")[0];
        CHECK(app.state == MessageState::sent);
        if (confirmed) {
            ReceiptJob receipt(app.row, Receipt::delivered, "");
            edges.together(receipt);
        }
        edges.now = edges.now + tariffs::minutes(2);
        CHECK(edges.deliver("app", Delivery::How::sent) == 0);
        CHECK(edges.messages("sms").size() == (confirmed ? 0u : 1u));
        edges.now = edges.now + tariffs::minutes(20);
        CHECK(edges.deliver("app", Delivery::How::sent) == 0);
        CHECK(edges.messages("sms").size() == (confirmed ? 0u : 1u));
    }
}

TEST_CASE("the platform is told of a hold with the whole set, and its release supersedes what nobody could take") {
    const testing::Kind kind = EACH_ENGINE();
    Edges edges(kind);
    edges.attach_in_japan();
    auto told = edges.messages("platform");
    REQUIRE(told.size() == 1);
    const json held = json::parse(told[0].text);
    CHECK(held["type"] == "org.roamguard.data.held.v1");
    CHECK(held["id"] == told[0].id);
    CHECK(held["data"]["sequence"] == 1);
    CHECK(held["data"]["subscriber"]["msisdn"] == traveller);
    CHECK(held["data"]["services"] == json{"data"});
    CHECK(held["data"]["causes"] == json{"destination"});
    CHECK(held["data"]["holds"].size() == 1);
    CHECK(held["data"]["allow"] == json{"roam.example.net"});

    CHECK(edges.deliver("platform", Delivery::How::later, tariffs::minutes(5)) == 1);
    CHECK(edges.reply("1").outcome() == "confirmed");
    told = edges.messages("platform");
    REQUIRE(told.size() == 2);
    CHECK(told[0].state == MessageState::cancelled);
    CHECK(told[0].error == "superseded");
    const json released = json::parse(told[1].text);
    CHECK(released["type"] == "org.roamguard.data.released.v1");
    CHECK(released["data"]["sequence"] == 2);
    CHECK(released["data"]["holds"].empty());
    CHECK(released["data"]["causes"] == json{"destination"});
    CHECK(edges.deliver("platform", Delivery::How::sent) == 1);
    CHECK(edges.messages("platform")[1].state == MessageState::sent);
}

TEST_CASE("an event under way is not overtaken, and is not tried again once a newer one waits") {
    const testing::Kind kind = EACH_ENGINE();
    Edges edges(kind);
    edges.attach_in_japan();
    ClaimJob claim(edges.store->due_messages("platform", edges.now, 10), tariffs::seconds(60));
    edges.together(claim);
    REQUIRE(claim.claimed().size() == 1);
    CHECK(edges.reply("1").outcome() == "confirmed");
    CHECK(edges.store->due_messages("platform", edges.now, 10).empty());  // the release waits behind it
    const MessageRow under_way = claim.claimed().front();
    DeliveryJob later({{Delivery::How::later, under_way.row, 1, tariffs::seconds(1), "502"}});
    edges.together(later);
    CHECK(edges.message(under_way.row).state == MessageState::cancelled);
    CHECK(edges.deliver("platform", Delivery::How::sent) == 1);
}

TEST_CASE("erasing a held customer still releases the hold at the platform, and nothing personal stays") {
    const testing::Kind kind = EACH_ENGINE();
    Edges edges(kind);
    edges.attach_in_japan();
    CHECK(edges.deliver("platform", Delivery::How::sent) == 1);
    EraseJob erase(std::string("m:") + traveller);
    edges.together(erase);
    auto told = edges.messages("platform");
    REQUIRE(told.size() == 2);
    CHECK(told[0].text.empty());
    CHECK(json::parse(told[1].text)["type"] == "org.roamguard.data.released.v1");
    CHECK(edges.deliver("platform", Delivery::How::sent) == 1);
    told = edges.messages("platform");
    CHECK(told[1].state == MessageState::sent);
    CHECK(told[1].text.empty());
}

TEST_CASE("receipts move a message, whatever order they come in") {
    struct Case {
        std::vector<Receipt> receipts;
        MessageState end;
    };
    const Case cases[] = {
        {{Receipt::on_its_way}, MessageState::sent},
        {{Receipt::delivered}, MessageState::delivered},
        {{Receipt::on_its_way, Receipt::delivered, Receipt::delivered}, MessageState::delivered},
        {{Receipt::delivered, Receipt::on_its_way}, MessageState::delivered},
        {{Receipt::failed}, MessageState::failed},
        {{Receipt::failed, Receipt::delivered}, MessageState::delivered},
        {{Receipt::delivered, Receipt::failed}, MessageState::delivered},
        {{Receipt::expired}, MessageState::expired},
    };
    for (const bool answered_first : {true, false})
        for (const Case& one : cases) {
            Edges edges;
            edges.attach_in_japan();
            ClaimJob claim(edges.store->due_messages("sms", edges.now, 10), tariffs::seconds(60));
            edges.together(claim);
            REQUIRE(claim.claimed().size() == 1);
            const MessageRow row = claim.claimed().front();
            const auto answer = [&] {
                DeliveryJob sent({{Delivery::How::sent, row.row, 1, {}, {}}});
                edges.together(sent);
            };
            if (answered_first) answer();
            for (Receipt receipt : one.receipts) {
                ReceiptJob job(row.row, receipt, "the gateway reports it");
                edges.together(job);
            }
            if (!answered_first) answer();
            CHECK(edges.message(row.row).state == one.end);
            CHECK(edges.store->due_messages("sms", edges.now + tariffs::hours(1), 10).empty());
        }
}

TEST_CASE("an SMS the gateway delivers twice is one SMS") {
    const testing::Kind kind = EACH_ENGINE();
    Edges edges(kind);
    edges.attach_in_japan();
    const SmsJob first = edges.reply("1", "mo-1");
    CHECK(first.outcome() == "confirmed");
    const SmsJob second = edges.reply("1", "mo-1");
    CHECK(second.outcome() == "duplicate");
    CHECK(second.question() == first.question());
    REQUIRE(second.notifications().size() == first.notifications().size());
    CHECK(second.notifications().front().id == first.notifications().front().id);
}

TEST_CASE("a reply from a number nobody knows decides nothing, answers nothing and makes no customer") {
    const testing::Kind kind = EACH_ENGINE();
    Edges edges(kind);
    edges.attach_in_japan();
    SmsJob stranger({*notifications::Msisdn::parse("+447700900999"), "1", "mo-1", std::nullopt});
    edges.together(stranger);
    CHECK(stranger.outcome() == "unknown_number");
    CHECK(stranger.notifications().empty());
    CHECK_FALSE(edges.store->read_alias("m:+447700900999"));
}

TEST_CASE(
    "roaming-on without a country waits, is asked about, and becomes an unknown place only when nothing follows") {
    const testing::Kind kind = EACH_ENGINE();
    Edges edges(kind);
    intake::RoamingEvent on = event_of("c-1", intake::EventType::roaming_on, traveller, edges.now);
    on.plmn.reset();
    EventsJob events = job_of({on});
    edges.together(events);
    CHECK(events.results().front().outcomes == std::vector{protection::Outcome::noted});
    CHECK(events.results().front().data == protection::DataState::allowed);
    CHECK(edges.messages("sms").empty());
    const auto asked = edges.messages("camara");
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].to == traveller);
    CHECK(asked[0].expires == edges.now + tariffs::seconds(60));
    edges.now = edges.now + tariffs::seconds(59);
    edges.engine->step(edges.now);
    CHECK(edges.messages("sms").empty());
    edges.now = edges.now + tariffs::seconds(2);
    edges.engine->step(edges.now);
    const auto sms = edges.messages("sms");
    REQUIRE(sms.size() == 1);
    CHECK(sms[0].kind == "confirm_destination");
}

TEST_CASE("the country that follows roaming-on makes one welcome, in whichever order the two come") {
    const testing::Kind kind = EACH_ENGINE();
    for (const bool country_first : {true, false}) {
        Edges edges(kind, "plan,destination,service,price,currency,unit,high_cost\n*,JP,data,3.00,GBP,MB,no\n");
        intake::RoamingEvent on = event_of("c-1", intake::EventType::roaming_on, traveller, edges.now);
        on.plmn.reset();
        intake::RoamingEvent status = event_of("c-2", intake::EventType::attach, traveller, edges.now);
        status.plmn.reset();
        status.mcc = "440";
        status.countries = {*geoip::Country::parse("JP")};
        EventsJob first = job_of({country_first ? status : on}), second = job_of({country_first ? on : status});
        edges.together(first);
        edges.now = edges.now + tariffs::seconds(3);
        edges.together(second);
        edges.now = edges.now + tariffs::minutes(5);
        edges.engine->step(edges.now);
        CHECK(edges.messages("app").size() == 1);
        CHECK(edges.messages("app")[0].kind == "welcome");
    }
}

TEST_CASE("an event that names a CAMARA subscription alone finds the customer it was learnt for") {
    const testing::Kind kind = EACH_ENGINE();
    Edges edges(kind, "plan,destination,service,price,currency,unit,high_cost\n*,JP,data,3.00,GBP,MB,no\n");
    intake::RoamingEvent anonymous = event_of("c-1", intake::EventType::attach, traveller, edges.now);
    anonymous.subscriber = {};
    anonymous.subscriber.camara_subscription = "sub-1";
    EventsJob unknown = job_of({anonymous});
    edges.together(unknown);
    REQUIRE(unknown.results().front().refusal);
    CHECK(unknown.results().front().refusal->code == "unknown_subscription");
    CHECK(edges.store->read_rejected({}).size() == 1);

    CamaraSubscriptionJob put("sub-1", *notifications::Msisdn::parse(traveller));
    edges.together(put);
    EventsJob known = job_of({anonymous});
    edges.together(known);
    CHECK_FALSE(known.results().front().refusal);
    CHECK(edges.messages("app").size() == 1);

    EraseJob erase(std::string("m:") + traveller);
    edges.together(erase);
    CHECK_FALSE(edges.store->read_alias("k:sub-1"));
}

TEST_CASE("a receipt or a retry after the SMS that followed makes no second one") {
    Edges edges(testing::Kind::sqlite,
                "plan,destination,service,price,currency,unit,high_cost\n*,JP,data,3.00,GBP,MB,no\n");
    EventsJob events = job_of({attach("a-1", traveller, edges.now)});
    edges.together(events);
    CHECK(edges.deliver("app", Delivery::How::sent) == 1);
    const std::int64_t app = edges.messages("app")[0].row;
    edges.now = edges.now + tariffs::minutes(3);
    edges.engine->step(edges.now);
    REQUIRE(edges.messages("sms").size() == 1);
    ReceiptJob failed(app, Receipt::failed, "the gateway reports failed");
    edges.together(failed);
    CHECK(edges.message(app).state == MessageState::failed);
    RetryJob retry(app);
    edges.together(retry);
    CHECK(retry.refusal().empty());
    CHECK(edges.deliver("app", Delivery::How::dead) == 1);
    CHECK(edges.failed.empty());
    CHECK(edges.messages("sms").size() == 1);
}

TEST_CASE("a message that was being sent when its customer was erased stands in nobody's way after a restart") {
    Edges edges;
    edges.attach_in_japan();
    ClaimJob claim(edges.store->due_messages("sms", edges.now, 10), tariffs::seconds(60));
    edges.together(claim);
    REQUIRE(claim.claimed().size() == 1);
    EraseJob erase(std::string("m:") + traveller);
    edges.together(erase);
    edges.open();
    CHECK(edges.store->due_messages("sms", edges.now + tariffs::hours(1), 10).empty());
    CHECK(edges.store->overdue_messages(edges.now + tariffs::hours(1), 10).empty());
}

TEST_CASE("a number or a yes written before the question was asked is no answer to it, unless it has the code") {
    for (const bool with_code : {false, true}) {
        Edges edges;
        const Instant before = edges.now;
        edges.now = edges.now + tariffs::minutes(1);
        edges.attach_in_japan();
        const auto row = edges.store->read_customer(1);
        const std::string code = storage::decode_state(row->state).questions.front().code;
        SmsJob job({*notifications::Msisdn::parse(traveller), with_code ? "1 " + code : "1", "mo-1", before});
        edges.together(job);
        CHECK(job.outcome() == (with_code ? "confirmed" : "helped"));
    }
}

TEST_CASE("an SMS without an id is one SMS by the time the gateway had it") {
    Edges edges;
    edges.attach_in_japan();
    const Instant received = edges.now + tariffs::seconds(5);
    for (const char* outcome : {"confirmed", "duplicate"}) {
        SmsJob job({*notifications::Msisdn::parse(traveller), "1", "", received});
        edges.together(job);
        CHECK(job.outcome() == outcome);
    }
}

TEST_CASE("what was owed to a platform that is configured no more is cancelled, and later events go out again") {
    Edges edges;
    edges.attach_in_japan();
    CancelJob cancel(edges.store->due_messages("platform", {INT64_MAX}, 10), "the channel is not configured any more");
    edges.together(cancel);
    CHECK(edges.messages("platform")[0].state == MessageState::cancelled);
    CHECK(edges.reply("1").outcome() == "confirmed");
    CHECK(edges.deliver("platform", Delivery::How::sent) == 1);
}

TEST_CASE("a subscription that ended names nobody, and a customer keeps the newest 32") {
    Edges edges(testing::Kind::sqlite,
                "plan,destination,service,price,currency,unit,high_cost\n*,JP,data,3.00,GBP,MB,no\n");
    intake::RoamingEvent ended = event_of("c-1", intake::EventType::subscription, traveller, edges.now);
    ended.type_name = "org.camaraproject.device-roaming-status-subscriptions.v0.subscription-ended";
    ended.subscriber.camara_subscription = "sub-0";
    ended.plmn.reset();
    EventsJob events = job_of({ended});
    edges.together(events);
    CHECK_FALSE(edges.store->read_alias("k:sub-0"));
    for (int i = 1; i <= 33; ++i) {
        CamaraSubscriptionJob put("sub-" + std::to_string(i), *notifications::Msisdn::parse(traveller));
        edges.together(put);
    }
    CHECK_FALSE(edges.store->read_alias("k:sub-1"));
    CHECK(edges.store->read_alias("k:sub-2"));
    CHECK(edges.store->read_alias("k:sub-33"));
}

TEST_CASE("usage that names the known network settles a countryless roaming-on, and nothing is held for nowhere") {
    Edges edges;
    edges.attach_in_japan();
    edges.now = edges.now + tariffs::minutes(5);
    intake::RoamingEvent on = event_of("c-1", intake::EventType::roaming_on, traveller, edges.now);
    on.plmn.reset();
    EventsJob news = job_of({on});
    edges.together(news);
    EventsJob record = job_of({usage("u-1", traveller, edges.now + tariffs::seconds(30), megabyte)});
    edges.together(record);
    edges.now = edges.now + tariffs::minutes(2);
    edges.engine->step(edges.now);
    const auto row = edges.store->read_customer(1);
    const protection::CustomerState state = storage::decode_state(row->state);
    REQUIRE(state.holds.size() == 1);
    CHECK(state.holds[0].about == "JP");
    CHECK(state.place()->destination() == "JP");
}

}  // namespace roamguard::engine
