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
