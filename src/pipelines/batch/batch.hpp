#pragma once

#include "jobs/engine.hpp"

namespace millrace::pipelines::batch {

/// One operation on many files. Nobody runs it: it is running while the jobs of its files are, and ends with the last of
/// them; completed, unless all have failed.
jobs::Kind kind();

}  // namespace millrace::pipelines::batch
