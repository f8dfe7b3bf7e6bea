#include "blobs/s3/s3.hpp"

#include <sys/stat.h>

#include "base/uuid.hpp"
#include "blobs/detail/fail.hpp"
#include "blobs/s3/detail/place.hpp"
#include "work/failpoint.hpp"

namespace millrace::blobs::s3 {
namespace {

bool is_object_name(const std::string& name) {
    return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

[[noreturn]] void refuse(const char* key, std::string why) {
    throw Error{Code::invalid_config, {{"key", std::string{"blobs.s3."} + key}, {"origin", "settings"}, {"why", std::move(why)}}};
}

/// A small object is put under its name at once. The name of a large one is known when its first bytes have long been sent,
/// and S3 renames nothing: they are segments first, of which S3 makes the object.
class S3Writer final : public Writer {
public:
    explicit S3Writer(std::shared_ptr<Place> place)
        : place_{std::move(place)}, segments_{place_->bucket, place_->spool, "partial/" + id_ + '/', id_, 0, place_->part_bytes} {}
    ~S3Writer() override {
        try {
            remove_segments();
        } catch (const std::exception&) {
            // The sweep removes them.
        }
    }

    void write(std::string_view bytes) override {
        hash_.update(bytes);
        segments_.write(bytes);
    }

    Stored finish() override {
        const Stored stored{to_hex(hash_.finish()), size()};
        if (segments_.segments().empty()) {
            work::failpoint("blob.written");
            place_->bucket.put(object_key(stored.sha256), segments_.rest());
        } else {
            segments_.flush();
            work::failpoint("blob.written");
            assemble(place_->bucket, segments_.segments(), object_key(stored.sha256), place_->spool);
        }
        work::failpoint("blob.renamed");
        return stored;
    }

    std::uint64_t size() const override { return segments_.size(); }

private:
    void remove_segments() {
        std::vector<Entry> entries;
        for (const auto& segment : segments_.segments()) entries.push_back({segment.key, segment.size, {}});
        place_->bucket.remove(entries);
    }

    const std::shared_ptr<Place> place_;
    const std::string id_ = Uuid::generate().str();
    SegmentWriter segments_;
    Sha256 hash_;
};

class S3Store final : public BlobStore {
public:
    explicit S3Store(std::shared_ptr<Place> place) : place_{std::move(place)}, bucket_{place_->bucket} {}

    std::unique_ptr<Writer> create() override { return std::make_unique<S3Writer>(place_); }

    std::unique_ptr<Reader> open(const std::string& sha256) override {
        const auto size = is_object_name(sha256) ? bucket_.size_of(object_key(sha256), sha256) : std::nullopt;
        if (!size) throw Error{Code::corrupt_blob, {{"sha256", sha256}}};
        return make_reader(place_, {{object_key(sha256), 0, *size}}, sha256);
    }

    bool exists(const std::string& sha256) override { return is_object_name(sha256) && bucket_.size_of(object_key(sha256)).has_value(); }

    void remove(const std::string& sha256, Instant unless_since) override {
        if (!is_object_name(sha256)) return;
        // A listing tells the time more finely than a head.
        for (const auto& entry : bucket_.list(object_key(sha256)).entries) {
            if (entry.key == object_key(sha256) && entry.changed_at < unless_since) bucket_.remove(entry.key);
        }
    }

    void each(const std::function<void(const std::string&, Instant)>& visit) override {
        const auto directory = object_key({});
        bucket_.each(directory, [&](const Entry& entry) {
            if (const auto name = entry.key.substr(directory.size()); is_object_name(name)) visit(name, entry.changed_at);
        });
    }

    int sweep_partial(Instant before) override {
        std::vector<Entry> old;
        bucket_.each("partial/", [&](const Entry& entry) {
            if (entry.changed_at < before) old.push_back(entry);
        });
        bucket_.remove(old);
        auto removed = static_cast<int>(old.size());
        for (const auto& upload : bucket_.unfinished(object_key({}))) {
            if (upload.begun_at >= before) continue;
            bucket_.abort_parts(upload);
            ++removed;
        }
        return removed;
    }

private:
    const std::shared_ptr<Place> place_;
    Bucket& bucket_;
};

}  // namespace

std::unique_ptr<BlobStore> make_objects(std::shared_ptr<Place> place) { return std::make_unique<S3Store>(std::move(place)); }

std::string check(const Opening& opening) {
    const auto& settings = opening.settings.s3;
    for (const auto& [key, value] : {std::pair{"bucket", &settings.bucket}, std::pair{"access_key", &settings.access_key}, std::pair{"secret_key", &settings.secret_key.expose()}}) {
        if (value->empty()) refuse(key, "blobs.store = s3 needs it");
    }
    if (opening.object_bytes_max / parts_max >= settings.part_bytes.count) refuse("part_bytes", "an upload of upload.max_bytes would have more than 10000 parts of it");
    Bucket{settings, opening.log}.check();
    return "S3, bucket " + settings.bucket;
}

Stores open_stores(const Opening& opening) {
    check(opening);
    if (::mkdir(opening.directory.c_str(), 0700) != 0 && errno != EEXIST) fail("creating a directory", errno);
    const auto place = std::make_shared<Place>(opening.settings.s3, opening.directory, opening.log);
    return {make_objects(place), make_drafts(place, opening.shared)};
}

}  // namespace millrace::blobs::s3
