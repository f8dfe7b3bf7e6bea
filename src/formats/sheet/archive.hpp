#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "formats/format.hpp"

namespace millrace::formats::sheet {

/// Bytes that come in order.
struct ByteStream {
    virtual ~ByteStream() = default;
    /// Fills `into`; fewer bytes only at the end.
    virtual std::size_t read(std::span<char> into) = 0;
    /// How much has been read, 0 to 1.
    virtual double progress() const = 0;
};

struct ArchiveLimits {
    std::uint64_t entries = 10'000;
    std::uint64_t entry_bytes = 8ull << 30;
    std::uint64_t total_bytes = 16ull << 30;  ///< of all that is read in the life of an Archive
    std::uint64_t ratio = 300;                ///< unpacked to packed, asked above ratio_from_bytes
    std::uint64_t ratio_from_bytes = 100'000'000;
};

/// The entries of a zip file, unpacked while they are read. What the directory says about sizes is only believed when it
/// is too much; the bytes that come out are counted. One thread at a time.
class Archive {
public:
    /// `source` has to outlive the archive. Throws Error{malformed_file | archive_limits}.
    explicit Archive(Source& source, const ArchiveLimits& limits = {});
    ~Archive();
    Archive(const Archive&) = delete;
    Archive& operator=(const Archive&) = delete;

    struct Entry {
        std::uint64_t index = 0;
        std::uint64_t bytes = 0;  ///< unpacked, as the directory says
    };
    /// The entry of that name, without a slash at its front; case is disregarded when nothing else fits.
    std::optional<Entry> find(std::string_view name) const;
    /// Throws Error{encrypted_file | malformed_file | archive_limits}, as does reading. The archive has to outlive it.
    std::unique_ptr<ByteStream> open(const Entry& entry);
    /// All of an entry, which must be small.
    std::string text_of(const Entry& entry, std::size_t bytes_max);

private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace millrace::formats::sheet
