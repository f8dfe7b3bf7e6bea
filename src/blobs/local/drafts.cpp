#include <sys/file.h>

#include "blobs/local/detail/file.hpp"
#include "blobs/local/local.hpp"
#include "work/failpoint.hpp"

namespace millrace::blobs::local {
namespace {

class LocalDraft final : public Draft {
public:
    LocalDraft(std::unique_ptr<File> file, const fs::path& directory) : file_{std::move(file)}, directory_{directory} {}

    void write(std::string_view bytes) override { write_all(*file_, bytes); }

    void sync() override {
        // After a failure the kernel may have dropped what it could not write, and would not say so again.
        if (failed_) throw Error{Code::storage_failed, {{"why", "syncing a file failed before"}}};
        failed_ = true;
        if (::fsync(file_->get()) != 0) fail("syncing a file", errno);
        if (!named_) sync_directory(directory_);
        failed_ = false;
        named_ = true;
    }

private:
    std::unique_ptr<File> file_;  ///< locked until it is closed
    const fs::path directory_;
    bool named_ = false;  ///< the directory that holds the name is durable
    bool failed_ = false;
};

class LocalDrafts final : public DraftStore {
public:
    explicit LocalDrafts(const fs::path& root) : root_{root}, directory_{root / "drafts"} {
        if (::mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) fail("creating a directory", errno);
        sync_directory(root_);
    }

    std::unique_ptr<Draft> hold(const Uuid& id, std::uint64_t size) override {
        auto file = std::make_unique<File>(path(id), O_WRONLY | O_APPEND | O_NOFOLLOW | (size == 0 ? O_CREAT : 0));
        if (!file->is_open() && errno == ENOENT) throw Error{Code::corrupt_blob, {{"sha256", id.str()}}};
        if (!file->is_open()) fail("opening a file", errno);
        if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno == EWOULDBLOCK) return nullptr;
            fail("locking a file", errno);
        }
        struct stat info{};
        if (::fstat(file->get(), &info) != 0) fail("opening a file", errno);
        if (static_cast<std::uint64_t>(info.st_size) < size) throw Error{Code::corrupt_blob, {{"sha256", id.str()}}};
        if (::ftruncate(file->get(), static_cast<off_t>(size)) != 0) fail("cutting a file", errno);
        return std::make_unique<LocalDraft>(std::move(file), directory_);
    }

    std::unique_ptr<Reader> open(const Uuid& id) override { return open_reader(path(id), id.str()); }

    void store(const Uuid& id, const std::string& sha256) override {
        const auto from = path(id);
        // An object is as old as its name, else a sweep could take it before the commit that names it.
        if (::utimensat(AT_FDCWD, from.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT) fail("naming a file", errno);
        work::failpoint("blob.written");
        if (name_object(root_, from, sha256)) return;
        // Another one has done it, before a crash or just now.
        const auto object = object_path(root_, sha256);
        if (!fs::exists(object)) throw Error{Code::corrupt_blob, {{"sha256", sha256}}};
        sync_directory(object.parent_path());
    }

    void remove(const Uuid& id) override { ::unlink(path(id).c_str()); }

    void each(const std::function<void(const Uuid&, Instant)>& visit) override {
        for (const auto& entry : fs::directory_iterator{directory_}) {
            const auto id = Uuid::parse(entry.path().filename().string());
            if (const auto at = changed(entry.path()); id && at) visit(*id, *at);
        }
    }

private:
    fs::path path(const Uuid& id) const { return directory_ / id.str(); }

    const fs::path root_;
    const fs::path directory_;
};

}  // namespace

std::unique_ptr<DraftStore> open_drafts(const fs::path& root) { return std::make_unique<LocalDrafts>(root); }

}  // namespace millrace::blobs::local
