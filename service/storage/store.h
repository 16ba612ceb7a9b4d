#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/intake/roaming_event.h"
#include "tariffs/instant.h"

// The seam to the database. In bulk, never row by row: a batch of requests is one gather, then one commit of everything
// they changed and owe. SQLite is the embedded engine, for one instance of the service; PostgreSQL is the one that
// several instances share. Rows are plain data, and one suite of tests holds both engines to the same promises.
namespace roamguard::storage {

using tariffs::Instant;
using CustomerId = std::int64_t;
using intake::Digest;

/// The world failing: disk, lock, network. The outcome of a commit that throws this is unknown.
struct StoreUnavailable : std::runtime_error {
    using std::runtime_error::runtime_error;
};
/// An input/output error, or damage: nothing may be acknowledged any more, the process must end and restart.
struct StoreBroken : StoreUnavailable {
    using StoreUnavailable::StoreUnavailable;
};
/// Another instance was faster: nothing was changed, and the same batch may be run again.
struct StoreConflict : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct CustomerRow {
    CustomerId id = 0;
    std::string state;  ///< of the codec
    std::string key;    ///< 32 bytes: encrypts this customer's evidence; empty once erased
    std::optional<Instant> wake;
};
/// `m:+44…`, `i:23415…`, `c:opaque-id`, `k:camara-subscription`, `p:policy-subscription`, `t:` and a
/// link token's digest -> customer.
struct AliasRow {
    std::string alias;
    CustomerId customer = 0;
    Instant since;
    /// The alias led to somebody when the batch began and is pointed elsewhere. One that was free must be free still
    /// when it is committed, or the commit is a StoreConflict; an engine that nobody shares need not look.
    enum class Was { free, taken } was = Was::free;
};
struct SessionRow {
    CustomerId customer = 0;
    std::int64_t session = 0;  ///< 63 bits of the session name's digest
    std::string body;
    Instant last;
};
struct SeenRow {
    Digest key{}, content{};
    CustomerId customer = 0;
    std::string result;  ///< ids of what the event owed, of the codec
    Instant received;
};
/// One entry of a customer's evidence. `row` grows over all customers; `previous` leads to the customer's entry before.
struct EvidenceRow {
    std::int64_t row = 0;
    CustomerId customer = 0;
    std::int64_t number = 0;  ///< 1, 2, … within the customer
    std::int64_t previous = 0;
    Instant at;
    std::string kind;
    std::string body;  ///< ciphertext; empty once erased or dropped
    std::array<std::uint8_t, 32> hash{};
};

enum class MessageState { queued, sent, delivered, failed, expired, cancelled };
[[nodiscard]] std::string_view word(MessageState state);
[[nodiscard]] std::optional<MessageState> parse_message_state(std::string_view word);

/// A row of the outbox: a message to a person (channels `sms`, `app`), or to a machine (`platform`, `nchf`: what the
/// core is told of holds; `camara`: a question to a CAMARA server), whose `text` is the body to post.
struct MessageRow {
    std::int64_t row = 0;
    std::string id;
    CustomerId customer = 0;
    std::string to;  ///< E.164 or app address; empty: no address
    std::string kind, channel, language, text, encoding, template_id, template_hash;
    int segments = 0;
    MessageState state = MessageState::queued;
    int attempts = 0;  ///< also the fencing number: only the holder of the latest attempt may finish it
    /// When it may be claimed next; nothing while another message of the customer and channel is before it, or when
    /// finished. While claimed: the end of the lease.
    std::optional<Instant> due;
    bool leased = false;  ///< claimed: somebody may be sending it
    std::string cause;    ///< the event's id
    std::string cap;
    int stage = 0, threshold = 0;
    std::string question, error;
    Instant created, expires;
    std::optional<Instant> sent, delivered;
    std::optional<Instant> confirm_by;  ///< of an app message: not confirmed by then, an SMS follows
    std::string topic;   ///< of messages to machines: only a customer's newest of a topic matters; empty: each does
    std::string beside;  ///< the message this one goes out with, or follows because that one did not arrive

    friend bool operator==(const MessageRow&, const MessageRow&) = default;
};

struct RejectedRow {
    std::int64_t row = 0;  ///< 0: a new one
    Instant at;
    std::string source, event_id, type, code, detail, errors, body;  ///< errors: JSON array
};
/// A billing finding: a session charged otherwise than the tariff says, or usage that could not be priced.
struct FindingRow {
    std::string kind;  ///< `mismatch`, `unpriced`
    std::string key;   ///< what it is about; the same key replaces
    CustomerId customer = 0;
    Instant at;
    std::string body;  ///< JSON
    bool gone = false;
    std::int64_t row = 0;  ///< 0: a new one
};

struct VersionRow {
    int number = 0;
    std::string state;  ///< draft, published; superseded follows from a later one
    std::optional<Instant> effective_at;
    Instant created;
    std::string created_by, published_by, note;
    std::string digest;
    int base = 0;  ///< the version in force when it was uploaded; 0: none
    /// A second person's approval of the draft, with the version that was in force then; nobody: none.
    std::string approved_by{}, approval{};
    std::optional<Instant> approved_at{};
    int approved_base = 0;
};
/// One step of the tariff work. Rows are only ever added: each hash covers the one before it (engine/tariff_audit.h).
struct AuditRow {
    std::int64_t number = 0;  ///< 1, 2, … without gaps
    Instant at;
    int version = 0;
    std::string action, who, reason;
    std::string digest;  ///< of the version's files
    std::string detail;
    std::array<std::uint8_t, 32> hash{};

    friend bool operator==(const AuditRow&, const AuditRow&) = default;
};
struct KeyRow {
    std::string id, role, name;
    std::string hash;  ///< 32 bytes
    Instant created;
    std::optional<Instant> revoked;
};

/// What a batch will ask for.
struct Wants {
    std::vector<std::string> aliases;  ///< with the customers they lead to
    std::vector<Digest> keys;
    std::vector<std::pair<std::string, std::int64_t>> sessions;  ///< by an alias of the customer, which is wanted too
    std::vector<std::pair<CustomerId, std::int64_t>> customer_sessions;  ///< by the customer, who is wanted or held
    std::vector<CustomerId> customers;
    std::vector<std::int64_t> messages;  ///< rows, with the customers they belong to

    [[nodiscard]] bool empty() const {
        return aliases.empty() && keys.empty() && sessions.empty() && customer_sessions.empty() && customers.empty() &&
               messages.empty();
    }
};
/// What of it there is. `aliases` and `seen` stand in the order of what was wanted; of the rest, what there is, once.
struct Loaded {
    std::vector<std::optional<CustomerId>> aliases;
    std::vector<CustomerRow> customers;
    std::vector<std::optional<SeenRow>> seen;
    std::vector<SessionRow> sessions;
    std::vector<MessageRow> messages;  ///< maybe more than wanted: others of these customers that wait behind them
};

/// A step of a move into this store (transfer.h): how far it had come, and how far it has come with this commit.
struct TransferStep {
    std::string before, after;
};

/// Everything one batch changes.
struct Delta {
    std::vector<CustomerRow> customers;
    std::vector<AliasRow> aliases;
    std::vector<std::string> dropped_aliases;
    std::vector<SessionRow> sessions;
    std::vector<SeenRow> seen;
    std::vector<EvidenceRow> evidence;
    std::vector<MessageRow> messages;  ///< new or changed
    std::vector<RejectedRow> rejected;
    std::vector<FindingRow> findings;
    std::vector<VersionRow> versions;
    std::vector<std::pair<int, std::map<std::string, std::string>>> files;  ///< of a new version
    std::vector<AuditRow> audit;  ///< a number that is taken already is a StoreConflict where several write
    std::vector<KeyRow> keys;
    std::vector<CustomerId> erased;        ///< their sessions go, their messages lose recipient and text
    std::optional<TransferStep> transfer;  ///< a StoreConflict when the move stands elsewhere than `before`

    [[nodiscard]] bool empty() const {
        return customers.empty() && aliases.empty() && dropped_aliases.empty() && sessions.empty() && seen.empty() &&
               evidence.empty() && messages.empty() && rejected.empty() && findings.empty() && versions.empty() &&
               files.empty() && audit.empty() && keys.empty() && erased.empty() && !transfer;
    }
};

/// A page of a list, newest first: rows below `before` (0: from the newest).
struct Page {
    std::int64_t before = 0;
    int limit = 50;
};
struct MessageFilter {
    std::optional<CustomerId> customer;
    std::string state, kind;
    std::string channel;  ///< empty: messages to people
};

/// What was opened by consent, and how much of it rests on an answer that is in the customer's evidence.
struct Coverage {
    struct Count {
        std::int64_t opened = 0, confirmed = 0;
    };
    std::map<std::string, Count> kinds;   ///< `opened_stage`, `opened_destination`, `opened_pass`
    std::vector<FindingRow> unconfirmed;  ///< newest first, at most 100
};

/// What retention deletes in one turn.
struct Retention {
    Instant seen_before, sessions_before, rejected_before, findings_before, messages_before;
    int limit = 500;
};

/// All tables, in the order in which a whole store is moved.
enum class Table {
    customers,
    aliases,
    sessions,
    seen,
    evidence,
    messages,
    rejected,
    findings,
    versions,
    files,
    audit,
    keys
};
[[nodiscard]] std::string_view word(Table table);
/// The next rows of a table, in the order of its primary key: as a delta that makes the same rows elsewhere.
struct Slice {
    Delta rows;
    std::string last;  ///< where the next one goes on; of this engine
    int count = 0;     ///< 0: there is nothing more
};
/// A whole store is being moved into this one. It is there from the first row until the last check.
struct Transfer {
    std::string source;    ///< its address, without a password
    std::string progress;  ///< of the mover
};

/// Which ids to reserve.
enum class Sequence { customer, evidence, message };

/// The engine thread alone calls the first group; the readers below are for any thread.
class Store {
public:
    virtual ~Store() = default;

    // The engine's.
    /// Begins a batch, or goes on with it. Nobody else changes these customers, nor anything of theirs, until commit()
    /// or abandon(). Where several instances write it may throw StoreConflict.
    [[nodiscard]] virtual Loaded gather(const Wants& wants) = 0;
    /// The first of `count` ids (at most 256) that nobody else gets, each above `above` and above what this store gave
    /// before; there may be gaps.
    [[nodiscard]] virtual std::int64_t reserve(Sequence sequence, int count, std::int64_t above = 0) = 0;
    /// All of it or nothing, durable when it returns; the batch is over. Throws StoreConflict (nothing was changed),
    /// StoreBroken, StoreUnavailable, or std::runtime_error for a fault of the delta itself.
    virtual void commit(const Delta& delta) = 0;
    /// The batch came to nothing: its locks and its transaction end. Harmless where there is none.
    virtual void abandon() noexcept = 0;
    [[nodiscard]] virtual std::vector<CustomerId> due_customers(Instant now, int limit) = 0;
    /// Messages whose confirm_by is over.
    [[nodiscard]] virtual std::vector<std::int64_t> overdue_messages(Instant now, int limit) = 0;
    virtual int retain(const Retention& retention) = 0;
    /// Housekeeping between batches: checkpoints. Returns how long it took, in microseconds.
    virtual std::int64_t maintain() = 0;

    // For any thread.
    /// Whether other instances of the service may write to the same store.
    [[nodiscard]] virtual bool shared() const = 0;
    /// The time by which leases and expiry count: the database's where it is shared, so that no instance's own clock
    /// matters; else the system's.
    [[nodiscard]] virtual Instant clock() = 0;
    /// Waits until another instance (or this one) has committed tariff versions or API keys, at most for `patience`.
    /// True when lists that were read before may be out of date. One thread at a time.
    [[nodiscard]] virtual bool wait_for_news(std::chrono::milliseconds patience) = 0;

    // Readers.
    [[nodiscard]] virtual std::optional<CustomerId> read_alias(const std::string& alias) = 0;
    [[nodiscard]] virtual std::optional<CustomerRow> read_customer(CustomerId customer) = 0;
    /// A customer's entries, newest first, from row `last` back over the chain; 0 entries where nothing is there.
    [[nodiscard]] virtual std::vector<EvidenceRow> read_evidence(CustomerId customer, std::int64_t last, int limit) = 0;
    [[nodiscard]] virtual std::vector<MessageRow> read_messages(const MessageFilter& filter, const Page& page) = 0;
    [[nodiscard]] virtual std::optional<MessageRow> read_message(const std::string& id) = 0;
    /// Whose question it is; every question went out in a message.
    [[nodiscard]] virtual std::optional<CustomerId> read_question(const std::string& question) = 0;
    /// Rows of a channel that are due to be sent (due.h), oldest first.
    [[nodiscard]] virtual std::vector<std::int64_t> due_messages(const std::string& channel, Instant now,
                                                                 int limit) = 0;
    [[nodiscard]] virtual std::vector<RejectedRow> read_rejected(const Page& page) = 0;
    [[nodiscard]] virtual std::vector<std::pair<std::int64_t, FindingRow>> read_findings(const std::string& kind,
                                                                                         const Page& page) = 0;
    /// Of what was opened from `since` on.
    [[nodiscard]] virtual Coverage read_coverage(Instant since) = 0;
    [[nodiscard]] virtual std::vector<VersionRow> read_versions() = 0;
    [[nodiscard]] virtual std::map<std::string, std::string> read_files(int version) = 0;
    /// Steps of the tariff work, newest first, of one version or (0) of all; pages go by their numbers.
    [[nodiscard]] virtual std::vector<AuditRow> read_audit(int version, const Page& page) = 0;
    [[nodiscard]] virtual std::vector<KeyRow> read_keys() = 0;
    [[nodiscard]] virtual std::vector<CustomerRow> read_customers(CustomerId after, int limit) = 0;
    /// One small read and, for /readyz, nothing else; throws when the store does not answer.
    virtual void ping() = 0;
    /// A consistent copy of the whole store in a new file, or an empty one, while others go on reading and writing. Of
    /// an engine that has no such copy a std::logic_error.
    virtual void copy_to(const std::string& file) = 0;

    // Of a store that was opened to be moved: one thread, and nobody else uses the store.
    /// At most `limit` rows after `after`, which is empty or a `last`.
    [[nodiscard]] virtual Slice read_slice(Table table, const std::string& after, int limit) = 0;
    [[nodiscard]] virtual std::int64_t count_rows(Table table) = 0;
    /// These entries, as far as they are there, in any order.
    [[nodiscard]] virtual std::vector<EvidenceRow> read_entries(
        const std::vector<std::pair<CustomerId, std::int64_t>>& rows) = 0;
    /// The move into this store that has begun and not ended.
    [[nodiscard]] virtual std::optional<Transfer> transfer() = 0;
    virtual void begin_transfer(const Transfer& transfer) = 0;
    /// All is there: ids are reserved above the largest from now on, and the store may be used.
    virtual void end_transfer() = 0;
};

/// What a store is opened for.
enum class Opening {
    serve,    ///< to be used; refused while a move into it is unfinished
    receive,  ///< another store is moved into it
    read,     ///< nothing is changed, not even the schema, which must be this program's
};

/// Throws StoreUnavailable naming the option when the address is none of a store this program has.
void check_store_url(const std::string& url);
/// `sqlite:///PATH`: creates the file and its folder, locks it against a second process. `postgresql://…` as libpq
/// reads it: a database that exists. Applies the schema. Throws StoreUnavailable with a sentence a person can act on,
/// which never holds a password.
[[nodiscard]] std::unique_ptr<Store> open_store(const std::string& url, Opening opening = Opening::serve);
/// The store broke, and this process ends: whoever opens an embedded one next looks through all of it before it is
/// used. Never throws.
void leave_doubt(const std::string& url) noexcept;
/// The address without the password.
[[nodiscard]] std::string shown(const std::string& url);
/// The file of a `sqlite:///PATH`; nothing of another store.
[[nodiscard]] std::optional<std::string> embedded_path(const std::string& url);

}  // namespace roamguard::storage
