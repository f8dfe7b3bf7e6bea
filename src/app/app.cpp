#include "app/app.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "accounts/ops.hpp"
#include "api/api.hpp"
#include "app/version.hpp"
#include "base/describe.hpp"
#include "blobs/catalog.hpp"
#include "capture/capture.hpp"
#include "http/client.hpp"
#include "jobs/retention.hpp"
#include "jobs/scheduler.hpp"
#include "llm/client.hpp"
#include "llm/ops.hpp"
#include "pipelines/catalog.hpp"
#include "storage/storage.hpp"
#include "webhooks/sender.hpp"
#include "work/lock_file.hpp"
#include "work/thread_name.hpp"

namespace millrace::app {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void invalid(const char* key, std::string why) {
    throw Error{Code::invalid_config, {{"key", key}, {"origin", "settings"}, {"why", std::move(why)}}};
}

bool is_loopback(std::string_view address) {
    return address.starts_with("127.") || address.starts_with("[::1]") || address.starts_with("localhost:");
}

/// Every descriptor the kernel allows: each stream and each upload is one.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string host_name() {
    char name[256]{};
    ::gethostname(name, sizeof name - 1);
    return name;
}

std::string_view role_word(Role role) {
    switch (role) {
        case Role::serve: return "serve";
        case Role::worker: return "worker";
        case Role::all: return "all";
    }
    return "";
}

fs::path make_data_dir(const std::string& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) invalid("data_dir", "the directory " + path + " cannot be made: " + error.message());
    fs::permissions(path, fs::perms::owner_all, error);
    return fs::absolute(path);
}

std::unique_ptr<storage::Storage> open_storage(const Settings& settings, const fs::path& data_dir, events::Hub& hub,
                                               const observe::Log& log) {
    if (settings.database.url.empty()) {
        return storage::open_sqlite({.directory = data_dir.string(), .payload = settings.payload}, hub, log);
    }
    return storage::open_postgres({.url = settings.database.url.expose(), .readers = settings.database.connections, .payload = settings.payload},
                                  hub, log);
}

/// Only who owns its database is alone with its objects.
blobs::Stores open_blobs(const Settings& settings, const fs::path& directory, const observe::Log& log) {
    const bool shared = !settings.database.url.empty();
    return blobs::kind(settings.blobs).open({.settings = settings.blobs, .directory = directory, .shared = shared, .object_bytes_max = settings.upload.max_bytes, .log = log});
}

/// Gets a key set by its address.
std::string fetch(const std::string& url) {
    http::ClientRequest request;
    request.url = url;
    request.deadline = in(10s);
    const auto answer = http::Client{}.send(request);
    if (answer.status != 200) {
        throw Error{Code::unreachable, {{"url", url}, {"why", "it answers " + std::to_string(answer.status)}}};
    }
    return answer.body;
}

/// The metrics of one route, looked up once.
struct RouteMetrics {
    std::map<int, observe::Counter> by_status;
    observe::Histogram seconds;
};

std::vector<jobs::Kind> without_handlers(std::vector<jobs::Kind> kinds) {
    for (auto& kind : kinds) kind.run = nullptr;
    return kinds;
}

}  // namespace

config::Pairs aliases() { return {{"listen", "http.listen"}, {"metrics_open", "api.metrics_open"}, {"dev", "accounts.dev"}}; }

/// In the order of construction; taken down in reverse.
struct App::Parts {
    Parts(Settings given, Role r, observe::Log l)
        : settings{std::move(given)},
          role{r},
          log{std::move(l)},
          data_dir{make_data_dir(settings.data_dir)},
          lock{own_directory()},
          self{.id = Uuid::generate(), .host = host_name(), .pid = ::getpid(), .role = std::string{role_word(role)}, .started_at = clock.now(), .seen_at = clock.now()},
          storage{open_storage(settings, data_dir, hub, log)},
          blobs{open_blobs(settings, data_dir / "blobs", log)},
          intake{settings.upload, storage->intake(), storage->ledger(), *blobs.objects, clock, log, self.id},
          uploads{intake, storage->intake(), storage->ledger(), *blobs.drafts, clock, log},
          authenticator{settings.accounts, storage->accounts(), storage->ledger(), clock, fetch},
          llm{settings.llm, {.store = &storage->llm(), .ledger = &storage->ledger(), .clock = clock, .log = &log}},
          kinds{pipelines::catalog({storage->intake(), storage->datasets(), *blobs.objects, storage->mappings(), storage->jobs(), storage->ledger(), clock, log, *blobs.drafts, llm, settings.import,
                                    settings.upload.max_bytes, settings.capture.enabled ? &capturer : nullptr})},
          engine{settings.jobs, kinds, storage->jobs(), storage->ledger(), hub, clock, log, self, &tracer},
          scheduler{storage->schedules(), storage->ledger(), clock, log},
          waiting_room{settings.jobs, storage->jobs(), storage->remote(), hub, clock, log},
          sender{settings.webhooks, {storage->webhooks(), storage->events(), storage->ledger(), hub, clock, log, metrics}, "millrace/" + std::string{version()}},
          services{.settings = settings.api,
                   .jobs_settings = settings.jobs,
                   .webhooks_settings = settings.webhooks,
                   .ledger = storage->ledger(),
                   .jobs = storage->jobs(),
                   .schedules = storage->schedules(),
                   .remote = storage->remote(),
                   .waiting_room = waiting_room,
                   .datasets = storage->datasets(),
                   .mappings = storage->mappings(),
                   .llm = storage->llm(),
                   .files = storage->intake(),
                   .events = storage->events(),
                   .hub = hub,
                   .log_tails = log_tails,
                   .request_limit = request_limit,
                   .intake = intake,
                   .uploads = uploads,
                   .accounts = storage->accounts(),
                   .authenticator = authenticator,
                   .webhooks = storage->webhooks(),
                   .webhook_urls = webhook_urls,
                   .import_urls = import_urls,
                   .wake_webhooks = [this] { sender.wake(); },
                   .blobs = *blobs.objects,
                   .clock = clock,
                   .log = log,
                   .metrics = metrics,
                   .kinds = without_handlers(kinds),
                   .version = std::string{version()},
                   .ready = [this] { return ready.load() && database_answers(); }} {}

    Settings settings;
    const Role role;
    observe::Log log;
    SystemClock clock;
    observe::Metrics metrics;
    observe::Tracer tracer{!settings.tracing.endpoint.empty()};
    events::Hub hub;
    const fs::path data_dir;
    std::optional<work::LockFile> lock;
    const jobs::Worker self;
    TraceExport trace_export{settings.tracing, tracer, {.name = "millrace", .version = std::string{version()}, .instance = self.id.str()}, metrics, log};
    std::unique_ptr<storage::Storage> storage;
    blobs::Stores blobs;
    intake::Intake intake;
    intake::Uploads uploads;
    accounts::Authenticator authenticator;
    capture::Capturer capturer{settings.capture, http::AddressPolicy{settings.import.allow_private}, log};
    llm::Client llm;
    std::vector<jobs::Kind> kinds;
    jobs::Engine engine;
    jobs::Scheduler scheduler;
    jobs::WaitingRoom waiting_room;
    const http::AddressPolicy addresses{settings.webhooks.allow_private};
    webhooks::UrlCheck webhook_urls{addresses};
    const http::AddressPolicy import_addresses{settings.import.allow_private};
    webhooks::UrlCheck import_urls{import_addresses};
    webhooks::Sender sender;
    std::atomic<bool> ready = false;
    api::LogTails log_tails{storage->jobs(), hub};
    api::RequestLimit request_limit{settings.api};
    api::Services services;
    std::unique_ptr<http::Server> server;
    std::string url;
    std::jthread housekeeping;
    std::mutex stopping;
    std::mutex counting;
    std::map<std::string, RouteMetrics> by_route;

    bool embedded() const { return settings.database.url.empty(); }

    bool database_answers() const {
        try {
            storage->check();
            return true;
        } catch (const Error&) {
            return false;
        }
    }

    /// One process owns a SQLite directory. With PostgreSQL the directory holds objects only and may be shared.
    std::optional<work::LockFile> own_directory() const {
        if (!embedded()) return std::nullopt;
        return std::optional<work::LockFile>{std::in_place, data_dir};
    }

    void check() {
        for (const auto& address : settings.http.listen) {
            if (is_loopback(address)) continue;
            if (settings.accounts.dev) invalid("http.listen", "--dev has no credentials and listens on loopback only, not on " + address);
            if (!authenticator.has_credentials()) {
                invalid("http.listen", address + " is not loopback; set JWT_SECRET or accounts.jwks, or create a user or an API key, before listening there");
            }
        }
        if (settings.jobs.lease < settings.jobs.heartbeat * 2) invalid("jobs.lease", "it must be at least twice jobs.heartbeat");
        constexpr std::uint64_t requests_max = 1'000'000;
        if (settings.api.requests_per_minute > requests_max) invalid("api.requests_per_minute", "expected 0 to 1000000");
        if (settings.api.requests_burst > requests_max) invalid("api.requests_burst", "expected 0 to 1000000");
    }

    void start() {
        raise_descriptor_limit();
        if (role == Role::serve) engine.start_without_running(embedded());
        else engine.start(embedded());
        scheduler.start();
        sender.start(embedded());
        make_builtin_source();
        intake.sweep_abandoned();
        uploads.sweep();
        if (role != Role::worker) listen();
        housekeeping = std::jthread{[this](std::stop_token stop) { keep_house(stop); }};
        ready = true;
        log.info("started", {{"role", role_word(role)}, {"url", url}, {"version", version()}, {"store", embedded() ? "sqlite" : "postgres"}, {"blobs", settings.blobs.store}});
    }

    void make_builtin_source() {
        auto source = intake::builtin_source(clock.now());
        if (!storage->intake().source(source.id, {})) storage->ledger().commit(std::move(ledger::Commit{}.add(intake::PutSource{std::move(source)})));
    }

    void listen() {
        http::Hooks hooks;
        hooks.on_request = [this](const http::Served& served) { count(served); };
        hooks.on_error = [this](std::string_view message, const Error::Args& fields) {
            std::vector<observe::Field> out;
            for (const auto& [name, value] : fields) out.emplace_back(name, value);
            log.write(observe::Level::warn, message, out);
        };
        server = std::make_unique<http::Server>(settings.http, api::router(services), std::move(hooks));
        server->start();
        const bool tls = !settings.http.tls_certificate.empty();
        url = (tls ? "https://" : "http://") + server->addresses().front();
        if (lock) lock->publish(url);
        if (!settings.port_file.empty()) write_port_file();
    }

    /// Complete or not there: a reader waits for the file and trusts it.
    void write_port_file() const {
        const auto partial = settings.port_file + ".partial";
        std::ofstream{partial} << server->port() << '\n';
        fs::rename(partial, settings.port_file);
    }

    void count(const http::Served& served) {
        {
            const std::lock_guard hold{counting};
            auto& route = metrics_of(served);
            route.seconds.observe(served.seconds);
            auto status = route.by_status.find(served.status);
            if (status == route.by_status.end()) {
                const observe::Labels labels{{"method", served.route.empty() ? "" : std::string{served.method}}, {"route", std::string{served.route}}, {"status", std::to_string(served.status)}};
                status = route.by_status.emplace(served.status, metrics.counter("millrace_http_requests_total", "Requests answered", labels)).first;
            }
            status->second.add();
        }
        if (tracer.on()) tracer.record(span_of(served, clock.now()));
        if (!log.enabled(observe::Level::debug)) return;
        log.debug("request", {{"method", served.method}, {"route", served.route}, {"status", served.status}, {"seconds", served.seconds}, {"request_id", served.request_id}});
    }

    RouteMetrics& metrics_of(const http::Served& served) {
        // A method that no route has is the client's word and would make a label of its own.
        const auto key = served.route.empty() ? std::string{} : std::string{served.method} + ' ' + std::string{served.route};
        if (const auto found = by_route.find(key); found != by_route.end()) return found->second;
        auto seconds = metrics.histogram("millrace_http_request_seconds", "Time to answer", {{"route", std::string{served.route}}});
        return by_route.emplace(key, RouteMetrics{{}, seconds}).first->second;
    }

    void keep_house(std::stop_token stop) {
        work::name_this_thread("house");
        auto next_abandoned = in(settings.jobs.lease);
        auto next_objects = in(settings.upload.sweep);
        auto next_weighed = in(0s);
        const auto gauge = [&](jobs::State state) {
            return metrics.gauge("millrace_jobs_count", "Unfinished jobs", {{"state", std::string{word(state)}}});
        };
        while (!stop.stop_requested()) {
            try {
                std::int64_t active = 0;
                for (const auto& [state, number] : storage->jobs().counts()) {
                    gauge(state).set(static_cast<double>(number));
                    active += number;
                }
                metrics.jobs_active_count().set(static_cast<double>(active));
                forget_old();
                if (settings.jobs.retention_bytes.count > 0 && std::chrono::steady_clock::now() >= next_weighed) {
                    next_weighed = in(forget_above_size() ? 5s : 0s);
                }
                if (std::chrono::steady_clock::now() >= next_abandoned) {
                    intake.sweep_abandoned();
                    uploads.sweep();
                    next_abandoned = in(settings.jobs.lease);
                }
                if (std::chrono::steady_clock::now() >= next_objects) {
                    intake.sweep_objects();
                    uploads.sweep_drafts();
                    storage->ledger().commit(std::move(ledger::Commit{}.add(accounts::ForgetExpired{clock.now()}).add(llm::Forget{clock.now() - settings.llm.history})));
                    next_objects = in(settings.upload.sweep);
                }
            } catch (const std::exception& error) {
                log.warn("housekeeping failed", {{"error", error.what()}});
            }
            std::mutex mutex;
            std::unique_lock hold{mutex};
            std::condition_variable_any pause;
            pause.wait_for(hold, stop, 1s, [] { return false; });
        }
    }

    /// A little at a time, so that nobody waits for it: 500 jobs of each state and 1,000 events a second.
    void forget_old() {
        if (settings.jobs.retention <= Duration{0}) return;
        const auto before = clock.now() - settings.jobs.retention;
        for (const auto state : {jobs::State::completed, jobs::State::failed, jobs::State::cancelled}) {
            ledger::Commit commit;
            for (const auto& id : storage->jobs().finished_before(state, before, 500)) commit.add(jobs::Remove{id, clock.now(), true});
            if (!commit.ops.empty()) storage->ledger().commit(std::move(commit));
        }
        storage->ledger().commit(std::move(ledger::Commit{}.add(jobs::ForgetEvents{before})));
    }

    /// What /jobs/active still shows as completed is left alone, so nobody misses the end of a job.
    bool forget_above_size() {
        const auto now = clock.now();
        const jobs::Keep keep{.limit = settings.jobs.retention_bytes, .before = now - settings.jobs.active_completed, .now = now};
        return jobs::keep_within(keep, storage->jobs(), storage->ledger());
    }

    void stop(Duration grace) {
        const std::lock_guard hold{stopping};
        ready = false;
        housekeeping = {};
        scheduler.stop();
        const auto deadline = in(grace);
        std::jthread drain{[&] { engine.drain(grace); }};
        std::jthread drain_webhooks{[&] { sender.drain(grace); }};
        if (server) server->stop(deadline);
        drain.join();
        drain_webhooks.join();
        if (storage) storage->close();
        log.info("stopped", {});
    }
};

App::App(Settings settings, Role role, observe::Log log)
    : parts_{std::make_unique<Parts>(std::move(settings), role, std::move(log))} {
    parts_->check();
    parts_->start();
}

App::~App() {
    if (parts_->ready) parts_->stop(0s);
}

const std::string& App::url() const { return parts_->url; }

bool App::reload() {
    auto& parts = *parts_;
    if (!parts.server || parts.settings.http.tls_certificate.empty()) return false;
    try {
        parts.server->reload_certificate();
        parts.log.info("certificate read anew", {{"file", parts.settings.http.tls_certificate}});
    } catch (const Error& error) {
        parts.log.warn("certificate kept: the new one is not usable", {{"file", parts.settings.http.tls_certificate}, {"error", error.what()}});
    }
    return true;
}

void App::stop() { parts_->stop(parts_->settings.shutdown.grace); }
void App::stop_at_once() { std::_Exit(130); }

}  // namespace millrace::app
