#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "bench.hpp"

namespace millrace::test {
namespace {

jobs::Worker another_worker(const Bench& bench, const char* host = "host-b") {
    return {Uuid::generate(), host, 8, "worker", bench.now, bench.now};
}

/// As if the worker had been silent for an hour.
void silence(Bench& bench, const jobs::Worker& worker) {
    const bool sqlite = bench.backend == Backend::sqlite;
    std::string id = worker.id.str();
    if (sqlite) std::erase(id, '-');
    bench.sql(sqlite ? "UPDATE worker SET seen_at = seen_at - 3600000000 WHERE hex(id) = upper('" + id + "')"
                     : "UPDATE worker SET seen_at = seen_at - interval '1 hour' WHERE id = '" + id + "'");
}

/// Short, since the server of the tests is young and a young server is not trusted; long enough for the living.
constexpr Duration expiry = 500ms;

}  // namespace

ON_BOTH("workers say hello, beat and leave") {
    bench.jobs().hello(bench.worker);
    const auto other = another_worker(bench);
    bench.jobs().hello(other);
    bench.jobs().hello(other);

    CHECK(bench.jobs().workers().size() == 2);
    CHECK(bench.jobs().workers()[0].host != bench.jobs().workers()[1].host);
    CHECK(bench.jobs().beat(bench.worker.id, bench.now).known);
    bench.jobs().goodbye(other.id);
    CHECK_FALSE(bench.jobs().beat(other.id, bench.now).known);
    REQUIRE(bench.jobs().workers().size() == 1);
    CHECK(bench.jobs().workers()[0].pid == 7);
    CHECK(bench.jobs().workers()[0].role == "all");
}

ON_BOTH("a job whose worker fell silent goes back to the queue and counts a loss") {
    const auto lost = another_worker(bench);
    bench.jobs().hello(bench.worker);
    const Job job = bench.create();
    const auto claimed = bench.claim_one(lost).value();
    CHECK(bench.jobs().rescue(bench.worker.id, 1h, false, bench.now).empty());
    silence(bench, lost);

    const auto rescued = bench.jobs().rescue(bench.worker.id, expiry, false, bench.now);

    REQUIRE(rescued.size() == 1);
    CHECK(rescued[0].job == job.id);
    CHECK(rescued[0].state == State::queued);
    CHECK(bench.get(job.id).losses == 1);
    CHECK(bench.get(job.id).attempt == 1);
    CHECK(bench.jobs().attempts(job.id).at(0).outcome == "lost");
    CHECK_FALSE(bench.jobs().beat(lost.id, bench.now).known);
    CHECK(bench.settle(claimed.lease, State::completed) == Outcome::lost);
    const auto again = bench.claim_one().value();
    CHECK(again.lease.attempt == 2);
    CHECK(bench.settle(claimed.lease, State::completed) == Outcome::lost);
    CHECK(bench.settle(again.lease, State::completed) == Outcome::applied);
}

ON_BOTH("nobody rescues its own jobs or those of a worker that beats") {
    bench.create();
    bench.create();
    const auto other = another_worker(bench);
    bench.claim_one();
    bench.claim_one(other);
    silence(bench, bench.worker);
    bench.jobs().beat(other.id, bench.now);

    CHECK(bench.jobs().rescue(bench.worker.id, 10min, false, bench.now).empty());
    CHECK(bench.jobs().workers().size() == 2);
}

ON_BOTH("what a worker holds and does not run goes back to the queue, and no attempt is counted") {
    const Job kept = bench.create(), forgotten = bench.create();
    std::map<Uuid, jobs::Lease> leases;
    for (int i = 0; i < 2; ++i) {
        const auto claimed = bench.claim_one().value();
        leases.emplace(claimed.job.id, claimed.lease);
    }
    const auto hand_back = [&](Duration age) { return bench.jobs().hand_back_forgotten(bench.worker.id, {kept.id}, age, bench.now); };

    CHECK(hand_back(1h).empty());
    CHECK(hand_back(-1us) == std::vector{forgotten.id});

    CHECK(bench.get(kept.id).state == State::running);
    CHECK(bench.get(forgotten.id).state == State::queued);
    CHECK(bench.get(forgotten.id).attempt == 0);
    CHECK(bench.jobs().attempts(forgotten.id).at(0).outcome == "released");
    CHECK(bench.settle(leases.at(forgotten.id), State::completed) == Outcome::lost);
    CHECK(bench.settle(leases.at(kept.id), State::completed) == Outcome::applied);
}

ON_BOTH("after five losses a job fails as worker_crashed") {
    const Job job = bench.create();
    bench.jobs().hello(bench.worker);
    for (int i = 1; i <= 5; ++i) {
        CAPTURE(i);
        const auto lost = another_worker(bench);
        REQUIRE(bench.claim_one(lost).has_value());
        silence(bench, lost);
        const auto rescued = bench.jobs().rescue(bench.worker.id, expiry, false, bench.now);
        REQUIRE(rescued.size() == 1);
        CHECK(rescued[0].state == (i < 5 ? State::queued : State::failed));
    }
    CHECK(bench.get(job.id).error_code == "worker_crashed");
    CHECK(bench.get(job.id).losses == 5);
    CHECK(bench.get(job.id).completed_at.has_value());
}

ON_BOTH("a job that was being cancelled when its worker fell silent is cancelled") {
    const auto lost = another_worker(bench);
    const Job job = bench.create();
    bench.claim_one(lost);
    bench.commit(std::move(Commit{}.add(jobs::Cancel{job.id, bench.now})));
    silence(bench, lost);

    bench.jobs().hello(bench.worker);
    bench.jobs().rescue(bench.worker.id, expiry, false, bench.now);

    CHECK(bench.get(job.id).state == State::cancelled);
    CHECK_FALSE(bench.claim_one().has_value());
}

ON_BOTH("a restart takes back the jobs of all others at once and counts nothing") {
    const auto before = another_worker(bench);
    const Job job = bench.create();
    const auto claimed = bench.claim_one(before).value();
    const Job stopping = bench.create();
    bench.claim_one(before);
    bench.commit(std::move(Commit{}.add(jobs::Cancel{stopping.id, bench.now})));
    bench.jobs().hello(bench.worker);

    const auto rescued = bench.jobs().rescue(bench.worker.id, 1h, true, bench.now);

    CHECK(rescued.size() == 2);
    CHECK(bench.get(job.id).state == State::queued);
    CHECK(bench.get(job.id).attempt == 0);
    CHECK(bench.get(job.id).losses == 0);
    CHECK(bench.get(stopping.id).state == State::cancelled);
    CHECK(bench.jobs().attempts(job.id).at(0).outcome == "lost");
    CHECK(bench.jobs().workers().size() == 1);
    CHECK(bench.settle(claimed.lease, State::completed) == Outcome::lost);
    CHECK(bench.claim_one()->lease.attempt == 1);
    CHECK(bench.settle(claimed.lease, State::completed) == Outcome::lost);
}

ON_BOTH("two claimers never get the same job") {
    constexpr int count = 200;
    for (int i = 0; i < count; ++i) bench.create();
    const auto other = another_worker(bench);
    bench.jobs().hello(bench.worker);
    bench.jobs().hello(other);
    std::mutex mutex;
    std::vector<Uuid> taken;
    const auto drain = [&](storage::Storage& storage, Uuid worker) {
        while (true) {
            const auto claimed = storage.jobs().claim({.worker = worker, .kinds = {"import"}, .limit = 3, .lease = 20s, .now = bench.now});
            if (claimed.empty()) return;
            const std::lock_guard lock{mutex};
            for (const auto& one : claimed) taken.push_back(one.job.id);
        }
    };
    auto& second = bench.second();

    together({[&] { drain(bench.storage(), bench.worker.id); }, [&] { drain(second, other.id); },
              [&] { drain(bench.storage(), bench.worker.id); }, [&] { drain(second, other.id); }});

    CHECK(taken.size() == count);
    CHECK(std::set<Uuid>{taken.begin(), taken.end()}.size() == count);
}

ON_BOTH("of a rescue and a settlement at the same time one wins, and the job ends once") {
    auto& second = bench.second();
    bench.jobs().hello(bench.worker);
    for (int round = 0; round < 15; ++round) {
        const auto lost = another_worker(bench);
        const Job job = bench.create();
        const auto claimed = bench.claim_one(lost).value();
        REQUIRE(claimed.job.id == job.id);
        silence(bench, lost);
        Outcome settled{};
        std::vector<jobs::Rescued> rescued;

        together({[&] { settled = bench.settle(claimed.lease, State::completed); },
                  [&] { rescued = second.jobs().rescue(bench.worker.id, expiry, false, bench.now); }});

        CHECK((settled == Outcome::applied) == rescued.empty());
        CHECK(bench.get(job.id).state == (settled == Outcome::applied ? State::completed : State::queued));
        int ends = 0;
        for (const auto& event : bench.all_events()) ends += event.subject == job.id && event.type == "job.completed";
        CHECK(ends == (settled == Outcome::applied ? 1 : 0));
        bench.commit(std::move(Commit{}.add(jobs::Cancel{job.id, bench.now})));
    }
}

ON_BOTH("of two settlements of one lease at the same time one is applied") {
    auto& second = bench.second();
    for (int round = 0; round < 15; ++round) {
        bench.create();
        const auto claimed = bench.claim_one().value();
        jobs::Settle settle;
        settle.job = claimed.job.id;
        settle.at = bench.now;
        settle.outcome = "completed";
        std::atomic<int> applied = 0;
        const auto end = [&](storage::Storage& storage) {
            applied += storage.ledger().commit(std::move(Commit{}.guard(jobs::Fence{claimed.lease}).add(settle))).outcome == Outcome::applied;
        };

        together({[&] { end(bench.storage()); }, [&] { end(second); }, [&] { end(bench.storage()); }});

        CHECK(applied == 1);
        CHECK(bench.get(claimed.job.id).state == State::completed);
    }
}

ON_BOTH("events of several servers have one order, and no reader of the log misses one") {
    auto& second = bench.second();
    std::atomic<bool> done = false;
    std::vector<std::int64_t> read;
    const auto create = [&](storage::Storage& storage) {
        for (int i = 0; i < 60; ++i) storage.ledger().commit(std::move(Commit{}.add(jobs::Create{bench.new_job()})));
    };
    std::jthread reader{[&] {
        // A cursor that follows the log: what it has passed may never appear behind it.
        std::int64_t at = 0;
        while (true) {
            const bool last = done;
            const auto events = bench.storage().events().after(at, 50);
            for (const auto& event : events) read.push_back(at = event.seq);
            if (events.empty() && last) return;
        }
    }};

    together({[&] { create(bench.storage()); }, [&] { create(second); }, [&] { create(bench.storage()); }, [&] { create(second); }});
    done = true;
    reader.join();

    std::vector<std::int64_t> all;
    for (const auto& event : bench.all_events()) all.push_back(event.seq);
    CHECK(all.size() == 240);
    CHECK(read == all);
}

ON_BOTH("the hub gets every event of every server, once and in order") {
    auto& second = bench.second();
    events::Interest interest;
    interest.scope = bench.scope;
    const auto subscription = bench.hub.subscribe(interest);
    const auto create = [&](storage::Storage& storage) {
        for (int i = 0; i < 40; ++i) storage.ledger().commit(std::move(Commit{}.add(jobs::Create{bench.new_job()})));
    };

    together({[&] { create(bench.storage()); }, [&] { create(second); }});

    std::vector<std::int64_t> seen;
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (seen.size() < 80 && std::chrono::steady_clock::now() < deadline) {
        for (const auto& event : subscription->take(1 << 20).events) seen.push_back(event->seq);
        if (seen.size() < 80) std::this_thread::sleep_for(5ms);
    }
    std::vector<std::int64_t> all;
    for (const auto& event : bench.all_events()) all.push_back(event.seq);
    CHECK(seen == all);
    CHECK(all.size() == 80);
}

}  // namespace millrace::test
