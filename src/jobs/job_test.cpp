#include <doctest/doctest.h>

#include "jobs/job.hpp"
#include "jobs/view.hpp"

using namespace millrace;
using namespace millrace::jobs;

TEST_CASE("a job is tried again only after a retryable error and while attempts are left") {
    struct Row { const char* name; int attempt; Code code; State want; };
    for (const Row& row : std::initializer_list<Row>{
             {"a bad file stays bad", 1, Code::not_text, State::failed},
             {"a lost database comes back", 1, Code::database_unavailable, State::retry_wait},
             {"the last attempt was the last", 3, Code::database_unavailable, State::failed},
         }) {
        CAPTURE(row.name);
        Job job;
        job.attempt = row.attempt;
        job.attempts_max = 3;
        CHECK(after_failure(job, Error{row.code}, 0.5).state == row.want);
    }
}

TEST_CASE("retries wait longer each time, up to an hour") {
    const RetryPolicy usual;
    CHECK(delay_after(usual, 1, 0.5) == Duration{1s});
    CHECK(delay_after(usual, 3, 0.5) == Duration{4s});
    CHECK(delay_after(usual, 4000, 0.999) < Duration{1h});
    CHECK(delay_after(usual, 5, 0.0) == Duration{0});
}

TEST_CASE("a job may bring delays of its own") {
    RetryPolicy fixed{.strategy = RetryStrategy::fixed, .base_ms = 1500};
    CHECK(delay_after(fixed, 1, 0.1) == Duration{1500ms});
    CHECK(delay_after(fixed, 9, 0.9) == Duration{1500ms});
    RetryPolicy list{.strategy = RetryStrategy::list, .delays_ms = {10, 20}};
    CHECK(delay_after(list, 1, 0) == Duration{10ms});
    CHECK(delay_after(list, 2, 0) == Duration{20ms});
    CHECK(delay_after(list, 7, 0) == Duration{20ms});
    RetryPolicy plain{.base_ms = 100, .factor = 3, .max_ms = 1000, .jitter = false};
    CHECK(delay_after(plain, 2, 0.0) == Duration{300ms});
    CHECK(delay_after(plain, 4, 0.0) == Duration{1s});
}

TEST_CASE("a policy decides by error code") {
    Job job;
    job.attempt = 1;
    job.options.retry = RetryPolicy{.retry_on = {"not_text"}, .give_up_on = {"database_unavailable"}};
    CHECK(after_failure(job, Error{Code::not_text}, 0.5).state == State::retry_wait);
    CHECK(after_failure(job, Error{Code::database_unavailable}, 0.5).state == State::failed);
    CHECK(after_failure(job, "custom", true, 0.5).state == State::retry_wait);
    CHECK(after_failure(job, "custom", false, 0.5).state == State::failed);
}

TEST_CASE("a policy that makes no sense is refused at its place") {
    const RetryPolicy bad{.strategy = RetryStrategy::list, .base_ms = -1, .factor = 0.5, .delays_ms = {5, -7}};
    std::vector<std::string> at;
    for (const auto& issue : problems(bad, "/retry")) at.push_back(issue.pointer);
    CHECK(at == std::vector<std::string>{"/retry/base_ms", "/retry/delays_ms/1", "/retry/factor"});
    CHECK(problems(RetryPolicy{}, "").empty());
}

TEST_CASE("the fifth lost worker ends a job") {
    Job job;
    job.state = State::running;
    for (job.losses = 0; job.losses < 4; ++job.losses) CHECK(after_loss(job) == State::queued);
    CHECK(after_loss(job) == State::failed);
    job.losses = 0;
    job.state = State::cancelling;
    CHECK(after_loss(job) == State::cancelled);
}

TEST_CASE("each state has its word in every legacy API") {
    struct Row { State state; std::string_view v2, v1, source; };
    for (const Row& row : std::initializer_list<Row>{
             {State::scheduled, "running", "pending", "queued"},
             {State::blocked, "running", "pending", "queued"},
             {State::queued, "running", "pending", "queued"},
             {State::running, "running", "processing", "processing"},
             {State::retry_wait, "running", "pending", "queued"},
             {State::cancelling, "running", "processing", "processing"},
             {State::completed, "completed", "completed", "completed"},
             {State::failed, "failed", "failed", "failed"},
             {State::cancelled, "failed", "cancelled", "failed"},
         }) {
        CAPTURE(word(row.state));
        CHECK(status_v2(row.state) == row.v2);
        CHECK(status_v1(row.state) == row.v1);
        CHECK(status_data_source(row.state) == row.source);
    }
}

TEST_CASE("the view names what is known of a file, on failure too") {
    Job job;
    job.type = Type::export_;
    job.state = State::failed;
    job.filename = "products.csv";
    job.supplier_id = "s1";
    job.related_dataset_id = Uuid::generate();
    job.error_code = "not_text";
    job.error_message = "why";

    const auto v = view(job);

    CHECK(v.type == "export");
    CHECK(v.status == "failed");
    CHECK(json::serialize(v.job_metadata) ==
          R"({"filename":"products.csv","supplier_id":"s1","dataset_id":")" + job.related_dataset_id->str() + "\"}");
    CHECK(v.error_message == "why");
    CHECK(v.links.contains("retry"));
    CHECK(!v.links.contains("cancel"));
}
