// The child of the tests of formats/sandbox: the formats that run in one, and some that misbehave in every way that the
// sandbox is there for.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "formats/sandbox/sandboxed.hpp"

namespace {

using namespace millrace;
using namespace millrace::formats;

/// What an action found, as the only table of the file.
using Found = std::string;

struct Misbehaving final : Format {
    std::string_view called;
    Found (*act)(Source&);

    Misbehaving(std::string_view n, Found (*a)(Source&)) : called{n}, act{a} {}
    std::string_view name() const override { return called; }
    std::string_view media_type() const override { return ""; }
    std::span<const std::string_view> extensions() const override { return {}; }
    double recognise(std::string_view, std::uint64_t, std::string_view) const override { return 0; }
    std::vector<TableInfo> tables(Source& source, const ReadOptions&) const override { return {{act(source), false}}; }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions&) const override {
        act(source);
        return nullptr;
    }
};

std::string outcome(long result) { return result < 0 ? std::string{std::strerror(errno)} : "done"; }

const Misbehaving misbehaving[] = {
    {"echo", [](Source& source) -> Found {
        std::string text(source.size(), '\0');
        text.resize(source.read(0, text));
        return text;
    }},
    {"crash", [](Source&) -> Found {
        volatile int* nowhere = nullptr;
        *nowhere = 1;
        return {};
    }},
    {"abort", [](Source&) -> Found { std::abort(); }},
    {"throw", [](Source&) -> Found { throw 42; }},
    {"loop", [](Source&) -> Found {
        for (volatile bool on = true; on;) {}
        return {};
    }},
    {"silent", [](Source&) -> Found {
        char byte = 0;
        return outcome(::read(3, &byte, 1));  // the parent has nothing to say
    }},
    {"memory", [](Source&) -> Found {
        std::vector<std::string> all;
        for (;;) all.emplace_back(64 << 20, 'x');
    }},
    {"open a file", [](Source&) -> Found { return outcome(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)); }},
    {"make a socket", [](Source&) -> Found { return outcome(::socket(AF_INET, SOCK_STREAM, 0)); }},
    {"fork", [](Source&) -> Found { return outcome(::fork()); }},
    {"exec", [](Source&) -> Found { return outcome(::execl("/bin/true", "true", nullptr)); }},
    {"kill the parent", [](Source&) -> Found { return outcome(::kill(::getppid(), SIGKILL)); }},
    {"run data", [](Source&) -> Found {
        return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? "denied" : "done";
    }},
    {"environment", [](Source&) -> Found { return ::environ == nullptr || *::environ == nullptr ? "empty" : *::environ; }},
    {"nonsense", [](Source&) -> Found {
        const std::string noise(1000, '\x07');
        return outcome(::write(3, noise.data(), noise.size()));
    }},
};

}  // namespace

int main(int argc, char** argv) {
    std::vector<const Format*> known;
    for (const auto& format : misbehaving) known.push_back(&format);
    for (const auto* format : confined()) known.push_back(format);
    sandbox::run_child(std::span{argv, static_cast<std::size_t>(argc)}.subspan(2), known);
}
