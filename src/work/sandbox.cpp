#include "work/sandbox.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "work/detail/sandbox_socket.hpp"
#include "work/zygote.hpp"

namespace millrace::work {
namespace {

constexpr int socket_buffer_bytes = 512 * 1024;

[[noreturn]] void fail(const char* what, int error) {
    throw Error{Code::unavailable, {{"why", std::string{what} + ": " + std::strerror(error)}}};
}

/// The descriptors of a child, and the signals and environment that it does not inherit.
class Spawn {
public:
    Spawn() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
        sigset_t none, all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::sigdelset(&all, SIGKILL);
        ::sigdelset(&all, SIGSTOP);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~Spawn() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;

    int run(const SandboxProgram& program, const SandboxLimits& limits, int socket) {
        // The socket first: where standard streams are closed, it may stand in the place of one.
        ::posix_spawn_file_actions_adddup2(&actions_, socket, detail::sandbox_socket);
        for (const int standard : {0, 1, 2}) ::posix_spawn_file_actions_addopen(&actions_, standard, "/dev/null", O_RDWR, 0);
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, detail::sandbox_socket + 1);
        auto argument = program.argument;
        auto memory = std::to_string(limits.memory_bytes);
        auto cpu = std::to_string(limits.cpu.count());
        char name[] = "millrace";
        char* arguments[] = {name, argument.data(), memory.data(), cpu.data(), nullptr};
        auto variables = program.environment;
        std::vector<char*> environment;
        for (auto& variable : variables) environment.push_back(variable.data());
        environment.push_back(nullptr);
        int pid = -1;
        const int error = ::posix_spawn(&pid, program.path.c_str(), &actions_, &attributes_, arguments, environment.data());
        if (error != 0) fail("a child process cannot be started", error);
        return pid;
    }

private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

/// Two sockets that are connected; both are closed unless ours is kept.
class Connection {
public:
    Connection() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) != 0) fail("socketpair", errno);
        for (const int end : ends_) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &socket_buffer_bytes, sizeof socket_buffer_bytes);
    }
    ~Connection() {
        for (const int end : ends_) {
            if (end >= 0) ::close(end);
        }
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int theirs() const { return ends_[1]; }
    int keep_ours() { return std::exchange(ends_[0], -1); }

private:
    std::array<int, 2> ends_{};
};

}  // namespace

Ending detail::ending_of(int status) {
    return WIFSIGNALED(status) ? Ending{.signal = WTERMSIG(status)} : Ending{.status = WEXITSTATUS(status)};
}

std::string Ending::text() const {
    if (signal == 0) return "status " + std::to_string(status);
    const char* description = ::sigdescr_np(signal);
    return "signal " + std::to_string(signal) + (description == nullptr ? "" : std::string{" ("} + description + ")");
}

Sandbox::Sandbox(const SandboxProgram& program, const SandboxLimits& limits) {
    Connection connection;
    pid_ = Spawn{}.run(program, limits, connection.theirs());
    socket_ = connection.keep_ours();
}

Sandbox::Sandbox(Zygote& zygote, const SandboxLimits& limits) : zygote_{&zygote} {
    Connection connection;
    pid_ = zygote.start(connection.theirs(), limits);
    socket_ = connection.keep_ours();
}

Sandbox::~Sandbox() {
    end();
    ::close(socket_);
}

void Sandbox::close() { ::shutdown(socket_, SHUT_RDWR); }

Ending Sandbox::end() {
    if (ending_) return *ending_;
    if (zygote_ != nullptr) return ending_.emplace(zygote_->end(pid_));
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    return ending_.emplace(detail::ending_of(status));
}

bool Sandbox::wait_for(short events, Deadline deadline) const {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        pollfd wanted{.fd = socket_, .events = events, .revents = 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::max<long>(0, left)));
        if (ready > 0) return true;
        if (ready == 0) return false;
        if (errno != EINTR) return true;  // what is wrong shows when the socket is used
    }
}

Sandbox::Outcome Sandbox::read(std::span<char> into, Deadline deadline) {
    while (!into.empty()) {
        const auto got = ::recv(socket_, into.data(), into.size(), MSG_DONTWAIT);
        if (got > 0) into = into.subspan(static_cast<std::size_t>(got));
        else if (got == 0) return Outcome::closed;
        else if (errno == EAGAIN) { if (!wait_for(POLLIN, deadline)) return Outcome::late; }
        else if (errno != EINTR) return Outcome::closed;
    }
    return Outcome::done;
}

Sandbox::Outcome Sandbox::write(std::string_view bytes, Deadline deadline) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno == EAGAIN) { if (!wait_for(POLLOUT, deadline)) return Outcome::late; }
        else if (errno != EINTR) return Outcome::closed;
    }
    return Outcome::done;
}

bool SandboxSocket::read(std::span<char> into) {
    while (!into.empty()) {
        const auto got = ::read(detail::sandbox_socket, into.data(), into.size());
        if (got > 0) into = into.subspan(static_cast<std::size_t>(got));
        else if (got == 0 || errno != EINTR) return false;
    }
    return true;
}

bool SandboxSocket::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::write(detail::sandbox_socket, bytes.data(), bytes.size());
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno != EINTR) return false;
    }
    return true;
}

}  // namespace millrace::work
