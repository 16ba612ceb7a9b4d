#include "tests/simulation/gateway.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace roamguard::simulation {

using notifications::Attempt;
using notifications::Outgoing;

void require(bool holds, const std::string& sentence) {
    if (!holds) throw Broken{sentence};
}

namespace {

/// Whose order counts: the phone's, or the subscriber's an event to the platform is about.
std::string whose(const Outgoing& message) {
    return message.to.empty() ? nlohmann::json::parse(message.text)["data"]["subscriber"]["id"].get<std::string>()
                              : message.to;
}

}  // namespace

Attempt Beyond::take(const Outgoing& message) {
    // A driver's faults are caught by its dispatcher: what it must not be asked to do is kept for whoever asks later.
    if (!claims_.insert({message.row, message.attempt}).second)
        fault_ = fmt::format("message {} was sent twice under one claim", message.id);
    if (recorded_.count(message.row)) fault_ = fmt::format("message {} was sent again after it was done", message.id);
    if (how == Gateway::down) return {Attempt::Fate::later, "the gateway is down", {}};
    if (how == Gateway::refuses) {
        refused_ = true;
        return {Attempt::Fate::dead, "the gateway will not", {}};
    }
    std::int64_t& newest = newest_[whose(message)];
    if (!taken_.count(message.row)) {
        if (message.row < newest) fault_ = fmt::format("message {} overtook another", message.id);
        newest = message.row;
    }
    taken_.emplace(message.row, message);
    if (how == Gateway::forgets) {
        lost_.insert(message.row);
        return {};
    }
    arrive(message);
    if (how == Gateway::doubles) {
        ++excused_[message.row];
        arrive(message);
    }
    if (how != Gateway::lies) return {};
    ++excused_[message.row];
    return {Attempt::Fate::later, "the gateway says it did not take it", {}};
}

void Beyond::arrive(const Outgoing& message) {
    ++arrivals_[message.row];
    arrived_.push_back(message);
}

std::vector<Outgoing> Beyond::open() const {
    std::vector<Outgoing> all;
    for (const auto& [row, message] : taken_)
        if (!recorded_.count(row)) all.push_back(message);
    return all;
}

std::vector<std::int64_t> Beyond::taken() const {
    std::vector<std::int64_t> rows;
    for (const auto& [row, message] : taken_)
        rows.push_back(row);
    return rows;
}

int Beyond::arrivals(std::int64_t row) const {
    const auto found = arrivals_.find(row);
    return found == arrivals_.end() ? 0 : found->second;
}

int Beyond::excused(std::int64_t row) const {
    const auto found = excused_.find(row);
    return found == excused_.end() ? 0 : found->second;
}

namespace {

class SimulatedChannel final : public notifications::Channel {
public:
    explicit SimulatedChannel(Beyond& beyond) : beyond_(beyond) {}
    Attempt send(const Outgoing& message) override { return beyond_.take(message); }

private:
    Beyond& beyond_;
};

}  // namespace

std::unique_ptr<notifications::Channel> channel_to(Beyond& beyond) {
    return std::make_unique<SimulatedChannel>(beyond);
}

}  // namespace roamguard::simulation
