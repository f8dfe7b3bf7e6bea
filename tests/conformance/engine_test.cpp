#include "bench.hpp"
#include "jobs/detail/core.hpp"

/// The turns of an engine over both databases, one after the other and with a clock that is moved by hand.
namespace millrace::test {
namespace {

using jobs::detail::Core;
using jobs::detail::StopReason;

/// One worker whose jobs do what `handler` says.
struct Stepped {
    explicit Stepped(Bench& b, std::function<void(jobs::Context&)> h = [](jobs::Context&) {}, jobs::Kind kind = {})
        : bench{b}, handler{std::move(h)} {
        clock.at = bench.now;
        kind.name = "import";
        kind.run = [this](jobs::Context& context) { handler(context); };
        std::vector<jobs::Kind> kinds;
        kinds.push_back(std::move(kind));
        core.emplace(jobs::Settings{}, std::move(kinds),
                     jobs::detail::Surroundings{bench.jobs(), bench.ledger(), bench.hub, clock, steady, random}, log, bench.worker);
        core->hello(false);
    }

    /// Time passes; PostgreSQL goes by its own clock, so for it what is due comes nearer instead.
    void advance(Duration by) {
        clock.advance(by);
        steady.advance(by);
        bench.now = clock.now();
        ahead += by;
        if (bench.backend == Backend::postgres) {
            bench.sql("UPDATE job SET run_at = run_at - interval '" + std::to_string(ahead.count()) + " microseconds'");
        }
    }
    Core::Attempt claim() {
        auto claims = core->claim_turn(1);
        REQUIRE(claims.attempts.size() == 1);
        return claims.attempts[0];
    }
    /// Claims one job, runs it and answers what became of it.
    Job run_one() {
        const auto attempt = claim();
        core->run(*attempt);
        REQUIRE(!core->settle(*attempt));
        core->forget(*attempt);
        return bench.get(attempt->job().id);
    }
    std::string outcome(const Uuid& job) { return bench.jobs().attempts(job).back().outcome; }

    Bench& bench;
    std::function<void(jobs::Context&)> handler;
    ManualClock clock;
    Duration ahead{0};  ///< of the clock of PostgreSQL
    ManualSteadyClock steady;
    SystemRandom random;
    observe::Log log;
    std::optional<Core> core;
};

/// The lease under which the job runs, as the worker that has it knows it.
jobs::Lease bench_lease(Bench& bench, const Uuid& job) {
    const bool sqlite = bench.backend == Backend::sqlite;
    auto token = bench.sql(sqlite ? "SELECT lower(hex(token)) FROM job_lease" : "SELECT replace(token::text, '-', '') FROM job_lease");
    for (const auto at : {8, 13, 18, 23}) token.insert(static_cast<std::size_t>(at), "-");
    return {job, bench.get(job).attempt, Uuid::parse(token).value()};
}

jobs::Settle released(const Uuid& job, Instant at) {
    jobs::Settle settle;
    settle.job = job;
    settle.state = State::queued;
    settle.outcome = "released";
    settle.uncount = true;
    settle.at = at;
    return settle;
}

}  // namespace

ON_BOTH("an attempt that exceeds the time of its job is stopped and tried again") {
    Job job = bench.new_job();
    job.options.timeout_ms = 1500;
    job.options.retry = jobs::RetryPolicy{.strategy = jobs::RetryStrategy::fixed, .base_ms = 1000};
    bench.create(job);
    Stepped engine{bench, {}, {.timeout = 1h}};
    engine.handler = [&](jobs::Context& context) {
        engine.advance(1499ms);
        engine.core->tick_turn();
        context.check();
        engine.advance(1ms);
        engine.core->tick_turn();
        context.finish({});
    };

    const Job ended = engine.run_one();

    CHECK(ended.state == State::retry_wait);
    CHECK(ended.error_code == "job_timeout");
    CHECK(ended.error_message == "The job ran longer than its limit of 1.5 s.");
    CHECK(ended.run_at == bench.now + 1s);
    CHECK(engine.outcome(job.id) == "failed");
}

ON_BOTH("the time of a kind holds for jobs that have none of their own, and the last attempt is the last") {
    Job job = bench.new_job();
    job.attempts_max = 1;
    bench.create(job);
    Stepped engine{bench, {}, {.timeout = 2s}};
    engine.handler = [&](jobs::Context& context) {
        engine.advance(3s);
        engine.core->tick_turn();
        context.check();
    };

    CHECK(engine.run_one().state == State::failed);
    CHECK(bench.get(job.id).error_code == "job_timeout");
}

ON_BOTH("a running job is stopped at its deadline and not tried again, whatever its policy says") {
    Job job = bench.new_job();
    job.deadline = bench.now + 10s;
    job.options.retry = jobs::RetryPolicy{.retry_on = {"deadline_exceeded"}};
    bench.create(job);
    Stepped engine{bench};
    engine.handler = [&](jobs::Context& context) {
        engine.advance(10s);
        CHECK(bench.jobs().expire(bench.now).empty());  // its worker stops it
        engine.core->tick_turn();
        context.check();
    };

    const Job ended = engine.run_one();

    CHECK(ended.state == State::failed);
    CHECK(ended.error_code == "deadline_exceeded");
    CHECK(engine.outcome(job.id) == "failed");
}

ON_BOTH("a job that is claimed after its deadline does not start") {
    Job job = bench.new_job();
    job.deadline = bench.now - 1s;
    bench.create(job);
    bool started = false;
    Stepped engine{bench, [&](jobs::Context&) { started = true; }};

    CHECK(engine.run_one().error_code == "deadline_exceeded");
    CHECK_FALSE(started);
}

ON_BOTH("jobs that wait are failed at their deadline by a beat, others stay") {
    const auto make = [&](State state, std::optional<Instant> deadline, std::string kind = "import") {
        Job job = bench.new_job(std::move(kind), state);
        job.deadline = deadline;
        job.run_at = bench.now + 1h;
        return bench.create(job).id;
    };
    const auto soon = bench.now + 5s;
    std::vector<Uuid> over;
    for (const auto state : {State::scheduled, State::blocked, State::queued, State::retry_wait}) over.push_back(make(state, soon));
    const auto external = make(State::queued, soon, "external");
    bench.commit(std::move(Commit{}.add(jobs::StartExternal{external, bench.now})));
    over.push_back(external);
    const auto later = make(State::queued, bench.now + 1min);
    const auto without = make(State::queued, std::nullopt);
    Stepped engine{bench};
    engine.core->beat_turn();
    for (const auto& id : over) CHECK_FALSE(is_terminal(bench.get(id).state));

    engine.advance(5s);
    engine.core->beat_turn();

    for (const auto& id : over) {
        const Job job = bench.get(id);
        CAPTURE(word(job.state));
        CHECK(job.state == State::failed);
        CHECK(job.error_code == "deadline_exceeded");
        CHECK(job.completed_at == bench.now);
    }
    CHECK(bench.jobs().attempts(external).at(0).outcome == "failed");
    CHECK(bench.get(later).state == State::queued);
    CHECK(bench.get(without).state == State::queued);
    CHECK(bench.jobs().expire(bench.now).empty());
}

ON_BOTH("a workflow that has not ended by its deadline fails and takes its children with it") {
    Job flow = bench.new_job("workflow", State::running);
    flow.deadline = bench.now + 5s;
    bench.create(flow);
    Job child = bench.new_job("other");
    child.parent = flow.id;
    bench.create(child);
    Stepped engine{bench};

    engine.advance(5s);
    engine.core->beat_turn();

    CHECK(bench.get(flow.id).error_code == "deadline_exceeded");
    CHECK(bench.get(child.id).state == State::cancelled);
}

ON_BOTH("a person's retry drops a deadline that has passed") {
    Job job = bench.new_job();
    job.deadline = bench.now;
    bench.create(job);
    Stepped engine{bench};
    CHECK(engine.run_one().error_code == "deadline_exceeded");

    bench.commit(std::move(Commit{}.add(jobs::Retry{job.id, bench.now})));

    CHECK(engine.run_one().state == State::completed);
}

ON_BOTH("a job that snoozes is scheduled again and its attempt does not count") {
    const Job job = bench.create();
    int runs = 0;
    Stepped engine{bench, [&](jobs::Context& context) {
                       try {
                           if (++runs < 3) context.snooze(90s);
                       } catch (const std::exception&) {
                           FAIL("job code does not see it");
                       }
                   }};

    for (int i = 1; i <= 2; ++i) {
        const Job snoozed = engine.run_one();
        CHECK(snoozed.state == State::scheduled);
        CHECK(snoozed.run_at == bench.now + 90s);
        CHECK(snoozed.attempt == 0);
        CHECK(snoozed.error_code.empty());
        CHECK(engine.outcome(job.id) == "snoozed");
        CHECK(engine.core->claim_turn(1).attempts.empty());
        engine.advance(90s);
    }
    CHECK(engine.run_one().state == State::completed);
    CHECK(bench.get(job.id).attempt == 1);
    CHECK(bench.jobs().attempts(job.id).size() == 3);
}

ON_BOTH("a job that awaits its children is blocked, shows their progress and goes on when the last has ended") {
    const Job job = bench.create();
    std::vector<Uuid> children;
    int runs = 0;
    Stepped engine{bench, [&](jobs::Context& context) {
                       if (context.job().parent) throw Error{Code::not_text};
                       if (++runs > 1) return;
                       jobs::Finish finish;
                       for (int i = 0; i < 2; ++i) {
                           Job child = bench.new_job();
                           child.parent = job.id;
                           children.push_back(child.id);
                           finish.with.add(jobs::Create{child});
                       }
                       finish.result = json::value{{"made", 2}};
                       CHECK(context.await_children(std::move(finish)));
                   }};

    const Job waiting = engine.run_one();
    CHECK(waiting.state == State::blocked);
    CHECK(waiting.attempt == 0);
    CHECK(waiting.awaits_children());
    CHECK(engine.outcome(job.id) == "waiting");
    CHECK(bench.get(job.id).result == json::value{{"made", 2}});

    CHECK(engine.run_one().state == State::failed);
    CHECK(bench.get(job.id).state == State::blocked);
    CHECK(bench.get(job.id).progress >= 50);
    CHECK(engine.run_one().state == State::failed);
    CHECK(bench.get(job.id).state == State::queued);
    CHECK(engine.run_one().state == State::completed);
    CHECK(runs == 2);
    CHECK(bench.get(job.id).attempt == 1);
}

ON_BOTH("a job that awaits no children is queued again, one that is cancelled takes its children along") {
    const Job job = bench.create();
    int runs = 0;
    Stepped engine{bench, [&](jobs::Context& context) {
                       if (++runs == 1) context.await_children({});
                       if (runs != 2) return;
                       jobs::Finish finish;
                       Job child = bench.new_job();
                       child.parent = job.id;
                       finish.with.add(jobs::Create{child});
                       context.await_children(std::move(finish));
                   }};

    CHECK(engine.run_one().state == State::queued);
    CHECK(engine.run_one().state == State::blocked);
    bench.commit(std::move(Commit{}.add(jobs::Cancel{job.id, bench.now})));
    CHECK(bench.get(job.id).state == State::cancelled);
    CHECK(bench.get(job.id).children->cancelled == 1);
}

ON_BOTH("a job that was to be cancelled is, also when it snoozes at that moment") {
    const Job job = bench.create();
    Stepped engine{bench, [&](jobs::Context& context) {
                       bench.commit(std::move(Commit{}.add(jobs::Cancel{job.id, bench.now})));
                       context.snooze(1h);
                   }};

    CHECK(engine.run_one().state == State::cancelled);
    CHECK(bench.get(job.id).error_code == "cancelled");
}

ON_BOTH("a checkpoint outlives failures and a person's retry, and ends when the job completes") {
    Job job = bench.new_job();
    job.attempts_max = 1;
    bench.create(job);
    std::vector<json::value> found;
    Stepped engine{bench, [&](jobs::Context& context) {
                       found.push_back(context.checkpoint());
                       context.save_checkpoint(json::object{{"row", static_cast<int>(found.size()) * 10}});
                       CHECK(context.checkpoint() == bench.get(job.id).checkpoint);
                       if (found.size() == 1) throw Error{Code::not_text};
                   }};

    CHECK(engine.run_one().state == State::failed);
    bench.commit(std::move(Commit{}.add(jobs::Retry{job.id, bench.now})));
    CHECK(engine.run_one().state == State::completed);

    REQUIRE(found.size() == 2);
    CHECK(found[0].is_null());
    CHECK(found[1] == json::value{{"row", 10}});
    CHECK(bench.get(job.id).checkpoint.is_null());
}

ON_BOTH("a checkpoint of an attempt that lost its job is refused, one that is too large too") {
    const Job job = bench.create();
    Stepped engine{bench, [&](jobs::Context& context) {
                       CHECK_THROWS_AS(context.save_checkpoint(json::value(std::string(70'000, 'x'))), Error);
                       bench.commit(std::move(Commit{}.guard(jobs::Fence{bench_lease(bench, job.id)}).add(released(job.id, bench.now))));
                       CHECK_THROWS_AS(context.save_checkpoint(json::value(1)), Error);
                   }};

    engine.run_one();

    CHECK(bench.get(job.id).state == State::queued);
    CHECK(bench.get(job.id).checkpoint.is_null());
}

ON_BOTH("a step runs once over all attempts, beside what the handler keeps itself") {
    const Job job = bench.create();
    int first = 0, second = 0, attempts = 0;
    Stepped engine{bench, [&](jobs::Context& context) {
                       ++attempts;
                       CHECK(context.step("first", [&] { return json::value(++first); }) == json::value(1));
                       if (attempts == 1) context.save_checkpoint(json::object{{"own", true}});
                       const auto got = context.step("second", [&]() -> json::value {
                           if (++second == 1) throw Error{Code::database_unavailable};
                           return json::object{{"rows", 5}};
                       });
                       CHECK(got == json::value{{"rows", 5}});
                       CHECK(context.checkpoint().at("own") == json::value(true));
                       if (attempts == 2) throw Error{Code::database_unavailable};
                   }};

    CHECK(engine.run_one().state == State::retry_wait);
    engine.advance(1h);
    CHECK(engine.run_one().state == State::retry_wait);
    engine.advance(1h);
    CHECK(engine.run_one().state == State::completed);
    CHECK(first == 1);
    CHECK(second == 2);
}

namespace {

std::vector<std::string> lines_of(Bench& bench, const jobs::LogRequest& request) {
    std::vector<std::string> out;
    for (const auto& line : bench.jobs().log(request)) out.push_back(std::to_string(line.attempt) + " " + line.level + " " + line.message);
    return out;
}

}  // namespace

ON_BOTH("log lines are seen with the next tick, the last ones with the end of the attempt") {
    const Job job = bench.create();
    Stepped engine{bench};
    std::vector<std::string> during;
    engine.handler = [&](jobs::Context& context) {
        const int attempt = context.job().attempt;
        context.log(observe::Level::info, "begun");
        context.log(observe::Level::warn, "zürich \"日本\"\n\x1b[31m");
        engine.core->tick_turn();
        if (attempt == 1) during = lines_of(bench, {.job = job.id});
        engine.core->tick_turn();
        context.log(observe::Level::error, "ending");
        if (attempt == 1) throw Error{Code::database_unavailable};
    };

    CHECK(engine.run_one().state == State::retry_wait);
    engine.advance(1h);
    CHECK(engine.run_one().state == State::completed);

    CHECK(during == std::vector<std::string>{"1 info begun", "1 warn zürich \"日本\"\n\x1b[31m"});
    const auto all = bench.jobs().log({.job = job.id});
    REQUIRE(all.size() == 6);
    CHECK(all[2].message == "ending");
    CHECK(all[3].attempt == 2);
    CHECK(lines_of(bench, {.job = job.id, .attempt = 2, .limit = 1}) == std::vector<std::string>{"2 info begun"});
    CHECK(bench.jobs().log({.job = job.id, .after = all[4].seq})[0].seq == all[5].seq);
    CHECK(lines_of(bench, {.job = Uuid::generate()}).empty());
}

ON_BOTH("a log line is stored once, however often it is sent, and none after the attempt has ended") {
    bench.create();
    const auto lease = bench.claim_one()->lease;
    std::vector<jobs::LogLine> lines;
    const auto append = [&](std::size_t count) {
        while (lines.size() < count) {
            lines.push_back({.at = bench.now + Duration{lines.size()}, .level = "info", .message = std::to_string(lines.size())});
        }
        return bench.commit(std::move(Commit{}.add(jobs::AppendLog{lease, {lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count)}})));
    };

    append(2);
    append(2);
    append(3);
    append(5);
    CHECK(lines_of(bench, {.job = lease.job}) == std::vector<std::string>{"1 info 0", "1 info 1", "1 info 2", "1 info 3", "1 info 4"});
    bench.settle(lease, State::completed);
    append(6);
    CHECK(bench.jobs().log({.job = lease.job}).size() == 5);
}

ON_BOTH("lines of a handler whose ending is refused come once, with the ending that is not") {
    const Job job = bench.create();
    datasets::Unique taken;
    taken.owner = job.owner;
    taken.sha256 = "same";
    datasets::Dataset dataset;
    dataset.id = Uuid::generate();
    dataset.owner = job.owner;
    dataset.job_id = dataset.file_id = Uuid::generate();
    dataset.sha256 = "same";
    bench.commit(std::move(Commit{}.add(datasets::Put{dataset})));
    Stepped engine{bench, [&](jobs::Context& context) {
                       context.log(observe::Level::info, "one");
                       jobs::Finish finish;
                       finish.with.guard(taken);
                       CHECK(context.finish(std::move(finish)).outcome == Outcome::refused);
                       context.log(observe::Level::info, "two");
                   }};

    CHECK(engine.run_one().state == State::completed);
    CHECK(lines_of(bench, {.job = job.id}) == std::vector<std::string>{"1 info one", "1 info two"});
}

ON_BOTH("who waits for log lines is woken, and nobody gets an event") {
    const Job job = bench.create();
    Stepped engine{bench};
    int woken = 0;
    events::Interest interest{.scope = bench.scope, .subject = job.id, .types = {"job.log"}};
    const auto tail = bench.hub.subscribe(interest);
    tail->on_ready([&] { ++woken; });
    engine.handler = [&](jobs::Context& context) {
        context.log(observe::Level::info, "x");
        engine.core->tick_turn();
    };

    engine.run_one();

    CHECK(woken == 1);
    CHECK(tail->take(SIZE_MAX).events.empty());
}

}  // namespace millrace::test
