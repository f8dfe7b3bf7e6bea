#pragma once

#include <atomic>

#include "blobs/s3/detail/segments.hpp"
#include "blobs/s3/s3.hpp"

namespace millrace::blobs::s3 {

/// How much all readers together may have read ahead; those that come when it is used up read what they are asked for.
class ReadAhead {
public:
    bool take(std::uint64_t bytes) {
        if (taken_.fetch_add(bytes) + bytes <= bytes_max) return true;
        taken_ -= bytes;
        return false;
    }
    void give_back(std::uint64_t bytes) { taken_ -= bytes; }

private:
    static constexpr std::uint64_t bytes_max = 128 << 20;
    std::atomic<std::uint64_t> taken_ = 0;
};

/// What objects and drafts of one bucket have in common.
struct Place {
    Bucket bucket;
    ReadAhead ahead;
    const std::filesystem::path spool;
    const std::uint64_t part_bytes;
    observe::Log log;

    Place(const Settings& settings, std::filesystem::path directory, const observe::Log& l)
        : bucket{settings, l}, spool{std::move(directory)}, part_bytes{settings.part_bytes.count}, log{l} {}
};

/// Reads segments as one object. Who reads one block after the other is served from a window
/// of 1 to 8 MiB.
std::unique_ptr<Reader> make_reader(std::shared_ptr<Place> place, std::vector<Segment> segments, std::string name);

std::unique_ptr<BlobStore> make_objects(std::shared_ptr<Place> place);
std::unique_ptr<DraftStore> make_drafts(std::shared_ptr<Place> place, bool shared);

inline std::string object_key(const std::string& sha256) { return "objects/" + sha256; }

}  // namespace millrace::blobs::s3
