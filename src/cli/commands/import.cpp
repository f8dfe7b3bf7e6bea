#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/importing.hpp"
#include "cli/interrupt.hpp"
#include "cli/reading.hpp"
#include "cli/table.hpp"

namespace millrace::cli {
namespace {

/// How to find the jobs again that go on without us.
void note_where_it_goes_on(const std::vector<Imported>& results) {
    std::string ids;
    std::size_t unsent = 0;
    for (const auto& result : results) {
        if (result.status != exit_interrupted) continue;
        if (result.job_id.empty()) ++unsent;
        else ids += " " + result.job_id;
    }
    if (!ids.empty()) put_note("The server goes on with what it has. Follow it with:\n  millrace jobs wait" + ids);
    if (unsent > 0) put_note(fmt::format("{} file(s) were not sent completely and are not imported.", unsent));
}

/// Errors that say the same for every file are better said once, with what to try.
void note_hint(const std::vector<Imported>& results, const Terminal& terminal) {
    const auto failed = std::ranges::find_if(results, [](const Imported& r) { return !r.error_code.empty(); });
    if (failed == results.end() || failed->outcome == "stopped") return;
    const auto what = hint(code_from(failed->error_code));
    if (!what.empty()) put_note("  " + styled("try", Style::cyan, terminal.colour) + ": " + what);
    const auto skipped = std::ranges::count(results, "skipped", &Imported::outcome);
    if (skipped > 0) put_note(fmt::format("{} more file(s) were not tried.", skipped));
}

}  // namespace

int run_import(const Arguments& arguments) {
    const Interrupt interrupt;
    const auto out = Terminal::of(STDOUT_FILENO, arguments.colour);
    const auto err = Terminal::of(STDERR_FILENO, arguments.colour);
    Listing listing{format_from(arguments.output, arguments.json, arguments.quiet, out), out,
                    arguments.quiet ? std::vector<Column>{{"dataset_id"}}
                                    : std::vector<Column>{{.name = "file", .width_min = 12}, {.name = "outcome", .width_min = 9},
                                                          {"rows_in", true}, {"rows_out", true}, {"rows_rejected", true},
                                                          {"rows_reported", true}, {.name = "dataset_id", .width_min = 36}}};
    const auto mode = progress_mode(arguments.progress, err);
    const ImportOptions options{.on_duplicate = arguments.on_duplicate,
                                .supplier_id = arguments.supplier_id,
                                .dialect = dialect_of(arguments),
                                .table = arguments.table,
                                .version_of = arguments.version_of,
                                .mode = arguments.mode,
                                .key = arguments.key,
                                .contract = arguments.contract,
                                .wait = !arguments.no_wait,
                                .parallel = arguments.version_of.empty() ? arguments.parallel : 1};
    const auto endpoint = find_server(arguments);
    std::vector<Imported> results;
    {
        Progress progress{mode, err, put_error};
        results = import_files(arguments.files, options, endpoint, interrupt.token(), progress,
                               [&](const Imported& result) { return import_line(result, err); });
    }
    for (const auto& result : results) put(listing.add(json::parse(to_json(result)).get_object()));
    put(listing.end());
    if (interrupt.requested()) note_where_it_goes_on(results);
    else note_hint(results, err);
    return import_status(results);
}

}  // namespace millrace::cli
