#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "tests/storage/power_cut_vfs.h"
#include "tests/storage/rows.h"

using namespace roamguard;
using namespace roamguard::storage;
using testing::Home;
using testing::Kind;
using testing::PowerCutDisk;

// The power goes at any moment of the store's life: while its file is made, between any two writes of a commit, while a
// checkpoint moves the log into the database, while it is closed. Whatever the disk kept of what it was not made to
// sync, every commit that returned is there afterwards, no commit is there in part, and the file is whole.
//
// POWER_CUTS says with how many seeds (1,000 unless given), POWER_CUT_SEED which one is the first.

namespace {

using Chance = std::mt19937_64;
using Step = PowerCutDisk::Step;

constexpr std::int64_t lines = 7;

std::uint64_t number_of(const char* name, std::uint64_t unless_given) {
    const char* given = std::getenv(name);
    return given ? std::strtoull(given, nullptr, 10) : unless_given;
}

Digest digest_of(std::int64_t commit, std::int64_t event) {
    Digest digest{};
    const std::int64_t both[] = {commit, event};
    std::memcpy(digest.data(), both, digest.size());
    return digest;
}

/// One batch as the engine commits it: a few customers' states, sessions, events seen, evidence and messages owed. What
/// is in it follows from its number alone.
struct Batch {
    std::int64_t number;  ///< from 1; of a row of evidence or the outbox it is an eighth
    std::size_t weight;   ///< of one entry's body, in bytes

    [[nodiscard]] std::int64_t events() const { return 1 + number % 4; }
    [[nodiscard]] CustomerId customer(std::int64_t event) const { return 1 + (number + event) % lines; }
    [[nodiscard]] std::int64_t row(std::int64_t event) const { return number * 8 + event; }
    [[nodiscard]] std::string words() const { return "as of " + std::to_string(number); }

    [[nodiscard]] Delta delta() const {
        Delta delta;
        for (std::int64_t event = 0; event < events(); ++event) {
            const CustomerId owner = customer(event);
            delta.customers.push_back(storage::customer(owner, words(), Instant{number}));
            delta.sessions.push_back({owner, number, words(), Instant{number}});
            SeenRow seen{digest_of(number, event), {}, owner, words(), Instant{number}};
            delta.seen.push_back(seen);
            EvidenceRow entry;
            entry.row = row(event);
            entry.customer = owner;
            entry.number = row(event);
            entry.at = Instant{number};
            entry.kind = "event";
            entry.body = std::string(weight, static_cast<char>('a' + number % 26));
            delta.evidence.push_back(entry);
            delta.messages.push_back(message(row(event), "n-" + std::to_string(row(event)), owner));
        }
        return delta;
    }

    /// Its rows of four an event; customers' states are looked at apart.
    void want(Wants& wants, std::vector<std::pair<CustomerId, std::int64_t>>& entries) const {
        for (std::int64_t event = 0; event < events(); ++event) {
            wants.keys.push_back(digest_of(number, event));
            wants.customer_sessions.emplace_back(customer(event), number);
            wants.messages.push_back(row(event));
            entries.emplace_back(customer(event), row(event));
        }
    }
    [[nodiscard]] bool is_whole(const EvidenceRow& entry) const {
        return entry.body == std::string(weight, static_cast<char>('a' + number % 26));
    }
};

/// When the power goes. Most cuts are anywhere in the store's work, the others in what is rare or short.
struct Plan {
    enum class Moment { opening, working, checkpoint, closing } moment = Moment::working;
    std::size_t weight = 200;
    int commits = 16;
    std::uint64_t steps = 0;  ///< before the cut, counted from where the moment begins

    explicit Plan(Chance& chance) {
        const std::uint64_t kind = chance() % 100;
        if (kind < 10) {
            moment = Moment::opening;
            steps = chance() % 90;
        } else if (kind < 17) {
            moment = Moment::checkpoint;  // one begins by itself at 4 MiB of log
            weight = 120'000;
            steps = chance() % 300;
        } else if (kind < 37) {
            moment = Moment::closing;
            steps = chance() % 60;
        } else {
            weight = chance() % 4 == 0 ? 9000 : 200;
            steps = chance() % 430;
        }
    }

    /// Begins to count at the first step the moment can be recognised by.
    [[nodiscard]] PowerCutDisk::Watch watch(const Moment& now) const {
        return [this, &now, left = steps, begun = false](Step step) mutable {
            begun = begun || (moment == Moment::checkpoint ? now == Moment::working && step == Step::write_database
                                                           : now == moment);
            return begun && left-- == 0;
        };
    }
};

/// Opens the store, commits until the power goes, or until it is closed. Returns the last commit that was acknowledged.
std::int64_t live_until_cut(const Home& home, PowerCutDisk& disk, const Plan& plan, std::int64_t last) {
    Plan::Moment now = Plan::Moment::opening;
    disk.cut_when(plan.watch(now));
    std::int64_t acknowledged = last;
    try {
        auto store = home.open();
        now = Plan::Moment::working;
        for (int n = 0; n < plan.commits && !disk.is_cut(); ++n) {
            store->commit(Batch{last + n + 1, plan.weight}.delta());
            acknowledged = last + n + 1;
            (void)store->maintain();
        }
        now = Plan::Moment::closing;
    } catch (const StoreUnavailable&) {
        if (!disk.is_cut()) throw;
    }
    return acknowledged;
}

std::string integrity_of(const std::string& file) {
    sqlite3* db = nullptr;
    sqlite3_stmt* check = nullptr;
    std::string said = "cannot be opened";
    if (sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &check, nullptr) == SQLITE_OK &&
        sqlite3_step(check) == SQLITE_ROW)
        said = reinterpret_cast<const char*>(sqlite3_column_text(check, 0));
    sqlite3_finalize(check);
    sqlite3_close(db);
    return said;
}

/// What a store is like after the power came back.
struct Found {
    std::int64_t last = 0;  ///< the newest commit that is there
    std::string fault;      ///< the first thing that must never be; empty: none
};

/// How many rows of each commit are there, and the states of the customers.
struct Rows {
    std::map<std::int64_t, std::int64_t> of_commit;
    std::map<CustomerId, std::string> states;
};

Rows rows_in(Store& store, const std::map<std::int64_t, std::size_t>& weights) {
    Wants wants;
    std::vector<std::pair<CustomerId, std::int64_t>> entries;
    for (const auto& [number, weight] : weights)
        Batch{number, weight}.want(wants, entries);
    for (CustomerId id = 1; id <= lines; ++id)
        wants.customers.push_back(id);
    const Loaded loaded = store.gather(wants);
    Rows rows;
    for (const auto& seen : loaded.seen)
        if (seen) ++rows.of_commit[seen->received.ms];
    for (const SessionRow& session : loaded.sessions)
        ++rows.of_commit[session.session];
    for (const MessageRow& message : loaded.messages)
        ++rows.of_commit[message.row / 8];
    for (const EvidenceRow& entry : store.read_entries(entries)) {
        const std::int64_t number = entry.row / 8;
        rows.of_commit[number] += Batch{number, weights.at(number)}.is_whole(entry);
    }
    for (const CustomerRow& customer : loaded.customers)
        rows.states[customer.id] = customer.state;
    store.abandon();
    return rows;
}

Found look_through(const Home& home, const std::map<std::int64_t, std::size_t>& weights) {
    Found found;
    const auto store = home.open();
    const Rows rows = rows_in(*store, weights);
    std::map<CustomerId, std::string> expected;
    bool ended = false;
    for (const auto& [number, weight] : weights) {
        const auto there = rows.of_commit.find(number);
        if (there == rows.of_commit.end()) {
            ended = true;
            continue;
        }
        const Batch batch{number, weight};
        const std::string name = "commit " + std::to_string(number);
        if (there->second != 4 * batch.events())
            return {number, name + " is there in part: " + std::to_string(there->second) + " of " +
                                std::to_string(4 * batch.events()) + " rows"};
        if (ended) return {number, name + " is there without one before it"};
        found.last = number;
        for (std::int64_t event = 0; event < batch.events(); ++event)
            expected[batch.customer(event)] = batch.words();
    }
    if (rows.states != expected) found.fault = "the customers are not as the last commit left them";
    if (const std::string whole = integrity_of(home.file()); whole != "ok")
        found.fault = "the file is damaged: " + whole;
    return found;
}

struct Outcome {
    std::int64_t acknowledged = 0, lost = 0;
    std::map<Plan::Moment, int> cuts;
    std::string fault;
};

/// Two lives of one store, a cut at the end of each: the second begins with what the first cut left.
void two_lives(std::uint64_t seed, PowerCutDisk::Pragma pragma, Outcome& outcome) {
    Chance chance(seed);
    PowerCutDisk disk(pragma);
    const Home home(Kind::sqlite);
    std::map<std::int64_t, std::size_t> weights;
    std::int64_t last = 0;
    for (int life = 0; life < 2 && outcome.fault.empty(); ++life) {
        const Plan plan(chance);
        const std::int64_t acknowledged = live_until_cut(home, disk, plan, last);
        outcome.acknowledged += acknowledged - last;
        if (disk.is_cut()) ++outcome.cuts[plan.moment];
        disk.power_on(chance);
        for (int n = 1; n <= plan.commits; ++n)
            weights[last + n] = plan.weight;
        const Found found = look_through(home, weights);
        outcome.fault = found.fault;
        if (found.last < acknowledged) outcome.lost += acknowledged - found.last;
        weights.erase(weights.upper_bound(found.last), weights.end());
        last = found.last;
    }
}

}  // namespace

TEST_CASE("a power cut at any moment loses nothing that was acknowledged and leaves nothing half there") {
    const std::uint64_t first = number_of("POWER_CUT_SEED", 1);
    Outcome outcome;
    for (std::uint64_t seed = first; seed < first + number_of("POWER_CUTS", 1000); ++seed) {
        INFO("POWER_CUT_SEED=" << seed);
        two_lives(seed, PowerCutDisk::Pragma::as_asked, outcome);
        REQUIRE(outcome.fault == "");
        REQUIRE(outcome.lost == 0);
    }
    CHECK(outcome.acknowledged > 0);
    if (number_of("POWER_CUTS", 1000) >= 100) CHECK(outcome.cuts.size() == 4);  // at every kind of moment
}

TEST_CASE("the same power cuts do lose acknowledged commits of a store that does not sync each: they are cuts") {
    Outcome outcome;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        INFO("seed " << seed);
        two_lives(seed, PowerCutDisk::Pragma::normal_for_full, outcome);
        CHECK(outcome.fault == "");  // what is lost then is the newest, and whole
    }
    CHECK(outcome.lost > 0);
}
