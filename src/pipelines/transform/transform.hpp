#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::transform {

/// Makes a stored file into another one by a mapping spec: result, rejects and problems are files of the job's owner.
jobs::Kind kind(const Tools& tools);

/// Holds a stored file against rules: what is wrong with which cell, as a file of problems and one of the rejected rows.
jobs::Kind validation_kind(const Tools& tools);

}  // namespace millrace::pipelines::transform
