#pragma once

#include "api/table.hpp"

/// What the routes that stream have in common.
namespace millrace::api::v2 {

/// One server-sent event; an id of 0 is left out.
void append_event(std::string& out, std::int64_t id, std::string_view name, std::string_view data);

/// Where a reader that comes back goes on.
struct Position {
    bool given = false;
    std::int64_t seq = -1;  ///< -1: given but not an id of ours
};
Position last_event_id(const http::Request& request);

/// How a stream shows an event; it adds nothing where the event does not concern its readers.
using Show = std::function<void(std::string& out, const events::Event& event)>;

/// What a fresh reader gets, and which objects it has thereby seen as of when: older news of them is no news.
struct Snapshot {
    std::string data;
    std::vector<std::pair<Uuid, Instant>> shown;
};

/// Sends a snapshot, or what was missed since the id that the reader names, and then what comes. Throws
/// Error{too_many_streams}.
http::EventStream open_stream(Call& call, events::Interest interest, Show show, const std::function<Snapshot()>& snapshot);

/// Throws Error{too_many_streams}.
void check_stream_limit(Call& call);

struct EventView {
    std::optional<std::int64_t> id;
    std::string type;
    Instant at{};
    Uuid subject_id;
    json::value data;
};
BOOST_DESCRIBE_STRUCT(EventView, (), (id, type, at, subject_id, data))

inline EventView view(const events::Event& event) {
    return {event.seq, event.type, event.at, event.subject, json::parse(event.json())};
}

}  // namespace millrace::api::v2
