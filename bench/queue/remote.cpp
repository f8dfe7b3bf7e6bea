// Draining jobs that do nothing, by a remote worker over HTTP in batches, beside the engine in the process. Both on the
// same store in the same run; prints JSON lines {system, config, metric, value, unit} and the ratio.
//
//     bench_remote sqlite DIRECTORY        bench_remote postgres URL       N=20000 BATCH=100 CLIENTS=2 ROUNDS=3 bench_remote ...

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <latch>
#include <thread>

#include "app/app.hpp"
#include "app/settings.hpp"
#include "http/client.hpp"
#include "jobs/engine.hpp"
#include "storage/storage.hpp"

using namespace millrace;

namespace {

using Steady = std::chrono::steady_clock;

constexpr const char* kind_here = "bench.here";
constexpr const char* kind_remote = "bench.remote";

int number(const char* name, int otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atoi(text) : otherwise;
}

struct Place {
    std::string backend;
    std::string where;

    std::unique_ptr<storage::Storage> open(events::Hub& hub) const {
        return backend == "sqlite" ? storage::open_sqlite({.directory = where}, hub, {}) : storage::open_postgres({.url = where}, hub, {});
    }
    void emit(std::string_view config, std::string_view metric, double value, std::string_view unit) const {
        fmt::print("{{\"system\":\"millrace-{}\",\"config\":\"{}\",\"metric\":\"{}\",\"value\":{:.3f},\"unit\":\"{}\"}}\n", backend, config, metric, value, unit);
        std::fflush(stdout);
    }
};

void preload(storage::Storage& storage, int count, const std::string& kind) {
    const Uuid owner = Uuid::generate(), org = Uuid::generate();
    for (int done = 0; done < count;) {
        ledger::Commit commit;
        for (int i = 0; i < 1000 && done < count; ++i, ++done) {
            jobs::Job job;
            job.id = Uuid::generate();
            job.kind = kind;
            job.owner = owner;
            job.org = org;
            job.input = {{"file", "0195a6f0-0000-7000-8000-000000000000"}, {"name", "products.csv"}, {"n", 12345}};
            job.created_at = job.updated_at = job.run_at = SystemClock{}.now();
            commit.add(jobs::Create{std::move(job)});
        }
        storage.ledger().commit(std::move(commit));
    }
}

/// Jobs per second of an engine in this process.
double drain_here(storage::Storage& storage, events::Hub& hub, int count) {
    std::latch done{count};
    SystemClock clock;
    observe::Log log;
    const jobs::Worker self{Uuid::generate(), "bench", 1, "worker", clock.now(), clock.now()};
    jobs::Engine engine{{.slots = 64}, {{.name = kind_here, .run = [&](jobs::Context& context) {
                                             context.finish({});
                                             done.count_down();
                                         }}},
                        storage.jobs(), storage.ledger(), hub, clock, log, self};
    const auto start = Steady::now();
    engine.start(false);
    done.wait();
    const double seconds = std::chrono::duration<double>{Steady::now() - start}.count();
    engine.drain(5s);
    return count / seconds;
}

class Client {
public:
    explicit Client(std::string url) : url_{std::move(url)} {}

    boost::json::value post(const std::string& path, const boost::json::value& body) {
        http::ClientRequest request;
        request.method = "POST";
        request.url = url_ + "/api/v2/workers" + path;
        request.headers.set("Content-Type", "application/json");
        request.body = boost::json::serialize(body);
        const auto answer = client_.send(request);
        if (answer.status >= 300) throw std::runtime_error{fmt::format("{}: {} {}", path, answer.status, answer.body)};
        return boost::json::parse(answer.body);
    }

private:
    http::Client client_;
    const std::string url_;
};

/// Claims and completes until all are done.
void work(Client client, const std::string& worker, int batch, std::atomic<int>& left) {
    while (left > 0) {
        const auto claimed = client.post("/" + worker + "/claim", {{"limit", batch}, {"wait", 0.05}});
        boost::json::array results;
        for (const auto& one : claimed.at("jobs").as_array()) {
            results.push_back({{"job_id", one.at("job").at("id")}, {"attempt", one.at("attempt")}, {"lease_token", one.at("lease_token")}, {"outcome", "completed"}});
        }
        const auto count = static_cast<int>(results.size());
        if (count == 0) continue;
        for (const auto& result : client.post("/" + worker + "/complete", {{"results", std::move(results)}}).at("results").as_array()) {
            if (result.at("status").as_string() != "accepted") throw std::runtime_error{"a completion was not accepted"};
        }
        left -= count;
    }
}

/// Jobs per second of a remote worker with `clients` connections; server and worker share the machine.
double drain_remotely(const Place& place, int count, int batch, int clients) {
    app::Settings settings;
    settings.data_dir = place.backend == "sqlite" ? place.where : (std::filesystem::temp_directory_path() / "millrace-bench-remote").string();
    if (place.backend == "postgres") settings.database.url = Secret{place.where};
    settings.http.listen = {"127.0.0.1:0"};
    settings.http.rate_limit = 0;
    settings.accounts.dev = true;
    app::App app{settings, app::Role::all, {}};
    const boost::json::array kinds{boost::json::object{{"name", kind_remote}, {"type", "processing"}}};
    const auto registered = Client{app.url()}.post("", {{"name", "bench"}, {"kinds", kinds}, {"slots", batch * clients}});
    const std::string worker{registered.at("worker_id").as_string()};
    std::atomic<int> left = count;
    const auto start = Steady::now();
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < clients; ++i) threads.emplace_back([&] { work(Client{app.url()}, worker, batch, left); });
    }
    const double seconds = std::chrono::duration<double>{Steady::now() - start}.count();
    app.stop();
    return count / seconds;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

}  // namespace

int main(int count, char** arguments) {
    const std::string backend = count == 3 ? arguments[1] : "";
    if (backend != "sqlite" && backend != "postgres") {
        fmt::print(stderr, "usage: bench_remote sqlite DIRECTORY | postgres URL\n");
        return 2;
    }
    const Place place{backend, arguments[2]};
    const int n = number("N", 20000), batch = number("BATCH", 100), clients = number("CLIENTS", 2);
    std::vector<double> here, remote;
    for (int round = 0; round < number("ROUNDS", 3); ++round) {
        {
            events::Hub hub;
            const auto storage = place.open(hub);
            preload(*storage, n, kind_here);
            here.push_back(drain_here(*storage, hub, n));
            place.emit("64 slots", "drain", here.back(), "jobs/s");
            preload(*storage, n, kind_remote);
        }
        remote.push_back(drain_remotely(place, n, batch, clients));
        place.emit(fmt::format("HTTP, {} connections, batches of {}", clients, batch), "drain_remote", remote.back(), "jobs/s");
    }
    place.emit("medians", "drain_remote over drain", median(remote) / median(here), "ratio");
}
