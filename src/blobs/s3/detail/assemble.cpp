#include <algorithm>
#include <atomic>

#include "blobs/s3/detail/lanes.hpp"
#include "blobs/s3/detail/segments.hpp"

namespace millrace::blobs::s3 {
namespace {

constexpr std::size_t block_bytes = 256 << 10;
constexpr int rounds_max = 3;

/// Segments that become one part: one is copied within S3; several small ones are read and sent, since a part has one source.
struct Planned {
    int number = 0;
    std::uint64_t size = 0;
    std::span<const Segment> segments;
};

/// No part is too small but the last, and there are not too many.
std::vector<Planned> plan(const std::vector<Segment>& segments) {
    const auto total = segments.back().end();
    const auto enough = std::max(part_bytes_min, (total + parts_max - 1) / parts_max);
    std::vector<Planned> out;
    for (std::size_t at = 0; at < segments.size();) {
        Planned part{static_cast<int>(out.size()) + 1, 0, {}};
        const auto first = at;
        while (at < segments.size() && part.size < enough) part.size += segments[at++].size;
        part.segments = std::span{segments}.subspan(first, at - first);
        out.push_back(part);
    }
    return out;
}

/// Are the parts that are there those of the plan? Else it is an upload of other segments.
bool fits(const std::vector<Planned>& plan, const std::vector<Part>& parts) {
    return std::ranges::all_of(parts, [&](const Part& part) {
        const auto index = static_cast<std::size_t>(part.number) - 1;
        return index < plan.size() && plan[index].size == part.size;
    });
}

/// The unfinished upload that lacks least; else a new one. Its parts are those of this plan, and so of these bytes: the key is
/// their hash. Another one that has begun it may go on with it at the same time.
struct Joined {
    Unfinished upload;
    std::vector<Part> parts;
};

Joined join(Bucket& bucket, const std::string& key, const std::vector<Planned>& plan) {
    std::optional<Joined> best;
    for (const auto& upload : bucket.unfinished(key)) {
        if (upload.key != key) continue;
        auto parts = bucket.parts(upload);
        if (!parts || !fits(plan, *parts)) continue;
        if (!best || parts->size() > best->parts.size()) best = Joined{upload, std::move(*parts)};
    }
    if (best) return std::move(*best);
    return {{key, bucket.begin_parts(key), {}}, {}};
}

[[noreturn]] void missing(const std::string& key) { throw Error{Code::corrupt_blob, {{"sha256", key}}}; }

std::optional<Part> send(Bucket& bucket, const Unfinished& upload, const Planned& part, const std::filesystem::path& spool) {
    if (part.segments.size() == 1) {
        const auto& segment = part.segments.front();
        auto copied = bucket.copy_part(upload, part.number, segment.key, segment.size);
        if (!copied && !bucket.size_of(segment.key)) missing(segment.key);
        return copied;
    }
    Spool bytes{spool};
    gather(bucket, part.segments, bytes);
    return bucket.put_part(upload, part.number, bytes);
}

/// False when the upload is gone: completed by another one, or swept.
bool complete(Bucket& bucket, const Joined& joined, const std::vector<Planned>& plan, const std::filesystem::path& spool) {
    std::vector<Part> parts(plan.size());
    for (const auto& part : joined.parts) {
        if (!part.etag.empty()) parts[static_cast<std::size_t>(part.number) - 1] = part;
    }
    std::atomic<bool> gone = false;
    in_lanes(plan.size(), [&](std::size_t i) {
        if (gone || parts[i].number != 0) return;
        if (auto sent = send(bucket, joined.upload, plan[i], spool)) parts[i] = std::move(*sent);
        else gone = true;
    });
    return !gone && bucket.complete_parts(joined.upload, parts);
}

}  // namespace

void gather(Bucket& bucket, std::span<const Segment> segments, Spool& into) {
    std::vector<char> block(block_bytes);
    for (const auto& segment : segments) {
        for (std::uint64_t at = 0; at < segment.size;) {
            const std::span<char> piece{block.data(), std::min<std::uint64_t>(block.size(), segment.size - at)};
            if (!bucket.read(segment.key, at, piece)) missing(segment.key);
            into.append({piece.data(), piece.size()});
            at += piece.size();
        }
    }
}

void assemble(Bucket& bucket, const std::vector<Segment>& segments, const std::string& key, const std::filesystem::path& spool) {
    const auto total = segments.back().end();
    if (segments.size() == 1) {
        if (!bucket.copy(segments.front().key, key)) missing(segments.front().key);
    } else {
        const auto parts = plan(segments);
        if (parts.size() > parts_max) throw Error{Code::storage_failed, {{"why", "S3 takes no object of more than 10000 parts"}}};
        for (int round = 1; !complete(bucket, join(bucket, key, parts), parts, spool); ++round) {
            if (bucket.size_of(key) == total) break;
            if (round == rounds_max) throw Error{Code::storage_failed, {{"why", "S3 has lost an upload in parts"}}};
        }
    }
    if (bucket.size_of(key) != total) throw Error{Code::storage_failed, {{"why", "an object in S3 has not the size of its parts"}}};
}

}  // namespace millrace::blobs::s3
