#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "capture/detail/visit.hpp"

namespace millrace::capture::detail {

/// The only way out that a browser has: an HTTP proxy whose connections are judged by the visit they belong to. A thread per
/// connection; a browser opens 32 to a proxy.
class Proxy {
public:
    /// Takes connections from `listener`, which may stand in another network namespace.
    explicit Proxy(Descriptor listener);
    ~Proxy();
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    /// Connections that are taken from now on belong to this visit; with nothing they are closed at once.
    void serve(std::shared_ptr<Visit> visit);

private:
    struct Served {
        std::jthread thread;
        std::shared_ptr<std::atomic<bool>> done;
    };
    void accept_all();
    void begin(Descriptor client);

    const Descriptor listener_;
    const Descriptor wake_;
    std::mutex mutex_;
    std::shared_ptr<Visit> visit_;  ///< shared with the connections, the last of which may end after it
    std::list<Served> served_;      ///< touched by `accepting_` only, and when that has ended
    std::jthread accepting_;
};

}  // namespace millrace::capture::detail
