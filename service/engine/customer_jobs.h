#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/customers/profile_json.h"
#include "service/engine/engine.h"
#include "service/engine/owing.h"

namespace roamguard::engine {

/// Why a request about a customer was refused.
struct CustomerRefusal {
    int status = 422;
    std::string code, detail;
    std::vector<customers::ProfileFault> faults;
};

/// A profile put, patched, imported.
class ProfileJob final : public Job {
public:
    enum class How { put, patch };
    struct Item {
        notifications::Msisdn msisdn;  ///< none: the body's own (import)
        nlohmann::json body;
    };
    struct Result {
        std::optional<CustomerRefusal> refusal;
        bool created = false;
        nlohmann::json profile;
    };
    ProfileJob(How how, std::vector<Item> items) : how_(how), items_(std::move(items)) {}
    void want(Wants& wants) const override;
    void run(Turn& turn) override;
    [[nodiscard]] std::size_t weight() const override { return items_.size(); }
    [[nodiscard]] const std::vector<Result>& results() const { return results_; }

private:
    Result one(Turn& turn, const Item& item) const;
    How how_;
    std::vector<Item> items_;
    std::vector<Result> results_;
};

/// DELETE: personal data gone, the counts and the (unreadable) chain kept.
class EraseJob final : public Job {
public:
    /// `alias` as the store has it: alias_of(msisdn), or alias_of_imsi for a customer known by nothing else.
    explicit EraseJob(std::string alias) : alias_(std::move(alias)) {}
    void want(Wants& wants) const override { wants.aliases.push_back(alias_); }
    void run(Turn& turn) override;
    [[nodiscard]] bool found() const { return found_; }

private:
    std::string alias_;
    bool found_ = false;
};

/// PUT /v1/camara/subscriptions/{id}: whose subscription it is. A number nobody knew makes a customer.
class CamaraSubscriptionJob final : public Job {
public:
    CamaraSubscriptionJob(std::string subscription, notifications::Msisdn msisdn)
        : subscription_(std::move(subscription)), msisdn_(std::move(msisdn)) {}
    void want(Wants& wants) const override {
        wants.aliases.push_back(alias_of(msisdn_));
        wants.aliases.push_back(alias_of_camara(subscription_));
    }
    void run(Turn& turn) override;
    [[nodiscard]] const std::string& customer() const { return customer_; }

private:
    std::string subscription_;
    notifications::Msisdn msisdn_;
    std::string customer_;
};

/// The same customer under a new number: history, caps and holds stay.
class RenumberJob final : public Job {
public:
    RenumberJob(notifications::Msisdn from, notifications::Msisdn to) : from_(std::move(from)), to_(std::move(to)) {}
    void want(Wants& wants) const override {
        wants.aliases.push_back(alias_of(from_));
        wants.aliases.push_back(alias_of(to_));
    }
    void run(Turn& turn) override;
    [[nodiscard]] const ProfileJob::Result& result() const { return result_; }

private:
    notifications::Msisdn from_, to_;
    ProfileJob::Result result_;
};

/// A customer's answer to a question, by link, app or care.
class AnswerJob final : public Job {
public:
    AnswerJob(CustomerId customer, protection::Answer answer) : customer_(customer), answer_(std::move(answer)) {}
    void want(Wants& wants) const override { wants.customers.push_back(customer_); }
    void run(Turn& turn) override;
    [[nodiscard]] protection::AnswerResult result() const { return result_; }
    [[nodiscard]] const protection::Question& question() const { return question_; }
    [[nodiscard]] const std::vector<Notification>& notifications() const { return notifications_; }
    [[nodiscard]] protection::DataState data() const { return data_; }

private:
    CustomerId customer_;
    protection::Answer answer_;
    protection::AnswerResult result_ = protection::AnswerResult::unknown_question;
    protection::Question question_;
    std::vector<Notification> notifications_;
    protection::DataState data_ = protection::DataState::allowed;
};

}  // namespace roamguard::engine
