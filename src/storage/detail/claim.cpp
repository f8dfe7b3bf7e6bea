#include "storage/detail/claim.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "storage/detail/job_ops.hpp"
#include "storage/detail/rows.hpp"

namespace millrace::storage::detail {
namespace {

constexpr int promoted_max = 1000;  ///< due jobs moved to their queues by one claim
constexpr int keys_max = 64;        ///< limit keys that one claim looks at, in each queue

struct Known {
    std::string name;  ///< "host/pid", or what a remote worker calls itself: what the attempts show
    bool remote = false;
    bool draining = false;
    Instant now{};  ///< of the clock that leases go by
};

/// A queue as a claim sees it.
struct OpenQueue {
    jobs::Queue settings;
    std::optional<Instant> free_at;
};

OpenQueue read_open_queue(const Row& row) { return {read_queue(row), Reader{row, 8}.maybe_instant()}; }

bool is_open(const jobs::Queue& queue, const std::vector<std::string>& wanted) {
    return !queue.paused && (wanted.empty() || std::ranges::find(wanted, queue.name) != wanted.end());
}

class Claiming {
public:
    Claiming(Tx& tx, const jobs::Claim& claim)
        : tx_{tx}, claim_{claim}, kinds_(to_json(claim.kinds)), left_{claim.limit} {}

    jobs::RemoteClaimed run() {
        if (!look()) return {.known = false};
        if (worker_.remote) tx_.db.later(Statement::workers_touch, args(claim_.worker, claim_.now));
        if (worker_.draining) return {.draining = true};
        promote(jobs::State::scheduled);
        promote(jobs::State::retry_wait);
        if (queues_.size() > 1) std::ranges::rotate(queues_, queues_.begin() + tx_.shared.claims++ % queues_.size());
        for (auto& queue : queues_) {
            if (left_ <= 0) break;
            take_from(queue);
        }
        return {.jobs = std::move(out_)};
    }

private:
    /// What every claim must know, in one round trip. False for a worker that the others gave up: a lease hangs on the
    /// row of its worker, and it gets nothing until it says hello again.
    bool look() {
        bool known = false;
        tx_.db.later(Statement::workers_check, args(claim_.worker, claim_.now), [&](const Row& row) {
            worker_ = {std::string{row.text(0)}, row.text(2) == jobs::remote_role, row.integer(3) != 0, row.instant(4)};
            if (!worker_.remote) worker_.name += fmt::format("/{}", row.integer(1));
            known = true;
        });
        tx_.db.later(Statement::queues_list, {}, [&](const Row& row) {
            auto queue = read_open_queue(row);
            if (is_open(queue.settings, claim_.queues)) queues_.push_back(std::move(queue));
        });
        tx_.db.later(Statement::jobs_next_due, {}, [&](const Row& row) { next_due_ = Reader{row}.maybe_instant(); });
        tx_.db.flush();
        return known;
    }

    void promote(jobs::State from) {
        if (!next_due_ || *next_due_ > worker_.now) return;
        auto due = all(tx_.db, Statement::jobs_promote, args(worker_.now, promoted_max, from), read_job);
        std::ranges::sort(due, {}, [](const jobs::Job& job) { return std::pair{job.run_at, job.id}; });
        for (auto& job : due) {
            tx_.count(job, from, jobs::State::queued, worker_.now);
            job.turn = tx_.shared.turns.next(tx_.db, job.queue, job.priority, job.owner);
            tx_.queued(job);
            tx_.db.later(Statement::jobs_set_turn, args(job.id, job.turn));
            tx_.state_event(job);
        }
    }

    void take_from(OpenQueue& queue) {
        const jobs::Queue& settings = queue.settings;
        int room = left_;
        if (settings.limited()) {
            tx_.db.run(Statement::queues_lock, args(settings.name));
            // As it is now that nobody else claims from it; what starts now starts after what has made room for it.
            tx_.db.run(Statement::workers_check, args(claim_.worker, claim_.now), [&](const Row& row) { worker_.now = row.instant(4); });
            queue = one(tx_.db, Statement::queues_get, args(settings.name), read_open_queue).value_or(queue);
            if (settings.paused) return;
            room = std::min({room, free_slots(settings), free_starts(queue)});
        }
        const int before = left_;
        // Jobs with a key and jobs without take turns at being first.
        const bool keys_first = tx_.shared.claims % 2 == 0;
        if (keys_first) room -= take_keyed(settings, room);
        room -= take_next(settings, room);
        if (!keys_first) take_keyed(settings, room);
        if (!settings.limited() && !worker_.remote) tx_.shared.seating.looked(settings.name, left_ > 0);
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

    /// Those without a key, from where the claim before has stopped.
    int take_next(const jobs::Queue& settings, int room) {
        const ClaimCursors::Line line{settings.name, kinds_};
        const auto start = tx_.shared.cursors.start(line);
        const auto after = start.after.value_or(Place{INT64_MIN, INT64_MIN, {}});
        const int taken = take(Statement::jobs_claim, args(kinds_, room, settings.name, after.back, after.turn, after.id), room);
        const bool leaves_dead = tx_.db.dialect() == Dialect::postgres;
        if (last_ && leaves_dead) tx_.passed(line, *last_, start.version);
        return taken;
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
        const int taken = take(Statement::jobs_claim_key, args(kinds_, share, settings.name, key), share);
        if (settings.key_rate_count && taken > 0) {
            tx_.db.later(Statement::buckets_put,
                         args(settings.name, key,
                              jobs::after_starts(*settings.key_rate_count, period(settings.key_rate_period_ms), free_at, worker_.now, taken)));
        }
        return taken;
    }

    int take(Statement statement, std::span<const Value> values, int room) {
        last_.reset();
        if (room <= 0) return 0;
        std::vector<jobs::Claimed> found;
        std::vector<std::int64_t> versions;
        std::vector<std::pair<Uuid, Error>> broken;
        tx_.db.run(statement, values, [&](const Row& row) {
            try {
                auto& one = found.emplace_back(jobs::Claimed{read_whole_job(row, tx_.shared.payload), {}});
                one.lease = {one.job.id, one.job.attempt + 1, random_token()};
                versions.push_back(row.integer(row.size() - 1));
                last_ = Place{-one.job.priority, one.job.turn, one.job.id};
            } catch (const Error& error) {
                if (error.code() != Code::payload_unreadable) throw;
                broken.emplace_back(row.uuid(0), error);
            }
        });
        for (const auto& [id, error] : broken) fail(id, error);
        const auto leased = lease(found);
        int taken = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            auto& one = found[i];
            if (leased && !leased->contains(one.lease.job)) continue;
            start(one);
            remember(one, versions[i]);
            out_.push_back(std::move(one));
            ++taken;
        }
        left_ -= taken;
        return taken;
    }

    /// A job that no key will ever open would stop its queue.
    void fail(const Uuid& id, const Error& error) {
        jobs::Settle settle;
        settle.job = id;
        settle.state = jobs::State::failed;
        settle.error_code = to_string(error.code());
        settle.error_message = error.what();
        settle.at = worker_.now;
        settle_job(tx_, settle);
    }

    /// The jobs whose lease is ours now; SQLite does not say, and there nobody else can have one.
    std::optional<std::set<Uuid>> lease(const std::vector<jobs::Claimed>& found) {
        std::set<Uuid> ours;
        for (const auto& [job, lease] : found) {
            tx_.db.later(Statement::leases_insert,
                         args(job.id, lease.attempt, lease.token, claim_.worker, worker_.name, worker_.now, job.queue, job.limit_key),
                         [&](const Row& row) { ours.insert(row.uuid(0)); });
        }
        tx_.db.flush();
        if (tx_.db.dialect() == Dialect::sqlite) return std::nullopt;
        return ours;
    }

    void start(jobs::Claimed& one) {
        jobs::Job& job = one.job;
        tx_.count(job, jobs::State::queued, jobs::State::running, worker_.now);
        tx_.shared.turns.served(job.queue, job.priority, job.turn);
        begin_attempt(job, one.lease.attempt, worker_.now);
        tx_.state_event(job, true);
    }

    void remember(jobs::Claimed& one, std::int64_t version) {
        HeldJob held;
        // As everywhere: what a job carries is not held.
        auto carried = std::tuple{std::exchange(one.job.input, {}), std::exchange(one.job.result, nullptr),
                                  std::exchange(one.job.checkpoint, nullptr)};
        held.job = one.job;
        std::tie(one.job.input, one.job.result, one.job.checkpoint) = std::move(carried);
        held.lease = {.attempt = one.lease.attempt, .token = one.lease.token, .worker = claim_.worker,
                      .worker_name = worker_.name, .claimed_at = worker_.now};
        held.ended_with = held.job.error_code;
        held.found = true;
        if (tx_.db.dialect() == Dialect::postgres) held.version = version;
        tx_.claimed(std::move(held));
    }

    Tx& tx_;
    const jobs::Claim& claim_;
    const std::string kinds_;  ///< as JSON
    Known worker_;
    std::vector<OpenQueue> queues_;
    std::optional<Instant> next_due_;
    std::optional<Place> last_;  ///< of what was just looked for
    int left_;
    std::vector<jobs::Claimed> out_;
};

}  // namespace

jobs::RemoteClaimed claim_jobs(Tx& tx, const jobs::Claim& claim) { return Claiming{tx, claim}.run(); }

}  // namespace millrace::storage::detail
