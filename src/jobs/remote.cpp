#include "jobs/remote.hpp"

#include <fmt/format.h>

namespace millrace::jobs {
namespace {

Settle cancelled(const Uuid& job, Instant at) {
    Settle settle;
    settle.job = job;
    settle.state = State::cancelled;
    settle.outcome = "cancelled";
    settle.error_code = to_string(Code::cancelled);
    settle.error_message = Error{Code::cancelled}.what();
    settle.at = at;
    return settle;
}

struct Failure {
    std::string code;
    std::string message;
    bool retryable = true;
    double jitter = 0;
    std::optional<Duration> delay;  ///< in place of the policy's
};

Settle failed(const Job& job, Failure failure, Instant at) {
    const Next next = after_failure(job, failure.code, failure.retryable, failure.jitter);
    Settle settle;
    settle.job = job.id;
    settle.state = next.state;
    settle.outcome = "failed";
    settle.error_code = std::move(failure.code);
    settle.error_message = std::move(failure.message);
    settle.at = at;
    if (next.state == State::retry_wait) settle.run_at = at + failure.delay.value_or(next.delay);
    return settle;
}

std::optional<Duration> retry_in(const RemoteEnding& ending) {
    if (!ending.retry_in_ms) return std::nullopt;
    return std::chrono::milliseconds{*ending.retry_in_ms};
}

Settle settled(const Job& job, const RemoteEnding& ending, Instant at) {
    if (ending.outcome != RemoteOutcome::completed && job.state == State::cancelling) return cancelled(job.id, at);
    if (ending.outcome == RemoteOutcome::failed) {
        return failed(job, {ending.error_code, ending.error_message, ending.retryable, ending.jitter, retry_in(ending)}, at);
    }
    Settle settle;
    settle.job = job.id;
    settle.at = at;
    if (ending.outcome == RemoteOutcome::completed) {
        settle.outcome = "completed";
        settle.result = ending.result;
        settle.related_dataset_id = ending.related_dataset_id;
    } else {
        settle.state = State::scheduled;
        settle.outcome = "snoozed";
        settle.run_at = at + retry_in(ending).value_or(Duration{0});
        settle.uncount = true;
    }
    return settle;
}

}  // namespace

Settle settlement(const Job& job, const RemoteEnding& ending, Instant at) {
    auto settle = settled(job, ending, at);
    settle.metadata = ending.metadata;
    return settle;
}

Settle timed_out(const Job& job, double jitter, Instant at) {
    if (job.state == State::cancelling) return cancelled(job.id, at);
    if (job.deadline && *job.deadline <= at) {
        // Whatever a policy says of it: after its deadline a job is not tried again.
        const Error error{Code::deadline_exceeded};
        Settle settle;
        settle.job = job.id;
        settle.state = State::failed;
        settle.outcome = "failed";
        settle.error_code = to_string(error.code());
        settle.error_message = error.what();
        settle.at = at;
        return settle;
    }
    const auto seconds = static_cast<double>(job.options.timeout_ms.value_or(0)) / 1000;
    const Error error{Code::job_timeout, {{"seconds", fmt::format("{}", seconds)}}};
    return failed(job, {std::string{to_string(error.code())}, error.what(), error.retryable(), jitter, {}}, at);
}

Settle handed_back(const Uuid& job, Instant at) {
    Settle settle;
    settle.job = job;
    settle.state = State::queued;
    settle.outcome = "released";
    settle.uncount = true;
    settle.at = at;
    return settle;
}

}  // namespace millrace::jobs
