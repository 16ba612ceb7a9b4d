#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "service/engine/surroundings.h"
#include "service/protection/decide.h"
#include "service/storage/codec.h"
#include "service/storage/store.h"

namespace roamguard::engine {

using storage::CustomerId;
using tariffs::Instant;

/// Fills bytes with randomness; a parameter, so that a simulation can drive everything.
using Randomness = std::function<void(std::uint8_t*, std::size_t)>;

/// What a request needs before it runs, gathered over the whole batch and loaded in bulk.
using storage::Wants;

/// A customer under work in this batch.
struct Working {
    CustomerId id = 0;
    std::string key;
    protection::CustomerState state;
    bool changed = false;
    bool made = false;     ///< in this turn: the store has nothing of theirs
    std::string recorded;  ///< kind of the last entry of this turn; empty when there was none
};

struct DigestHash {
    std::size_t operator()(const storage::Digest& digest) const {
        std::size_t value = 0;
        std::memcpy(&value, digest.data(), sizeof value);
        return value;
    }
};

/// One batch under work: what was loaded, and what is to be committed. Used by the engine's thread alone.
class Turn {
public:
    Turn(storage::Store& store, const Surroundings& around, Instant now, const Randomness& random);

    const Surroundings& around;
    const Instant now;
    storage::Delta delta;  ///< rows that stand alone; customers, sessions and evidence are added by take()

    /// What the batch's requests will ask for, gathered in bulk. What else a request asks for is loaded when it does.
    void take_in(const Wants& wants, storage::Loaded loaded);

    [[nodiscard]] std::optional<CustomerId> find(const std::string& alias);
    void set_alias(const std::string& alias, CustomerId customer);
    void drop_alias(const std::string& alias);
    /// The customer's state, loaded on demand; nullptr when there is none. Marks nothing as changed.
    [[nodiscard]] Working* customer(CustomerId id);
    /// Loads those of them that are not loaded yet, at once.
    void bring(const std::vector<CustomerId>& customers);
    [[nodiscard]] Working& make_customer();
    [[nodiscard]] protection::Session& session(CustomerId customer, std::int64_t session);
    [[nodiscard]] const storage::SeenRow* seen(const storage::Digest& key);
    void remember(storage::SeenRow row);
    /// Appends to a customer's evidence.
    void record(Working& customer, std::string_view kind, std::string_view json);
    /// A new message: numbered, queued behind the customer's others of its channel. With a topic it supersedes older
    /// ones of the same channel and topic that nobody is sending at the moment.
    void send(Working& customer, storage::MessageRow message);
    /// Cancels what of a topic is queued and nobody is sending at the moment.
    void supersede(Working& customer, const std::string& channel, const std::string& topic);
    /// Puts a message behind the customer's others of its queue; the first of it is due at once.
    void enqueue(Working& customer, storage::MessageRow& message);
    /// A message to be changed; nullptr when there is none. finish_message() takes it out of its queue.
    [[nodiscard]] storage::MessageRow* message(std::int64_t row);
    void finish_message(storage::MessageRow& message);

    [[nodiscard]] protection::Terms terms(const Working& customer) const;

    /// Everything to commit; the turn is spent afterwards.
    [[nodiscard]] storage::Delta take();
    [[nodiscard]] storage::Store& store() { return store_; }
    [[nodiscard]] int messages_made() const { return messages_made_; }
    /// What this turn opened, and how much of it rests on a recorded answer.
    struct Consents {
        int opened = 0, confirmed = 0;
    } consents;

private:
    void load(const Wants& wants) { take_in(wants, store_.gather(wants)); }
    /// A new message's row, above those of the customer that wait.
    [[nodiscard]] std::int64_t new_row(const Working& customer);

    storage::Store& store_;
    const Randomness& random_;
    std::unordered_map<std::string, std::optional<CustomerId>> aliases_;
    std::unordered_map<CustomerId, std::unique_ptr<Working>> customers_;
    std::vector<Working*> order_;  ///< of first touch, so that the same batch always commits alike
    std::map<std::pair<CustomerId, std::int64_t>, protection::Session> sessions_;
    std::unordered_map<storage::Digest, std::optional<storage::SeenRow>, DigestHash> seen_;
    std::vector<storage::Digest> new_seen_;
    std::map<std::int64_t, storage::MessageRow> messages_;
    std::map<std::int64_t, storage::MessageRow> stored_messages_;  ///< as they were loaded
    int messages_made_ = 0;
};

/// Where a customer is at home: the profile's country, else the IMSI's MCC, else the number's prefix, else configured.
[[nodiscard]] geoip::Country home_of(const Surroundings& around, const customers::Profile& profile);
/// A customer's terms under these surroundings.
[[nodiscard]] protection::Terms terms_for(const Surroundings& around, const protection::CustomerState& state);

/// Keys of aliases.
[[nodiscard]] inline std::string alias_of(const notifications::Msisdn& msisdn) { return "m:" + msisdn.e164(); }
[[nodiscard]] inline std::string alias_of_imsi(const std::string& imsi) { return "i:" + imsi; }
[[nodiscard]] inline std::string alias_of_id(const std::string& id) { return "c:" + id; }
[[nodiscard]] inline std::string alias_of_camara(const std::string& subscription) { return "k:" + subscription; }
[[nodiscard]] inline std::string alias_of_policy(const std::string& subscription) { return "p:" + subscription; }
/// 63 bits of the session name's digest.
[[nodiscard]] std::int64_t session_number(std::string_view name);

}  // namespace roamguard::engine
