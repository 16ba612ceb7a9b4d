#pragma once

#include <string>
#include <utility>
#include <vector>

#include "service/customers/bundle_json.h"
#include "service/engine/customer_jobs.h"

namespace roamguard::engine {

/// PUT and DELETE /v1/subscribers/{msisdn}/passes/{id}: a bundle bought elsewhere. A number nobody knew makes a
/// customer.
class BundleJob final : public Job {
public:
    BundleJob(notifications::Msisdn msisdn, std::string id, customers::Bundle bundle)
        : msisdn_(std::move(msisdn)), id_(std::move(id)), bundle_(std::move(bundle)) {}
    void want(Wants& wants) const override { wants.aliases.push_back(alias_of(msisdn_)); }
    void run(Turn& turn) override;
    [[nodiscard]] const std::optional<CustomerRefusal>& refusal() const { return refusal_; }
    [[nodiscard]] bool created() const { return result_ == protection::BundleResult::recorded; }
    [[nodiscard]] const protection::HeldPass& pass() const { return pass_; }

private:
    notifications::Msisdn msisdn_;
    std::string id_;
    customers::Bundle bundle_;
    std::optional<CustomerRefusal> refusal_;
    protection::BundleResult result_ = protection::BundleResult::recorded;
    protection::HeldPass pass_;
};

class BundleEndJob final : public Job {
public:
    BundleEndJob(CustomerId customer, std::string id) : customer_(customer), id_(std::move(id)) {}
    void want(Wants& wants) const override { wants.customers.push_back(customer_); }
    void run(Turn& turn) override;
    [[nodiscard]] protection::BundleResult result() const { return result_; }

private:
    CustomerId customer_;
    std::string id_;
    protection::BundleResult result_ = protection::BundleResult::unknown;
};

}  // namespace roamguard::engine
