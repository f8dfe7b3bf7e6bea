#include "pipelines/transform/transform.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "datasets/export.hpp"
#include "mapping/store.hpp"
#include "pipelines/kept.hpp"
#include "pipelines/parts.hpp"
#include "transform/interchange.hpp"
#include "transform/plan.hpp"
#include "transform/rules.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::transform {
namespace {

namespace engine = millrace::transform;

constexpr std::uint64_t problems_stored_max = 100'000;  ///< all are counted, this many are written

struct TransformInput {
    Uuid input_file_id;
    std::optional<Uuid> template_id;
    std::optional<int> template_version;
    std::optional<json::object> spec;
    std::optional<json::object> rules;
    std::optional<datasets::ExportRequest> output;
};
BOOST_DESCRIBE_STRUCT(TransformInput, (), (input_file_id, template_id, template_version, spec, rules, output))

struct ValidationInput {
    Uuid file_id;
    json::object rules;
    json::object dialect;
    std::optional<std::uint32_t> table;
};
BOOST_DESCRIBE_STRUCT(ValidationInput, (), (file_id, rules, dialect, table))

struct Result {
    std::optional<Uuid> file_id;           ///< what was made
    std::optional<Uuid> rejects_file_id;   ///< rows that were refused, to be corrected and sent again
    std::optional<Uuid> problems_file_id;  ///< NDJSON, one problem a line
    std::uint64_t problems_stored = 0;
    std::string spec_sha256;
    std::vector<KeptFile> files;
    engine::RunReport report;
};
BOOST_DESCRIBE_STRUCT(Result, (), (file_id, rejects_file_id, problems_file_id, problems_stored, spec_sha256, files, report))

using Source = blobs::AsSource<formats::Source>;

/// A table in the blob store, opened as often as it is needed.
class Table {
public:
    Table(const Tools& tools, const intake::File& file, formats::ReadOptions options) : source_{tools.blobs.open(file.sha256)}, options_{std::move(options)} {
        format_ = &formats::recognise(source_, file.filename, options_.dialect);
    }
    std::unique_ptr<formats::TableReader> open() { return format_->open(source_, options_); }
    std::vector<engine::SourceColumn> columns() {
        std::vector<engine::SourceColumn> columns;
        const auto reader = open();
        for (const auto& name : reader->names()) columns.push_back({name, {}});
        return columns;
    }
    std::uint64_t bytes() const { return std::max<std::uint64_t>(1, source_.size()); }

private:
    Source source_;
    const formats::ReadOptions options_;
    const formats::Format* format_ = nullptr;
};

formats::ReadOptions reading(const std::optional<json::object>& dialect, std::optional<std::uint32_t> table) {
    return {.table = table.value_or(1) - std::size_t{1}, .dialect = dialect.value_or(json::object{}), .on_reject = {}};
}

datasets::ExportPlan output_plan(datasets::ExportRequest request) {
    if (request.format.empty()) request.format = "csv";
    Error error{Code::invalid_fields};
    auto plan = datasets::plan_export(request, error.issues, "/output");
    if (!error.issues.empty()) throw error;
    return plan;
}

/// One run of a plan, and what it makes.
class Run {
public:
    Run(const Tools& tools, jobs::Context& context) : tools_{tools}, context_{context} {}

    /// Lookups name stored files of the job's owner by their ids.
    engine::OpenLookup lookups() {
        return [this](const std::string& name, const engine::LookupSpec& spec) {
            const auto id = spec.file ? Uuid::parse(*spec.file) : std::nullopt;
            if (!id) {
                Error error{Code::invalid_fields};
                error.issues.push_back({"/lookups/" + name + "/file", "invalid_value", "expected the id of a stored file of yours, or rows"});
                throw error;
            }
            tables_.push_back(std::make_unique<Table>(tools_, stored_file(tools_, context_.job(), *id), formats::ReadOptions{}));
            return tables_.back()->open();
        };
    }

    /// Runs the plan from `begin` to `end` percent. Without an output only problems and rejects are made.
    void run(engine::Plan& plan, Table& table, const datasets::ExportPlan* output, int begin, int end) {
        const auto opener = [&](const datasets::ExportPlan& how) {
            return [this, &how](std::vector<formats::WriteColumn> columns) -> std::unique_ptr<formats::TableWriter> {
                return std::make_unique<formats::Output>(*how.format, std::move(columns), how.options, part_opener(tools_.blobs, [this, &how](const formats::PartSink::Stored& part) { made_.push_back({&how, part}); }));
            };
        };
        engine::RunOptions options;
        if (output) options.output = opener(*output);
        options.rejects = opener(rejects_plan_);
        options.on_problem = [this](const engine::Problem& problem) { note(problem); };
        options.on_progress = [&](std::uint64_t bytes, std::uint64_t rows) {
            context_.tick(begin + static_cast<int>(static_cast<std::uint64_t>(end - begin) * std::min(bytes, table.bytes()) / table.bytes()), fmt::format("{} rows", rows));
        };
        options.stop = context_.stop();
        report_ = plan.run([&table] { return engine::text_rows(table.open()); }, options);
    }

    jobs::Finish finish(const intake::File& file, const datasets::ExportPlan* output, const std::string& spec_sha256) {
        jobs::Finish finish;
        Result result;
        Keeper keeper{tools_, context_.job(), finish};
        const auto name = stem(file.filename);
        const auto parts = std::ranges::count_if(made_, [this](const Made& made) { return made.how != &rejects_plan_; });
        std::size_t number = 0;
        for (const auto& [how, part] : made_) {
            const bool rejected = how == &rejects_plan_;
            if (rejected && report_.rows_rejected == 0) continue;
            if (!rejected) ++number;
            const auto filename = rejected ? name + "-rejects.csv" : datasets::export_filename(file.filename, *how, parts > 1 ? std::optional{number} : std::nullopt);
            auto kept = keeper.keep(filename, how->media_type(), part.sha256, part.bytes);
            if (rejected) kept.rows = report_.rows_rejected;
            else if (parts == 1) kept.rows = report_.rows_out;
            auto& id = rejected ? result.rejects_file_id : result.file_id;
            if (!id) id = kept.file_id;
            result.files.push_back(std::move(kept));
        }
        if (problems_stored_ > 0) {
            auto kept = keeper.keep(name + "-problems.ndjson", "application/x-ndjson", problems_);
            kept.rows = problems_stored_;
            result.problems_file_id = kept.file_id;
            result.files.push_back(std::move(kept));
        }
        result.problems_stored = problems_stored_;
        result.spec_sha256 = spec_sha256;
        result.report = report_;
        finish.result_file_id = output ? result.file_id : result.problems_file_id;
        finish.metadata = {{"row_count", report_.rows_out}, {"rows_in", report_.rows_in}, {"rows_rejected", report_.rows_rejected}};
        finish.result = json::parse(to_json(result));
        context_.log(observe::Level::info, fmt::format("{} rows in, {} out, {} rejected", report_.rows_in, report_.rows_out, report_.rows_rejected));
        return finish;
    }

private:
    void note(const engine::Problem& problem) {
        if (problems_stored_ == problems_stored_max) return;
        ++problems_stored_;
        problems_ += json::serialize(engine::compacted_problem(problem)) + '\n';
    }

    struct Made {
        const datasets::ExportPlan* how;
        formats::PartSink::Stored part;
    };

    const Tools& tools_;
    jobs::Context& context_;
    const datasets::ExportPlan rejects_plan_ = output_plan({});
    std::vector<std::unique_ptr<Table>> tables_;
    std::vector<Made> made_;
    std::string problems_;
    std::uint64_t problems_stored_ = 0;
    engine::RunReport report_;
};

std::int64_t created_micros(const jobs::Job& job) {
    return std::chrono::duration_cast<std::chrono::microseconds>(job.created_at.time_since_epoch()).count();
}

json::object spec_of(const Tools& tools, const jobs::Job& job, const TransformInput& input) {
    if (input.spec) return *input.spec;
    const Scope scope{.user = job.owner, .org = job.org};
    const auto found = input.template_id ? tools.mappings.get(*input.template_id, scope) : std::nullopt;
    if (!found) throw Error{Code::template_gone, {{"template_id", input.template_id.value_or(Uuid{}).str()}}};
    if (!input.template_version) return found->spec;
    auto spec = tools.mappings.spec(found->id, *input.template_version);
    if (!spec) throw Error{Code::template_gone, {{"template_id", found->id.str()}}};
    return std::move(*spec);
}

void run_transform(const Tools& tools, jobs::Context& context) {
    const auto& job = context.job();
    const auto input = parse_body<TransformInput>(json::serialize(json::value(job.input)), true);
    const auto file = stored_file(tools, job, input.input_file_id);
    const auto spec = engine::parse_spec(json::serialize(spec_of(tools, job, input)));
    std::optional<engine::RulesSpec> rules;
    if (input.rules) rules = engine::parse_rules(json::serialize(*input.rules));
    const auto output = output_plan(input.output.value_or(datasets::ExportRequest{}));
    Run run{tools, context};
    const engine::LookupTables lookups{spec.lookups, run.lookups()};
    Table table{tools, file, spec.source ? reading(spec.source->dialect, spec.source->table) : formats::ReadOptions{}};
    context.stage(20, "opened");
    // The time of a run is that of its job: a rerun gives the same bytes.
    engine::Plan plan{spec, table.columns(), lookups.by_name, {.now = created_micros(job), .rules = rules ? &*rules : nullptr}};
    context.stage(50, "planned");
    work::failpoint("transform.planned");
    run.run(plan, table, &output, 50, 80);
    context.stage(80, "transformed");
    context.finish(run.finish(file, &output, engine::content_hash(spec)));
}

void run_validation(const Tools& tools, jobs::Context& context) {
    const auto& job = context.job();
    const auto input = parse_body<ValidationInput>(json::serialize(json::value(job.input)), true);
    const auto file = stored_file(tools, job, input.file_id);
    const auto rules = engine::parse_rules(json::serialize(input.rules));
    Run run{tools, context};
    const engine::LookupTables lookups{rules.lookups, run.lookups()};
    Table table{tools, file, reading(input.dialect, input.table)};
    context.stage(10, "opened");
    const auto columns = table.columns();
    const auto copy = engine::copy_spec(columns);
    engine::Plan plan{copy, columns, lookups.by_name, {.now = created_micros(job), .rules = &rules}};
    run.run(plan, table, nullptr, 10, 95);
    context.stage(95, "validated");
    context.finish(run.finish(file, nullptr, ""));
}

}  // namespace

jobs::Kind kind(const Tools& tools) {
    return {.name = "transform", .type = jobs::Type::processing, .label = "Transformation", .attempts_max = 3,
            .run = [tools](jobs::Context& context) { run_transform(tools, context); }};
}

jobs::Kind validation_kind(const Tools& tools) {
    return {.name = "validation", .type = jobs::Type::validation, .label = "Validation", .attempts_max = 3,
            .run = [tools](jobs::Context& context) { run_validation(tools, context); }};
}

}  // namespace millrace::pipelines::transform
