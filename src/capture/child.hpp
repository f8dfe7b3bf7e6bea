#pragma once

#include <span>

namespace millrace::capture {

/// The program as the keeper of a browser: gives up its rights, makes the namespaces, starts the browser in them and ends
/// when it ends, or when it takes too much memory. `arguments` are those of main behind the name of the command.
[[noreturn]] void run_child(std::span<char* const> arguments);

}  // namespace millrace::capture
