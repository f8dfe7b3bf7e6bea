#pragma once

namespace millrace::work::detail {
constexpr int sandbox_socket = 3;  ///< descriptor of a child's socket
}
