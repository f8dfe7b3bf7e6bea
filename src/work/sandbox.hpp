#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.hpp"

/// A child process for code that reads untrusted bytes: it has one socket to its parent and nothing else, no files, no
/// network, no other processes. Parent and child are the same program, which main starts as a child before anything else.
namespace millrace::work {

/// What a child may use. It ends with a signal when it takes more CPU time; memory beyond the limit is std::bad_alloc.
struct SandboxLimits {
    std::uint64_t memory_bytes = 1ull << 30;  ///< of address space, the program itself included
    std::chrono::seconds cpu{300};
};

/// Which program is started as a child. Its arguments end with what `SandboxLimits` says, see `confine`.
struct SandboxProgram {
    std::string path = "/proc/self/exe";
    std::string argument = "sandbox";
    std::vector<std::string> environment;  ///< NAME=VALUE; nothing else is inherited
};

/// How a child ended.
struct Ending {
    int signal = 0;  ///< 0: it exited
    int status = 0;
    /// For people: "signal 11 (Segmentation fault)", "status 1".
    std::string text() const;
};

class Zygote;

/// A running child, seen from its parent. Killed and reaped when this goes, or with the thread that started it.
/// One thread at a time.
class Sandbox {
public:
    /// Throws Error{unavailable} when no process can be started.
    Sandbox(const SandboxProgram& program, const SandboxLimits& limits);
    /// A child that the zygote forks, and that lives no longer than it.
    Sandbox(Zygote& zygote, const SandboxLimits& limits);
    ~Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;

    enum class Outcome { done, closed, late };
    /// Fills `into`. `closed`: the child is gone.
    Outcome read(std::span<char> into, Deadline deadline);
    Outcome write(std::string_view bytes, Deadline deadline);
    /// From now on `read` and `write` answer `closed`, also those that wait. May be called by any thread.
    void close();
    /// Kills the child unless it has ended, and says how it ended.
    Ending end();

private:
    friend class Zygote;
    bool wait_for(short events, Deadline deadline) const;

    int socket_ = -1;
    int pid_ = -1;
    Zygote* zygote_ = nullptr;  ///< whose child it is, where it is not ours
    std::optional<Ending> ending_;
};

/// The socket of a child, seen from the child.
class SandboxSocket {
public:
    /// Fills `into`; false when the parent is gone.
    bool read(std::span<char> into);
    bool write(std::string_view bytes);
};

/// The child gives up all rights that it will not need, before it reads anything. `arguments` are those of main behind
/// the name of the command. False when the program was not started by Sandbox or a right cannot be given up.
bool confine(std::span<char* const> arguments);
/// The same with limits that are known otherwise. Namespaces stay those of the program.
bool confine(const SandboxLimits& limits);
/// New namespaces of users, network and IPC, where an administrator allows them.
void isolate();

}  // namespace millrace::work
