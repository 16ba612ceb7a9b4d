#pragma once

#include <string>
#include <vector>

#include "service/engine/engine.h"
#include "service/engine/owing.h"
#include "service/intake/authorization.h"

namespace roamguard::engine {

/// A request to use a service before it is used: what it reserves, holds and asks is committed with the answer.
class AuthorizationJob final : public Job {
public:
    explicit AuthorizationJob(intake::AuthorizationRequest request) : request_(std::move(request)) {}
    void want(Wants& wants) const override;
    void run(Turn& turn) override;
    [[nodiscard]] const protection::AuthorizationDecision& answer() const { return answer_; }
    [[nodiscard]] const std::vector<Notification>& notifications() const { return notifications_; }

private:
    intake::AuthorizationRequest request_;
    protection::AuthorizationDecision answer_;
    std::vector<Notification> notifications_;
};

}  // namespace roamguard::engine
