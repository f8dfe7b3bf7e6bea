#pragma once

#include "api/services.hpp"
#include "base/describe.hpp"

/// What remote workers send of their jobs, and how each item of it is judged. An item never spoils its batch, and a
/// job or token that is not the worker's is `lost` whatever is wrong with it.
namespace millrace::api::v2 {

/// A line of a job's log; also as a plain string.
struct LogReport {
    std::optional<Instant> at;  ///< lines that are sent again with the times they had are not doubled
    std::string level = "info";
    std::string message;
    static std::array<std::string_view, 1> required() { return {"message"}; }
};
BOOST_DESCRIBE_STRUCT(LogReport, (), (at, level, message))

struct ProgressReport {
    std::string job_id;
    int attempt = 0;
    std::string lease_token;
    std::optional<double> progress;
    std::optional<std::string> stage;
    std::optional<std::string> message;
    std::optional<json::value> checkpoint;
    std::vector<json::value> log;  ///< LogReport or string
    static std::array<std::string_view, 3> required() { return {"job_id", "attempt", "lease_token"}; }
};
BOOST_DESCRIBE_STRUCT(ProgressReport, (), (job_id, attempt, lease_token, progress, stage, message, checkpoint, log))

struct Heartbeat {
    std::optional<std::vector<std::string>> running;
    std::vector<ProgressReport> progress;
};
BOOST_DESCRIBE_STRUCT(Heartbeat, (), (running, progress))

std::vector<Issue> problems(const Heartbeat& body);

/// Into the beat, texts cut to their limits; what is no id goes to `lost` at once.
void take_progress(const Heartbeat& body, jobs::RemoteBeat& beat, std::vector<std::string>& lost);

struct Complete {
    std::vector<json::value> results;
    static std::array<std::string_view, 1> required() { return {"results"}; }
};
BOOST_DESCRIBE_STRUCT(Complete, (), (results))

json::value heartbeat_schema();
/// With the fields of an item, which are read one by one.
json::value complete_schema();
std::vector<Issue> problems(const Complete& body);

BOOST_DEFINE_ENUM_CLASS(Verdict, accepted, lost, invalid)

struct ItemReply {
    std::string job_id;
    Verdict status = Verdict::invalid;
    std::optional<jobs::State> state;  ///< of the job now, when accepted
    std::optional<std::string> why;    ///< when invalid
};
BOOST_DESCRIBE_STRUCT(ItemReply, (), (job_id, status, state, why))

struct CompleteReply {
    std::vector<ItemReply> results;
};
BOOST_DESCRIBE_STRUCT(CompleteReply, (), (results))

/// The items that are to be settled, and the answers to the others.
struct ReadEndings {
    std::vector<ItemReply> replies;               ///< one for each item
    std::vector<jobs::RemoteEnding> endings;
    std::vector<std::size_t> of_reply;            ///< for each ending, the index of its reply
};
ReadEndings read_endings(Services& services, const Complete& body, Instant now);

/// `states` as RemoteStore::settle has answered.
CompleteReply completed(ReadEndings read, const std::vector<std::optional<jobs::State>>& states);

}  // namespace millrace::api::v2
