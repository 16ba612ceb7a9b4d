#pragma once

#include "service/engine/engine.h"

namespace roamguard::engine {

/// Deletes a slice of what is past its time, after the batch it runs in.
class RetentionJob final : public Job {
public:
    explicit RetentionJob(storage::Retention retention) : retention_(retention) {}
    void run(Turn&) override {}
    void committed(Engine& engine) override { gone_ = engine.store().retain(retention_); }
    [[nodiscard]] int gone() const { return gone_; }

private:
    storage::Retention retention_;
    int gone_ = 0;
};

}  // namespace roamguard::engine
