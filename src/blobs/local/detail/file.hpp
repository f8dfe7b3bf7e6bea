#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "blobs/detail/fail.hpp"
#include "blobs/store.hpp"

namespace millrace::blobs::local {
namespace fs = std::filesystem;

class File {
public:
    File(const fs::path& path, int flags, mode_t mode = 0600) : fd_{::open(path.c_str(), flags | O_CLOEXEC, mode)} {}
    ~File() { close(); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    bool is_open() const { return fd_ >= 0; }
    int get() const { return fd_; }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

private:
    int fd_;
};

/// Makes a rename inside the directory survive a power cut.
inline void sync_directory(const fs::path& directory) {
    const File file{directory, O_RDONLY | O_DIRECTORY};
    if (!file.is_open() || ::fsync(file.get()) != 0) fail("syncing a directory", errno);
}

inline fs::path object_path(const fs::path& root, const std::string& sha256) {
    return root / "objects" / sha256.substr(0, 2) / sha256.substr(2);
}

inline void write_all(const File& file, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(file.get(), bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("writing a file", errno);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

/// Gives the synced file the name of its object, durably; `renamed` is called when it has lost its old one. False when
/// the file is not there.
bool name_object(const fs::path& root, const fs::path& from, const std::string& sha256, const std::function<void()>& renamed = [] {});

inline std::optional<Instant> changed(const fs::path& path) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;
    return Instant{std::chrono::seconds{info.st_mtim.tv_sec} + std::chrono::microseconds{info.st_mtim.tv_nsec / 1000}};
}

/// Throws Error{corrupt_blob} with `name` when it is not there.
std::unique_ptr<Reader> open_reader(const fs::path& path, const std::string& name);

}  // namespace millrace::blobs::local
