#pragma once

#include "api/table.hpp"

namespace millrace::api {

/// `"<16 hex digits>"`: changes whenever the body does.
std::string strong_etag(std::string_view body);

/// Answers with `then(job)` when the job has ended, or with the job as it is after `wait`. Holds no thread meanwhile.
http::Begun wait_for_job(Call& call, const Uuid& job, Duration wait, std::function<http::Answer(const jobs::Job&)> then);
/// The same, for a sink's `finish`.
http::Answer wait_for_job_answer(Services& services, const Scope& scope, const Uuid& job, Duration wait,
                                 std::function<http::Answer(const jobs::Job&)> then);

}  // namespace millrace::api
