#include "cli/interrupt.hpp"

#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>

#include "cli/failure.hpp"
#include "cli/terminal.hpp"

namespace millrace::cli {

Interrupt::Interrupt(std::function<void()> at_once, std::function<bool()> on_hangup)
    : at_once_{std::move(at_once)}, on_hangup_{std::move(on_hangup)}, signals_{{SIGINT, SIGTERM, SIGHUP}, [this](int signal) {
          if (signal == SIGHUP && on_hangup_ && on_hangup_()) return;
          if (source_.request_stop()) return;
          if (at_once_) at_once_();
          if (::isatty(STDERR_FILENO) == 1) put_note("\x1b[?25h");  // bars hide the cursor
          std::_Exit(exit_interrupted);
      }} {}

void Interrupt::wait() const {
    std::mutex mutex;
    std::unique_lock hold{mutex};
    std::condition_variable_any asked;
    asked.wait(hold, source_.get_token(), [] { return false; });
}

bool pause(std::stop_token stop, std::chrono::microseconds time) {
    std::mutex mutex;
    std::unique_lock hold{mutex};
    std::condition_variable_any asked;
    asked.wait_for(hold, stop, time, [] { return false; });
    return !stop.stop_requested();
}

}  // namespace millrace::cli
