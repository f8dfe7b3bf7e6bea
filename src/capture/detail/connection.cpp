#include "capture/detail/connection.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <simdjson.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace millrace::capture::detail {
namespace {

constexpr std::size_t block_bytes = 256 * 1024;
constexpr std::size_t kept_bytes = 1 << 20;  ///< of an empty buffer
constexpr Duration post_timeout = 5s;

[[noreturn]] void gone() { throw Error{Code::capture_crashed, {{"why", "the browser ended"}}}; }
[[noreturn]] void late(std::string_view what) { throw Error{Code::capture_timeout, {{"what", std::string{what}}}}; }

/// Answers begin with `{"id":`, events do not.
std::uint64_t id_of(std::string_view message) {
    constexpr std::string_view begin = "{\"id\":";
    std::uint64_t id = 0;
    if (message.starts_with(begin)) std::from_chars(message.data() + begin.size(), message.data() + message.size(), id);
    return id;
}

json::object read(std::string_view message) {
    boost::system::error_code error;
    // The browser writes it, but a page is in it: the depth is bounded by the parser.
    auto value = boost::json::parse(message, error, {}, {.max_depth = 64});
    if (error || !value.is_object()) return {};
    return std::move(value.get_object());
}

[[noreturn]] void refused(std::string_view what, std::string_view why) {
    throw Error{Code::capture_failed, {{"what", std::string{what}}, {"why", std::string{why}}}};
}

std::string_view text_at(const json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found && found->is_string() ? std::string_view{found->get_string()} : std::string_view{};
}

}  // namespace

Connection::Connection(Descriptor socket) : socket_{std::move(socket)}, wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {}

void Connection::wake() const { ::eventfd_write(wake_.get(), 1); }

bool Connection::is_closed() const {
    pollfd state{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

std::uint64_t Connection::send(std::string_view method, json::object params, std::string_view session, Deadline deadline) {
    const auto id = ++last_id_;
    json::object message{{"id", id}, {"method", method}, {"params", std::move(params)}};
    if (!session.empty()) message.emplace("sessionId", session);
    const auto text = boost::json::serialize(message);
    std::string_view left{text.c_str(), text.size() + 1};
    while (!left.empty()) {
        const auto sent = ::send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) left.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno == EAGAIN) { if (!wait_for(POLLOUT, deadline)) late(method); }
        else if (errno != EINTR) gone();
    }
    return id;
}

bool Connection::wait_for(short events, Deadline deadline) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        std::array<pollfd, 2> both{pollfd{socket_.get(), events, 0}, pollfd{wake_.get(), POLLIN, 0}};
        const int got = ::poll(both.data(), both.size(), static_cast<int>(std::max<long>(0, left)));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        if (eventfd_t count = 0; both[1].revents != 0 && ::eventfd_read(wake_.get(), &count) == 0 && on_wake) on_wake();
        if (both[0].revents != 0) return true;
    }
}

void Connection::receive() {
    const auto size = buffer_.size();
    buffer_.resize(size + block_bytes);
    ssize_t got = 0;
    do got = ::recv(socket_.get(), buffer_.data() + size, block_bytes, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    const bool empty = got < 0 && errno == EAGAIN;
    buffer_.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got <= 0 && !empty) gone();
    if (buffer_.size() - begin_ <= message_bytes_max_ || buffer_.find('\0', scanned_) != buffer_.npos) return;
    // What is left of it says whose answer it was.
    dropping_ = true;
    buffer_.resize(begin_ + 64);
    scanned_ = buffer_.size();
}

std::optional<std::string_view> Connection::next(Deadline deadline) {
    for (;;) {
        const auto end = buffer_.find('\0', scanned_);
        if (end != buffer_.npos) {
            const std::string_view message{buffer_.data() + begin_, end - begin_};
            begin_ = scanned_ = end + 1;
            return message;
        }
        if (begin_ > 0) buffer_.erase(0, std::exchange(begin_, 0));
        if (buffer_.empty() && buffer_.capacity() > kept_bytes) buffer_.shrink_to_fit();
        scanned_ = buffer_.size();
        if (!wait_for(POLLIN, deadline)) return std::nullopt;
        receive();
    }
}

void Connection::pass_on(std::string_view message) {
    if (!on_event || id_of(message) != 0) return;
    const auto event = read(message);
    const auto* params = event.if_contains("params");
    if (params && params->is_object()) on_event({text_at(event, "sessionId"), text_at(event, "method"), params->get_object()});
}

std::string_view Connection::await(std::uint64_t id, Deadline deadline) {
    for (;;) {
        const auto message = next(deadline);
        if (!message) late("no answer");
        const bool dropped = std::exchange(dropping_, false);
        if (id_of(*message) == id) {
            if (dropped) throw Error{Code::capture_limits, {{"what", "it is larger than " + std::to_string(message_bytes_max_) + " bytes"}}};
            return *message;
        }
        if (!dropped) pass_on(*message);
    }
}

json::object Connection::call(std::string_view method, json::object params, std::string_view session, Deadline deadline) {
    auto answer = read(await(send(method, std::move(params), session, deadline), deadline));
    if (const auto* error = answer.if_contains("error")) refused(method, error->is_object() ? text_at(error->get_object(), "message") : "");
    auto* result = answer.if_contains("result");
    return result && result->is_object() ? std::move(result->get_object()) : json::object{};
}

std::string Connection::call_text(std::string_view method, json::object params, std::string_view session, std::string_view name, Deadline deadline) {
    const auto message = await(send(method, std::move(params), session, deadline), deadline);
    simdjson::ondemand::parser parser;
    const simdjson::padded_string padded{message};
    auto document = parser.iterate(padded);
    std::string_view text;
    if (document["result"][name].get_string().get(text) == simdjson::SUCCESS) return std::string{text};
    refused(method, message.substr(0, 200));
}

void Connection::post(std::string_view method, json::object params, std::string_view session) { send(method, std::move(params), session, in(post_timeout)); }

void Connection::listen(Deadline deadline, const std::function<bool()>& done) {
    while (!done()) {
        const auto message = next(deadline);
        if (!message) return;
        if (!std::exchange(dropping_, false)) pass_on(*message);
    }
}

}  // namespace millrace::capture::detail
