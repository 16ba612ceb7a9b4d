#pragma once

#include <memory>
#include <string>

#include "service/engine/events_job.h"

namespace roamguard::http {

/// The counters and histograms of /metrics. Never a phone number, IMSI, token or text as a label. Any thread.
class Metrics {
public:
    Metrics();
    ~Metrics();
    void request(const std::string& pattern, const std::string& method, int status, double seconds);
    void event(const engine::EventResult& result);
    /// Seconds between the time of the event that crossed a threshold and its message's commit.
    void lateness(double seconds);
    /// Seconds between an event's own time and its receipt.
    void delay(double seconds);
    void batch(std::size_t requests, double commit_seconds);
    void checkpoint(double seconds);
    void queued(std::size_t events);
    void message(const std::string& kind);
    void delivery(const std::string& state);
    /// Prometheus text format 0.0.4.
    [[nodiscard]] std::string text() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace roamguard::http
