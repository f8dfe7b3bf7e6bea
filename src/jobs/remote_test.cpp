#include <doctest/doctest.h>

#include "jobs/remote.hpp"

using namespace millrace;
using namespace millrace::jobs;

namespace {

const Instant now = Instant{} + 1000h;

Job running_job() {
    Job job;
    job.id = Uuid::generate();
    job.state = State::running;
    job.attempt = 1;
    job.attempts_max = 2;
    job.options.retry = RetryPolicy{.strategy = RetryStrategy::fixed, .base_ms = 700};
    return job;
}

}  // namespace

TEST_CASE("what a remote worker says of an attempt decides what becomes of the job") {
    struct Row {
        const char* name;
        RemoteEnding ending;
        State job_state;
        int attempt;
        State want;
        std::string_view outcome;
        std::optional<Duration> run_in;
        bool uncount;
    };
    using enum RemoteOutcome;
    for (const Row& row : std::initializer_list<Row>{
             {"completed", {.outcome = completed}, State::running, 1, State::completed, "completed", {}, false},
             {"completed before the cancel arrived", {.outcome = completed}, State::cancelling, 1, State::completed, "completed", {}, false},
             {"failed with attempts left", {.outcome = failed, .error_code = "x"}, State::running, 1, State::retry_wait, "failed", 700ms, false},
             {"failed, with a time of its own", {.outcome = failed, .error_code = "x", .retry_in_ms = 50}, State::running, 1, State::retry_wait, "failed", 50ms, false},
             {"failed for good", {.outcome = failed, .error_code = "x", .retryable = false}, State::running, 1, State::failed, "failed", {}, false},
             {"failed for the last time", {.outcome = failed, .error_code = "x", .retry_in_ms = 50}, State::running, 2, State::failed, "failed", {}, false},
             {"failed because it was cancelled", {.outcome = failed, .error_code = "x"}, State::cancelling, 1, State::cancelled, "cancelled", {}, false},
             {"not now", {.outcome = snooze, .retry_in_ms = 9000}, State::running, 1, State::scheduled, "snoozed", 9s, true},
             {"not now, but cancelled", {.outcome = snooze, .retry_in_ms = 9000}, State::cancelling, 1, State::cancelled, "cancelled", {}, false},
         }) {
        CAPTURE(row.name);
        Job job = running_job();
        job.state = row.job_state;
        job.attempt = row.attempt;

        const Settle settle = settlement(job, row.ending, now);

        CHECK(settle.job == job.id);
        CHECK(settle.state == row.want);
        CHECK(settle.outcome == row.outcome);
        CHECK(settle.uncount == row.uncount);
        CHECK(settle.at == now);
        const auto run_at = row.run_in ? std::optional{now + *row.run_in} : std::nullopt;
        CHECK(settle.run_at == run_at);
    }
}

TEST_CASE("the metadata of an ending is kept whatever it says") {
    const json::object metadata{{"pages", 3}};
    CHECK(settlement(running_job(), {.metadata = metadata}, now).metadata == metadata);
    CHECK(settlement(running_job(), {.outcome = RemoteOutcome::failed, .error_code = "x", .metadata = metadata}, now).metadata == metadata);
}

TEST_CASE("a job that took too long is tried again, unless its deadline is over or somebody cancelled it") {
    Job job = running_job();
    job.options.timeout_ms = 1500;
    CHECK(timed_out(job, 0, now).state == State::retry_wait);
    CHECK(timed_out(job, 0, now).error_code == "job_timeout");
    CHECK(timed_out(job, 0, now).error_message.find("1.5 s") != std::string::npos);

    job.deadline = now - 1s;
    CHECK(timed_out(job, 0, now).state == State::failed);
    CHECK(timed_out(job, 0, now).error_code == "deadline_exceeded");

    job.state = State::cancelling;
    CHECK(timed_out(job, 0, now).state == State::cancelled);
}

TEST_CASE("a declaration that makes no sense is refused at its place") {
    const DeclaredKind good{.name = "acme.ocr-2", .label = "OCR"};
    CHECK(problems(good, "").empty());
    struct Row { const char* name; DeclaredKind kind; std::string_view at; };
    for (const Row& row : std::initializer_list<Row>{
             {"no name", {.name = ""}, "/kinds/0/name"},
             {"blanks in it", {.name = "o c r"}, "/kinds/0/name"},
             {"too long a name", {.name = std::string(65, 'a')}, "/kinds/0/name"},
             {"too long a label", {.name = "a", .label = std::string(201, 'a')}, "/kinds/0/label"},
             {"no attempt", {.name = "a", .attempts_max = 0}, "/kinds/0/attempts_max"},
             {"no time", {.name = "a", .options = {.timeout_ms = 0}}, "/kinds/0/timeout_ms"},
             {"a bad policy", {.name = "a", .options = {.retry = RetryPolicy{.base_ms = -1}}}, "/kinds/0/retry/base_ms"},
         }) {
        CAPTURE(row.name);
        const auto issues = problems(row.kind, "/kinds/0");
        REQUIRE(issues.size() == 1);
        CHECK(issues[0].pointer == row.at);
    }
}
