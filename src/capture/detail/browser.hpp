#pragma once

#include "capture/capture.hpp"
#include "capture/detail/connection.hpp"
#include "capture/detail/proxy.hpp"

namespace millrace::capture::detail {

/// A running browser with its way out. Killed with all its processes when this goes, or with the thread that started it.
class Browser {
public:
    /// Throws Error{browser_missing} and Error{browser_unconfined}.
    explicit Browser(const Settings& settings);
    ~Browser();
    Browser(const Browser&) = delete;
    Browser& operator=(const Browser&) = delete;

    Connection& connection() { return *connection_; }
    Proxy& proxy() { return *proxy_; }
    /// Kills it; says whether it had ended by itself for want of memory.
    bool end();

private:
    void start(const Settings& settings, const std::string& program, bool isolated);
    void start_open(const Settings& settings, const std::string& program);
    Descriptor take_listener();

    std::string profile_;  ///< a directory of ours; empty when the browser has its own
    int pid_ = -1;
    Descriptor socket_;
    std::optional<bool> ended_;
    std::unique_ptr<Connection> connection_;
    std::unique_ptr<Proxy> proxy_;
};

}  // namespace millrace::capture::detail
