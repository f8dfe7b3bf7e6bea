#pragma once

#include "jobs/ops.hpp"
#include "storage/detail/tx.hpp"

/// What the move of one job means to others: those that need it, and its parent.
namespace millrace::storage::detail {

/// Moves the job and tells of it; completed_at stands exactly in ended jobs, 100 exactly in completed ones. Then moves
/// those whose turn it is.
void move(Tx& tx, HeldJob& held, jobs::State state, Instant at);

void set_error(jobs::Job& job, Code code, Error::Args args = {});

/// Looks at what the new job needs: it starts blocked, or ends at once. Call before it is inserted.
void tie(Tx& tx, jobs::Job& job, const std::vector<jobs::Need>& needs);
/// Counts the new job with its parent.
void adopt(Tx& tx, const jobs::Job& job);
/// A child has come further.
void child_progressed(Tx& tx, const jobs::Job& child, int from);

/// Ends what is waiting and asks what runs to stop, children too.
void cancel(Tx& tx, HeldJob& held, Instant at);
void cancel_children(Tx& tx, const jobs::Job& parent, Instant at);

}  // namespace millrace::storage::detail
