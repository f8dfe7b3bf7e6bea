#include "work/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <system_error>

#include "work/thread_name.hpp"

namespace millrace::work {

Signals::Signals(std::initializer_list<int> signals, std::function<void(int)> on_signal) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
    stop_ = ::eventfd(0, EFD_CLOEXEC);
    if (signals_ < 0 || stop_ < 0) throw std::system_error{errno, std::generic_category(), "signalfd"};
    thread_ = std::jthread{[this, call = std::move(on_signal)] {
        name_this_thread("signals");
        while (true) {
            pollfd waiting[] = {{signals_, POLLIN, 0}, {stop_, POLLIN, 0}};
            if (::poll(waiting, 2, -1) < 0) continue;
            if (waiting[1].revents != 0) return;
            signalfd_siginfo info{};
            if (::read(signals_, &info, sizeof info) == sizeof info) call(static_cast<int>(info.ssi_signo));
        }
    }};
}

Signals::~Signals() {
    ::eventfd_write(stop_, 1);
    thread_.join();
    ::close(signals_);
    ::close(stop_);
}

}  // namespace millrace::work
