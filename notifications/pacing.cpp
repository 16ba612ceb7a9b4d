#include "notifications/pacing.h"

#include <algorithm>

namespace roamguard::notifications {
namespace {

constexpr std::chrono::milliseconds first_pause{1000};
constexpr double rounding = 1e-6;  ///< of tokens: sums of fractions miss whole numbers by a little

}  // namespace

Circuit::Circuit(int after, tariffs::Span longest) : after_{after}, longest_{longest.ms} {}

Circuit::Clock::time_point Circuit::next_try() const {
    if (closed_) return Clock::time_point::min();
    return probing_ ? Clock::time_point::max() : next_try_;
}

void Circuit::answered(Trial trial) {
    if (trial == Trial::probe) probing_ = false;
    closed_ = true;
    failures_ = 0;
}

void Circuit::failed(Trial trial, Clock::time_point now, const std::string& error) {
    if (trial == Trial::probe) probing_ = false;
    if (!closed_ && trial == Trial::usual) return;  // begun before the circuit opened: says nothing new
    last_error_ = error;
    if (closed_ && (after_ == 0 || ++failures_ < after_)) return;
    pause_ = std::min(closed_ ? first_pause : 2 * pause_, longest_);
    closed_ = false;
    next_try_ = now + pause_;
}

Bucket::Bucket(double rate_per_s, Clock::time_point now)
    : rate_{rate_per_s}, size_{std::max(1.0, rate_per_s / 4)}, tokens_{size_}, filled_{now} {}

int Bucket::whole(Clock::time_point now) {
    tokens_ = std::min(size_, tokens_ + rate_ * std::chrono::duration<double>(now - filled_).count());
    filled_ = now;
    return static_cast<int>(tokens_ + rounding);
}

void Bucket::give_back(std::size_t count) { tokens_ = std::min(size_, tokens_ + static_cast<double>(count)); }

Bucket::Clock::time_point Bucket::ready_at(Clock::time_point now) {
    if (unlimited()) return now;
    (void)whole(now);
    const double missing = std::max(1.0, rate_ / 10) - tokens_ - rounding;
    if (missing <= 0) return now;
    return now + std::chrono::microseconds{static_cast<std::int64_t>(missing / rate_ * 1e6) + 1};
}

}  // namespace roamguard::notifications
