#pragma once

#include <functional>
#include <initializer_list>
#include <thread>

namespace millrace::work {

/// Turns signals into plain calls on a thread of its own, where everything is allowed that is not in a handler.
/// Construct it first thing in main: it blocks the signals for this thread and all it starts afterwards.
class Signals {
public:
    Signals(std::initializer_list<int> signals, std::function<void(int)> on_signal);
    /// Stops listening; the signals stay blocked, so a late one does not end the program half-way through its end.
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

private:
    int signals_ = -1;  ///< signalfd
    int stop_ = -1;     ///< eventfd
    std::jthread thread_;
};

}  // namespace millrace::work
