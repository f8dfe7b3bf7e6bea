#pragma once

#include "http/detail/session.hpp"

namespace millrace::http::detail {

/// Runs a piece of handler: the one place where its exceptions become answers.
template <class F>
void Session::guarded(F work) noexcept {
    std::optional<Error> failure;
    try {
        try {
            work();
            return;
        } catch (const Error& error) {
            answer_ = problem_of(error);
            failure = error;
        } catch (const std::exception& error) {
            shared_.report("request failed", {{"request_id", request_.request_id}, {"what", error.what()}});
            failure = Error{Code::internal};
            answer_ = problem_of(*failure);
        } catch (...) {
            shared_.report("request failed", {{"request_id", request_.request_id}});
            failure = Error{Code::internal};
            answer_ = problem_of(*failure);
        }
    } catch (...) {  // no memory for the problem document
        answer_ = Response::empty(500);
    }
    if (sink_) {
        sink_->abort(failure ? *failure : Error{Code::internal});
        sink_.reset();
        sink_failed_ = true;
    }
}

/// Runs `task` on the pool and comes back. False, and nothing ran, when `queue_max` tasks wait already.
template <class F>
Awaitable<bool> Session::on_pool(Workers& pool, F task, std::size_t queue_max) {
    auto job = [this, task]() mutable {
        task();
        asio::post(loop_.io, [this] { hop_.set(); });
    };
    const bool accepted = pool.submit(std::move(job), queue_max);
    if (accepted) co_await hop_.wait();
    co_return accepted;
}

}  // namespace millrace::http::detail
