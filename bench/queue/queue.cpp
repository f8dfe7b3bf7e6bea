// The job queue without HTTP: enqueue, drain, latency, and what history costs. Prints JSON lines
// {system, config, metric, value, unit}, the form of the peers' benches, so that ratios can be taken of one session.
//
//     bench_queue sqlite DIRECTORY        bench_queue postgres URL       N=20000 ONLY=drain HISTORY=1000000 bench_queue ...

#include <fmt/format.h>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <latch>
#include <mutex>
#include <thread>

#include "base/random.hpp"
#include "jobs/engine.hpp"
#include "storage/storage.hpp"

using namespace millrace;

namespace {

using Steady = std::chrono::steady_clock;

int number(const char* name, int otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atoi(text) : otherwise;
}

bool wanted(std::string_view name) {
    const char* only = std::getenv("ONLY");
    return !only || fmt::format(",{},", only).find(fmt::format(",{},", name)) != std::string::npos;
}

double seconds_since(Steady::time_point start) { return std::chrono::duration<double>{Steady::now() - start}.count(); }

/// Processor time of this process, user and system; steadier than the clock on a machine that does other work too.
double cpu_seconds() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
    return seconds(use.ru_utime) + seconds(use.ru_stime);
}

struct Bench {
    std::string system;
    storage::Storage& storage;
    events::Hub& hub;
    Scope scope{Uuid::generate(), Uuid::generate()};

    void emit(std::string_view config, std::string_view metric, double value, std::string_view unit) const {
        fmt::print("{{\"system\":\"{}\",\"config\":\"{}\",\"metric\":\"{}\",\"value\":{:.3f},\"unit\":\"{}\"}}\n", system, config,
                   metric, value, unit);
        std::fflush(stdout);
    }

    jobs::Job job(std::string kind) const {
        jobs::Job j;
        j.id = Uuid::generate();
        j.kind = std::move(kind);
        j.owner = scope.user;
        j.org = scope.org;
        j.input = {{"file", "0195a6f0-0000-7000-8000-000000000000"}, {"name", "products.csv"}, {"n", 12345}};
        j.created_at = j.updated_at = j.run_at = SystemClock{}.now();
        return j;
    }

    /// `count` jobs in commits of 1,000.
    void preload(int count, const std::string& kind) const {
        for (int done = 0; done < count;) {
            ledger::Commit commit;
            for (int i = 0; i < 1000 && done < count; ++i, ++done) commit.add(jobs::Create{job(kind)});
            storage.ledger().commit(std::move(commit));
        }
    }
};

void bulk_enqueue(const Bench& bench, int count) {
    const auto start = Steady::now();
    const double cpu = cpu_seconds();
    bench.preload(count, "external");
    bench.emit("1,000 per commit", "bulk_enqueue_cpu", (cpu_seconds() - cpu) / count * 1e6, "us/job");
    bench.emit("1,000 per commit", "bulk_enqueue", count / seconds_since(start), "jobs/s");
}

void single_enqueue(const Bench& bench, int callers, int count) {
    std::atomic<int> left = count;
    std::mutex mutex;
    std::vector<double> millis;
    const auto start = Steady::now();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < callers; ++i) {
            threads.emplace_back([&] {
                std::vector<double> mine;
                while (left.fetch_sub(1) > 0) {
                    const auto begun = Steady::now();
                    bench.storage.ledger().commit(std::move(ledger::Commit{}.add(jobs::Create{bench.job("external")})));
                    mine.push_back(seconds_since(begun) * 1000);
                }
                const std::lock_guard lock{mutex};
                millis.insert(millis.end(), mine.begin(), mine.end());
            });
        }
    }
    const auto seconds = seconds_since(start);
    const auto config = fmt::format("{} callers", callers);
    bench.emit(config, "single_enqueue", count / seconds, "jobs/s");
    std::ranges::sort(millis);
    bench.emit(config, "enqueue_p50", millis[millis.size() / 2], "ms");
    bench.emit(config, "enqueue_p99", millis[millis.size() * 99 / 100], "ms");
}

/// Claims and settles without the engine: what storage can do, in batches of `batch`.
void drain_batches(const Bench& bench, int count, int batch) {
    const auto kind = fmt::format("batch-{}", batch);
    bench.preload(count, kind);
    const jobs::Worker worker{Uuid::generate(), "bench", 1, "worker", SystemClock{}.now(), SystemClock{}.now()};
    bench.storage.jobs().hello(worker);
    const auto start = Steady::now();
    const double cpu = cpu_seconds();
    for (int done = 0; done < count;) {
        const auto now = SystemClock{}.now();
        const auto claimed = bench.storage.jobs().claim({.worker = worker.id, .kinds = {kind}, .limit = batch, .lease = 20s, .now = now});
        ledger::Commit commit;
        for (const auto& one : claimed) {
            jobs::Settle settle;
            settle.job = one.job.id;
            settle.outcome = "completed";
            settle.at = now;
            commit.guard(jobs::Fence{one.lease}).add(std::move(settle));
        }
        bench.storage.ledger().commit(std::move(commit));
        done += static_cast<int>(claimed.size());
    }
    bench.emit(fmt::format("claim and settle, batches of {}", batch), "drain_storage", count / seconds_since(start), "jobs/s");
    bench.emit(fmt::format("claim and settle, batches of {}", batch), "drain_storage_cpu", (cpu_seconds() - cpu) / count * 1e6, "us/job");
    bench.storage.jobs().goodbye(worker.id);
}

/// Preloaded jobs that do nothing, run by an engine, until the last of them is durably completed.
void drain_engine(const Bench& bench, int count, int slots) {
    const auto kind = fmt::format("noop-{}", slots);
    bench.preload(count, kind);
    std::latch done{count};
    SystemClock clock;
    observe::Log log;
    const jobs::Worker self{Uuid::generate(), "bench", 1, "worker", clock.now(), clock.now()};
    jobs::Engine engine{{.slots = slots}, {{.name = kind, .run = [&](jobs::Context&) { done.count_down(); }}},
                        bench.storage.jobs(), bench.storage.ledger(), bench.hub, clock, log, self};
    const auto start = Steady::now();
    const double cpu = cpu_seconds();
    engine.start(false);
    done.wait();
    while (engine.running() > 0) std::this_thread::sleep_for(1ms);
    const auto seconds = seconds_since(start);
    bench.emit(fmt::format("{} slots", slots), "drain_cpu", (cpu_seconds() - cpu) / count * 1e6, "us/job");
    bench.emit(fmt::format("{} slots", slots), "drain", count / seconds, "jobs/s");
    engine.drain(5s);
}

/// From the call that enqueues to the start of the handler, one job each 20 ms.
void latency(const Bench& bench, int count) {
    SystemClock clock;
    observe::Log log;
    std::mutex mutex;
    std::vector<double> millis;
    std::map<Uuid, Steady::time_point> begun;
    std::latch done{count};
    const jobs::Worker self{Uuid::generate(), "bench", 1, "worker", clock.now(), clock.now()};
    jobs::Engine engine{{.slots = 4}, {{.name = "latency", .run = [&](jobs::Context& context) {
                                            {
                                                const std::lock_guard lock{mutex};
                                                millis.push_back(seconds_since(begun.at(context.job().id)) * 1000);
                                            }
                                            done.count_down();
                                        }}},
                        bench.storage.jobs(), bench.storage.ledger(), bench.hub, clock, log, self};
    engine.start(false);
    auto due = Steady::now();
    for (int i = 0; i < count; ++i) {
        std::this_thread::sleep_until(due += 20ms);
        auto job = bench.job("latency");
        {
            const std::lock_guard lock{mutex};
            begun[job.id] = Steady::now();
        }
        bench.storage.ledger().commit(std::move(ledger::Commit{}.add(jobs::Create{std::move(job)})));
    }
    done.wait();
    engine.drain(5s);
    std::ranges::sort(millis);
    bench.emit("one job per 20 ms", "latency_p50", millis[millis.size() / 2], "ms");
    bench.emit("one job per 20 ms", "latency_p99", millis[millis.size() * 99 / 100], "ms");
}

void active(const Bench& bench, int count) {
    std::vector<double> millis;
    for (int i = 0; i < count; ++i) {
        const auto start = Steady::now();
        const auto now = SystemClock{}.now();
        // Somebody with a few jobs of his own, as most are.
        bench.storage.jobs().active({Uuid::generate(), bench.scope.org}, {now - 5min, now - 1h, 1000});
        millis.push_back(seconds_since(start) * 1000);
    }
    std::ranges::sort(millis);
    bench.emit("storage only", "active_p50", millis[millis.size() / 2], "ms");
    bench.emit("storage only", "active_p99", millis[millis.size() * 99 / 100], "ms");
}

std::vector<jobs::Claimed> claim(const Bench& bench, const jobs::Worker& worker, const std::string& kind, int limit) {
    return bench.storage.jobs().claim({.worker = worker.id, .kinds = {kind}, .limit = limit, .lease = 20s, .now = SystemClock{}.now()});
}

/// One job at a time: it comes, it is claimed, it ends. The time of the claim alone.
void claims(const Bench& bench, int count) {
    const jobs::Worker worker{Uuid::generate(), "bench", 1, "worker", SystemClock{}.now(), SystemClock{}.now()};
    bench.storage.jobs().hello(worker);
    std::vector<double> millis;
    for (int i = 0; i < count; ++i) {
        bench.preload(1, "claims");
        const auto start = Steady::now();
        const auto claimed = claim(bench, worker, "claims", 1);
        millis.push_back(seconds_since(start) * 1000);
        jobs::Settle settle;
        settle.job = claimed.at(0).job.id;
        settle.outcome = "completed";
        settle.at = SystemClock{}.now();
        bench.storage.ledger().commit(std::move(ledger::Commit{}.add(std::move(settle))));
    }
    bench.storage.jobs().goodbye(worker.id);
    std::ranges::sort(millis);
    bench.emit("one by one", "claim_p50", millis[millis.size() / 2], "ms");
    bench.emit("one by one", "claim_p99", millis[millis.size() * 99 / 100], "ms");
}

/// The p99 of single enqueues, 50 a second for 10 s, without and with `count` running jobs that report twice a second as
/// the engine writes it: one commit for all. The log that this writes is for the database to tell.
void progress(const Bench& bench, int count) {
    const jobs::Worker worker{Uuid::generate(), "bench", 1, "worker", SystemClock{}.now(), SystemClock{}.now()};
    bench.storage.jobs().hello(worker);
    bench.preload(count, "progress");
    const auto claimed = claim(bench, worker, "progress", count);
    for (const bool reporting : {false, true}) {
        std::jthread reporter{[&](std::stop_token stop) {
            for (int tick = 1; reporting && !stop.stop_requested(); ++tick) {
                const auto due = Steady::now() + 500ms;
                std::vector<jobs::Progress> progress;
                for (const auto& one : claimed) {
                    auto& p = progress.emplace_back(jobs::Progress{one.lease, tick, fmt::format("row {}", tick * 1000), SystemClock{}.now(), {}});
                    p.event.subject = one.lease.job;
                }
                bench.storage.jobs().show_progress(progress);
                std::this_thread::sleep_until(due);
            }
        }};
        std::vector<double> millis;
        auto due = Steady::now();
        for (int i = 0; i < 500; ++i) {
            std::this_thread::sleep_until(due += 20ms);
            const auto start = Steady::now();
            bench.preload(1, "external");
            millis.push_back(seconds_since(start) * 1000);
        }
        std::ranges::sort(millis);
        const auto config = reporting ? fmt::format("{} jobs report", claimed.size()) : std::string{"none reports"};
        bench.emit(config, "enqueue_p99", millis[millis.size() * 99 / 100], "ms");
    }
    bench.storage.jobs().goodbye(worker.id);
}

/// Completed jobs of long ago, through the same ops.
void history(const Bench& bench, int count) {
    const auto long_ago = SystemClock{}.now() - 240h;
    for (int done = 0; done < count;) {
        ledger::Commit commit;
        for (int i = 0; i < 500 && done < count; ++i, ++done) {
            auto job = bench.job("old");
            job.state = jobs::State::blocked;
            jobs::Settle settle;
            settle.job = job.id;
            settle.at = long_ago;
            commit.add(jobs::Create{std::move(job)}).add(std::move(settle));
        }
        bench.storage.ledger().commit(std::move(commit));
    }
}

}  // namespace

int main(int count, char** arguments) {
    const std::string backend = count == 3 ? arguments[1] : "";
    if (backend != "sqlite" && backend != "postgres") {
        fmt::print(stderr, "usage: bench_queue sqlite DIRECTORY | postgres URL\n");
        return 2;
    }
    events::Hub hub;
    const auto storage = backend == "sqlite" ? storage::open_sqlite({.directory = arguments[2]}, hub, {})
                                             : storage::open_postgres({.url = arguments[2]}, hub, {});
    const Bench bench{"millrace-" + backend, *storage, hub};
    const int n = number("N", 20000);
    if (const int old = number("HISTORY", 0); old > 0) history(bench, old);
    if (wanted("single")) {
        for (const int callers : {1, 16, 64}) single_enqueue(bench, callers, callers == 1 ? 500 : number("SINGLE", 5000));
    }
    if (wanted("bulk")) bulk_enqueue(bench, n);
    if (wanted("storage")) {
        for (const int batch : {16, 500}) drain_batches(bench, batch == 16 ? n / 4 : n, batch);
    }
    if (wanted("drain")) {
        for (const int slots : {2, 24}) drain_engine(bench, n, slots);
    }
    if (wanted("latency")) latency(bench, number("LAT", 300));
    if (wanted("active")) active(bench, 500);
    if (wanted("claims")) claims(bench, 300);
    if (wanted("progress")) progress(bench, 2000);
}
