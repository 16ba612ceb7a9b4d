#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/storage/home.h"

// Rows to put into a store, and single questions to it.
namespace roamguard::storage {

inline CustomerRow customer(CustomerId id, const std::string& state, std::optional<Instant> wake = std::nullopt) {
    CustomerRow row;
    row.id = id;
    row.state = state;
    row.key = std::string(32, 'k');
    row.wake = wake;
    return row;
}

inline MessageRow message(std::int64_t row, const std::string& id, CustomerId owner) {
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

inline SeenRow seen(std::uint8_t key, CustomerId owner) {
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

/// What is there of it, as a batch of its own that comes to nothing.
inline Loaded look(Store& store, const Wants& wants) {
    Loaded loaded = store.gather(wants);
    store.abandon();
    return loaded;
}
inline std::optional<CustomerRow> customer_of(Store& store, CustomerId id) {
    Wants wants;
    wants.customers = {id};
    const Loaded loaded = look(store, wants);
    return loaded.customers.empty() ? std::nullopt : std::optional(loaded.customers.front());
}
inline std::optional<SeenRow> seen_of(Store& store, const Digest& key) {
    Wants wants;
    wants.keys = {key};
    return look(store, wants).seen.front();
}
inline std::optional<SessionRow> session_of(Store& store, CustomerId customer, std::int64_t session) {
    Wants wants;
    wants.customer_sessions = {{customer, session}};
    const Loaded loaded = look(store, wants);
    return loaded.sessions.empty() ? std::nullopt : std::optional(loaded.sessions.front());
}
inline std::optional<MessageRow> message_of(Store& store, std::int64_t row) {
    Wants wants;
    wants.messages = {row};
    for (const MessageRow& one : look(store, wants).messages)
        if (one.row == row) return one;
    return std::nullopt;
}

}  // namespace roamguard::storage
