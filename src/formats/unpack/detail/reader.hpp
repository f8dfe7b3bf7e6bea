#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.hpp"
#include "formats/format.hpp"

/// Inside of the child: archives by libarchive.
namespace millrace::formats::unpack {

/// An entry of an archive, as it stands there.
struct Entry {
    std::string path;        ///< relative and harmless, see Member
    bool directory = false;
    bool regular = false;    ///< a file with bytes of its own
    bool encrypted = false;
};

/// The entries of a zip, tar or 7z, front to back. One thread.
class ArchiveReader {
public:
    /// `source` has to outlive it. Throws Error{malformed_file | encrypted_file | archive_limits}, as does all else.
    ArchiveReader(Source& source, std::uint64_t entries_max);
    ~ArchiveReader();
    ArchiveReader(const ArchiveReader&) = delete;
    ArchiveReader& operator=(const ArchiveReader&) = delete;

    std::optional<Entry> next();
    /// More bytes of the entry, 0 at its end. Nothing when they cannot be unpacked; what follows may still be.
    std::optional<std::size_t> read(std::span<char> into);

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

/// A path as it stood, made harmless: no root, drive, "." or "..", no control characters, UTF-8. May be empty.
std::string harmless_path(std::string_view path);

}  // namespace millrace::formats::unpack
