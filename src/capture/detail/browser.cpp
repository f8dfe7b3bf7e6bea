#include "capture/detail/browser.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "capture/detail/wire.hpp"

namespace millrace::capture {
namespace {

using namespace detail;
namespace fs = std::filesystem;

constexpr int start_timeout_ms = 15'000;
constexpr int socket_buffer_bytes = 1 << 20;

[[noreturn]] void fail(const std::string& why) { throw Error{Code::unavailable, {{"why", "the browser cannot be started: " + why}}}; }

int spawn(std::vector<std::string> words, int socket) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&actions, socket, pipe_in);
    for (const int standard : {0, 1, 2}) ::posix_spawn_file_actions_addopen(&actions, standard, "/dev/null", O_RDWR, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&actions, pipe_in + 1);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::sigdelset(&all, SIGKILL);
    ::sigdelset(&all, SIGSTOP);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    char* environment[] = {nullptr};
    int pid = -1;
    const int error = ::posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, arguments.data(), environment);
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
    if (error != 0) fail(std::strerror(error));
    return pid;
}

bool is_running(int pid) {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

void await_end(int pid, Duration limit) {
    const auto deadline = in(limit);
    while (is_running(pid) && std::chrono::steady_clock::now() < deadline) ::poll(nullptr, 0, 5);
}

std::string make_profile() {
    auto name = (fs::temp_directory_path() / "millrace-browser-XXXXXX").string();
    if (!::mkdtemp(name.data())) fail(std::strerror(errno));
    return name;
}

}  // namespace

std::string find_browser(const Settings& settings) {
    std::vector<std::string> places{settings.browser};
    // Not the scripts of /usr/bin, which add flags of their own.
    if (settings.browser.empty()) places = {"/usr/lib/chromium/chromium-headless-shell", "/usr/lib/chromium/chromium"};
    for (const auto& place : places) {
        std::error_code error;
        const auto path = fs::canonical(place, error);
        if (!error && ::access(path.c_str(), X_OK) == 0) return path.string();
    }
    return {};
}

namespace detail {

Browser::Browser(const Settings& settings) {
    const auto program = find_browser(settings);
    if (program.empty()) throw Error{Code::browser_missing, {{"path", settings.browser.empty() ? "/usr/lib/chromium" : settings.browser}}};
    try {
        start(settings, program, true);
    } catch (const Error& error) {
        end();
        if (error.code() != Code::browser_unconfined || !settings.allow_unsandboxed) throw;
        ended_.reset();
        start_open(settings, program);
    }
}

void Browser::start_open(const Settings& settings, const std::string& program) {
    profile_ = make_profile();
    try {
        start(settings, program, false);
    } catch (...) {
        end();
        throw;
    }
}

Browser::~Browser() { end(); }

void Browser::start(const Settings& settings, const std::string& program, bool isolated) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) fail(std::strerror(errno));
    socket_ = Descriptor{ends[0]};
    Descriptor other{ends[1]};
    for (const int each : ends) ::setsockopt(each, SOL_SOCKET, SO_SNDBUF, &socket_buffer_bytes, sizeof socket_buffer_bytes);
    pid_ = spawn({"millrace", "browser", isolated ? "isolated" : "open", std::to_string(settings.memory_max.count), program, profile_}, other.get());
    // Where it dies before it says anything, the socket must end.
    other.reset();
    auto listener = take_listener();
    proxy_ = std::make_unique<Proxy>(std::move(listener));
    connection_ = std::make_unique<Connection>(std::move(socket_));
    // A base64 text is a third longer than what it stands for.
    connection_->set_message_bytes_max(settings.artefact_bytes_max.count / 3 * 4 + 4096);
}

Descriptor Browser::take_listener() {
    char text[512]{};
    iovec data{.iov_base = text, .iov_len = sizeof text - 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    pollfd wanted{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, start_timeout_ms) <= 0) fail("it does not begin");
    const auto got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (got > 0 && text[0] == refused) throw Error{Code::browser_unconfined, {{"why", std::string{text + 1, static_cast<std::size_t>(got - 1)}}}};
    const auto* head = CMSG_FIRSTHDR(&message);
    if (got != 1 || text[0] != ready || !head || head->cmsg_type != SCM_RIGHTS) fail("it ended at once");
    int listener = -1;
    std::memcpy(&listener, CMSG_DATA(head), sizeof listener);
    return Descriptor{listener};
}

bool Browser::end() {
    if (ended_) return *ended_;
    int status = 0;
    if (pid_ > 0) {
        // One that has closed its socket is about to end: how it ended is worth a moment. An isolated one ends when all
        // its processes have.
        if (connection_ && connection_->is_closed()) await_end(pid_, 500ms);
        if (profile_.empty() && is_running(pid_)) {
            ::kill(pid_, SIGTERM);
            await_end(pid_, 5s);
        }
        ::kill(-pid_, SIGKILL);
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    }
    ended_ = WIFEXITED(status) && WEXITSTATUS(status) == exit_memory;
    pid_ = -1;
    proxy_.reset();
    std::error_code error;
    if (!profile_.empty()) fs::remove_all(profile_, error);
    return *ended_;
}

}  // namespace detail
}  // namespace millrace::capture
