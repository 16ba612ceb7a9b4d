#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/engine/engine.h"
#include "service/engine/owing.h"

namespace roamguard::engine {

/// An SMS that came in (MO).
struct InboundSms {
    notifications::Msisdn from;
    std::string text;  ///< UTF-8, or whatever came
    std::string id;    ///< the gateway's; the same one twice is one SMS. Empty: none
    std::optional<Instant> received_at;
};

/// A customer's SMS, for their own line or one they pay for, decided like any event: what it changes, and the answer it
/// owes, commit together.
class SmsJob final : public Job {
public:
    explicit SmsJob(InboundSms sms);
    void want(Wants& wants) const override;
    void run(Turn& turn) override;

    /// A word of protection::ReplyResult, `unknown_number` or `duplicate`.
    [[nodiscard]] const std::string& outcome() const { return outcome_; }
    [[nodiscard]] const std::string& question() const { return question_; }
    [[nodiscard]] const std::vector<Notification>& notifications() const { return notifications_; }

private:
    /// About the writer's own line, or one that they pay for.
    void decide(Turn& turn, Working& writer);

    InboundSms sms_;
    std::optional<storage::Digest> key_;
    std::string outcome_, question_;
    std::vector<Notification> notifications_;
};

}  // namespace roamguard::engine
