#pragma once

#include <algorithm>

#include "base/clock.hpp"

namespace millrace::jobs::detail {

/// How many jobs to hold in readiness beyond those that run, so that slots with short jobs do not wait for a claim after
/// each: as many as the slots will begin within `horizon`, as long as jobs take as long as of late. With long jobs that
/// is none, and a job that is claimed runs at once. Pure.
class Pace {
public:
    static constexpr Duration horizon = std::chrono::milliseconds{20};
    static constexpr int ahead_max = 500;

    /// A handler took this long. One long one counts at once, short ones bit by bit.
    void took(std::chrono::nanoseconds time) {
        const auto now = static_cast<double>(std::max<std::int64_t>(time.count(), 1));
        mean_ = mean_ == 0 ? now : std::max(now, mean_ + (now - mean_) / 8);
    }

    int ahead(int slots) const {
        if (mean_ == 0) return 0;
        const double within = static_cast<double>(std::chrono::nanoseconds{horizon}.count()) / mean_ * slots;
        return static_cast<int>(std::min<double>(within, ahead_max));
    }

private:
    double mean_ = 0;  ///< nanoseconds; 0: nothing is known
};

}  // namespace millrace::jobs::detail
