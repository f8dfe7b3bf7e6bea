#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/uuid.hpp"
#include "blobs/catalog.hpp"
#include "support/swift.hpp"

namespace millrace::test {

/// A store of the catalog that nobody else uses, and the means to open it again as another process would.
struct Bench {
    std::string name;
    blobs::Settings settings;
    std::filesystem::path directory;
    bool shared = false;
    observe::Log log;
    blobs::Stores stores;

    Bench(std::string name, blobs::Settings settings, bool shared);
    ~Bench();
    Bench(const Bench&) = delete;

    blobs::BlobStore& objects() { return *stores.objects; }
    blobs::DraftStore& drafts() { return *stores.drafts; }
    /// By a process of its own, so to speak.
    blobs::Stores open_again() const;
    std::string put(std::string_view bytes);
};

/// The one S3 of this run; started when it is first asked for.
const Swift& swift();
/// Of an S3 with a prefix of its own.
blobs::Settings s3_settings();

/// Runs the case on every store that there is here; on S3 as its only user and as one of several.
void on_each_store(const std::function<void(Bench&)>& run);

std::string content(blobs::Reader& reader);
/// Bytes that do not repeat, always the same.
std::string noise(std::size_t size);
std::string name_of(std::string_view bytes);

}  // namespace millrace::test
