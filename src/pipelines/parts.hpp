#pragma once

#include "blobs/store.hpp"
#include "formats/output.hpp"

namespace millrace::pipelines {

/// Parts of an output as objects of the blob store; more than 1,000 are refused with Error{bad_request}.
formats::OpenPart part_opener(blobs::BlobStore& blobs);

}  // namespace millrace::pipelines
