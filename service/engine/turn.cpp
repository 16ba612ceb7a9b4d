#include "service/engine/turn.h"

#include <stdexcept>

#include "data/digest.h"
#include "service/engine/evidence.h"

namespace roamguard::engine {
namespace {

/// Messages of one queue go out in order. Policy functions are each told on their own, so that a dead one holds up
/// nobody else.
std::string queue_of(const std::string& channel, const std::string& topic) {
    return channel == "nchf" ? "nchf/" + topic : channel;
}
std::string queue_of(const storage::MessageRow& message) { return queue_of(message.channel, message.topic); }

}  // namespace

Turn::Turn(storage::Store& store, const Surroundings& surroundings, Instant at, const Randomness& random)
    : around(surroundings), now(at), store_(store), random_(random) {}

void Turn::prefetch(const std::vector<std::string>& aliases, const std::vector<storage::Digest>& keys,
                    const std::vector<std::pair<std::string, std::int64_t>>& sessions_by_alias) {
    const auto found = store_.look_up(aliases);
    std::vector<CustomerId> ids;
    for (std::size_t i = 0; i < aliases.size(); ++i) {
        aliases_[aliases[i]] = found[i];
        if (found[i] && !customers_.count(*found[i])) {
            customers_[*found[i]] = nullptr;
            ids.push_back(*found[i]);
        }
    }
    auto rows = store_.load(ids);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (!rows[i])
            throw storage::StoreBroken("an alias leads to customer " + std::to_string(ids[i]) + ", who is not there");
        auto working = std::make_unique<Working>();
        working->id = ids[i];
        working->key = std::move(rows[i]->key);
        working->state = storage::decode_state(rows[i]->state);
        order_.push_back(working.get());
        customers_[ids[i]] = std::move(working);
    }
    auto seen_rows = store_.find_seen(keys);
    for (std::size_t i = 0; i < keys.size(); ++i)
        seen_[keys[i]] = std::move(seen_rows[i]);
    std::vector<std::pair<CustomerId, std::int64_t>> sessions;
    for (const auto& [alias, session] : sessions_by_alias)
        if (const auto customer = find(alias)) sessions.emplace_back(*customer, session);
    auto session_rows = store_.load_sessions(sessions);
    for (std::size_t i = 0; i < sessions.size(); ++i)
        sessions_[sessions[i]] =
            session_rows[i] ? storage::decode_session(session_rows[i]->body) : protection::Session{};
}

std::optional<CustomerId> Turn::find(const std::string& alias) {
    const auto known = aliases_.find(alias);
    if (known != aliases_.end()) return known->second;
    const std::string one[] = {alias};
    return aliases_[alias] = store_.look_up(one).front();
}

void Turn::set_alias(const std::string& alias, CustomerId customer) {
    aliases_[alias] = customer;
    delta.aliases.push_back({alias, customer, now});
}

void Turn::drop_alias(const std::string& alias) {
    aliases_[alias] = std::nullopt;
    std::erase_if(delta.aliases, [&](const storage::AliasRow& row) { return row.alias == alias; });
    delta.dropped_aliases.push_back(alias);
}

Working* Turn::customer(CustomerId id) {
    auto& slot = customers_[id];
    if (slot) return slot.get();
    const CustomerId one[] = {id};
    auto row = std::move(store_.load(one).front());
    if (!row) {
        customers_.erase(id);
        return nullptr;
    }
    slot = std::make_unique<Working>();
    slot->id = id;
    slot->key = std::move(row->key);
    slot->state = storage::decode_state(row->state);
    order_.push_back(slot.get());
    return slot.get();
}

Working& Turn::make_customer() {
    auto working = std::make_unique<Working>();
    working->id = store_.reserve(storage::Sequence::customer, 1);
    working->key.resize(32);
    random_(reinterpret_cast<std::uint8_t*>(working->key.data()), 32);
    working->changed = true;
    Working& made = *working;
    order_.push_back(&made);
    customers_[made.id] = std::move(working);
    return made;
}

protection::Session& Turn::session(CustomerId customer, std::int64_t session) {
    const auto key = std::make_pair(customer, session);
    const auto known = sessions_.find(key);
    if (known != sessions_.end()) return known->second;
    const std::pair<CustomerId, std::int64_t> one[] = {key};
    const auto row = store_.load_sessions(one).front();
    return sessions_[key] = row ? storage::decode_session(row->body) : protection::Session{};
}

const storage::SeenRow* Turn::seen(const storage::Digest& key) {
    auto known = seen_.find(key);
    if (known == seen_.end()) {
        const storage::Digest one[] = {key};
        known = seen_.emplace(key, std::move(store_.find_seen(one).front())).first;
    }
    return known->second ? &*known->second : nullptr;
}

void Turn::remember(storage::SeenRow row) {
    new_seen_.push_back(row.key);
    const storage::Digest key = row.key;
    seen_[key] = std::move(row);
}

void Turn::record(Working& customer, std::string_view kind, std::string_view json) {
    delta.evidence.push_back(seal(customer.state, customer.id, customer.key,
                                  store_.reserve(storage::Sequence::evidence, 1), now, kind, json));
    customer.changed = true;
}

void Turn::send(Working& customer, storage::MessageRow message) {
    if (!message.topic.empty()) supersede(customer, message.channel, message.topic);
    message.row = store_.reserve(storage::Sequence::message, 1);
    message.customer = customer.id;
    message.created = now;
    ++messages_made_;
    if (message.state == storage::MessageState::queued) {
        enqueue(customer, message);
        if (message.channel == "app" && message.beside.empty()) message.confirm_by = now + around.app_confirm_within;
    }
    messages_[message.row] = std::move(message);
}

void Turn::enqueue(Working& customer, storage::MessageRow& message) {
    const std::string queue = queue_of(message);
    bool first = true;
    for (const protection::Waiting& waiting : customer.state.waiting)
        if (waiting.channel == queue) first = false;
    message.due = first ? std::optional(now) : std::nullopt;
    customer.state.waiting.push_back({queue, message.row});
    customer.changed = true;
}

void Turn::supersede(Working& customer, const std::string& channel, const std::string& topic) {
    const std::vector<protection::Waiting> waiting = customer.state.waiting;
    for (const protection::Waiting& one : waiting) {
        if (one.channel != queue_of(channel, topic)) continue;
        storage::MessageRow* older = message(one.message);
        if (!older || older->leased || older->topic != topic) continue;
        older->state = storage::MessageState::cancelled;
        older->error = "superseded";
        finish_message(*older);
    }
}

storage::MessageRow* Turn::message(std::int64_t row) {
    const auto known = messages_.find(row);
    if (known != messages_.end()) return &known->second;
    const std::int64_t one[] = {row};
    auto rows = store_.load_messages(one);
    if (rows.empty()) return nullptr;
    return &(messages_[row] = std::move(rows.front()));
}

void Turn::finish_message(storage::MessageRow& message) {
    message.due.reset();
    Working* owner = customer(message.customer);
    if (!owner) return;
    auto& waiting = owner->state.waiting;
    std::erase_if(waiting, [&](const protection::Waiting& one) { return one.message == message.row; });
    owner->changed = true;
    for (const protection::Waiting& one : waiting) {
        if (one.channel != queue_of(message)) continue;
        if (storage::MessageRow* next = this->message(one.message); next && !next->due) next->due = now;
        return;
    }
}

protection::Terms Turn::terms(const Working& customer) const { return terms_for(around, customer.state); }

storage::Delta Turn::take() {
    for (Working* working : order_)
        if (working->changed)
            delta.customers.push_back(
                {working->id, storage::encode(working->state), working->key, working->state.wake});
    for (auto& [key, session] : sessions_)
        if (!session.segments.empty())
            delta.sessions.push_back({key.first, key.second, storage::encode(session), session.last});
    for (const storage::Digest& key : new_seen_)
        delta.seen.push_back(*seen_[key]);
    for (auto& [row, message] : messages_)
        delta.messages.push_back(message);
    return std::move(delta);
}

geoip::Country home_of(const Surroundings& around, const customers::Profile& profile) {
    if (!profile.home_country.none()) return profile.home_country;
    if (profile.imsi.size() >= 5) {
        const auto& countries = around.networks->countries_of_mcc(std::string_view(profile.imsi).substr(0, 3));
        if (!countries.empty()) return countries.front();
    }
    if (!profile.msisdn.none()) {
        const geoip::Country country = around.networks->country_of_number(profile.msisdn.e164());
        if (!country.none()) return country;
    }
    return around.home_country;
}

protection::Terms terms_for(const Surroundings& around, const protection::CustomerState& state) {
    const customers::Profile& profile = state.profile;
    const customers::Regime* regime =
        around.regimes->find(profile.regime.empty() ? around.default_regime : profile.regime);
    if (!regime) regime = around.regimes->find(around.default_regime);
    if (!regime) throw std::logic_error("the default regime is not loaded");
    protection::Terms terms = protection::terms_of(profile, *regime, home_of(around, profile));
    if (!state.known && !around.home_plmns.empty() && profile.imsi.size() >= 6) {
        terms.inbound = true;
        for (const geoip::Plmn& plmn : around.home_plmns)
            if (profile.imsi.rfind(plmn.mcc() + plmn.mnc(), 0) == 0) terms.inbound = false;
    }
    return terms;
}

std::int64_t session_number(std::string_view name) {
    const data::Sha256 digest = data::sha256(name);
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i)
        value = value << 8 | digest[static_cast<std::size_t>(i)];
    return static_cast<std::int64_t>(value >> 1);
}

}  // namespace roamguard::engine
