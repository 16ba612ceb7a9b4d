#pragma once

#include <vector>

#include "service/engine/engine.h"

namespace roamguard::engine {

/// What is due by the clock for some customers: questions that expire, periods and trips that ended.
class TimersJob final : public Job {
public:
    explicit TimersJob(std::vector<CustomerId> customers) : customers_(std::move(customers)) {}
    [[nodiscard]] bool empty() const { return customers_.empty(); }
    void want(Wants& wants) const override {
        wants.customers.insert(wants.customers.end(), customers_.begin(), customers_.end());
    }
    void run(Turn& turn) override;

private:
    std::vector<CustomerId> customers_;
};

}  // namespace roamguard::engine
