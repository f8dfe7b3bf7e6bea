#include "pipelines/export/export.hpp"

#include <fmt/format.h>

#include "base/describe.hpp"
#include "datasets/export.hpp"
#include "datasets/open.hpp"
#include "pipelines/kept.hpp"
#include "pipelines/parts.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::export_ {
namespace {

struct Input : datasets::ExportRequest {
    Uuid dataset_id;
};
BOOST_DESCRIBE_STRUCT(Input, (datasets::ExportRequest), (dataset_id))

struct Result {
    Uuid file_id;  ///< the first one
    std::string filename;
    std::vector<KeptFile> files;
    formats::Manifest manifest;
};
BOOST_DESCRIBE_STRUCT(Result, (), (file_id, filename, files, manifest))

/// One run of the job.
class Export {
public:
    Export(const Tools& tools, jobs::Context& context) : tools_{tools}, context_{context}, job_{context.job()} {}

    void run() {
        const auto input = parse_body<Input>(json::serialize(json::value(job_.input)), true);
        Error error{Code::invalid_fields};
        const auto plan = datasets::plan_export(input, error.issues, "");
        if (!error.issues.empty()) throw error;
        const auto dataset = tools_.datasets.get(input.dataset_id, Scope{.user = job_.owner, .org = job_.org});
        if (!dataset) throw Error{Code::not_found};
        context_.stage(5, "opened");
        const auto manifest = write(*dataset, plan);
        context_.stage(95, "written");
        work::failpoint("export.written");
        finish(*dataset, plan, manifest);
    }

private:
    formats::Manifest write(const datasets::Dataset& dataset, const datasets::ExportPlan& plan) {
        datasets::OpenDataset table{tools_.blobs, dataset};
        formats::Output output{*plan.format, table.rows.write_columns(), plan.options, part_opener(tools_.blobs)};
        const auto total = std::max<std::uint64_t>(1, dataset.row_count);
        table.rows.write({}, plan.values, output, [&](std::uint64_t rows) {
            context_.check();
            context_.tick(5 + static_cast<int>(85 * rows / total), fmt::format("{} of {} rows", rows, dataset.row_count));
        });
        output.finish();
        context_.check();
        const auto& manifest = output.manifest();
        context_.log(observe::Level::info, fmt::format("{} rows as {}: {} bytes in {} file(s)", manifest.rows, manifest.format, manifest.bytes, manifest.parts.size()));
        if (manifest.formulas_escaped > 0) {
            context_.log(observe::Level::info, fmt::format("{} texts that look like formulas have an apostrophe in front", manifest.formulas_escaped));
        }
        for (const auto& [reason, count] : manifest.altered) context_.log(observe::Level::warn, fmt::format("{} cells: {}", count, reason));
        return manifest;
    }

    void finish(const datasets::Dataset& dataset, const datasets::ExportPlan& plan, const formats::Manifest& manifest) {
        Result result{.file_id = {}, .filename = {}, .files = {}, .manifest = manifest};
        jobs::Finish finish;
        Keeper keeper{tools_, job_, finish};
        for (const auto& part : manifest.parts) {
            const auto number = manifest.parts.size() > 1 ? std::optional{result.files.size() + 1} : std::nullopt;
            auto& file = result.files.emplace_back(keeper.keep(datasets::export_filename(dataset.name, plan, number), plan.media_type(), part.sha256, part.bytes));
            file.rows = part.rows;
        }
        result.file_id = result.files.front().file_id;
        result.filename = result.files.front().filename;
        finish.result_file_id = result.file_id;
        finish.related_dataset_id = dataset.id;
        finish.metadata = {{"row_count", manifest.rows}, {"size_bytes", manifest.bytes}};
        finish.result = json::parse(to_json(result));
        context_.finish(std::move(finish));
    }

    const Tools& tools_;
    jobs::Context& context_;
    const jobs::Job& job_;
};

}  // namespace

jobs::Kind kind(const Tools& tools) {
    return {.name = "export", .type = jobs::Type::export_, .label = "Export", .attempts_max = 3,
            .run = [tools](jobs::Context& context) { Export{tools, context}.run(); }};
}

}  // namespace millrace::pipelines::export_
