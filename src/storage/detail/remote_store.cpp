#include <algorithm>

#include "storage/detail/claim.hpp"
#include "storage/detail/job_ops.hpp"
#include "storage/detail/rows.hpp"
#include "storage/detail/stores.hpp"

namespace millrace::storage::detail {
namespace {

using jobs::State;

/// A lease of a remote worker, and how long it has been held.
struct Held {
    jobs::Lease lease;
    Duration age{};
    State state = State::running;
    jobs::Options options;
    std::optional<Instant> deadline;
};

std::vector<Held> leases_of(Tx& tx, const Uuid& worker, Instant now) {
    return all(tx.db, Statement::leases_of_worker, args(worker, now), [](const Row& row) {
        Reader r{row};
        return Held{.lease = {r.uuid(), r.integer(), r.uuid()}, .age = Duration{r.integer<std::int64_t>()},
                    .state = r.word_of(State::running), .options = read_options(r.object()),
                    .deadline = r.maybe_instant()};
    });
}

/// The job, when the attempt is this worker's.
HeldJob* own_job(Tx& tx, const Uuid& worker, const jobs::Lease& lease) {
    HeldJob* held = tx.job(lease.job);
    return held && is_owned(*held, lease) && held->lease->worker == worker ? held : nullptr;
}

template <class T>
std::vector<Uuid> jobs_named(const std::vector<T>& items) {
    std::vector<Uuid> ids;
    for (const auto& item : items) ids.push_back(item.lease.job);
    return ids;
}

void apply_progress(Tx& tx, HeldJob& held, const jobs::RemoteProgress& p, Instant now) {
    const jobs::Job& job = held.job;
    const int progress = p.progress.value_or(job.progress);
    if (p.checkpoint) save_checkpoint(tx, {job.id, *p.checkpoint});
    if (!p.log.empty()) append_log(tx, {p.lease, p.log});
    if (p.stage && *p.stage != job.stage) {
        stage_job(tx, jobs::Stage{job.id, progress, *p.stage, p.message.value_or(""), now});
        return;
    }
    const auto message = p.message.value_or(job.message);
    if (progress <= job.progress && message == job.message) return;
    // That of a child counts in its parent.
    if (job.parent) return tick_job(tx, jobs::Tick{p.lease, progress, message, now});
    held.job.progress = std::max(job.progress, std::clamp(progress, 0, 99));
    held.job.message = message;
    jobs::Job told = job;
    told.updated_at = now;
    const jobs::Progress shown{.lease = p.lease, .progress = job.progress, .message = message, .at = now, .event = job_event("job.progress", told)};
    put_progress(tx, {&shown, 1});
}

/// Leases that the beat shows to be over: their worker forgot them, or took longer than the job allows.
struct Over {
    std::vector<Held> forgotten, overdue;
    bool empty() const { return forgotten.empty() && overdue.empty(); }
};

Over find_over(const std::vector<Held>& leases, const jobs::RemoteBeat& beat) {
    Over over;
    for (const auto& held : leases) {
        const auto timeout = held.options.timeout_ms;
        const bool too_long = timeout && held.age > std::chrono::milliseconds{*timeout} + beat.grace;
        const bool too_late = held.deadline && beat.now > *held.deadline + beat.grace;
        const bool named = !beat.running || std::ranges::find(*beat.running, held.lease.job) != beat.running->end();
        if (too_long || too_late) over.overdue.push_back(held);
        else if (!named && held.age > beat.lease) over.forgotten.push_back(held);
    }
    return over;
}

}  // namespace

std::optional<jobs::DeclaredKind> RemoteStore::kind(const std::string& name) {
    return reading(db_, [&](Session& s) { return one(s, Statement::kinds_get, args(name), read_kind); });
}

std::vector<jobs::DeclaredKind> RemoteStore::kinds() {
    return reading(db_, [&](Session& s) { return all(s, Statement::kinds_list, {}, read_kind); });
}

std::optional<jobs::Worker> RemoteStore::worker(const Uuid& id) {
    return reading(db_, [&](Session& s) { return one(s, Statement::workers_get, args(id), read_worker); });
}

bool RemoteStore::drain(const Uuid& worker, bool drain) {
    bool known = false;
    db_.commits().run([&](Tx& tx) { known = tx.db.run(Statement::workers_drain, args(worker, drain)) > 0; });
    return known;
}

jobs::RemoteClaimed RemoteStore::claim(const jobs::Claim& claim) {
    jobs::RemoteClaimed out;
    db_.claims().run_relaxed([&](Tx& tx) { out = claim_jobs(tx, claim); });
    return out;
}

jobs::RemoteBeaten RemoteStore::beat(const jobs::RemoteBeat& beat) {
    jobs::RemoteBeaten out;
    std::vector<Held> leases;
    db_.claims().run([&](Tx& tx) {
        out = {.known = false};
        tx.db.run(Statement::workers_touch, args(beat.worker, beat.now));
        tx.db.run(Statement::workers_check, args(beat.worker, beat.now), [&](const Row& row) {
            out.known = row.text(2) == jobs::remote_role;
            out.draining = row.integer(3) != 0;
        });
        if (out.known) leases = leases_of(tx, beat.worker, beat.now);
    });
    if (!out.known) return out;

    const Over over = find_over(leases, beat);
    std::vector<Uuid> gone;
    if (!beat.progress.empty() || !over.empty()) {
        // What ends an attempt, or is shown of one, is durable; a beat need not be.
        db_.commits().run([&](Tx& tx) {
            gone.clear();
            out.logged.clear();
            auto ids = jobs_named(beat.progress);
            for (const auto* some : {&over.forgotten, &over.overdue}) std::ranges::move(jobs_named(*some), std::back_inserter(ids));
            tx.hold(std::move(ids));
            for (const auto& progress : beat.progress) {
                auto* held = own_job(tx, beat.worker, progress.lease);
                if (!held) {
                    gone.push_back(progress.lease.job);
                    continue;
                }
                apply_progress(tx, *held, progress, beat.now);
                if (!progress.log.empty()) out.logged.push_back(job_event("job.log", held->job));
            }
            for (const auto& held : over.forgotten) {
                if (own_job(tx, beat.worker, held.lease)) settle_job(tx, jobs::handed_back(held.lease.job, beat.now));
            }
            for (const auto& held : over.overdue) {
                const auto* own = own_job(tx, beat.worker, held.lease);
                if (own) settle_job(tx, jobs::timed_out(own->job, beat.jitter, beat.now));
            }
        });
    }
    for (const auto& id : beat.running.value_or(std::vector<Uuid>{})) {
        const bool held = std::ranges::any_of(leases, [&](const Held& h) { return h.lease.job == id; });
        const bool overdue = std::ranges::any_of(over.overdue, [&](const Held& h) { return h.lease.job == id; });
        if (!held || overdue) gone.push_back(id);
    }
    std::ranges::sort(gone);
    gone.erase(std::ranges::unique(gone).begin(), gone.end());
    out.lost = std::move(gone);
    for (const auto& held : leases) {
        if (held.state == State::cancelling) out.cancelling.push_back(held.lease.job);
    }
    return out;
}

std::vector<Uuid> RemoteStore::beat_idle(const std::vector<Uuid>& workers, Instant now) {
    std::vector<Uuid> out;
    db_.claims().run([&](Tx& tx) {
        out.clear();
        for (const auto& id : workers) {
            bool stays = false;
            tx.db.later(Statement::workers_touch_idle, args(id, now));
            tx.db.run(Statement::workers_check, args(id, now), [&](const Row& row) { stays = row.integer(3) == 0; });
            if (!stays) out.push_back(id);
        }
    });
    return out;
}

std::vector<std::optional<State>> RemoteStore::settle(const Uuid& worker, const std::vector<jobs::RemoteEnding>& endings,
                                                      Instant now) {
    std::vector<std::optional<State>> out;
    db_.commits().run([&](Tx& tx) {
        out.assign(endings.size(), std::nullopt);
        // The worker first, as rescue does, so that the two do not wait for each other.
        tx.db.later(Statement::workers_touch, args(worker, now));
        tx.hold(jobs_named(endings));
        for (std::size_t i = 0; i < endings.size(); ++i) {
            HeldJob* held = own_job(tx, worker, endings[i].lease);
            if (!held) continue;
            if (!endings[i].log.empty()) append_log(tx, {endings[i].lease, endings[i].log});
            settle_job(tx, jobs::settlement(held->job, endings[i], now));
            out[i] = held->job.state;
        }
    });
    return out;
}

int RemoteStore::leave(const Uuid& worker, Instant now) {
    int handed_back = 0;
    db_.commits().run([&](Tx& tx) {
        handed_back = 0;
        bool remote = false;
        tx.db.run(Statement::workers_check, args(worker, now), [&](const Row& row) { remote = row.text(2) == jobs::remote_role; });
        if (!remote) return;
        const auto leases = leases_of(tx, worker, now);
        tx.db.run(Statement::workers_goodbye, args(worker));
        tx.hold(jobs_named(leases));
        for (const auto& held : leases) {
            if (!own_job(tx, worker, held.lease)) continue;
            settle_job(tx, jobs::handed_back(held.lease.job, now));
            ++handed_back;
        }
    });
    return handed_back;
}

}  // namespace millrace::storage::detail
