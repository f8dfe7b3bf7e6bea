#pragma once

#include "work/sandbox.hpp"

namespace millrace::work::detail {
constexpr int sandbox_socket = 3;  ///< descriptor of a child's socket
/// What a status of waitpid says.
Ending ending_of(int status);
}
