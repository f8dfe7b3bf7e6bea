#pragma once

#include "blobs/store.hpp"
#include "formats/output.hpp"

namespace millrace::pipelines {

/// Told of each part that is stored.
using OnPart = std::function<void(const formats::PartSink::Stored& part)>;

/// Parts of an output as objects of the blob store; more than 1,000 are refused with Error{bad_request}.
formats::OpenPart part_opener(blobs::BlobStore& blobs, OnPart on_part = {});

}  // namespace millrace::pipelines
