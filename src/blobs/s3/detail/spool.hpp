#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/hash.hpp"

namespace millrace::blobs::s3 {

/// Bytes on their way to S3, which must know their hash and number before the first one is sent. Few are kept in memory,
/// more in a file without a name: many slow uploads at once need no memory.
class Spool {
public:
    /// The file, if it comes to one, is made in `directory`.
    explicit Spool(std::filesystem::path directory) : directory_{std::move(directory)} {}
    ~Spool() { clear(); }
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    /// Throws Error{storage_failed | storage_full}.
    void append(std::string_view bytes);
    std::size_t read(std::uint64_t offset, std::span<char> into) const;
    std::uint64_t size() const { return size_; }
    /// Lower-case hex. Nothing may be appended after it, until `clear`.
    const std::string& sha256();
    void clear();

private:
    void open_file();

    const std::filesystem::path directory_;
    std::string memory_;  ///< all bytes, until there is a file
    int file_ = -1;
    std::uint64_t size_ = 0;
    Sha256 hash_;
    std::string sha256_;
};

}  // namespace millrace::blobs::s3
