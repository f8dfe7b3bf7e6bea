#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "jobs/schedule_ops.hpp"
#include "jobs/schedule_store.hpp"
#include "observe/log.hpp"

namespace millrace::jobs {

/// Fires schedules when they are due. Every server runs one; none leads: a slot belongs to the commit that inserts it
/// first, together with its job, so it fires once whoever dies meanwhile.
class Scheduler {
public:
    Scheduler(ScheduleStore& store, ledger::Ledger& ledger, const Clock& clock, observe::Log& log);
    ~Scheduler();

    /// Begins to fire on a thread of its own, which wakes at the next slot, and at least every second for what
    /// others have changed.
    void start();
    void stop();

    /// Fires what is due now; returns how many jobs this server made. For the thread, and for tests without one.
    int turn();

private:
    void loop(std::stop_token stop);
    int fire(const Schedule& schedule, Instant now);
    void note_unreadable(const Schedule& schedule, const Error& error);
    Duration until_next();

    ScheduleStore& store_;
    ledger::Ledger& ledger_;
    const Clock& clock_;
    observe::Log& log_;
    Instant looked_at_{};        ///< what was due by then has been seen
    std::set<Uuid> unreadable_;  ///< logged once each; another server may know their time zone
    std::mutex mutex_;
    std::condition_variable_any pause_;
    std::jthread thread_;
};

}  // namespace millrace::jobs
