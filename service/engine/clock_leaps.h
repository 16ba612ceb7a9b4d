#pragma once

#include <chrono>
#include <optional>

#include "tariffs/instant.h"

namespace roamguard::engine {

/// Whether the wall clock may be deleted by. What a clock that leapt ahead deletes does not come back when it is put
/// right: events seen would be counted again. One per thread.
class ClockLeaps {
public:
    using Steady = std::chrono::steady_clock::time_point;

    /// False for a day, of the steady clock, after the wall clock was seen to have leapt ahead by more than an hour;
    /// true again at once when it was set back.
    [[nodiscard]] bool calm(tariffs::Instant wall, Steady steady) {
        const auto ahead = std::chrono::milliseconds(wall.ms) - steady.time_since_epoch();
        if (ahead_ && ahead > *ahead_ + std::chrono::hours(1)) leapt_ = steady;
        if (ahead_ && ahead < *ahead_ - std::chrono::hours(1)) leapt_.reset();
        ahead_ = ahead;
        return !leapt_ || steady - *leapt_ > std::chrono::hours(24);
    }

private:
    std::optional<std::chrono::nanoseconds> ahead_;  ///< of the wall clock to the steady one
    std::optional<Steady> leapt_;
};

}  // namespace roamguard::engine
