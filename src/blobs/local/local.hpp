#pragma once

#include <filesystem>

#include "blobs/catalog.hpp"

namespace millrace::blobs::local {

/// Objects as files `objects/ab/cdef...` below `root`, written to `partial/` first. The directory is made with mode
/// 0700. Throws Error{storage_failed}.
std::unique_ptr<BlobStore> open(const std::filesystem::path& root);

/// Drafts as files `drafts/<id>` below the `root` of a store that is open.
std::unique_ptr<DraftStore> open_drafts(const std::filesystem::path& root);

Stores open_stores(const Opening& opening);

/// It is on this machine.
std::string check(const Opening& opening);

}  // namespace millrace::blobs::local
