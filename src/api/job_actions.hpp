#pragma once

#include "api/table.hpp"

/// What people do to jobs, whatever the version of the API.
namespace millrace::api {

/// Ends the job of the path; one that is cancelled, or about to be, stays so. Throws Error{not_found}, Error{job_finished}.
void cancel_job(Call& call);

/// Runs a failed or cancelled job again. Throws Error{not_retryable}, also when it has moved on meanwhile.
void retry_job(Services& services, const jobs::Job& job);

}  // namespace millrace::api
