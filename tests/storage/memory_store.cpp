#include "tests/storage/memory_store.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

#include <nlohmann/json.hpp>

#include "service/storage/due.h"

namespace roamguard::testing {
namespace {

using namespace storage;

template <class Map>
std::int64_t after_last(const Map& rows) {
    return rows.empty() ? 1 : rows.rbegin()->first + 1;
}

/// Values that pass, from the highest key below `page.before` down.
template <class Row, class Passes>
std::vector<Row> newest(const std::map<std::int64_t, Row>& rows, const Page& page, Passes passes) {
    std::vector<Row> found;
    auto at = page.before > 0 ? rows.lower_bound(page.before) : rows.end();
    while (at != rows.begin() && static_cast<int>(found.size()) < page.limit)
        if (const Row& row = (--at)->second; passes(row)) found.push_back(row);
    return found;
}

/// Keys of the rows that are due, by their time, then key.
template <class Map, class Due>
std::vector<std::int64_t> due_first(const Map& rows, Instant now, int limit, Due due) {
    std::vector<std::pair<std::int64_t, std::int64_t>> found;
    for (const auto& [key, row] : rows)
        if (const std::optional<Instant> at = due(row); at && *at <= now) found.emplace_back(at->ms, key);
    std::sort(found.begin(), found.end());
    if (found.size() > static_cast<std::size_t>(limit)) found.resize(static_cast<std::size_t>(limit));
    std::vector<std::int64_t> keys;
    for (const auto& [at, key] : found)
        keys.push_back(key);
    return keys;
}

template <class Map, class Gone>
int drop(Map& rows, int limit, Gone gone) {
    int dropped = 0;
    for (auto row = rows.begin(); row != rows.end() && dropped < limit;) {
        if (gone(row->second)) {
            row = rows.erase(row);
            ++dropped;
        } else {
            ++row;
        }
    }
    return dropped;
}

template <class Map>
auto value_of(const Map& rows, const typename Map::key_type& key) -> std::optional<typename Map::mapped_type> {
    const auto found = rows.find(key);
    if (found == rows.end()) return std::nullopt;
    return found->second;
}

bool machine(const std::string& channel) { return channel == "platform" || channel == "nchf" || channel == "camara"; }

class MemoryStore final : public Store {
public:
    explicit MemoryStore(std::shared_ptr<Shelf> shelf)
        : shelf_(std::move(shelf)),
          next_{after_last(shelf_->customers), after_last(shelf_->evidence), after_last(shelf_->messages)} {}

    Loaded gather(const Wants& wants) override {
        Loaded loaded;
        std::set<CustomerId> customers(wants.customers.begin(), wants.customers.end());
        for (const Digest& key : wants.keys)
            loaded.seen.push_back(value_of(shelf_->seen, key));
        for (const std::string& alias : wants.aliases) {
            loaded.aliases.push_back(read_alias(alias));
            if (loaded.aliases.back()) customers.insert(*loaded.aliases.back());
        }
        for (std::int64_t row : std::set<std::int64_t>(wants.messages.begin(), wants.messages.end()))
            if (const auto message = value_of(shelf_->messages, row)) {
                loaded.messages.push_back(*message);
                customers.insert(message->customer);
            }
        for (CustomerId id : customers)
            if (auto row = read_customer(id)) loaded.customers.push_back(std::move(*row));
        for (const auto& [alias, session] : wants.sessions)
            if (const auto owner = read_alias(alias)) add_session(*owner, session, loaded);
        for (const auto& [customer, session] : wants.customer_sessions)
            add_session(customer, session, loaded);
        return loaded;
    }

    std::int64_t reserve(Sequence sequence, int count, std::int64_t above) override {
        std::int64_t& next = next_[static_cast<std::size_t>(sequence)];
        const std::int64_t first = std::max(next, above + 1);
        next = first + count;
        return first;
    }

    void commit(const Delta& delta) override {
        check(delta);
        write(delta);
    }
    void abandon() noexcept override {}

    std::vector<CustomerId> due_customers(Instant now, int limit) override {
        return due_first(shelf_->customers, now, limit, [](const CustomerRow& row) { return row.wake; });
    }
    std::vector<std::int64_t> overdue_messages(Instant now, int limit) override {
        return due_first(shelf_->messages, now, limit, [](const MessageRow& row) { return row.confirm_by; });
    }
    int retain(const Retention& all) override {
        return drop(shelf_->seen, all.limit, [&](const SeenRow& row) { return row.received < all.seen_before; }) +
               drop(shelf_->sessions, all.limit,
                    [&](const SessionRow& row) { return row.last < all.sessions_before; }) +
               drop(shelf_->rejected, all.limit, [&](const RejectedRow& row) { return row.at < all.rejected_before; }) +
               drop(shelf_->findings, all.limit, [&](const FindingRow& row) { return row.at < all.findings_before; }) +
               drop(shelf_->messages, all.limit, [&](const MessageRow& row) {
                   return row.created < all.messages_before && !row.due && row.state != MessageState::queued;
               });
    }
    std::int64_t maintain() override { return 0; }

    bool shared() const override { return false; }
    Instant clock() override {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return {std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
    }
    bool wait_for_news(std::chrono::milliseconds patience) override {
        std::this_thread::sleep_for(patience);
        return false;
    }

    std::optional<CustomerId> read_alias(const std::string& alias) override {
        const auto found = value_of(shelf_->aliases, alias);
        return found ? std::optional(found->customer) : std::nullopt;
    }
    std::optional<CustomerRow> read_customer(CustomerId customer) override {
        return value_of(shelf_->customers, customer);
    }
    std::vector<EvidenceRow> read_evidence(CustomerId customer, std::int64_t last, int limit) override {
        std::vector<EvidenceRow> entries;
        while (last > 0 && static_cast<int>(entries.size()) < limit) {
            const auto entry = value_of(shelf_->evidence, last);
            if (!entry || entry->customer != customer) break;
            entries.push_back(*entry);
            last = entry->previous;
        }
        return entries;
    }
    std::vector<MessageRow> read_messages(const MessageFilter& filter, const Page& page) override {
        return newest(shelf_->messages, page, [&](const MessageRow& row) {
            return (!filter.customer || row.customer == *filter.customer) &&
                   (filter.state.empty() || word(row.state) == filter.state) &&
                   (filter.kind.empty() || row.kind == filter.kind) &&
                   (filter.channel.empty() ? !machine(row.channel) : row.channel == filter.channel);
        });
    }
    std::optional<MessageRow> read_message(const std::string& id) override {
        for (const auto& [number, row] : shelf_->messages)
            if (row.id == id) return row;
        return std::nullopt;
    }
    std::optional<CustomerId> read_question(const std::string& question) override {
        for (const auto& [number, row] : shelf_->messages)
            if (!question.empty() && row.question == question) return row.customer;
        return std::nullopt;
    }
    std::vector<std::int64_t> due_messages(const std::string& channel, Instant now, int limit) override {
        return due_first(shelf_->messages, now, limit, [&](const MessageRow& row) -> std::optional<Instant> {
            if (row.channel != channel || !is_due(row, now)) return std::nullopt;
            return std::min(*row.due, now);
        });
    }
    std::vector<RejectedRow> read_rejected(const Page& page) override {
        return newest(shelf_->rejected, page, [](const RejectedRow&) { return true; });
    }
    std::vector<std::pair<std::int64_t, FindingRow>> read_findings(const std::string& kind, const Page& page) override {
        std::vector<std::pair<std::int64_t, FindingRow>> rows;
        for (FindingRow& row : newest(shelf_->findings, page, [&](const FindingRow& one) { return one.kind == kind; }))
            rows.emplace_back(row.row, row);
        return rows;
    }
    Coverage read_coverage(Instant since) override {
        Coverage coverage;
        for (auto at = shelf_->findings.rbegin(); at != shelf_->findings.rend(); ++at) {
            const FindingRow& row = at->second;
            if (row.kind.rfind("opened_", 0) != 0 || row.at < since) continue;
            const auto entry = value_of(shelf_->evidence, nlohmann::json::parse(row.body).at("entry").get<int>());
            const bool confirmed =
                entry && entry->customer == row.customer && (entry->kind == "answer" || entry->kind == "reply");
            ++coverage.kinds[row.kind].opened;
            if (confirmed) ++coverage.kinds[row.kind].confirmed;
            if (!confirmed && coverage.unconfirmed.size() < 100) coverage.unconfirmed.push_back(row);
        }
        return coverage;
    }
    std::vector<VersionRow> read_versions() override {
        std::vector<VersionRow> rows;
        for (auto row = shelf_->versions.rbegin(); row != shelf_->versions.rend(); ++row)
            rows.push_back(row->second);
        return rows;
    }
    std::map<std::string, std::string> read_files(int version) override {
        return value_of(shelf_->files, version).value_or(std::map<std::string, std::string>{});
    }
    std::vector<AuditRow> read_audit(int version, const Page& page) override {
        return newest(shelf_->audit, page, [&](const AuditRow& row) { return version == 0 || row.version == version; });
    }
    std::vector<KeyRow> read_keys() override {
        std::vector<KeyRow> rows;
        for (const auto& [id, row] : shelf_->keys)
            rows.push_back(row);
        return rows;
    }
    std::vector<CustomerRow> read_customers(CustomerId after, int limit) override {
        std::vector<CustomerRow> rows;
        for (auto row = shelf_->customers.upper_bound(after);
             row != shelf_->customers.end() && static_cast<int>(rows.size()) < limit; ++row)
            rows.push_back(row->second);
        return rows;
    }
    void ping() override {}

    void copy_to(const std::string&) override { throw no_copies(); }
    Slice read_slice(Table, const std::string&, int) override { throw no_copies(); }
    std::int64_t count_rows(Table) override { throw no_copies(); }
    std::vector<EvidenceRow> read_entries(const std::vector<std::pair<CustomerId, std::int64_t>>&) override {
        throw no_copies();
    }
    std::optional<Transfer> transfer() override { return std::nullopt; }
    void begin_transfer(const Transfer&) override { throw no_copies(); }
    void end_transfer() override { throw no_copies(); }

private:
    static std::logic_error no_copies() { return std::logic_error("a store in memory is neither copied nor moved"); }

    void add_session(CustomerId customer, std::int64_t session, Loaded& loaded) {
        if (const auto row = value_of(shelf_->sessions, {customer, session})) loaded.sessions.push_back(*row);
    }

    /// What the tables' keys refuse, before anything is written.
    void check(const Delta& delta) {
        std::set<Digest> keys;
        for (const SeenRow& row : delta.seen)
            if (shelf_->seen.count(row.key) || !keys.insert(row.key).second)
                throw std::runtime_error("an event was taken twice");
        for (const EvidenceRow& row : delta.evidence)
            if (shelf_->evidence.count(row.row)) throw std::runtime_error("an entry of the evidence was written twice");
        for (const AuditRow& row : delta.audit)
            if (shelf_->audit.count(row.number)) throw std::runtime_error("a step was written twice");
        for (const MessageRow& row : delta.messages)
            if (const auto other = read_message(row.id); other && other->row != row.row)
                throw std::runtime_error("another message has this id");
    }

    void write(const Delta& delta) {
        for (const CustomerRow& row : delta.customers)
            shelf_->customers[row.id] = row;
        for (const std::string& alias : delta.dropped_aliases)
            shelf_->aliases.erase(alias);
        for (const AliasRow& row : delta.aliases)
            shelf_->aliases[row.alias] = row;
        for (const SessionRow& row : delta.sessions)
            shelf_->sessions[{row.customer, row.session}] = row;
        for (const SeenRow& row : delta.seen)
            shelf_->seen[row.key] = row;
        for (const EvidenceRow& row : delta.evidence)
            shelf_->evidence[row.row] = row;
        for (const MessageRow& row : delta.messages)
            shelf_->messages[row.row] = row;
        for (const RejectedRow& row : delta.rejected)
            append(shelf_->rejected, row);
        for (const FindingRow& row : delta.findings)
            write(row);
        for (const VersionRow& row : delta.versions)
            shelf_->versions[row.number] = row;
        for (const auto& [version, files] : delta.files)
            shelf_->files[version] = files;
        for (const AuditRow& row : delta.audit)
            shelf_->audit[row.number] = row;
        for (const KeyRow& row : delta.keys)
            shelf_->keys[row.id] = row;
        for (CustomerId customer : delta.erased)
            erase(customer);
    }
    void write(const FindingRow& row) {
        (void)drop(shelf_->findings, 1,
                   [&](const FindingRow& other) { return other.kind == row.kind && other.key == row.key; });
        if (!row.gone) append(shelf_->findings, row);
    }
    template <class Row>
    static void append(std::map<std::int64_t, Row>& rows, Row row) {
        if (row.row == 0) row.row = after_last(rows);
        rows[row.row] = row;
    }
    void erase(CustomerId customer) {
        const auto theirs = [&](const auto& row) { return row.customer == customer; };
        (void)drop(shelf_->sessions, INT32_MAX, theirs);
        (void)drop(shelf_->findings, INT32_MAX, theirs);
        for (auto& [number, row] : shelf_->messages) {
            const bool to_be_told =
                row.state == MessageState::queued && (row.channel == "platform" || row.channel == "nchf");
            if (row.customer != customer || to_be_told) continue;
            row.to.clear();
            row.text.clear();
            row.due.reset();
            row.leased = false;
            row.confirm_by.reset();
            if (row.state == MessageState::queued) row.state = MessageState::cancelled;
        }
    }

    std::shared_ptr<Shelf> shelf_;
    std::array<std::int64_t, 3> next_;
};

}  // namespace

std::unique_ptr<Store> open_memory(std::shared_ptr<Shelf> shelf) {
    return std::make_unique<MemoryStore>(std::move(shelf));
}

}  // namespace roamguard::testing
