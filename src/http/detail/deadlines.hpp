#pragma once

#include <map>

#include "http/detail/asio.hpp"
#include "http/detail/list.hpp"

namespace millrace::http::detail {

/// Something with at most one deadline.
class Timed {
public:
    virtual ~Timed() = default;
    virtual void on_deadline() = 0;
    bool has_deadline() const { return deadline_ != Clock::time_point::max(); }

private:
    friend class Deadlines;
    struct Node : ListNode {
        Timed* owner = nullptr;
    } node_;
    Clock::time_point deadline_ = Clock::time_point::max();
    std::int64_t slot_ = 0;
};

/// Deadlines of one io thread. Moving a deadline later, which every request does several times, is one store: the entry
/// stays in its slot and is moved on when that slot comes. Precise to about 20 ms, never early.
class Deadlines {
public:
    explicit Deadlines(asio::io_context& io) : timer_{io.get_executor()} {}

    void set(Timed& timed, Clock::time_point deadline);
    void clear(Timed& timed) { timed.deadline_ = Clock::time_point::max(); }
    /// No call comes after this.
    void stop();

private:
    static std::int64_t slot_of(Clock::time_point at);
    void insert(Timed& timed, std::int64_t slot);
    void arm();
    void run();

    AsioTimer timer_;
    std::map<std::int64_t, List> slots_;
    std::int64_t armed_ = 0;  ///< the slot waited for; 0 = none
    bool stopped_ = false;
};

}  // namespace millrace::http::detail
