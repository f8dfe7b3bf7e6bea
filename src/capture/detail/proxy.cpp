#include "capture/detail/proxy.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>

#include "base/clock.hpp"
#include "capture/detail/proxy_head.hpp"
#include "work/thread_name.hpp"

namespace millrace::capture::detail {
namespace {

constexpr std::size_t connections_max = 96;
constexpr Duration connect_timeout = 10s;
constexpr Duration idle_timeout = 60s;
constexpr std::string_view established = "HTTP/1.1 200 OK\r\n\r\n";
constexpr std::string_view not_allowed = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr std::string_view not_reached = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

bool wait_for(int socket, short events) {
    for (;;) {
        pollfd wanted{.fd = socket, .events = events, .revents = 0};
        const int got = ::poll(&wanted, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(idle_timeout).count()));
        if (got < 0 && errno == EINTR) continue;
        return got > 0;
    }
}

bool send_all(int socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno == EAGAIN) { if (!wait_for(socket, POLLOUT)) return false; }
        else if (errno != EINTR) return false;
    }
    return true;
}

/// What came; 0 at the end, -1 when nothing is there yet.
ssize_t receive(int socket, std::span<char> into) {
    for (;;) {
        const auto got = ::recv(socket, into.data(), into.size(), MSG_DONTWAIT);
        if (got >= 0) return got;
        if (errno == EINTR) continue;
        return errno == EAGAIN ? -1 : 0;
    }
}

/// One connection of the browser.
class Passage {
public:
    Passage(Descriptor client, std::shared_ptr<Visit> visit) : visit_{std::move(visit)}, client_{std::move(client)} {}

    void run() {
        if (!visit_->add(client_.get())) return;
        pass();
        visit_->remove(client_.get());
    }

private:
    void pass() {
        std::string text;
        const auto end = read_head(client_.get(), text, false);
        const auto request = end ? read_request(std::string_view{text}.substr(0, *end)) : std::nullopt;
        if (!request) return;
        server_ = visit_->connect(request->endpoint, in(connect_timeout));
        if (!server_) {
            // A tunnel's answer says so to the browser; of a page it would be the content, so there is none.
            if (request->tunnel) send_all(client_.get(), visit_->refusal("https://" + authority(*request)) ? not_allowed : not_reached);
            return;
        }
        if (visit_->add(server_.get())) {
            if (request->tunnel) tunnel();
            else exchange(*request, std::string_view{text}.substr(*end));
        }
        visit_->remove(server_.get());
    }

    static std::string authority(const ProxyRequest& request) {
        const bool v6 = request.endpoint.literal && request.endpoint.literal->v6;
        return (v6 ? '[' + request.endpoint.host + ']' : request.endpoint.host) + ':' + std::to_string(request.endpoint.port) + '/';
    }

    /// Reads up to the end of a head; answers where that is.
    std::optional<std::size_t> read_head(int socket, std::string& text, bool counted) {
        for (std::size_t seen = 0;;) {
            if (const auto end = text.find("\r\n\r\n", seen < 3 ? 0 : seen - 3); end != text.npos) return end + 4;
            seen = text.size();
            if (text.size() > head_bytes_max || !wait_for(socket, POLLIN)) return std::nullopt;
            const auto got = receive(socket, block_);
            if (got == 0) return std::nullopt;
            if (got < 0) continue;
            if (counted && !visit_->take(static_cast<std::size_t>(got))) return std::nullopt;
            text.append(block_.data(), static_cast<std::size_t>(got));
        }
    }

    void tunnel() {
        if (send_all(client_.get(), established)) relay(UINT64_MAX);
    }

    /// One request and its answer, behind which the connection ends: the next may be for another host.
    void exchange(const ProxyRequest& request, std::string_view body) {
        body = body.substr(0, request.body_bytes);
        if (!send_all(server_.get(), request.head) || !send_all(server_.get(), body)) return;
        // The server may answer before it has read all of the body.
        relay(request.body_bytes - body.size());
    }

    /// Passes bytes on in both directions, at most so many of the client's, until either side ends. The head of an answer
    /// that is no tunnel's is made to end the connection.
    void relay(std::uint64_t upward) {
        const bool is_tunnel = upward == UINT64_MAX;
        std::string head;
        bool in_head = !is_tunnel;
        for (;;) {
            std::array<pollfd, 2> both{pollfd{client_.get(), POLLIN, 0}, pollfd{server_.get(), POLLIN, 0}};
            const int got = ::poll(both.data(), both.size(), static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(idle_timeout).count()));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return;
            if (both[0].revents != 0 && !pass_up(upward)) return;
            if (both[1].revents == 0) continue;
            const auto came = receive(server_.get(), block_);
            if (came < 0) continue;
            const std::string_view bytes{block_.data(), static_cast<std::size_t>(came)};
            if (bytes.empty() || !visit_->take(bytes.size())) return;
            if (!(in_head ? pass_head(head, bytes, in_head) : send_all(client_.get(), bytes))) return;
        }
    }

    bool pass_up(std::uint64_t& left) {
        const auto got = receive(client_.get(), block_);
        if (got < 0) return true;
        const auto bytes = static_cast<std::size_t>(got);
        if (bytes == 0 || bytes > left) return false;
        if (left != UINT64_MAX) left -= bytes;
        return send_all(server_.get(), {block_.data(), bytes});
    }

    bool pass_head(std::string& head, std::string_view bytes, bool& in_head) {
        head += bytes;
        for (std::size_t end = 0; (end = head.find("\r\n\r\n")) != head.npos;) {
            const auto text = std::string_view{head}.substr(0, end + 4);
            const auto out = closing_head(text);
            if (!out || !send_all(client_.get(), *out)) return false;
            in_head = status_of(text) < 200;
            head.erase(0, end + 4);
            if (!in_head) return send_all(client_.get(), head);
        }
        return head.size() <= head_bytes_max;
    }

    const std::shared_ptr<Visit> visit_;
    const Descriptor client_;
    Descriptor server_;
    std::array<char, 64 * 1024> block_;
};

}  // namespace

Proxy::Proxy(Descriptor listener) : listener_{std::move(listener)}, wake_{::eventfd(0, EFD_CLOEXEC)}, accepting_{[this] { accept_all(); }} {}

Proxy::~Proxy() {
    serve(nullptr);
    ::eventfd_write(wake_.get(), 1);
    accepting_.join();
    served_.clear();
}

void Proxy::serve(std::shared_ptr<Visit> visit) {
    const std::lock_guard hold{mutex_};
    if (visit_) visit_->close();
    visit_ = std::move(visit);
}

void Proxy::accept_all() {
    work::name_this_thread("proxy");
    for (;;) {
        std::array<pollfd, 2> both{pollfd{listener_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
        if (::poll(both.data(), both.size(), -1) < 0 && errno == EINTR) continue;
        if (both[1].revents != 0) return;
        std::erase_if(served_, [](const Served& served) { return served.done->load(); });
        Descriptor client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (client && served_.size() < connections_max) begin(std::move(client));
    }
}

void Proxy::begin(Descriptor client) {
    std::shared_ptr<Visit> visit;
    {
        const std::lock_guard hold{mutex_};
        visit = visit_;
    }
    if (!visit) return;
    auto done = std::make_shared<std::atomic<bool>>(false);
    served_.push_back({.thread = std::jthread{[passage = std::make_unique<Passage>(std::move(client), std::move(visit)), done]() mutable {
                           work::name_this_thread("passage");
                           passage->run();
                           passage.reset();
                           *done = true;
                       }},
                       .done = done});
}

}  // namespace millrace::capture::detail
