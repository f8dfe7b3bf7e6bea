#include <algorithm>
#include <iterator>

#include "jobs/remote.hpp"
#include "storage/detail/claim.hpp"
#include "storage/detail/job_ops.hpp"
#include "storage/detail/list.hpp"
#include "storage/detail/rows.hpp"
#include "storage/detail/stores.hpp"

namespace millrace::storage::detail {
namespace {

constexpr int expired_max = 1000;
constexpr std::size_t shown_at_once = 100;
/// A job that runs for longer than this is written as running; most are done before.
constexpr Duration shown_after = std::chrono::seconds{2};

jobs::Attempt read_attempt(const Row& row) {
    Reader r{row};
    return {.job = r.uuid(), .attempt = r.integer(), .worker = r.text(), .started_at = r.instant(),
            .ended_at = r.maybe_instant(), .outcome = r.text(), .error_code = r.text(), .error_message = r.text()};
}

std::vector<jobs::Rescued> take_back(Tx& tx, const Uuid& self, Duration expiry, bool restart, Instant now) {
    // The rows of the workers go first: from here on a beat of theirs answers "unknown", and they stop by themselves.
    if (restart) tx.db.run(Statement::workers_remove_others, args(self));
    else tx.db.run(Statement::workers_expire, args(self, expiry.count(), now));
    const auto look = [&] { return all(tx.db, Statement::jobs_running_of_lost, {}, read_id); };
    std::vector<jobs::Rescued> out;
    tx.hold(look());
    // Looked at again under the locks: meanwhile one may have been settled, or claimed by somebody who lives.
    for (const auto& id : look()) {
        HeldJob* held = tx.job(id);
        if (!held) tx.db.later(Statement::leases_remove, args(id));
        else if (take_back_job(tx, *held, restart, now)) out.push_back({id, held->job.state});
    }
    return out;
}

std::vector<Uuid> expire_jobs(Tx& tx, Instant now) {
    const auto look = [&] { return all(tx.db, Statement::jobs_overdue, args(now, expired_max), read_id); };
    std::vector<Uuid> out;
    tx.hold(look());
    // Looked at again under the locks: one may have ended, or been claimed.
    for (const auto& id : look()) {
        if (HeldJob* held = tx.job(id); held && expire_job(tx, *held, now)) out.push_back(id);
    }
    return out;
}

}  // namespace

std::optional<jobs::Job> JobStore::get(const Uuid& id) {
    return reading(db_, [&](Session& s) { return one(s, Statement::jobs_get, args(id), whole_jobs(db_.shared.payload)); });
}

std::optional<jobs::Job> JobStore::get(const Uuid& id, const Scope& scope) { return seen_by(scope, get(id)); }

std::vector<jobs::Job> JobStore::active(const Scope& scope, const jobs::ActiveWindow& w) {
    return reading(db_, [&](Session& s) {
        switch (scope.reach) {
            case Scope::Reach::own:
                return all(s, Statement::jobs_active_own, args(scope.user, w.completed_after, w.failed_after, w.limit), read_job);
            case Scope::Reach::org:
                return all(s, Statement::jobs_active_org, args(scope.org, w.completed_after, w.failed_after, w.limit), read_job);
            case Scope::Reach::all:
                break;
        }
        return all(s, Statement::jobs_active_all, args(w.completed_after, w.failed_after, w.limit), read_job);
    });
}

jobs::JobPage JobStore::list(const Scope& scope, const jobs::ListRequest& r) {
    return reading(db_, [&](Session& s) {
        return detail::list<jobs::JobPage>(s, job_list, scope, {r.filter, r.sort, r.cursor, r.limit}, read_job);
    });
}

std::vector<jobs::Attempt> JobStore::attempts(const Uuid& job) {
    return reading(db_, [&](Session& s) {
        auto out = all(s, Statement::attempts_list, args(job), read_attempt);
        s.run(Statement::attempts_log, args(job), [&](const Row& row) {
            std::ranges::move(read_attempt_log(job, row.text(0)), std::back_inserter(out));
            if (row.is_null(1)) return;
            out.push_back({.job = job, .attempt = static_cast<int>(row.integer(1)), .worker = std::string{row.text(2)},
                           .started_at = row.instant(3), .ended_at = {}, .outcome = "running", .error_code = {}, .error_message = {}});
        });
        return out;
    });
}

std::vector<jobs::Job> JobStore::children(const Uuid& parent) {
    return reading(db_, [&](Session& s) { return all(s, Statement::jobs_children, args(parent), read_job); });
}

std::vector<jobs::Need> JobStore::needs(const Uuid& job) {
    return reading(db_, [&](Session& s) {
        return all(s, Statement::needs_list, args(job), [](const Row& row) {
            return jobs::Need{row.uuid(0), from_word<jobs::NeedOutcome>(row.text(1)).value_or(jobs::NeedOutcome::end)};
        });
    });
}

std::vector<jobs::LogLine> JobStore::log(const jobs::LogRequest& r) {
    return reading(db_, [&](Session& s) {
        return all(s, Statement::log_list, args(r.job, r.attempt, r.after, r.limit), [](const Row& row) {
            Reader reader{row};
            return jobs::LogLine{.seq = reader.integer<std::int64_t>(), .attempt = reader.integer(), .at = reader.instant(),
                                 .level = reader.text(), .message = reader.text()};
        });
    });
}

std::optional<jobs::Job> JobStore::cached(const Uuid& owner, const std::string& cache_key, Instant since) {
    return reading(db_, [&](Session& s) { return one(s, Statement::jobs_cached, args(owner, cache_key, since), whole_jobs(db_.shared.payload)); });
}

std::vector<Uuid> JobStore::finished_before(jobs::State state, Instant before, int limit) {
    return reading(db_, [&](Session& s) { return all(s, Statement::jobs_finished_before, args(state, before, limit), read_id); });
}

std::vector<jobs::Ended> JobStore::oldest_ended(Instant before, int limit) {
    return reading(db_, [&](Session& s) {
        return all(s, Statement::jobs_oldest_ended, args(before, limit), [](const Row& row) {
            Reader r{row};
            return jobs::Ended{.id = r.uuid(), .at = r.instant(), .bytes = r.integer<std::int64_t>()};
        });
    });
}

std::int64_t JobStore::history_bytes() {
    return reading(db_, [&](Session& s) {
        std::int64_t bytes = 0;
        s.run(Statement::jobs_history_bytes, {}, [&](const Row& row) { bytes = row.integer(0); });
        return bytes;
    });
}

std::vector<std::pair<jobs::State, std::int64_t>> JobStore::counts() {
    return reading(db_, [&](Session& s) {
        return all(s, Statement::jobs_counts, {}, [](const Row& row) {
            return std::pair{from_word<jobs::State>(row.text(0)).value_or(jobs::State::queued), row.integer(1)};
        });
    });
}

std::vector<jobs::QueueCount> JobStore::queue_counts() {
    return reading(db_, [&](Session& s) {
        return all(s, Statement::queues_counts, {}, [](const Row& row) {
            Reader r{row};
            return jobs::QueueCount{.queue = r.text(), .state = r.word_of(jobs::State::queued), .number = r.integer<std::int64_t>()};
        });
    });
}

std::vector<jobs::Queue> JobStore::queues() {
    return reading(db_, [&](Session& s) { return all(s, Statement::queues_list, {}, read_queue); });
}

std::optional<jobs::Queue> JobStore::queue(const std::string& name) {
    return reading(db_, [&](Session& s) { return one(s, Statement::queues_get, args(name), read_queue); });
}

std::vector<jobs::Stat> JobStore::stats(Instant from, Instant until) {
    return reading(db_, [&](Session& s) {
        return all(s, Statement::stats_range, args(from, until), [](const Row& row) {
            Reader r{row};
            return jobs::Stat{.minute = r.instant(), .queue = r.text(), .kind = r.text(), .outcome = r.text(),
                              .number = r.integer<std::int64_t>(), .wait_us = r.integer<std::int64_t>(),
                              .run_us = r.integer<std::int64_t>()};
        });
    });
}

std::optional<Instant> JobStore::next_due() {
    return reading(db_, [&](Session& s) {
        std::optional<Instant> due;
        s.run(Statement::jobs_next_due, {}, [&](const Row& row) { due = Reader{row}.maybe_instant(); });
        return due;
    });
}

void JobStore::offer(const jobs::Worker& worker, std::shared_ptr<jobs::Seats> seats) {
    db_.shared.seating.offer(worker, std::move(seats));
}

std::vector<jobs::Claimed> JobStore::claim(const jobs::Claim& claim) {
    std::vector<jobs::Claimed> out;
    db_.claims().run_relaxed([&](Tx& tx) { out = claim_jobs(tx, claim).jobs; });
    return out;
}

void JobStore::look_back() {
    if (db_.dialect() == Dialect::sqlite) return;
    const auto lines = db_.shared.cursors.lines();
    if (lines.empty()) return;
    db_.read([&](Session& s) {
        for (const auto& line : lines) {
            s.run(Statement::turns_first, args(line.queue, line.kinds), [&](const Row& row) {
                db_.shared.cursors.came(line.queue, {-row.integer(0), row.integer(1), row.uuid(2)});
            });
        }
    });
}

/// In the order of the stages of the same jobs, so by the writer of these; few at once, so that nobody waits for many.
void JobStore::show_progress(const std::vector<jobs::Progress>& progress) {
    for (std::size_t begin = 0; begin < progress.size(); begin += shown_at_once) {
        const auto part = std::span{progress}.subspan(begin, std::min(shown_at_once, progress.size() - begin));
        db_.commits().run_relaxed([&](Tx& tx) { put_progress(tx, part); });
    }
}

void JobStore::hello(const jobs::Worker& w) {
    // Durable, unlike claims: a worker whose row a crash of the database took back would be given up by the others.
    db_.commits().run([&](Tx& tx) {
        tx.db.run(Statement::workers_hello, args(w.id, w.host, w.pid, w.role, w.started_at, w.seen_at, texts_value(w.kinds),
                                                texts_value(w.queues), w.slots));
    });
}

void JobStore::spare_remote(const Uuid& self, Duration absence, Instant now) {
    db_.claims().run([&](Tx& tx) { tx.db.run(Statement::workers_spare_remote, args(self, absence.count(), now)); });
}

jobs::Beat JobStore::beat(const Uuid& worker, Instant now) {
    jobs::Beat out;
    db_.claims().run([&](Tx& tx) {
        out = {};
        out.known = tx.db.run(Statement::workers_beat, args(worker, now)) > 0;
        if (!out.known) return;
        tx.db.run(Statement::jobs_show_running, args(worker, now - shown_after), [&](const Row& row) { tx.shared.claimed.drop(row.uuid(0)); });
        out.cancelling = all(tx.db, Statement::leases_cancelling, args(worker), read_id);
        tx.db.later(Statement::progress_forget, {});
    });
    return out;
}

std::vector<Uuid> JobStore::hand_back_forgotten(const Uuid& worker, const std::vector<Uuid>& running, Duration age, Instant now) {
    auto leases = reading(db_, [&](Session& s) {
        return all(s, Statement::leases_of_worker, args(worker, now), [](const Row& row) {
            Reader r{row};
            return std::pair{jobs::Lease{r.uuid(), r.integer(), r.uuid()}, Duration{r.integer<std::int64_t>()}};
        });
    });
    std::erase_if(leases, [&](const auto& held) {
        return held.second <= age || std::ranges::find(running, held.first.job) != running.end();
    });
    std::vector<Uuid> out;
    if (leases.empty()) return out;
    db_.commits().run([&](Tx& tx) {
        out.clear();
        std::vector<Uuid> ids;
        for (const auto& held : leases) ids.push_back(held.first.job);
        tx.hold(std::move(ids));
        for (const auto& [lease, held_for] : leases) {
            const HeldJob* held = tx.job(lease.job);
            if (!held || !is_owned(*held, lease)) continue;
            settle_job(tx, jobs::handed_back(lease.job, now));
            out.push_back(lease.job);
        }
    });
    return out;
}

void JobStore::goodbye(const Uuid& worker) {
    db_.claims().run([&](Tx& tx) { tx.db.run(Statement::workers_goodbye, args(worker)); });
}

std::vector<jobs::Worker> JobStore::workers() {
    return reading(db_, [&](Session& s) { return all(s, Statement::workers_list, {}, read_worker); });
}

std::vector<jobs::Rescued> JobStore::rescue(const Uuid& self, Duration expiry, bool restart, Instant now) {
    std::vector<jobs::Rescued> out;
    if (!restart && !db_.may_rescue(expiry)) return out;
    db_.claims().run([&](Tx& tx) { out = take_back(tx, self, expiry, restart, now); });
    return out;
}

std::vector<Uuid> JobStore::expire(Instant now) {
    // The commits' writer: nobody sees again that a job had not ended.
    std::vector<Uuid> out;
    db_.commits().run([&](Tx& tx) { out = expire_jobs(tx, now); });
    return out;
}

}  // namespace millrace::storage::detail
