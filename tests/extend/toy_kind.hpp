#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::toy {

/// Doubles the number `n` of its input.
jobs::Kind kind();

}  // namespace millrace::pipelines::toy
