#include <boost/json/string.hpp>

#include <algorithm>

#include "accounts/ops.hpp"
#include "api/download.hpp"
#include "api/v2/job_request.hpp"
#include "api/waiting.hpp"
#include "base/hash.hpp"
#include "jobs/schedule_ops.hpp"
#include "jobs/view.hpp"

namespace millrace::api::v2 {
namespace {

using jobs::Schedule;

constexpr std::size_t name_bytes_max = 255;
constexpr int next_most = 100;

struct ScheduleList {
    std::vector<jobs::ScheduleView> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(ScheduleList, (), (items, next_cursor))

struct NewSchedule {
    std::string name;
    std::string cron;
    std::string zone = "UTC";
    jobs::CatchUp catch_up = jobs::CatchUp::last;
    bool enabled = true;
    jobs::JobTemplate job;
    static std::array<std::string_view, 3> required() { return {"name", "cron", "job"}; }
};
BOOST_DESCRIBE_STRUCT(NewSchedule, (), (name, cron, zone, catch_up, enabled, job))

struct ScheduleChange {
    std::optional<std::string> name, cron, zone;
    std::optional<jobs::CatchUp> catch_up;
    std::optional<bool> enabled;
    std::optional<jobs::JobTemplate> job;
};
BOOST_DESCRIBE_STRUCT(ScheduleChange, (), (name, cron, zone, catch_up, enabled, job))

struct Preview {
    std::string cron;
    std::string zone = "UTC";
    int count = 5;
    static std::array<std::string_view, 1> required() { return {"cron"}; }
};
BOOST_DESCRIBE_STRUCT(Preview, (), (cron, zone, count))

struct Slot {
    Instant at{};
    std::string local;  ///< as the clocks of the zone show it
};
BOOST_DESCRIBE_STRUCT(Slot, (), (at, local))

struct SlotList {
    std::vector<Slot> items;
    std::optional<std::string> next_cursor;
};
BOOST_DESCRIBE_STRUCT(SlotList, (), (items, next_cursor))

struct StartedJob : jobs::JobView {
    Uuid job_id;
};
BOOST_DESCRIBE_STRUCT(StartedJob, (jobs::JobView), (job_id))

/// Collects what is wrong with a request; `raise` ends it when anything was.
struct Issues {
    Error error{Code::invalid_fields};

    void add(std::string pointer, std::string code, std::string detail) {
        error.issues.push_back({std::move(pointer), std::move(code), std::move(detail)});
    }
    void add(std::string pointer, const Error& why, const std::string& language) {
        add(std::move(pointer), std::string{to_string(why.code())}, why.message(language));
    }
    void raise() const {
        if (!error.issues.empty()) throw error;
    }
};

// Versions. The tag is "<version>-<hash>": it changes with every answer that differs, and If-Match looks at the version
// only, so that a schedule which fires while somebody edits it can still be saved.

std::string etag_of(const Schedule& schedule, std::string_view body) {
    return '"' + std::to_string(schedule.version) + '-' + strong_etag(body).substr(1);
}

bool names_version(std::string_view if_match, int version) {
    const auto wanted = '"' + std::to_string(version) + '-';
    for (std::size_t at = 0; at <= if_match.size();) {
        const auto comma = std::min(if_match.find(',', at), if_match.size());
        auto tag = if_match.substr(at, comma - at);
        while (!tag.empty() && tag.front() == ' ') tag.remove_prefix(1);
        while (!tag.empty() && tag.back() == ' ') tag.remove_suffix(1);
        if (tag == "*" || tag.starts_with(wanted)) return true;
        at = comma + 1;
    }
    return false;
}

/// Error{precondition_failed} when If-Match names another version.
void check_if_match(const Call& call, const Schedule& schedule) {
    const auto asked = call.request.headers.find("if-match");
    if (asked && !names_version(*asked, schedule.version)) throw Error{Code::precondition_failed};
}

http::Response schedule_response(int status, const Schedule& schedule) {
    auto response = http::Response::json(status, to_json(jobs::view(schedule)));
    response.etag = etag_of(schedule, response.body);
    return response;
}

Schedule find(Call& call) {
    auto schedule = call.services.schedules.get(call.id(), call.scope());
    if (!schedule) throw Error{Code::not_found};
    return std::move(*schedule);
}

// What a schedule may be

/// The job of a schedule is held against the same rules as any other, and what follows from its kind is filled in.
void check_job(Call& call, jobs::JobTemplate& job, Issues& issues) {
    JobRequest request;
    request.type = job.type;
    request.kind = job.kind;
    request.input = job.input;
    request.job_metadata = job.job_metadata;
    request.related_dataset_id = job.related_dataset_id;
    request.filename = job.filename;
    request.supplier_id = job.supplier_id;
    request.queue = job.queue;
    request.priority = job.priority;
    request.timeout_ms = job.timeout_ms;
    request.attempts_max = job.attempts_max;
    request.retry = job.retry;
    request.tags = job.tags;
    request.limit_key = job.limit_key;
    if (job.unique_key) request.unique = UniqueBy{.key = *job.unique_key};
    try {
        const auto made = job_of(call, request, "/job");
        job.type = jobs::type_word(made.type);
        job.kind = made.kind;
        job.attempts_max = made.attempts_max;
        job.timeout_ms = made.options.timeout_ms;
        job.retry = made.options.retry;
        job.tags = made.tags;
        if (!made.filename.empty()) job.filename = made.filename;
    } catch (const Error& error) {
        if (error.issues.empty()) throw;
        std::ranges::copy(error.issues, std::back_inserter(issues.error.issues));
    }
}

/// Every problem of a schedule at once. Sets `next_at` when its times have changed.
void check(Call& call, Schedule& schedule, bool retime, bool job_changed) {
    Issues issues;
    const auto blank = schedule.name.find_first_not_of(" \t") == std::string::npos;
    if (blank || schedule.name.size() > name_bytes_max) issues.add("/name", "invalid_value", "expected 1 to 255 bytes, not only blanks");
    if (retime) {
        const auto cron = jobs::parse_cron(schedule.cron);
        const auto zone = jobs::Zone::find(schedule.zone);
        if (!cron) issues.add("/cron", cron.error(), call.language());
        if (!zone) issues.add("/zone", zone.error(), call.language());
        const auto first = jobs::first_slot(schedule, schedule.updated_at);
        if (cron && zone && !first) issues.add("/cron", first.error(), call.language());
        schedule.next_at = first && schedule.enabled ? std::optional{*first} : std::nullopt;
    }
    if (job_changed) check_job(call, schedule.job, issues);
    issues.raise();
}

// Reading

http::Begun list(Call& call) {
    const auto page = call.services.schedules.list(call.scope(), list_request<jobs::ScheduleListRequest>(call, jobs::schedule_fields()));
    ScheduleList out;
    for (const auto& schedule : page.items) out.items.push_back(jobs::view(schedule));
    out.next_cursor = page.next_cursor;
    return http::Response::json(200, to_json(out));
}

http::Begun get(Call& call) { return schedule_response(200, find(call)); }

http::Response slots_response(const jobs::Zone& zone, const std::vector<Instant>& times) {
    SlotList out;
    for (const auto& at : times) out.items.push_back({at, zone.local_text(at)});
    return http::Response::json(200, to_json(out));
}

http::Begun next(Call& call) {
    const auto schedule = find(call);
    const auto count = number_of(call.request, "count", 5, next_most);
    if (count == 0) throw Error{Code::invalid_parameter, {{"name", "count"}, {"why", "expected a whole number from 1 to 100"}}};
    const auto cron = jobs::parse_cron(schedule.cron);
    if (!cron) throw cron.error();
    const auto zone = jobs::Zone::find(schedule.zone);
    if (!zone) throw zone.error();
    const auto now = call.services.clock.now();
    const auto times = jobs::upcoming(*cron, *zone, now, static_cast<int>(count), schedule.created_at);
    return slots_response(*zone, times.value_or(std::vector<Instant>{}));
}

http::Answer preview(Call& call, Preview body) {
    Issues issues;
    const auto cron = jobs::parse_cron(body.cron);
    const auto zone = jobs::Zone::find(body.zone);
    if (!cron) issues.add("/cron", cron.error(), call.language());
    if (!zone) issues.add("/zone", zone.error(), call.language());
    if (body.count < 1 || body.count > next_most) issues.add("/count", "out_of_range", "expected 1 to 100");
    issues.raise();
    const auto now = call.services.clock.now();
    const auto times = jobs::upcoming(*cron, *zone, now, body.count, now);
    if (!times) issues.add("/cron", times.error(), call.language());
    issues.raise();
    return slots_response(*zone, *times);
}

// Changing

/// The commit of something new, and what an Idempotency-Key makes of it.
class Once {
public:
    Once(Call& call, const Uuid& id, std::string_view what) : call_{call}, hash_{to_hex(sha256(what))} {
        key_ = idempotency_key(call.request);
        if (!key_) return;
        accounts::RememberRequest remember;
        remember.user = call.who.scope.user;
        remember.key = *key_;
        remember.job = id;
        remember.request_hash = hash_;
        remember.at = call.services.clock.now();
        commit.guard(std::move(remember));
    }

    /// The id that the first request with the key has made, when that request was the same; nothing when this is the first.
    /// Error{idempotency_mismatch}, Error{job_exists}.
    std::optional<Uuid> made_before() {
        const auto done = call_.services.ledger.commit(std::move(commit));
        if (done) return std::nullopt;
        const auto now = call_.services.clock.now();
        const auto first = key_ ? call_.services.accounts.request(call_.who.scope.user, *key_, now) : std::nullopt;
        if (!first) throw Error{Code::job_exists, {{"job_id", done.existing.str()}}};
        if (first->request_hash != hash_) throw Error{Code::idempotency_mismatch};
        return done.existing;
    }

    ledger::Commit commit;

private:
    Call& call_;
    std::string hash_;
    std::optional<std::string> key_;
};

http::Answer create(Call& call, NewSchedule body) {
    Schedule schedule;
    schedule.id = Uuid::generate();
    schedule.owner = call.who.scope.user;
    schedule.org = call.who.scope.org;
    schedule.name = std::move(body.name);
    schedule.cron = std::move(body.cron);
    schedule.zone = std::move(body.zone);
    schedule.catch_up = body.catch_up;
    schedule.enabled = body.enabled;
    schedule.job = std::move(body.job);
    schedule.created_at = schedule.updated_at = call.services.clock.now();
    check(call, schedule, true, true);
    Once once{call, schedule.id, "schedule " + std::string{call.body}};
    once.commit.add(jobs::PutSchedule{schedule, true});
    if (const auto first = once.made_before()) {
        auto made = call.services.schedules.get(*first, call.who.scope);
        if (!made) throw Error{Code::conflict, {{"why", "the schedule that this Idempotency-Key made is gone"}}};
        schedule = std::move(*made);
    }
    auto response = schedule_response(201, schedule);
    response.headers.set("Location", "/api/v2/schedules/" + schedule.id.str());
    return response;
}

/// The schedule with the changes asked for; answers whether its times have changed.
bool apply(const ScheduleChange& change, Schedule& schedule) {
    const Schedule old = schedule;
    if (change.name) schedule.name = *change.name;
    if (change.cron) schedule.cron = *change.cron;
    if (change.zone) schedule.zone = *change.zone;
    if (change.catch_up) schedule.catch_up = *change.catch_up;
    if (change.enabled) schedule.enabled = *change.enabled;
    if (change.job) schedule.job = *change.job;
    return schedule.cron != old.cron || schedule.zone != old.zone || schedule.enabled != old.enabled;
}

http::Answer change(Call& call, ScheduleChange body) {
    for (;;) {
        auto schedule = find(call);
        check_if_match(call, schedule);
        const int version = schedule.version++;
        schedule.updated_at = call.services.clock.now();
        const bool retime = apply(body, schedule);
        check(call, schedule, retime, body.job.has_value());
        const auto done = call.services.ledger.commit(std::move(ledger::Commit{}
                                                                    .guard(jobs::ScheduleVersion{schedule.id, version})
                                                                    .add(jobs::PutSchedule{schedule, retime})));
        if (done) return schedule_response(200, find(call));  // else somebody was faster: look again
    }
}

http::Begun remove(Call& call) {
    for (;;) {
        const auto schedule = find(call);
        check_if_match(call, schedule);
        const auto done = call.services.ledger.commit(
            std::move(ledger::Commit{}
                          .guard(jobs::ScheduleVersion{schedule.id, schedule.version})
                          .add(jobs::RemoveSchedule{schedule.id, call.services.clock.now()})));
        if (done) return http::Response::empty(204);
    }
}

http::Begun run(Call& call) {
    const auto schedule = find(call);
    auto job = jobs::make_job(schedule, std::nullopt, call.services.clock.now());
    auto id = job.id;
    Once once{call, id, "run " + schedule.id.str()};
    if (job.unique_key) once.commit.guard(jobs::unique_of(job));
    once.commit.add(jobs::Create{std::move(job)});
    if (const auto first = once.made_before()) id = *first;
    const auto stored = call.services.jobs.get(id);
    if (!stored) throw Error{Code::internal};
    StartedJob out;
    static_cast<jobs::JobView&>(out) = jobs::view(*stored);
    out.job_id = id;
    auto response = http::Response::json(201, to_json(out));
    response.headers.set("Location", "/api/v2/jobs/" + id.str());
    return response;
}

Parameter if_match() {
    return {.name = "If-Match", .in = "header", .description = "The ETag of the version that was read; 412 when there is a newer one"};
}

}  // namespace

void add_schedules(Table& table) {
    const auto schema = json_schema<jobs::ScheduleView>();
    const auto slots = json_schema<SlotList>();
    const Reply not_found = reply_error(404, "No such schedule of yours");
    const Reply newer = reply_error(412, "The schedule was changed since the version in If-Match");
    const Reply fields = reply_error(422, "Fields that are not valid, each with its pointer; of a cron expression also field and position");
    const json::value example{{"name", "Nightly check"}, {"cron", "30 2 * * mon-fri"}, {"zone", "Europe/Amsterdam"},
                              {"job", {{"type", "validation"}, {"tags", json::array{"nightly"}}}}};

    table.add("GET", "/api/v2/schedules", http::Lane::reads,
              {.id = "listSchedules", .summary = "All schedules", .tag = "schedules",
               .parameters = {query_filter(), query_sort(), query_limit(), query_cursor(), query_scope()},
               .replies = {{200, "One page, newest first unless sorted otherwise", json_schema<ScheduleList>()}, reply_error(400, "A parameter is not valid")}},
              list);
    table.add("POST", "/api/v2/schedules", http::Lane::commits,
              {.id = "createSchedule", .summary = "Make a job at each time that a cron expression names in a time zone", .tag = "schedules",
               .body = Body{.schema = json_schema<NewSchedule>(), .example = example},
               .replies = {{201, "Created", schema}, fields}},
              [](Call& call) { return with_json<NewSchedule>(call, create); });
    table.add("POST", "/api/v2/schedules/preview", http::Lane::reads,
              {.id = "previewSchedule", .summary = "The next times of a cron expression in a time zone", .tag = "schedules",
               .body = Body{.schema = json_schema<Preview>(), .example = json::object{{"cron", "*/15 8-18 * * mon-fri"}, {"zone", "Europe/Amsterdam"}}},
               .replies = {{200, "In order", slots}, fields}},
              [](Call& call) { return with_json<Preview>(call, preview); });
    table.add("GET", "/api/v2/schedules/{id}", http::Lane::reads,
              {.id = "getSchedule", .summary = "One schedule", .tag = "schedules", .parameters = {path_id("schedule"), query_scope()},
               .replies = {{200, "The schedule", schema}, not_found}},
              get);
    table.add("PATCH", "/api/v2/schedules/{id}", http::Lane::commits,
              {.id = "changeSchedule", .summary = "Change the fields that are given; `job` as a whole", .tag = "schedules",
               .parameters = {path_id("schedule"), if_match(), query_scope()},
               .body = Body{.schema = json_schema<ScheduleChange>(), .example = json::object{{"enabled", false}}},
               .replies = {{200, "The schedule", schema}, not_found, newer, fields}},
              [](Call& call) { find(call); return with_json<ScheduleChange>(call, change); });
    table.add("DELETE", "/api/v2/schedules/{id}", http::Lane::commits,
              {.id = "deleteSchedule", .summary = "Delete a schedule; its jobs stay", .tag = "schedules",
               .parameters = {path_id("schedule"), if_match(), query_scope()},
               .replies = {{204, "Deleted", nullptr}, not_found, newer}},
              remove);
    table.add("POST", "/api/v2/schedules/{id}/run", http::Lane::commits,
              {.id = "runSchedule", .summary = "Make a job of the schedule now, whether it is enabled or not", .tag = "schedules",
               .parameters = {path_id("schedule"), query_scope()},
               .replies = {{201, "The job", json_schema<StartedJob>()}, not_found, reply_error(409, "A job with its unique key has not ended")}},
              run);
    table.add("GET", "/api/v2/schedules/{id}/next", http::Lane::reads,
              {.id = "listNextSlots", .summary = "The next times of a schedule", .tag = "schedules",
               .parameters = {path_id("schedule"), {.name = "count", .in = "query", .description = "How many", .schema = json::object{{"type", "integer"}, {"minimum", 1}, {"maximum", next_most}, {"default", 5}}}, query_scope()},
               .replies = {{200, "In order; as if the schedule were enabled", slots}, not_found}},
              next);
}

}  // namespace millrace::api::v2
