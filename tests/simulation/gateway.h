#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "notifications/channel.h"
#include "tests/simulation/script.h"

namespace roamguard::simulation {

/// What went wrong in a run: a promise broken, as a sentence.
struct Broken {
    std::string sentence;
};
void require(bool holds, const std::string& sentence);

/// The world beyond a channel: the gateway with its phones, or the platform's web-hook. It outlives the service, and
/// checks what a sender promises: no claim sent twice, nothing sent again that is recorded as done, a customer's
/// messages in order.
class Beyond {
public:
    Gateway how = Gateway::up;

    [[nodiscard]] notifications::Attempt take(const notifications::Outgoing& message);
    /// The store has it as sent, delivered or dead: from now on nobody may send it.
    void recorded(std::int64_t row) { recorded_.insert(row); }
    /// Taken, and not yet known to be recorded.
    [[nodiscard]] std::vector<notifications::Outgoing> open() const;
    /// Rows somebody beyond has seen, oldest first.
    [[nodiscard]] std::vector<std::int64_t> taken() const;
    [[nodiscard]] int arrivals(std::int64_t row) const;
    [[nodiscard]] bool lost(std::int64_t row) const { return lost_.count(row) > 0; }
    /// How often a row may have arrived more than once without any fault of the sender.
    [[nodiscard]] int excused(std::int64_t row) const;
    [[nodiscard]] const std::vector<notifications::Outgoing>& arrived() const { return arrived_; }
    /// What its sender did wrong; empty: nothing.
    [[nodiscard]] const std::string& fault() const { return fault_; }
    /// Whether it refused something for good, or lost it: then it cannot know all.
    [[nodiscard]] bool refused() const { return refused_ || !lost_.empty(); }

private:
    void arrive(const notifications::Outgoing& message);

    std::map<std::int64_t, notifications::Outgoing> taken_;
    std::set<std::pair<std::int64_t, int>> claims_;
    std::set<std::int64_t> recorded_, lost_;
    std::map<std::int64_t, int> arrivals_, excused_;
    std::map<std::string, std::int64_t> newest_;  ///< first sent, by recipient
    std::vector<notifications::Outgoing> arrived_;
    std::string fault_;
    bool refused_ = false;
};

/// The driver of a channel that leads there.
[[nodiscard]] std::unique_ptr<notifications::Channel> channel_to(Beyond& beyond);

}  // namespace roamguard::simulation
