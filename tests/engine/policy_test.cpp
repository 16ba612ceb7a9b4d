#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "service/engine/customer_jobs.h"
#include "service/engine/policy_jobs.h"
#include "tests/engine/workshop.h"

using namespace roamguard;
using namespace roamguard::engine;
using nlohmann::json;
using storage::MessageState;

namespace {

const notifications::Msisdn traveller = *notifications::Msisdn::parse("+447700900017");
constexpr const char* home_address = "http://pcf.test:8080/sl";
constexpr std::int64_t megabyte = 1 << 20;  // 3.00 in JP, so a cap of 30.00 is ten of them

json cap(const std::string& id, const json& more = json::object()) {
    json one = {{"id", id},          {"services", {"data"}}, {"amount", "30.00"},
                {"currency", "GBP"}, {"tax", "incl"},        {"period", "month"},
                {"atLimit", "hold"}, {"extension", "10.00"}, {"thresholds", {80, 100}}};
    one.update(more);
    return one;
}

/// A workshop with one customer, and what a policy function would do and see.
class PolicyShop : public Workshop {
public:
    explicit PolicyShop(json caps = json::array({cap("monthly")})) { profile(std::move(caps)); }

    void profile(json caps) {
        ProfileJob job(ProfileJob::How::put, {{traveller,
                                               {{"id", "c-17"},
                                                {"imsi", "234150000000017"},
                                                {"homeCountry", "GB"},
                                                {"timeZone", "UTC"},
                                                {"caps", std::move(caps)}}}});
        together(job);
        REQUIRE_FALSE(job.results().front().refusal);
    }

    static PolicyRequest request() {
        PolicyRequest request;
        request.supi = "imsi-234150000000017";
        request.notif_uri = home_address;
        request.notif_id = "corr-1";
        return request;
    }

    std::string subscribe(PolicyRequest request = PolicyShop::request()) {
        PolicySubscribeJob job(std::move(request));
        together(job);
        REQUIRE_FALSE(job.result().refusal);
        return job.result().subscription;
    }

    void use(std::int64_t megabytes) {
        std::vector<intake::ReadEvent> read;
        read.emplace_back(usage("u-" + std::to_string(++events_), traveller.e164(), now, megabytes * megabyte));
        EventsJob job(std::move(read));
        together(job);
        REQUIRE_FALSE(job.results().front().refusal);
    }

    void arrive(const char* mcc, const char* mnc) {
        intake::RoamingEvent event = attach("a-" + std::to_string(++events_), traveller.e164(), now);
        event.plmn = geoip::Plmn::parse(mcc, mnc);
        std::vector<intake::ReadEvent> read;
        read.emplace_back(std::move(event));
        EventsJob job(std::move(read));
        together(job);
    }

    void answer(const std::string& choice) {
        protection::Answer answer;
        for (const protection::Question& question : state().questions)
            if (question.state == protection::QuestionState::pending) answer.question = question.id;
        answer.choice = choice;
        answer.by = "care";
        AnswerJob job(1, answer);
        together(job);
        REQUIRE(job.result() == protection::AnswerResult::accepted);
    }

    protection::CustomerState state() { return storage::decode_state(store->read_customer(1)->state); }

    /// The rows for policy functions, oldest first.
    std::vector<storage::MessageRow> rows() {
        storage::MessageFilter filter;
        filter.channel = "nchf";
        storage::Page page;
        page.limit = 500;
        auto all = store->read_messages(filter, page);
        std::reverse(all.begin(), all.end());
        return all;
    }

    /// What the rows say of a counter, oldest first; those of superseded rows in brackets.
    std::vector<std::string> told(const std::string& counter = "monthly") {
        std::vector<std::string> words;
        for (const storage::MessageRow& row : rows()) {
            if (row.kind != "policy_status") continue;
            const json infos = json::parse(row.text)["statusInfos"];
            const std::string word = infos.contains(counter) ? infos[counter].value("currentStatus", "") : "-";
            words.push_back(row.state == MessageState::cancelled ? "(" + word + ")" : word);
        }
        return words;
    }

    /// Takes what is due and says how it went.
    void deliver(Delivery::How how) {
        ClaimJob claim(store->due_messages("nchf", now, 100), tariffs::seconds(30));
        together(claim);
        std::vector<Delivery> results;
        for (const storage::MessageRow& row : claim.claimed())
            results.push_back({how, row.row, row.attempts, tariffs::seconds(5), ""});
        DeliveryJob done(std::move(results));
        together(done);
    }

private:
    int events_ = 0;
};

std::string status_of(const json& status, const std::string& counter) {
    return status["statusInfos"][counter].value("currentStatus", "");
}

}  // namespace

TEST_CASE("status words are read, or refused with a sentence that names the option") {
    const auto words = StatusWords::parse(" 0 = ok , 50=half gone,100=full, held=stopped");
    REQUIRE(words);
    CHECK(words->at(-1) == "ok");
    CHECK(words->at(0) == "ok");
    CHECK(words->at(49) == "ok");
    CHECK(words->at(50) == "half gone");
    CHECK(words->at(99) == "half gone");
    CHECK(words->at(100) == "full");
    CHECK(words->at(100000) == "full");
    CHECK(words->held == "stopped");

    const std::string rest = "; write it like 0=active,80=warning,held=exhausted";
    const std::pair<const char*, const char*> refused[] = {
        {"", "'' is neither PERCENT=WORD nor held=WORD"},
        {"0=a", "the word of held is missing"},
        {"held=x", "the word of 0 is missing"},
        {"80=w,held=x", "the first percent must be 0, which says what a counter is called before any use"},
        {"0=a,80=w,80=v,held=x", "percents must ascend, and 80 follows 80"},
        {"0=a,80=w,50=v,held=x", "percents must ascend, and 50 follows 80"},
        {"0=a,8O=w,held=x", "'8O' is neither a whole percent from 0 to 1000 nor held"},
        {"0=a,1001=w,held=x", "'1001' is neither a whole percent from 0 to 1000 nor held"},
        {"0=a,-1=w,held=x", "'-1' is neither a whole percent from 0 to 1000 nor held"},
        {"0=a,held=x,held=y", "held is given twice"},
        {"0=a,,held=x", "'' is neither PERCENT=WORD nor held=WORD"},
        {"0=,held=x", "the word of '0' must be 1 to 64 printable ASCII characters without = and quotes"},
        {"0=a=b,held=x", "the word of '0' must be 1 to 64 printable ASCII characters without = and quotes"},
    };
    for (const auto& [text, why] : refused) {
        const auto read = StatusWords::parse(text);
        INFO(text);
        REQUIRE_FALSE(read);
        CHECK(read.error() == "nchf.statuses: " + std::string(why) + rest);
    }
}

TEST_CASE("the default status words are the documented ones") {
    const auto written = StatusWords::parse("0=active,80=warning,held=exhausted");
    REQUIRE(written);
    CHECK(written->from_percent == StatusWords{}.from_percent);
    CHECK(written->held == StatusWords{}.held);
}

TEST_CASE("a subscription answers with the status at once and is found by every name of the customer") {
    PolicyShop shop;
    shop.use(8);
    for (const auto& [supi, gpsi] : std::vector<std::pair<std::string, std::string>>{{"imsi-234150000000017", ""},
                                                                                     {"", "msisdn-447700900017"},
                                                                                     {"", "extid-c-17"},
                                                                                     {"nai-a@b.test", "extid-c-17"}}) {
        INFO(supi << " " << gpsi);
        PolicyRequest request = PolicyShop::request();
        request.supi = supi;
        request.gpsi = gpsi;
        PolicySubscribeJob job(request);
        shop.together(job);
        REQUIRE_FALSE(job.result().refusal);
        CHECK(job.result().status["supi"] == (supi.empty() ? "imsi-234150000000017" : supi));
        CHECK(job.result().status["notifId"] == "corr-1");
        CHECK(job.result().status["statusInfos"] ==
              json{{"monthly", {{"policyCounterId", "monthly"}, {"currentStatus", "warning"}}}});
        CHECK(job.result().subscription.size() == 32);
        CHECK(shop.store->read_alias(alias_of_policy(job.result().subscription)) == 1);
    }
    CHECK(shop.state().policy.size() == 4);
    CHECK(shop.rows().empty());
}

TEST_CASE("each change of a status is told once, by the whole course of a cap") {
    PolicyShop shop;
    shop.subscribe();
    std::vector<std::string> expected;
    const auto after = [&](const char* word) {
        shop.deliver(Delivery::How::delivered);
        if (*word) expected.emplace_back(word);
        CHECK(shop.told() == expected);
    };
    shop.use(7);
    after("");
    shop.use(1);  // 24.00 of 30.00 is 80 % exactly
    after("warning");
    shop.use(1);
    after("");
    shop.use(1);
    after("exhausted");
    shop.use(1);
    after("");
    shop.arrive("234", "15");  // at home the hold sleeps
    after("warning");
    shop.now = shop.now + tariffs::minutes(1);
    shop.arrive("440", "10");
    after("exhausted");
    shop.answer("extend");  // 30.00 of 40.00
    after("active");
    const storage::MessageRow row = shop.rows().back();
    CHECK(row.to == "http://pcf.test:8080/sl/notify");
    CHECK(row.id.substr(0, 3) == "pn-");
    CHECK(row.expires == shop.now + tariffs::days(35));
    CHECK(json::parse(row.text)["notifId"] == "corr-1");
    CHECK(json::parse(row.text)["supi"] == "imsi-234150000000017");
}

TEST_CASE("a cap that only notifies is never called held") {
    PolicyShop shop(json::array({cap("monthly", {{"atLimit", "notify"}})}));
    shop.subscribe();
    shop.use(12);
    CHECK(shop.told() == std::vector<std::string>{"warning"});
}

TEST_CASE("a declined question leaves the counter held") {
    PolicyShop shop;
    shop.subscribe();
    shop.use(10);
    shop.answer("decline");
    CHECK(shop.told() == std::vector<std::string>{"exhausted"});
}

TEST_CASE("a newer status supersedes what nobody has sent, so that a policy function that was away hears the newest") {
    PolicyShop shop;
    shop.subscribe();
    shop.use(8);
    shop.deliver(Delivery::How::later);
    shop.use(2);
    shop.answer("extend");
    CHECK(shop.told() == std::vector<std::string>{"(warning)", "(exhausted)", "active"});
    shop.now = shop.now + tariffs::seconds(10);
    shop.deliver(Delivery::How::sent);
    CHECK(shop.rows().back().state == MessageState::sent);
    CHECK(shop.state().waiting.empty() == false);  // the messages to the traveller
    for (const protection::Waiting& waiting : shop.state().waiting)
        CHECK(waiting.channel != "nchf");
}

TEST_CASE("a status that is being sent is followed by the newer one, never overtaken") {
    PolicyShop shop;
    shop.subscribe();
    shop.use(8);
    ClaimJob claim(shop.store->due_messages("nchf", shop.now, 100), tariffs::seconds(30));
    shop.together(claim);
    REQUIRE(claim.claimed().size() == 1);
    shop.use(2);
    CHECK(shop.told() == std::vector<std::string>{"warning", "exhausted"});
    CHECK(shop.store->due_messages("nchf", shop.now, 100).empty());
    const storage::MessageRow& row = claim.claimed().front();
    DeliveryJob done({{Delivery::How::sent, row.row, row.attempts, {}, ""}});
    shop.together(done);
    CHECK(shop.store->due_messages("nchf", shop.now, 100) == std::vector<std::int64_t>{shop.rows().back().row});
}

TEST_CASE("a subscription hears of the counters it asked for, and an update replaces them") {
    PolicyShop shop(json::array({cap("a"), cap("b", {{"amount", "60.00"}})}));
    PolicyRequest request = PolicyShop::request();
    request.counters = {"b"};
    const std::string id = shop.subscribe(request);
    shop.use(8);  // 80 % of a, 40 % of b
    CHECK(shop.rows().empty());

    request.counters = {"a"};
    request.notif_uri = "https://[2001:db8::1]/other";
    PolicyUpdateJob update(id, request);
    shop.together(update);
    REQUIRE_FALSE(update.result().refusal);
    CHECK(update.result().status["statusInfos"].size() == 1);
    CHECK(status_of(update.result().status, "a") == "warning");

    shop.use(1);
    CHECK(shop.rows().empty());
    shop.use(1);
    REQUIRE(shop.rows().size() == 1);
    CHECK(shop.told("a") == std::vector<std::string>{"exhausted"});
    CHECK(shop.told("b") == std::vector<std::string>{"-"});
    CHECK(shop.rows().front().to == "https://[2001:db8::1]/other/notify");
}

TEST_CASE("an update keeps the addresses it does not name, and its answer is the newest that is told") {
    PolicyShop shop;
    const std::string id = shop.subscribe();
    shop.use(8);
    PolicyUpdateJob update(id, {});
    shop.together(update);
    REQUIRE_FALSE(update.result().refusal);
    CHECK(status_of(update.result().status, "monthly") == "warning");
    CHECK(update.result().status["notifId"] == "corr-1");
    CHECK(shop.told() == std::vector<std::string>{"(warning)"});
    CHECK(shop.state().policy.front().notif_uri == home_address);
}

TEST_CASE("nothing is told after an end, not even what was being sent") {
    PolicyShop shop;
    const std::string id = shop.subscribe();
    shop.use(8);
    ClaimJob claim(shop.store->due_messages("nchf", shop.now, 100), tariffs::seconds(30));
    shop.together(claim);
    PolicyDeleteJob end(id), again(id);
    shop.together(end);
    CHECK_FALSE(end.refusal());
    shop.together(again);
    REQUIRE(again.refusal());
    CHECK(again.refusal()->status == 404);
    CHECK(again.refusal()->cause == "SUBSCRIPTION_NOT_FOUND");
    const storage::MessageRow& row = claim.claimed().front();
    DeliveryJob failed({{Delivery::How::later, row.row, row.attempts, tariffs::seconds(5), "503"}});
    shop.together(failed);
    shop.use(2);
    shop.now = shop.now + tariffs::minutes(5);
    ClaimJob later(shop.store->due_messages("nchf", shop.now, 100), tariffs::seconds(30));
    shop.together(later);
    CHECK(later.claimed().empty());
    CHECK(shop.rows().size() == 1);
    CHECK(shop.store->read_alias(alias_of_policy(id)) == std::nullopt);
}

TEST_CASE("changes of the profile are told, and a counter that is gone as unused") {
    PolicyShop shop;
    shop.subscribe();
    shop.use(10);
    CHECK(shop.told() == std::vector<std::string>{"exhausted"});
    shop.profile(json::array({cap("monthly", {{"amount", "100.00"}})}));
    CHECK(shop.told().back() == "active");
    shop.profile(json::array({cap("monthly", {{"amount", "30.00"}})}));
    CHECK(shop.told().back() == "exhausted");
    shop.profile(json::array({cap("texts", {{"services", {"sms_mo"}}})}));
    CHECK(shop.told().back() == "active");
    CHECK(shop.told("texts").back() == "active");
    const std::size_t rows = shop.rows().size();
    shop.use(1);
    CHECK(shop.rows().size() == rows);
}

TEST_CASE("a subscription past its expiry is forgotten and told nothing") {
    PolicyShop shop;
    PolicyRequest request = PolicyShop::request();
    request.expiry = shop.now + tariffs::hours(1);
    PolicySubscribeJob job(request);
    shop.together(job);
    REQUIRE_FALSE(job.result().refusal);
    CHECK(job.result().status["expiry"] == tariffs::to_rfc3339(shop.now + tariffs::hours(1)));
    shop.use(8);
    CHECK(shop.told() == std::vector<std::string>{"warning"});
    CHECK(shop.state().wake <= *request.expiry);
    shop.now = shop.now + tariffs::hours(1);
    shop.engine->step(shop.now);
    CHECK(shop.state().policy.empty());
    CHECK(shop.told() == std::vector<std::string>{"(warning)"});
    shop.use(2);
    CHECK(shop.rows().size() == 1);
    PolicyUpdateJob update(job.result().subscription, PolicyShop::request());
    shop.together(update);
    REQUIRE(update.result().refusal);
    CHECK(update.result().refusal->cause == "SUBSCRIPTION_NOT_FOUND");
}

TEST_CASE("refusals name the standard's cause") {
    PolicyShop shop;
    const auto refused = [&](PolicyRequest request) {
        PolicySubscribeJob job(std::move(request));
        shop.together(job);
        REQUIRE(job.result().refusal);
        return *job.result().refusal;
    };
    PolicyRequest request = PolicyShop::request();
    request.supi = "imsi-234150000000099";
    CHECK(refused(request).cause == "USER_UNKNOWN");
    request = PolicyShop::request();
    request.counters = {"monthly", "nightly"};
    CHECK(refused(request).cause == "UNKNOWN_POLICY_COUNTERS");
    CHECK(refused(request).faults.front().first == "/policyCounterIds/1");
    request = PolicyShop::request();
    request.expiry = shop.now;
    CHECK(refused(request).cause == "OPTIONAL_IE_INCORRECT");

    const std::string id = shop.subscribe();
    request = PolicyShop::request();
    request.supi = "imsi-234150000000099";
    PolicyUpdateJob other(id, request);
    shop.together(other);
    REQUIRE(other.result().refusal);
    CHECK(other.result().refusal->faults.front().first == "/supi");

    while (shop.state().policy.size() < PolicySubscribeJob::most_subscriptions)
        shop.subscribe();
    CHECK(refused(PolicyShop::request()).status == 403);

    shop.profile(json::array());
    CHECK(refused(PolicyShop::request()).cause == "NO_AVAILABLE_POLICY_COUNTERS");
}

TEST_CASE("an erased customer's policy functions are told that it ended, instead of anything older") {
    PolicyShop shop;
    const std::string id = shop.subscribe();
    PolicyRequest by_number = PolicyShop::request();
    by_number.supi = "nai-anonymous@test";
    by_number.gpsi = "msisdn-447700900017";
    by_number.notif_id.clear();
    by_number.notif_uri = "http://other.test";
    shop.subscribe(by_number);
    shop.use(8);
    EraseJob job(alias_of(traveller));
    shop.together(job);
    REQUIRE(job.found());
    std::vector<std::pair<std::string, json>> ends;
    for (const storage::MessageRow& row : shop.rows()) {
        if (row.kind == "policy_terminate")
            ends.emplace_back(row.to, json::parse(row.text));
        else
            CHECK((row.state == MessageState::cancelled && row.text.empty() && row.to.empty()));
    }
    REQUIRE(ends.size() == 2);
    CHECK(ends[0].first == "http://pcf.test:8080/sl/terminate");
    CHECK(ends[0].second ==
          json{{"supi", "imsi-234150000000017"}, {"notifId", "corr-1"}, {"termCause", "REMOVED_SUBSCRIBER"}});
    CHECK(ends[1].first == "http://other.test/terminate");
    CHECK(ends[1].second == json{{"supi", "nai-anonymous@test"}, {"termCause", "REMOVED_SUBSCRIBER"}});
    shop.deliver(Delivery::How::delivered);
    for (const storage::MessageRow& row : shop.rows())
        CHECK((row.text.empty() && row.to.empty() && row.state != MessageState::queued));
    CHECK(shop.store->read_alias(alias_of_policy(id)) == std::nullopt);
    CHECK(shop.state().policy.empty());
}

TEST_CASE("a period that rolls over lets the counter fall back by the clock alone") {
    PolicyShop shop(json::array({cap("daily", {{"period", "day"}, {"atLimit", "notify"}})}));
    shop.use(9);
    shop.subscribe();  // nothing happens after it but the clock
    const tariffs::Instant midnight{(shop.now.ms / tariffs::days(1).ms + 1) * tariffs::days(1).ms};
    CHECK(shop.state().wake == midnight);
    shop.now = midnight + tariffs::seconds(1);
    shop.engine->step(shop.now);
    CHECK(shop.told("daily").back() == "active");
    CHECK(shop.state().wake > shop.now);
}

TEST_CASE("a subscription outlives a restart") {
    PolicyShop shop;
    const std::string id = shop.subscribe();
    shop.open();
    shop.use(8);
    CHECK(shop.told() == std::vector<std::string>{"warning"});
    PolicyDeleteJob end(id);
    shop.together(end);
    CHECK_FALSE(end.refusal());
}

TEST_CASE("what was told last is always the present status, whatever happened") {
    rc::prop("the newest row, or the answer to the subscription, says what counter_statuses says", [] {
        PolicyShop shop(json::array({cap("a"), cap("b", {{"amount", "75.00"}, {"atLimit", "notify"}})}));
        PolicySubscribeJob job(PolicyShop::request());
        shop.together(job);
        json last = job.result().status;
        const auto steps = *rc::gen::container<std::vector<int>>(12, rc::gen::inRange(0, 8));
        for (int step : steps) {
            if (step < 4)
                shop.use(step);
            else if (step == 4)
                shop.arrive("234", "15");
            else if (step == 5)
                shop.arrive("440", "10");
            else if (step == 6)
                shop.deliver(Delivery::How::delivered);
            else
                shop.profile(json::array({cap("a", {{"amount", "45.00"}}), cap("b")}));
            shop.now = shop.now + tariffs::seconds(30);
        }
        if (const auto rows = shop.rows(); !rows.empty()) last = json::parse(rows.back().text);
        const protection::CustomerState state = shop.state();
        for (const auto& one :
             counter_statuses(state, terms_for(*shop.around_, state), shop.around_->policy_words, shop.now))
            RC_ASSERT(status_of(last, one.counter) == one.status);
    });
}
