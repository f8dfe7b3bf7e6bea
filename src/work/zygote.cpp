#include "work/zygote.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/error.hpp"
#include "work/detail/sandbox_socket.hpp"

namespace millrace::work {
namespace {

constexpr std::chrono::seconds patience{20};  // a fork on a machine that is busy

/// What a zygote is told; with `start` comes the socket of the child. Both ends are of one release.
struct Command {
    enum : std::uint32_t { start, end } what = start;
    std::int32_t pid = 0;
    std::uint64_t memory_bytes = 0;
    std::int64_t cpu_seconds = 0;
};

/// What it answers: the pid of a child, or the status of one that has ended; -1 when that cannot be done.
using Answer = std::int32_t;

union Control {
    cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
};

bool send_command(int to, const Command& command, int socket) {
    iovec part{.iov_base = const_cast<Command*>(&command), .iov_len = sizeof command};
    Control control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (socket >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        auto* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof socket);
        std::memcpy(CMSG_DATA(head), &socket, sizeof socket);
    }
    for (;;) {
        const auto sent = ::sendmsg(to, &message, MSG_NOSIGNAL);
        if (sent >= 0) return sent == sizeof command;
        if (errno != EINTR) return false;
    }
}

/// False when the parent is gone. `socket` is -1 when none came.
bool receive_command(Command& command, int& socket) {
    iovec part{.iov_base = &command, .iov_len = sizeof command};
    Control control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    ssize_t got = -1;
    do got = ::recvmsg(detail::sandbox_socket, &message, MSG_WAITALL | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    socket = -1;
    const auto* head = CMSG_FIRSTHDR(&message);
    if (head != nullptr && head->cmsg_type == SCM_RIGHTS) std::memcpy(&socket, CMSG_DATA(head), sizeof socket);
    return got == sizeof command;
}

[[noreturn]] void be_child(int socket, const Command& command, const std::function<void()>& work) {
    // The place of the zygote's own socket, which a child must not have.
    if (::dup2(socket, detail::sandbox_socket) < 0 || ::close(socket) != 0) std::_Exit(2);
    if (!confine({.memory_bytes = command.memory_bytes, .cpu = std::chrono::seconds{command.cpu_seconds}})) std::_Exit(2);
    try {
        work();
    } catch (...) {
        std::_Exit(1);  // nobody is left to be told, or it is a mistake of ours
    }
    std::_Exit(0);
}

Answer wait_for(int pid) {
    ::kill(pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    return status;
}

}  // namespace

Zygote::Zygote(const SandboxProgram& program) : process_{program, {}}, program_{program.path} {}

int Zygote::start(int socket, const SandboxLimits& limits) {
    const std::lock_guard hold{asking_};
    Answer pid = -1;
    const Command command{.what = Command::start, .memory_bytes = limits.memory_bytes, .cpu_seconds = limits.cpu.count()};
    const bool asked = send_command(process_.socket_, command, socket);
    if (!asked || process_.read({reinterpret_cast<char*>(&pid), sizeof pid}, in(patience)) != Sandbox::Outcome::done || pid < 0) {
        throw Error{Code::unavailable, {{"why", program_ + " starts no child (" + process_.end().text() + ")"}}};
    }
    return pid;
}

Ending Zygote::end(int pid) {
    const std::lock_guard hold{asking_};
    Answer status = -1;
    const bool asked = send_command(process_.socket_, {.what = Command::end, .pid = pid}, -1);
    const bool answered = asked && process_.read({reinterpret_cast<char*>(&status), sizeof status}, in(patience)) == Sandbox::Outcome::done;
    return answered && status >= 0 ? detail::ending_of(status) : Ending{.signal = SIGKILL};
}

bool serve_zygote(const std::function<void()>& work) {
    int kind = 0;
    socklen_t size = sizeof kind;
    if (::getsockopt(detail::sandbox_socket, SOL_SOCKET, SO_TYPE, &kind, &size) != 0 || kind != SOCK_STREAM) return false;
    isolate();
    std::vector<int> children;
    Command command;
    for (int socket = -1; receive_command(command, socket);) {
        Answer answer = -1;
        if (command.what == Command::start && socket >= 0) {
            answer = ::fork();
            if (answer == 0) be_child(socket, command, work);
            if (answer > 0) children.push_back(answer);
        } else if (const auto child = std::ranges::find(children, command.pid); child != children.end()) {
            answer = wait_for(*child);
            children.erase(child);
        }
        if (socket >= 0) ::close(socket);
        if (::send(detail::sandbox_socket, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) break;
    }
    return true;  // the children die with the zygote
}

}  // namespace millrace::work
