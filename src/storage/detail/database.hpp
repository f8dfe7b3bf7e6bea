#pragma once

#include "storage/detail/writer.hpp"

namespace millrace::storage::detail {

/// What the stores need of a backend.
class Database {
public:
    virtual ~Database() = default;
    virtual Dialect dialect() const = 0;
    /// Reads on a connection of the pool; waits for one. Repeated once on a new connection when the first is broken.
    /// Throws Error{database_unavailable}.
    virtual void read(const std::function<void(Session&)>& body) = 0;
    virtual Writer& commits() = 0;
    /// Claims, beats and rescues; not behind commits where the backend can do both at once.
    virtual Writer& claims() = 0;
    /// May the jobs of workers that seem silent be taken back? Not while the database itself was away a moment ago.
    virtual bool may_rescue(Duration expiry) = 0;
    virtual void close() = 0;
    /// What the writers of this process share.
    Shared shared;
};

}  // namespace millrace::storage::detail
