#pragma once

/// What the keeper of a browser and its parent agree on.
namespace millrace::capture::detail {

constexpr int pipe_in = 3;   ///< the browser reads commands here
constexpr int pipe_out = 4;  ///< and writes here; both are the one socket to the parent

constexpr int exit_memory = 71;    ///< the browser took more memory than it may
constexpr int exit_no_program = 72;  ///< there is no such browser

/// The first byte that comes from the keeper: with `ready` comes the socket that the proxy accepts on; after `refused`, why
/// the browser cannot be isolated, up to the end.
constexpr char ready = '+';
constexpr char refused = '-';

}  // namespace millrace::capture::detail
