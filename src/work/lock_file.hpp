#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace millrace::work {

/// Who owns a data directory.
struct Holder {
    int pid = 0;
    std::string url;  ///< of its API; empty until it listens
};

/// Sole ownership of a data directory, held as long as the object lives and given up by the kernel when the process
/// ends, however it ends. A lock of the open file (F_OFD_SETLK) and not flock: it can be asked for without taking it,
/// so a CLI command that looks for the server never makes a starting server believe that the directory is taken.
class LockFile {
public:
    static constexpr const char* file_name = "millrace.lock";

    /// Locks `directory`, which must exist. Throws Error{data_dir_locked} naming the holder, Error{storage_failed}.
    explicit LockFile(const std::filesystem::path& directory);
    ~LockFile();
    LockFile(LockFile&& other) noexcept;
    LockFile& operator=(LockFile&&) = delete;

    /// Writes where the API of this process is reached, for `holder_of`.
    void publish(const std::string& url);

private:
    int file_ = -1;
};

/// The process that holds `directory` now; nothing when nobody does. Throws nothing for a missing directory.
std::optional<Holder> holder_of(const std::filesystem::path& directory);

}  // namespace millrace::work
