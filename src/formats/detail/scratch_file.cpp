#include "formats/detail/scratch_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/error.hpp"

namespace millrace::formats {
namespace {

[[noreturn]] void fail(const std::string& path) {
    if (errno == ENOSPC) throw Error{Code::storage_full};
    throw Error{Code::storage_failed, {{"why", path + ": " + std::generic_category().message(errno)}}};
}

}  // namespace

std::string ScratchFile::directory() {
    const char* directory = std::getenv("TMPDIR");
    return directory && *directory ? directory : "/tmp";
}

ScratchFile::ScratchFile() : path_{directory() + "/millrace-XXXXXX"} {
    const int file = ::mkostemp(path_.data(), O_CLOEXEC);
    if (file < 0) fail(path_);
    ::close(file);
}

ScratchFile::~ScratchFile() { ::unlink(path_.c_str()); }

void ScratchFile::copy_to(Sink& sink) const {
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) fail(path_);
    struct Close {
        int file;
        ~Close() { ::close(file); }
    } const close{file};
    std::string block(256u << 10, '\0');
    while (true) {
        const auto n = ::read(file, block.data(), block.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail(path_);
        if (n == 0) return;
        sink.write({block.data(), static_cast<std::size_t>(n)});
    }
}

}  // namespace millrace::formats
