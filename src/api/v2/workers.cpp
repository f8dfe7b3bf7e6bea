#include <fmt/format.h>
#include <boost/json/string.hpp>

#include <algorithm>

#include "api/kinds.hpp"
#include "api/v2/routes.hpp"
#include "api/v2/worker_reports.hpp"
#include "base/random.hpp"
#include "jobs/view.hpp"

/// The protocol of remote workers: they register, claim, beat and report. For administrators, because a worker sees
/// the inputs of everybody's jobs and writes their results.
namespace millrace::api::v2 {
namespace {

constexpr int kinds_max = 100;
constexpr int queues_max = 100;
constexpr int slots_max = 1000;
constexpr double wait_seconds_max = 60;
constexpr std::size_t name_bytes_max = 128;
/// A whole batch of results, each as large as it may be.
constexpr std::size_t complete_bytes_max = 17 << 20;

struct WorkerList {
    std::vector<jobs::Worker> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(WorkerList, (), (items, next_cursor))

struct KindOffer {
    std::string name;
    std::string type;
    std::optional<std::string> label;
    std::optional<int> attempts_max;
    std::optional<jobs::RetryPolicy> retry;
    std::optional<std::int64_t> timeout_ms;
    static std::array<std::string_view, 2> required() { return {"name", "type"}; }
};
BOOST_DESCRIBE_STRUCT(KindOffer, (), (name, type, label, attempts_max, retry, timeout_ms))

struct Register {
    std::string name;
    std::vector<KindOffer> kinds;
    std::optional<std::vector<std::string>> queues;
    int slots = 1;
    static std::array<std::string_view, 2> required() { return {"name", "kinds"}; }
};
BOOST_DESCRIBE_STRUCT(Register, (), (name, kinds, queues, slots))

struct Registered {
    Uuid worker_id;
    double lease_seconds = 0;
    double heartbeat_seconds = 0;
};
BOOST_DESCRIBE_STRUCT(Registered, (), (worker_id, lease_seconds, heartbeat_seconds))

struct ClaimRequest {
    std::optional<int> limit;
    double wait = 0;
};
BOOST_DESCRIBE_STRUCT(ClaimRequest, (), (limit, wait))

struct ClaimedJob {
    jobs::JobView job;
    json::object input;
    int attempt = 0;
    Uuid lease_token;
    json::value checkpoint;
    std::optional<std::int64_t> timeout_ms;
};
BOOST_DESCRIBE_STRUCT(ClaimedJob, (), (job, input, attempt, lease_token, checkpoint, timeout_ms))

struct ClaimReply {
    std::vector<ClaimedJob> jobs;
    bool drain = false;
};
BOOST_DESCRIBE_STRUCT(ClaimReply, (), (jobs, drain))

struct HeartbeatReply {
    std::vector<Uuid> cancel;
    std::vector<std::string> lost;
    bool drain = false;
};
BOOST_DESCRIBE_STRUCT(HeartbeatReply, (), (cancel, lost, drain))

struct DrainRequest {
    bool drain = true;
    static std::array<std::string_view, 1> required() { return {"drain"}; }
};
BOOST_DESCRIBE_STRUCT(DrainRequest, (), (drain))

double seconds(Duration time) { return std::chrono::duration<double>{time}.count(); }

void throw_if(std::vector<Issue> issues) {
    if (issues.empty()) return;
    Error error{Code::invalid_fields};
    error.issues = std::move(issues);
    throw error;
}

// Coming and going

void check_count(std::vector<Issue>& issues, const char* pointer, std::size_t count, std::size_t min, std::size_t max) {
    if (count >= min && count <= max) return;
    issues.push_back({pointer, "out_of_range", fmt::format("expected {} to {} of them", min, max)});
}

jobs::DeclaredKind declared(const KindOffer& offer, Instant now, const std::string& pointer, std::vector<Issue>& issues) {
    jobs::DeclaredKind kind;
    kind.name = offer.name;
    if (const auto type = jobs::type_from(offer.type)) kind.type = *type;
    else issues.push_back({pointer + "/type", "unknown_value", "expected import, export, validation or processing"});
    kind.label = offer.label.value_or(offer.name);
    kind.attempts_max = offer.attempts_max.value_or(kind.attempts_max);
    kind.options = {.timeout_ms = offer.timeout_ms, .retry = offer.retry};
    kind.updated_at = now;
    std::ranges::move(jobs::problems(kind, pointer), std::back_inserter(issues));
    return kind;
}

void check(const Register& body) {
    std::vector<Issue> issues;
    if (body.name.empty() || body.name.size() > name_bytes_max) {
        issues.push_back({"/name", "out_of_range", "expected 1 to 128 bytes"});
    }
    check_count(issues, "/kinds", body.kinds.size(), 1, kinds_max);
    const auto queues = body.queues.value_or(std::vector<std::string>{});
    check_count(issues, "/queues", queues.size(), 0, queues_max);
    for (std::size_t i = 0; i < queues.size(); ++i) {
        if (!jobs::is_queue_name(queues[i])) issues.push_back({fmt::format("/queues/{}", i), "invalid", "is no name of a queue"});
    }
    if (body.slots < 1 || body.slots > slots_max) issues.push_back({"/slots", "out_of_range", fmt::format("expected 1 to {}", slots_max)});
    throw_if(std::move(issues));
}

ledger::Commit declarations(Call& call, const std::vector<KindOffer>& offers, Instant now) {
    std::vector<Issue> issues;
    ledger::Commit commit;
    for (std::size_t i = 0; i < offers.size(); ++i) {
        commit.add(jobs::DeclareKind{declared(offers[i], now, fmt::format("/kinds/{}", i), issues)});
    }
    throw_if(std::move(issues));
    for (const auto& offer : offers) {
        if (!is_own_kind(call.services, offer.name)) continue;
        throw Error{Code::conflict, {{"why", "the kind \"" + offer.name + "\" is run by millrace itself; choose another name"}}};
    }
    return commit;
}

http::Answer register_worker(Call& call, Register body) {
    check(body);
    auto& services = call.services;
    const auto now = services.clock.now();
    services.ledger.commit(declarations(call, body.kinds, now));
    jobs::Worker worker{.id = Uuid::generate(), .host = body.name, .pid = 0, .role = std::string{jobs::remote_role},
                        .started_at = now, .seen_at = now, .kinds = {}, .queues = body.queues.value_or(std::vector<std::string>{}),
                        .slots = body.slots};
    for (const auto& kind : body.kinds) worker.kinds.push_back(kind.name);
    services.jobs.hello(worker);
    const auto& settings = services.jobs_settings;
    auto response = http::Response::json(201, to_json(Registered{worker.id, seconds(settings.lease), seconds(settings.heartbeat)}));
    response.headers.set("Location", "/api/v2/workers/" + worker.id.str());
    return response;
}

/// The remote worker of the path. Throws Error{worker_unknown}.
jobs::Worker find_remote(Call& call) {
    auto worker = call.services.remote.worker(call.id());
    if (!worker || worker->role != jobs::remote_role) throw Error{Code::worker_unknown};
    return std::move(*worker);
}

http::Begun leave(Call& call) {
    const auto id = call.id();
    const auto worker = call.services.remote.worker(id);
    if (worker && worker->role != jobs::remote_role) {
        throw Error{Code::conflict, {{"why", "this worker is a process of millrace; it leaves when it is stopped"}}};
    }
    call.services.remote.leave(id, call.services.clock.now());
    call.services.waiting_room.call(id);
    return http::Response::empty(204);
}

http::Answer drain(Call& call, DrainRequest body) {
    const auto id = call.id();
    if (!call.services.remote.drain(id, body.drain)) throw Error{Code::not_found};
    call.services.waiting_room.call(id);
    const auto worker = call.services.remote.worker(id);
    if (!worker) throw Error{Code::not_found};
    return http::Response::json(200, to_json(*worker));
}

http::Begun get_worker(Call& call) {
    const auto worker = call.services.remote.worker(call.id());
    if (!worker) throw Error{Code::not_found};
    return http::Response::json(200, to_json(*worker));
}

// Claiming

http::Response claim_response(jobs::RemoteClaimed claimed) {
    ClaimReply reply;
    reply.drain = claimed.draining;
    for (auto& [job, lease] : claimed.jobs) {
        reply.jobs.push_back({.job = jobs::view(job), .input = std::move(job.input), .attempt = lease.attempt, .lease_token = lease.token,
                              .checkpoint = std::move(job.checkpoint), .timeout_ms = job.options.timeout_ms});
    }
    return http::Response::json(200, to_json(reply));
}

/// Looks for jobs at once, and again each time the waiting room says that there may be one.
class ClaimLater final : public http::Later {
public:
    ClaimLater(Services& services, jobs::Worker worker, int limit, Duration wait)
        : services_{services}, worker_{std::move(worker)}, limit_{limit}, deadline_{in(wait)} {}

    Deadline deadline() const override { return deadline_; }

    void on_ready(http::Wake wake) override {
        place_ = services_.waiting_room.enter({.worker = worker_.id,
                                               .kinds = {worker_.kinds.begin(), worker_.kinds.end()},
                                               .queues = {worker_.queues.begin(), worker_.queues.end()}},
                                              wake);
    }

    std::optional<http::Answer> poll(bool expired) override {
        if (expired) return claim_response({});
        place_->looks();
        auto claimed = look();
        if (claimed.jobs.empty() && !claimed.draining) return std::nullopt;
        if (!claimed.jobs.empty()) place_->found();
        place_.reset();
        return claim_response(std::move(claimed));
    }

    /// Throws Error{worker_unknown}.
    jobs::RemoteClaimed look() {
        const auto& settings = services_.jobs_settings;
        auto claimed = services_.remote.claim({.worker = worker_.id, .kinds = worker_.kinds, .queues = worker_.queues, .limit = limit_,
                                               .lease = settings.lease, .now = services_.clock.now()});
        if (!claimed.known) throw Error{Code::worker_unknown};
        return claimed;
    }

private:
    Services& services_;
    const jobs::Worker worker_;
    const int limit_;
    const Deadline deadline_;
    std::unique_ptr<jobs::WaitingRoom::Place> place_;
};

http::Answer claim(Call& call, ClaimRequest body) {
    auto worker = find_remote(call);
    const int limit = body.limit.value_or(std::min(worker.slots, jobs::remote_batch_max));
    std::vector<Issue> issues;
    if (limit < 1 || limit > jobs::remote_batch_max) issues.push_back({"/limit", "out_of_range", fmt::format("expected 1 to {}", jobs::remote_batch_max)});
    if (body.wait < 0 || body.wait > wait_seconds_max) issues.push_back({"/wait", "out_of_range", "expected 0 to 60 seconds"});
    throw_if(std::move(issues));
    const auto wait = std::chrono::duration_cast<Duration>(std::chrono::duration<double>{body.wait});
    auto later = std::make_unique<ClaimLater>(call.services, std::move(worker), limit, wait);
    if (wait == Duration{0}) return claim_response(later->look());
    return later;
}

// Beating and reporting

http::Answer heartbeat(Call& call, Heartbeat body) {
    const auto id = call.id();
    throw_if(problems(body));
    auto& services = call.services;
    jobs::RemoteBeat beat;
    beat.worker = id;
    beat.now = services.clock.now();
    HeartbeatReply reply;
    take_progress(body, beat, reply.lost);
    beat.lease = services.jobs_settings.lease;
    beat.grace = services.jobs_settings.heartbeat;
    beat.jitter = SystemRandom{}.uniform();
    const auto beaten = services.remote.beat(beat);
    if (!beaten.known) throw Error{Code::worker_unknown};
    for (const auto& event : beaten.logged) services.hub.nudge(event);
    reply.cancel = beaten.cancelling;
    reply.drain = beaten.draining;
    for (const auto& job : beaten.lost) reply.lost.push_back(job.str());
    return http::Response::json(200, to_json(reply));
}

http::Answer complete(Call& call, Complete body) {
    const auto id = call.id();
    throw_if(problems(body));
    auto& services = call.services;
    const auto now = services.clock.now();
    auto read = read_endings(services, body, now);
    SystemRandom random;
    for (auto& ending : read.endings) ending.jitter = random.uniform();
    const auto states = services.remote.settle(id, read.endings, now);
    return http::Response::json(200, to_json(completed(std::move(read), states)));
}

}  // namespace

void add_workers(Table& table) {
    const Reply fields = reply_error(422, "Fields that are not valid, each with its pointer");
    const Reply unknown = reply_error(410, "The worker is not known (any more): register again");
    const Reply no_id = reply_error(404, "The path names no worker");
    const auto worker_schema = json_schema<jobs::Worker>();
    const auto add = [&](const char* method, const char* path, http::Lane lane, Operation operation, Handle handle) {
        operation.tag = "workers";
        operation.access = Access::admin;
        table.add(method, path, lane, std::move(operation), std::move(handle));
    };
    add("GET", "/api/v2/workers", http::Lane::reads,
        {.id = "listWorkers", .summary = "Everybody who runs jobs: processes of millrace and remote workers",
         .replies = {{200, "All of them, oldest first", json_schema<WorkerList>()}}},
        [](Call& call) { return http::Response::json(200, to_json(WorkerList{call.services.jobs.workers(), {}})); });
    add("POST", "/api/v2/workers", http::Lane::commits,
        {.id = "registerWorker", .summary = "Register a remote worker and declare the kinds of jobs that it runs",
         .body = Body{.schema = json_schema<Register>(),
                      .example = json::object{{"name", "thumbnails-1"}, {"kinds", json::array{json::object{{"name", "thumbnail"}, {"type", "processing"}}}}, {"slots", 4}}},
         .replies = {{201, "Registered: beat at least this often, or lose your jobs after lease_seconds", json_schema<Registered>()},
                     reply_error(409, "A kind of that name is run by millrace itself"), fields}},
        [](Call& call) { return with_json<Register>(call, register_worker); });
    add("GET", "/api/v2/workers/{id}", http::Lane::reads,
        {.id = "getWorker", .summary = "One worker", .parameters = {path_id("worker")}, .replies = {{200, "The worker", worker_schema}, no_id}}, get_worker);
    add("DELETE", "/api/v2/workers/{id}", http::Lane::commits,
        {.id = "deleteWorker", .summary = "A remote worker says goodbye; its jobs go back to their queues without counting an attempt",
         .parameters = {path_id("worker")}, .replies = {{204, "Gone", nullptr}, no_id, reply_error(409, "A process of millrace")}},
        leave);
    add("POST", "/api/v2/workers/{id}/claim", http::Lane::commits,
        {.id = "claimJobs", .summary = "Take jobs to run, waiting up to `wait` seconds for the first", .parameters = {path_id("worker")},
         .body = Body{.schema = json_schema<ClaimRequest>(), .example = json::object{{"limit", 10}, {"wait", 0}}, .required = false},
         .replies = {{200, "Jobs, each with what proves that this worker holds it", json_schema<ClaimReply>()}, no_id, unknown, fields}},
        [](Call& call) { return with_json<ClaimRequest>(call, claim); });
    add("POST", "/api/v2/workers/{id}/heartbeat", http::Lane::commits,
        {.id = "beatWorker", .summary = "The worker lives: how far its jobs are, and which of them it is to stop", .parameters = {path_id("worker")},
         .body = Body{.schema = heartbeat_schema(), .example = json::object{{"running", json::array{}}}, .required = false},
         .replies = {{200, "Jobs to stop, jobs that are not its own any more", json_schema<HeartbeatReply>()}, no_id, unknown, fields}},
        [](Call& call) { return with_json<Heartbeat>(call, heartbeat); });
    add("POST", "/api/v2/workers/{id}/complete", http::Lane::commits,
        {.id = "completeJobs", .summary = "Jobs have ended, up to 200 at once; each is answered for itself", .parameters = {path_id("worker")},
         .body = Body{.schema = complete_schema(), .example = json::object{{"results", json::array{}}}},
         .replies = {{200, "What became of each, in order", json_schema<CompleteReply>()}, no_id, fields}},
        [](Call& call) { return with_json<Complete>(call, complete, complete_bytes_max); });
    add("POST", "/api/v2/workers/{id}/drain", http::Lane::commits,
        {.id = "drainWorker", .summary = "Give the worker no more jobs, or give it jobs again", .parameters = {path_id("worker")},
         .body = Body{.schema = json_schema<DrainRequest>(), .example = json::object{{"drain", true}}},
         .replies = {{200, "The worker", worker_schema}, no_id, fields}},
        [](Call& call) { return with_json<DrainRequest>(call, drain); });
}

}  // namespace millrace::api::v2
