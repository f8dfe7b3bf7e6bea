#include "api/job_actions.hpp"

#include "jobs/ops.hpp"

namespace millrace::api {

using jobs::State;

void cancel_job(Call& call) {
    for (;;) {
        const auto job = call.services.jobs.get(call.id(), call.scope());
        if (!job) throw Error{Code::not_found};
        if (job->state == State::cancelled || job->state == State::cancelling) return;
        if (jobs::is_terminal(job->state)) throw Error{Code::job_finished, {{"state", std::string{word(job->state)}}}};
        const auto done = call.services.ledger.commit(
            std::move(ledger::Commit{}.guard(jobs::InState{job->id, {job->state}}).add(jobs::Cancel{job->id, call.services.clock.now()})));
        if (done) return;  // else it moved on meanwhile: look again
    }
}

void retry_job(Services& services, const jobs::Job& job) {
    const Error refused{Code::not_retryable, {{"state", std::string{word(job.state)}}}};
    if (!jobs::can_retry(job.state)) throw refused;
    const auto done = services.ledger.commit(
        std::move(ledger::Commit{}.guard(jobs::InState{job.id, {job.state}}).add(jobs::Retry{job.id, services.clock.now()})));
    if (!done) throw refused;
}

}  // namespace millrace::api
