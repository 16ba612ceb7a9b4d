#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/engine/engine.h"
#include "service/engine/policy_counters.h"

// Subscriptions of policy functions to a customer's policy counters (3GPP TS 29.594, section 5.2: subscribe,
// unsubscribe).
namespace roamguard::engine {

/// SpendingLimitContext of the standard, as read; empty or none where absent.
struct PolicyRequest {
    std::string supi, gpsi, notif_uri, notif_id;
    std::vector<std::string> counters;
    std::optional<tariffs::Instant> expiry;
};

/// Why one was refused, in the standard's terms.
struct PolicyRefusal {
    int status = 400;
    std::string cause, detail;
    std::vector<std::pair<std::string, std::string>> faults;  ///< JSON pointer, reason
};

/// What became of a request: a refusal, or the subscription's id and its SpendingLimitStatus.
struct PolicyResult {
    std::optional<PolicyRefusal> refusal;
    std::string subscription;
    nlohmann::json status;
};

/// A new subscription, for a customer who is known already. A subscriber is looked for by GPSI and then by SUPI: where
/// the two name different customers the number's counts, as everywhere.
class PolicySubscribeJob final : public Job {
public:
    static constexpr std::size_t most_subscriptions = 32;  ///< of one customer

    explicit PolicySubscribeJob(PolicyRequest request) : request_(std::move(request)) {}
    void want(Wants& wants) const override;
    void run(Turn& turn) override;
    [[nodiscard]] const PolicyResult& result() const { return result_; }

private:
    PolicyRequest request_;
    PolicyResult result_;
};

/// Replaces what a subscription asks for: counters and expiry. Its addresses stay where the request gives none.
class PolicyUpdateJob final : public Job {
public:
    PolicyUpdateJob(std::string subscription, PolicyRequest request)
        : subscription_(std::move(subscription)), request_(std::move(request)) {}
    void want(Wants& wants) const override;
    void run(Turn& turn) override;
    [[nodiscard]] const PolicyResult& result() const { return result_; }

private:
    std::string subscription_;
    PolicyRequest request_;
    PolicyResult result_;
};

/// Ends a subscription: nothing more is told.
class PolicyDeleteJob final : public Job {
public:
    explicit PolicyDeleteJob(std::string subscription) : subscription_(std::move(subscription)) {}
    void want(Wants& wants) const override;
    void run(Turn& turn) override;
    [[nodiscard]] const std::optional<PolicyRefusal>& refusal() const { return refusal_; }

private:
    std::string subscription_;
    std::optional<PolicyRefusal> refusal_;
};

}  // namespace roamguard::engine
