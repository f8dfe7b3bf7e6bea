#include <fmt/format.h>

#include <array>
#include <random>

#include "bench.hpp"

/// Random lists of commands leave the same jobs, attempts and events in both databases.
namespace millrace::test {
namespace {

/// What both must agree on: everything but times of the database's clock and random tokens.
std::string essence(Bench& bench, const std::vector<Uuid>& ids) {
    std::string out;
    for (const auto& id : ids) {
        const Job j = bench.get(id);
        out += fmt::format("{} {} {} {} {}/{} {}/{}/{} [{}|{}] {} {} {} {} {}\n", word(j.state), j.progress, j.stage, j.message,
                           j.attempt, j.attempts_max, j.losses, j.crashes, j.priority, j.error_code, j.error_message,
                           json::serialize(j.input), json::serialize(j.metadata), json::serialize(j.result),
                           j.started_at.has_value(), j.completed_at.has_value());
        for (const auto& a : bench.jobs().attempts(id)) {
            out += fmt::format("  {} {} {} {}\n", a.attempt, a.outcome, a.error_code, a.ended_at.has_value());
        }
    }
    for (const auto& event : bench.all_events()) {
        const auto data = json::parse(event.json());
        out += fmt::format("{} {} {}\n", event.type, event.subject.str(), json::serialize(data.at("progress")));
    }
    for (const auto& [state, count] : bench.jobs().counts()) out += fmt::format("{}:{} ", word(state), count);
    return out;
}

class Player {
public:
    explicit Player(unsigned seed) : random_{seed} {}

    void step() {
        switch (random_() % 11) {
            case 0:
            case 1: return create();
            case 2: return claim();
            case 3: return rescue();
            default: return commit();
        }
    }

    Bench& sqlite() { return sqlite_; }
    std::vector<Uuid> ids;

    void compare() {
        const auto a = essence(sqlite_, ids), b = essence(postgres_, ids);
        CHECK(a == b);
    }

private:
    std::size_t pick(std::size_t n) { return random_() % n; }
    Uuid any_job() { return ids.empty() ? Uuid{} : ids[pick(ids.size())]; }

    void create() {
        const State states[] = {State::queued, State::queued, State::blocked, State::scheduled};
        Job job = sqlite_.new_job(pick(4) == 0 ? "external" : "import", states[pick(4)]);
        job.priority = static_cast<int>(pick(3));
        job.run_at = pick(2) ? now_ - 1h : now_ + 1h;
        job.progress = static_cast<int>(pick(120));
        ids.push_back(job.id);
        for (Bench* bench : {&sqlite_, &postgres_}) bench->commit(std::move(Commit{}.add(jobs::Create{job})));
    }

    void claim() {
        const auto limit = static_cast<int>(1 + pick(3));
        std::vector<jobs::Claimed> both[2];
        for (int i = 0; i < 2; ++i) {
            Bench& bench = i ? postgres_ : sqlite_;
            bench.jobs().hello(worker_);
            both[i] = bench.jobs().claim({.worker = worker_.id, .kinds = {"import"}, .limit = limit, .lease = 20s, .now = now_});
        }
        REQUIRE(both[0].size() == both[1].size());
        for (std::size_t i = 0; i < both[0].size(); ++i) {
            REQUIRE(both[0][i].job.id == both[1][i].job.id);
            leases_.push_back({both[0][i].lease, both[1][i].lease});
        }
    }

    void rescue() {
        if (pick(3) != 0) return;
        std::vector<Uuid> both[2];
        const Uuid self = Uuid::generate();
        for (int i = 0; i < 2; ++i) {
            for (const auto& r : (i ? postgres_ : sqlite_).jobs().rescue(self, 1h, true, now_)) both[i].push_back(r.job);
        }
        CHECK(both[0] == both[1]);
    }

    void commit() {
        // The same choices for both, so the generator is copied and played twice.
        auto saved = random_;
        const auto first = play(sqlite_, 0);
        std::swap(saved, random_);
        const auto second = play(postgres_, 1);
        CHECK(first == second);
    }

    Outcome play(Bench& bench, int side) {
        Commit commit;
        const auto lease = leases_.empty() ? jobs::Lease{} : leases_[pick(leases_.size())][side];
        if (pick(2)) commit.guard(jobs::Fence{lease});
        if (pick(4) == 0) commit.guard(jobs::InState{any_job(), {State::queued, State::failed, State::running}});
        const auto count = 1 + pick(3);
        for (std::size_t i = 0; i < count; ++i) add_op(commit, lease);
        return bench.commit(std::move(commit));
    }

    void add_op(Commit& commit, const jobs::Lease& lease) {
        const Uuid job = pick(2) ? lease.job : any_job();
        switch (pick(8)) {
            case 0: commit.add(jobs::Stage{job, static_cast<int>(pick(150)), "s" + std::to_string(pick(3)), "m", now_}); break;
            case 1: commit.add(jobs::Tick{lease, static_cast<int>(pick(150)), "t", now_}); break;
            case 2: commit.add(jobs::Cancel{job, now_}); break;
            case 3: commit.add(jobs::Retry{job, now_}); break;
            case 4: commit.add(jobs::Reopen{job, now_}); break;
            case 5: commit.add(jobs::Unblock{job, {{"k", pick(9)}}, {}, now_}); break;
            case 6: commit.add(jobs::StartExternal{job, now_}); break;
            case 7: {
                const State ends[] = {State::completed, State::failed, State::cancelled, State::retry_wait, State::queued};
                jobs::Settle settle;
                settle.job = job;
                settle.state = ends[pick(5)];
                settle.outcome = "failed";
                if (pick(2)) settle.error_code = "timed_out";
                if (pick(2)) settle.result = json::object{{"r", pick(9)}};
                if (pick(2)) settle.metadata = {{"m" + std::to_string(pick(2)), pick(9)}};
                if (settle.state == State::retry_wait) settle.run_at = pick(2) ? now_ - 1h : now_ + 1h;
                settle.uncount = settle.state == State::queued;
                settle.at = now_;
                commit.add(std::move(settle));
            }
        }
    }

    std::mt19937 random_;
    Bench sqlite_{Backend::sqlite};
    Bench postgres_{Backend::postgres};
    Instant now_ = sqlite_.now;
    jobs::Worker worker_ = sqlite_.worker;
    std::vector<std::array<jobs::Lease, 2>> leases_;
};

}  // namespace

TEST_CASE("random commands leave the same jobs, attempts and events in both databases") {
    for (unsigned seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        Player player{seed};
        for (int i = 0; i < 150; ++i) player.step();
        player.compare();
    }
}

}  // namespace millrace::test
