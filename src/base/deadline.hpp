#pragma once

#include <chrono>

namespace millrace {

/// A moment on the steady clock by which something must be done.
using Deadline = std::chrono::steady_clock::time_point;

inline Deadline in(std::chrono::microseconds time) { return std::chrono::steady_clock::now() + time; }

/// Where steady time comes from, so that a test can hold it: for how long something takes, never for when it was.
struct SteadyClock {
    virtual ~SteadyClock() = default;
    virtual Deadline now() const = 0;
};

struct SystemSteadyClock final : SteadyClock {
    Deadline now() const override { return std::chrono::steady_clock::now(); }
};

/// One that stands still until it is moved; for tests.
struct ManualSteadyClock final : SteadyClock {
    Deadline at{};
    Deadline now() const override { return at; }
    void advance(std::chrono::microseconds by) { at += by; }
};

}  // namespace millrace
