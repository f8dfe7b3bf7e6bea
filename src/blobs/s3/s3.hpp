#pragma once

#include "blobs/catalog.hpp"

namespace millrace::blobs::s3 {

/// Objects as "objects/<sha256>" in a bucket, drafts as segments in "drafts/<id>/". What is on its way there waits in files
/// without a name in the directory, which is made. Throws Error{invalid_config | storage_failed} when the service does not
/// answer, does not take the key or has no such bucket.
Stores open_stores(const Opening& opening);

/// Asks the service what `open_stores` asks it. Throws as that.
std::string check(const Opening& opening);

}  // namespace millrace::blobs::s3
