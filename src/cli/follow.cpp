#include "cli/follow.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cstdlib>

#include "cli/interrupt.hpp"
#include "cli/sse.hpp"

namespace millrace::cli {
namespace {

/// How long a server may be away (a restart, a deployment) before a command that waits for a job gives up.
constexpr auto away_max = std::chrono::seconds{60};

class Follower {
public:
    Follower(Remote& remote, const std::string& id, std::optional<std::int64_t> after, std::optional<Deadline> deadline,
             const std::function<void(const json::object&)>& on_change)
        : remote_{remote}, path_{"/api/v2/jobs/" + http::encode_segment(id)}, after_{after}, deadline_{deadline}, on_change_{on_change} {}

    json::object run() {
        auto pause_time = std::chrono::milliseconds{100};
        while (true) {
            try {
                const bool stream_ended_well = streaming_ && read_stream();
                if (!has_ended(job_)) ask();
                if (has_ended(job_)) return job_;
                contact_ = std::chrono::steady_clock::now();
                pause_time = std::chrono::milliseconds{stream_ended_well ? 10 : 300};
            } catch (const Error& error) {
                const bool passing = error.code() == Code::unreachable || error.code() == Code::unavailable ||
                                     error.code() == Code::too_many_requests || error.code() == Code::database_unavailable;
                if (!passing || std::chrono::steady_clock::now() - contact_ > away_max) throw;
                pause_time = std::min(pause_time * 2, std::chrono::milliseconds{2000});
            }
            if (deadline_ && std::chrono::steady_clock::now() + pause_time >= *deadline_) throw Error{Code::timed_out};
            if (!pause(remote_.stop(), pause_time)) throw Error{Code::interrupted};
        }
    }

private:
    void take(const json::object& job) {
        job_ = job;
        on_change_(job_);
    }

    void ask() {
        const auto value = remote_.get(path_);
        if (value.is_object()) take(value.get_object());
    }

    /// False when there was no stream.
    bool read_stream() {
        SseParser parser;
        http::ClientRequest request;
        request.headers.set("Accept", "text/event-stream");
        if (after_) request.headers.set("Last-Event-ID", std::to_string(*after_));
        request.idle_timeout = 45s;  // three heartbeats
        request.deadline = deadline_;
        request.on_body = [&](std::string_view bytes) {
            return parser.feed(bytes, [&](const SseParser::Event& event) { return take_event(event); });
        };
        const auto response = remote_.send(std::move(request), path_ + "/stream");
        if (response.status < 400) return true;
        const auto error = Remote::error_of(response);
        if (error.code() != Code::too_many_streams && error.code() != Code::too_many_requests) throw error;
        streaming_ = false;  // too many already: ask again now and then
        return false;
    }

    bool take_event(const SseParser::Event& event) {
        if (!event.id.empty()) after_ = std::strtoll(event.id.c_str(), nullptr, 10);
        if (event.name == "bye" || event.name == "reset") return event.name == "reset";
        const auto value = json::parse(event.data);
        if (!value.is_object()) return true;
        if (event.name != "snapshot") {
            take(value.get_object());
        } else if (const auto* jobs = value.get_object().if_contains("jobs"); jobs && jobs->is_array()) {
            for (const auto& job : jobs->get_array()) {
                if (job.is_object()) take(job.get_object());
            }
        }
        return !has_ended(job_);
    }

    Remote& remote_;
    const std::string path_;
    std::optional<std::int64_t> after_;
    const std::optional<Deadline> deadline_;
    const std::function<void(const json::object&)>& on_change_;
    json::object job_;
    bool streaming_ = true;
    Deadline contact_ = std::chrono::steady_clock::now();
};

}  // namespace

std::string text_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string{std::string_view{value->get_string()}} : "";
}

std::uint64_t number_of(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (!value) return 0;
    if (value->is_string()) return std::strtoull(value->get_string().c_str(), nullptr, 10);
    if (value->is_int64()) return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value->get_int64()));
    if (value->is_uint64()) return value->get_uint64();
    return value->is_double() ? static_cast<std::uint64_t>(value->get_double()) : 0;
}

bool has_ended(const json::object& job) {
    const auto state = text_of(job, "state");
    return state == "completed" || state == "failed" || state == "cancelled";
}

std::string stage_of(const json::object& job) {
    const auto stage = text_of(job, "stage");
    return stage.empty() || has_ended(job) ? text_of(job, "state") : stage;
}

json::object follow_job(Remote& remote, const std::string& id, std::optional<std::int64_t> after,
                        std::optional<Deadline> deadline, const std::function<void(const json::object&)>& on_change) {
    return Follower{remote, id, after, deadline, on_change}.run();
}

}  // namespace millrace::cli
