#include "jobs/job.hpp"

#include <algorithm>
#include <cmath>

namespace millrace::jobs {

std::string_view type_word(Type type) { return type == Type::export_ ? "export" : word(type); }

std::optional<Type> type_from(std::string_view text) {
    if (text == "export") return Type::export_;
    if (text == "export_") return std::nullopt;
    return from_word<Type>(text);
}

Duration backoff(int attempt, double jitter) {
    const double seconds = std::min(3600.0, std::ldexp(1.0, std::min(attempt, 20)));
    return Duration{static_cast<std::int64_t>(seconds * jitter * 1e6)};
}

Next after_failure(const Job& job, const Error& error, double jitter) {
    if (!error.retryable() || job.attempt >= job.attempts_max) return {State::failed, {}};
    return {State::retry_wait, backoff(job.attempt, jitter)};
}

State after_loss(const Job& job) {
    if (job.state == State::cancelling) return State::cancelled;
    return job.losses + 1 >= losses_max ? State::failed : State::queued;
}

bool can_cancel(State state) { return !is_terminal(state); }
bool can_retry(State state) { return state == State::failed || state == State::cancelled; }

}  // namespace millrace::jobs
