#include "blobs/s3/detail/segments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace millrace::blobs::s3 {
namespace {

constexpr std::size_t offset_digits = 16;

/// Where the segment of that name begins; nothing for another name.
std::optional<std::uint64_t> offset_of(std::string_view name) {
    if (name.size() <= offset_digits || name[offset_digits] != '-') return std::nullopt;
    std::uint64_t offset = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + offset_digits, offset, 16);
    if (error != std::errc{} || end != name.data() + offset_digits) return std::nullopt;
    return offset;
}

}  // namespace

Chain chain_of(std::string_view directory, const std::vector<Entry>& entries) {
    Chain chain;
    for (const auto& entry : entries) {
        const auto offset = offset_of(std::string_view{entry.key}.substr(directory.size()));
        if (!offset) continue;
        auto& segments = chain.segments;
        const bool again = !segments.empty() && segments.back().offset == *offset;
        if (again) segments.pop_back();
        if (*offset > chain.size()) chain.broken = true;
        else if (*offset == chain.size()) segments.push_back({entry.key, *offset, entry.size});
    }
    return chain;
}

std::string segment_key(std::string_view directory, std::uint64_t offset, std::string_view writer) { return fmt::format("{}{:016x}-{}", directory, offset, writer); }

void SegmentWriter::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = std::min<std::uint64_t>(bytes.size(), part_bytes_ - spool_.size());
        spool_.append(bytes.substr(0, count));
        bytes.remove_prefix(count);
        if (spool_.size() == part_bytes_) flush();
    }
}

void SegmentWriter::flush() {
    if (spool_.size() == 0) return;
    Segment segment{segment_key(directory_, offset_, writer_), offset_, spool_.size()};
    bucket_.put(segment.key, spool_);
    spool_.clear();
    offset_ = segment.end();
    segments_.push_back(std::move(segment));
}

}  // namespace millrace::blobs::s3
