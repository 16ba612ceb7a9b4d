#include "service/engine/policy_jobs.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/digest.h"
#include "service/engine/turn.h"

namespace roamguard::engine {
namespace {

using nlohmann::json;
using protection::CounterStatus;
using protection::PolicySubscription;

/// The aliases a subscriber may be known by, the number's first.
std::vector<std::string> aliases_of(const PolicyRequest& request) {
    std::vector<std::string> aliases;
    if (request.gpsi.rfind("msisdn-", 0) == 0) {
        if (const auto number = notifications::Msisdn::parse("+" + request.gpsi.substr(7)))
            aliases.push_back(alias_of(*number));
    } else if (request.gpsi.rfind("extid-", 0) == 0) {
        aliases.push_back(alias_of_id(request.gpsi.substr(6)));
    }
    if (request.supi.rfind("imsi-", 0) == 0) aliases.push_back(alias_of_imsi(request.supi.substr(5)));
    return aliases;
}

std::optional<CustomerId> find_subscriber(Turn& turn, const PolicyRequest& request) {
    for (const std::string& alias : aliases_of(request))
        if (const auto found = turn.find(alias)) return found;
    return std::nullopt;
}

/// A subscription that stands, with its customer; nothing when there is none or it has expired.
struct Standing {
    Working* customer = nullptr;
    PolicySubscription* subscription = nullptr;
};
std::optional<Standing> find_standing(Turn& turn, const std::string& id) {
    const auto owner = turn.find(alias_of_policy(id));
    Working* customer = owner ? turn.customer(*owner) : nullptr;
    if (!customer) return std::nullopt;
    drop_expired_policy(turn, *customer);
    for (PolicySubscription& subscription : customer->state.policy)
        if (subscription.id == id) return Standing{customer, &subscription};
    return std::nullopt;
}

PolicyRefusal no_such_subscription() {
    return {404, "SUBSCRIPTION_NOT_FOUND", "there is no subscription with this id", {}};
}

/// What of a request its customer's counters do not allow.
std::optional<PolicyRefusal> refuse(const Turn& turn, const PolicyRequest& request,
                                    const std::vector<CounterStatus>& all) {
    if (request.expiry && *request.expiry <= turn.now)
        return PolicyRefusal{
            400, "OPTIONAL_IE_INCORRECT", "expiry has passed already", {{"/expiry", "must lie in the future"}}};
    if (all.empty())
        return PolicyRefusal{
            400, "NO_AVAILABLE_POLICY_COUNTERS", "the subscriber has no cap, so no policy counter", {}};
    PolicyRefusal unknown{400, "UNKNOWN_POLICY_COUNTERS", "the subscriber has no such policy counter", {}};
    for (std::size_t i = 0; i < request.counters.size(); ++i)
        if (std::none_of(all.begin(), all.end(),
                         [&](const CounterStatus& one) { return one.counter == request.counters[i]; }))
            unknown.faults.emplace_back(fmt::format("/policyCounterIds/{}", i), "no policy counter has this id");
    if (unknown.faults.empty()) return std::nullopt;
    return unknown;
}

/// Takes what was asked for, and what the answer tells as told.
json agree(Turn& turn, Working& customer, PolicySubscription& subscription, const PolicyRequest& request,
           const std::vector<CounterStatus>& all, std::string_view what) {
    subscription.counters = request.counters;
    subscription.expiry = request.expiry;
    subscription.told = asked_for(all, subscription);
    customer.changed = true;
    json status = policy_status_json(subscription, subscription.told);
    const json entry = {{"what", what},
                        {"subscription", subscription.id},
                        {"notifUri", subscription.notif_uri},
                        {"policyCounterIds", subscription.counters},
                        {"status", status}};
    turn.record(customer, "policy", entry.dump(-1, ' ', false, json::error_handler_t::replace));
    wake_for_policy(customer, turn.now);
    return status;
}

std::vector<CounterStatus> statuses_now(Turn& turn, const Working& customer) {
    return counter_statuses(customer.state, turn.terms(customer), turn.around.policy_words, turn.now);
}

}  // namespace

void PolicySubscribeJob::want(Wants& wants) const {
    for (std::string& alias : aliases_of(request_))
        wants.aliases.push_back(std::move(alias));
}

void PolicySubscribeJob::run(Turn& turn) {
    result_ = {};
    const auto owner = find_subscriber(turn, request_);
    Working* customer = owner ? turn.customer(*owner) : nullptr;
    if (!customer) {
        result_.refusal = PolicyRefusal{400, "USER_UNKNOWN", "nobody is known by this SUPI or GPSI", {}};
        return;
    }
    drop_expired_policy(turn, *customer);
    const std::vector<CounterStatus> all = statuses_now(turn, *customer);
    if ((result_.refusal = refuse(turn, request_, all))) return;
    if (customer->state.policy.size() >= most_subscriptions) {
        result_.refusal =
            PolicyRefusal{403,
                          "INSUFFICIENT_RESOURCES",
                          fmt::format("the subscriber has {} subscriptions already; delete one", most_subscriptions),
                          {}};
        return;
    }
    PolicySubscription subscription;
    subscription.id = data::to_hex(
        data::sha256(fmt::format("policy/{}/{}/{}", customer->id, customer->state.entries, request_.notif_uri)), 16);
    const std::string& imsi = customer->state.profile.imsi;
    subscription.supi = request_.supi.empty() && !imsi.empty() ? "imsi-" + imsi : request_.supi;
    subscription.gpsi = request_.gpsi;
    subscription.notif_uri = request_.notif_uri;
    subscription.notif_id = request_.notif_id;
    turn.set_alias(alias_of_policy(subscription.id), customer->id);
    customer->state.policy.push_back(std::move(subscription));
    PolicySubscription& made = customer->state.policy.back();
    result_.status = agree(turn, *customer, made, request_, all, "subscribed");
    result_.subscription = made.id;
}

void PolicyUpdateJob::want(Wants& wants) const { wants.aliases.push_back(alias_of_policy(subscription_)); }

void PolicyUpdateJob::run(Turn& turn) {
    result_ = {};
    const auto standing = find_standing(turn, subscription_);
    if (!standing) {
        result_.refusal = no_such_subscription();
        return;
    }
    Working& customer = *standing->customer;
    PolicySubscription& subscription = *standing->subscription;
    const bool names_somebody = !request_.supi.empty() || !request_.gpsi.empty();
    if (names_somebody && find_subscriber(turn, request_) != customer.id) {
        result_.refusal = PolicyRefusal{400,
                                        "OPTIONAL_IE_INCORRECT",
                                        "a subscription keeps its subscriber",
                                        {{request_.supi.empty() ? "/gpsi" : "/supi", "names somebody else"}}};
        return;
    }
    const std::vector<CounterStatus> all = statuses_now(turn, customer);
    if ((result_.refusal = refuse(turn, request_, all))) return;
    withdraw_policy(turn, customer, subscription.id);  // this answer is newer
    if (!request_.supi.empty()) subscription.supi = request_.supi;
    if (!request_.gpsi.empty()) subscription.gpsi = request_.gpsi;
    if (!request_.notif_uri.empty()) subscription.notif_uri = request_.notif_uri;
    if (!request_.notif_id.empty()) subscription.notif_id = request_.notif_id;
    result_.status = agree(turn, customer, subscription, request_, all, "changed");
    result_.subscription = subscription.id;
}

void PolicyDeleteJob::want(Wants& wants) const { wants.aliases.push_back(alias_of_policy(subscription_)); }

void PolicyDeleteJob::run(Turn& turn) {
    refusal_.reset();
    const auto standing = find_standing(turn, subscription_);
    if (!standing) {
        refusal_ = no_such_subscription();
        return;
    }
    Working& customer = *standing->customer;
    withdraw_policy(turn, customer, subscription_);
    turn.drop_alias(alias_of_policy(subscription_));
    std::erase_if(customer.state.policy, [&](const PolicySubscription& one) { return one.id == subscription_; });
    turn.record(customer, "policy", json{{"what", "ended"}, {"subscription", subscription_}}.dump());
}

}  // namespace roamguard::engine
