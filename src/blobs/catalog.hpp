#pragma once

#include <filesystem>
#include <span>

#include "blobs/drafts.hpp"
#include "blobs/settings.hpp"
#include "observe/log.hpp"

namespace millrace::blobs {

/// Where bytes are kept, and what is not there yet.
struct Stores {
    std::unique_ptr<BlobStore> objects;
    std::unique_ptr<DraftStore> drafts;
};

/// What a store is opened with.
struct Opening {
    const Settings& settings;
    const std::filesystem::path& directory;  ///< of this server
    bool shared = false;                     ///< other servers use the same store at the same time
    std::uint64_t object_bytes_max = 0;      ///< of the largest object that it must take
    const observe::Log& log;
};

struct Kind {
    std::string_view name;  ///< as in the setting blobs.store
    /// Throws Error{invalid_config | storage_failed}.
    Stores (*open)(const Opening&);
    /// Asks a store that is elsewhere whether it can be used, and answers what it is; empty: it is on this machine. Throws as `open`.
    std::string (*check)(const Opening&);
};

std::span<const Kind> catalog();

/// That of the settings.
const Kind& kind(const Settings& settings);

}  // namespace millrace::blobs
