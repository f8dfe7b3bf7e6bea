#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "blobs/s3/detail/connection.hpp"
#include "blobs/s3/detail/spool.hpp"

namespace millrace::blobs::s3 {

/// An object as a listing shows it.
struct Entry {
    std::string key;
    std::uint64_t size = 0;
    Instant changed_at;
};

/// An upload in parts that is not complete.
struct Unfinished {
    std::string key, id;
    Instant begun_at;
};

struct Part {
    int number = 0;  ///< from 1
    std::uint64_t size = 0;
    std::string etag;  ///< empty when the service does not tell it, as Swift does of a copied one
};

/// The calls of S3 that a store is made of. Keys stand without the prefix of the settings. All throw
/// Error{storage_failed | storage_full} when trying again does not help. Thread-safe.
class Bucket {
public:
    Bucket(const Settings& settings, const observe::Log& log) : connection_{settings, log}, prefix_{settings.prefix} {}

    /// Does the service answer, take the key and have the bucket? Throws Error{invalid_config | storage_failed}.
    void check();

    /// Durable on return. The service refuses bytes whose hash is not that of the spool.
    void put(const std::string& key, Spool& bytes);
    /// Number of bytes; nothing when there is no such object. Throws Error{corrupt_blob} when the service knows its SHA-256
    /// and that is not `sha256`.
    std::optional<std::uint64_t> size_of(const std::string& key, const std::string& sha256 = {});
    /// Fills `into` from `offset` on; all of it must be there. False when there is no such object.
    bool read(const std::string& key, std::uint64_t offset, std::span<char> into);
    /// Within S3. False when there is no object `from`.
    bool copy(const std::string& from, const std::string& to);
    /// No effect when it is not there.
    void remove(const std::string& key);
    void remove(const std::vector<Entry>& entries);

    struct Listed {
        std::vector<Entry> entries;  ///< in the order of their keys
        std::optional<Instant> now;  ///< of the service
    };
    Listed list(const std::string& prefix);
    /// The same for more than fits into memory; answers the time of the service.
    std::optional<Instant> each(const std::string& prefix, const std::function<void(const Entry&)>& visit);

    std::string begin_parts(const std::string& key);
    std::vector<Unfinished> unfinished(const std::string& prefix);
    /// Nothing when the upload is not there any more; so are the answers of the calls below.
    std::optional<std::vector<Part>> parts(const Unfinished& upload);
    std::optional<Part> put_part(const Unfinished& upload, int number, Spool& bytes);
    std::optional<Part> copy_part(const Unfinished& upload, int number, const std::string& from, std::uint64_t size);
    bool complete_parts(const Unfinished& upload, const std::vector<Part>& parts);
    void abort_parts(const Unfinished& upload);

private:
    Call call(std::string method, const std::string& key, sigv4::Query query = {}) const;
    std::string source_of(const std::string& key) const;
    /// Pages of a listing: calls `take(root)` for each, which answers what the next one begins with; empty ends it.
    void pages(Call call, const std::function<sigv4::Query(const Answer&, const Element&)>& take);

    Connection connection_;
    const std::string prefix_;
};

}  // namespace millrace::blobs::s3
