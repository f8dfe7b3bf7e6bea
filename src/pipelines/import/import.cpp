#include "pipelines/import/import.hpp"

#include <fmt/format.h>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "datasets/build.hpp"
#include "datasets/ops.hpp"
#include "formats/format.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::import {
namespace {

BOOST_DEFINE_ENUM_CLASS(OnDuplicate, error, reuse, version)

struct Input {
    Uuid file_id;
    Uuid dataset_id;
    OnDuplicate on_duplicate = OnDuplicate::error;
    json::object dialect;
};
BOOST_DESCRIBE_STRUCT(Input, (), (file_id, dataset_id, on_duplicate, dialect))

using observe::Level;
using BlobSource = blobs::AsSource<formats::Source>;
using BlobSink = blobs::AsSink<formats::Sink>;

[[noreturn]] void refuse_duplicate(const Uuid& existing) {
    throw Error{Code::duplicate, {{"existing_dataset_id", existing.str()}}};
}

/// One run of the job; the steps are its stages.
class Import {
public:
    Import(const Tools& tools, jobs::Context& context)
        : tools_{tools}, context_{context}, input_{read_input(context.job())}, scope_{.user = context.job().owner, .org = context.job().org} {
        auto file = tools_.files.get(input_.file_id, scope_);
        if (!file) throw Error{Code::corrupt_blob, {{"sha256", input_.file_id.str()}}};
        file_ = std::move(*file);
    }

    void run() {
        const auto& format = check_format();
        if (check_duplicate()) return;
        context_.stage(40, "stored");
        work::failpoint("import.stored");
        finish(build(format));
    }

private:
    static Input read_input(const jobs::Job& job) {
        Input input;
        std::vector<Issue> issues;
        read_json(json::value(job.input), input, issues, "", true);
        if (!issues.empty()) {
            throw Error{Code::bad_request, {{"why", "job input " + issues[0].pointer + " " + issues[0].detail}}};
        }
        return input;
    }

    const formats::Format& check_format() {
        context_.stage(10, "format_check");
        work::failpoint("import.format_check");
        BlobSource source{tools_.blobs.open(file_.sha256)};
        const auto& format = formats::recognise(source, file_.filename, input_.dialect);
        note(Level::info, "{} bytes, read as {}", file_.size, format.name());
        return format;
    }

    /// True when the job is done: the owner has these bytes as a dataset already and wants that one.
    bool check_duplicate() {
        context_.stage(20, "duplicate_check");
        work::failpoint("import.duplicate_check");
        const auto existing = tools_.datasets.by_content(file_.owner, file_.sha256);
        // The dataset of this very job is there when a crash came between its commit and the answer.
        if (!existing || existing->id == input_.dataset_id) return false;
        switch (input_.on_duplicate) {
            case OnDuplicate::error:
                refuse_duplicate(existing->id);
            case OnDuplicate::version:
                version_ = existing->version + 1;
                note(Level::info, "these bytes are a dataset already: this becomes version {}", version_);
                return false;
            case OnDuplicate::reuse:
                note(Level::info, "these bytes are a dataset already, which is used");
                context_.finish({.related_dataset_id = existing->id, .metadata = {{"reused", true}}});
                return true;
        }
        return false;
    }

    datasets::Dataset build(const formats::Format& format) {
        BlobSource source{tools_.blobs.open(file_.sha256)};
        BlobSink data{tools_.blobs}, texts{tools_.blobs}, rejects{tools_.blobs};
        const datasets::Sinks sinks{.data = &data, .texts = &texts, .rejects = &rejects, .restart = [&] {
                                        data.restart();
                                        texts.restart();
                                        rejects.restart();
                                    }};
        datasets::BuildOptions options;
        options.source_bytes = source.size();
        options.stop = context_.stop();
        options.on_progress = [&](std::uint64_t bytes) {
            context_.tick(40 + static_cast<int>(29 * bytes / std::max<std::uint64_t>(1, source.size())), "parsing");
        };
        const auto open = [&](std::function<void(formats::Reject)> on_reject) {
            return format.open(source, {.dialect = input_.dialect, .on_reject = std::move(on_reject)});
        };
        const auto result = datasets::build(open, sinks, options);
        log_build(result);
        if (result.rows == 0 && result.report.rows_rejected == 0) throw Error{Code::no_rows};
        context_.stage(70, "parsed");
        work::failpoint("import.parsed");

        auto dataset = describe(format, result);
        dataset.table_blob = data.finish();
        dataset.text_blob = texts.finish();
        dataset.rejects_blob = rejects.finish();
        context_.stage(90, "written");
        work::failpoint("import.written");
        return dataset;
    }

    template <class... T>
    void note(Level level, fmt::format_string<T...> text, T&&... values) {
        context_.log(level, fmt::format(text, std::forward<T>(values)...));
    }

    /// What was found and what was done about it; counts and settings, no contents.
    void log_build(const datasets::BuildResult& result) {
        const auto& report = result.report;
        note(Level::info, "dialect {}", json::serialize(report.dialect));
        note(Level::info, "{} rows in: {} kept, {} rejected, {} reported beside the table; {} columns; passes: {}", report.rows_in,
             report.rows_out, report.rows_rejected, report.rows_reported, result.columns.size(), report.passes);
        const std::pair<const char*, std::uint64_t> found[] = {{"rows repaired", report.rows_repaired}, {"heading rows", report.header_rows},
                                                               {"rows before the table", report.preamble_rows}, {"footnotes", report.footnote_rows},
                                                               {"blank rows", report.blank_rows}, {"rows of other tables", report.other_table_rows},
                                                               {"cells kept as text beside their value", report.cells_with_text}};
        std::string repairs;
        for (const auto& [what, count] : found) {
            if (count > 0) repairs += fmt::format("{}{} {}", repairs.empty() ? "" : ", ", count, what);
        }
        if (!repairs.empty()) note(Level::info, "{}", repairs);
        for (const auto& warning : report.warnings) note(Level::warn, "{}", warning);
        if (report.rows_rejected > 0) note(Level::warn, "{} rows were rejected; the rejects of the dataset say why", report.rows_rejected);
    }

    datasets::Dataset describe(const formats::Format& format, const datasets::BuildResult& result) const {
        datasets::Dataset dataset;
        dataset.id = input_.dataset_id;
        dataset.owner = file_.owner;
        dataset.org = file_.org;
        dataset.name = dataset.filename = file_.filename;
        dataset.supplier_id = context_.job().supplier_id;
        dataset.job_id = context_.job().id;
        dataset.file_id = file_.id;
        dataset.sha256 = file_.sha256;
        dataset.version = version_;
        dataset.format = format.name();
        dataset.size_bytes = file_.size;
        dataset.row_count = result.rows;
        dataset.rows_in = result.report.rows_in;
        dataset.rows_rejected = result.report.rows_rejected;
        dataset.rows_reported = result.report.rows_reported;
        dataset.column_count = result.columns.size();
        dataset.columns = json::parse(to_json(result.columns)).as_array();
        dataset.report = json::parse(to_json(result.report)).as_object();
        dataset.report.emplace("profile", json::parse(to_json(result.profile)));
        dataset.created_at = tools_.clock.now();
        return dataset;
    }

    void finish(datasets::Dataset dataset) {
        work::failpoint("import.finish");
        for (;;) {
            datasets::Unique unique;
            unique.id = dataset.id;
            unique.owner = dataset.owner;
            unique.sha256 = dataset.sha256;
            unique.version = dataset.version;
            jobs::Finish finish;
            finish.related_dataset_id = dataset.id;
            finish.metadata = {{"row_count", dataset.row_count}, {"rows_rejected", dataset.rows_rejected}};
            finish.with.guard(std::move(unique)).add(datasets::Put{dataset});
            const auto done = context_.finish(std::move(finish));
            if (done) return;
            // The same bytes became a dataset while these were being parsed.
            if (input_.on_duplicate == OnDuplicate::error) refuse_duplicate(done.existing);
            if (check_duplicate()) return;
            dataset.version = version_;
        }
    }

    const Tools& tools_;
    jobs::Context& context_;
    const Input input_;
    const Scope scope_;
    intake::File file_;
    int version_ = 1;
};

}  // namespace

jobs::Kind kind(const Tools& tools) {
    return {.name = "import", .type = jobs::Type::import, .label = "Import", .attempts_max = 3,
            .run = [tools](jobs::Context& context) { Import{tools, context}.run(); }};
}

}  // namespace millrace::pipelines::import
