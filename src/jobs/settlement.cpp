#include "jobs/settlement.hpp"

namespace millrace::jobs {
namespace {

Settle ended(const Uuid& job, State state, std::string_view outcome, Instant at) {
    Settle settle;
    settle.job = job;
    settle.state = state;
    settle.outcome = outcome;
    settle.at = at;
    return settle;
}

}  // namespace

Settle completed(const Uuid& job, Instant at) { return ended(job, State::completed, "completed", at); }

Settle cancelled(const Uuid& job, Instant at) {
    auto settle = ended(job, State::cancelled, "cancelled", at);
    settle.error_code = to_string(Code::cancelled);
    settle.error_message = Error{Code::cancelled}.what();
    return settle;
}

Settle handed_back(const Uuid& job, Instant at) {
    auto settle = ended(job, State::queued, "released", at);
    settle.uncount = true;
    return settle;
}

Settle snoozed(const Uuid& job, Instant until, Instant at) {
    auto settle = ended(job, State::scheduled, "snoozed", at);
    settle.run_at = until;
    settle.uncount = true;
    return settle;
}

Failure failure_of(const Error& error) { return {std::string{to_string(error.code())}, error.what(), error.retryable()}; }

Settle failed(const Job& job, Failure failure, double jitter, Instant at, std::optional<Duration> delay) {
    const bool over = failure.code == to_string(Code::deadline_exceeded);
    const Next next = over ? Next{} : after_failure(job, failure.code, failure.retryable, jitter);
    auto settle = ended(job.id, next.state, "failed", at);
    settle.error_code = std::move(failure.code);
    settle.error_message = std::move(failure.message);
    if (next.state == State::retry_wait) settle.run_at = at + delay.value_or(next.delay);
    return settle;
}

}  // namespace millrace::jobs
