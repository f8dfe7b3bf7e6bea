#include <algorithm>

#include "bench.hpp"
#include "jobs/remote.hpp"

/// Workers beyond the program: what they claim, say and lose.
namespace millrace::test {
namespace {

using jobs::RemoteBeat;
using jobs::RemoteEnding;
using jobs::RemoteOutcome;
using jobs::Worker;

jobs::RemoteStore& remote(Bench& bench) { return bench.storage().remote(); }

Worker join(Bench& bench, std::string name = "ocr-1", std::vector<std::string> queues = {}) {
    Worker worker{Uuid::generate(), std::move(name), 0, std::string{jobs::remote_role}, bench.now, bench.now};
    worker.kinds = {"other"};
    worker.queues = std::move(queues);
    worker.slots = 4;
    bench.jobs().hello(worker);
    return worker;
}

jobs::RemoteClaimed claim(Bench& bench, const Worker& worker, int limit = 10) {
    return remote(bench).claim({.worker = worker.id, .kinds = worker.kinds, .queues = worker.queues, .limit = limit, .lease = 20s, .now = bench.now});
}

jobs::Claimed claim_job(Bench& bench, const Worker& worker) {
    auto claimed = claim(bench, worker, 1);
    REQUIRE(claimed.jobs.size() == 1);
    return std::move(claimed.jobs[0]);
}

/// Short, since a young PostgreSQL server is not trusted to know who is silent; long enough for the living.
constexpr Duration expiry = 500ms;

/// As if time had passed for the leases and beats of everybody.
void age(Bench& bench, const char* table, const char* column, int seconds) {
    const auto n = std::to_string(seconds);
    bench.sql(std::string{"UPDATE "} + table + " SET " + column + " = " + column +
              (bench.backend == Backend::sqlite ? " - " + n + "000000" : " - interval '" + n + " seconds'"));
}

RemoteBeat beat_of(Bench& bench, const Worker& worker) {
    return {.worker = worker.id, .running = {}, .progress = {}, .lease = 20s, .grace = 5s, .now = bench.now};
}

RemoteEnding completed(const jobs::Lease& lease, json::value result = {}) {
    return {.lease = lease, .result = std::move(result)};
}

}  // namespace

ON_BOTH("kinds are declared, replaced and found") {
    CHECK_FALSE(remote(bench).kind("ocr").has_value());
    jobs::DeclaredKind kind{.name = "ocr", .type = jobs::Type::export_, .label = "OCR", .attempts_max = 5,
                            .options = {.timeout_ms = 900, .retry = jobs::RetryPolicy{.base_ms = 7, .give_up_on = {"a"}}},
                            .updated_at = bench.now};
    bench.commit(std::move(Commit{}.add(jobs::DeclareKind{kind})));
    CHECK(remote(bench).kind("ocr") == kind);

    kind.options = {};
    kind.label = "";
    bench.commit(std::move(Commit{}.add(jobs::DeclareKind{kind}).add(jobs::DeclareKind{{.name = "a", .updated_at = bench.now}})));

    const auto kinds = remote(bench).kinds();
    REQUIRE(kinds.size() == 2);
    CHECK(kinds[0].name == "a");
    CHECK(kinds[1] == kind);
}

ON_BOTH("a worker is listed with what it runs and how much of it") {
    const auto worker = join(bench, "ocr-1", {"slow", "fast"});
    bench.jobs().hello(bench.worker);
    auto job = bench.new_job("other");
    job.queue = "slow";
    bench.create(job);
    claim(bench, worker);

    const auto read = remote(bench).worker(worker.id).value();

    CHECK(read.host == "ocr-1");
    CHECK(read.role == "remote");
    CHECK(read.kinds == std::vector<std::string>{"other"});
    CHECK(read.queues == std::vector<std::string>{"slow", "fast"});
    CHECK(read.slots == 4);
    CHECK(read.running == 1);
    CHECK_FALSE(read.draining);
    CHECK(bench.jobs().workers().size() == 2);
    CHECK_FALSE(remote(bench).worker(Uuid::generate()).has_value());
}

ON_BOTH("a remote worker claims jobs of its kinds and queues, and the attempts show its name") {
    const auto worker = join(bench, "ocr-1", {"slow"});
    bench.create("import");
    bench.create("other");
    auto job = bench.new_job("other");
    job.queue = "slow";
    bench.create(job);

    const auto claimed = claim(bench, worker);

    CHECK(claimed.known);
    REQUIRE(claimed.jobs.size() == 1);
    CHECK(claimed.jobs[0].job.id == job.id);
    CHECK(claimed.jobs[0].job.state == State::running);
    CHECK(json::serialize(claimed.jobs[0].job.input) == json::serialize(job.input));
    CHECK(claimed.jobs[0].lease.attempt == 1);
    CHECK(bench.jobs().attempts(job.id).at(0).worker == "ocr-1");
}

ON_BOTH("the endings of a batch are applied each for itself, and each only once") {
    const auto worker = join(bench), other = join(bench, "ocr-2");
    for (int i = 0; i < 5; ++i) bench.create("other");
    const auto mine = claim(bench, worker, 4);
    REQUIRE(mine.jobs.size() == 4);
    const auto& jobs = mine.jobs;
    const auto theirs = claim_job(bench, other);
    auto wrong_token = completed(jobs[3].lease);
    wrong_token.lease.token = Uuid::generate();
    auto wrong_attempt = completed(jobs[3].lease);
    wrong_attempt.lease.attempt = 2;
    auto unknown = completed(jobs[3].lease);
    unknown.lease.job = Uuid::generate();

    const auto states = remote(bench).settle(
        worker.id,
        {completed(jobs[0].lease, json::object{{"pages", 3}}),
         {.lease = jobs[1].lease, .outcome = RemoteOutcome::failed, .error_code = "jam", .error_message = "paper jam", .metadata = {{"page", 2}}},
         {.lease = jobs[2].lease, .outcome = RemoteOutcome::snooze, .retry_in_ms = 5000},
         completed(theirs.lease), wrong_token, wrong_attempt, unknown, completed(jobs[0].lease)},
        bench.later(1s));

    const std::vector<std::optional<State>> want{State::completed, State::retry_wait, State::scheduled, {}, {}, {}, {}, {}};
    CHECK(states == want);
    const Job done = bench.get(jobs[0].job.id);
    CHECK(json::serialize(done.result) == R"({"pages":3})");
    CHECK(done.progress == 100);
    const Job failed = bench.get(jobs[1].job.id);
    CHECK(failed.error_code == "jam");
    CHECK(failed.error_message == "paper jam");
    CHECK(failed.metadata.at("page").as_int64() == 2);
    const Job snoozed = bench.get(jobs[2].job.id);
    CHECK(snoozed.attempt == 0);
    CHECK(snoozed.run_at == bench.now + 5s);
    CHECK(bench.jobs().attempts(snoozed.id).at(0).outcome == "snoozed");
    CHECK(bench.get(theirs.job.id).state == State::running);
    CHECK(bench.get(jobs[3].job.id).state == State::running);
    CHECK(remote(bench).worker(worker.id)->running == 1);
}

ON_BOTH("a batch is durable, counted and told like endings of the engine") {
    const auto worker = join(bench);
    for (int i = 0; i < 3; ++i) bench.create("other");
    std::vector<RemoteEnding> endings;
    for (const auto& one : claim(bench, worker).jobs) endings.push_back(completed(one.lease));

    remote(bench).settle(worker.id, endings, bench.now);

    const auto types = bench.event_types();
    CHECK(std::ranges::count(types, "job.completed") == 3);
    for (const auto& [state, number] : bench.jobs().counts()) CHECK(number == 0);
    bench.reopen();
    for (const auto& ending : endings) CHECK(bench.get(ending.lease.job).state == State::completed);
}

ON_BOTH("progress is a tick, and a mark where the stage is new") {
    const auto worker = join(bench);
    const Job job = bench.create("other");
    const auto lease = claim_job(bench, worker).lease;
    events::Interest interest{.scope = bench.scope, .subject = job.id};
    const auto seen = bench.hub.subscribe(interest);
    auto beat = beat_of(bench, worker);

    beat.progress = {{.lease = lease, .progress = 10, .stage = "reading", .message = "page 1"}};
    remote(bench).beat(beat);
    beat.progress = {{.lease = lease, .progress = 30, .stage = "reading", .message = "page 2"}};
    remote(bench).beat(beat);
    beat.progress = {{.lease = lease, .progress = 20, .stage = {}, .message = {}}};
    remote(bench).beat(beat);

    std::vector<std::string> types;
    for (const auto& event : seen->take(SIZE_MAX).events) types.push_back(event->type);
    CHECK(types == std::vector<std::string>{"job.stage", "job.progress"});
    CHECK(bench.get(job.id).progress == 30);
    CHECK(bench.get(job.id).stage == "reading");
    CHECK(bench.get(job.id).message == "page 2");
}

ON_BOTH("a tick is not shown when the same transaction tells of the job") {
    const auto worker = join(bench);
    const Job job = bench.create("other");
    const auto lease = claim_job(bench, worker).lease;
    const auto seen = bench.hub.subscribe({.scope = bench.scope, .subject = job.id});
    auto beat = beat_of(bench, worker);

    beat.progress = {{.lease = lease, .progress = 10, .stage = {}, .message = {}}, {.lease = lease, .progress = 20, .stage = "b", .message = {}}};
    remote(bench).beat(beat);

    const auto events = seen->take(SIZE_MAX).events;
    REQUIRE(events.size() == 1);
    CHECK(events[0]->type == "job.stage");
}

ON_BOTH("a checkpoint and log lines are kept, and the next attempt finds the checkpoint") {
    const auto worker = join(bench);
    const Job job = bench.create("other");
    const auto first = claim_job(bench, worker);
    CHECK(first.job.checkpoint.is_null());
    auto beat = beat_of(bench, worker);
    beat.progress = {{.lease = first.lease, .progress = {}, .stage = {}, .message = {}, .checkpoint = json::value(json::object{{"page", 7}}),
                      .log = {{.at = bench.now, .level = "info", .message = "hello"}}}};
    const auto beaten = remote(bench).beat(beat);
    CHECK(beaten.logged.size() == 1);
    RemoteEnding ending{.lease = first.lease, .outcome = RemoteOutcome::failed, .error_code = "x", .retry_in_ms = 0};
    ending.log = {{.at = bench.now + 1s, .level = "warn", .message = "bye"}};
    remote(bench).settle(worker.id, {ending}, bench.now);

    const auto second = claim_job(bench, worker);

    CHECK(json::serialize(second.job.checkpoint) == R"({"page":7})");
    CHECK(second.lease.attempt == 2);
    CHECK(bench.rows("SELECT attempt, level, message FROM job_log ORDER BY seq") == std::vector<std::string>{"1|info|hello", "1|warn|bye"});
}

ON_BOTH("a beat tells which jobs are to stop and which are lost") {
    const auto worker = join(bench), other = join(bench, "ocr-2");
    bench.create("other");
    bench.create("other");
    const auto stopping = claim_job(bench, worker);
    const auto theirs = claim_job(bench, other);
    bench.commit(std::move(Commit{}.add(jobs::Cancel{stopping.job.id, bench.now})));
    auto beat = beat_of(bench, worker);
    beat.running = {stopping.job.id, theirs.job.id};
    beat.progress = {{.lease = theirs.lease, .progress = 50, .stage = {}, .message = {}}};

    const auto beaten = remote(bench).beat(beat);

    CHECK(beaten.known);
    CHECK(beaten.cancelling == std::vector<Uuid>{stopping.job.id});
    CHECK(beaten.lost == std::vector<Uuid>{theirs.job.id});
    CHECK(bench.get(theirs.job.id).progress == 0);
    beat.worker = Uuid::generate();
    CHECK_FALSE(remote(bench).beat(beat).known);
    beat.worker = bench.worker.id;
    bench.jobs().hello(bench.worker);
    CHECK_FALSE(remote(bench).beat(beat).known);
}

ON_BOTH("a job that its worker does not know of is handed back once its lease is old") {
    const auto worker = join(bench);
    bench.create("other");
    bench.create("other");
    const auto known = claim_job(bench, worker), unknown = claim_job(bench, worker);
    auto beat = beat_of(bench, worker);
    beat.running = {known.job.id};
    remote(bench).beat(beat);
    CHECK(bench.get(unknown.job.id).state == State::running);
    age(bench, "job_lease", "claimed_at", 30);

    remote(bench).beat(beat);

    CHECK(bench.get(known.job.id).state == State::running);
    CHECK(bench.get(unknown.job.id).state == State::queued);
    CHECK(bench.get(unknown.job.id).attempt == 0);
    CHECK(bench.jobs().attempts(unknown.job.id).at(0).outcome == "released");
    // A beat that compares nothing hands nothing back.
    beat.running.reset();
    age(bench, "job_lease", "claimed_at", 30);
    remote(bench).beat(beat);
    CHECK(bench.get(known.job.id).state == State::running);
}

ON_BOTH("a job that runs longer than its timeout or deadline is taken away") {
    const auto worker = join(bench);
    auto slow = bench.new_job("other"), late = bench.new_job("other"), fine = bench.new_job("other");
    slow.options.timeout_ms = 2000;
    late.deadline = bench.now + 1s;
    fine.options.timeout_ms = 60'000;
    for (const auto& job : {slow, late, fine}) bench.create(job);
    std::vector<jobs::Lease> leases;
    for (const auto& one : claim(bench, worker).jobs) leases.push_back(one.lease);
    REQUIRE(leases.size() == 3);
    bench.later(10s);
    age(bench, "job_lease", "claimed_at", 10);
    auto beat = beat_of(bench, worker);
    beat.running = {slow.id, late.id, fine.id};

    const auto beaten = remote(bench).beat(beat);

    CHECK(bench.get(slow.id).state == State::retry_wait);
    CHECK(bench.get(slow.id).error_code == "job_timeout");
    CHECK(bench.get(late.id).state == State::failed);
    CHECK(bench.get(late.id).error_code == "deadline_exceeded");
    CHECK(bench.get(fine.id).state == State::running);
    std::vector<Uuid> lost{slow.id, late.id};
    std::ranges::sort(lost);
    CHECK(beaten.lost == lost);
}

ON_BOTH("a worker that leaves hands its jobs back, and they count no attempt") {
    const auto worker = join(bench);
    bench.create("other");
    bench.create("other");
    const auto job = claim_job(bench, worker), cancelled = claim_job(bench, worker);
    bench.commit(std::move(Commit{}.add(jobs::Cancel{cancelled.job.id, bench.now})));

    CHECK(remote(bench).leave(worker.id, bench.now) == 2);

    CHECK(bench.get(job.job.id).state == State::queued);
    CHECK(bench.get(job.job.id).attempt == 0);
    CHECK(bench.get(job.job.id).losses == 0);
    CHECK(bench.get(cancelled.job.id).state == State::cancelled);
    CHECK_FALSE(claim(bench, worker).known);
    CHECK(remote(bench).settle(worker.id, {completed(job.lease)}, bench.now) == std::vector<std::optional<State>>{std::nullopt});
    CHECK(remote(bench).leave(worker.id, bench.now) == 0);
    bench.jobs().hello(bench.worker);
    CHECK(remote(bench).leave(bench.worker.id, bench.now) == 0);
    CHECK(bench.jobs().workers().size() == 1);
}

ON_BOTH("a worker that drains gets no jobs, whatever its role") {
    const auto worker = join(bench);
    bench.create("other");
    CHECK_FALSE(remote(bench).drain(Uuid::generate(), true));
    REQUIRE(remote(bench).drain(worker.id, true));

    const auto claimed = claim(bench, worker);

    CHECK(claimed.known);
    CHECK(claimed.draining);
    CHECK(claimed.jobs.empty());
    CHECK(remote(bench).beat(beat_of(bench, worker)).draining);
    bench.jobs().hello(bench.worker);
    REQUIRE(remote(bench).drain(bench.worker.id, true));
    CHECK_FALSE(bench.claim_one().has_value());
    REQUIRE(remote(bench).drain(bench.worker.id, false));
    CHECK(bench.claim_one().has_value());
}

ON_BOTH("every request of a remote worker counts as a beat") {
    const auto worker = join(bench);
    bench.create("other");
    jobs::Lease lease;
    const auto stays = [&](const char* what, const std::function<void()>& request) {
        CAPTURE(what);
        age(bench, "worker", "seen_at", 3600);
        bench.later(1s);
        request();
        bench.jobs().hello(bench.worker);
        bench.jobs().rescue(bench.worker.id, expiry, false, bench.now);
        CHECK(remote(bench).worker(worker.id).has_value());
    };
    stays("claim", [&] { lease = claim_job(bench, worker).lease; });
    stays("heartbeat", [&] { remote(bench).beat(beat_of(bench, worker)); });
    stays("complete", [&] { remote(bench).settle(worker.id, {completed(lease)}, bench.now); });
}

ON_BOTH("one that waits for jobs is kept alive only while it holds none") {
    const auto idle = join(bench, "idle"), busy = join(bench, "busy"), draining = join(bench, "draining");
    bench.create("other");
    claim_job(bench, busy);
    remote(bench).drain(draining.id, true);
    age(bench, "worker", "seen_at", 3600);
    const auto gone = Uuid::generate();

    const auto called = remote(bench).beat_idle({idle.id, busy.id, draining.id, gone}, bench.now);

    CHECK(called == std::vector<Uuid>{draining.id, gone});
    bench.jobs().hello(bench.worker);
    const auto rescued = bench.jobs().rescue(bench.worker.id, expiry, false, bench.now);
    CHECK(rescued.size() == 1);
    CHECK(remote(bench).worker(idle.id).has_value());
    CHECK_FALSE(remote(bench).worker(busy.id).has_value());
}

ON_BOTH("a restart of the only server leaves remote workers and their jobs alone") {
    const auto worker = join(bench);
    const Job job = bench.create("other");
    const auto lease = claim_job(bench, worker).lease;
    bench.jobs().hello(bench.worker);

    CHECK(bench.jobs().rescue(bench.worker.id, 20s, true, bench.now).empty());

    CHECK(bench.get(job.id).state == State::running);
    CHECK(remote(bench).settle(worker.id, {completed(lease)}, bench.now)[0] == State::completed);
}

ON_BOTH("remote workers get the time of a lease anew when no server was there") {
    const auto worker = join(bench);
    bench.create("other");
    claim_job(bench, worker);
    bench.jobs().hello(bench.worker);
    Worker server = bench.worker;
    server.id = Uuid::generate();
    age(bench, "worker", "seen_at", 3600);

    SUBCASE("not when another server was") {
        bench.jobs().beat(bench.worker.id, bench.now);
        bench.jobs().hello(server);
        bench.jobs().spare_remote(server.id, 20s, bench.now);
        CHECK(bench.jobs().rescue(server.id, expiry, false, bench.now).size() == 1);
    }
    SUBCASE("but when the last one is long gone") {
        bench.jobs().hello(server);
        bench.jobs().spare_remote(server.id, 20s, bench.now);
        CHECK(bench.jobs().rescue(server.id, expiry, false, bench.now).empty());
        CHECK(remote(bench).worker(worker.id).has_value());
    }
}

}  // namespace millrace::test
