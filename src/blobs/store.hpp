#pragma once

#include <functional>
#include <memory>
#include <span>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/hash.hpp"

namespace millrace::blobs {

struct Stored {
    std::string sha256;  ///< lower-case hex: the name of the object
    std::uint64_t size = 0;
};

/// Takes the bytes of one object in order. Dropped without `finish`, it leaves nothing behind.
struct Writer {
    virtual ~Writer() = default;
    virtual void write(std::string_view bytes) = 0;
    /// Durable on return (fsync, rename, fsync of the directory). Throws Error{storage_failed | storage_full}; after
    /// a failed fsync the bytes are never reported as stored.
    virtual Stored finish() = 0;
    virtual std::uint64_t size() const = 0;
};

/// Reads an object from any offset. Thread-safe.
struct Reader {
    virtual ~Reader() = default;
    virtual std::uint64_t size() const = 0;
    virtual std::size_t read(std::uint64_t offset, std::span<char> into) = 0;
};

/// Objects named by the SHA-256 of their bytes; the same bytes are stored once. Thread-safe.
struct BlobStore {
    virtual ~BlobStore() = default;
    virtual std::unique_ptr<Writer> create() = 0;
    /// Throws Error{corrupt_blob} when the object is missing.
    virtual std::unique_ptr<Reader> open(const std::string& sha256) = 0;
    virtual bool exists(const std::string& sha256) = 0;
    /// Removes the object unless it was stored again at or after `unless_since`. No effect when it is not there.
    virtual void remove(const std::string& sha256, Instant unless_since) = 0;
    /// Calls `visit(sha256, stored_at)` for every object; order unspecified.
    virtual void each(const std::function<void(const std::string&, Instant)>& visit) = 0;
    /// Removes what interrupted writers left before `before`; answers how many.
    virtual int sweep_partial(Instant before) = 0;
};

}  // namespace millrace::blobs
