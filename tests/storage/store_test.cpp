#include <catch2/catch.hpp>

#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "data/embedded.h"
#include "service/storage/codec.h"
#include "service/storage/store.h"

namespace fs = std::filesystem;
using namespace roamguard;
using namespace roamguard::storage;

namespace {

/// One database file a test, in a folder of its own.
class Folder {
public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "roamguard-store-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~Folder() { fs::remove_all(path_); }
    [[nodiscard]] std::string file() const { return (path_ / "r.db").string(); }
    [[nodiscard]] std::string url() const { return "sqlite://" + file(); }

private:
    fs::path path_;
};

CustomerRow customer(CustomerId id, const std::string& state, std::optional<Instant> wake = std::nullopt) {
    CustomerRow row;
    row.id = id;
    row.state = state;
    row.key = std::string(32, 'k');
    row.wake = wake;
    return row;
}

MessageRow message(std::int64_t row, const std::string& id, CustomerId owner) {
    MessageRow made;
    made.row = row;
    made.id = id;
    made.customer = owner;
    made.to = "+447700900001";
    made.kind = "welcome";
    made.channel = "sms";
    made.language = "en";
    made.text = "Welcome";
    made.encoding = "gsm7";
    made.segments = 1;
    made.due = Instant{1000};
    made.created = Instant{1000};
    made.expires = Instant{9000};
    return made;
}

SeenRow seen(std::uint8_t key, CustomerId owner) {
    SeenRow row;
    row.key.fill(key);
    row.content.fill(7);
    row.customer = owner;
    row.result = "r";
    row.received = Instant{5};
    return row;
}

template <class Error>
std::string sentence_of(const std::function<void()>& run) {
    try {
        run();
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing was thrown";
}

}  // namespace

TEST_CASE("what was committed is read back whole after the store was closed and opened again") {
    const Folder folder;
    {
        auto store = open_store(folder.url());
        Delta delta;
        delta.customers = {customer(1, "state one", Instant{77})};
        delta.aliases = {{"m:+447700900001", 1, Instant{1}}};
        delta.sessions = {{1, 42, "segments", Instant{3}}};
        delta.seen = {seen(9, 1)};
        delta.messages = {message(1, "n-1", 1)};
        delta.rejected = {{0, Instant{4}, "/s", "e", "t", "code", "detail", "[]", "{}"}};
        store->commit(delta);
    }
    auto store = open_store(folder.url());
    const std::string alias[] = {"m:+447700900001", "m:+447700900002"};
    const auto found = store->look_up(alias);
    REQUIRE(found[0] == std::optional<CustomerId>(1));
    CHECK_FALSE(found[1]);
    const CustomerId ids[] = {1, 2};
    const auto rows = store->load(ids);
    REQUIRE(rows[0]);
    CHECK(rows[0]->state == "state one");
    CHECK(rows[0]->key == std::string(32, 'k'));
    CHECK(rows[0]->wake == std::optional(Instant{77}));
    CHECK_FALSE(rows[1]);
    const std::pair<CustomerId, std::int64_t> sessions[] = {{1, 42}, {1, 43}};
    const auto kept = store->load_sessions(sessions);
    REQUIRE(kept[0]);
    CHECK(kept[0]->body == "segments");
    CHECK_FALSE(kept[1]);
    const Digest keys[] = {seen(9, 1).key, seen(8, 1).key};
    const auto remembered = store->find_seen(keys);
    REQUIRE(remembered[0]);
    CHECK(remembered[0]->result == "r");
    CHECK_FALSE(remembered[1]);
    CHECK(store->read_messages({}, {}).front().id == "n-1");
    CHECK(store->read_rejected({}).front().code == "code");
}

TEST_CASE("ids go on where the last run ended") {
    const Folder folder;
    {
        auto store = open_store(folder.url());
        CHECK(store->reserve(Sequence::customer, 3) == 1);
        CHECK(store->reserve(Sequence::customer, 1) == 4);
        Delta delta;
        delta.customers = {customer(4, "x")};
        delta.messages = {message(7, "n-7", 4)};
        store->commit(delta);
    }
    auto store = open_store(folder.url());
    CHECK(store->reserve(Sequence::customer, 1) == 5);
    CHECK(store->reserve(Sequence::message, 1) == 8);
    CHECK(store->reserve(Sequence::evidence, 1) == 1);
}

TEST_CASE("a delta with a fault of its own changes nothing at all") {
    const Folder folder;
    auto store = open_store(folder.url());
    Delta first;
    first.customers = {customer(1, "before")};
    first.seen = {seen(1, 1)};
    store->commit(first);
    Delta second;
    second.customers = {customer(1, "after")};
    second.seen = {seen(2, 1), seen(1, 1)};  // the second is there already
    CHECK(sentence_of<std::runtime_error>([&] { store->commit(second); }).find("UNIQUE constraint failed: seen.key") !=
          std::string::npos);
    const CustomerId ids[] = {1};
    CHECK(store->load(ids)[0]->state == "before");
    const Digest keys[] = {seen(2, 1).key};
    CHECK_FALSE(store->find_seen(keys)[0]);
}

TEST_CASE("a second process on the same database is refused with a sentence that names the lock") {
    const Folder folder;
    auto store = open_store(folder.url());
    CHECK(sentence_of<StoreUnavailable>([&] { (void)open_store(folder.url()); }) ==
          "another process holds the database " + folder.file() + " (its lock file is " + folder.file() + ".lock)");
}

TEST_CASE("a database of a newer schema is refused") {
    const Folder folder;
    { auto store = open_store(folder.url()); }
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(folder.file().c_str(), &db) == SQLITE_OK);
    REQUIRE(sqlite3_exec(db, "PRAGMA user_version=99", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
    CHECK(sentence_of<StoreUnavailable>([&] { (void)open_store(folder.url()); }) ==
          "the database " + folder.file() +
              " cannot be used: it has schema 99, this program knows 2: run the newer program, or restore a backup "
              "made before it");
}

TEST_CASE("a file that is no database is refused and left as it was") {
    const Folder folder;
    std::ofstream(folder.file()) << std::string(8192, 'x');
    CHECK(sentence_of<StoreUnavailable>([&] { (void)open_store(folder.url()); }).find("file is not a database") !=
          std::string::npos);
    CHECK(fs::file_size(folder.file()) == 8192);
}

TEST_CASE("an address that is no store is refused") {
    CHECK(sentence_of<StoreUnavailable>([] { (void)open_store("mysql://x"); }) ==
          "the store must be sqlite:///PATH, not mysql://x");
    CHECK(sentence_of<StoreUnavailable>([] { (void)open_store("sqlite://relative.db"); }) ==
          "the store must be sqlite:///PATH, not sqlite://relative.db");
}

TEST_CASE("due messages come oldest first, and those that wait for another do not") {
    const Folder folder;
    auto store = open_store(folder.url());
    Delta delta;
    MessageRow late = message(1, "n-1", 1), early = message(2, "n-2", 2), parked = message(3, "n-3", 2);
    late.due = Instant{500};
    early.due = Instant{100};
    parked.due.reset();
    delta.messages = {late, early, parked};
    store->commit(delta);
    CHECK(store->due_messages("sms", Instant{99}, 10).empty());
    CHECK(store->due_messages("sms", Instant{1000}, 10) == std::vector<std::int64_t>{2, 1});
    CHECK(store->due_messages("sms", Instant{1000}, 1) == std::vector<std::int64_t>{2});
}

TEST_CASE("lists come newest first and go on at their cursor") {
    const Folder folder;
    auto store = open_store(folder.url());
    Delta delta;
    for (int i = 1; i <= 5; ++i)
        delta.messages.push_back(message(i, "n-" + std::to_string(i), i % 2 ? 1 : 2));
    store->commit(delta);
    const auto first = store->read_messages({}, {0, 2});
    REQUIRE(first.size() == 2);
    CHECK(first[0].id == "n-5");
    const auto second = store->read_messages({}, {first.back().row, 2});
    CHECK(second[0].id == "n-3");
    MessageFilter only;
    only.customer = 2;
    CHECK(store->read_messages(only, {0, 10}).size() == 2);
    only.state = "failed";
    CHECK(store->read_messages(only, {0, 10}).empty());
}

TEST_CASE("erasure takes recipients, texts and sessions and cancels what waits") {
    const Folder folder;
    auto store = open_store(folder.url());
    Delta delta;
    delta.customers = {customer(1, "x")};
    delta.sessions = {{1, 42, "segments", Instant{3}}};
    delta.messages = {message(1, "n-1", 1)};
    store->commit(delta);
    Delta erase;
    erase.erased = {1};
    store->commit(erase);
    const auto row = store->read_message("n-1");
    REQUIRE(row);
    CHECK(row->to.empty());
    CHECK(row->text.empty());
    CHECK(row->state == MessageState::cancelled);
    const std::pair<CustomerId, std::int64_t> sessions[] = {{1, 42}};
    CHECK_FALSE(store->load_sessions(sessions)[0]);
}

TEST_CASE("retention deletes what is past its time and nothing else") {
    const Folder folder;
    auto store = open_store(folder.url());
    Delta delta;
    SeenRow old = seen(1, 1), fresh = seen(2, 1);
    old.received = Instant{10};
    fresh.received = Instant{100};
    delta.seen = {old, fresh};
    store->commit(delta);
    Retention retention;
    retention.seen_before = Instant{50};
    CHECK(store->retain(retention) == 1);
    const Digest keys[] = {old.key, fresh.key};
    const auto left = store->find_seen(keys);
    CHECK_FALSE(left[0]);
    CHECK(left[1]);
}

TEST_CASE("a customer's whole state survives the codec") {
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
    state.waiting = {{"sms", 4}};
    state.head.fill(0xab);
    state.wake = Instant{123};

    const std::string bytes = encode(state);
    protection::CustomerState read = decode_state(bytes);
    CHECK(encode(read) == bytes);
    CHECK(read.profile == state.profile);
    CHECK(read.places.front().place.destination() == "JP");
    CHECK(read.counts.front().kept == std::optional(rule));
    CHECK(read.trip.spent == state.trip.spent);
    CHECK(read.questions.front().price_per_megabyte == question.price_per_megabyte);
    CHECK(read.head == state.head);
    CHECK(read.wake == state.wake);
}

TEST_CASE("bytes that are no record are refused, not guessed") {
    CHECK(sentence_of<std::runtime_error>([] { (void)decode_state("\xc1"); }).find("a stored record is damaged") == 0);
    CHECK(sentence_of<std::runtime_error>([] { (void)decode_state("\x01"); }) ==
          "a stored record has no list where one belongs");
    const std::string empty_list = "\x90";
    CHECK(decode_state(empty_list).entries == 0);  // a shorter record leaves the rest at its defaults
}

TEST_CASE("a database of the first schema is brought forward, and what was leased in it is due again") {
    const Folder folder;
    {
        sqlite3* db = nullptr;
        REQUIRE(sqlite3_open(folder.file().c_str(), &db) == SQLITE_OK);
        const std::string first(data::embedded_files().at("service/storage/schema/sqlite/0001_first.sql"));
        REQUIRE(sqlite3_exec(db, first.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
        REQUIRE(sqlite3_exec(db,
                             "PRAGMA user_version=1;"
                             "INSERT INTO message VALUES(1,'n-1',1,'+447700900123','welcome','sms','en','text','gsm7',"
                             "1,'welcome/en','h','queued',1,61000,'e-1','',0,0,'','',1000,99000,NULL,NULL);",
                             nullptr, nullptr, nullptr) == SQLITE_OK);
        sqlite3_close(db);
    }
    auto store = open_store(folder.url());
    CHECK(store->due_messages("sms", Instant{2000}, 10) == std::vector<std::int64_t>{1});
    const auto row = store->read_message("n-1");
    REQUIRE(row);
    CHECK_FALSE(row->leased);
    CHECK(row->topic.empty());
    CHECK_FALSE(row->confirm_by);
}

TEST_CASE("a lease of a process that is gone holds nothing back after the next start") {
    const Folder folder;
    {
        auto store = open_store(folder.url());
        Delta delta;
        MessageRow claimed = message(1, "n-1", 1), parked = message(2, "n-2", 1);
        claimed.attempts = 1;
        claimed.leased = true;
        claimed.due = Instant{61'000};
        parked.due.reset();
        delta.messages = {claimed, parked};
        store->commit(delta);
        CHECK(store->due_messages("sms", Instant{2000}, 10).empty());
    }
    auto store = open_store(folder.url());
    CHECK(store->due_messages("sms", Instant{2000}, 10) == std::vector<std::int64_t>{1});
}
