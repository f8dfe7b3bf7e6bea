#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/deadline.hpp"
#include "base/error.hpp"

/// What handlers see of HTTP: requests, bodies and answers. No sockets here; server.hpp serves them.
namespace millrace::http {

/// Fields of a head in the order they came. Names compare without case; duplicates stay visible.
class Headers {
public:
    struct Field {
        std::string_view name;
        std::string_view value;
    };

    /// Value of the first field of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    std::string_view get(std::string_view name, std::string_view otherwise = {}) const;
    bool has(std::string_view name) const { return find(name).has_value(); }
    std::vector<std::string_view> all(std::string_view name) const;

    /// Appends. On the way out, a field with CR, LF or NUL in it is left out by the server: it would be another field.
    void add(std::string_view name, std::string_view value);
    /// Replaces all fields of that name.
    void set(std::string_view name, std::string_view value);
    void remove(std::string_view name);
    void clear();

    std::size_t size() const { return places_.size(); }
    bool empty() const { return places_.empty(); }
    Field operator[](std::size_t index) const;

private:
    struct Place {
        std::uint32_t name_at, name_size, value_at, value_size;
    };
    std::string text_;
    std::vector<Place> places_;
};

bool same_name(std::string_view a, std::string_view b);  ///< ASCII letters compare without case

struct Route;

/// One request as a handler sees it: the head, checked and decoded. Lives until its answer has been sent.
struct Request {
    std::string method;
    std::string target;  ///< as sent, e.g. "/a%20b?x=1"
    std::string path;    ///< decoded, valid UTF-8, starts with '/', without empty or dot segments and NUL
    std::vector<std::pair<std::string, std::string>> query;   ///< decoded, in order, duplicates kept
    std::vector<std::pair<std::string, std::string>> params;  ///< what stands for the `{names}` of the route
    Headers headers;
    std::optional<std::uint64_t> content_length;  ///< absent: no body, or `chunked`
    bool chunked = false;
    bool secure = false;     ///< came over TLS
    std::string host;        ///< of the Host field or of an absolute target
    std::string remote;      ///< address of the peer without its port
    std::uint64_t remote_network = 0;  ///< what limits count peers by: the IPv4 address, or the /64 of an IPv6 one
    std::string request_id;  ///< of the client when it sent a decent one, else ours
    const Route* route = nullptr;
    /// Fields of the answer, whatever it comes to: also an error, a stream, or what a sink or Later answers. For what
    /// stands before the handlers; set before the handler returns.
    mutable Headers answer_headers{};

    bool has_body() const { return chunked || content_length.value_or(0) > 0; }
    /// Value of a path parameter; empty when the pattern does not have it.
    std::string_view param(std::string_view name) const;
    /// First query parameter of that name.
    std::optional<std::string_view> query_value(std::string_view name) const;
    /// First cookie of that name, quotes removed.
    std::optional<std::string_view> cookie(std::string_view name) const;
    /// The language of ours that Accept-Language likes best; "en" otherwise.
    std::string_view language() const;
    /// Media type of the body in lower case without parameters, e.g. "application/json".
    std::string content_type() const;
};

/// An answer whose body is in memory.
struct Response {
    int status = 200;
    Headers headers;  ///< length, date, request id, nosniff and `Cache-Control: no-store` (unless set here) are added
    std::string body;
    /// Entity tag with its quotes, e.g. "\"abc\"" or "W/\"1\"". With it the server answers If-None-Match by 304.
    std::string etag;

    static Response json(int status, std::string body);
    static Response text(int status, std::string body);
    static Response empty(int status) { return Response{.status = status}; }
};

/// An answer whose body is fetched block by block on the file pool, each block when the socket has taken the one
/// before. The server answers HEAD; with an `etag` also If-None-Match (304) and, with a `size`, Range (206, 416).
struct Download {
    std::optional<std::uint64_t> size;  ///< absent: the body ends when `read` returns 0, and is sent in chunks
    /// Fills `into` from `offset` on and returns how many bytes, 0 at the end. Offsets follow each other without
    /// gaps after the first. May block and throw; a body that breaks off ends the connection.
    std::function<std::size_t(std::uint64_t offset, std::span<char> into)> read;
    std::string content_type = "application/octet-stream";
    std::string filename;  ///< when set: `Content-Disposition: attachment` with this name (RFC 8187)
    std::string etag;
    Headers headers;
    int status = 200;
};

/// Tells the server that a waiting answer has news. Callable from any thread, any number of times, also after the
/// connection is gone; costs little and never blocks. Wakes between two looks count as one.
class Wake {
public:
    struct Target;
    Wake() = default;
    explicit Wake(std::shared_ptr<Target> target) : target_{std::move(target)} {}
    void operator()() const;

private:
    std::shared_ptr<Target> target_;
};

/// What a live stream has to say. Called on one io thread, never two calls at a time; must not block.
struct StreamSource {
    enum class Pull { text, idle, end };

    virtual ~StreamSource() = default;
    /// Once, before the first `next`: keep `wake` and call it whenever there may be more.
    virtual void on_ready(Wake wake) = 0;
    /// Appends complete events ("id: 1\nevent: x\ndata: {}\n\n") to `out`, at most about `bytes_max`.
    /// text: something was appended, ask again; idle: nothing now, wait for the wake; end: close after what was appended.
    /// `behind`: the reader did not take everything at once since the last call. A source then drops what may be
    /// dropped, and does not let a backlog grow without limit.
    virtual Pull next(std::string& out, std::size_t bytes_max, bool behind) = 0;
    /// A text message of a WebSocket's reader, valid UTF-8 of at most 64 KiB; `next` is asked afterwards.
    virtual void receive([[maybe_unused]] std::string_view message) {}
};

/// Server-sent events. The server sends `retry: 2000` first, a comment every Settings::stream_heartbeat, `event: bye` when
/// it stops, and closes a reader without progress for Settings::stream_stall. A parked stream costs no thread.
struct EventStream {
    std::unique_ptr<StreamSource> source;
    Headers headers;
    std::string web_socket_accept{};  ///< set by `web_socket`: frames of RFC 6455 in place of server-sent events
};

/// The same over a WebSocket: `source` appends messages by `append_web_socket_text`, heartbeats are pings, and the end of the
/// server is a message with the event `bye` and status 1001. Throws Error{bad_request} for a handshake that is none.
EventStream web_socket(const Request& request, std::unique_ptr<StreamSource> source);
void append_web_socket_text(std::string& out, std::string_view message);

struct Later;
/// What a request is answered with.
using Answer = std::variant<Response, Download, EventStream, std::unique_ptr<Later>>;

/// An answer that waits without holding a thread.
struct Later {
    virtual ~Later() = default;
    /// When waiting ends; read once.
    virtual Deadline deadline() const = 0;
    /// Once, before the first `poll`: keep `wake` and call it whenever the answer may be there.
    virtual void on_ready(Wake wake) = 0;
    /// On the pool of the route: at once, at each wake, and finally with `expired` at the deadline or when the server
    /// stops; then it must answer. May block for one bounded call, may throw. Not called after the client has gone.
    virtual std::optional<Answer> poll(bool expired) = 0;
};

/// Takes a body block by block on the pool of the route, one call at a time but not always from the same thread,
/// while the socket is already read further. Destroyed after `finish` or `abort`.
struct BodySink {
    virtual ~BodySink() = default;
    /// At most 256 KiB. To throw ends the request: the error is answered and `abort` called.
    virtual void write(std::span<const char> block) = 0;
    /// The body is complete.
    virtual Answer finish() = 0;
    /// The body will not be completed: the client left, was too slow or broke the protocol, or a call above threw.
    virtual void abort(const Error& reason) noexcept = 0;
};

/// What a handler begins with: an answer (a body still on its way is then not read), or a sink for the body.
using Begun = std::variant<Response, Download, EventStream, std::unique_ptr<Later>, std::unique_ptr<BodySink>>;
using Handler = std::function<Begun(const Request&)>;

/// A sink that collects a body of at most `bytes_max` (413 above, before the body where its length is announced)
/// and answers with `then(body)`.
std::unique_ptr<BodySink> collect(const Request& request, std::size_t bytes_max, std::function<Answer(std::string)> then);

/// Further string members of a problem document, e.g. {"job_id", id}.
using Extras = std::vector<std::pair<std::string, std::string>>;

/// The error as application/problem+json: `type title status detail code errors` and `extras`. Arguments of the error
/// named job_id, dataset_id, existing_dataset_id or upload_id become members by themselves. Adds WWW-Authenticate to
/// 401, Allow to 405 (argument `allowed`), Retry-After to 429 and 503 (argument `seconds`, else 1).
Response problem(const Error& error, std::string_view language = "en", const Extras& extras = {});

/// `attachment` with a name of any characters: RFC 6266, RFC 8187.
std::string content_disposition(std::string_view filename);
/// The standard phrase of a status, e.g. "Not Found".
std::string_view reason_phrase(int status);

}  // namespace millrace::http
