#include "work/failpoint.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "base/error.hpp"

namespace millrace::work {
namespace {

constexpr std::string_view names[] = {
#define X(name) name,
#include "work/failpoints.inc"
#undef X
    "work.test",  // for the tests of this folder
};

enum class Action { abort, kill, sleep, error, hold };

struct Armed {
    Action action = Action::error;
    std::string path;
    std::chrono::milliseconds pause{};
    int only_hit = 0;  ///< 0 = every hit
    int hits = 0;
};

// Process-wide by nature, like the environment variable that sets it: a point must not need a dependency passed to it.
std::mutex mutex;
std::map<std::string, Armed, std::less<>> armed;

[[noreturn]] void refuse(std::string_view entry, std::string why) {
    throw Error{Code::invalid_config,
                {{"key", "MILLRACE_FAILPOINT"}, {"origin", "environment"}, {"why", std::string{entry} + ": " + why}}};
}

std::optional<int> whole(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

std::pair<std::string, Armed> read_entry(const std::string_view entry) {
    const auto colon = entry.find(':');
    if (colon == entry.npos) refuse(entry, "expected name:action");
    const auto name = entry.substr(0, colon);
    if (std::ranges::find(names, name) == std::end(names)) refuse(entry, "there is no such fail point");
    auto rest = entry.substr(colon + 1);
    Armed point;
    if (const auto at = rest.rfind('@'); at != rest.npos) {
        const auto hit = whole(rest.substr(at + 1));
        if (!hit || *hit == 0) refuse(entry, "expected the number of a hit after @");
        point.only_hit = *hit;
        rest = rest.substr(0, at);
    }
    const auto split = rest.find(':');
    const auto action = rest.substr(0, split);
    const auto argument = split == rest.npos ? std::string_view{} : rest.substr(split + 1);
    if (action == "abort") {
        point.action = Action::abort;
    } else if (action == "kill") {
        point.action = Action::kill;
    } else if (action == "error") {
        point.action = Action::error;
    } else if (action == "sleep") {
        const auto pause = whole(argument);
        if (!pause) refuse(entry, "expected sleep:MILLISECONDS");
        point.action = Action::sleep;
        point.pause = std::chrono::milliseconds{*pause};
    } else if (action == "hold") {
        if (argument.empty()) refuse(entry, "expected hold:PATH");
        point.action = Action::hold;
        point.path = argument;
    } else {
        refuse(entry, "the actions are abort, kill, sleep:MS, error and hold:PATH");
    }
    return {std::string{name}, point};
}

void hold(const std::string& path) {
    if (const int file = ::open((path + ".held").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600); file >= 0) ::close(file);
    while (::access(path.c_str(), F_OK) != 0) std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

}  // namespace

std::atomic<bool> detail::failpoints_armed = false;

std::span<const std::string_view> failpoints() { return {names, std::size(names) - 1}; }

void arm_failpoints(std::string_view specification) {
    decltype(armed) next;
    while (!specification.empty()) {
        const auto comma = specification.find(',');
        next.insert(read_entry(specification.substr(0, comma)));
        specification = comma == specification.npos ? std::string_view{} : specification.substr(comma + 1);
    }
    const std::lock_guard lock{mutex};
    armed = std::move(next);
    detail::failpoints_armed = !armed.empty();
}

int failpoint_hits(std::string_view name) {
    const std::lock_guard lock{mutex};
    const auto found = armed.find(name);
    return found == armed.end() ? 0 : found->second.hits;
}

void detail::hit(std::string_view name) {
    Armed now;
    {
        const std::lock_guard lock{mutex};
        const auto found = armed.find(name);
        if (found == armed.end()) return;
        const int hits = ++found->second.hits;
        if (found->second.only_hit != 0 && hits != found->second.only_hit) return;
        now = found->second;
    }
    switch (now.action) {
        case Action::abort:
            std::_Exit(137);
        case Action::kill:
            std::raise(SIGKILL);
            return;
        case Action::sleep:
            std::this_thread::sleep_for(now.pause);
            return;
        case Action::hold:
            hold(now.path);
            return;
        case Action::error:
            throw Error{Code::internal, {{"failpoint", std::string{name}}}};
    }
}

}  // namespace millrace::work
