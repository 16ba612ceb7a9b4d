#include "service/engine/turn.h"

#include <algorithm>
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

void Turn::take_in(const Wants& wants, storage::Loaded loaded) {
    for (storage::CustomerRow& row : loaded.customers) {
        auto& slot = customers_[row.id];
        if (slot) continue;  // under work already
        slot = std::make_unique<Working>();
        slot->id = row.id;
        slot->key = std::move(row.key);
        slot->state = storage::decode_state(row.state);
        order_.push_back(slot.get());
    }
    for (std::size_t i = 0; i < wants.aliases.size(); ++i) {
        const auto owner = loaded.aliases[i];
        if (!aliases_.emplace(wants.aliases[i], owner).second || !owner) continue;
        if (!customers_.count(*owner))
            throw storage::StoreBroken("an alias leads to customer " + std::to_string(*owner) + ", who is not there");
    }
    for (std::size_t i = 0; i < wants.keys.size(); ++i)
        seen_.emplace(wants.keys[i], std::move(loaded.seen[i]));
    for (const storage::SessionRow& row : loaded.sessions)
        sessions_.emplace(std::make_pair(row.customer, row.session), storage::decode_session(row.body));
    for (const auto& [alias, session] : wants.sessions)  // asked for and not there: nothing of it was counted yet
        if (const auto owner = aliases_.find(alias); owner != aliases_.end() && owner->second)
            sessions_.emplace(std::make_pair(*owner->second, session), protection::Session{});
    for (storage::MessageRow& row : loaded.messages)
        if (stored_messages_.emplace(row.row, row).second) messages_.emplace(row.row, std::move(row));
}

std::optional<CustomerId> Turn::find(const std::string& alias) {
    const auto known = aliases_.find(alias);
    if (known != aliases_.end()) return known->second;
    Wants wants;
    wants.aliases.push_back(alias);
    load(wants);
    return aliases_.at(alias);
}

void Turn::set_alias(const std::string& alias, CustomerId customer) {
    const auto known = aliases_.find(alias);
    const bool taken = known != aliases_.end() && known->second.has_value();
    aliases_[alias] = customer;
    using Was = storage::AliasRow::Was;
    if (taken)
        for (storage::AliasRow& row : delta.aliases)
            if (row.alias == alias) {
                row.customer = customer;
                return;
            }
    delta.aliases.push_back({alias, customer, now, taken ? Was::taken : Was::free});
}

void Turn::drop_alias(const std::string& alias) {
    aliases_[alias] = std::nullopt;
    std::erase_if(delta.aliases, [&](const storage::AliasRow& row) { return row.alias == alias; });
    delta.dropped_aliases.push_back(alias);
}

Working* Turn::customer(CustomerId id) {
    const auto known = customers_.find(id);
    if (known != customers_.end()) return known->second.get();
    Wants wants;
    wants.customers.push_back(id);
    load(wants);
    const auto loaded = customers_.find(id);
    return loaded == customers_.end() ? nullptr : loaded->second.get();
}

void Turn::bring(const std::vector<CustomerId>& customers) {
    Wants wants;
    for (CustomerId id : customers)
        if (!customers_.count(id)) wants.customers.push_back(id);
    if (!wants.empty()) load(wants);
}

Working& Turn::make_customer() {
    auto working = std::make_unique<Working>();
    working->id = store_.reserve(storage::Sequence::customer, 1);
    working->key.resize(32);
    random_(reinterpret_cast<std::uint8_t*>(working->key.data()), 32);
    working->changed = working->made = true;
    Working& made = *working;
    order_.push_back(&made);
    customers_[made.id] = std::move(working);
    return made;
}

protection::Session& Turn::session(CustomerId customer, std::int64_t session) {
    const auto key = std::make_pair(customer, session);
    const auto known = sessions_.find(key);
    if (known != sessions_.end()) return known->second;
    const auto owner = customers_.find(customer);
    if (owner == customers_.end() || !owner->second->made) {
        Wants wants;
        wants.customer_sessions.push_back(key);
        load(wants);
    }
    return sessions_[key];
}

const storage::SeenRow* Turn::seen(const storage::Digest& key) {
    if (!seen_.count(key)) {
        Wants wants;
        wants.keys.push_back(key);
        load(wants);
    }
    const auto& known = seen_.at(key);
    return known ? &*known : nullptr;
}

void Turn::remember(storage::SeenRow row) {
    new_seen_.push_back(row.key);
    const storage::Digest key = row.key;
    seen_[key] = std::move(row);
}

void Turn::record(Working& customer, std::string_view kind, std::string_view json) {
    delta.evidence.push_back(seal(customer.state, customer.id, customer.key,
                                  store_.reserve(storage::Sequence::evidence, 1), now, kind, json));
    customer.recorded = kind;
    customer.changed = true;
}

void Turn::send(Working& customer, storage::MessageRow message) {
    if (!message.topic.empty()) supersede(customer, message.channel, message.topic);
    message.row = new_row(customer);
    customer.state.last_message = message.row;
    customer.changed = true;
    message.customer = customer.id;
    message.created = now;
    ++messages_made_;
    if (message.state == storage::MessageState::queued) {
        enqueue(customer, message);
        if (message.channel == "app" && message.beside.empty()) message.confirm_by = now + around.app_confirm_within;
    }
    messages_[message.row] = std::move(message);
}

std::int64_t Turn::new_row(const Working& customer) {
    std::int64_t above = customer.state.last_message;
    for (const protection::Waiting& waiting : customer.state.waiting)
        above = std::max(above, waiting.message);
    return store_.reserve(storage::Sequence::message, 1, above);
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
    Wants wants;
    wants.messages.push_back(row);
    load(wants);
    const auto loaded = messages_.find(row);
    return loaded == messages_.end() ? nullptr : &loaded->second;
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
        if (const auto stored = stored_messages_.find(row);
            stored == stored_messages_.end() || stored->second != message)
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
