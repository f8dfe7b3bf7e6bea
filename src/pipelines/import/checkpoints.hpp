#pragma once

#include <array>
#include <optional>
#include <string>

#include "jobs/engine.hpp"
#include "pipelines/import/objects.hpp"

namespace millrace::pipelines::import {

/// Makes the building of a large table outlive its attempt: what is written are drafts, the state of the build is a draft
/// of its own, and the checkpoint of the job says how much of them belongs together. There are two drafts of states, written
/// in turn, so that a crash leaves the checkpoint before.
class Checkpoints {
public:
    /// `source`: the SHA-256 of the file.
    Checkpoints(blobs::DraftStore& store, jobs::Context& context, std::string source);

    /// Holds what an earlier attempt has saved, when that is still there, else begins anew. Ends the attempt for a moment
    /// while an earlier one, which does not know yet that it has lost the job, still writes.
    void open();
    Objects objects() { return {data_, texts_, rejects_}; }
    /// What the build is to go on from; empty: from the beginning.
    const std::string& state() const { return state_; }
    /// Bytes of the source that need not be read again.
    std::uint64_t from() const { return from_; }

    /// Durable on return.
    void save(std::string_view state, std::uint64_t source_at);
    /// Removes what has not become an object.
    void remove();

private:
    struct Mark;
    std::optional<Mark> mark() const;
    bool go_on(const Mark& mark);
    void hold(DraftObject& object, std::uint64_t size);
    Uuid id(std::string_view what) const;
    Uuid state_id(int turn) const;

    blobs::DraftStore& store_;
    jobs::Context& context_;
    const std::string source_;
    const std::string input_;  ///< hash of what the job was told
    DraftObject data_, texts_, rejects_;
    std::string state_;
    std::uint64_t from_ = 0;
    int turn_ = 0;
};

}  // namespace millrace::pipelines::import
