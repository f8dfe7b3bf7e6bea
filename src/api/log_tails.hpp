#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "events/hub.hpp"
#include "http/message.hpp"
#include "jobs/store.hpp"

namespace millrace::api {

/// Streams of the log lines of jobs, as they are written. The lines stand in the database, for which a stream must not
/// wait: one thread reads them for all streams, when a job of this process has logged or ended, and once a second for
/// jobs that run elsewhere. A stream whose reader has not taken what there is gets nothing new. Outlives its streams.
class LogTails {
public:
    LogTails(jobs::JobStore& store, events::Hub& hub);
    ~LogTails();

    /// Sends an event `log` for each line, whose id is its seq, and `end` with the state when the job has ended, or
    /// has come to a later attempt than the one asked for. The caller has shown that the job is in `scope`.
    std::unique_ptr<http::StreamSource> open(const jobs::LogRequest& request, const Scope& scope);

private:
    struct Tail;
    class Source;
    /// Shared with those who may still call when a stream has just gone.
    struct State {
        std::mutex mutex;  ///< guards the list and the tails in it
        std::condition_variable_any changed;
        std::vector<std::shared_ptr<Tail>> tails;
    };
    void loop(std::stop_token stop);
    void read(Tail& tail);

    jobs::JobStore& store_;
    events::Hub& hub_;
    const std::shared_ptr<State> state_ = std::make_shared<State>();
    std::jthread thread_;
};

}  // namespace millrace::api
