#include "jobs/retention.hpp"

#include "jobs/ops.hpp"

namespace millrace::jobs {
namespace {

constexpr int batches_max = 10;
constexpr int batch_size = 500;
constexpr int forgets_per_batch = 5;  // each removes up to 1,000 events, and a job has made several

/// The oldest of `ended` whose bytes make up for `excess`, and the events until the last of them ended.
ledger::Commit removal(const std::vector<Ended>& ended, std::int64_t excess, const Keep& keep) {
    ledger::Commit commit;
    Instant horizon = ended.empty() ? keep.before : ended.front().at;
    for (const auto& job : ended) {
        if (excess <= 0) break;
        commit.add(Remove{job.id, keep.now, true});
        excess -= job.bytes;
        horizon = job.at;
    }
    for (int i = 0; i < forgets_per_batch; ++i) commit.add(ForgetEvents{horizon});
    return commit;
}

}  // namespace

bool keep_within(const Keep& keep, JobStore& store, ledger::Ledger& ledger) {
    const auto limit = static_cast<std::int64_t>(keep.limit.count);
    // Weighed anew before each batch: bytes are an estimate, and other servers may be removing as well.
    for (int batch = 0; batch < batches_max; ++batch) {
        const auto excess = store.history_bytes() - limit;
        if (excess <= 0) return true;
        const auto ended = store.oldest_ended(keep.before, batch_size);
        ledger.commit(removal(ended, excess, keep));
        if (ended.empty()) return true;
    }
    return false;
}

}  // namespace millrace::jobs
