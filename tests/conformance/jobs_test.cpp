#include <atomic>
#include <map>

#include "bench.hpp"

namespace millrace::test {
namespace {

using Strings = std::vector<std::string>;

jobs::Claim claim_of(const Bench& bench, int limit, std::vector<std::string> kinds = {"import", "export", "other"}) {
    return {.worker = bench.worker.id, .kinds = std::move(kinds), .limit = limit, .lease = 20s, .now = bench.now};
}

}  // namespace

ON_BOTH("a job reads back as it was created, with every member") {
    Job job = bench.new_job("export", State::scheduled);
    job.type = jobs::Type::export_;
    job.progress = 7;
    job.stage = "queued up";
    job.message = "zürich \"quoted\" 日本";
    job.queue = "slow";
    job.priority = -3;
    job.attempts_max = 9;
    job.parent = Uuid::generate();
    job.metadata = {{"a", json::array{1, 2.5, "x", nullptr}}, {"big", "9007199254740993"}};
    job.supplier_id = "s-1";
    job.related_dataset_id = Uuid::generate();
    job.input_file_id = Uuid::generate();
    job.reference_file_id = Uuid::generate();
    job.template_id = Uuid::generate();
    job.result_file_id = Uuid::generate();
    job.error_code = "none";
    job.error_message = "nothing";
    job.run_at = bench.now + 1h;

    bench.create(job);

    CHECK(describe(bench.get(job.id)) == describe(job));
    CHECK(bench.get(job.id).created_at == job.created_at);
    CHECK(bench.get(job.id).parent == job.parent);
}

ON_BOTH("creating a job again changes nothing and tells nothing") {
    const Job job = bench.create();
    Job again = job;
    again.message = "changed";

    CHECK(bench.commit(std::move(Commit{}.add(jobs::Create{again}))) == Outcome::applied);

    CHECK(describe(bench.get(job.id)) == describe(job));
    CHECK(bench.event_types() == Strings{"job.queued"});
}

ON_BOTH("two jobs of the same id in one group are one") {
    const Job job = bench.new_job();

    bench.commit(std::move(Commit{}.add(jobs::Create{job}).add(jobs::Create{job})));

    CHECK(bench.event_types() == Strings{"job.queued"});
}

ON_BOTH("text that a database cannot hold is made readable, the same in both") {
    Job job = bench.new_job();
    job.filename = std::string{"a\0b\xff.csv", 8};

    bench.create(job);

    CHECK(bench.get(job.id).filename == "a\xEF\xBF\xBD" "b\xEF\xBF\xBD.csv");
}

ON_BOTH("JSON is kept as it came, and the views can be read whatever stands in it") {
    Job job = bench.new_job();
    const json::object odd{{"nul", std::string_view{"x\0\0y", 4}}, {"slash", "\\u0000"}, {"both", std::string_view{"\\\0", 2}}};
    job.metadata = odd;
    job.input = odd;
    job.input.emplace("source_id", "s-1");

    bench.create(job);

    CHECK(json::serialize(bench.get(job.id).metadata) == json::serialize(odd));
    CHECK(json::serialize(bench.get(job.id).input) == json::serialize(job.input));
    const auto seen = json::parse(bench.sql("SELECT job_metadata FROM background_jobs"));
    CHECK(seen.at("slash").as_string() == "\\u0000");
    CHECK(seen.at("nul").as_string().starts_with("x"));
    CHECK(bench.sql("SELECT source_id FROM processing_jobs") == "s-1");
}

ON_BOTH("a job of somebody else does not exist") {
    const Job job = bench.create();
    Scope other{Uuid::generate(), bench.scope.org, Role::admin, Scope::Reach::own};

    CHECK(bench.jobs().get(job.id, bench.scope).has_value());
    CHECK_FALSE(bench.jobs().get(job.id, other).has_value());
    other.reach = Scope::Reach::org;
    CHECK(bench.jobs().get(job.id, other).has_value());
    other.org = Uuid::generate();
    CHECK_FALSE(bench.jobs().get(job.id, other).has_value());
    other.reach = Scope::Reach::all;
    CHECK(bench.jobs().get(job.id, other).has_value());
    CHECK_FALSE(bench.jobs().get(Uuid::generate()).has_value());
}

ON_BOTH("a claim takes the best priority first, the oldest of them first, and only known kinds") {
    std::vector<Uuid> expected(4);
    for (const auto& [priority, kind, place] : std::initializer_list<std::tuple<int, const char*, int>>{
             {0, "import", 2}, {5, "export", 0}, {9, "unknown", -1}, {5, "import", 1}, {0, "import", 3}}) {
        Job job = bench.new_job(kind);
        job.priority = priority;
        bench.create(job);
        if (place >= 0) expected[static_cast<std::size_t>(place)] = job.id;
    }
    bench.jobs().hello(bench.worker);

    const auto claimed = bench.jobs().claim(claim_of(bench, 10));

    std::vector<Uuid> ids;
    for (const auto& one : claimed) ids.push_back(one.job.id);
    CHECK(ids == expected);
    CHECK(bench.jobs().claim(claim_of(bench, 10)).empty());
}

ON_BOTH("a claimed job runs, with an attempt and a lease of its own") {
    const Job job = bench.create();

    const auto claimed = bench.claim_one();

    REQUIRE(claimed);
    CHECK(claimed->job.id == job.id);
    CHECK(claimed->job.state == State::running);
    CHECK(claimed->job.attempt == 1);
    CHECK(json::serialize(claimed->job.input) == json::serialize(job.input));
    CHECK(claimed->lease.job == job.id);
    CHECK(claimed->lease.attempt == 1);
    CHECK_FALSE(claimed->lease.token.is_nil());
    const Job now = bench.get(job.id);
    CHECK(describe(now) == describe(claimed->job));
    CHECK(now.started_at.has_value());
    const auto attempts = bench.jobs().attempts(job.id);
    REQUIRE(attempts.size() == 1);
    CHECK(attempts[0].attempt == 1);
    CHECK(attempts[0].worker == "host-a/7");
    CHECK(attempts[0].outcome == "running");
    CHECK_FALSE(attempts[0].ended_at.has_value());
    CHECK(bench.event_types() == Strings{"job.queued", "job.running"});
}

ON_BOTH("a worker that nobody knows claims nothing") {
    bench.create();

    CHECK(bench.jobs().claim(claim_of(bench, 1)).empty());
    CHECK(bench.claim_one().has_value());
}

ON_BOTH("a scheduled job waits for its time and is then queued and claimed at once") {
    Job job = bench.new_job("import", State::scheduled);
    job.run_at = bench.now + 1h;
    bench.create(job);
    CHECK(bench.jobs().next_due() == job.run_at);
    CHECK_FALSE(bench.claim_one().has_value());

    bench.sql(bench.backend == Backend::sqlite
                  ? "UPDATE job SET run_at = run_at - 7200000000"
                  : "UPDATE job SET run_at = run_at - interval '2 hours'");

    const auto claimed = bench.claim_one();
    REQUIRE(claimed);
    CHECK(claimed->job.id == job.id);
    CHECK_FALSE(bench.jobs().next_due().has_value());
    CHECK(bench.event_types() == Strings{"job.scheduled", "job.queued", "job.running"});
}

ON_BOTH("a completed job has progress 100, a result, its dataset, and is final") {
    bench.create();
    const auto claimed = bench.claim_one().value();
    jobs::Settle settle;
    settle.job = claimed.job.id;
    settle.outcome = "completed";
    settle.result = json::object{{"rows", 3}};
    settle.related_dataset_id = Uuid::generate();
    settle.result_file_id = Uuid::generate();
    settle.metadata = {{"warnings", 2}};
    settle.at = bench.later(1s);

    CHECK(bench.commit(std::move(Commit{}.guard(jobs::Fence{claimed.lease}).add(settle))) == Outcome::applied);

    const Job job = bench.get(claimed.job.id);
    CHECK(job.state == State::completed);
    CHECK(job.progress == 100);
    CHECK(json::serialize(job.result) == R"({"rows":3})");
    CHECK(job.related_dataset_id == settle.related_dataset_id);
    CHECK(job.result_file_id == settle.result_file_id);
    CHECK(job.metadata.at("warnings").as_int64() == 2);
    CHECK(job.completed_at == settle.at);
    CHECK(bench.jobs().attempts(job.id).at(0).outcome == "completed");
    CHECK(bench.jobs().attempts(job.id).at(0).ended_at == settle.at);
    CHECK(bench.settle(claimed.lease, State::failed, "late") == Outcome::lost);
    jobs::Settle unguarded = settle;
    unguarded.state = State::failed;
    bench.commit(std::move(Commit{}.add(unguarded).add(jobs::Cancel{job.id, bench.now}).add(jobs::Retry{job.id, bench.now})
                               .add(jobs::Stage{job.id, 5, "x", "", bench.now}).add(jobs::Reopen{job.id, bench.now})
                               .add(jobs::Unblock{job.id, {}, {}, bench.now})));
    CHECK(describe(bench.get(job.id)) == describe(job));
    CHECK(bench.event_types() == Strings{"job.queued", "job.running", "job.completed"});
}

ON_BOTH("a failed attempt is retried later, its number and error kept in the attempts") {
    bench.create();
    const auto first = bench.claim_one().value();
    jobs::Settle settle;
    settle.job = first.job.id;
    settle.state = State::retry_wait;
    settle.outcome = "failed";
    settle.error_code = "timed_out";
    settle.error_message = "too slow";
    settle.run_at = bench.now - 1s;
    settle.at = bench.now;
    REQUIRE(bench.commit(std::move(Commit{}.guard(jobs::Fence{first.lease}).add(settle))) == Outcome::applied);
    CHECK(bench.get(first.job.id).error_code == "timed_out");

    const auto second = bench.claim_one().value();

    CHECK(second.job.id == first.job.id);
    CHECK(second.lease.attempt == 2);
    CHECK(second.lease.token != first.lease.token);
    CHECK(second.job.error_code.empty());
    const auto attempts = bench.jobs().attempts(first.job.id);
    REQUIRE(attempts.size() == 2);
    CHECK(attempts[0].error_message == "too slow");
    CHECK(bench.settle(first.lease, State::completed) == Outcome::lost);
    CHECK(bench.settle(second.lease, State::completed) == Outcome::applied);
}

ON_BOTH("a job that is handed back does not count the attempt") {
    bench.create();
    const auto first = bench.claim_one().value();
    jobs::Settle settle;
    settle.job = first.job.id;
    settle.state = State::queued;
    settle.outcome = "released";
    settle.uncount = true;
    settle.at = bench.now;

    bench.commit(std::move(Commit{}.guard(jobs::Fence{first.lease}).add(settle)));

    CHECK(bench.get(first.job.id).attempt == 0);
    CHECK(bench.get(first.job.id).state == State::queued);
    const auto second = bench.claim_one().value();
    CHECK(second.lease.attempt == 1);
    // The number is the same, so only the token tells the two apart.
    CHECK(bench.settle(first.lease, State::completed) == Outcome::lost);
    CHECK(bench.jobs().attempts(first.job.id).size() == 2);
}

ON_BOTH("progress never decreases and only a completed job shows 100") {
    bench.create();
    const auto claimed = bench.claim_one().value();
    const auto id = claimed.job.id;
    const auto stage = [&](int progress, const char* name) {
        return bench.commit(std::move(Commit{}.guard(jobs::Fence{claimed.lease}).add(jobs::Stage{id, progress, name, "m", bench.later(1s)})));
    };
    const auto tick = [&](int progress) {
        return bench.commit(std::move(Commit{}.add(jobs::Tick{claimed.lease, progress, "t", bench.later(1s)})));
    };

    CHECK(stage(40, "store") == Outcome::applied);
    CHECK(bench.get(id).progress == 40);
    tick(55);
    CHECK(bench.get(id).progress == 55);
    CHECK(bench.get(id).message == "t");
    stage(20, "parse");
    CHECK(bench.get(id).progress == 55);
    CHECK(bench.get(id).stage == "parse");
    tick(250);
    CHECK(bench.get(id).progress == 99);
    tick(-5);
    CHECK(bench.get(id).progress == 99);
    CHECK(bench.get(id).updated_at == bench.now);
    bench.settle(claimed.lease, State::failed, "internal");
    CHECK(bench.get(id).progress == 99);
    CHECK(bench.event_types() == Strings{"job.queued", "job.running", "job.stage", "job.stage", "job.failed"});
}

ON_BOTH("a tick of another attempt, or after the end, has no effect and is not shown") {
    bench.create();
    const auto claimed = bench.claim_one().value();
    auto other = claimed.lease;
    other.token = Uuid::generate();

    const auto seen = bench.hub.subscribe({.scope = bench.scope, .types = {"job.progress"}});

    bench.commit(std::move(Commit{}.add(jobs::Tick{other, 50, "other", bench.now})));
    CHECK(bench.get(claimed.job.id).progress == 0);
    CHECK(seen->take(SIZE_MAX).events.empty());
    bench.commit(std::move(Commit{}.add(jobs::Tick{claimed.lease, 30, "own", bench.now})));
    CHECK(seen->take(SIZE_MAX).events.size() == 1);
    bench.settle(claimed.lease, State::failed, "internal");
    bench.commit(std::move(Commit{}.add(jobs::Tick{claimed.lease, 50, "late", bench.now})));
    CHECK(bench.get(claimed.job.id).progress == 30);
    CHECK(seen->take(SIZE_MAX).events.empty());
}

ON_BOTH("a blocked job waits for its input, which is merged") {
    Job job = bench.new_job("import", State::blocked);
    job.input = {{"a", 1}, {"b", json::object{{"x", 1}}}};
    bench.create(job);
    CHECK_FALSE(bench.claim_one().has_value());

    bench.commit(std::move(Commit{}.add(jobs::Unblock{job.id, {{"b", 2}, {"c", nullptr}}, "sup", bench.later(1s)})));

    const auto claimed = bench.claim_one();
    REQUIRE(claimed);
    CHECK(json::serialize(claimed->job.input) == R"({"a":1,"b":2,"c":null})");
    CHECK(claimed->job.supplier_id == "sup");
    bench.commit(std::move(Commit{}.add(jobs::Unblock{job.id, {{"b", 3}}, {}, bench.now})));
    CHECK(json::serialize(bench.get(job.id).input) == R"({"a":1,"b":2,"c":null})");
    CHECK(bench.event_types() == Strings{"job.blocked", "job.queued", "job.running"});
}

ON_BOTH("an upload that failed is opened again") {
    const Job job = bench.create("import", State::blocked);
    jobs::Settle gone;
    gone.job = job.id;
    gone.state = State::failed;
    gone.outcome = "failed";
    gone.error_code = "upload_aborted";
    gone.error_message = "it broke off";
    gone.at = bench.later(1s);
    bench.commit(std::move(Commit{}.add(gone)));
    CHECK(bench.get(job.id).state == State::failed);
    CHECK(bench.get(job.id).completed_at == bench.now);

    Commit reopen;
    reopen.guard(jobs::InState{job.id, {State::failed}}).add(jobs::Reopen{job.id, bench.later(1s)});
    CHECK(bench.commit(std::move(reopen)) == Outcome::applied);

    const Job now = bench.get(job.id);
    CHECK(now.state == State::blocked);
    CHECK(now.error_code.empty());
    CHECK_FALSE(now.completed_at.has_value());
    Commit again;
    again.guard(jobs::InState{job.id, {State::failed}}).add(jobs::Reopen{job.id, bench.now});
    CHECK(bench.commit(std::move(again)) == Outcome::lost);
}

ON_BOTH("cancelling ends what waits and asks what runs to stop") {
    struct Case {
        const char* name;
        State from;
        State want;
    };
    for (const Case& c : {Case{"queued", State::queued, State::cancelled}, Case{"scheduled", State::scheduled, State::cancelled},
                          Case{"blocked", State::blocked, State::cancelled}}) {
        CAPTURE(c.name);
        const Job job = bench.create("other", c.from);
        bench.commit(std::move(Commit{}.add(jobs::Cancel{job.id, bench.now})));
        CHECK(bench.get(job.id).state == c.want);
        CHECK(bench.get(job.id).error_code == "cancelled");
        CHECK(bench.get(job.id).completed_at == bench.now);
    }
    bench.create();
    const auto claimed = bench.claim_one().value();
    bench.commit(std::move(Commit{}.add(jobs::Cancel{claimed.job.id, bench.now})));
    CHECK(bench.get(claimed.job.id).state == State::cancelling);
    CHECK(bench.jobs().beat(bench.worker.id, bench.now).cancelling == std::vector{claimed.job.id});
    bench.commit(std::move(Commit{}.add(jobs::Cancel{claimed.job.id, bench.now})));
    CHECK(bench.settle(claimed.lease, State::cancelled, "cancelled") == Outcome::applied);
    CHECK(bench.get(claimed.job.id).state == State::cancelled);
    CHECK(bench.jobs().beat(bench.worker.id, bench.now).cancelling.empty());
}

ON_BOTH("a job that is being cancelled is not put back into the queue") {
    for (const State handed_back : {State::queued, State::retry_wait}) {
        bench.create();
        const auto claimed = bench.claim_one().value();
        bench.commit(std::move(Commit{}.add(jobs::Cancel{claimed.job.id, bench.now})));

        CHECK(bench.settle(claimed.lease, handed_back, "internal") == Outcome::applied);

        CHECK(bench.get(claimed.job.id).state == State::cancelled);
        CHECK(bench.get(claimed.job.id).error_code == "cancelled");
    }
}

ON_BOTH("a person's retry queues the job anew and keeps its attempts") {
    bench.create();
    const auto first = bench.claim_one().value();
    bench.commit(std::move(Commit{}.add(jobs::Tick{first.lease, 45, "", bench.now})));
    bench.settle(first.lease, State::failed, "malformed_file");

    bench.commit(std::move(Commit{}.guard(jobs::InState{first.job.id, {State::failed, State::cancelled}})
                               .add(jobs::Retry{first.job.id, bench.later(1s)})));

    const Job job = bench.get(first.job.id);
    CHECK(job.state == State::queued);
    CHECK(job.attempt == 0);
    CHECK(job.progress == 45);
    CHECK(job.error_code.empty());
    CHECK_FALSE(job.completed_at.has_value());
    CHECK(bench.claim_one()->lease.attempt == 1);
    CHECK(bench.jobs().attempts(job.id).size() == 2);
}

ON_BOTH("an external job is started, reported on and settled by its owner") {
    const Job job = bench.create("external");
    CHECK_FALSE(bench.claim_one().has_value());

    bench.commit(std::move(Commit{}.guard(jobs::InState{job.id, {State::queued}}).add(jobs::StartExternal{job.id, bench.now})));
    CHECK(bench.get(job.id).state == State::running);
    CHECK(bench.get(job.id).attempt == 1);
    bench.commit(std::move(Commit{}.guard(jobs::InState{job.id, {State::running}}).add(jobs::Stage{job.id, 30, "", "half", bench.now})));
    CHECK(bench.get(job.id).progress == 30);
    // It has no lease, so no rescue touches it.
    CHECK(bench.jobs().rescue(bench.worker.id, 0s, true, bench.now).empty());
    bench.commit(std::move(Commit{}.add(jobs::Cancel{job.id, bench.now})));
    CHECK(bench.get(job.id).state == State::cancelled);
    CHECK(bench.jobs().attempts(job.id).at(0).outcome == "cancelled");
}

ON_BOTH("guards are judged before anything is written") {
    const Job job = bench.create();
    const Job other = bench.new_job();

    Commit commit;
    commit.guard(jobs::InState{job.id, {State::queued}});
    commit.guard(jobs::InState{job.id, {State::running}});
    commit.add(jobs::Create{other});

    CHECK(bench.commit(std::move(commit)) == Outcome::lost);
    CHECK_FALSE(bench.jobs().get(other.id).has_value());
    CHECK(bench.commit(std::move(Commit{}.guard(jobs::InState{Uuid::generate(), {State::queued}}))) == Outcome::lost);
    CHECK(bench.commit(std::move(Commit{}.guard(jobs::Fence{{job.id, 0, Uuid{}}}))) == Outcome::lost);
}

ON_BOTH("an op that the database refuses fails its caller only") {
    const Job good = bench.new_job();
    Job bad = bench.new_job();
    bad.state = State::completed;  // without completed_at: the table refuses it
    std::atomic<int> failures = 0;
    std::vector<std::function<void()>> bodies;
    for (int i = 0; i < 4; ++i) {
        bodies.emplace_back([&] {
            try {
                bench.ledger().commit(std::move(Commit{}.add(jobs::Create{bad})));
            } catch (const Error& error) {
                CHECK(error.code() == Code::internal);
                ++failures;
            }
        });
        bodies.emplace_back([&] { bench.ledger().commit(std::move(Commit{}.add(jobs::Create{good}))); });
    }

    together(std::move(bodies));

    CHECK(failures == 4);
    CHECK(bench.jobs().get(good.id).has_value());
    CHECK_FALSE(bench.jobs().get(bad.id).has_value());
    CHECK(bench.event_types() == Strings{"job.queued"});
}

ON_BOTH("active shows what is unfinished and what ended lately, newest first, in scope") {
    std::vector<Uuid> mine;
    const auto end = [&](State state, Duration ago) {
        Job job = bench.new_job("export", State::blocked);
        bench.create(job);
        jobs::Settle settle;
        settle.job = job.id;
        settle.state = state;
        settle.at = bench.now - ago;
        bench.commit(std::move(Commit{}.add(settle)));
        return job.id;
    };
    mine.push_back(bench.create("import", State::queued).id);
    mine.push_back(bench.create("import", State::blocked).id);
    mine.push_back(end(State::completed, 1min));
    end(State::completed, 10min);
    mine.push_back(end(State::failed, 10min));
    mine.push_back(end(State::cancelled, 10min));
    end(State::failed, 2h);
    Job foreign = bench.new_job();
    foreign.owner = Uuid::generate();
    bench.create(foreign);
    Job distant = bench.new_job();
    distant.owner = distant.org = Uuid::generate();
    bench.create(distant);
    const auto ids = [&](Scope::Reach reach, int limit = 1000) {
        Scope scope = bench.scope;
        scope.reach = reach;
        std::vector<Uuid> out;
        for (const auto& job : bench.jobs().active(scope, {bench.now - 5min, bench.now - 1h, limit})) out.push_back(job.id);
        return out;
    };
    std::vector<Uuid> newest_first{mine.rbegin(), mine.rend()};

    CHECK(ids(Scope::Reach::own) == newest_first);
    auto org = newest_first;
    org.insert(org.begin(), foreign.id);
    CHECK(ids(Scope::Reach::org) == org);
    auto all = org;
    all.insert(all.begin(), distant.id);
    CHECK(ids(Scope::Reach::all) == all);
    CHECK(ids(Scope::Reach::own, 2) == std::vector{newest_first[0], newest_first[1]});
}

ON_BOTH("counts are of unfinished jobs by state") {
    bench.create("import", State::queued);
    bench.create("import", State::blocked);
    bench.create("import", State::blocked);
    const Job gone = bench.create();
    bench.commit(std::move(Commit{}.add(jobs::Cancel{gone.id, bench.now})));

    auto counts = bench.jobs().counts();

    std::map<State, std::int64_t> by_state{counts.begin(), counts.end()};
    CHECK(by_state == std::map<State, std::int64_t>{{State::queued, 1}, {State::blocked, 2}});
}

ON_BOTH("events carry the job as it was after the change, in order, and reach the hub") {
    events::Interest interest;
    interest.scope = bench.scope;
    const auto subscription = bench.hub.subscribe(interest);
    const Job job = bench.create();
    const auto claimed = bench.claim_one().value();
    bench.settle(claimed.lease, State::completed);

    const auto stored = bench.all_events();

    REQUIRE(stored.size() == 3);
    CHECK(stored[1].json() == to_json(jobs::view(claimed.job)));
    CHECK(stored[2].json() == to_json(jobs::view(bench.get(job.id))));
    for (std::size_t i = 0; i < stored.size(); ++i) {
        CHECK(stored[i].subject == job.id);
        CHECK(stored[i].owner == job.owner);
        CHECK(stored[i].org == job.org);
        if (i > 0) CHECK(stored[i].seq > stored[i - 1].seq);
    }
    const auto seen = subscription->take(1 << 20).events;
    REQUIRE(seen.size() == 3);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        CHECK(seen[i]->seq == stored[i].seq);
        CHECK(seen[i]->json() == stored[i].json());
    }
    CHECK(bench.hub.last() == stored[2].seq);
    CHECK(bench.storage().events().bounds() == std::pair{stored[0].seq, stored[2].seq});
    CHECK(bench.storage().events().after(stored[0].seq, 1).at(0).seq == stored[1].seq);
}

ON_BOTH("the events of a large commit are kept together and read one by one") {
    bench.create();
    const auto first = bench.hub.last();
    Commit commit;
    std::vector<Job> made;
    for (int i = 0; i < 50; ++i) made.push_back(bench.new_job());
    for (const auto& job : made) commit.add(jobs::Create{job});
    bench.commit(std::move(commit));
    bench.create();

    CHECK(bench.sql("SELECT count(*) FROM event") == "3");
    CHECK(bench.storage().events().bounds() == std::pair{first, bench.hub.last()});
    const auto all = bench.all_events();
    REQUIRE(all.size() == 52);
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i].seq == first + static_cast<std::int64_t>(i));
    for (std::size_t i = 0; i < made.size(); ++i) {
        CHECK(all[i + 1].subject == made[i].id);
        CHECK(all[i + 1].owner == made[i].owner);
        CHECK(json::parse(all[i + 1].json()).at("id").as_string() == made[i].id.str());
    }
    // Any place in the middle, a few at a time.
    for (std::int64_t after = first; after < all.back().seq;) {
        const auto some = bench.storage().events().after(after, 7);
        REQUIRE_FALSE(some.empty());
        CHECK(some.size() <= 7);
        CHECK(some.front().seq == after + 1);
        after = some.back().seq;
    }
    // The first numbers go, as they do when old events are forgotten: the rest begins in the middle of nothing.
    bench.sql("DELETE FROM event WHERE seq = " + std::to_string(first));
    CHECK(bench.storage().events().bounds().first == first + 1);
    CHECK(bench.storage().events().after(0, 1).at(0).seq == first + 1);
}

ON_BOTH("a job that exists already does not keep the others of its group from being made") {
    const Job there = bench.create();
    const Job fresh = bench.new_job();

    bench.commit(std::move(Commit{}.add(jobs::Create{there}).add(jobs::Create{fresh}).add(jobs::Cancel{fresh.id, bench.now})));

    CHECK(bench.get(fresh.id).state == State::cancelled);
    CHECK(bench.event_types() == Strings{"job.queued", "job.queued", "job.cancelled"});
}

ON_BOTH("a running job is shown so though its row says it later") {
    const Job job = bench.create();
    const auto claimed = bench.claim_one().value();
    const auto filter = [&](const char* text) {
        jobs::ListRequest request;
        request.filter = query::parse_filter(text, jobs::list_fields());
        return bench.jobs().list(bench.scope, request).items.size();
    };
    const auto check = [&] {
        const Job seen = bench.get(job.id);
        CHECK(seen.state == State::running);
        CHECK(seen.attempt == 1);
        CHECK(seen.started_at.has_value());
        CHECK(bench.jobs().active(bench.scope, {bench.now, bench.now}).at(0).state == State::running);
        CHECK(filter("state:running") == 1);
        CHECK(filter("state:queued") == 0);
        CHECK(filter("attempt:1") == 1);
        CHECK(bench.sql("SELECT status FROM jobs") == "processing");
    };

    CHECK(bench.sql("SELECT state FROM job") == "queued");
    check();
    bench.jobs().beat(bench.worker.id, bench.later(1h));
    CHECK(bench.sql("SELECT state FROM job") == "running");
    check();
    CHECK_FALSE(bench.claim_one().has_value());
    CHECK(bench.settle(claimed.lease, State::completed) == Outcome::applied);
    CHECK(bench.jobs().attempts(job.id).size() == 1);
}

}  // namespace millrace::test
