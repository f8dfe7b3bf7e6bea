#pragma once

#include <atomic>
#include <span>
#include <string>
#include <string_view>

/// Fail points: named places where a test can make a running program die, wait or fail. They are compiled into every
/// build and off by default (one relaxed load and a branch), so what is tested is what is shipped.
///
///     MILLRACE_FAILPOINT="import.parsed:kill@3,ledger.commit.applied:sleep:200"
///
/// Actions, each at every hit, or only at the N-th hit with `@N` at the end:
///   abort        the process ends at once with status 137, nothing is flushed
///   kill         SIGKILL to itself
///   sleep:MS     waits MS milliseconds
///   error        throws Error{internal}
///   hold:PATH    writes the file PATH.held, then waits until the file PATH exists (a test is in control)
namespace millrace::work {

/// All names, in the order of failpoints.inc.
std::span<const std::string_view> failpoints();

/// A name that stands in failpoints.inc; any other is a compile error.
struct Failpoint {
    std::string_view name;
    consteval Failpoint(const char* text) : name{text} {
        if (!is_listed(name)) throw "not in failpoints.inc";
    }

private:
    static consteval bool is_listed(std::string_view name) {
        bool found = false;
#define X(listed) found = found || name == listed;
#include "work/failpoints.inc"
#undef X
        return found || name == "work.test";
    }
};

namespace detail {
extern std::atomic<bool> failpoints_armed;
void hit(std::string_view name);
}  // namespace detail

/// Marks the place. Does what `arm_failpoints` said for it, normally nothing. May throw Error{internal}.
inline void failpoint(Failpoint point) {
    if (detail::failpoints_armed.load(std::memory_order_relaxed)) [[unlikely]] detail::hit(point.name);
}

/// Sets what the points do, replacing what was set before; "" turns all off. main passes MILLRACE_FAILPOINT once,
/// before threads start. Throws Error{invalid_config} naming the entry that is wrong.
void arm_failpoints(std::string_view specification);

/// How often an armed point was reached since it was armed; 0 for one that is not armed.
int failpoint_hits(std::string_view name);

}  // namespace millrace::work
