#include "cli/converting.hpp"

namespace millrace::cli {

datasets::Converted convert_file(formats::Source& source, std::string_view filename, const formats::ReadOptions& options, const std::string& path,
                                 const datasets::ExportPlan& plan, bool hashed) {
    if (datasets::is_plain_csv(plan)) {
        OutFile out{path};
        datasets::Converted done{datasets::convert_to_csv(source, filename, options, out), {}};
        out.finish();
        return done;
    }
    OutParts parts{path, {.numbered = plan.options.split_rows || plan.options.split_bytes, .hashed = hashed}};
    auto done = datasets::convert(source, filename, options, plan, {parts.opener(), [&] { parts.restart(); }});
    parts.publish();
    return done;
}

}  // namespace millrace::cli
