#include "http/server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/descriptor.hpp"
#include "http/detail/session.hpp"
#include "work/thread_name.hpp"

namespace millrace::http {
namespace {

using namespace detail;

constexpr Duration pause_without_descriptors = 100ms;
constexpr int accepts_per_turn = 64;
/// Sent as it is to connections there is no room for.
constexpr std::string_view busy_text =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    "Content-Length: 0\r\nConnection: close\r\n\r\n";

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

[[noreturn]] void refuse_address(const std::string& text, const std::string& why) {
    throw Error{Code::invalid_config, {{"key", "http.listen"}, {"origin", text}, {"why", why}}};
}

Address resolve(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == text.npos) refuse_address(text, "expected address:port");
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failure = getaddrinfo(host.empty() ? nullptr : host.c_str(), text.c_str() + colon + 1, &hints, &found);
    if (failure != 0) refuse_address(text, gai_strerror(failure));
    Address address;
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    address.size = found->ai_addrlen;
    freeaddrinfo(found);
    return address;
}

std::string host_text(const Address& address) {
    char host[NI_MAXHOST] = "";
    getnameinfo(address.get(), address.size, host, sizeof host, nullptr, 0, NI_NUMERICHOST);
    return host;
}

std::uint16_t port_of(const Address& address) {
    const bool v6 = address.storage.ss_family == AF_INET6;
    return ntohs(v6 ? reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port
                    : reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
}

std::string address_text(const Address& address) {
    const bool v6 = address.storage.ss_family == AF_INET6;
    return (v6 ? '[' + host_text(address) + ']' : host_text(address)) + ':' + std::to_string(port_of(address));
}

Peer peer_of(const Address& address) {
    Peer peer{host_text(address), 0};
    if (address.storage.ss_family == AF_INET) {
        peer.network = reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr.s_addr;
        return peer;
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        if (peer.address.starts_with("::ffff:")) peer.address.erase(0, 7);
        std::uint32_t v4 = 0;
        std::memcpy(&v4, v6.s6_addr + 12, 4);
        peer.network = v4;
    } else {
        std::memcpy(&peer.network, v6.s6_addr, 8);
    }
    return peer;
}

Descriptor bind_socket(const std::string& text, const Address& address, bool shared) {
    Descriptor socket{::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const auto check = [&](int result) {
        if (result < 0) refuse_address(text, std::strerror(errno));
    };
    check(socket.get());
    const int on = 1;
    check(setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    if (shared) check(setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on));
    check(::bind(socket.get(), address.get(), address.size));
    return socket;
}

/// A listening socket on one loop. The kernel spreads connections over the loops (SO_REUSEPORT).
class Listener : public Timed {
public:
    Listener(Loop& loop, Descriptor socket, int family)
        : loop_{loop},
          acceptor_{loop.io.get_executor(), family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket.get()},
          family_{family},
          spare_{::open("/dev/null", O_RDONLY | O_CLOEXEC)} {
        socket.release();
    }

    void listen() {
        // Plain accept4 on readiness: a burst of connections costs one wait.
        acceptor_.async_wait(Acceptor::wait_read, [this](const boost::system::error_code& error) {
            if (!error && !stopped_) accept_some();
        });
    }
    void stop() {
        stopped_ = true;
        boost::system::error_code ignored;
        acceptor_.close(ignored);
    }
    void on_deadline() override {
        if (!stopped_) listen();
    }

private:
    using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

    void accept_some() {
        for (int i = 0; i < accepts_per_turn; ++i) {
            Address address;
            address.size = sizeof address.storage;
            Descriptor socket{::accept4(acceptor_.native_handle(), address.get(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC)};
            if (socket.get() < 0) {
                if (errno == EINTR || errno == ECONNABORTED) continue;
                if (errno == EAGAIN || errno == EWOULDBLOCK) break;
                return without_descriptors();
            }
            take(std::move(socket), address);
        }
        listen();
    }

    /// EMFILE and the like. The spare descriptor is given up to take one connection and tell it; then a pause, since the
    /// socket stays readable and would keep this thread busy.
    void without_descriptors() {
        spare_.reset();
        turn_away(Descriptor{::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)});
        spare_ = Descriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
        loop_.shared.report("no descriptors for connections", {});
        loop_.deadlines.set(*this, in(pause_without_descriptors));
    }

    void turn_away(Descriptor socket) {
        if (socket.get() < 0) return;
        loop_.shared.refused.fetch_add(1, std::memory_order_relaxed);
        char waste[4096];
        while (::recv(socket.get(), waste, sizeof waste, MSG_DONTWAIT) > 0) {}  // unread bytes would make close a reset
        (void)!::send(socket.get(), busy_text.data(), busy_text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        ::shutdown(socket.get(), SHUT_WR);
    }

    void take(Descriptor socket, const Address& address) {
        if (loop_.shared.connections.load(std::memory_order_relaxed) >= loop_.shared.connections_max) {
            return turn_away(std::move(socket));
        }
        const int on = 1;
        setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        Socket connection{loop_.io.get_executor()};
        boost::system::error_code error;
        connection.assign(family_ == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket.get(), error);
        if (error) return;
        socket.release();
        auto session = std::make_unique<Session>(loop_, std::move(connection), peer_of(address));
        auto failed = [&shared = loop_.shared](std::exception_ptr failure) {
            try {
                if (failure) std::rethrow_exception(failure);
            } catch (const std::exception& problem) {
                shared.report("connection failed", {{"what", problem.what()}});
            }
        };
        asio::co_spawn(loop_.io.get_executor(), Session::main(std::move(session)), std::move(failed));
    }

    Loop& loop_;
    Acceptor acceptor_;
    const int family_;
    Descriptor spare_;
    bool stopped_ = false;
};

}  // namespace

struct Server::State {
    State(Settings settings, Router router, Hooks hooks)
        : shared{std::move(settings), std::move(router), std::move(hooks)} {}

    struct Thread {
        Thread(Shared& shared, std::size_t blocks) : loop{shared, blocks}, work{loop.io.get_executor()} {}
        Loop loop;
        std::vector<std::unique_ptr<Listener>> listeners;
        asio::executor_work_guard<Executor> work;
        std::thread thread;
    };

    Shared shared;
    std::vector<std::unique_ptr<Thread>> threads;
    std::vector<std::string> addresses;
    std::vector<std::uint16_t> ports;
    std::mutex stop_mutex;
    bool started = false;
    bool stopped = false;
    // Guarded by shared.stop_mutex.
    std::size_t winding = 0;  ///< threads that no longer accept
    Deadline stop_at = Deadline::max();

    void load_certificate();
    void listen_on(const std::string& text);
    template <class F>
    void on_each(F work);
    bool wait_for_clients(bool forever);
};

void Server::State::load_certificate() {
    const auto& settings = shared.settings;
    if (settings.tls_certificate.empty() && settings.tls_key.empty()) return;
    shared.set_certificate(detail::load_certificate(settings.tls_certificate, settings.tls_key));
}

void Server::State::listen_on(const std::string& text) {
    Address address = resolve(text);
    {
        // SO_REUSEPORT would let a second server share the port without a word; this bind would not.
        const Descriptor probe = bind_socket(text, address, false);
        address.size = sizeof address.storage;
        getsockname(probe.get(), address.get(), &address.size);
    }
    for (auto& thread : threads) {
        Descriptor socket = bind_socket(text, address, true);
        if (::listen(socket.get(), 4096) != 0) refuse_address(text, std::strerror(errno));
        thread->listeners.push_back(std::make_unique<Listener>(thread->loop, std::move(socket), address.storage.ss_family));
    }
    addresses.push_back(address_text(address));
    ports.push_back(port_of(address));
}

template <class F>
void Server::State::on_each(F work) {
    for (auto& thread : threads) asio::post(thread->loop.io, [&t = *thread, work] { work(t); });
}

/// False when the time was up first; it may come nearer while waiting.
bool Server::State::wait_for_clients(bool forever) {
    std::unique_lock lock{shared.stop_mutex};
    const auto gone = [&] { return winding == threads.size() && shared.connections == 0; };
    while (!gone()) {
        if (forever) shared.stop_progress.wait(lock);
        else if (Clock::now() >= stop_at) return false;
        else shared.stop_progress.wait_until(lock, std::min(stop_at, in(1h)));
    }
    return true;
}

Server::Server(Settings settings, Router router, Hooks hooks)
    : state_{std::make_unique<State>(std::move(settings), std::move(router), std::move(hooks))} {
    State& state = *state_;
    state.load_certificate();
    const auto& given = state.shared.settings;
    const std::size_t count = given.io_threads > 0 ? given.io_threads : std::max(1u, std::thread::hardware_concurrency());
    const std::size_t blocks = std::max<std::size_t>(given.body_memory_max / Blocks::block_bytes / count, 4);
    for (std::size_t i = 0; i < count; ++i) state.threads.push_back(std::make_unique<State::Thread>(state.shared, blocks));
    for (const auto& text : given.listen) state.listen_on(text);
}

Server::~Server() { stop(Deadline{}); }

void Server::start() {
    const std::lock_guard lock{state_->stop_mutex};
    if (std::exchange(state_->started, true) || state_->stopped) return;
    for (auto& thread : state_->threads) {
        for (auto& listener : thread->listeners) listener->listen();
        thread->thread = std::thread{[&t = *thread] {
            work::name_this_thread("http io");
            // OpenSSL writes without MSG_NOSIGNAL: a client that left must not end the process.
            sigset_t broken_pipe;
            sigemptyset(&broken_pipe);
            sigaddset(&broken_pipe, SIGPIPE);
            pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
            t.loop.io.run();
        }};
    }
}

const std::vector<std::string>& Server::addresses() const { return state_->addresses; }
std::uint16_t Server::port() const { return state_->ports.empty() ? 0 : state_->ports.front(); }

void Server::stop(Deadline deadline) {
    State& state = *state_;
    {
        const std::lock_guard lock{state.shared.stop_mutex};
        state.stop_at = std::min(state.stop_at, deadline);
        state.shared.stop_progress.notify_all();
    }
    const std::lock_guard lock{state.stop_mutex};
    if (std::exchange(state.stopped, true)) return;
    if (state.started) {
        state.on_each([&state](State::Thread& t) {
            for (auto& listener : t.listeners) listener->stop();
            t.loop.wind_down();
            const std::lock_guard progress{state.shared.stop_mutex};
            ++state.winding;
            state.shared.stop_progress.notify_all();
        });
        if (!state.wait_for_clients(false)) {
            state.on_each([](State::Thread& t) { t.loop.cut_all(); });
            // What is left are handlers on pool threads: they cannot be cut, only waited for.
            state.wait_for_clients(true);
        }
        state.on_each([](State::Thread& t) {
            t.loop.mailbox->close();
            t.loop.deadlines.stop();
            t.work.reset();
            t.loop.io.stop();
        });
        for (auto& thread : state.threads) thread->thread.join();
    }
    state.shared.reads.stop();
    state.shared.commits.stop();
    state.shared.files.stop();
}

void Server::reload_certificate() { state_->load_certificate(); }

Counts Server::counts() const { return {state_->shared.connections, state_->shared.streams, state_->shared.refused}; }

}  // namespace millrace::http
