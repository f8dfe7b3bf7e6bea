#include <boost/json/string.hpp>

#include "api/v2/routes.hpp"
#include "api/v2/streams.hpp"

namespace millrace::api::v2 {
namespace {

/// Which events a reader wants to see; nothing given means all.
struct Wanted {
    std::vector<std::string> topics;
    std::vector<std::string> types;
    std::optional<Uuid> subject;
};
BOOST_DESCRIBE_STRUCT(Wanted, (), (topics, types, subject))

/// What a reader may send.
struct Message {
    std::optional<Wanted> subscribe;
};
BOOST_DESCRIBE_STRUCT(Message, (), (subscribe))

/// `{"event":"job.completed","id":7,"data":{...}}`: the data is JSON already.
void append_message(std::string& out, std::optional<std::int64_t> id, std::string_view name, std::string_view data) {
    std::string text = R"({"event":)";
    json::append_string(text, name);
    if (id) {
        text += R"(,"id":)";
        json::append_number(text, *id);
    }
    text += R"(,"data":)";
    text += data;
    text += '}';
    http::append_web_socket_text(out, text);
}

events::Interest interest_of(const Scope& scope, const Wanted& wanted) {
    return {.scope = scope,
            .subject = wanted.subject,
            .topics = {wanted.topics.begin(), wanted.topics.end()},
            .types = {wanted.types.begin(), wanted.types.end()}};
}

/// A stream of all events of a scope, of which it shows what its reader wants just now. So a change of mind loses and
/// doubles nothing: it holds from the next event that has not been sent.
class Socket final : public http::StreamSource {
public:
    explicit Socket(Scope scope) : scope_{std::move(scope)} {}

    std::unique_ptr<http::StreamSource> events;
    events::Interest interest;

    void on_ready(http::Wake wake) override { events->on_ready(std::move(wake)); }

    Pull next(std::string& out, std::size_t bytes_max, bool behind) override {
        if (answer_.empty()) return events->next(out, bytes_max, behind);
        out += std::exchange(answer_, {});
        return Pull::text;
    }

    void receive(std::string_view text) override {
        answer_.clear();
        try {
            const auto wanted = parse_body<Message>(text, false).subscribe;
            if (!wanted) throw Error{Code::bad_request, {{"why", "a message is {\"subscribe\": {...}}"}}};
            interest = interest_of(scope_, *wanted);
            append_message(answer_, std::nullopt, "subscribed", to_json(*wanted));
        } catch (const Error& error) {
            append_message(answer_, std::nullopt, "error", http::problem(error).body);
        }
    }

private:
    const Scope scope_;
    std::string answer_;  ///< to the reader's last message
};

/// A browser sends cookies to us for pages of others too, and lets them read what a WebSocket says.
void check_origin(const Call& call) {
    using accounts::Method;
    const auto origin = call.request.headers.find("origin");
    if (!origin || (call.who.method != Method::session && call.who.method != Method::dev)) return;
    const auto scheme_end = origin->find("://");
    if (scheme_end == origin->npos || !http::same_name(origin->substr(scheme_end + 3), call.request.host)) throw Error{Code::forbidden};
}

http::Begun open_socket(Call& call) {
    check_origin(call);
    const auto scope = call.scope();
    auto socket = std::make_unique<Socket>(scope);
    socket->interest = {.scope = scope, .topics = words_of(call.request, "topics"), .types = words_of(call.request, "types")};
    auto stream = http::web_socket(call.request, nullptr);
    // The socket owns what shows by its wishes.
    const auto show = [&interest = socket->interest](std::string& out, const events::Event& event) {
        if (interest.wants(event)) show_as(out, event, event.type, append_message);
    };
    socket->events = follow(call, {.scope = scope}, show, [&] { return active_snapshot(call, scope); }, append_message);
    stream.source = std::move(socket);
    return stream;
}

}  // namespace

void add_web_socket(Table& table) {
    table.add("GET", "/api/v2/ws", http::Lane::reads,
              {.id = "openWebSocket", .summary = "Everything that happens to your objects over a WebSocket, whose interest can be changed", .tag = "streams",
               .parameters = {{.name = "topics", .in = "query", .description = "Only these topics, e.g. job,dataset"},
                              {.name = "types", .in = "query", .description = "Only these types, e.g. job.completed,job.failed"},
                              {.name = "last_event_id", .in = "query", .description = "Go on after this event"},
                              {.name = "ticket", .in = "query", .description = "A ticket of POST /api/v2/stream-tickets in place of a header"},
                              query_scope()},
               .replies = {{101, "Messages `{event, id, data}`: one `snapshot`, then deltas", nullptr}, reply_error(400, "Not the handshake of a WebSocket"), reply_error(403, "A page of another origin")}},
              open_socket);
}

}  // namespace millrace::api::v2
