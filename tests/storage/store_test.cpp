#include <catch2/catch.hpp>

#include "tests/storage/rows.h"

using namespace roamguard;
using namespace roamguard::storage;
using testing::Home;
using testing::Kind;

// What the seam promises, whichever engine is behind it.

TEST_CASE("what was committed is read back whole after the store was closed and opened again") {
    const Home home(EACH_STORE());
    MessageRow sent = message(1, "n-1", 1);
    sent.text = "Willkommen in Японии – 3,00 € 🙂";
    sent.beside = "n-0";
    sent.topic = "holds";
    sent.sent = Instant{8};
    sent.confirm_by = Instant{9};
    sent.state = MessageState::delivered;
    sent.attempts = 3;
    EvidenceRow entry{3, 1, 1, 0, Instant{6}, "event", std::string("\0\xff cipher", 9), {}};
    entry.hash.fill(0xab);
    {
        auto store = home.open();
        Delta delta;
        delta.customers = {customer(1, std::string("\0state\xff one", 11), Instant{77})};
        delta.aliases = {{"m:+447700900001", 1, Instant{1}}};
        delta.sessions = {{1, 42, std::string("seg\0ments", 9), Instant{3}}};
        delta.seen = {seen(9, 1)};
        delta.evidence = {entry};
        delta.messages = {sent};
        delta.rejected = {{0, Instant{4}, "/s", "e", "t", "code", "detail", "[]", "{\xff\x01"}};
        store->commit(delta);
    }
    auto store = home.open();
    Wants wants;
    wants.aliases = {"m:+447700900001", "m:+447700900002"};
    wants.keys = {seen(9, 1).key, seen(8, 1).key};
    wants.sessions = {{"m:+447700900001", 42}, {"m:+447700900001", 43}, {"m:+447700900002", 42}};
    wants.messages = {1, 2};
    wants.customers = {1, 2};
    const Loaded loaded = look(*store, wants);
    REQUIRE(loaded.aliases.size() == 2);
    CHECK(loaded.aliases[0] == std::optional<CustomerId>(1));
    CHECK_FALSE(loaded.aliases[1]);
    REQUIRE(loaded.customers.size() == 1);
    CHECK(loaded.customers[0].state == std::string("\0state\xff one", 11));
    CHECK(loaded.customers[0].key == std::string(32, 'k'));
    CHECK(loaded.customers[0].wake == std::optional(Instant{77}));
    REQUIRE(loaded.seen.size() == 2);
    REQUIRE(loaded.seen[0]);
    CHECK(loaded.seen[0]->content == seen(9, 1).content);
    CHECK(loaded.seen[0]->result == "r");
    CHECK_FALSE(loaded.seen[1]);
    REQUIRE(loaded.sessions.size() == 1);
    CHECK(loaded.sessions[0].session == 42);
    CHECK(loaded.sessions[0].body == std::string("seg\0ments", 9));
    CHECK(loaded.sessions[0].last == Instant{3});
    REQUIRE(loaded.messages.size() == 1);
    CHECK(loaded.messages[0] == sent);
    CHECK(store->read_message("n-1") == std::optional(sent));
    CHECK(store->read_rejected({}).front().body == "{\xff\x01");
    const auto evidence = store->read_evidence(1, 3, 10);
    REQUIRE(evidence.size() == 1);
    CHECK(evidence[0].body == entry.body);
    CHECK(evidence[0].hash == entry.hash);
    CHECK(store->read_evidence(2, 3, 10).empty());
}

TEST_CASE("a message or an alias that is wanted brings its customer, each once") {
    const Home home(EACH_STORE());
    auto store = home.open();
    Delta delta;
    delta.customers = {customer(1, "one"), customer(2, "two"), customer(3, "three")};
    delta.aliases = {{"m:+447700900001", 2, Instant{1}}, {"c:two", 2, Instant{1}}};
    delta.messages = {message(5, "n-5", 3), message(6, "n-6", 2)};
    store->commit(delta);
    Wants wants;
    wants.aliases = {"m:+447700900001", "c:two", "c:nobody"};
    wants.messages = {6, 5, 6};
    const Loaded loaded = look(*store, wants);
    REQUIRE(loaded.customers.size() == 2);
    CHECK(loaded.customers[0].state == "two");
    CHECK(loaded.customers[1].state == "three");
    CHECK(message_of(*store, 5)->id == "n-5");
    CHECK_FALSE(message_of(*store, 7));
    CHECK(look(*store, {}).aliases.empty());
}

TEST_CASE("what nothing was committed of leaves nothing behind") {
    const Home home(EACH_STORE());
    auto store = home.open();
    store->abandon();
    Wants wants;
    wants.aliases = {"m:+447700900001"};
    (void)store->gather(wants);
    store->abandon();
    store->abandon();
    store->commit({});
    Delta delta;
    delta.customers = {customer(1, "x")};
    store->commit(delta);
    (void)store->gather(wants);
    store->commit({});
    CHECK(store->maintain() >= 0);
    CHECK(store->read_customer(1)->state == "x");
}

TEST_CASE("ids are given once, rising, also after the next start") {
    const Home home(EACH_STORE());
    std::int64_t last = 0;
    for (int start = 0; start < 3; ++start) {
        auto store = home.open();
        for (int i = 0; i < 300; ++i) {
            const std::int64_t first = store->reserve(Sequence::customer, 3);
            REQUIRE(first > last);
            last = first + 2;
        }
        Delta delta;
        delta.customers = {customer(last, "x")};
        store->commit(delta);
    }
    auto store = home.open();
    const std::int64_t message = store->reserve(Sequence::message, 1);
    CHECK(store->reserve(Sequence::message, 1, message + 500) > message + 500);
    CHECK(store->reserve(Sequence::message, 1) > message + 501);
    CHECK(store->reserve(Sequence::evidence, 1) >= 1);
}

TEST_CASE("a delta with a fault of its own changes nothing at all") {
    const Home home(EACH_STORE());
    auto store = home.open();
    Delta first;
    first.customers = {customer(1, "before")};
    first.seen = {seen(1, 1)};
    first.messages = {message(1, "n-1", 1)};
    store->commit(first);
    Delta second;
    second.customers = {customer(1, "after")};
    second.seen = {seen(2, 1), seen(1, 1)};  // the second is there already
    CHECK_THROWS_AS(store->commit(second), std::runtime_error);
    CHECK(store->read_customer(1)->state == "before");
    CHECK_FALSE(seen_of(*store, seen(2, 1).key));
    Delta third;
    third.customers = {customer(1, "after")};
    third.messages = {message(2, "n-1", 1)};  // another message with this id
    CHECK_THROWS_AS(store->commit(third), std::runtime_error);
    CHECK(store->read_customer(1)->state == "before");
    third.messages.front().id = "n-2";
    store->commit(third);
    CHECK(store->read_customer(1)->state == "after");
}

TEST_CASE("an alias moves, is dropped and is given again") {
    const Home home(EACH_STORE());
    auto store = home.open();
    using Was = AliasRow::Was;
    Delta made;
    made.customers = {customer(1, "a"), customer(2, "b")};
    made.aliases = {{"i:234150000000001", 1, Instant{1}, Was::free}};
    store->commit(made);
    Delta moved;
    moved.aliases = {{"i:234150000000001", 2, Instant{2}, Was::taken}};
    store->commit(moved);
    CHECK(store->read_alias("i:234150000000001") == std::optional<CustomerId>(2));
    Delta both;  // in one batch it is dropped before it is given
    both.dropped_aliases = {"i:234150000000001", "i:234150000000009"};
    both.aliases = {{"i:234150000000001", 1, Instant{3}, Was::free}};
    store->commit(both);
    CHECK(store->read_alias("i:234150000000001") == std::optional<CustomerId>(1));
    Delta dropped;
    dropped.dropped_aliases = {"i:234150000000001"};
    store->commit(dropped);
    CHECK_FALSE(store->read_alias("i:234150000000001"));
}

TEST_CASE("an address that is no store is refused, and no password of it is repeated") {
    const std::vector<std::pair<std::string, std::string>> addresses{
        {"mysql://user:secret@x", "the store must be sqlite:///PATH or postgresql://USER@HOST/DATABASE, not mysql:…"},
        {"sqlite://relative.db", "the store must be sqlite:///PATH with a whole path, not sqlite://relative.db"},
        {"postgresql://roamguard:se:cr@et@[::1/x",
         "store: libpq cannot read this address; it must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special "
         "characters in the password percent-encoded, not postgresql://roamguard:***@[::1/x"},
        {"postgresql://roamguard:se@cret@db/x",
         "store: libpq cannot read this address; it must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special "
         "characters in the password percent-encoded, not postgresql://roamguard:***@db/x"},
        {"postgresql://db/x?pasword=secret&password=secret",
         "store: libpq cannot read this address; it must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special "
         "characters in the password percent-encoded, not postgresql://db/x?pasword=***&password=***"},
    };
    for (const auto& [address, sentence] : addresses) {
        const std::string url = address;
        CHECK(sentence_of<StoreUnavailable>([&] { (void)open_store(url); }) == sentence);
    }
}

TEST_CASE("due messages come oldest first, and those that wait for another do not") {
    const Home home(EACH_STORE());
    auto store = home.open();
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

TEST_CASE("what a clock that was ahead put off is due once the clock is right; a lease is waited for") {
    const Home home(EACH_STORE());
    auto store = home.open();
    const Instant now{1'000'000};
    Delta delta;
    MessageRow due = message(1, "n-1", 1), soon = message(2, "n-2", 2), misdated = message(3, "n-3", 3),
               claimed = message(4, "n-4", 4);
    due.due = now;
    soon.due = now + tariffs::hours(1);
    misdated.due = claimed.due = now + tariffs::hours(7 * 24);
    claimed.leased = true;
    delta.messages = {due, soon, misdated, claimed};
    store->commit(delta);
    CHECK(store->due_messages("sms", now, 10) == std::vector<std::int64_t>{1, 3});
    CHECK(store->due_messages("sms", now, 1) == std::vector<std::int64_t>{1});
    CHECK(store->due_messages("sms", now + tariffs::hours(1), 10) == std::vector<std::int64_t>{1, 2, 3});
}

TEST_CASE("lists come newest first and go on at their cursor") {
    const Home home(EACH_STORE());
    auto store = home.open();
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
    const Home home(EACH_STORE());
    auto store = home.open();
    Delta delta;
    delta.customers = {customer(1, "x")};
    delta.sessions = {{1, 42, "segments", Instant{3}}};
    MessageRow waits = message(1, "n-1", 1);
    waits.leased = true;
    waits.confirm_by = Instant{50};
    delta.messages = {waits};
    store->commit(delta);
    Delta erase;
    erase.erased = {1};
    store->commit(erase);
    const auto row = store->read_message("n-1");
    REQUIRE(row);
    CHECK(row->to.empty());
    CHECK(row->text.empty());
    CHECK(row->state == MessageState::cancelled);
    CHECK_FALSE(row->leased);
    CHECK_FALSE(row->due);
    CHECK_FALSE(row->confirm_by);
    CHECK_FALSE(session_of(*store, 1, 42));
}

TEST_CASE("a message that changes keeps what never changes, and takes the rest") {
    const Home home(EACH_STORE());
    auto store = home.open();
    Delta delta;
    delta.customers = {customer(1, "x")};
    delta.messages = {message(1, "n-1", 1)};
    store->commit(delta);
    MessageRow changed = delta.messages.front();
    changed.to = "device-token";
    changed.channel = "app";
    changed.text = "Welcome again";
    changed.state = MessageState::failed;
    changed.attempts = 4;
    changed.due.reset();
    changed.error = "refused";
    changed.expires = Instant{99};
    changed.sent = Instant{11};
    changed.delivered = Instant{12};
    changed.confirm_by = Instant{13};
    changed.beside = "n-0";
    delta.messages = {changed};
    store->commit(delta);
    CHECK(store->read_message("n-1") == std::optional(changed));
}

TEST_CASE("retention deletes what is past its time and nothing else") {
    const Home home(EACH_STORE());
    auto store = home.open();
    Delta delta;
    SeenRow old = seen(1, 1), fresh = seen(2, 1);
    old.received = Instant{10};
    fresh.received = Instant{100};
    delta.seen = {old, fresh};
    store->commit(delta);
    Retention retention;
    retention.seen_before = Instant{50};
    CHECK(store->retain(retention) == 1);
    CHECK_FALSE(seen_of(*store, old.key));
    CHECK(seen_of(*store, fresh.key));
}

TEST_CASE("retention takes of every kind what is past its time, and leaves what waits and what is young") {
    const Home home(EACH_STORE());
    auto store = home.open();
    Delta delta;
    delta.customers = {customer(1, "x"), customer(2, "y")};
    delta.sessions = {{1, 1, "old", Instant{10}}, {2, 1, "young", Instant{100}}};
    delta.rejected = {{0, Instant{10}, "/s", "old", "t", "c", "d", "[]", "{}"},
                      {0, Instant{100}, "/s", "young", "t", "c", "d", "[]", "{}"}};
    delta.findings = {{"unpriced", "old", 1, Instant{10}, "{}", false},
                      {"unpriced", "young", 1, Instant{100}, "{}", false}};
    MessageRow done = message(1, "n-old", 1), waits = message(2, "n-waits", 1), young = message(3, "n-young", 1);
    done.created = waits.created = Instant{10};
    young.created = Instant{100};
    done.due.reset();
    done.state = MessageState::sent;
    delta.messages = {done, waits, young};
    store->commit(delta);
    const Instant limit{50};
    int gone = 0;
    for (int turn = 0; turn < 3; ++turn)
        gone += store->retain({limit, limit, limit, limit, limit, 500});
    CHECK(gone == 4);
    CHECK_FALSE(session_of(*store, 1, 1));
    CHECK(session_of(*store, 2, 1));
    REQUIRE(store->read_rejected({}).size() == 1);
    CHECK(store->read_rejected({}).front().event_id == "young");
    REQUIRE(store->read_findings("unpriced", {}).size() == 1);
    CHECK(store->read_findings("unpriced", {}).front().second.key == "young");
    CHECK_FALSE(store->read_message("n-old"));
    CHECK(store->read_message("n-waits"));
    CHECK(store->read_message("n-young"));
}

TEST_CASE("of findings with one key the last of a batch counts, and one that is gone leaves the list") {
    const Home home(EACH_STORE());
    auto store = home.open();
    Delta delta;
    delta.findings = {{"mismatch", "a", 1, Instant{1}, "first", false},
                      {"mismatch", "a", 1, Instant{2}, "second", false},
                      {"mismatch", "b", 1, Instant{3}, "b", false},
                      {"mismatch", "b", 1, Instant{4}, "", true}};
    store->commit(delta);
    REQUIRE(store->read_findings("mismatch", {}).size() == 1);
    CHECK(store->read_findings("mismatch", {}).front().second.body == "second");
    Delta gone;
    gone.findings = {{"mismatch", "a", 1, Instant{5}, "", true}};
    store->commit(gone);
    CHECK(store->read_findings("mismatch", {}).empty());
}

TEST_CASE("tariff versions, their files and keys are kept and replaced") {
    const Home home(EACH_STORE());
    auto store = home.open();
    VersionRow version{1, "draft", std::nullopt, Instant{5}, "ann", "", "", "d1"};
    Delta draft;
    draft.versions = {version};
    draft.files = {{1, {{"tariffs", std::string("a,b\n\xff", 5)}, {"bundles", ""}}}};
    draft.keys = {{"k-1", "care", "desk", std::string(32, '\x01'), Instant{6}, std::nullopt}};
    store->commit(draft);
    version.state = "published";
    version.effective_at = Instant{7};
    version.published_by = "bob";
    version.note = "summer";
    Delta published;
    published.versions = {version};
    published.keys = {{"k-1", "care", "desk", std::string(32, '\x01'), Instant{6}, Instant{9}}};
    store->commit(published);
    const auto versions = store->read_versions();
    REQUIRE(versions.size() == 1);
    CHECK(versions[0].state == "published");
    CHECK(versions[0].effective_at == std::optional(Instant{7}));
    CHECK(versions[0].created_by == "ann");
    CHECK(versions[0].published_by == "bob");
    CHECK(versions[0].note == "summer");
    CHECK(store->read_files(1) ==
          std::map<std::string, std::string>{{"tariffs", std::string("a,b\n\xff", 5)}, {"bundles", ""}});
    REQUIRE(store->read_keys().size() == 1);
    CHECK(store->read_keys()[0].revoked == std::optional(Instant{9}));
    CHECK(store->read_keys()[0].hash == std::string(32, '\x01'));
}

TEST_CASE("a draft keeps what it was compared with, and who approved it against which version") {
    const Home home(EACH_STORE());
    auto store = home.open();
    VersionRow version{1, "draft", std::nullopt, Instant{5}, "ann", "", "", "d1", 7};
    Delta draft;
    draft.versions = {version};
    draft.files = {{1, {{"tariffs", "a"}}}};
    store->commit(draft);
    CHECK(store->read_versions().at(0).base == 7);
    CHECK(store->read_versions().at(0).approved_by.empty());
    CHECK_FALSE(store->read_versions().at(0).approved_at);
    version.approved_by = "bob";
    version.approval = "compared with the contract";
    version.approved_at = Instant{8};
    version.approved_base = 9;
    Delta approved;
    approved.versions = {version};
    store->commit(approved);
    const VersionRow read = store->read_versions().at(0);
    CHECK(read.state == "draft");
    CHECK(read.base == 7);
    CHECK(read.approved_by == "bob");
    CHECK(read.approval == "compared with the contract");
    CHECK(read.approved_at == std::optional(Instant{8}));
    CHECK(read.approved_base == 9);
}

TEST_CASE("the steps of the tariff work are added, listed newest first, and never written over") {
    const Home home(EACH_STORE());
    auto store = home.open();
    const auto step = [](std::int64_t number, int version) {
        AuditRow row{number, Instant{number * 10}, version, "uploaded", "ann", "why", "d", "to 3", {}};
        row.hash.fill(static_cast<std::uint8_t>(number));
        return row;
    };
    Delta delta;
    delta.audit = {step(1, 4), step(2, 5), step(3, 4)};
    store->commit(delta);
    CHECK(store->read_audit(0, {}) == std::vector<AuditRow>{step(3, 4), step(2, 5), step(1, 4)});
    CHECK(store->read_audit(4, {}) == std::vector<AuditRow>{step(3, 4), step(1, 4)});
    CHECK(store->read_audit(4, {3, 50}) == std::vector<AuditRow>{step(1, 4)});
    CHECK(store->read_audit(0, {0, 1}) == std::vector<AuditRow>{step(3, 4)});
    Delta over;
    over.audit = {step(3, 5)};
    CHECK_THROWS(store->commit(over));
    CHECK(store->read_audit(0, {0, 1}) == std::vector<AuditRow>{step(3, 4)});
}

TEST_CASE("who is due by the clock comes first things first") {
    const Home home(EACH_STORE());
    auto store = home.open();
    Delta delta;
    delta.customers = {customer(1, "x", Instant{30}), customer(2, "y", Instant{10}), customer(3, "z")};
    MessageRow waiting = message(1, "n-1", 1), sent = message(2, "n-2", 2);
    waiting.confirm_by = Instant{20};
    sent.confirm_by = Instant{5};
    delta.messages = {waiting, sent};
    store->commit(delta);
    CHECK(store->due_customers(Instant{9}, 10).empty());
    CHECK(store->due_customers(Instant{30}, 10) == std::vector<CustomerId>{2, 1});
    CHECK(store->due_customers(Instant{30}, 1) == std::vector<CustomerId>{2});
    CHECK(store->overdue_messages(Instant{20}, 10) == std::vector<std::int64_t>{2, 1});
    CHECK(store->maintain() >= 0);
}

TEST_CASE("a customer's evidence is read back along its chain, as far as asked") {
    const Home home(EACH_STORE());
    auto store = home.open();
    Delta delta;
    const std::int64_t rows[] = {10, 300, 20, 40};  // ids of several instances need not rise
    for (int i = 0; i < 4; ++i)
        delta.evidence.push_back({rows[i], 1, i + 1, i ? rows[i - 1] : 0, Instant{i}, "event", "b", {}});
    delta.evidence.push_back({50, 2, 1, 0, Instant{9}, "event", "of another", {}});
    store->commit(delta);
    const auto numbers = [&](std::int64_t last, int limit) {
        std::vector<std::int64_t> found;
        for (const EvidenceRow& row : store->read_evidence(1, last, limit))
            found.push_back(row.number);
        return found;
    };
    CHECK(numbers(40, 10) == std::vector<std::int64_t>{4, 3, 2, 1});
    CHECK(numbers(40, 2) == std::vector<std::int64_t>{4, 3});
    CHECK(numbers(300, 10) == std::vector<std::int64_t>{2, 1});
    CHECK(numbers(50, 10).empty());
    CHECK(numbers(0, 10).empty());
}

TEST_CASE("the store's clock goes with the time, and nothing is news where nobody wrote") {
    const Home home(EACH_STORE());
    auto store = home.open();
    const auto system =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    CHECK(std::abs(store->clock().ms - system) < 5000);
    CHECK(store->shared() == (home.kind() == Kind::postgres));
    CHECK_FALSE(store->wait_for_news(std::chrono::milliseconds(30)));
    store->ping();
}
