#pragma once

#include <string>

namespace millrace::capture::detail {

/// What a base64 text (RFC 4648) stands for takes its place; no further memory is needed. Throws Error{capture_failed}.
void decode_base64(std::string& text);

}  // namespace millrace::capture::detail
