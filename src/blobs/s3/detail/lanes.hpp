#pragma once

#include <cstddef>
#include <functional>

namespace millrace::blobs::s3 {

/// Calls `run(0)` to `run(count - 1)`, several at a time, since each mostly waits for an answer. When one throws, no further
/// ones begin, and that is thrown.
void in_lanes(std::size_t count, const std::function<void(std::size_t)>& run);

}  // namespace millrace::blobs::s3
