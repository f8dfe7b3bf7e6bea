#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadline.hpp"
#include "base/json.hpp"
#include "base/descriptor.hpp"

namespace millrace::capture::detail {

/// What a browser tells without being asked.
struct Event {
    std::string_view session;  ///< of the page, frame or worker; empty: the browser
    std::string_view method;
    const json::object& params;
};

/// Commands and events of the DevTools protocol over a socket: JSON texts, each ended by a NUL. One thread at a time, but for
/// `wake`. A browser that is gone is Error{capture_crashed}, one that is silent Error{capture_timeout}.
class Connection {
public:
    explicit Connection(Descriptor socket);

    std::function<void(const Event& event)> on_event;
    std::function<void()> on_wake;  ///< may throw

    /// Sends a command and waits for its answer; events come meanwhile. Error{capture_failed} when the browser refuses it.
    json::object call(std::string_view method, json::object params, std::string_view session, Deadline deadline);
    /// The same for a command that answers with much text: its member `name`.
    std::string call_text(std::string_view method, json::object params, std::string_view session, std::string_view name, Deadline deadline);
    /// Sends a command whose answer does not matter.
    void post(std::string_view method, json::object params, std::string_view session);
    /// Takes what comes until the deadline, or until `done` after a message.
    void listen(Deadline deadline, const std::function<bool()>& done);

    /// Lets `on_wake` be called where this waits. Any thread.
    void wake() const;
    /// Has the browser ended its side?
    bool is_closed() const;
    /// Larger messages are dropped, and what waits for one is Error{capture_limits}.
    void set_message_bytes_max(std::size_t bytes) { message_bytes_max_ = bytes; }

private:
    std::uint64_t send(std::string_view method, json::object params, std::string_view session, Deadline deadline);
    /// The next message; nothing at the deadline. Valid until the next call.
    std::optional<std::string_view> next(Deadline deadline);
    /// Waits for the answer to a command; passes events on.
    std::string_view await(std::uint64_t id, Deadline deadline);
    void pass_on(std::string_view message);
    bool wait_for(short events, Deadline deadline) const;
    void receive();

    Descriptor socket_;
    Descriptor wake_;
    std::string buffer_;
    std::size_t begin_ = 0;    ///< of the message that is being read
    std::size_t scanned_ = 0;  ///< no NUL before this
    bool dropping_ = false;    ///< the message is too large
    std::size_t message_bytes_max_ = std::size_t{64} << 20;
    std::uint64_t last_id_ = 0;
};

}  // namespace millrace::capture::detail
