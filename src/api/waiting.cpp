#include "api/waiting.hpp"

namespace millrace::api {
namespace {

class JobLater final : public http::Later {
public:
    JobLater(Services& services, const Scope& scope, const Uuid& job, Duration wait,
             std::function<http::Answer(const jobs::Job&)> then)
        : services_{services}, job_{job}, deadline_{in(wait)}, then_{std::move(then)} {
        events::Interest interest;
        interest.scope = scope;
        interest.scope.reach = Scope::Reach::all;  // the caller has shown that the job is in reach
        interest.subject = job;
        interest.ephemeral = false;
        subscription_ = services.hub.subscribe(std::move(interest));
    }

    Deadline deadline() const override { return deadline_; }
    void on_ready(http::Wake wake) override { subscription_->on_ready(wake); }

    std::optional<http::Answer> poll(bool expired) override {
        subscription_->take(SIZE_MAX);
        const auto job = services_.jobs.get(job_);
        if (!job) throw Error{Code::not_found};
        if (!expired && !jobs::is_terminal(job->state)) return std::nullopt;
        return then_(*job);
    }

private:
    Services& services_;
    const Uuid job_;
    const Deadline deadline_;
    std::function<http::Answer(const jobs::Job&)> then_;
    std::unique_ptr<events::Subscription> subscription_;
};

}  // namespace

std::string strong_etag(std::string_view body) { return '"' + to_hex(sha256(body)).substr(0, 16) + '"'; }

http::Answer wait_for_job_answer(Services& services, const Scope& scope, const Uuid& job, Duration wait,
                                 std::function<http::Answer(const jobs::Job&)> then) {
    return std::make_unique<JobLater>(services, scope, job, wait, std::move(then));
}

http::Begun wait_for_job(Call& call, const Uuid& job, Duration wait, std::function<http::Answer(const jobs::Job&)> then) {
    return std::make_unique<JobLater>(call.services, call.who.scope, job, wait, std::move(then));
}

}  // namespace millrace::api
