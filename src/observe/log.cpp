#include "observe/log.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/hash.hpp"

namespace millrace::observe {
namespace {

/// Writes everything, also to a pipe that is full or non-blocking. Gives up on an error: there is nobody to tell.
void write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const auto n = ::write(descriptor, text.data(), text.size());
        if (n >= 0) {
            text.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            pollfd waiting{descriptor, POLLOUT, 0};
            ::poll(&waiting, 1, 1000);
        } else if (errno != EINTR) {
            return;
        }
    }
}

}  // namespace

void Field::append_to(std::string& line) const {
    line += ',';
    json::append_string(line, name_);
    line += ':';
    // Integers stay numbers beyond 2^53 too: log readers are not JavaScript, and a type that changes breaks their index.
    std::visit(
        [&](const auto& value) {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::same_as<T, std::int64_t> || std::same_as<T, std::uint64_t>) {
                fmt::format_to(std::back_inserter(line), "{}", value);
            } else {
                append_json(line, value);
            }
        },
        value_);
}

struct DescriptorSink::State {
    const int descriptor;
    const std::size_t backlog_max;
    mutable std::mutex mutex;
    std::condition_variable filled;
    std::condition_variable written;
    std::string backlog;
    std::uint64_t dropped = 0;
    std::uint64_t dropped_reported = 0;
    bool writing = false;
    bool stopping = false;
    std::jthread thread;

    void run() {
        std::string out;
        std::unique_lock lock{mutex};
        while (true) {
            filled.wait(lock, [&] { return stopping || !backlog.empty(); });
            if (backlog.empty()) return;
            out.clear();
            out.swap(backlog);
            if (dropped != dropped_reported) {
                fmt::format_to(std::back_inserter(out), "{{\"at\":\"{}\",\"level\":\"warn\",\"message\":\"log lines "
                               "dropped\",\"count\":{}}}\n", to_rfc3339(SystemClock{}.now()), dropped - dropped_reported);
                dropped_reported = dropped;
            }
            writing = true;
            lock.unlock();
            write_all(descriptor, out);
            lock.lock();
            writing = false;
            written.notify_all();
        }
    }
};

DescriptorSink::DescriptorSink(int descriptor, std::size_t backlog_max)
    : state_{new State{.descriptor = descriptor, .backlog_max = backlog_max}} {
    state_->thread = std::jthread{[state = state_.get()] { state->run(); }};
}

DescriptorSink::~DescriptorSink() {
    {
        const std::lock_guard lock{state_->mutex};
        state_->stopping = true;
    }
    state_->filled.notify_one();
    state_->thread.join();
}

void DescriptorSink::write(Level, std::string_view line) {
    bool first = false;
    {
        const std::lock_guard lock{state_->mutex};
        if (state_->backlog.size() + line.size() > state_->backlog_max) {
            ++state_->dropped;
            return;
        }
        first = state_->backlog.empty() && !state_->writing;
        state_->backlog += line;
    }
    if (first) state_->filled.notify_one();
}

void DescriptorSink::flush() {
    std::unique_lock lock{state_->mutex};
    state_->written.wait(lock, [&] { return state_->backlog.empty() && !state_->writing; });
}

std::uint64_t DescriptorSink::dropped() const {
    const std::lock_guard lock{state_->mutex};
    return state_->dropped;
}

Log Log::with(Fields fields) const {
    Log child = *this;
    for (const auto& field : fields) field.append_to(child.bound_);
    return child;
}

void Log::write(Level level, std::string_view message, const Field* fields, std::size_t count) const {
    thread_local std::string line;
    line.clear();
    line += "{\"at\":\"";
    line += to_rfc3339(clock_->now());
    line += "\",\"level\":\"";
    line += word(level);
    line += "\",\"message\":";
    json::append_string(line, message);
    line += bound_;
    for (std::size_t i = 0; i < count; ++i) fields[i].append_to(line);
    line += "}\n";
    sink_->write(level, line);
}

std::string token_hash(std::string_view secret) { return to_hex(sha256(secret)).substr(0, 8); }

struct MemorySink::State {
    mutable std::mutex mutex;
    std::vector<std::string> lines;
};

std::shared_ptr<MemorySink::State> MemorySink::make() { return std::make_shared<State>(); }

void MemorySink::write(Level, std::string_view line) {
    const std::lock_guard lock{state_->mutex};
    state_->lines.emplace_back(line);
}

std::vector<std::string> MemorySink::lines() const {
    const std::lock_guard lock{state_->mutex};
    return state_->lines;
}

}  // namespace millrace::observe
