#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/deadline.hpp"
#include "http/message.hpp"

namespace millrace::http {

/// One request of ours to another server.
struct ClientRequest {
    std::string method = "GET";
    std::string url;  ///< http or https; redirects are not followed
    Headers headers;
    std::string body;

    /// A body that is not in memory: fills `into` from `offset` on and answers how many bytes, 0 at the end. Offsets
    /// follow each other, but may start anew when a kept connection turned out to be closed. Used when set.
    std::function<std::size_t(std::uint64_t offset, std::span<char> into)> read_body;
    std::optional<std::uint64_t> body_size;  ///< of `read_body`; absent: sent in chunks

    /// Sees the head of a 2xx answer before its body comes.
    std::function<void(const Headers& headers)> on_head;
    /// Takes the body of a 2xx answer block by block, e.g. a stream of events, in place of ClientResponse::body; false
    /// ends the request there, as if the body were complete.
    std::function<bool(std::string_view block)> on_body;

    /// Keeps only so many bytes of the answer's body, whatever its status, and reads no further. Absent: all of it.
    std::optional<std::size_t> body_bytes_kept;

    /// Judges every address that a connection is about to be opened to (without brackets and port) and answers why not;
    /// empty lets it be opened. The address judged is the one connected to, so no later answer of DNS gets around it.
    /// With it no proxy is used. A kept connection was judged when it was opened: use a Client of its own for these.
    std::function<std::string(std::string_view address)> judge_address;

    std::string ca_file;  ///< PEM certificates that the server's is checked by, in place of those of the system

    Duration connect_timeout = 5s;
    Duration idle_timeout = 60s;       ///< without a byte in either direction
    std::optional<Deadline> deadline;  ///< of all of it
    std::stop_token stop;              ///< ends the request at once
};

struct ClientResponse {
    int status = 0;
    Headers headers;
    std::string body;
};

/// A blocking HTTP client that keeps its connections (libcurl). For one thread at a time.
/// A proxy is taken from the environment as usual, but never for loopback.
class Client {
public:
    Client();
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    /// The answer, whatever its status. Throws Error{unreachable} when there is none, Error{timed_out} at the deadline,
    /// Error{interrupted} when stopped, Error{address_refused} when `judge_address` let no connection be opened,
    /// Error{payload_too_large} for an answer above 256 MiB without `on_body` or a head above 1 MiB, and whatever the
    /// request's own functions throw.
    ClientResponse send(const ClientRequest& request);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// `text` as one segment of a path: everything but letters, digits and "-._~" percent-encoded.
std::string encode_segment(std::string_view text);

}  // namespace millrace::http
