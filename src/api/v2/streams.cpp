#include <fmt/format.h>
#include <boost/json/string.hpp>

#include <charconv>
#include <unordered_map>

#include "api/v2/routes.hpp"
#include "api/v2/streams.hpp"
#include "base/hash.hpp"
#include "jobs/view.hpp"

namespace millrace::api::v2 {

void append_event(std::string& out, std::optional<std::int64_t> id, std::string_view name, std::string_view data) {
    if (id) fmt::format_to(std::back_inserter(out), "id: {}\n", *id);
    fmt::format_to(std::back_inserter(out), "event: {}\ndata: {}\n\n", name, data);
}

Position last_event_id(const http::Request& request) {
    auto text = request.headers.find("last-event-id");
    if (!text) text = request.query_value("last_event_id");
    if (!text || text->empty()) return {};
    std::int64_t seq = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seq);
    if (error != std::errc{} || end != text->data() + text->size() || seq < 0) return {true, -1};
    return {true, seq};
}

void check_stream_limit(Call& call) {
    const auto limit = static_cast<std::size_t>(call.services.settings.streams_per_user);
    if (call.services.hub.subscribers(call.who.scope.user) >= limit) {
        throw Error{Code::too_many_streams, {{"limit", std::to_string(limit)}, {"seconds", "5"}}};
    }
}

namespace {

using events::EventPtr;

struct Ticket {
    std::string ticket;
    Instant expires_at{};
};
BOOST_DESCRIBE_STRUCT(Ticket, (), (ticket, expires_at))

struct EventList {
    std::vector<EventView> items;
    std::int64_t last_id = 0;
};
BOOST_DESCRIBE_STRUCT(EventList, (), (items, last_id))

/// Sends what was prepared at the start (a snapshot, or what was missed), then what comes.
class HubStream final : public http::StreamSource {
public:
    HubStream(Call& call, std::unique_ptr<events::Subscription> subscription, Show show, Format format)
        : hub_{call.services.hub},
          subscription_{std::move(subscription)},
          show_{std::move(show)},
          format_{format},
          behind_bytes_max_{call.services.settings.stream_behind_bytes_max} {}

    std::string first;  ///< complete events to begin with
    /// What the snapshot showed: older news of these objects is no news.
    std::unordered_map<Uuid, Instant> shown;

    void append(std::string& out, const events::Event& event) const { show_(out, event); }

    void on_ready(http::Wake wake) override { subscription_->on_ready(wake); }

    Pull next(std::string& out, std::size_t bytes_max, bool behind) override {
        if (!first.empty()) {
            out += std::exchange(first, {});
            return Pull::text;
        }
        const auto before = out.size();
        auto batch = behind ? subscription_->take_or_skip(bytes_max, behind_bytes_max_) : subscription_->take(bytes_max);
        if (batch.behind) {
            format_(out, hub_.last(), "reset", R"({"reason":"the reader fell behind"})");
            return Pull::text;
        }
        for (const auto& event : batch.events) {
            if (behind && !event->durable()) continue;  // percent ticks may be dropped for a slow reader
            if (is_old(*event)) continue;
            append(out, *event);
        }
        return out.size() > before ? Pull::text : batch.events.empty() ? Pull::idle : Pull::text;
    }

private:
    bool is_old(const events::Event& event) {
        const auto it = shown.find(event.subject);
        return it != shown.end() && event.at <= it->second;
    }

    events::Hub& hub_;
    std::unique_ptr<events::Subscription> subscription_;
    const Show show_;
    const Format format_;
    const std::size_t behind_bytes_max_;
};

/// The jobs streams name every event the same; the events stream names each by its type.
void show_job(std::string& out, const events::Event& event) { show_as(out, event, "job", append_event); }
void show_by_type(std::string& out, const events::Event& event) { show_as(out, event, event.type, append_event); }

/// The jobs as they are.
Snapshot snapshot_of(const std::vector<jobs::Job>& jobs) {
    Snapshot snapshot{R"({"jobs":[)", {}};
    for (const auto& job : jobs) {
        if (!snapshot.shown.empty()) snapshot.data += ',';
        append_json(snapshot.data, jobs::view(job));
        snapshot.shown.emplace_back(job.id, job.updated_at);
    }
    snapshot.data += "]}";
    return snapshot;
}

http::Begun jobs_stream(Call& call) {
    const auto scope = call.scope();
    return open_stream(call, {.scope = scope, .topics = {"job"}, .types = words_of(call.request, "types")}, show_job,
                       [&] { return active_snapshot(call, scope); });
}

http::Begun job_stream(Call& call) {
    const auto scope = call.scope();
    const auto id = call.id();
    if (!call.services.jobs.get(id, scope)) throw Error{Code::not_found};
    events::Interest interest{.scope = scope, .subject = id, .topics = {"job"}};
    return open_stream(call, std::move(interest), show_job, [&] {
        std::vector<jobs::Job> jobs;
        if (auto job = call.services.jobs.get(id, scope)) jobs.push_back(std::move(*job));
        return snapshot_of(jobs);
    });
}

http::Begun events_stream(Call& call) {
    const auto scope = call.scope();
    events::Interest interest{.scope = scope,
                              .topics = words_of(call.request, "topics"),
                              .types = words_of(call.request, "types")};
    return open_stream(call, std::move(interest), show_by_type, [&] { return active_snapshot(call, scope); });
}

// Long poll

class EventsLater final : public http::Later {
public:
    EventsLater(events::Hub& hub, std::unique_ptr<events::Subscription> subscription, std::vector<EventPtr> events,
                Duration wait)
        : hub_{hub}, subscription_{std::move(subscription)}, events_{std::move(events)}, deadline_{in(wait)} {}

    Deadline deadline() const override { return deadline_; }
    void on_ready(http::Wake wake) override { subscription_->on_ready(wake); }

    std::optional<http::Answer> poll(bool expired) override {
        last_ = std::max(last_, hub_.last());
        auto batch = subscription_->take(SIZE_MAX);
        events_.insert(events_.end(), batch.events.begin(), batch.events.end());
        if (events_.empty() && !expired) return std::nullopt;
        EventList list;
        for (const auto& event : events_) {
            list.items.push_back(view(*event));
        }
        list.last_id = events_.empty() ? last_ : events_.back()->seq;
        return http::Response::json(200, to_json(list));
    }

private:
    events::Hub& hub_;
    std::unique_ptr<events::Subscription> subscription_;
    std::vector<EventPtr> events_;
    const Deadline deadline_;
    std::int64_t last_ = 0;
};

http::Begun events_poll(Call& call) {
    check_stream_limit(call);
    auto& hub = call.services.hub;
    events::Interest interest{.scope = call.scope(),
                              .topics = words_of(call.request, "topics"),
                              .types = words_of(call.request, "types"),
                              .ephemeral = false};
    const auto wait = wait_of(call.request, Duration{0});
    if (!call.request.query_value("since")) {
        // Where to begin: everything from here on comes with since=last_id.
        return http::Response::json(200, to_json(EventList{{}, hub.last()}));
    }
    const auto since = number_of(call.request, "since", 0, std::int64_t{1} << 62);
    auto resumed = hub.resume(std::move(interest), since, call.services.events);
    if (resumed.reset) {
        throw Error{Code::conflict, {{"why", "events since that id are no longer kept; read the objects anew and go on from "
                                             "the last_id of GET /api/v2/events"}}};
    }
    return std::make_unique<EventsLater>(hub, std::move(resumed.subscription), std::move(resumed.missed), wait);
}

http::Begun create_ticket(Call& call) {
    const auto ticket = call.services.authenticator.issue_ticket(call.who);
    auto response = http::Response::json(201, to_json(Ticket{ticket.secret, ticket.expires_at}));
    return response;
}

}  // namespace

std::set<std::string> words_of(const http::Request& request, std::string_view name) {
    std::set<std::string> words;
    std::string_view rest = request.query_value(name).value_or("");
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        if (comma != 0) words.emplace(rest.substr(0, comma));
        rest = comma == rest.npos ? std::string_view{} : rest.substr(comma + 1);
    }
    return words;
}

void show_as(std::string& out, const events::Event& event, std::string_view name, Format format) {
    // One event goes to many readers: no copy for each of what is JSON already.
    if (event.data.is_json()) format(out, shown_id(event), name, event.data.bytes());
    else format(out, shown_id(event), name, event.json());
}

Snapshot active_snapshot(Call& call, const Scope& scope) {
    const auto now = call.services.clock.now();
    const auto& settings = call.services.jobs_settings;
    return snapshot_of(call.services.jobs.active(
        scope, {.completed_after = now - settings.active_completed, .failed_after = now - settings.active_failed, .limit = active_jobs_max}));
}

std::unique_ptr<http::StreamSource> follow(Call& call, events::Interest interest, Show show,
                                           const std::function<Snapshot()>& snapshot, Format format) {
    check_stream_limit(call);
    auto& hub = call.services.hub;
    const auto position = last_event_id(call.request);
    bool reset = position.given && position.seq < 0;
    if (position.given && !reset) {
        auto resumed = hub.resume(interest, position.seq, call.services.events);
        if (!resumed.reset) {
            auto stream = std::make_unique<HubStream>(call, std::move(resumed.subscription), std::move(show), format);
            for (const auto& event : resumed.missed) stream->append(stream->first, *event);
            return stream;
        }
        reset = true;
    }
    auto subscription = hub.subscribe(std::move(interest));
    const auto id = subscription->since();
    auto stream = std::make_unique<HubStream>(call, std::move(subscription), std::move(show), format);
    if (reset) format(stream->first, id, "reset", R"({"reason":"the id is not known any more"})");
    auto now = snapshot();
    format(stream->first, id, "snapshot", now.data);
    for (const auto& [subject, at] : now.shown) stream->shown.emplace(subject, at);
    return stream;
}

http::EventStream open_stream(Call& call, events::Interest interest, Show show, const std::function<Snapshot()>& snapshot) {
    return {follow(call, std::move(interest), std::move(show), snapshot, append_event), {}};
}

void add_streams(Table& table) {
    const Parameter topics{.name = "topics", .in = "query", .description = "Only these topics, e.g. job,dataset"};
    const Parameter types{.name = "types", .in = "query", .description = "Only these types, e.g. job.completed,job.failed"};
    const Parameter ticket{.name = "ticket", .in = "query", .description = "A ticket of POST /api/v2/stream-tickets in place of a header"};
    const Parameter resume{.name = "last_event_id", .in = "query", .description = "Go on after this event, as the header Last-Event-ID"};
    const Reply stream{.status = 200, .description = "Server-sent events: one `snapshot`, then deltas", .schema = nullptr, .media_type = "text/event-stream"};

    table.add("GET", "/api/v2/jobs/stream", http::Lane::reads,
              {.id = "streamJobs", .summary = "Every change of your jobs as it happens", .tag = "streams",
               .parameters = {types, resume, ticket, query_scope()}, .replies = {stream}},
              jobs_stream);
    table.add("GET", "/api/v2/jobs/{id}/stream", http::Lane::reads,
              {.id = "streamJob", .summary = "Every change of one job as it happens", .tag = "streams",
               .parameters = {path_id("job"), resume, ticket, query_scope()}, .replies = {stream, reply_error(404, "No such job of yours")}},
              job_stream);
    table.add("GET", "/api/v2/events/stream", http::Lane::reads,
              {.id = "streamEvents", .summary = "Everything that happens to your objects, named by type", .tag = "streams",
               .parameters = {topics, types, resume, ticket, query_scope()}, .replies = {stream}},
              events_stream);
    table.add("GET", "/api/v2/events", http::Lane::reads,
              {.id = "pollEvents", .summary = "Long poll: durable events after `since`, waiting up to `wait` seconds for the first", .tag = "streams",
               .parameters = {{.name = "since", .in = "query", .description = "last_id of the call before", .schema = json::object{{"type", "integer"}}},
                              {.name = "wait", .in = "query", .description = "Seconds to wait when there is nothing yet", .schema = json::object{{"type", "integer"}}},
                              topics, types, query_scope()},
               .replies = {{200, "Events in order", json_schema<EventList>()}, reply_error(400, "A parameter is not valid"), reply_error(409, "The events since that id are no longer kept")}},
              events_poll);
    table.add("POST", "/api/v2/stream-tickets", http::Lane::commits,
              {.id = "createStreamTicket", .summary = "A ticket that opens one stream within 60 s, for clients that cannot send a header", .tag = "streams",
               .replies = {{201, "The ticket", json_schema<Ticket>()}}},
              create_ticket);
}

}  // namespace millrace::api::v2
