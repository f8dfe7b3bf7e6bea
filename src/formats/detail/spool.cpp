#include "formats/detail/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/error.hpp"
#include "formats/detail/scratch_file.hpp"

namespace millrace::formats {
namespace {

[[noreturn]] void fail(const char* what) {
    if (errno == ENOSPC) throw Error{Code::storage_full};
    throw Error{Code::storage_failed, {{"why", std::string{what} + " a temporary file: " + std::generic_category().message(errno)}}};
}

}  // namespace

Spool::Spool() {
    auto name = ScratchFile::directory() + "/millrace-XXXXXX";
    file_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file_ < 0) fail("making");
    ::unlink(name.c_str());
}

Spool::~Spool() { ::close(file_); }

void Spool::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(file_, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("writing");
        bytes.remove_prefix(static_cast<std::size_t>(n));
        size_ += static_cast<std::uint64_t>(n);
    }
}

std::size_t Spool::read(std::uint64_t offset, std::span<char> into) {
    std::size_t done = 0;
    while (done < into.size()) {
        const auto n = ::pread(file_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("reading");
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

}  // namespace millrace::formats
