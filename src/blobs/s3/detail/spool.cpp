#include "blobs/s3/detail/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>

#include "blobs/detail/fail.hpp"

namespace millrace::blobs::s3 {
namespace {

constexpr std::size_t memory_bytes_max = 256 << 10;

void write_at(int file, std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const auto n = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("writing a temporary file", errno);
        bytes.remove_prefix(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
}

}  // namespace

void Spool::append(std::string_view bytes) {
    assert(sha256_.empty());
    if (file_ < 0 && size_ + bytes.size() > memory_bytes_max) open_file();
    if (file_ < 0) memory_ += bytes;
    else write_at(file_, bytes, size_);
    hash_.update(bytes);
    size_ += bytes.size();
}

std::size_t Spool::read(std::uint64_t offset, std::span<char> into) const {
    if (offset >= size_) return 0;
    const auto wanted = std::min<std::uint64_t>(into.size(), size_ - offset);
    if (file_ < 0) return memory_.copy(into.data(), wanted, offset);
    while (true) {
        const auto n = ::pread(file_, into.data(), wanted, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) fail("reading a temporary file", n < 0 ? errno : EIO);
        return static_cast<std::size_t>(n);
    }
}

const std::string& Spool::sha256() {
    if (sha256_.empty()) sha256_ = to_hex(hash_.finish());
    return sha256_;
}

void Spool::clear() {
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    memory_ = {};
    size_ = 0;
    hash_ = {};
    sha256_.clear();
}

void Spool::open_file() {
    auto name = (directory_ / "part-XXXXXX").string();
    file_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (file_ < 0) fail("creating a temporary file", errno);
    ::unlink(name.c_str());
    write_at(file_, memory_, 0);
    memory_ = {};
}

}  // namespace millrace::blobs::s3
