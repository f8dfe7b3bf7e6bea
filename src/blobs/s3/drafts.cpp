#include <algorithm>
#include <set>

#include "blobs/s3/detail/hold.hpp"
#include "blobs/s3/detail/place.hpp"
#include "work/failpoint.hpp"

namespace millrace::blobs::s3 {
namespace {

constexpr std::string_view drafts_directory = "drafts/";

std::string directory_of(const Uuid& id) { return std::string{drafts_directory} + id.str() + '/'; }

class S3Draft final : public Draft {
public:
    S3Draft(std::shared_ptr<Place> place, std::unique_ptr<Hold> hold, const std::string& directory, std::uint64_t size)
        : place_{std::move(place)}, hold_{std::move(hold)}, segments_{place_->bucket, place_->spool, directory, hold_->id(), size, place_->part_bytes} {}

    void write(std::string_view bytes) override {
        hold_->check();
        segments_.write(bytes);
    }

    void sync() override {
        hold_->check();
        segments_.flush();
        // What was sent when the right to it had gone may stand beside the bytes of another one, and does not count.
        hold_->check();
    }

private:
    const std::shared_ptr<Place> place_;
    const std::unique_ptr<Hold> hold_;
    SegmentWriter segments_;
};

class S3Drafts final : public DraftStore {
public:
    S3Drafts(std::shared_ptr<Place> place, bool shared) : place_{std::move(place)}, bucket_{place_->bucket}, holds_{bucket_, place_->log, shared} {}

    std::unique_ptr<Draft> hold(const Uuid& id, std::uint64_t size) override {
        const auto directory = directory_of(id);
        auto [hold, entries] = holds_.take(id, directory);
        if (!hold) return nullptr;
        std::erase_if(entries, is_hold);
        cut(id, entries, size, hold->id());
        return std::make_unique<S3Draft>(place_, std::move(hold), directory, size);
    }

    std::unique_ptr<Reader> open(const Uuid& id) override {
        const auto chain = chain_of(directory_of(id), bucket_.list(directory_of(id)).entries);
        if (chain.segments.empty()) missing(id);
        return make_reader(place_, chain.segments, id.str());
    }

    void store(const Uuid& id, const std::string& sha256) override {
        work::failpoint("blob.written");
        auto chain = chain_of(directory_of(id), bucket_.list(directory_of(id)).entries);
        if (chain.segments.empty()) {
            // Another one has done it, before a crash or just now, and has begun to remove the segments.
            if (!bucket_.size_of(object_key(sha256), sha256)) throw Error{Code::corrupt_blob, {{"sha256", sha256}}};
        } else {
            if (chain.broken) missing(id);
            assemble(bucket_, chain.segments, object_key(sha256), place_->spool);
        }
        work::failpoint("blob.renamed");
        remove_segments(directory_of(id));
    }

    void remove(const Uuid& id) override { bucket_.remove(bucket_.list(directory_of(id)).entries); }

    void each(const std::function<void(const Uuid&, Instant)>& visit) override {
        std::optional<Uuid> current;
        Instant changed_at;
        const auto done = [&] {
            if (current) visit(*current, changed_at);
        };
        bucket_.each(std::string{drafts_directory}, [&](const Entry& entry) {
            const auto name = std::string_view{entry.key}.substr(drafts_directory.size());
            const auto id = Uuid::parse(std::string{name.substr(0, name.find('/'))});
            if (!id) return;
            if (id != current) {
                done();
                current = id;
                changed_at = {};
            }
            changed_at = std::max(changed_at, entry.changed_at);
        });
        done();
    }

private:
    [[noreturn]] static void missing(const Uuid& id) { throw Error{Code::corrupt_blob, {{"sha256", id.str()}}}; }

    /// Leaves the first `size` bytes.
    void cut(const Uuid& id, const std::vector<Entry>& entries, std::uint64_t size, const std::string& holder) {
        const auto directory = directory_of(id);
        const auto chain = chain_of(directory, entries);
        if (chain.size() < size) missing(id);
        std::set<std::string> kept;
        for (const auto& segment : chain.segments) {
            if (segment.offset >= size) break;
            kept.insert(segment.end() <= size ? segment.key : shorten(directory, segment, size - segment.offset, holder));
        }
        if (size == 0) kept.insert(begin(directory, holder));
        std::vector<Entry> rest;
        std::ranges::copy_if(entries, std::back_inserter(rest), [&](const Entry& entry) { return !kept.contains(entry.key); });
        bucket_.remove(rest);
    }

    /// The first bytes of a segment become one that takes its place.
    std::string shorten(const std::string& directory, const Segment& segment, std::uint64_t size, const std::string& holder) {
        Spool bytes{place_->spool};
        const Segment beginning{segment.key, 0, size};
        gather(bucket_, std::span{&beginning, 1}, bytes);
        auto key = segment_key(directory, segment.offset, holder);
        bucket_.put(key, bytes);
        return key;
    }

    /// A segment of no bytes makes the draft known, until the first one takes its place.
    std::string begin(const std::string& directory, const std::string& holder) {
        Spool nothing{place_->spool};
        auto key = segment_key(directory, 0, holder);
        bucket_.put(key, nothing);
        return key;
    }

    /// The first one goes first: then a crash leaves no beginning that looks like a whole.
    void remove_segments(const std::string& directory) {
        auto entries = bucket_.list(directory).entries;
        std::erase_if(entries, is_hold);
        if (entries.empty()) return;
        const auto begin = entries.front().key.substr(0, entries.front().key.find('-', directory.size()));
        const auto [first, last] = std::ranges::partition(entries, [&](const Entry& entry) { return !entry.key.starts_with(begin); });
        const std::vector<Entry> firsts{first, last};
        bucket_.remove(firsts);
        entries.erase(first, last);
        bucket_.remove(entries);
    }

    const std::shared_ptr<Place> place_;
    Bucket& bucket_;
    Holds holds_;
};

}  // namespace

std::unique_ptr<DraftStore> make_drafts(std::shared_ptr<Place> place, bool shared) { return std::make_unique<S3Drafts>(std::move(place), shared); }

}  // namespace millrace::blobs::s3
