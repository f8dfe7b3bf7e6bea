#include "pipelines/analyze/analyze.hpp"

#include <fmt/format.h>

#include "base/describe.hpp"
#include "blobs/source.hpp"
#include "datasets/analysis.hpp"
#include "pipelines/kept.hpp"
#include "work/failpoint.hpp"

namespace millrace::pipelines::analyze {
namespace {

constexpr std::size_t inline_bytes_max = 256 * 1024;

struct Input {
    Uuid file_id;
    json::object dialect;
    std::uint32_t table = 1;
};
BOOST_DESCRIBE_STRUCT(Input, (), (file_id, dialect, table))

struct Result {
    std::optional<json::object> analysis;  ///< absent when it is large, and in a batch: the file has it
    Uuid analysis_file_id;
    Uuid report_file_id;
    std::vector<KeptFile> files;
};
BOOST_DESCRIBE_STRUCT(Result, (), (analysis, analysis_file_id, report_file_id, files))

class Analyze {
public:
    Analyze(const Tools& tools, jobs::Context& context)
        : tools_{tools}, context_{context}, input_{parse_body<Input>(json::serialize(json::value(context.job().input)), false)},
          file_{stored_file(tools, context.job(), input_.file_id)} {}

    void run() {
        context_.stage(10, "opened");
        blobs::AsSource<formats::Source> source{tools_.blobs.open(file_.sha256)};
        const auto& format = formats::recognise(source, file_.filename, input_.dialect);
        context_.stage(30, "recognised", std::string{format.name()});
        work::failpoint("analyze.recognised");
        finish(read(format, source));
    }

private:
    datasets::Analysis read(const formats::Format& format, formats::Source& source) {
        datasets::BuildOptions options;
        options.stop = context_.stop();
        options.on_progress = [&, size = source.size()](std::uint64_t bytes, std::uint64_t) {
            context_.tick(30 + static_cast<int>(69 * bytes / std::max<std::uint64_t>(1, size)), "reading");
        };
        return datasets::analyse(format, source, {.table = input_.table - std::size_t{1}, .dialect = input_.dialect}, options);
    }

    void finish(const datasets::Analysis& analysis) {
        auto text = to_json(analysis);
        Result result;
        jobs::Finish finish;
        Keeper keeper{tools_, context_.job(), finish};
        const auto name = stem(file_.filename);
        result.files.push_back(keeper.keep(name + "-analysis.json", "application/json", text));
        result.files.push_back(keeper.keep(name + "-analysis.md", "text/markdown; charset=utf-8", datasets::markdown(analysis, file_.filename)));
        result.analysis_file_id = result.files[0].file_id;
        result.report_file_id = result.files[1].file_id;
        // Whoever looks at a batch reads the results of all its jobs.
        if (!context_.job().parent && text.size() <= inline_bytes_max) result.analysis = json::parse(text).as_object();
        finish.result_file_id = result.analysis_file_id;
        finish.metadata = {{"row_count", analysis.rows}, {"column_count", analysis.column_count}, {"findings", analysis.quality.size()}};
        finish.result = json::parse(to_json(result));
        context_.finish(std::move(finish));
    }

    const Tools& tools_;
    jobs::Context& context_;
    const Input input_;
    const intake::File file_;
};

}  // namespace

jobs::Kind kind(const Tools& tools) {
    return {.name = "analyze", .type = jobs::Type::processing, .label = "Analysis", .attempts_max = 3,
            .run = [tools](jobs::Context& context) { Analyze{tools, context}.run(); }};
}

}  // namespace millrace::pipelines::analyze
