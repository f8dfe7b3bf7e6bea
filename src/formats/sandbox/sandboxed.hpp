#pragma once

#include <chrono>
#include <span>

#include "formats/format.hpp"
#include "formats/sandbox/protocol.hpp"
#include "work/sandbox.hpp"

namespace millrace::formats::sandbox {

struct Settings {
    work::SandboxProgram program;
    std::uint64_t memory_bytes = 1ull << 30;
    std::chrono::seconds cpu{60};            ///< for any file
    std::chrono::seconds cpu_per_mib{4};     ///< for every MiB of the file on top of that
    std::chrono::milliseconds silence{60'000};  ///< a child that says nothing for this long is killed
};

/// A format whose bytes are read by a child process that can do nothing but ask for them. Knows no more of the file than
/// the child says, and checks that. What can be wrong beside the errors of the format itself: Error{parser_crashed} when
/// the child dies or talks nonsense, Error{parser_limits} when it takes too much time or memory.
/// The child ends with the thread that opened the table.
class Sandboxed final : public Format {
public:
    explicit Sandboxed(const Format& inner, Settings settings = {}) : inner_{inner}, settings_{std::move(settings)} {}

    std::string_view name() const override { return inner_.name(); }
    std::string_view media_type() const override { return inner_.media_type(); }
    std::span<const std::string_view> extensions() const override { return inner_.extensions(); }
    /// In this process: it looks at the first bytes only.
    double recognise(std::string_view head, std::uint64_t size, std::string_view filename) const override {
        return inner_.recognise(head, size, filename);
    }
    bool is_meant(const json::object& dialect) const override { return inner_.is_meant(dialect); }
    std::vector<TableInfo> tables(Source& source, const ReadOptions& options) const override;
    bool counts_other_tables() const override { return inner_.counts_other_tables(); }
    std::unique_ptr<TableReader> open(Source& source, const ReadOptions& options) const override;

private:
    const Format& inner_;
    Settings settings_;
};

/// A child that waits for a request about `source`; a stop ends it. Its errors name `format`.
std::unique_ptr<Link> start_child(std::string_view format, const Source& source, const Settings& settings, std::stop_token stop = {});

/// The life of a child, from main: gives up its rights, then reads one table with one of `formats`. `arguments` are those
/// behind the name of the command.
[[noreturn]] void run_child(std::span<char* const> arguments, std::span<const Format* const> formats);

}  // namespace millrace::formats::sandbox
