#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "tariffs/instant.h"

// When a dispatcher may send: is the other side worth trying, and has the rate room.
namespace roamguard::notifications {

/// A circuit breaker: after so many failures in a row it is open for 1 s, doubling up to the longest; then one probe is
/// let through, and any answer closes it. Not synchronised.
class Circuit {
public:
    using Clock = std::chrono::steady_clock;
    enum class Trial { usual, probe };

    /// `after` 0: it never opens.
    Circuit(int after, tariffs::Span longest);

    [[nodiscard]] bool closed() const { return closed_; }
    [[nodiscard]] const std::string& last_error() const { return last_error_; }
    /// What may be begun now is this kind of trial.
    [[nodiscard]] Trial trial() const { return closed_ ? Trial::usual : Trial::probe; }
    /// When something may be begun: any time while closed, not while a probe is under way.
    [[nodiscard]] Clock::time_point next_try() const;
    void probe_begins() { probing_ = true; }
    /// The probe was not made after all.
    void probe_dropped() { probing_ = false; }
    void answered(Trial trial);
    void failed(Trial trial, Clock::time_point now, const std::string& error);

private:
    const int after_;
    const std::chrono::milliseconds longest_;
    std::chrono::milliseconds pause_{0};
    bool closed_ = true, probing_ = false;
    int failures_ = 0;
    Clock::time_point next_try_{};
    std::string last_error_;
};

/// A token bucket that holds a quarter of a second, one token at least. Not synchronised.
class Bucket {
public:
    using Clock = std::chrono::steady_clock;

    /// `rate_per_s` 0: no limit.
    Bucket(double rate_per_s, Clock::time_point now);

    [[nodiscard]] bool unlimited() const { return rate_ <= 0; }
    /// Whole tokens there are now.
    [[nodiscard]] int whole(Clock::time_point now);
    void take(std::size_t count) { tokens_ -= static_cast<double>(count); }
    void give_back(std::size_t count);
    /// When there are enough for a round to be worth its commit: a tenth of a second's.
    [[nodiscard]] Clock::time_point ready_at(Clock::time_point now);

private:
    const double rate_, size_;
    double tokens_;
    Clock::time_point filled_;
};

}  // namespace roamguard::notifications
