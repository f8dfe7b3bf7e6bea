#pragma once

#include "api/table.hpp"

/// What the routes that stream have in common.
namespace millrace::api::v2 {

/// How one event stands on the wire.
using Format = void (*)(std::string& out, std::optional<std::int64_t> id, std::string_view name, std::string_view data);
/// As a server-sent event.
void append_event(std::string& out, std::optional<std::int64_t> id, std::string_view name, std::string_view data);
/// The id that streams show: of durable events only.
inline std::optional<std::int64_t> shown_id(const events::Event& event) {
    return event.durable() ? std::optional{event.seq} : std::nullopt;
}
/// Calls `format` with the event and a name.
void show_as(std::string& out, const events::Event& event, std::string_view name, Format format);

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
std::unique_ptr<http::StreamSource> follow(Call& call, events::Interest interest, Show show,
                                           const std::function<Snapshot()>& snapshot, Format format);
/// The same as server-sent events.
http::EventStream open_stream(Call& call, events::Interest interest, Show show, const std::function<Snapshot()>& snapshot);

/// The caller's jobs as `/jobs/active` shows them.
Snapshot active_snapshot(Call& call, const Scope& scope);

/// Throws Error{too_many_streams}.
void check_stream_limit(Call& call);

/// The words of a query parameter that is a list with commas.
std::set<std::string> words_of(const http::Request& request, std::string_view name);

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
