#include "tests/simulation/faulty_store.h"

#include <map>

#include "service/storage/codec.h"

namespace roamguard::simulation {
namespace {

using namespace storage;

class FaultyStore final : public Store {
public:
    FaultyStore(std::unique_ptr<Store> store, Weather& weather) : store_(std::move(store)), weather_(weather) {}

    Loaded gather(const Wants& wants) override {
        alive();
        if (weather_.next == Trouble::unreadable) {
            weather_.next = Trouble::none;
            throw StoreUnavailable("the disk gives an error");
        }
        Loaded loaded = store_->gather(wants);
        plant(loaded);
        return loaded;
    }

    void commit(const Delta& delta) override {
        alive();
        if (delta.empty()) return store_->commit(delta);
        switch (std::exchange(weather_.next, Trouble::none)) {
            case Trouble::refused:
                store_->abandon();
                throw StoreUnavailable("the disk is full");
            case Trouble::conflict:
                store_->abandon();
                throw StoreConflict("another instance was faster");
            case Trouble::dies_before:
                store_->abandon();
                weather_.dead = true;
                return alive();
            case Trouble::answer_lost:
                done(delta);
                throw StoreUnavailable("the connection broke");
            case Trouble::dies_after:
                if (weather_.plant == Plant::outbox_after_commit) {
                    Delta cause = delta;
                    cause.messages.clear();
                    done(cause);
                } else {
                    done(delta);
                }
                weather_.dead = true;
                return alive();
            case Trouble::none:
            case Trouble::unreadable:
                return done(delta);
        }
    }

    void abandon() noexcept override { store_->abandon(); }
    std::int64_t reserve(Sequence sequence, int count, std::int64_t above) override {
        alive();
        return store_->reserve(sequence, count, above);
    }
    std::vector<CustomerId> due_customers(Instant now, int limit) override {
        alive();
        return store_->due_customers(now, limit);
    }
    std::vector<std::int64_t> overdue_messages(Instant now, int limit) override {
        alive();
        return store_->overdue_messages(now, limit);
    }
    int retain(const Retention& retention) override { return store_->retain(retention); }
    std::int64_t maintain() override {
        alive();
        return store_->maintain();
    }
    bool shared() const override { return store_->shared(); }
    Instant clock() override { return store_->clock(); }
    bool wait_for_news(std::chrono::milliseconds patience) override { return store_->wait_for_news(patience); }

    std::optional<CustomerId> read_alias(const std::string& alias) override { return store_->read_alias(alias); }
    std::optional<CustomerRow> read_customer(CustomerId id) override { return store_->read_customer(id); }
    std::vector<EvidenceRow> read_evidence(CustomerId id, std::int64_t last, int limit) override {
        return store_->read_evidence(id, last, limit);
    }
    std::vector<MessageRow> read_messages(const MessageFilter& filter, const Page& page) override {
        return store_->read_messages(filter, page);
    }
    std::optional<MessageRow> read_message(const std::string& id) override { return store_->read_message(id); }
    std::optional<CustomerId> read_question(const std::string& id) override { return store_->read_question(id); }
    std::vector<std::int64_t> due_messages(const std::string& channel, Instant now, int limit) override {
        alive();
        return store_->due_messages(channel, now, limit);
    }
    std::vector<RejectedRow> read_rejected(const Page& page) override { return store_->read_rejected(page); }
    std::vector<std::pair<std::int64_t, FindingRow>> read_findings(const std::string& kind, const Page& page) override {
        return store_->read_findings(kind, page);
    }
    Coverage read_coverage(Instant since) override { return store_->read_coverage(since); }
    std::vector<VersionRow> read_versions() override { return store_->read_versions(); }
    std::map<std::string, std::string> read_files(int version) override { return store_->read_files(version); }
    std::vector<AuditRow> read_audit(int version, const Page& page) override {
        return store_->read_audit(version, page);
    }
    std::vector<KeyRow> read_keys() override { return store_->read_keys(); }
    std::vector<CustomerRow> read_customers(CustomerId after, int limit) override {
        return store_->read_customers(after, limit);
    }
    void ping() override { store_->ping(); }
    void copy_to(const std::string& file) override { store_->copy_to(file); }
    Slice read_slice(Table table, const std::string& after, int limit) override {
        return store_->read_slice(table, after, limit);
    }
    std::int64_t count_rows(Table table) override { return store_->count_rows(table); }
    std::vector<EvidenceRow> read_entries(const std::vector<std::pair<CustomerId, std::int64_t>>& rows) override {
        return store_->read_entries(rows);
    }
    std::optional<Transfer> transfer() override { return store_->transfer(); }
    void begin_transfer(const Transfer& transfer) override { store_->begin_transfer(transfer); }
    void end_transfer() override { store_->end_transfer(); }

private:
    void alive() const {
        if (weather_.dead) throw StoreUnavailable("the process is dead");
    }

    void done(const Delta& delta) {
        if (weather_.plant == Plant::missing_lock)
            for (const CustomerRow& row : delta.customers) {
                if (const auto before = store_->read_customer(row.id)) stale_[row.id] = *before;
            }
        if (weather_.plant == Plant::duplicates_forgotten) {
            Delta forgetful = delta;
            forgetful.seen.clear();
            store_->commit(forgetful);
        } else {
            store_->commit(delta);
        }
        ++weather_.commits;
    }

    /// Of the planted faults, those that show in what is read.
    void plant(Loaded& loaded) {
        if (weather_.plant == Plant::missing_lock && ++gathered_ % 5 == 0)
            for (CustomerRow& row : loaded.customers)
                if (const auto stale = stale_.find(row.id); stale != stale_.end()) row.state = stale->second.state;
        if (weather_.plant != Plant::hold_lost_on_restart) return;
        for (CustomerRow& row : loaded.customers) {
            if (!read_since_start_.insert(row.id).second) continue;
            protection::CustomerState state = decode_state(row.state);
            state.holds.clear();
            row.state = encode(state);
        }
    }

    std::unique_ptr<Store> store_;
    Weather& weather_;
    std::map<CustomerId, CustomerRow> stale_;
    std::set<CustomerId> read_since_start_;
    int gathered_ = 0;
};

}  // namespace

std::string_view word(Trouble trouble) {
    static constexpr std::string_view words[] = {"",
                                                 "the disk is full",
                                                 "the disk gives an error",
                                                 "it is done, but the answer is lost",
                                                 "another instance is faster, once",
                                                 "the process dies before the commit",
                                                 "the process dies after the commit"};
    return words[static_cast<std::size_t>(trouble)];
}

std::string_view word(Plant plant) {
    static constexpr std::string_view words[] = {"none",
                                                 "a threshold off by one",
                                                 "an outbox written after the commit",
                                                 "a missing lock",
                                                 "a hold lost on restart",
                                                 "duplicates forgotten",
                                                 "acknowledged too soon",
                                                 "silence is consent"};
    return words[static_cast<std::size_t>(plant)];
}

std::unique_ptr<Store> with_troubles(std::unique_ptr<Store> store, Weather& weather) {
    return std::make_unique<FaultyStore>(std::move(store), weather);
}

}  // namespace roamguard::simulation
