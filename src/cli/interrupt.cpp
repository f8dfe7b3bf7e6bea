#include "cli/interrupt.hpp"

#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>

#include "cli/failure.hpp"
#include "cli/terminal.hpp"

namespace millrace::cli {

Interrupt::Interrupt(std::function<void()> at_once)
    : at_once_{std::move(at_once)}, signals_{{SIGINT, SIGTERM, SIGHUP}, [this](int) {
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
