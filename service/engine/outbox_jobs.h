#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/engine/engine.h"

namespace roamguard::engine {

/// Takes messages that are due under a lease: what is past its expiry ends as `expired` instead.
class ClaimJob final : public Job {
public:
    ClaimJob(std::vector<std::int64_t> rows, tariffs::Span lease) : rows_(std::move(rows)), lease_(lease) {}
    void want(Wants& wants) const override;
    void run(Turn& turn) override;
    [[nodiscard]] bool refusable() const override { return false; }
    /// The claimed ones, their texts as they are to be sent; `attempts` is the fencing number.
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

/// Records what became of claimed messages; the next of the same customer and channel becomes due. An app message that
/// failed is followed by an SMS.
class DeliveryJob final : public Job {
public:
    explicit DeliveryJob(std::vector<Delivery> deliveries) : deliveries_(std::move(deliveries)) {}
    void want(Wants& wants) const override;
    void run(Turn& turn) override;
    [[nodiscard]] bool refusable() const override { return false; }

private:
    std::vector<Delivery> deliveries_;
};

/// App messages nobody confirmed in time, whether the app's server took them or not: each is followed by an SMS.
class OverdueJob final : public Job {
public:
    explicit OverdueJob(std::vector<std::int64_t> rows) : rows_(std::move(rows)) {}
    void want(Wants& wants) const override;
    void run(Turn& turn) override;

private:
    std::vector<std::int64_t> rows_;
};

/// Messages nobody is to send any more: their channel is no longer configured.
class CancelJob final : public Job {
public:
    CancelJob(std::vector<std::int64_t> rows, std::string why) : rows_(std::move(rows)), why_(std::move(why)) {}
    void want(Wants& wants) const override { wants.messages.insert(wants.messages.end(), rows_.begin(), rows_.end()); }
    void run(Turn& turn) override;
    [[nodiscard]] bool refusable() const override { return false; }

private:
    std::vector<std::int64_t> rows_;
    std::string why_;
};

/// What a gateway reports of a message it took. `on_its_way`: the next hop has it.
enum class Receipt { on_its_way, delivered, failed, expired };
/// `delivered`, `failed`, `rejected`, `expired`, `buffered`, `accepted`, or Kannel's number for it: 1, 2, 16, 34, 4, 8;
/// `unknown` and 66 mean that nobody knows, which is `on_its_way`.
[[nodiscard]] std::optional<Receipt> parse_receipt(std::string_view text);

/// A delivery receipt. It may come before the gateway's own answer, twice, late or out of order: delivered is final and
/// wins over a failure.
class ReceiptJob final : public Job {
public:
    ReceiptJob(std::int64_t row, Receipt receipt, std::string detail)
        : row_(row), receipt_(receipt), detail_(std::move(detail)) {}
    void want(Wants& wants) const override { wants.messages.push_back(row_); }
    void run(Turn& turn) override;
    [[nodiscard]] const storage::MessageRow& message() const { return message_; }

private:
    std::int64_t row_;
    Receipt receipt_;
    std::string detail_;
    storage::MessageRow message_;
};

/// Puts a failed or expired message back into its queue.
class RetryJob final : public Job {
public:
    explicit RetryJob(std::int64_t row) : row_(row) {}
    void want(Wants& wants) const override { wants.messages.push_back(row_); }
    void run(Turn& turn) override;
    [[nodiscard]] const std::string& refusal() const { return refusal_; }
    [[nodiscard]] const storage::MessageRow& message() const { return message_; }

private:
    std::int64_t row_;
    std::string refusal_;
    storage::MessageRow message_;
};

}  // namespace roamguard::engine
