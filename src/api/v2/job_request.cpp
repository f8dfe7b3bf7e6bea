#include "api/v2/job_request.hpp"

#include <boost/json/string.hpp>

#include <algorithm>

#include "accounts/ops.hpp"
#include "api/kinds.hpp"
#include "api/v2/import_options.hpp"
#include "base/hash.hpp"
#include "datasets/export.hpp"
#include "formats/overrides.hpp"
#include "transform/rules.hpp"
#include "http/fetch.hpp"

namespace millrace::api::v2 {
namespace {

using jobs::Job;
using jobs::State;

constexpr std::size_t input_bytes_max = 64 * 1024;
constexpr std::size_t key_bytes_max = 200;
constexpr std::int64_t span_ms_max = 366LL * 24 * 3600 * 1000;

jobs::Type type_of(const JobRequest& body, const std::string& pointer) {
    const auto type = jobs::type_from(body.type.value_or(""));
    if (type) return *type;
    if (!body.type) {
        Error error{Code::invalid_fields};
        error.issues.push_back({pointer + "/type", "required", "is missing"});
        throw error;
    }
    Error error{Code::unknown_job_type, {{"type", *body.type}}};
    error.issues.push_back({pointer + "/type", "unknown_value", "expected import, export, validation or processing"});
    throw error;
}

[[noreturn]] void not_yours(const std::string& pointer, const char* detail) {
    Error error{Code::invalid_fields};
    error.issues.push_back({pointer, "unknown_value", detail});
    throw error;
}

/// The file that a field of the input names.
intake::File stored_file(Call& call, const Job& job, const std::string& name, const std::string& pointer) {
    const auto* field = job.input.if_contains(name);
    const auto id = field && field->is_string() ? Uuid::parse(field->get_string()) : std::nullopt;
    auto file = id ? call.services.files.get(*id, call.scope()) : std::nullopt;
    if (!file || file->state != intake::FileState::stored) not_yours(pointer + "/input/" + name, "is not a stored file of yours");
    return std::move(*file);
}

/// An import of a file behind an address.
void check_url_input(Call& call, Job& job, const std::string& pointer) {
    const auto* url = job.input["url"].if_string();
    Error error{Code::invalid_fields};
    if (!url) error.issues.push_back({pointer + "/input/url", "wrong_type", "expected text"});
    else check_import_url(call, *url, pointer + "/input/url", error.issues);
    if (!error.issues.empty()) throw error;
    check_import_options(call.services, call.who.scope, job.input, pointer + "/input");
    if (!job.filename.empty()) job.input.insert_or_assign("filename", job.filename);
    else job.filename = http::filename_of_url(*url);
}

/// An import of a file that is stored already, or of one to be fetched.
void check_import_input(Call& call, Job& job, const std::string& pointer) {
    if (job.input.contains("url")) return check_url_input(call, job, pointer);
    const auto file = stored_file(call, job, "file_id", pointer);
    check_import_options(call.services, call.who.scope, job.input, pointer + "/input");
    job.filename = file.filename;
    job.input_file_id = file.id;
    job.input.insert_or_assign("dataset_id", Uuid::generate().str());
}

/// What may be said of how a file is to be read: `dialect` and `table`, and nothing else.
void check_reading(json::object options, const std::string& pointer) {
    formats::Overrides overrides;
    Error error{Code::invalid_fields};
    read_json(json::value(std::move(options)), overrides, error.issues, pointer);
    if (error.issues.empty()) formats::check(overrides, error.issues, pointer);
    if (!error.issues.empty()) throw error;
}

/// An analysis of a stored file.
void check_analyze_input(Call& call, Job& job, const std::string& pointer) {
    const auto file = stored_file(call, job, "file_id", pointer);
    auto options = job.input;
    options.erase("file_id");
    check_reading(std::move(options), pointer + "/input");
    job.filename = file.filename;
    job.input_file_id = file.id;
}

/// A stored file in another format.
void check_convert_input(Call& call, Job& job, const std::string& pointer) {
    const auto file = stored_file(call, job, "file_id", pointer);
    json::object reading;
    auto writing = job.input;
    writing.erase("file_id");
    for (const auto* name : {"dialect", "table"}) {
        if (const auto* field = job.input.if_contains(name)) reading.emplace(name, *field);
        writing.erase(name);
    }
    check_reading(std::move(reading), pointer + "/input");
    datasets::ExportRequest wanted;
    Error error{Code::invalid_fields};
    read_json(json::value(std::move(writing)), wanted, error.issues, pointer + "/input");
    if (error.issues.empty()) datasets::plan_export(wanted, error.issues, pointer + "/input");
    if (!error.issues.empty()) throw error;
    job.filename = file.filename;
    job.input_file_id = file.id;
}

/// A mapping of one stored file to another.
void check_mapping_input(Call& call, Job& job, const std::string& pointer) {
    const auto source = stored_file(call, job, "input_file_id", pointer);
    job.reference_file_id = stored_file(call, job, "reference_file_id", pointer).id;
    job.input_file_id = source.id;
    job.filename = source.filename;
    // Known before the job runs: a rerun makes the same one.
    job.template_id = Uuid::from_name(job.id.str(), "template");
}

/// A spec or rules, read as they will be.
template <class Parse>
void check_text(const json::object& input, const char* name, const std::string& pointer, Parse parse) {
    const auto* field = input.if_contains(name);
    if (!field) return;
    try {
        parse(json::serialize(*field));
    } catch (Error& error) {
        for (auto& issue : error.issues) issue.pointer = pointer + "/input/" + name + issue.pointer;
        throw;
    }
}

/// A stored file by a template or a spec.
void check_transform_input(Call& call, Job& job, const std::string& pointer) {
    const auto source = stored_file(call, job, "input_file_id", pointer);
    const auto* named = job.input.if_contains("template_id");
    if (named) {
        const auto id = named->is_string() ? Uuid::parse(named->get_string()) : std::nullopt;
        if (!id || !call.services.mappings.get(*id, call.scope())) not_yours(pointer + "/input/template_id", "is not a template of yours");
        job.template_id = id;
    } else if (!job.input.contains("spec")) {
        Error error{Code::invalid_fields};
        error.issues.push_back({pointer + "/input/template_id", "required", "a template_id or a spec is needed"});
        throw error;
    }
    check_text(job.input, "spec", pointer, transform::parse_spec);
    check_text(job.input, "rules", pointer, transform::parse_rules);
    if (const auto* output = job.input.if_contains("output")) {
        datasets::ExportRequest wanted;
        Error error{Code::invalid_fields};
        read_json(*output, wanted, error.issues, pointer + "/input/output");
        if (error.issues.empty()) datasets::plan_export(wanted, error.issues, pointer + "/input/output");
        if (!error.issues.empty()) throw error;
    }
    job.input_file_id = source.id;
    job.filename = source.filename;
}

/// A stored file against rules.
void check_validation_input(Call& call, Job& job, const std::string& pointer) {
    const auto source = stored_file(call, job, "file_id", pointer);
    if (!job.input.contains("rules")) {
        Error error{Code::invalid_fields};
        error.issues.push_back({pointer + "/input/rules", "required", "is missing"});
        throw error;
    }
    check_text(job.input, "rules", pointer, transform::parse_rules);
    job.input_file_id = source.id;
    job.filename = source.filename;
}

/// An export of a dataset of the caller.
void check_export_input(Call& call, Job& job, const std::string& pointer) {
    datasets::ExportRequest wanted;
    auto options = job.input;
    const auto* field = options.if_contains("dataset_id");
    const auto id = field && field->is_string() ? Uuid::parse(field->get_string()) : std::nullopt;
    options.erase("dataset_id");
    Error error{Code::invalid_fields};
    read_json(json::value(std::move(options)), wanted, error.issues, pointer + "/input");
    datasets::ExportPlan plan;
    if (error.issues.empty()) plan = datasets::plan_export(wanted, error.issues, pointer + "/input");
    const auto dataset = id ? call.services.datasets.get(*id, call.who.scope) : std::nullopt;
    if (!dataset) error.issues.push_back({pointer + "/input/dataset_id", "unknown_value", "is not a dataset of yours"});
    if (!error.issues.empty()) throw error;
    job.related_dataset_id = dataset->id;
    job.filename = datasets::export_filename(dataset->name, plan);
}

/// The job that the first request with this key has made, when this request is the same.
Uuid same_request(Call& call, const Uuid& first) {
    const auto remembered = call.services.accounts.request(call.who.scope.user, *idempotency_key(call.request), call.services.clock.now());
    if (!remembered || remembered->request_hash != to_hex(sha256(call.body))) throw Error{Code::idempotency_mismatch};
    return first;
}

const std::vector<State>& unfinished() {
    static const std::vector<State> states{State::scheduled, State::blocked,    State::queued,
                                           State::running,   State::retry_wait, State::cancelling};
    return states;
}

bool waits(State state) {
    return state == State::scheduled || state == State::blocked || state == State::queued || state == State::retry_wait;
}

/// Collects what is wrong with a request, below its pointer.
class Checks {
public:
    explicit Checks(const std::string& pointer) : pointer_{pointer} {}

    void range(const char* field, std::optional<std::int64_t> value, std::int64_t min, std::int64_t max) {
        if (!value || (*value >= min && *value <= max)) return;
        error_.issues.push_back({pointer_ + field, "out_of_range", "expected " + std::to_string(min) + " to " + std::to_string(max)});
    }
    void length(const char* field, const std::string* value) {
        if (!value || (!value->empty() && value->size() <= key_bytes_max)) return;
        error_.issues.push_back({pointer_ + field, "out_of_range", "expected 1 to " + std::to_string(key_bytes_max) + " bytes"});
    }
    void that(bool holds, const char* field, const char* code, std::string detail) {
        if (!holds) error_.issues.push_back({pointer_ + field, code, std::move(detail)});
    }
    std::vector<Issue>& issues() { return error_.issues; }
    void raise() const {
        if (!error_.issues.empty()) throw error_;
    }

private:
    const std::string& pointer_;
    Error error_{Code::invalid_fields};
};

template <class T>
const T* get(const std::optional<T>& value) {
    return value ? &*value : nullptr;
}

void check(const JobRequest& r, const std::string& pointer, Instant now) {
    Checks checks{pointer};
    checks.range("/priority", r.priority, jobs::priority_min, jobs::priority_max);
    checks.range("/timeout_ms", r.timeout_ms, 1, span_ms_max);
    checks.range("/attempts_max", r.attempts_max, 1, 100);
    checks.range("/cache_ttl_ms", r.cache_ttl_ms, 1, span_ms_max);
    checks.length("/limit_key", get(r.limit_key));
    if (r.queue) checks.that(jobs::is_queue_name(*r.queue), "/queue", "invalid_value", "expected 1 to 64 of letters, digits, '-', '_', '.'");
    if (r.retry) std::ranges::move(problems(*r.retry, pointer + "/retry"), std::back_inserter(checks.issues()));
    if (r.unique) {
        checks.length("/unique/key", &r.unique->key);
        checks.range("/unique/window_ms", r.unique->window_ms, 1, span_ms_max);
    }
    checks.that(!r.deadline || *r.deadline > now, "/deadline", "out_of_range", "is in the past");
    checks.that(!r.deadline || !r.run_at || *r.run_at < *r.deadline, "/run_at", "out_of_range", "is not before the deadline");
    const auto size = r.input ? json::serialize(*r.input).size() : 0;
    checks.that(size <= input_bytes_max, "/input", "too_large",
                "has " + std::to_string(size) + " bytes and may have 65536; store it by POST /api/v2/files and give {\"payload_file_id\": \"<id of the file>\"}");
    checks.raise();
}

void set_names(Job& job, const JobRequest& request) {
    job.filename = request.filename.value_or("");
    job.supplier_id = request.supplier_id;
    if (!request.job_metadata) return;
    job.metadata = *request.job_metadata;
    const auto text = [&](std::string_view name) -> std::optional<std::string> {
        const auto* value = job.metadata.if_contains(name);
        if (!value || !value->is_string()) return std::nullopt;
        return std::string{std::string_view{value->get_string()}};
    };
    if (job.filename.empty()) job.filename = text("filename").value_or("");
    if (!job.supplier_id) job.supplier_id = text("supplier_id");
}

void check_references(Call& call, const Job& job, const std::string& pointer) {
    if (job.related_dataset_id && !call.services.datasets.get(*job.related_dataset_id, call.scope())) {
        not_yours(pointer + "/related_dataset_id", "is not a dataset of yours");
    }
    if (!job.parent) return;
    const auto parent = call.services.jobs.get(*job.parent, call.scope());
    if (!parent || jobs::is_terminal(parent->state)) not_yours(pointer + "/parent_id", "is not an unfinished job of yours");
}

std::string cache_key_of(const Job& job) {
    return to_hex(sha256(job.kind + '\n' + json::serialize(job.input)));
}

jobs::Unique unique_of(const Job& job, const UniqueBy& by, std::optional<Uuid> except) {
    jobs::Unique unique;
    unique.owner = job.owner;
    unique.key = by.key;
    unique.states = by.states.empty() ? unfinished() : by.states;
    if (by.window_ms) unique.since = job.created_at - std::chrono::milliseconds{*by.window_ms};
    unique.except = except;
    return unique;
}

}  // namespace

std::vector<std::string> checked_tags(std::vector<std::string> tags, const std::string& pointer, std::vector<Issue>& issues) {
    std::ranges::sort(tags);
    tags.erase(std::ranges::unique(tags).begin(), tags.end());
    if (tags.size() > 20) issues.push_back({pointer, "out_of_range", "expected at most 20 tags"});
    for (const auto& tag : tags) {
        if (tag.empty() || tag.size() > 64) issues.push_back({pointer, "out_of_range", "a tag has 1 to 64 bytes"});
    }
    return tags;
}

Job job_of(Call& call, const JobRequest& request, const std::string& pointer) {
    Job job;
    job.id = Uuid::generate();
    job.owner = call.who.scope.user;
    job.org = call.who.scope.org;
    job.created_at = job.updated_at = job.run_at = call.services.clock.now();
    check(request, pointer, job.created_at);
    job.queue = request.queue.value_or("default");
    job.priority = request.priority.value_or(0);
    job.related_dataset_id = request.related_dataset_id;
    job.parent = request.parent_id;
    job.deadline = request.deadline;
    job.limit_key = request.limit_key;
    job.options = {.timeout_ms = request.timeout_ms, .retry = request.retry};
    if (request.unique) job.unique_key = request.unique->key;
    if (request.tags) {
        Error error{Code::invalid_fields};
        job.tags = checked_tags(*request.tags, pointer + "/tags", error.issues);
        if (!error.issues.empty()) throw error;
    }
    set_names(job, request);
    check_references(call, job, pointer);
    job.input = request.input.value_or(json::object{});
    if (job.input.contains("payload_file_id")) job.input_file_id = stored_file(call, job, "payload_file_id", pointer).id;
    if (request.kind && *request.kind != "external") {
        const auto kind = find_kind(call.services, *request.kind);
        if (!kind) unknown_kind(call.services, *request.kind, pointer);
        job.kind = kind->name;
        job.type = kind->type;
        job.attempts_max = request.attempts_max.value_or(kind->attempts_max);
        if (!job.options.timeout_ms) job.options.timeout_ms = kind->options.timeout_ms;
        if (!job.options.retry) job.options.retry = kind->options.retry;
        if (job.kind == "import") check_import_input(call, job, pointer);
        if (job.kind == "export") check_export_input(call, job, pointer);
        if (job.kind == "analyze") check_analyze_input(call, job, pointer);
        if (job.kind == "convert") check_convert_input(call, job, pointer);
        if (job.kind == "mapping") check_mapping_input(call, job, pointer);
        if (job.kind == "transform") check_transform_input(call, job, pointer);
        if (job.kind == "validation") check_validation_input(call, job, pointer);
    } else {
        job.kind = "external";
        job.type = type_of(request, pointer);
        job.attempts_max = request.attempts_max.value_or(1);
    }
    if (request.cache_ttl_ms) job.cache_key = cache_key_of(job);
    if (request.run_at && *request.run_at > job.created_at) {
        job.run_at = *request.run_at;
        job.state = State::scheduled;
    }
    return job;
}

Job parent_job(Call& call, std::string kind) {
    Job job;
    job.id = Uuid::generate();
    job.kind = std::move(kind);
    job.type = jobs::Type::processing;
    job.state = State::running;
    job.owner = call.who.scope.user;
    job.org = call.who.scope.org;
    job.created_at = job.updated_at = job.run_at = call.services.clock.now();
    job.started_at = job.created_at;
    job.attempts_max = 1;
    job.children.emplace();
    return job;
}

Stored store_job(Call& call, Job job, const JobRequest& request, bool remember, const std::function<void(ledger::Commit&)>& more) {
    auto& services = call.services;
    if (request.cache_ttl_ms) {
        const auto since = job.created_at - std::chrono::milliseconds{*request.cache_ttl_ms};
        if (const auto cached = services.jobs.cached(job.owner, *job.cache_key, since)) return {cached->id, false};
    }
    std::optional<Uuid> replaced;
    for (int tries = 0; tries < 5; ++tries) {
        ledger::Commit commit;
        const auto key = remember ? idempotency_key(call.request) : std::nullopt;
        if (key) {
            accounts::RememberRequest request_seen;
            request_seen.user = job.owner;
            request_seen.key = *key;
            request_seen.job = job.id;
            request_seen.request_hash = to_hex(sha256(call.body));
            request_seen.at = job.created_at;
            commit.guard(std::move(request_seen));
        }
        if (replaced) {
            commit.guard(jobs::InState{*replaced, {State::scheduled, State::blocked, State::queued, State::retry_wait}});
            commit.add(jobs::Cancel{*replaced, job.created_at});
        }
        if (request.unique) commit.guard(unique_of(job, *request.unique, replaced));
        commit.add(jobs::Create{job});
        if (more) more(commit);
        const auto done = services.ledger.commit(std::move(commit));
        if (done) return {job.id, true};
        if (done.outcome == ledger::Outcome::lost) {  // the one to be replaced has moved on
            replaced.reset();
            continue;
        }
        const auto existing = services.jobs.get(done.existing);
        const bool by_key = request.unique && existing && existing->unique_key == job.unique_key;
        if (!by_key || (key && services.accounts.request(job.owner, *key, job.created_at))) return {same_request(call, done.existing), true};
        if (request.unique->on_conflict == OnConflict::return_existing) return {done.existing, false};
        if (request.unique->on_conflict == OnConflict::reject || !waits(existing->state)) {
            throw Error{Code::job_exists, {{"job_id", done.existing.str()}}};
        }
        replaced = done.existing;
    }
    throw Error{Code::conflict, {{"why", "the job to be replaced keeps moving; try again"}}};
}

}  // namespace millrace::api::v2
