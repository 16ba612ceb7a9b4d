#include <catch2/catch.hpp>

#include <msgpack.hpp>

#include "service/storage/codec.h"
#include "tests/storage/rows.h"

using namespace roamguard;
using namespace roamguard::storage;

namespace {

/// With a record of every kind.
protection::CustomerState full_state() {
    protection::CustomerState state;
    state.profile.id = "c-1";
    state.profile.msisdn = *notifications::Msisdn::parse("+447700900001");
    state.profile.opt_out = {notifications::Kind::welcome};
    customers::CapRule rule;
    rule.id = "monthly";
    rule.services = {tariffs::Service::data};
    rule.currency = *tariffs::Currency::parse("GBP");
    rule.limit = 45'000'000;
    rule.thresholds = {80, 100};
    rule.stages = {45'000'000, 90'000'000};
    state.profile.caps = {rule};
    state.known = true;
    protection::KnownPlace place;
    place.klass = geoip::NetworkClass::terrestrial;
    place.country = *geoip::Country::parse("JP");
    place.plmn = geoip::Plmn::parse("440", "10");
    state.places = {{Instant{5}, place}};
    state.trip.number = 2;
    state.trip.answers = {{"JP", true}};
    state.trip.home_since = Instant{9};
    state.trip.spent = {{1'500'000, *tariffs::Currency::parse("JPY")}};
    protection::CapCount count;
    count.cap = "monthly";
    count.used = -5;
    count.overrun = 7;
    count.mark = 80;
    count.kept = rule;
    state.counts = {count};
    protection::Hold hold;
    hold.about = "JP";
    hold.services = {tariffs::Service::data};
    state.holds = {hold};
    protection::Question question;
    question.id = "q-1";
    question.choices = {"extend", "decline"};
    question.price_per_megabyte = tariffs::Money{3'000'000, *tariffs::Currency::parse("CNY")};
    state.questions = {question};
    state.welcomed = {{"JP", Instant{6}}};
    state.waiting = {{"sms", 4}};
    state.unsettled = protection::Unsettled{Instant{7}, Instant{8}, "e-1"};
    protection::PolicySubscription subscription;
    subscription.id = "s-1";
    subscription.told = {{"monthly", "normal"}};
    state.policy = {subscription};
    state.head.fill(0xab);
    state.wake = Instant{123};
    return state;
}

using Path = std::vector<std::uint32_t>;  ///< where a record stands: a position in each of the lists around it

const char* const unknown = "what a newer version knows";

/// The same bytes, with one or more fields behind those of the record at that place.
std::string lengthened(const std::string& bytes, const std::vector<Path>& records) {
    const msgpack::object_handle handle = msgpack::unpack(bytes.data(), bytes.size());
    msgpack::object whole = handle.get();
    msgpack::zone zone;
    for (const Path& path : records) {
        msgpack::object* record = &whole;
        for (const std::uint32_t position : path) {
            REQUIRE(record->type == msgpack::type::ARRAY);
            REQUIRE(record->via.array.size > position);
            record = &record->via.array.ptr[position];
        }
        REQUIRE(record->type == msgpack::type::ARRAY);
        std::vector<msgpack::object> fields(record->via.array.ptr, record->via.array.ptr + record->via.array.size);
        fields.emplace_back(unknown, zone);
        fields.emplace_back(std::vector<int>{1, -2}, zone);
        *record = msgpack::object(fields, zone);
    }
    msgpack::sbuffer buffer;
    msgpack::pack(buffer, whole);
    return {buffer.data(), buffer.size()};
}

int unknown_in(const std::string& bytes) {
    int count = 0;
    for (std::size_t at = bytes.find(unknown); at != std::string::npos; at = bytes.find(unknown, at + 1))
        ++count;
    return count;
}

// In the order of fields(): the innermost first, since a record that grows moves nothing in front of it.
const std::vector<std::pair<const char*, Path>> state_records = {
    {"the state", {}},
    {"the profile", {0}},
    {"a cap's rule", {0, 11, 0}},
    {"its period", {0, 11, 0, 6}},
    {"a place and when", {3, 0}},
    {"the place", {3, 0, 1}},
    {"the trip", {4}},
    {"what was spent on it", {4, 6, 0}},
    {"an answer about a destination", {4, 7, 0}},
    {"a cap's count", {5, 0}},
    {"the rule kept for its period", {5, 0, 10}},
    {"a hold", {6, 0}},
    {"a question", {7, 0}},
    {"the price it showed", {7, 0, 16}},
    {"a welcome", {8, 0}},
    {"a message that waits", {10, 0}},
    {"a place not settled", {16}},
    {"a policy function's subscription", {18, 0}},
    {"a counter's status", {18, 0, 7, 0}},
};

protection::Session full_session() {
    protection::Session session;
    session.segments.resize(2);
    session.segments[0].network = "440-10";
    session.segments[1].network = "208-15";
    session.segments[1].counted = {5, *tariffs::Currency::parse("GBP")};
    session.last = Instant{4};
    return session;
}
const std::vector<std::pair<const char*, Path>> session_records = {
    {"the session", {}}, {"a segment", {0, 1}}, {"a segment's sum", {0, 1, 7}}};

std::vector<Path> paths(const std::vector<std::pair<const char*, Path>>& records) {
    std::vector<Path> all;
    for (auto one = records.rbegin(); one != records.rend(); ++one)
        all.push_back(one->second);
    return all;
}

}  // namespace

TEST_CASE("a customer's whole state survives the codec") {
    protection::CustomerState state = full_state();
    const std::string bytes = encode(state);
    protection::CustomerState read = decode_state(bytes);
    CHECK(encode(read) == bytes);
    CHECK(read.profile == state.profile);
    CHECK(read.places.front().place.destination() == "JP");
    CHECK(read.counts.front().kept == state.counts.front().kept);
    CHECK(read.trip.spent == state.trip.spent);
    CHECK(read.questions.front().price_per_megabyte == state.questions.front().price_per_megabyte);
    CHECK(read.head == state.head);
    CHECK(read.wake == state.wake);
}

TEST_CASE("what a newer version wrote in a record is written back unchanged by this one, at every level") {
    protection::CustomerState state = full_state();
    const std::string known = encode(state);
    for (const auto& [what, path] : state_records) {
        INFO(what);
        const std::string newer = lengthened(known, {path});
        protection::CustomerState read = decode_state(newer);
        CHECK(encode(read) == newer);
        read.newer.clear();
        CHECK(encode(read) == known);
    }
    protection::Session session = full_session();
    for (const auto& [what, path] : session_records) {
        INFO(what);
        const std::string newer = lengthened(encode(session), {path});
        protection::Session read = decode_session(newer);
        CHECK(encode(read) == newer);
    }
}

TEST_CASE("what this version changes around it leaves what a newer one wrote where it belongs") {
    protection::CustomerState state = full_state();
    protection::CustomerState read = decode_state(lengthened(encode(state), paths(state_records)));
    const int all = static_cast<int>(state_records.size());
    CHECK(unknown_in(encode(read)) == all);

    // Others of its kind come in front of it, and what is known of it changes.
    state.counts.front().used = 99;
    state.holds.insert(state.holds.begin(), protection::Hold{});
    state.holds.back().asleep = true;
    state.questions.insert(state.questions.begin(), protection::Question{});
    state.questions.back().state = protection::QuestionState::confirmed;
    read.counts.front().used = 99;
    read.holds.insert(read.holds.begin(), protection::Hold{});
    read.holds.back().asleep = true;
    read.questions.insert(read.questions.begin(), protection::Question{});
    read.questions.back().state = protection::QuestionState::confirmed;
    std::vector<Path> moved = paths(state_records);
    for (Path& path : moved)
        if (path.size() > 1 && (path[0] == 6 || path[0] == 7)) path[1] = 1;
    CHECK(encode(read) == lengthened(encode(state), moved));

    // What ends takes it along: another trip is another record, and so is a question that is gone.
    read.trip = protection::Trip{};
    read.trip.number = 3;
    read.questions.clear();
    CHECK(unknown_in(encode(read)) == all - 3 - 2);

    // A second instance of this version reads what the first one wrote.
    protection::CustomerState again = decode_state(encode(read));
    CHECK(encode(again) == encode(read));
    CHECK(unknown_in(encode(again)) == all - 3 - 2);
}

TEST_CASE("a record that says nothing new is not kept twice") {
    protection::CustomerState state = full_state();
    CHECK(decode_state(encode(state)).newer.empty());
    protection::Session session = full_session();
    CHECK(decode_session(encode(session)).newer.empty());
}

TEST_CASE("bytes that are no record are refused, not guessed") {
    CHECK(sentence_of<std::runtime_error>([] { (void)decode_state("\xc1"); }).find("a stored record is damaged") == 0);
    CHECK(sentence_of<std::runtime_error>([] { (void)decode_state("\x01"); }) ==
          "a stored record has no list where one belongs");
    const std::string empty_list = "\x90";
    CHECK(decode_state(empty_list).entries == 0);  // a shorter record leaves the rest at its defaults
}

TEST_CASE("a damaged length is refused, and no memory is reserved for what cannot come") {
    for (const std::string& damaged :
         {std::string("\xdd\xff\xff\xff\xff\x01", 6), std::string("\xdb\xff\xff\xff\xff\x01", 6),
          std::string("\xdf\x7f\xff\xff\xff\x01", 6), std::string(100'000, '\x91')}) {
        CHECK(sentence_of<std::runtime_error>([&] {
                  (void)decode_state(damaged);
              }).find("a stored record is damaged") == 0);
        CHECK(sentence_of<std::runtime_error>([&] {
                  (void)decode_session(damaged);
              }).find("a stored record is damaged") == 0);
    }
}
