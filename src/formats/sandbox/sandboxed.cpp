#include "formats/sandbox/sandboxed.hpp"

#include <clocale>
#include <csignal>
#include <cstdlib>

#include "formats/sandbox/child.hpp"
#include "formats/sandbox/parent.hpp"

namespace millrace::formats::sandbox {
namespace {

work::SandboxLimits limits_for(const Source& source, const Settings& settings) {
    const auto mib = static_cast<std::int64_t>(source.size() >> 20);
    return {.memory_bytes = settings.memory_bytes, .cpu = settings.cpu + settings.cpu_per_mib * mib};
}

/// The connection to a process. Says how the child ended when it has. A stop ends it at once, however busy the child is.
class ProcessLink final : public Link {
public:
    ProcessLink(std::string_view format, const Source& source, const Settings& settings, std::stop_token stop)
        : format_{format}, silence_{settings.silence}, stop_{std::move(stop)}, child_{settings.program, limits_for(source, settings)} {}

    void read(std::span<char> into) override { check(child_.read(into, in(silence_))); }
    void write(std::string_view bytes) override { check(child_.write(bytes, in(silence_))); }

private:
    void check(work::Sandbox::Outcome outcome) {
        if (outcome == work::Sandbox::Outcome::done) return;
        if (stop_.stop_requested()) throw Error{Code::cancelled};
        const auto ending = child_.end();
        if (outcome == work::Sandbox::Outcome::late) limits("time");
        if (ending.signal == SIGXCPU || ending.signal == SIGKILL) limits(ending.signal == SIGXCPU ? "time" : "time or memory");
        throw Error{Code::parser_crashed, {{"format", format_}, {"why", ending.text()}}};
    }
    [[noreturn]] void limits(const char* what) const { throw Error{Code::parser_limits, {{"format", format_}, {"why", what}}}; }

    std::string format_;
    std::chrono::milliseconds silence_;
    std::stop_token stop_;
    work::Sandbox child_;
    std::stop_callback<std::function<void()>> on_stop_{stop_, [this] { child_.close(); }};
};

class ChildLink final : public Link {
public:
    void read(std::span<char> into) override { require(socket_.read(into)); }
    void write(std::string_view bytes) override { require(socket_.write(bytes)); }

private:
    struct ParentGone {};
    static void require(bool done) {
        if (!done) throw ParentGone{};
    }
    work::SandboxSocket socket_;
};

}  // namespace

std::vector<TableInfo> Sandboxed::tables(Source& source, const ReadOptions& options) const {
    ProcessLink link{name(), source, settings_, options.stop};
    return ask_tables(link, name(), source, options);
}

std::unique_ptr<TableReader> Sandboxed::open(Source& source, const ReadOptions& options) const {
    return ask_table(start_child(name(), source, settings_, options.stop), name(), source, options);
}

std::unique_ptr<Link> start_child(std::string_view format, const Source& source, const Settings& settings, std::stop_token stop) {
    return std::make_unique<ProcessLink>(format, source, settings, std::move(stop));
}

void run_child(std::span<char* const> arguments, std::span<const Format* const> formats) {
    // Names in archives are UTF-8, which libarchive takes from the locale; later no file can be opened for it.
    std::setlocale(LC_CTYPE, "C.UTF-8");
    // Without destructors and exit handlers: nothing of the process is worth keeping.
    if (!work::confine(arguments)) std::_Exit(2);
    try {
        ChildLink link;
        serve(link, formats);
    } catch (...) {
        std::_Exit(1);  // nobody is left to be told, or it is a mistake in a format
    }
    std::_Exit(0);
}

}  // namespace millrace::formats::sandbox
