#pragma once

#include <vector>

#include "blobs/store.hpp"
#include "datasets/store.hpp"
#include "intake/store.hpp"
#include "jobs/engine.hpp"
#include "mapping/store.hpp"

namespace millrace::pipelines {

/// What the handlers of jobs work with.
struct Tools {
    intake::IntakeStore& files;
    datasets::DatasetStore& datasets;
    blobs::BlobStore& blobs;
    mapping::MappingStore& mappings;
    jobs::JobStore& jobs;
    ledger::Ledger& ledger;
    const Clock& clock;
    observe::Log& log;
};

/// Every kind of job this program knows. A new one is a folder here and one line in catalog.cpp.
std::vector<jobs::Kind> catalog(const Tools& tools);

}  // namespace millrace::pipelines
