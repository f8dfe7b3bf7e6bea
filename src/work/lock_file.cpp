#include "work/lock_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/describe.hpp"

namespace millrace::work {

BOOST_DESCRIBE_STRUCT(Holder, (), (pid, url))

namespace {

struct flock whole_file() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

[[noreturn]] void fail(const std::filesystem::path& path, const char* what) {
    const auto why = std::generic_category().message(errno);
    throw Error{Code::storage_failed, {{"why", path.string() + ": " + what + ": " + why}}};
}

/// What the holder wrote; pid 0 when it is not there yet.
Holder read_holder(int file) {
    char text[1024];
    const auto size = ::pread(file, text, sizeof text, 0);
    Holder holder;
    try {
        std::vector<Issue> issues;
        if (size > 0) read_json(json::parse({text, static_cast<std::size_t>(size)}), holder, issues, "", true);
    } catch (const Error&) {
        return {};  // the holder is writing at this moment
    }
    return holder;
}

void write_holder(int file, const Holder& holder) {
    // One write of constant size over the old text: a reader never meets half of a shorter and half of a longer one.
    auto text = to_json(holder);
    text.resize(1023, ' ');
    text += '\n';
    if (::pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
        throw Error{Code::storage_failed, {{"why", "the lock file could not be written"}}};
    }
}

}  // namespace

LockFile::LockFile(const std::filesystem::path& directory) {
    const auto path = directory / file_name;
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file_ < 0) fail(path, "open");
    auto lock = whole_file();
    if (::fcntl(file_, F_OFD_SETLK, &lock) != 0) {
        const bool taken = errno == EAGAIN || errno == EACCES;
        const auto holder = read_holder(file_);
        ::close(std::exchange(file_, -1));
        if (!taken) fail(path, "lock");
        throw Error{Code::data_dir_locked,
                    {{"path", directory.string()}, {"pid", std::to_string(holder.pid)}, {"url", holder.url}}};
    }
    write_holder(file_, {.pid = ::getpid(), .url = ""});
}

LockFile::~LockFile() {
    if (file_ >= 0) ::close(file_);
}

LockFile::LockFile(LockFile&& other) noexcept : file_{std::exchange(other.file_, -1)} {}

void LockFile::publish(const std::string& url) { write_holder(file_, {.pid = ::getpid(), .url = url}); }

std::optional<Holder> holder_of(const std::filesystem::path& directory) {
    const int file = ::open((directory / LockFile::file_name).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return std::nullopt;
    auto lock = whole_file();
    const bool free = ::fcntl(file, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK;
    std::optional<Holder> holder;
    if (!free) holder = read_holder(file);
    ::close(file);
    return holder;
}

}  // namespace millrace::work
