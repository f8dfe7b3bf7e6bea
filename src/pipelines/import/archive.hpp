#pragma once

#include "formats/format.hpp"
#include "intake/file.hpp"
#include "pipelines/catalog.hpp"

namespace millrace::pipelines::import {

/// Unpacks an archive: each of its data files becomes a file of its owner with an import of its own, a child of this job,
/// made in one commit. The job goes on when they have ended, see `finish_archive`. Ids derive from the job and the path of
/// the member, so a rerun makes the same. Throws what formats::unpack::each_member throws, and Error{unsupported_format}
/// when there is nothing to import.
void import_archive(const Tools& tools, jobs::Context& context, const intake::File& file, formats::Source& archive);

/// The end of such a job: false for a job that has unpacked nothing yet. It fails when no member became a dataset.
/// Result: {"members": [{"filename", "status", "file_id", "job_id", "dataset_id", "error"}]}, in the order of the archive;
/// `status` is that of the member's job, or "skipped".
bool finish_archive(const Tools& tools, jobs::Context& context);

}  // namespace millrace::pipelines::import
