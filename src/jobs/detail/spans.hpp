#pragma once

#include "jobs/detail/attempt.hpp"
#include "observe/trace.hpp"

namespace millrace::jobs::detail {

/// Records an attempt that has ended, with its stages, and its job when that has ended too. The trace of a job is its
/// id: whoever knows the job finds its trace, and every attempt of whatever process is in it.
void record_spans(observe::Tracer& tracer, const RunningAttempt& attempt, Instant now);

}  // namespace millrace::jobs::detail
