#pragma once

#include "jobs/remote.hpp"
#include "storage/detail/tx.hpp"

namespace millrace::storage::detail {

/// Moves what is due to its queue and takes what the limits allow; see jobs::JobStore::claim. A worker that is unknown
/// or drains gets nothing.
jobs::RemoteClaimed claim_jobs(Tx& tx, const jobs::Claim& claim);

}  // namespace millrace::storage::detail
