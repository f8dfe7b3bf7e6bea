#pragma once

#include "jobs/store.hpp"
#include "storage/detail/tx.hpp"

namespace millrace::storage::detail {

/// Moves what is due to its queue and takes what the limits allow; see jobs::JobStore::claim.
std::vector<jobs::Claimed> claim_jobs(Tx& tx, const jobs::Claim& claim);

}  // namespace millrace::storage::detail
