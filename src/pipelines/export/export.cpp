#include "pipelines/export/export.hpp"

#include <fmt/format.h>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "datasets/export.hpp"
#include "datasets/open.hpp"
#include "intake/ops.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::export_ {
namespace {

constexpr std::size_t parts_max = 1000;

struct Input : datasets::ExportRequest {
    Uuid dataset_id;
};
BOOST_DESCRIBE_STRUCT(Input, (datasets::ExportRequest), (dataset_id))

/// A file of the output, as the result of the job shows it.
struct ExportedFile {
    Uuid file_id;
    std::string filename;
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
    std::string sha256;
    json::object links;
};
BOOST_DESCRIBE_STRUCT(ExportedFile, (), (file_id, filename, rows, bytes, sha256, links))

struct Result {
    Uuid file_id;  ///< the first one
    std::string filename;
    std::vector<ExportedFile> files;
    formats::Manifest manifest;
};
BOOST_DESCRIBE_STRUCT(Result, (), (file_id, filename, files, manifest))

/// A part on its way to the blob store.
class BlobPart final : public formats::PartSink {
public:
    explicit BlobPart(blobs::BlobStore& store) : writer_{store.create()} {}
    void write(std::string_view bytes) override { writer_->write(bytes); }
    Stored finish() override {
        auto stored = writer_->finish();
        return {std::move(stored.sha256), stored.size};
    }

private:
    std::unique_ptr<blobs::Writer> writer_;
};

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
        formats::Output output{*plan.format, table.rows.write_columns(), plan.options, [&](std::size_t number) {
                                   if (number > parts_max) throw Error{Code::bad_request, {{"why", fmt::format("this would be more than {} parts", parts_max)}}};
                                   return std::make_unique<BlobPart>(tools_.blobs);
                               }};
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

    /// The files and the end of the job in one commit: there is never one without the other, so no rerun makes them twice.
    void finish(const datasets::Dataset& dataset, const datasets::ExportPlan& plan, const formats::Manifest& manifest) {
        Result result{.file_id = {}, .filename = {}, .files = {}, .manifest = manifest};
        jobs::Finish finish;
        for (const auto& part : manifest.parts) {
            const auto number = result.files.size() + 1;
            intake::File file;
            file.id = Uuid::generate();
            file.owner = job_.owner;
            file.org = job_.org;
            file.state = intake::FileState::stored;
            file.filename = datasets::export_filename(dataset.name, plan, manifest.parts.size() > 1 ? std::optional{number} : std::nullopt);
            file.media_type = plan.media_type();
            file.job_id = job_.id;
            file.size = part.bytes;
            file.sha256 = part.sha256;
            file.created_at = file.updated_at = tools_.clock.now();
            const auto self = "/api/v2/files/" + file.id.str();
            result.files.push_back({file.id, file.filename, part.rows, part.bytes, part.sha256, {{"self", self}, {"content", self + "/content"}}});
            finish.with.add(intake::Keep{std::move(file)});
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
