#include "jobs/job.hpp"

#include <algorithm>

namespace millrace::jobs {

std::string_view type_word(Type type) { return type == Type::export_ ? "export" : word(type); }

std::optional<Type> type_from(std::string_view text) {
    if (text == "export") return Type::export_;
    if (text == "export_") return std::nullopt;
    return from_word<Type>(text);
}

Next after_failure(const Job& job, std::string_view code, bool retryable, double jitter) {
    static const RetryPolicy usual;
    const RetryPolicy& policy = job.options.retry ? *job.options.retry : usual;
    if (!is_retried(policy, code, retryable) || job.attempt >= job.attempts_max) return {State::failed, {}};
    return {State::retry_wait, delay_after(policy, job.attempt, jitter)};
}

Next after_failure(const Job& job, const Error& error, double jitter) {
    return after_failure(job, to_string(error.code()), error.retryable(), jitter);
}

State after_loss(const Job& job) {
    if (job.state == State::cancelling) return State::cancelled;
    return job.losses + 1 >= losses_max ? State::failed : State::queued;
}

bool can_cancel(State state) { return !is_terminal(state); }
bool can_retry(State state) { return state == State::failed || state == State::cancelled; }

}  // namespace millrace::jobs
