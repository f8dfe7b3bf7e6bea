#include "pipelines/convert/convert.hpp"

#include <fmt/format.h>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "datasets/convert.hpp"
#include "pipelines/kept.hpp"
#include "pipelines/parts.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::convert {
namespace {

struct Input : datasets::ExportRequest {
    Uuid file_id;
    json::object dialect;
    std::uint32_t table = 1;
};
BOOST_DESCRIBE_STRUCT(Input, (datasets::ExportRequest), (file_id, dialect, table))

struct Result {
    Uuid file_id;  ///< the first one
    std::string filename;
    std::vector<KeptFile> files;
    std::uint64_t rows_in = 0, rows_out = 0, rows_rejected = 0, rows_reported = 0;
    json::object dialect;
    std::vector<std::string> warnings;
};
BOOST_DESCRIBE_STRUCT(Result, (), (file_id, filename, files, rows_in, rows_out, rows_rejected, rows_reported, dialect, warnings))

/// A blob that is written until somebody asks to stop.
class Checked final : public formats::Sink {
public:
    Checked(formats::Sink& next, const jobs::Context& context) : next_{next}, context_{context} {}
    void write(std::string_view bytes) override {
        context_.check();
        next_.write(bytes);
    }

private:
    formats::Sink& next_;
    const jobs::Context& context_;
};

class Convert {
public:
    Convert(const Tools& tools, jobs::Context& context)
        : tools_{tools}, context_{context}, input_{parse_body<Input>(json::serialize(json::value(context.job().input)), false)},
          file_{stored_file(tools, context.job(), input_.file_id)} {}

    void run() {
        Error error{Code::invalid_fields};
        const auto plan = datasets::plan_export(input_, error.issues, "");
        if (!error.issues.empty()) throw error;
        context_.stage(5, "opened");
        Source source{tools_.blobs.open(file_.sha256)};
        const formats::ReadOptions options{.table = input_.table - std::size_t{1}, .dialect = input_.dialect, .on_reject = {}};
        const auto read = datasets::is_plain_csv(plan) ? write_csv(source, options) : write(source, options, plan);
        context_.stage(95, "written");
        work::failpoint("convert.written");
        finish(plan, read);
    }

private:
    using Source = blobs::AsSource<formats::Source>;
    using Sink = blobs::AsSink<formats::Sink>;

    formats::ReadReport write_csv(Source& source, const formats::ReadOptions& options) {
        Sink sink{tools_.blobs};
        Checked out{sink, context_};
        auto report = datasets::convert_to_csv(source, file_.filename, options, out);
        auto sha256 = sink.finish();
        const auto bytes = tools_.blobs.open(sha256)->size();
        parts_.push_back({report.rows_out, bytes, std::move(sha256)});
        return report;
    }

    formats::ReadReport write(Source& source, const formats::ReadOptions& options, const datasets::ExportPlan& plan) {
        datasets::BuildOptions how;
        how.stop = context_.stop();
        how.on_progress = [&](std::uint64_t bytes, std::uint64_t) {
            context_.tick(5 + static_cast<int>(89 * bytes / std::max<std::uint64_t>(1, source.size())), "converting");
        };
        const auto done = datasets::convert(source, file_.filename, options, plan, {part_opener(tools_.blobs), [] {}}, how);
        for (const auto& part : done.manifest->parts) parts_.push_back({part.rows, part.bytes, part.sha256});
        return done.read;
    }

    void finish(const datasets::ExportPlan& plan, const formats::ReadReport& read) {
        Result result;
        jobs::Finish finish;
        Keeper keeper{tools_, context_.job(), finish};
        for (const auto& part : parts_) {
            const auto number = parts_.size() > 1 ? std::optional{result.files.size() + 1} : std::nullopt;
            result.files.push_back(keeper.keep(datasets::export_filename(file_.filename, plan, number), plan.media_type(), part.sha256, part.bytes));
            result.files.back().rows = part.rows;
        }
        result.file_id = result.files.front().file_id;
        result.filename = result.files.front().filename;
        result.rows_in = read.rows_in;
        result.rows_out = read.rows_out;
        result.rows_rejected = read.rows_rejected;
        result.rows_reported = read.rows_reported;
        result.dialect = read.dialect;
        result.warnings = read.warnings;
        finish.result_file_id = result.file_id;
        finish.metadata = {{"row_count", read.rows_out}, {"rows_rejected", read.rows_rejected}};
        finish.result = json::parse(to_json(result));
        context_.finish(std::move(finish));
    }

    struct Part {
        std::uint64_t rows = 0;
        std::uint64_t bytes = 0;
        std::string sha256;
    };

    const Tools& tools_;
    jobs::Context& context_;
    const Input input_;
    const intake::File file_;
    std::vector<Part> parts_;
};

}  // namespace

jobs::Kind kind(const Tools& tools) {
    return {.name = "convert", .type = jobs::Type::processing, .label = "Conversion", .attempts_max = 3,
            .run = [tools](jobs::Context& context) { Convert{tools, context}.run(); }};
}

}  // namespace millrace::pipelines::convert
