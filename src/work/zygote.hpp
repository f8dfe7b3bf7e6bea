#pragma once

#include <functional>
#include <mutex>

#include "work/sandbox.hpp"

namespace millrace::work {

/// A program that has loaded what its children need, which takes long, and forks one for each piece of work, which takes
/// about a millisecond. It reads nothing of what its children read. Safe to use from several threads.
class Zygote {
public:
    /// Throws Error{unavailable} when no process can be started.
    explicit Zygote(const SandboxProgram& program);

private:
    friend class Sandbox;

    /// Forks a child that has `socket`, and answers its pid.
    int start(int socket, const SandboxLimits& limits);
    /// Kills a child unless it has ended, and says how it ended.
    Ending end(int pid);

    std::mutex asking_;
    Sandbox process_;
    std::string program_;
};

/// What a zygote does after it has loaded everything: forks children until its parent goes. Each confines itself and then
/// does `work`. False when the program was not started by Zygote; does not return in a child.
bool serve_zygote(const std::function<void()>& work);

}  // namespace millrace::work
