#pragma once

#include "jobs/ops.hpp"

/// How an attempt ends, whoever has run it: the Settle of each case. Pure.
namespace millrace::jobs {

Settle completed(const Uuid& job, Instant at);
Settle cancelled(const Uuid& job, Instant at);
/// Handed back: queued again, the attempt does not count.
Settle handed_back(const Uuid& job, Instant at);
/// Due again at `until`; the attempt does not count.
Settle snoozed(const Uuid& job, Instant until, Instant at);

/// An error of job code, by its words.
struct Failure {
    std::string code;
    std::string message;
    bool retryable = true;
};
Failure failure_of(const Error& error);

/// What the retry policy of the job makes of it, with `delay` in place of the policy's. `jitter` in [0, 1). Past its
/// deadline a job is not tried again, whatever the policy says.
Settle failed(const Job& job, Failure failure, double jitter, Instant at, std::optional<Duration> delay = {});

}  // namespace millrace::jobs
