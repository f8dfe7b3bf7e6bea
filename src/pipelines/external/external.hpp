#pragma once

#include "jobs/engine.hpp"

namespace millrace::pipelines::external {

/// A job that is done elsewhere: its owner reports start, progress and end by the API. Has no handler here.
jobs::Kind kind();

}  // namespace millrace::pipelines::external
