#include "capture/child.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "capture/detail/root.hpp"
#include "capture/detail/wire.hpp"

namespace millrace::capture {
namespace {

using namespace detail;

constexpr uid_t nobody = 65534;

struct Wanted {
    bool isolated = true;
    std::uint64_t memory = 0;
    std::string browser;
    std::string profile;  ///< a directory; empty when isolated: one in the browser's own /tmp
};

/// Tells the parent why there will be no browser, and ends.
[[noreturn]] void refuse(const std::string& why) {
    const auto text = refused + why;
    ::send(pipe_in, text.data(), text.size(), MSG_NOSIGNAL);
    ::_exit(0);
}

[[noreturn]] void refuse_errno(const std::string& what) { refuse(what + ": " + std::strerror(errno)); }

/// Blocked, so that they wait until they are asked for.
sigset_t handled_signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGCHLD);
    ::sigaddset(&signals, SIGTERM);
    return signals;
}

void write_file(const char* path, const std::string& text) {
    const int file = ::open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || ::write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) refuse_errno(path);
    ::close(file);
}

/// Root becomes nobody, so that outside of its namespaces the browser is nobody too.
void leave_root() {
    if (::geteuid() != 0) return;
    if (::setgroups(0, nullptr) != 0 || ::setresgid(nobody, nobody, nobody) != 0 || ::setresuid(nobody, nobody, nobody) != 0) refuse_errno("root cannot be left");
    ::prctl(PR_SET_DUMPABLE, 1);  // else /proc/self stays root's
}

void enter_namespaces() {
    const auto user = ::geteuid();
    const auto group = ::getegid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) refuse_errno("no namespaces");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", fmt::format("{} {} 1", user, user));
    write_file("/proc/self/gid_map", fmt::format("{} {} 1", group, group));
}

/// Behind everything that changes who this process is, which would undo it.
void die_with_parent() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void bring_loopback_up() {
    const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (any < 0 || ::ioctl(any, SIOCSIFFLAGS, &request) != 0) refuse_errno("no loopback");
    ::close(any);
}

struct Listener {
    int socket = -1;
    std::uint16_t port = 0;
};

Listener listen_on_loopback() {
    Listener listener{.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (listener.socket < 0 || ::bind(listener.socket, any, size) != 0 || ::listen(listener.socket, 64) != 0 || ::getsockname(listener.socket, any, &size) != 0) {
        refuse_errno("no socket for the proxy");
    }
    listener.port = ntohs(address.sin_port);
    return listener;
}

void send_ready(int listener) {
    char byte = ready;
    iovec data{.iov_base = &byte, .iov_len = 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    auto* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &listener, sizeof listener);
    if (::sendmsg(pipe_in, &message, MSG_NOSIGNAL) != 1) ::_exit(1);
}

std::vector<std::string> command_line(const Wanted& wanted, std::uint16_t port) {
    const auto profile = wanted.profile.empty() ? std::string{"/tmp/profile"} : wanted.profile;
    std::vector<std::string> words{
        wanted.browser, "--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + profile,
        // Everything goes through the proxy, loopback too, and names are looked up by it alone.
        fmt::format("--proxy-server=http://127.0.0.1:{}", port), "--proxy-bypass-list=<-loopback>",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--disable-quic", "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--block-new-web-contents", "--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-extensions", "--disable-default-apps", "--disable-breakpad", "--disable-crash-reporter", "--disable-gpu",
        "--disable-dev-shm-usage", "--disable-client-side-phishing-detection", "--disable-domain-reliability", "--mute-audio", "--hide-scrollbars",
        "--password-store=basic", "--use-mock-keychain", "--disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,DialMediaRouteProvider",
        "--force-color-profile=srgb"};
    if (!wanted.isolated) words.emplace_back("--no-sandbox");
    return words;
}

[[noreturn]] void become_browser(const Wanted& wanted, std::uint16_t port) {
    die_with_parent();
    if (::dup2(pipe_in, pipe_out) != pipe_out) ::_exit(1);
    auto words = command_line(wanted, port);
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const auto home = "HOME=" + (wanted.profile.empty() ? std::string{"/tmp"} : wanted.profile);
    std::string environment[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", home, "TMPDIR=" + home.substr(5)};
    char* pointers[] = {environment[0].data(), environment[1].data(), environment[2].data(), environment[3].data(), nullptr};
    ::execve(arguments[0], arguments.data(), pointers);
    ::_exit(exit_no_program);
}

/// Memory that the processes of this namespace have for themselves.
std::uint64_t memory_taken() {
    std::uint64_t pages = 0;
    DIR* const processes = ::opendir("/proc");
    if (!processes) return 0;
    while (const dirent* entry = ::readdir(processes)) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        const int file = ::open((std::string{"/proc/"} + entry->d_name + "/statm").c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) continue;
        char text[128]{};
        unsigned long size = 0, resident = 0, shared = 0;
        if (::read(file, text, sizeof text - 1) > 0 && std::sscanf(text, "%lu %lu %lu", &size, &resident, &shared) == 3 && resident > shared) pages += resident - shared;
        ::close(file);
    }
    ::closedir(processes);
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Reaps what ends, until the browser does; answers what this process ends with.
int keep(pid_t browser, const Wanted& wanted) {
    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    for (;;) {
        int status = 0;
        for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            if (ended == browser) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        // Without a namespace of its own the processes are all those of the machine.
        if (wanted.isolated && memory_taken() > wanted.memory) return exit_memory;
        const timespec pause{.tv_sec = 0, .tv_nsec = 250'000'000};
        ::sigtimedwait(&child, nullptr, &pause);
    }
}

[[noreturn]] void run_keeper(const Wanted& wanted, const Listener& listener) {
    send_ready(listener.socket);
    ::close(listener.socket);
    const pid_t browser = ::fork();
    if (browser == 0) {
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        become_browser(wanted, listener.port);
    }
    if (browser < 0) ::_exit(1);
    // The parent hears the end of the browser by the end of the socket.
    ::close(pipe_in);
    ::_exit(keep(browser, wanted));
}

/// Ends when the first process of the namespace has, which takes all others with it: then nothing of the browser is left. Told
/// to end (SIGTERM), it ends that one.
int await(pid_t first) {
    const sigset_t signals = handled_signals();
    for (;;) {
        int status = 0;
        if (::waitpid(first, &status, WNOHANG) == first) return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        int signal = 0;
        if (::sigwait(&signals, &signal) == 0 && signal == SIGTERM) ::kill(first, SIGKILL);
    }
}

/// The first process of the namespace: with it ends every other one in it.
[[noreturn]] void run_isolated(const Wanted& wanted) {
    leave_root();
    enter_namespaces();
    die_with_parent();
    bring_loopback_up();
    const auto listener = listen_on_loopback();
    const pid_t first = ::fork();
    if (first < 0) refuse_errno("no process");
    if (first == 0) {
        die_with_parent();
        if (const auto why = enter_root(wanted.browser); !why.empty()) refuse(why);
        run_keeper(wanted, listener);
    }
    ::close(pipe_in);
    ::close(listener.socket);
    ::_exit(await(first));
}

}  // namespace

void run_child(std::span<char* const> arguments) {
    int kind = 0;
    socklen_t size = sizeof kind;
    const bool started_by_us = ::getsockopt(pipe_in, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_STREAM;
    if (arguments.size() != 4 || !started_by_us) ::_exit(2);
    Wanted wanted{.isolated = std::strcmp(arguments[0], "isolated") == 0, .browser = arguments[2], .profile = arguments[3]};
    std::from_chars(arguments[1], arguments[1] + std::strlen(arguments[1]), wanted.memory);
    const sigset_t signals = handled_signals();
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    const rlimit none{.rlim_cur = 0, .rlim_max = 0};
    ::setrlimit(RLIMIT_CORE, &none);
    const rlimit files{.rlim_cur = 4096, .rlim_max = 4096};
    ::setrlimit(RLIMIT_NOFILE, &files);
    if (wanted.isolated) run_isolated(wanted);
    die_with_parent();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    run_keeper(wanted, listen_on_loopback());
}

}  // namespace millrace::capture
