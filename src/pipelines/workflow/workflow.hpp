#pragma once

#include "jobs/engine.hpp"

namespace millrace::pipelines::workflow {

/// The parent of the jobs of a workflow. Nobody runs it: it is running while they are, and ends with the last of them.
jobs::Kind kind();

}  // namespace millrace::pipelines::workflow
