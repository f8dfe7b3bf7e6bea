#pragma once

#include <vector>

#include "jobs/job.hpp"
#include "observe/log.hpp"

namespace millrace::jobs::detail {

/// The log lines of one attempt that are not known to be committed. It keeps a line until it is, so whatever is sent
/// holds all that was sent before and may have been lost; times increase from line to line, so that a store sees which
/// it has. Bounded: what is beyond the limits is counted only. Used under the lock of its owner.
class LogBuffer {
public:
    static constexpr std::size_t lines_max = 1000;            ///< of an attempt
    static constexpr std::size_t bytes_max = 256 * 1024;      ///< of an attempt
    static constexpr std::size_t line_bytes_max = 8 * 1024;   ///< a longer one is cut

    void add(observe::Level level, std::string_view text, Instant now);
    /// What is to be committed; with `ending`, the last line says how many were dropped, if any.
    std::vector<LogLine> pending(bool ending, Instant now) const;
    /// Lines up to this time are committed.
    void committed(Instant last);

private:
    std::vector<LogLine> lines_;
    Instant last_{};
    std::size_t kept_ = 0, bytes_ = 0, dropped_ = 0;
};

}  // namespace millrace::jobs::detail
