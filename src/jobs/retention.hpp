#pragma once

#include "base/bytes.hpp"
#include "jobs/store.hpp"
#include "ledger/ledger.hpp"

namespace millrace::jobs {

/// How much history may be there.
struct Keep {
    Bytes limit;     ///< of JobStore::history_bytes
    Instant before;  ///< what ended or happened from here on stays, whatever the size
    Instant now;
};

/// Removes the oldest ended jobs, and the events of their time, while the history is larger than `limit`; a bounded
/// number at a time, so that nobody waits for it. False when there is more to remove: call again soon.
/// Unfinished jobs are never removed. Throws what the store and the ledger throw.
bool keep_within(const Keep& keep, JobStore& store, ledger::Ledger& ledger);

}  // namespace millrace::jobs
