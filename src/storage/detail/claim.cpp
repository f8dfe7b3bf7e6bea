#include "storage/detail/claim.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.hpp"
#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {
namespace {

constexpr int promoted_max = 1000;  ///< due jobs moved to their queues by one claim
constexpr int keys_max = 64;        ///< limit keys that one claim looks at, in each queue

Uuid random_token() {
    Uuid token;
    fill_random(token.bytes);
    return token;
}

json::array names(const std::vector<std::string>& list) {
    json::array out;
    for (const auto& name : list) out.emplace_back(name);
    return out;
}

struct Known {
    std::string name;  ///< "host/pid", or what a remote worker calls itself: what the attempts show
    bool remote = false;
    bool draining = false;
    Instant now{};  ///< of the clock that leases go by
};

/// The row of a worker and the time; nothing when the worker was given up.
std::optional<Known> known_worker(Tx& tx, const Uuid& worker, Instant now) {
    return one(tx.db, Statement::workers_check, args(worker, now), [](const Row& row) {
        const bool remote = row.text(2) == jobs::remote_role;
        std::string name{row.text(0)};
        if (!remote) name += fmt::format("/{}", row.integer(1));
        return Known{std::move(name), remote, row.integer(3) != 0, row.instant(4)};
    });
}

/// A queue as a claim sees it.
struct OpenQueue {
    jobs::Queue settings;
    std::optional<Instant> free_at;
};

OpenQueue read_open_queue(const Row& row) { return {read_queue(row), Reader{row, 8}.maybe_instant()}; }

std::vector<OpenQueue> open_queues(Tx& tx, const std::vector<std::string>& wanted) {
    auto queues = all(tx.db, Statement::queues_list, {}, read_open_queue);
    std::erase_if(queues, [&](const OpenQueue& q) {
        return q.settings.paused || (!wanted.empty() && std::ranges::find(wanted, q.settings.name) == wanted.end());
    });
    if (queues.size() > 1) std::ranges::rotate(queues, queues.begin() + tx.shared.claims++ % queues.size());
    return queues;
}

class Claiming {
public:
    Claiming(Tx& tx, const jobs::Claim& claim, const Known& worker)
        : tx_{tx}, claim_{claim}, worker_{worker}, kinds_(names(claim.kinds)), left_{claim.limit} {}

    std::vector<jobs::Claimed> run() {
        promote(jobs::State::scheduled);
        promote(jobs::State::retry_wait);
        for (auto& queue : open_queues(tx_, claim_.queues)) {
            if (left_ <= 0) break;
            take_from(queue);
        }
        return std::move(out_);
    }

private:
    void promote(jobs::State from) {
        auto due = all(tx_.db, Statement::jobs_promote, args(worker_.now, promoted_max, from), read_job);
        std::ranges::sort(due, {}, [](const jobs::Job& job) { return std::pair{job.run_at, job.id}; });
        for (const auto& job : due) {
            tx_.count(job, from, jobs::State::queued, worker_.now);
            tx_.db.later(Statement::jobs_set_turn, args(job.id, tx_.shared.turns.next(tx_.db, job.queue, job.priority, job.owner)));
            tx_.state_event(job);
        }
    }

    void take_from(OpenQueue& queue) {
        const jobs::Queue& settings = queue.settings;
        int room = left_;
        if (settings.limited()) {
            tx_.db.run(Statement::queues_lock, args(settings.name));
            // As it is now that nobody else claims from it.
            queue = one(tx_.db, Statement::queues_get, args(settings.name), read_open_queue).value_or(queue);
            if (settings.paused) return;
            room = std::min({room, free_slots(settings), free_starts(queue)});
        }
        const int before = left_;
        // Jobs with a key and jobs without take turns at being first.
        const bool keys_first = tx_.shared.claims % 2 == 0;
        if (keys_first) room -= take_keyed(settings, room);
        room -= take(Statement::jobs_claim, args(kinds_, room, worker_.now, settings.name), room);
        if (!keys_first) take_keyed(settings, room);
        if (settings.rate_count && left_ < before) {
            const auto free_at = jobs::after_starts(*settings.rate_count, period(settings.rate_period_ms), queue.free_at,
                                                    worker_.now, before - left_);
            tx_.db.later(Statement::queues_spend, args(settings.name, free_at));
        }
    }

    static Duration period(std::optional<std::int64_t> ms) { return std::chrono::milliseconds{ms.value_or(1)}; }

    int free_slots(const jobs::Queue& settings) {
        if (!settings.running_max) return left_;
        int running = 0;
        tx_.db.run(Statement::queues_running, args(settings.name), [&](const Row& row) { running = static_cast<int>(row.integer(0)); });
        return std::max(0, *settings.running_max - running);
    }

    int free_starts(const OpenQueue& queue) {
        const jobs::Queue& settings = queue.settings;
        if (!settings.rate_count) return left_;
        return jobs::starts_allowed(*settings.rate_count, period(settings.rate_period_ms), queue.free_at, worker_.now);
    }

    /// A few of each key, going on where the claim before has stopped.
    int take_keyed(const jobs::Queue& settings, int room) {
        if (room <= 0) return 0;
        const auto keys = next_keys(settings.name);
        if (keys.empty()) return 0;
        std::map<std::string, int> running;
        if (settings.key_running_max) {
            tx_.db.run(Statement::queues_running_by_key, args(settings.name), [&](const Row& row) {
                running.emplace(row.text(0), static_cast<int>(row.integer(1)));
            });
        }
        int taken = 0;
        for (std::size_t i = 0; i < keys.size() && taken < room; ++i) {
            int share = std::max(1, (room - taken) / static_cast<int>(keys.size() - i));
            if (settings.key_running_max) share = std::min(share, *settings.key_running_max - running[keys[i]]);
            taken += take_key(settings, keys[i], share);
        }
        return taken;
    }

    std::vector<std::string> next_keys(const std::string& queue) {
        const std::lock_guard lock{tx_.shared.mutex};
        std::string& after = tx_.shared.last_key[queue];
        const auto look = [&](const std::string& from) {
            return all(tx_.db, Statement::jobs_keys, args(queue, from, keys_max), [](const Row& row) { return std::string{row.text(0)}; });
        };
        auto keys = look(after);
        if (static_cast<int>(keys.size()) < keys_max && !after.empty()) {
            for (auto& key : look("")) {
                if (key > after || static_cast<int>(keys.size()) == keys_max) break;
                keys.push_back(std::move(key));
            }
        }
        after = keys.empty() ? "" : keys.front();
        return keys;
    }

    int take_key(const jobs::Queue& settings, const std::string& key, int share) {
        std::optional<Instant> free_at;
        if (settings.key_rate_count) {
            tx_.db.run(Statement::buckets_get, args(settings.name, key), [&](const Row& row) { free_at = row.instant(0); });
            share = std::min(share, jobs::starts_allowed(*settings.key_rate_count, period(settings.key_rate_period_ms), free_at, worker_.now));
        }
        if (share <= 0) return 0;
        const int taken = take(Statement::jobs_claim_key, args(kinds_, share, worker_.now, settings.name, key), share);
        if (settings.key_rate_count && taken > 0) {
            tx_.db.later(Statement::buckets_put,
                         args(settings.name, key,
                              jobs::after_starts(*settings.key_rate_count, period(settings.key_rate_period_ms), free_at, worker_.now, taken)));
        }
        return taken;
    }

    int take(Statement statement, std::span<const Value> values, int room) {
        if (room <= 0) return 0;
        auto taken = all(tx_.db, statement, values, read_job);
        // RETURNING promises no order.
        std::ranges::sort(taken, {}, [](const jobs::Job& job) { return std::tuple{-job.priority, job.turn, job.id}; });
        for (auto& job : taken) {
            const jobs::Lease lease{job.id, job.attempt, random_token()};
            tx_.db.later(Statement::leases_insert, args(job.id, lease.attempt, lease.token, claim_.worker, worker_.now, job.queue, job.limit_key));
            tx_.db.later(Statement::attempts_insert, args(job.id, lease.attempt, worker_.name, worker_.now));
            tx_.count(job, jobs::State::queued, jobs::State::running, worker_.now);
            tx_.shared.turns.served(job.queue, job.priority, job.turn);
            tx_.state_event(job);
            out_.push_back({std::move(job), lease});
        }
        left_ -= static_cast<int>(taken.size());
        return static_cast<int>(taken.size());
    }

    Tx& tx_;
    const jobs::Claim& claim_;
    const Known& worker_;
    const json::array kinds_;
    int left_;
    std::vector<jobs::Claimed> out_;
};

}  // namespace

jobs::RemoteClaimed claim_jobs(Tx& tx, const jobs::Claim& claim) {
    // A lease hangs on the row of its worker; one that the others gave up gets nothing until it says hello again.
    const auto worker = known_worker(tx, claim.worker, claim.now);
    if (!worker) return {.known = false};
    if (worker->remote) tx.db.later(Statement::workers_touch, args(claim.worker, claim.now));
    if (worker->draining) return {.draining = true};
    return {.jobs = Claiming{tx, claim, *worker}.run()};
}

}  // namespace millrace::storage::detail
