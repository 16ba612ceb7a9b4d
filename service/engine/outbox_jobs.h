#pragma once

#include <string>
#include <vector>

#include "service/engine/engine.h"

namespace roamguard::engine {

/// Takes messages that are due under a lease: what is past its expiry ends as `expired` instead.
class ClaimJob final : public Job {
public:
    ClaimJob(std::vector<std::int64_t> rows, tariffs::Span lease) : rows_(std::move(rows)), lease_(lease) {}
    void run(Turn& turn) override;
    [[nodiscard]] bool refusable() const override { return false; }
    /// The claimed ones; `attempts` is the fencing number.
    [[nodiscard]] const std::vector<storage::MessageRow>& claimed() const { return claimed_; }

private:
    std::vector<std::int64_t> rows_;
    tariffs::Span lease_;
    std::vector<storage::MessageRow> claimed_;
};

/// How an attempt to deliver ended.
struct Delivery {
    enum class How { sent, delivered, later, dead } how = How::sent;
    std::int64_t row = 0;
    int attempt = 0;     ///< of the claim; a later claim makes this result void
    tariffs::Span wait;  ///< before the next attempt, where it is `later`
    std::string error;
};

/// Records what became of claimed messages; the next of the same customer and channel becomes due.
class DeliveryJob final : public Job {
public:
    explicit DeliveryJob(std::vector<Delivery> deliveries) : deliveries_(std::move(deliveries)) {}
    void run(Turn& turn) override;
    [[nodiscard]] bool refusable() const override { return false; }

private:
    std::vector<Delivery> deliveries_;
};

/// Puts a failed or expired message back into its queue.
class RetryJob final : public Job {
public:
    explicit RetryJob(std::int64_t row) : row_(row) {}
    void run(Turn& turn) override;
    [[nodiscard]] const std::string& refusal() const { return refusal_; }
    [[nodiscard]] const storage::MessageRow& message() const { return message_; }

private:
    std::int64_t row_;
    std::string refusal_;
    storage::MessageRow message_;
};

}  // namespace roamguard::engine
