#include "blobs/local/local.hpp"

#include "base/uuid.hpp"
#include "blobs/local/detail/file.hpp"
#include "work/failpoint.hpp"

namespace millrace::blobs::local {
namespace {

bool is_object_name(const std::string& name) {
    return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

class LocalWriter final : public Writer {
public:
    explicit LocalWriter(const fs::path& root)
        : root_{root}, partial_{root / "partial" / Uuid::generate().str()}, file_{partial_, O_WRONLY | O_CREAT | O_EXCL} {
        if (!file_.is_open()) fail("creating a file", errno);
    }
    ~LocalWriter() override {
        if (!done_) ::unlink(partial_.c_str());
    }

    void write(std::string_view bytes) override {
        hash_.update(bytes);
        size_ += bytes.size();
        write_all(file_, bytes);
    }

    Stored finish() override {
        // The order matters: content, then name, then the directory that holds the name.
        if (::fsync(file_.get()) != 0) fail("syncing a file", errno);
        file_.close();
        work::failpoint("blob.written");
        const Stored stored{to_hex(hash_.finish()), size_};
        if (!name_object(root_, partial_, stored.sha256, [&] { done_ = true; })) fail("naming a file", ENOENT);
        return stored;
    }

    std::uint64_t size() const override { return size_; }

private:
    const fs::path root_;
    const fs::path partial_;
    File file_;
    Sha256 hash_;
    std::uint64_t size_ = 0;
    bool done_ = false;
};

class LocalReader final : public Reader {
public:
    LocalReader(const fs::path& path, const std::string& sha256) : file_{path, O_RDONLY | O_NOFOLLOW} {
        struct stat info{};
        if (!file_.is_open() || ::fstat(file_.get(), &info) != 0) throw Error{Code::corrupt_blob, {{"sha256", sha256}}};
        size_ = static_cast<std::uint64_t>(info.st_size);
    }

    std::uint64_t size() const override { return size_; }

    std::size_t read(std::uint64_t offset, std::span<char> into) override {
        std::size_t got = 0;
        while (got < into.size()) {
            const auto n = ::pread(file_.get(), into.data() + got, into.size() - got, static_cast<off_t>(offset + got));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) fail("reading a file", errno);
            if (n == 0) break;
            got += static_cast<std::size_t>(n);
        }
        return got;
    }

private:
    File file_;
    std::uint64_t size_ = 0;
};

class LocalStore final : public BlobStore {
public:
    explicit LocalStore(fs::path root) : root_{std::move(root)} {
        for (const auto& directory : {root_, root_ / "objects", root_ / "partial"}) {
            if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) fail("creating a directory", errno);
        }
        sync_directory(root_);
    }

    std::unique_ptr<Writer> create() override { return std::make_unique<LocalWriter>(root_); }

    std::unique_ptr<Reader> open(const std::string& sha256) override {
        if (!is_object_name(sha256)) throw Error{Code::corrupt_blob, {{"sha256", sha256}}};
        return open_reader(object_path(root_, sha256), sha256);
    }

    bool exists(const std::string& sha256) override {
        std::error_code error;
        return is_object_name(sha256) && fs::exists(object_path(root_, sha256), error);
    }

    void remove(const std::string& sha256, Instant unless_since) override {
        if (!is_object_name(sha256)) return;
        const auto path = object_path(root_, sha256);
        if (const auto at = changed(path); at && *at < unless_since) ::unlink(path.c_str());
    }

    void each(const std::function<void(const std::string&, Instant)>& visit) override {
        for (const auto& shard : fs::directory_iterator{root_ / "objects"}) {
            for (const auto& entry : fs::directory_iterator{shard.path()}) {
                const auto name = shard.path().filename().string() + entry.path().filename().string();
                if (const auto at = changed(entry.path()); at && is_object_name(name)) visit(name, *at);
            }
        }
    }

    int sweep_partial(Instant before) override {
        int removed = 0;
        for (const auto& entry : fs::directory_iterator{root_ / "partial"}) {
            const auto at = changed(entry.path());
            if (at && *at < before && ::unlink(entry.path().c_str()) == 0) ++removed;
        }
        return removed;
    }

private:
    const fs::path root_;
};

}  // namespace

bool name_object(const fs::path& root, const fs::path& from, const std::string& sha256, const std::function<void()>& renamed) {
    const auto path = object_path(root, sha256);
    std::error_code error;
    if (fs::create_directory(path.parent_path(), error)) sync_directory(root / "objects");
    if (error) fail("creating a directory", error.value());
    if (::rename(from.c_str(), path.c_str()) != 0) {
        if (errno == ENOENT) return false;
        fail("naming a file", errno);
    }
    renamed();
    work::failpoint("blob.renamed");
    sync_directory(path.parent_path());
    return true;
}

std::unique_ptr<Reader> open_reader(const fs::path& path, const std::string& name) {
    return std::make_unique<LocalReader>(path, name);
}

std::unique_ptr<BlobStore> open(const fs::path& root) { return std::make_unique<LocalStore>(root); }

Stores open_stores(const Opening& opening) {
    auto objects = open(opening.directory);
    return {std::move(objects), open_drafts(opening.directory)};
}

std::string check(const Opening&) { return {}; }

}  // namespace millrace::blobs::local
