#include "service/engine/links.h"

#include <catch2/catch.hpp>

#include <set>

#include "service/engine/customer_jobs.h"
#include "tests/engine/workshop.h"

using namespace roamguard;
using namespace roamguard::engine;

namespace {

const std::string key(32, 'k');
const notifications::Msisdn traveller = *notifications::Msisdn::parse("+447700900017");

protection::Question asked() {
    protection::Question question;
    question.id = "q-0123456789abcdef0123";
    question.about = "monthly";
    question.choices = {"extend", "pass:day", "decline"};
    question.limit = 30'000'000;
    question.next_limit = 40'000'000;
    question.price_per_megabyte = tariffs::Money{3'000'000, *tariffs::Currency::parse("GBP")};
    return question;
}

/// Somebody who has reached the first stage of the usual cap in Japan, and what stands in the store of it.
class Reached : public Workshop {
public:
    Reached() {
        auto around = std::make_shared<Surroundings>(*around_);
        around->public_url = "https://roam.test";
        around_ = around;
        open();
        EventsJob job({usage("e-1", traveller.e164(), now, 200ll << 20)});
        together(job);
        REQUIRE(failed.empty());
        id = *store->read_alias(alias_of(traveller));
    }

    storage::CustomerRow row() { return *store->read_customer(id); }
    protection::CustomerState state() { return storage::decode_state(row().state); }
    storage::MessageRow question_text() {
        storage::MessageFilter filter;
        filter.kind = "confirm_cap";
        const auto rows = store->read_messages(filter, {});
        REQUIRE_FALSE(rows.empty());
        return rows.front();
    }

    /// The question's text as a driver gets it; what goes before it is sent first.
    std::string text_sent() {
        for (;;) {
            ClaimJob claim(store->due_messages("sms", now, 10), tariffs::seconds(60));
            together(claim);
            REQUIRE(claim.claimed().size() == 1);
            const storage::MessageRow row = claim.claimed().front();
            if (row.kind == "confirm_cap") return row.text;
            DeliveryJob done({{Delivery::How::sent, row.row, row.attempts, {}, ""}});
            together(done);
        }
    }

    CustomerId id = 0;
};

}  // namespace

TEST_CASE("a token is 144 bits in the alphabet of URLs, and the same whenever it is derived") {
    const std::string token = token_of(key, asked());
    CHECK(token.size() == 24);
    CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
    CHECK(token == token_of(key, asked()));
}

TEST_CASE("a token is bound to its customer, its question and what that offers") {
    using Change = void (*)(protection::Question&);
    const std::vector<Change> changes{
        [](protection::Question& q) { q.id += "4"; },
        [](protection::Question& q) { q.about = "daily"; },
        [](protection::Question& q) { q.limit += 1; },
        [](protection::Question& q) { q.next_limit += 1; },
        [](protection::Question& q) { q.choices[1] = "pass:week"; },
        [](protection::Question& q) { q.choices.erase(q.choices.begin() + 1); },
        [](protection::Question& q) { q.price_per_megabyte->micros += 1; },
        [](protection::Question& q) { q.price_per_megabyte->currency = *tariffs::Currency::parse("EUR"); },
        [](protection::Question& q) { q.price_per_megabyte.reset(); },
    };
    std::set<std::string> tokens{token_of(key, asked()), token_of(std::string(32, 'l'), asked())};
    for (const Change change : changes) {
        protection::Question other = asked();
        change(other);
        tokens.insert(token_of(key, other));
    }
    CHECK(tokens.size() == changes.size() + 2);
}

TEST_CASE("a token outlasts the end of its question, so that a spent link is told from an unknown one") {
    protection::CustomerState state;
    state.questions.push_back(asked());
    const std::string token = token_of(key, asked());
    protection::Question& question = state.questions.front();
    question.state = protection::QuestionState::confirmed;
    question.decided = tariffs::Instant{1};
    question.chosen = "extend";
    question.prices.clear();
    question.offers.clear();
    CHECK(question_of(token, key, state) == &question);
    CHECK(question_of(token + "A", key, state) == nullptr);
    CHECK(question_of("", key, state) == nullptr);
    CHECK(question_of(token, "", state) == nullptr);
    CHECK(question_of(token, std::string(32, 'l'), state) == nullptr);
}

TEST_CASE("the store keeps no token: its alias is a digest, the text has a mark in its place until it is sent") {
    Reached shop;
    const storage::MessageRow row = shop.question_text();
    const std::string token = token_of(shop.row().key, shop.state().questions.back());
    CHECK(row.text.find("https://roam.test/c/…") != std::string::npos);
    CHECK(row.text.find(token) == std::string::npos);
    CHECK(shop.row().state.find(token) == std::string::npos);
    CHECK(shop.state().links == std::vector{alias_of_token(token)});
    CHECK(shop.store->read_alias(alias_of_token(token)) == shop.id);

    const std::string sent = shop.text_sent();
    CHECK(sent.find("https://roam.test/c/" + token) != std::string::npos);
    CHECK(sent.find("…") == std::string::npos);
    CHECK(notifications::measure(sent).segments == row.segments);
    CHECK(notifications::word(notifications::measure(sent).encoding) == row.encoding);
    CHECK(shop.question_text().text == row.text);
}

TEST_CASE("erasure ends every link") {
    Reached shop;
    const std::string alias = shop.state().links.front();
    EraseJob erase(alias_of(traveller));
    shop.together(erase);
    CHECK(erase.found());
    CHECK_FALSE(shop.store->read_alias(alias).has_value());
    CHECK(shop.state().links.empty());
}

TEST_CASE("with links switched off a message has none, and the store no alias") {
    Reached shop;
    auto around = std::make_shared<Surroundings>(*shop.around_);
    around->rules.links = notifications::Links::none;
    shop.around_ = around;
    shop.open();
    EventsJob job({usage("e-2", "+447700900018", shop.now, 200ll << 20)});
    shop.together(job);
    const auto other = shop.store->read_alias("m:+447700900018");
    REQUIRE(other);
    CHECK(storage::decode_state(shop.store->read_customer(*other)->state).links.empty());
    CHECK(shop.question_text().text.find("/c/") == std::string::npos);
}

TEST_CASE("the oldest of more than sixteen links goes, with its alias") {
    Reached shop;
    const std::string first = shop.state().links.front();
    struct ManyLinks final : Job {
        explicit ManyLinks(CustomerId customer) : customer_(customer) {}
        void run(Turn& turn) override {
            Working& customer = *turn.customer(customer_);
            for (int i = 0; i < 16; ++i) {
                protection::Question question = asked();
                question.id += std::to_string(i);
                tokens.push_back(open_link(turn, customer, question));
                CHECK(open_link(turn, customer, question) == tokens.back());
            }
        }
        CustomerId customer_;
        std::vector<std::string> tokens;
    } many(shop.id);
    shop.together(many);
    CHECK(shop.failed.empty());
    CHECK(shop.state().links.size() == 16);
    CHECK_FALSE(shop.store->read_alias(first).has_value());
    for (const std::string& token : many.tokens)
        CHECK(shop.store->read_alias(alias_of_token(token)) == shop.id);
}
