#include <boost/json/object.hpp>

#include "base/describe.hpp"
#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/reading.hpp"
#include "cli/terminal.hpp"
#include "datasets/analysis.hpp"

namespace millrace::cli {
namespace {

datasets::Analysis analysis_of(const std::string& path, const Arguments& arguments) {
    const auto plain = open_plain(path);
    const auto dialect = dialect_of(arguments);
    const auto& format = formats::recognise(*plain.source, plain.filename, dialect);
    return datasets::analyse(format, *plain.source, {.table = static_cast<std::size_t>(arguments.table.value_or(1) - 1), .dialect = dialect});
}

/// One line: the analysis and which file it is of.
std::string line_of(const datasets::Analysis& analysis, const std::string& path) {
    auto line = json::parse(to_json(analysis)).as_object();
    line.insert_or_assign("in", path);
    return json::serialize(line) + '\n';
}

}  // namespace

int run_analyze(const Arguments& arguments) {
    std::vector<Outcome> outcomes;
    std::string between;
    for (const auto& path : arguments.files) {
        const auto analysis = analysis_of(path, arguments);
        const auto text = arguments.json ? line_of(analysis, path) : std::exchange(between, "\n") + datasets::markdown(analysis, path);
        if (arguments.out.empty()) {
            put(text);
        } else {
            OutFile out{arguments.out};
            out.write(text);
            out.sync();
            out.finish();
            if (arguments.json) put(json::serialize(json::object{{"in", path}, {"out", arguments.out}, {"rows", analysis.rows}, {"findings", analysis.quality.size()}}) + '\n');
        }
        outcomes.push_back({.rejected_rows = analysis.report.rows_rejected > 0});
    }
    return combined_status(outcomes);
}

}  // namespace millrace::cli
