#include "cli/cli.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/terminal.hpp"
#include "work/failpoint.hpp"

namespace millrace::cli {
namespace {

struct Command {
    std::string_view name;
    int (*run)(const Arguments&);
};

constexpr Command commands[] = {
    {"all", run_all},
    {"serve", run_serve},
    {"worker", run_worker},
    {"demo", run_demo},
    {"import", run_import},
    {"export", run_export},
    {"convert", run_convert},
    {"sniff", run_sniff},
    {"extract", run_extract},
    {"map", run_map},
    {"analyze", run_analyze},
    {"batch", run_batch},
    {"classify", run_classify},
    {"datasets ls", run_datasets_ls},
    {"datasets get", run_datasets_get},
    {"datasets rows", run_datasets_rows},
    {"datasets versions", run_datasets_versions},
    {"datasets lineage", run_datasets_lineage},
    {"datasets rm", run_datasets_rm},
    {"query", run_query},
    {"transform", run_transform},
    {"validate", run_validate},
    {"jobs ls", run_jobs_ls},
    {"jobs get", run_jobs_get},
    {"jobs wait", run_jobs_wait},
    {"jobs logs", run_jobs_logs},
    {"jobs cancel", run_jobs_cancel},
    {"jobs retry", run_jobs_retry},
    {"schedules ls", run_schedules_ls},
    {"schedules create", run_schedules_create},
    {"schedules rm", run_schedules_rm},
    {"schedules run", run_schedules_run},
    {"schedules enable", run_schedules_enable},
    {"schedules disable", run_schedules_disable},
    {"schedules next", run_schedules_next},
    {"user add", run_user_add},
    {"user ls", run_user_ls},
    {"user disable", run_user_disable},
    {"user password", run_user_password},
    {"key create", run_key_create},
    {"key ls", run_key_ls},
    {"key revoke", run_key_revoke},
    {"token", run_token},
    {"migrate", run_migrate},
    {"doctor", run_doctor},
    {"config show", run_config_show},
    {"config check", run_config_check},
    {"openapi", run_openapi},
    {"version", run_version},
    {"completion", run_completion},
};

int dispatch(const Arguments& arguments) {
    for (const auto& command : commands) {
        if (command.name == arguments.command) return command.run(arguments);
    }
    throw Error{Code::usage, {{"why", "there is no command " + arguments.command}}};
}

}  // namespace

int run(int argc, char** argv) {
    Parsed parsed;
    try {
        if (const char* points = std::getenv("MILLRACE_FAILPOINT")) work::arm_failpoints(points);
        parsed = parse_arguments(argc, argv);
        if (parsed.text) {
            put(*parsed.text);
            return exit_ok;
        }
        return dispatch(parsed.arguments);
    } catch (const Error& error) {
        const auto terminal = Terminal::of(STDERR_FILENO, parsed.arguments.colour);
        put_note(explain(error, terminal.colour, parsed.arguments.debug));
        return exit_status(error.code());
    } catch (const std::exception& error) {
        put_note("millrace: error: " + printable(error.what()));
        return exit_failed;
    }
}

}  // namespace millrace::cli
