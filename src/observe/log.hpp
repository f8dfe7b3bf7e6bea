#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/describe.hpp"
#include "base/uuid.hpp"

namespace millrace::observe {

BOOST_DEFINE_ENUM_CLASS(Level, debug, info, warn, error, off)

/// One name and value of a log line. Texts are borrowed until the end of the call. Durations are written in
/// milliseconds, so name them `ms`; ids and described enums as their words.
class Field {
public:
    template <class T>
    Field(std::string_view name, const T& value) : name_{name} {
        if constexpr (std::same_as<T, bool> || std::same_as<T, double> || std::same_as<T, Uuid>) {
            value_ = value;
        } else if constexpr (std::convertible_to<const T&, std::string_view>) {
            value_ = std::string_view{value};
        } else if constexpr (millrace::detail::DescribedEnum<T>) {
            value_ = word(value);
        } else if constexpr (std::same_as<T, Code>) {
            value_ = to_string(value);
        } else if constexpr (std::unsigned_integral<T>) {
            value_ = std::uint64_t{value};
        } else if constexpr (std::integral<T>) {
            value_ = std::int64_t{value};
        } else if constexpr (std::floating_point<T>) {
            value_ = static_cast<double>(value);
        } else if constexpr (std::same_as<T, Instant>) {
            value_ = value;
        } else {
            value_ = std::chrono::duration<double, std::milli>{value}.count();
        }
    }

    void append_to(std::string& line) const;  ///< `,"name":value`

private:
    std::string_view name_;
    std::variant<bool, std::int64_t, std::uint64_t, double, Uuid, Instant, std::string_view> value_;
};

using Fields = std::initializer_list<Field>;

/// Where finished lines go. Implementations are safe from any thread.
struct LogSink {
    virtual ~LogSink() = default;
    /// `line` is one JSON object and a newline.
    virtual void write(Level level, std::string_view line) = 0;
    /// Returns when everything written before is out of this process.
    virtual void flush() {}
};

/// Writes lines to a file descriptor from a thread of its own, so that a slow disk or a full pipe never holds up a
/// job. Beyond `backlog_max` bytes lines are dropped, counted, and the number reported when writing goes on.
class DescriptorSink final : public LogSink {
public:
    /// Does not close `descriptor`.
    explicit DescriptorSink(int descriptor, std::size_t backlog_max = 4 << 20);
    /// Writes what is left.
    ~DescriptorSink() override;

    void write(Level level, std::string_view line) override;
    void flush() override;
    std::uint64_t dropped() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Structured log: one line of JSON per thing that happened, a fixed message and fields.
///
///     log.info("job settled", {{"job", id}, {"state", state}, {"ms", elapsed}});
///     {"at":"2026-11-22T15:47:00.123Z","level":"info","message":"job settled","job":"...","state":"completed","ms":12.5}
///
/// Everything is escaped: no value can end its line or forge another. Ids yes, values and secrets no; a token appears
/// as its `token_hash`. Safe from any thread; a value, cheap to copy. The sink and the clock outlive it.
class Log {
public:
    Log(LogSink& sink, const Clock& clock, Level level = Level::info) : sink_{&sink}, clock_{&clock}, level_{level} {}
    /// Says nothing; for tests and tools.
    Log() = default;

    /// A log whose lines all carry `fields` as well.
    Log with(Fields fields) const;

    void debug(std::string_view message, Fields fields = {}) const { write(Level::debug, message, fields); }
    void info(std::string_view message, Fields fields = {}) const { write(Level::info, message, fields); }
    void warn(std::string_view message, Fields fields = {}) const { write(Level::warn, message, fields); }
    void error(std::string_view message, Fields fields = {}) const { write(Level::error, message, fields); }
    /// For fields that are known at run time only.
    void write(Level level, std::string_view message, const std::vector<Field>& fields) const {
        if (enabled(level)) write(level, message, fields.data(), fields.size());
    }

    bool enabled(Level level) const { return level >= level_ && level_ != Level::off; }

private:
    void write(Level level, std::string_view message, Fields fields) const {
        if (enabled(level)) write(level, message, fields.begin(), fields.size());
    }
    void write(Level level, std::string_view message, const Field* fields, std::size_t count) const;

    LogSink* sink_ = nullptr;
    const Clock* clock_ = nullptr;
    Level level_ = Level::off;
    std::string bound_;  ///< the fields of `with`, already written
};

/// Eight characters that tell two secrets apart in a log and say nothing about them.
std::string token_hash(std::string_view secret);

/// Keeps lines in memory; for tests.
class MemorySink final : public LogSink {
public:
    void write(Level level, std::string_view line) override;
    std::vector<std::string> lines() const;

private:
    struct State;
    std::shared_ptr<State> state_ = make();
    static std::shared_ptr<State> make();
};

}  // namespace millrace::observe
