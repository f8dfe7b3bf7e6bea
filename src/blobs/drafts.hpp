#pragma once

#include "base/uuid.hpp"
#include "blobs/store.hpp"

namespace millrace::blobs {

/// The bytes of an object that come in pieces. Held by one at a time, among all processes; released when destroyed.
struct Draft {
    virtual ~Draft() = default;
    /// Appends.
    virtual void write(std::string_view bytes) = 0;
    /// What was written is durable on return. After a failure this draft never syncs again.
    virtual void sync() = 0;
};

/// Drafts outlive the process; how much of one counts is for the caller to remember. Thread-safe.
struct DraftStore {
    virtual ~DraftStore() = default;
    /// Cut to `size` bytes, and made when `size` is 0. Nothing when it is held. Throws Error{corrupt_blob} when it has fewer.
    virtual std::unique_ptr<Draft> hold(const Uuid& id, std::uint64_t size) = 0;
    /// Throws Error{corrupt_blob} when it is missing.
    virtual std::unique_ptr<Reader> open(const Uuid& id) = 0;
    /// Makes the synced draft an object of that name, durably. Good to do again when a crash came between.
    virtual void store(const Uuid& id, const std::string& sha256) = 0;
    /// No effect when it is not there.
    virtual void remove(const Uuid& id) = 0;
    /// Calls `visit(id, changed_at)` for every draft; order unspecified.
    virtual void each(const std::function<void(const Uuid&, Instant)>& visit) = 0;
};

}  // namespace millrace::blobs
