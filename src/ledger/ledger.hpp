#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/uuid.hpp"

/// What must happen together, as a value. No SQL, no connection, no transaction object: those exist in storage/ only.
namespace millrace::ledger {

/// One change, declared by the module that owns the table. Idempotent by id and bounded (1,000 rows; bulk goes to
/// blobs). The handler of each op stands in storage/catalog.cpp.
struct Op {
    virtual ~Op() = default;
};

using Ops = std::vector<std::unique_ptr<const Op>>;

/// A condition that must hold in the transaction before anything is written. Guards are ops of their own types;
/// only a guard may answer `lost` or `refused`.
struct Commit {
    Ops guards;
    Ops ops;

    template <class T>
    Commit& guard(T op) {
        guards.push_back(std::make_unique<const T>(std::move(op)));
        return *this;
    }
    template <class T>
    Commit& add(T op) {
        ops.push_back(std::make_unique<const T>(std::move(op)));
        return *this;
    }
};

enum class Outcome {
    applied,  ///< durable now
    lost,     ///< a fence did not match: somebody else owns the object, or it is no longer in the state required
    refused,  ///< a unique key is taken; `existing` holds it
};

struct Committed {
    Outcome outcome = Outcome::applied;
    Uuid existing;  ///< with refused: the id that holds the key

    explicit operator bool() const { return outcome == Outcome::applied; }
};

struct Ledger {
    virtual ~Ledger() = default;
    /// Applies all or nothing; durable (fsync) and published to the event hub on return. Thread-safe, blocks.
    /// Throws Error{database_unavailable} when the outcome is unknown or nothing was applied: every op is idempotent
    /// by id, so the caller may repeat.
    virtual Committed commit(Commit commit) = 0;

    /// What became of it, or what `commit` would have thrown.
    using OnCommitted = std::function<void(Committed committed, std::exception_ptr failed)>;
    /// The same without waiting. `done` is called once, perhaps before the return and perhaps on a thread of the ledger:
    /// it is short, commits nothing and throws nothing.
    virtual void submit(Commit commit, OnCommitted done) {
        Committed committed;
        std::exception_ptr failed;
        try {
            committed = this->commit(std::move(commit));
        } catch (...) {
            failed = std::current_exception();
        }
        done(committed, failed);
    }
};

}  // namespace millrace::ledger
