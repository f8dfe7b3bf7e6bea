#pragma once

#include "base/describe.hpp"
#include "base/scope.hpp"

namespace millrace::intake {

BOOST_DEFINE_ENUM_CLASS(FileState, receiving, stored, aborted)

/// A file somebody sent, or is sending. Its name is data: the bytes are stored under their hash.
struct File {
    Uuid id;
    Uuid owner;
    Uuid org;
    FileState state = FileState::receiving;
    std::string filename;
    std::string media_type;
    std::optional<Uuid> job_id;  ///< the import it is for
    Uuid server;                 ///< the process that receives it
    std::uint64_t size = 0;
    std::string sha256;
    Instant created_at{};
    Instant updated_at{};
};

}  // namespace millrace::intake
