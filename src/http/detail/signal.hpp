#pragma once

#include <functional>
#include <utility>

#include "http/detail/asio.hpp"

namespace millrace::http::detail {

/// Lets one coroutine wait until something on its thread says so. A set before the wait is kept.
class Signal {
public:
    void set() {
        if (!waiter_) {
            set_ = true;
            return;
        }
        auto waiter = std::exchange(waiter_, nullptr);
        waiter();
    }
    void clear() { set_ = false; }
    bool waiting() const { return static_cast<bool>(waiter_); }

    Awaitable<void> wait() {
        if (!std::exchange(set_, false)) {
            auto keep = [this](auto handler) { waiter_ = std::move(handler); };
            co_await asio::async_initiate<const UseAwaitable, void()>(std::move(keep), use_awaitable);
        }
    }

private:
    std::move_only_function<void()> waiter_;
    bool set_ = false;
};

}  // namespace millrace::http::detail
