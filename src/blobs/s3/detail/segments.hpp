#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "blobs/s3/detail/bucket.hpp"

namespace millrace::blobs::s3 {

/// What S3 cannot do is to add to an object. So bytes that come in pieces are kept as segments, objects of their own in one
/// directory, named by where they begin and by who wrote them: "drafts/<id>/<offset>-<writer>".
struct Segment {
    std::string key;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;

    std::uint64_t end() const { return offset + size; }
};

/// The segments of a directory that follow each other from 0 on. Of two that begin at the same byte that of the later writer
/// counts (ids are in the order of time): the earlier one had lost the right to write and did not know it yet.
struct Chain {
    std::vector<Segment> segments;
    bool broken = false;  ///< something comes after a gap

    std::uint64_t size() const { return segments.empty() ? 0 : segments.back().end(); }
};

/// `entries`: in the order of their keys; those that are no segments do not count.
Chain chain_of(std::string_view directory, const std::vector<Entry>& entries);

std::string segment_key(std::string_view directory, std::uint64_t offset, std::string_view writer);

/// Writes segments of `part_bytes` one after the other. For one thread at a time.
class SegmentWriter {
public:
    SegmentWriter(Bucket& bucket, const std::filesystem::path& spool, std::string directory, std::string writer, std::uint64_t offset, std::uint64_t part_bytes)
        : bucket_{bucket}, spool_{spool}, directory_{std::move(directory)}, writer_{std::move(writer)}, offset_{offset}, part_bytes_{part_bytes} {}

    void write(std::string_view bytes);
    /// What was written is durable on return.
    void flush();
    /// The bytes after the last segment.
    Spool& rest() { return spool_; }
    std::uint64_t size() const { return offset_ + spool_.size(); }
    const std::vector<Segment>& segments() const { return segments_; }

private:
    Bucket& bucket_;
    Spool spool_;
    const std::string directory_;
    const std::string writer_;
    std::uint64_t offset_;  ///< of the next segment
    const std::uint64_t part_bytes_;
    std::vector<Segment> segments_;  ///< written by this one
};

/// The bytes of the segments, in a row. Throws Error{corrupt_blob} when one is missing.
void gather(Bucket& bucket, std::span<const Segment> segments, Spool& into);

/// Makes the segments one object, within S3 as far as their sizes allow. Good to do again when a crash came between: it goes on
/// with the parts that are there. Throws Error{corrupt_blob} when a segment is missing.
void assemble(Bucket& bucket, const std::vector<Segment>& segments, const std::string& key, const std::filesystem::path& spool);

}  // namespace millrace::blobs::s3
