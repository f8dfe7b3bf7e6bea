#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <memory>
#include <optional>

#include "work/detail/sandbox_socket.hpp"
#include "work/sandbox.hpp"

namespace millrace::work {
namespace {

// Test builds: the sanitizers reserve terabytes of address space and look at memory through pipes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif
#else
constexpr bool is_sanitized = false;
#endif

std::optional<std::uint64_t> number(const char* text) {
    std::uint64_t value = 0;
    const char* const end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, value);
    if (error != std::errc{} || stop != end || value == 0) return std::nullopt;
    return value;
}

bool limit(__rlimit_resource what, rlim_t value) {
    const rlimit both{.rlim_cur = value, .rlim_max = value};
    return ::setrlimit(what, &both) == 0;
}

bool limit_resources(std::uint64_t memory, std::uint64_t cpu) {
    if (!is_sanitized && !(limit(RLIMIT_AS, memory) && limit(RLIMIT_NOFILE, 0))) return false;
    // SIGXCPU says what went wrong; SIGKILL comes a little later.
    const rlimit seconds{.rlim_cur = cpu, .rlim_max = cpu + 5};
    return ::setrlimit(RLIMIT_CPU, &seconds) == 0 && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CORE, 0) &&
           limit(RLIMIT_NPROC, 0) && limit(RLIMIT_MSGQUEUE, 0) && limit(RLIMIT_MEMLOCK, 0);
}

/// Denies every file, where the kernel knows Landlock. The filter of system calls does too: two locks on one door.
bool lock_files() {
    const auto version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return true;
    landlock_ruleset_attr rules{};
    rules.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
    const auto set = ::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules.handled_access_fs, 0);
    if (set < 0) return false;
    const bool done = ::syscall(SYS_landlock_restrict_self, set, 0) == 0;
    ::close(static_cast<int>(set));
    return done;
}

/// Allows the calls of a program that computes and talks to its socket. Any other ends the process, except those that
/// libraries make in passing and can do without.
bool filter_calls() {
    const std::unique_ptr<void, void (*)(void*)> filter{seccomp_init(SCMP_ACT_KILL_PROCESS), seccomp_release};
    if (!filter) return false;
    for (const int call : {SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(futex),
                           SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
                           SCMP_SYS(getrandom), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction),
                           SCMP_SYS(sigaltstack), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall)}) {
        if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) != 0) return false;
    }
    if (is_sanitized) {
        for (const int call : {SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(close), SCMP_SYS(write)}) {
            if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0) != 0) return false;
        }
    }
    const auto only = [&](int call, unsigned argument, scmp_compare how, scmp_datum_t value) {
        return seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1, scmp_arg_cmp{argument, how, value, 0}) == 0;
    };
    const auto socket = static_cast<scmp_datum_t>(detail::sandbox_socket);
    if (!only(SCMP_SYS(read), 0, SCMP_CMP_EQ, socket) || !only(SCMP_SYS(write), 0, SCMP_CMP_EQ, socket)) return false;
    // What libraries say to people is not heard.
    if (!is_sanitized && seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EBADF), SCMP_SYS(write), 1, scmp_arg_cmp{0, SCMP_CMP_EQ, 2, 0}) != 0) return false;
    // abort(), so that a failed assertion is seen as what it is.
    if (!only(SCMP_SYS(tgkill), 0, SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid()))) return false;
    // Memory may be made readable and writable, never executable.
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
        if (seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 1, scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}) != 0) return false;
    }
    for (const int call : {SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(ioctl),
                           SCMP_SYS(readlink), SCMP_SYS(access), SCMP_SYS(prlimit64), SCMP_SYS(sysinfo)}) {
        if (seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0) != 0) return false;
    }
    return seccomp_load(filter.get()) == 0;
}

}  // namespace

void isolate() {
    // Where an administrator forbids namespaces the filter of calls still denies the network.
    ::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC);
}

bool confine(const SandboxLimits& limits) {
    // Behind new namespaces, which would undo it.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    ::prctl(PR_SET_DUMPABLE, 0);
    return lock_files() && limit_resources(limits.memory_bytes, static_cast<std::uint64_t>(limits.cpu.count())) && filter_calls();
}

bool confine(std::span<char* const> arguments) {
    if (arguments.size() != 2) return false;
    const auto memory = number(arguments[0]);
    const auto cpu = number(arguments[1]);
    int kind = 0;
    socklen_t size = sizeof kind;
    const bool started_by_us = ::getsockopt(detail::sandbox_socket, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_STREAM;
    if (!memory || !cpu || !started_by_us) return false;
    isolate();
    return confine({.memory_bytes = *memory, .cpu = std::chrono::seconds{static_cast<std::int64_t>(*cpu)}});
}

}  // namespace millrace::work
