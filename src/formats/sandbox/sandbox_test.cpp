#include "formats/sandbox/sandboxed.hpp"

#include <doctest/doctest.h>

#include <thread>

#include "base/error.hpp"
#include "formats/sheet/testing.hpp"
#include "formats/xlsx/testing.hpp"
#include "formats/xlsx/xlsx.hpp"

using namespace millrace;
using namespace millrace::formats;

namespace {

/// What this process knows of a format that the child has.
struct Named final : Format {
    std::string called;
    explicit Named(std::string n) : called{std::move(n)} {}
    std::string_view name() const override { return called; }
    std::string_view media_type() const override { return ""; }
    std::span<const std::string_view> extensions() const override { return {}; }
    double recognise(std::string_view, std::uint64_t, std::string_view) const override { return 0; }
    std::unique_ptr<TableReader> open(Source&, const ReadOptions&) const override { throw std::logic_error("in this process"); }
};

sandbox::Settings settings() { return {.program = {.path = MILLRACE_SANDBOX_CHILD}}; }

/// What the child answers to a request for the tables of `bytes`.
std::string answer_of(const std::string& format, std::string bytes = "", sandbox::Settings with = settings()) {
    const Named inner{format};
    const sandbox::Sandboxed sandboxed{inner, with};
    TextSource source{std::move(bytes)};
    try {
        return sandboxed.tables(source, {}).at(0).name;
    } catch (const Error& error) {
        return std::string{to_string(error.code())} + ": " + *error.arg("why");
    }
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

}  // namespace

TEST_CASE("a child reads bytes that it cannot open itself") {
    std::string bytes;
    for (int i = 0; i < 100'000; ++i) bytes += std::to_string(i) + " ";

    CHECK((answer_of("echo", bytes) == bytes));  // both are long
    CHECK(answer_of("echo", "") == "");
}

TEST_CASE("a child has no files, no network, no other processes and no environment") {
    CHECK(answer_of("open a file") == "Operation not permitted");
    CHECK(answer_of("environment") == "empty");
    for (const auto* act : {"make a socket", "fork", "exec", "kill the parent", "run data"}) {
        CAPTURE(act);
        CHECK(answer_of(act) == "parser_crashed: signal 31 (Bad system call)");
    }
}

TEST_CASE("a child that dies or talks nonsense ends its file and nothing else") {
    if (!sanitized) CHECK(answer_of("crash") == "parser_crashed: signal 11 (Segmentation fault)");
    if (!sanitized) CHECK(answer_of("abort") == "parser_crashed: signal 6 (Aborted)");
    CHECK(answer_of("throw") == "parser_crashed: status 1");
    CHECK(answer_of("nonsense") == "parser_crashed: a frame is too large");
    CHECK(answer_of("echo", "still here") == "still here");
}

TEST_CASE("a child that takes too much is ended") {
    auto hasty = settings();
    hasty.cpu = std::chrono::seconds{1};
    CHECK(answer_of("loop", "", hasty) == "parser_limits: time");
    auto impatient = settings();
    impatient.silence = std::chrono::milliseconds{200};
    CHECK(answer_of("silent", "", impatient) == "parser_limits: time");
    if (!sanitized) CHECK(answer_of("memory") == "parser_limits: memory");
}

TEST_CASE("a stop ends a child at once, however busy it is") {
    for (const auto* act : {"loop", "silent"}) {
        CAPTURE(act);
        const Named inner{act};
        TextSource source{""};
        ReadOptions options;
        std::stop_source stop;
        options.stop = stop.get_token();
        const std::jthread stopper{[&] { stop.request_stop(); }};

        CHECK(code_of([&] { sandbox::Sandboxed{inner, settings()}.tables(source, options); }) == Code::cancelled);
    }
}

TEST_CASE("a program that is not a child of this one is refused") {
    auto wrong = settings();
    wrong.program.path = "/nowhere";
    const Named inner{"echo"};
    TextSource source{""};
    CHECK(code_of([&] { sandbox::Sandboxed{inner, wrong}.tables(source, {}); }) == Code::unavailable);
    wrong.program.path = "/bin/true";
    CHECK(code_of([&] { sandbox::Sandboxed{inner, wrong}.tables(source, {}); }) == Code::parser_crashed);
}

TEST_CASE("a sandboxed format reads as it does without") {
    std::string rows;
    for (int i = 1; i < 20'000; ++i) {
        const auto n = std::to_string(i);
        rows += "<row r=\"" + n + "\"><c r=\"A" + n + "\"><v>" + n + "</v></c><c r=\"B" + n + "\" t=\"str\"><v>text " + n + "</v></c>" +
                (i == 15'000 ? "<c r=\"D15000\"><v>1</v></c>" : "") + "</row>";
    }
    const auto bytes = xlsx::book_of({.sheets = {{.name = "shown", .rows = rows}, {.name = "not shown", .rows = rows, .attributes = "state=\"hidden\""}}});
    const sandbox::Sandboxed sandboxed{xlsx::format(), settings()};

    const auto want = formats::read_all(xlsx::format(), bytes);
    const auto got = formats::read_all(sandboxed, bytes);
    CHECK(got.names == want.names);
    CHECK(got.header == want.header);
    CHECK(got.rows == want.rows);
    REQUIRE(got.rejects.size() == 1);
    CHECK(got.rejects[0].raw == want.rejects.at(0).raw);
    CHECK(got.report.rows_in == want.report.rows_in);
    CHECK(got.report.dialect == want.report.dialect);
    CHECK(got.report.warnings == want.report.warnings);
    CHECK(sheet::tables_of(sandboxed, bytes) == sheet::tables_of(xlsx::format(), bytes));
}

TEST_CASE("errors of a file come through with their arguments") {
    const sandbox::Sandboxed sandboxed{xlsx::format(), settings()};
    TextSource source{"PK\x03\x04 and nothing"};
    try {
        sandboxed.open(source, {});
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.code() == Code::malformed_file);
        CHECK(*error.arg("why") == "the archive is incomplete or no archive");
    }
}

TEST_CASE("a reader that is dropped half way ends its child") {
    std::string rows;
    for (int i = 1; i < 50'000; ++i) rows += "<row><c><v>" + std::to_string(i) + "</v></c><c><v>2</v></c></row>";
    const sandbox::Sandboxed sandboxed{xlsx::format(), settings()};
    TextSource source{xlsx::sheet_of(rows)};
    const auto reader = sandboxed.open(source, {});
    TextBatch batch;
    CHECK(reader->next(batch));
}

TEST_CASE("an error of the source is not one of the child") {
    struct Failing final : Source {
        std::uint64_t size() const override { return 1000; }
        std::size_t read(std::uint64_t, std::span<char>) override { throw Error{Code::storage_failed, {{"why", "disk"}}}; }
    };
    const Named inner{"echo"};
    Failing source;
    CHECK(code_of([&] { sandbox::Sandboxed{inner, settings()}.tables(source, {}); }) == Code::storage_failed);
}
