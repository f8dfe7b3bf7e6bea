#pragma once

#include "pipelines/catalog.hpp"

namespace millrace::pipelines::import {

/// A file becomes a dataset, or one for each of its tables. Stages: 10 format_check, 20 duplicate_check, 40 stored, 70 parsed, 90 written, 100.
/// Input: file_id, or url (fetched first: stage 1 downloading) and filename; dataset_id (of the first table), on_duplicate ("error", "reuse" or "version"), dialect (overrides, see
/// formats/overrides.hpp), table (from 1: only that one), tables ("all" or "main").
/// An archive becomes one import for each of its files, see archive.hpp: 10 format_check, 20 unpacked, 100.
/// Metadata: row_count and rows_rejected of the first table, dataset_ids of all, tables_skipped with why; when it went on where
/// an earlier attempt had left it, resumed_from_bytes and how many bytes_read by the last one.
jobs::Kind kind(const Tools& tools);

}  // namespace millrace::pipelines::import
