#pragma once

#include "formats/sandbox/protocol.hpp"

namespace millrace::formats::sandbox {

/// Answers the one request that comes over `link`, with one of `formats`. Errors of the file become frames.
void serve(Link& link, std::span<const Format* const> formats);

}  // namespace millrace::formats::sandbox
