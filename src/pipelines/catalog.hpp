#pragma once

#include <vector>

#include "blobs/drafts.hpp"
#include "capture/capture.hpp"
#include "datasets/store.hpp"
#include "intake/store.hpp"
#include "jobs/engine.hpp"
#include "llm/client.hpp"
#include "mapping/store.hpp"
#include "pipelines/import/settings.hpp"

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
    blobs::DraftStore& drafts;
    llm::Client& llm;
    import::Settings import{};
    std::uint64_t file_bytes_max = std::uint64_t{64} << 30;  ///< of a file that a job fetches
    capture::Capturer* capturer = nullptr;  ///< nothing: pages are read as files are
};

/// Every kind of job this program knows. A new one is a folder here and one line in catalog.cpp.
std::vector<jobs::Kind> catalog(const Tools& tools);

}  // namespace millrace::pipelines
