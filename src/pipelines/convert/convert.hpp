#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::convert {

/// Writes a stored file in another format, without a dataset between.
jobs::Kind kind(const Tools& tools);

}  // namespace millrace::pipelines::convert
