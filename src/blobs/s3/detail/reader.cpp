#include "blobs/s3/detail/place.hpp"

#include <algorithm>
#include <mutex>

namespace millrace::blobs::s3 {
namespace {

/// The first window, and the largest: each is twice the one before, as long as the reader goes on from block to block.
constexpr std::uint64_t window_bytes_min = 1 << 20;
constexpr std::uint64_t window_bytes_max = 8 << 20;

class SegmentReader final : public Reader {
public:
    SegmentReader(std::shared_ptr<Place> place, std::vector<Segment> segments, std::string name)
        : place_{std::move(place)}, segments_{std::move(segments)}, name_{std::move(name)} {}
    ~SegmentReader() override { place_->ahead.give_back(window_.size()); }

    std::uint64_t size() const override { return segments_.empty() ? 0 : segments_.back().end(); }

    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        std::size_t got = 0;
        while (got < into.size() && offset + got < size()) got += read_some(offset + got, into.subspan(got));
        return got;
    }

private:
    /// At least one byte, from one segment.
    std::size_t read_some(std::uint64_t offset, std::span<char> into) {
        {
            const std::lock_guard lock{mutex_};
            const bool goes_on = offset == next_;
            if (!in_window(offset) && goes_on && into.size() < window_bytes_min) fill_window(offset);
            if (in_window(offset)) {
                const auto count = std::min<std::uint64_t>(into.size(), window_at_ + window_size_ - offset);
                std::copy_n(window_.data() + (offset - window_at_), count, into.data());
                next_ = offset + count;
                return count;
            }
        }
        const auto& segment = segment_at(offset);
        const auto piece = into.first(std::min<std::uint64_t>(into.size(), segment.end() - offset));
        fetch(segment, offset, piece);
        const std::lock_guard lock{mutex_};
        next_ = offset + piece.size();
        return piece.size();
    }

    bool in_window(std::uint64_t offset) const { return offset >= window_at_ && offset < window_at_ + window_size_; }

    void fill_window(std::uint64_t offset) {
        grow_window();
        if (window_.empty()) return;
        const auto& segment = segment_at(offset);
        const auto count = std::min<std::uint64_t>(window_.size(), segment.end() - offset);
        window_size_ = 0;
        fetch(segment, offset, std::span{window_}.first(count));
        window_at_ = offset;
        window_size_ = count;
    }

    void grow_window() {
        const auto larger = std::clamp(window_.size() * 2, window_bytes_min, window_bytes_max);
        if (larger > window_.size() && place_->ahead.take(larger - window_.size())) window_.resize(larger);
    }

    const Segment& segment_at(std::uint64_t offset) const {
        return *std::prev(std::ranges::upper_bound(segments_, offset, {}, &Segment::offset));
    }

    void fetch(const Segment& segment, std::uint64_t offset, std::span<char> into) {
        if (!place_->bucket.read(segment.key, offset - segment.offset, into)) throw Error{Code::corrupt_blob, {{"sha256", name_}}};
    }

    const std::shared_ptr<Place> place_;
    const std::vector<Segment> segments_;
    const std::string name_;
    std::mutex mutex_;             ///< guards all below
    std::vector<char> window_;     ///< empty until it is needed
    std::uint64_t window_at_ = 0;
    std::uint64_t window_size_ = 0;
    std::uint64_t next_ = 0;       ///< where the last read ended
};

}  // namespace

std::unique_ptr<Reader> make_reader(std::shared_ptr<Place> place, std::vector<Segment> segments, std::string name) {
    return std::make_unique<SegmentReader>(std::move(place), std::move(segments), std::move(name));
}

}  // namespace millrace::blobs::s3
