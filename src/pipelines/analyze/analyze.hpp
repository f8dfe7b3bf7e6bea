#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::analyze {

/// Reads a stored file and says what it is: its structure, dialect, schema, profile, quality and keys, as a file of JSON,
/// a report to read, and in the result as far as it is small. No dataset is made.
jobs::Kind kind(const Tools& tools);

}  // namespace millrace::pipelines::analyze
