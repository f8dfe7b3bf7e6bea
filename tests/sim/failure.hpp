#pragma once

#include <string>

/// What ends things in a simulated world. None is a std::exception: the code under test must not catch them.
namespace millrace::sim {

/// A guarantee does not hold; ends the run.
struct Violation {
    std::string what;
};

/// The process of this worker has died at this point.
struct Crash {};

/// The power has failed: every process has died, and what was not synced is gone.
struct PowerCut {};

}  // namespace millrace::sim
