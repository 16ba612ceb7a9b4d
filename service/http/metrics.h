#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/engine/events_job.h"

namespace roamguard::http {

enum class ChannelState { up, down };

/// The counters and histograms of /metrics. Never a phone number, IMSI, token or text as a label. Any thread.
class Metrics {
public:
    Metrics();
    ~Metrics();
    void request(const std::string& pattern, const std::string& method, int status, double seconds);
    void event(const engine::EventResult& result);
    /// Seconds between the end of the usage that crossed a threshold and its message's commit; 0 for an early one.
    void lateness(double seconds);
    /// Seconds between an event's own time (of usage: its end) and its receipt.
    void delay(double seconds);
    void batch(std::size_t requests, double commit_seconds);
    void checkpoint(double seconds);
    /// What was opened by consent, and how much of it rests on a recorded answer.
    void consents(engine::Turn::Consents consents);
    void queued(std::size_t events);
    void message(const std::string& kind);
    /// One attempt to deliver, by what became of it.
    void delivery(const std::string& channel, const std::string& result);
    void receipt(const std::string& status);
    /// An SMS that came in, by what became of it.
    void sms(const std::string& outcome);
    /// A request to use a service, by what was decided.
    void authorization(const std::string& decision, const std::string& reason);
    /// A channel whose other side does not answer is down until a probe succeeds.
    void channel(const std::string& name, ChannelState state);
    [[nodiscard]] std::vector<std::string> channels_down() const;
    /// Prometheus text format 0.0.4.
    [[nodiscard]] std::string text() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace roamguard::http
