#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "tariffs/table.h"

namespace roamguard::tariffs {

/// Faults (or warnings) of one upload, in bounded memory: the first 10,000 are kept, and a last one says that there
/// were more. One per compilation.
class FaultList {
public:
    static constexpr std::size_t cap = 10'000;

    void add(Fault fault) {
        if (full())
            dropped_ = true;
        else
            kept_.push_back(std::move(fault));
    }
    /// Reading on would find nothing that could still be listed.
    [[nodiscard]] bool full() const { return kept_.size() >= cap; }
    [[nodiscard]] bool empty() const { return kept_.empty(); }

    [[nodiscard]] std::vector<Fault> take() {
        if (dropped_ || full())
            kept_.push_back({"", 0, "", "", "too_many_faults",
                             "only the first " + std::to_string(cap) + " are listed: correct these and try again"});
        return std::move(kept_);
    }

private:
    std::vector<Fault> kept_;
    bool dropped_ = false;
};

}  // namespace roamguard::tariffs
