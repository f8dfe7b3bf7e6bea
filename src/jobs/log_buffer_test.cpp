#include <doctest/doctest.h>

#include "base/utf8.hpp"
#include "jobs/detail/log_buffer.hpp"

using namespace millrace;
using namespace millrace::jobs;
using jobs::detail::LogBuffer;
using observe::Level;

namespace {

const Instant t0{1h};

std::vector<std::string> texts(const std::vector<LogLine>& lines) {
    std::vector<std::string> out;
    for (const auto& line : lines) out.push_back(line.message);
    return out;
}

}  // namespace

TEST_CASE("lines stay until they are known to be committed") {
    LogBuffer log;
    log.add(Level::info, "a", t0);
    log.add(Level::warn, "b", t0 + 1s);
    const auto sent = log.pending(false, t0);
    log.add(Level::info, "c", t0 + 2s);

    CHECK(texts(log.pending(false, t0)) == std::vector<std::string>{"a", "b", "c"});
    log.committed(sent.back().at);
    CHECK(texts(log.pending(true, t0)) == std::vector<std::string>{"c"});
    CHECK(sent[0].level == "info");
    CHECK(sent[1].level == "warn");
}

TEST_CASE("times increase from line to line, whatever the clock does") {
    LogBuffer log;
    for (const auto at : {t0, t0, t0 - 5s, t0 + 1s}) log.add(Level::info, "x", at);

    const auto lines = log.pending(false, t0);
    for (std::size_t i = 1; i < lines.size(); ++i) CHECK(lines[i].at > lines[i - 1].at);
    CHECK(lines.back().at == t0 + 1s);
}

TEST_CASE("an attempt logs a thousand lines, then a last one says how many were dropped") {
    LogBuffer log;
    for (int i = 0; i < 1234; ++i) {
        log.add(Level::info, std::to_string(i), t0);
        if (i % 100 == 0 && i < 1000) log.committed(log.pending(false, t0).back().at);
    }

    const auto lines = log.pending(true, t0);
    CHECK(lines[lines.size() - 2].message == "999");
    CHECK(lines.back().message.starts_with("234 more lines"));
    CHECK(lines.back().at > lines[lines.size() - 2].at);
    CHECK(log.pending(false, t0).back().message == "999");
}

TEST_CASE("an attempt logs 256 KiB, and a line that is too long is cut between characters") {
    LogBuffer log;
    const std::string euros = [] {
        std::string text = "x";
        for (int i = 0; i < 10'000; ++i) text += "€";
        return text;
    }();
    for (int i = 0; i < 40; ++i) log.add(Level::info, euros, t0);

    const auto lines = log.pending(true, t0);
    std::size_t bytes = 0;
    for (const auto& line : lines) bytes += line.message.size();
    CHECK(bytes < 257 * 1024);
    CHECK(lines.back().message.starts_with("8 more lines"));
    CHECK(lines[0].message.size() <= 8192);
    CHECK(lines[0].message.size() > 8180);
    CHECK(lines[0].message.ends_with("€…"));
    CHECK(first_invalid_utf8(lines[0].message) == std::string::npos);
}
