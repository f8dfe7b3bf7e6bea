#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::export_ {

/// A dataset becomes a file of another format, owned by whoever owns the job. Stages: 5 opened, 95 written, 100.
/// Input: dataset_id, and what datasets::ExportRequest has. Result: file_id, filename, files[], manifest.
jobs::Kind kind(const Tools& tools);

}  // namespace millrace::pipelines::export_
