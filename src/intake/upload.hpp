#pragma once

#include "base/describe.hpp"
#include "base/scope.hpp"

namespace millrace::intake {

/// partial: its bytes are for a final one, it makes no job by itself. final: made of partial ones.
BOOST_DEFINE_ENUM_CLASS(UploadPart, whole, partial, final)

/// An upload whose bytes come in pieces, over days and restarts. Unless partial, it is the file of the same id.
struct Upload {
    Uuid id;
    Uuid owner;
    Uuid org;
    UploadPart part = UploadPart::whole;
    std::optional<std::uint64_t> length;  ///< absent: not told yet
    std::uint64_t received = 0;           ///< bytes that are durable
    std::string metadata;                 ///< Upload-Metadata as it came
    std::string concat;                   ///< Upload-Concat as it came
    std::string sha256;                   ///< of all bytes, once they are here; empty for partial ones
    std::optional<Uuid> job_id;           ///< the import
    Instant expires_at{};
    Instant created_at{};

    bool is_complete() const { return length && received == *length; }
};

}  // namespace millrace::intake
