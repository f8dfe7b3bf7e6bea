#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/terminal.hpp"
#include "observe/log.hpp"

namespace millrace::cli {

/// Where a server's log goes: JSON lines on stderr, or on a terminal the same as short lines for people.
std::unique_ptr<observe::LogSink> console_sink(const Terminal& terminal);

/// A JSON line of the log as "16:39:11 info  job settled  job=... state=completed"; itself when it is no such line.
std::string human_line(std::string_view line, const Terminal& terminal);

}  // namespace millrace::cli
