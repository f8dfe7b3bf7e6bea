#pragma once

#include <chrono>
#include <functional>
#include <stop_token>

#include "work/signals.hpp"

namespace millrace::cli {

/// Ctrl-C (and SIGTERM, SIGHUP) of a command: the first one asks to stop, the second one ends the process at once.
/// Construct before other threads.
class Interrupt {
public:
    /// `at_once` is called for the second one, on a thread of its own; by default it ends the process with status 130.
    /// `on_hangup` may take a SIGHUP for itself by answering true.
    explicit Interrupt(std::function<void()> at_once = {}, std::function<bool()> on_hangup = {});

    std::stop_token token() const { return source_.get_token(); }
    bool requested() const { return source_.stop_requested(); }
    /// Blocks until the first one.
    void wait() const;

private:
    std::stop_source source_;
    std::function<void()> at_once_;
    std::function<bool()> on_hangup_;
    work::Signals signals_;
};

/// Sleeps; false when stopped before the time is over.
bool pause(std::stop_token stop, std::chrono::microseconds time);

}  // namespace millrace::cli
