#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::import {

/// A file becomes a dataset. Stages: 10 format_check, 20 duplicate_check, 40 stored, 70 parsed, 90 written, 100.
/// Input: file_id, dataset_id, on_duplicate ("error", "reuse" or "version"), dialect (overrides, see formats/csv).
jobs::Kind kind(const Tools& tools);

}  // namespace millrace::pipelines::import
