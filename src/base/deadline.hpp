#pragma once

#include <chrono>

namespace millrace {

/// A moment on the steady clock by which something must be done.
using Deadline = std::chrono::steady_clock::time_point;

inline Deadline in(std::chrono::microseconds time) { return std::chrono::steady_clock::now() + time; }

}  // namespace millrace
