#include "service/engine/policy_counters.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "data/digest.h"
#include "service/engine/turn.h"

namespace roamguard::engine {
namespace {

using nlohmann::json;
using protection::CounterStatus;
using protection::PolicySubscription;

constexpr const char* channel = "nchf";
constexpr tariffs::Span life = tariffs::days(35);
constexpr int most_percent = 1000;  // a cap that only notifies counts on beyond its limit

bool held_by(const protection::CustomerState& state, const std::string& cap) {
    return std::any_of(state.holds.begin(), state.holds.end(), [&](const protection::Hold& hold) {
        return hold.cause == protection::Cause::cap && hold.about == cap && !hold.in_force().empty();
    });
}

bool same(const std::vector<CounterStatus>& a, const std::vector<CounterStatus>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const CounterStatus& one, const CounterStatus& other) {
        return one.counter == other.counter && one.status == other.status;
    });
}

/// The present statuses, and those of counters that were told and are no more.
std::vector<CounterStatus> with_gone(std::vector<CounterStatus> present, const std::vector<CounterStatus>& told,
                                     const StatusWords& words) {
    const std::size_t standing = present.size();
    for (const CounterStatus& one : told) {
        const auto end = present.begin() + static_cast<std::ptrdiff_t>(standing);
        if (std::none_of(present.begin(), end, [&](const CounterStatus& p) { return p.counter == one.counter; }))
            present.push_back({one.counter, words.at(0)});
    }
    return present;
}

void send(Turn& turn, Working& customer, const PolicySubscription& subscription, const char* kind,
          std::string_view callback, const json& body) {
    storage::MessageRow row;
    row.id = "pn-" + data::to_hex(data::sha256(fmt::format("{}/{}/{}/{}", customer.id, subscription.id,
                                                           customer.state.entries, callback)),
                                  10);
    row.kind = kind;
    row.channel = channel;
    row.topic = subscription.id;
    row.to = subscription.notif_uri + std::string(callback);
    row.text = body.dump(-1, ' ', false, json::error_handler_t::replace);
    row.expires = turn.now + life;
    const json entry = {{"what", kind}, {"subscription", subscription.id}, {"message", row.id}, {"body", body}};
    turn.record(customer, "policy", entry.dump(-1, ' ', false, json::error_handler_t::replace));
    turn.send(customer, std::move(row));
}

}  // namespace

void tell_policy(Turn& turn, Working& customer, const protection::Terms& terms) {
    if (customer.state.policy.empty()) return;
    drop_expired_policy(turn, customer);
    const auto all = counter_statuses(customer.state, terms, turn.around.policy_words, turn.now);
    for (PolicySubscription& subscription : customer.state.policy) {
        std::vector<CounterStatus> present = asked_for(all, subscription);
        if (same(present, subscription.told)) continue;
        const auto report = with_gone(present, subscription.told, turn.around.policy_words);
        subscription.told = std::move(present);
        customer.changed = true;
        send(turn, customer, subscription, "policy_status", "/notify", policy_status_json(subscription, report));
    }
    wake_for_policy(customer, turn.now);
}

void terminate_policy(Turn& turn, Working& customer) {
    drop_expired_policy(turn, customer);
    for (const PolicySubscription& subscription : customer.state.policy) {
        withdraw_policy(turn, customer, subscription.id);
        turn.drop_alias(alias_of_policy(subscription.id));
        // The standard wants a SUPI here, and takes any text for one: a subscriber known by GPSI alone is named by it.
        json body = {{"supi", subscription.supi.empty() ? subscription.gpsi : subscription.supi},
                     {"termCause", "REMOVED_SUBSCRIBER"}};
        if (!subscription.notif_id.empty()) body["notifId"] = subscription.notif_id;
        send(turn, customer, subscription, "policy_terminate", "/terminate", body);
    }
    customer.state.policy.clear();
}

void drop_expired_policy(Turn& turn, Working& customer) {
    for (std::size_t i = customer.state.policy.size(); i-- > 0;) {
        const PolicySubscription& subscription = customer.state.policy[i];
        if (!subscription.expiry || *subscription.expiry > turn.now) continue;
        withdraw_policy(turn, customer, subscription.id);
        turn.drop_alias(alias_of_policy(subscription.id));
        customer.state.policy.erase(customer.state.policy.begin() + static_cast<std::ptrdiff_t>(i));
        customer.changed = true;
    }
}

void wake_for_policy(Working& customer, protection::Instant now) {
    protection::CustomerState& state = customer.state;
    if (state.policy.empty()) return;
    const auto consider = [&](protection::Instant at) {
        if (at > now && (!state.wake || at < *state.wake)) state.wake = at;
    };
    for (const protection::CapCount& count : state.counts)
        if (count.trip == 0) consider(count.end);
    for (const PolicySubscription& subscription : state.policy)
        if (subscription.expiry) consider(*subscription.expiry);
}

void withdraw_policy(Turn& turn, Working& customer, const std::string& subscription) {
    turn.supersede(customer, channel, subscription);
    const std::vector<protection::Waiting> under_way = customer.state.waiting;
    for (const protection::Waiting& one : under_way) {
        storage::MessageRow* row = turn.message(one.message);
        if (row && row->channel == channel && row->topic == subscription) row->expires = turn.now;
    }
}

std::vector<CounterStatus> counter_statuses(const protection::CustomerState& state, const protection::Terms& terms,
                                            const StatusWords& words, protection::Instant now) {
    std::vector<CounterStatus> statuses;
    for (const protection::CapView& view : protection::cap_views(state, terms, now))
        statuses.push_back({view.id, held_by(state, view.id) ? words.held : words.at(view.percent)});
    return statuses;
}

std::vector<CounterStatus> asked_for(const std::vector<CounterStatus>& all, const PolicySubscription& subscription) {
    std::vector<CounterStatus> asked;
    const auto& names = subscription.counters;
    for (const CounterStatus& one : all)
        if (names.empty() || std::find(names.begin(), names.end(), one.counter) != names.end()) asked.push_back(one);
    std::sort(asked.begin(), asked.end(),
              [](const CounterStatus& a, const CounterStatus& b) { return a.counter < b.counter; });
    return asked;
}

json policy_status_json(const PolicySubscription& subscription, const std::vector<CounterStatus>& statuses) {
    json infos = json::object();
    for (const CounterStatus& one : statuses)
        infos[one.counter] = {{"policyCounterId", one.counter}, {"currentStatus", one.status}};
    json body = {{"statusInfos", std::move(infos)}};
    if (!subscription.supi.empty()) body["supi"] = subscription.supi;
    if (!subscription.notif_id.empty()) body["notifId"] = subscription.notif_id;
    if (subscription.expiry) body["expiry"] = tariffs::to_rfc3339(*subscription.expiry);
    return body;
}

const std::string& StatusWords::at(int percent) const {
    const auto above = std::find_if(from_percent.begin() + 1, from_percent.end(),
                                    [&](const auto& one) { return one.first > percent; });
    return std::prev(above)->second;
}

namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::optional<int> percent_of(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > most_percent)
        return std::nullopt;
    return value;
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return c >= ' ' && c <= '~' && c != '=' && c != '"' && c != '\\';
    });
}

/// Takes one `NAME=WORD`; the answer is what is wrong with it, empty when nothing is.
std::string take(StatusWords& words, std::string_view entry) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) return fmt::format("'{}' is neither PERCENT=WORD nor held=WORD", entry);
    const std::string_view name = trimmed(entry.substr(0, equals)), word = trimmed(entry.substr(equals + 1));
    if (!is_word(word))
        return fmt::format("the word of '{}' must be 1 to 64 printable ASCII characters without = and quotes", name);
    if (name == "held") {
        if (!words.held.empty()) return "held is given twice";
        words.held = word;
        return {};
    }
    const auto percent = percent_of(name);
    if (!percent) return fmt::format("'{}' is neither a whole percent from 0 to {} nor held", name, most_percent);
    if (words.from_percent.empty() && *percent != 0)
        return "the first percent must be 0, which says what a counter is called before any use";
    if (!words.from_percent.empty() && *percent <= words.from_percent.back().first)
        return fmt::format("percents must ascend, and {} follows {}", *percent, words.from_percent.back().first);
    words.from_percent.emplace_back(*percent, word);
    return {};
}

}  // namespace

tl::expected<StatusWords, std::string> StatusWords::parse(std::string_view text) {
    const auto refused = [](std::string_view why) {
        return tl::unexpected(fmt::format("nchf.statuses: {}; write it like 0=active,80=warning,held=exhausted", why));
    };
    StatusWords words{{}, {}};
    for (std::string_view rest = text;;) {
        const std::size_t comma = rest.find(',');
        if (const std::string wrong = take(words, trimmed(rest.substr(0, comma))); !wrong.empty())
            return refused(wrong);
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
    if (words.from_percent.empty()) return refused("the word of 0 is missing");
    if (words.held.empty()) return refused("the word of held is missing");
    return words;
}

}  // namespace roamguard::engine
