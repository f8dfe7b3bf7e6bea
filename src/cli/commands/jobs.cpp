#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/follow.hpp"
#include "cli/interrupt.hpp"
#include "cli/paging.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"

namespace millrace::cli {
namespace {

Listing job_listing(const Arguments& arguments) {
    const auto out = Terminal::of(STDOUT_FILENO, arguments.colour);
    return {format_from(arguments.output, arguments.json, arguments.quiet, out), out,
            {{.name = "id", .width_min = 36}, {.name = "kind", .width_min = 6}, {.name = "state", .width_min = 9},
             {"progress", true}, {"stage"}, {.name = "filename", .width_min = 10}, {.name = "created_at", .width_min = 24},
             {.name = "error_message", .width_min = 10}},
            arguments.fields};
}

std::string job_path(const std::string& id) { return "/api/v2/jobs/" + http::encode_segment(id); }

/// The filter of --filter and --state together.
std::string filter_of(const Arguments& arguments) {
    std::string states;
    for (const auto& state : arguments.states) states += (states.empty() ? "state:" : ",") + state;
    if (states.empty() || arguments.filter.empty()) return states + arguments.filter;
    return states + " " + arguments.filter;
}

/// Does the same to every job; one that refuses does not keep the others from it.
int each_job(const Arguments& arguments, const std::function<json::value(Remote&, const std::string&)>& act) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    auto listing = job_listing(arguments);
    std::vector<Outcome> outcomes;
    for (const auto& id : arguments.ids) {
        try {
            const auto job = act(remote, id);
            if (job.is_object()) put(listing.add(job.get_object()));
            outcomes.push_back({exit_ok});
        } catch (const Error& error) {
            const int status = exit_status(error.code());
            if (arguments.ids.size() == 1 || status == 4 || status == 7 || status == exit_interrupted) throw;
            put_note(printable(id) + ": " + printable(error.message(language())));
            outcomes.push_back({status});
        }
    }
    put(listing.end());
    return combined_status(outcomes);
}

std::optional<Duration> timeout_of(const Arguments& arguments) {
    if (arguments.timeout.empty()) return std::nullopt;
    const auto time = parse_duration(arguments.timeout);
    if (!time) throw Error{Code::usage, {{"why", "--timeout takes a duration such as 30s or 5m, not \"" + arguments.timeout + "\""}}};
    return time;
}

std::string job_line(const json::object& job, const Terminal& terminal) {
    const auto state = text_of(job, "state");
    auto text = styled(state, state == "completed" ? Style::green : Style::red, terminal.colour) + " " + text_of(job, "id");
    if (const auto name = text_of(job, "filename"); !name.empty()) text += " " + printable(name);
    if (const auto why = text_of(job, "error_message"); !why.empty()) text += ": " + printable(why);
    return text;
}

}  // namespace

int run_jobs_ls(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    auto listing = job_listing(arguments);
    list_pages(remote, "/api/v2/jobs", filter_of(arguments), arguments, listing);
    put(listing.end());
    return exit_ok;
}

int run_jobs_get(const Arguments& arguments) {
    return each_job(arguments, [](Remote& remote, const std::string& id) { return remote.get(job_path(id)); });
}

int run_jobs_cancel(const Arguments& arguments) {
    return each_job(arguments, [](Remote& remote, const std::string& id) { return remote.post(job_path(id) + "/cancel"); });
}

int run_jobs_retry(const Arguments& arguments) {
    return each_job(arguments, [](Remote& remote, const std::string& id) { return remote.post(job_path(id) + "/retry"); });
}

int run_jobs_wait(const Arguments& arguments) {
    const Interrupt interrupt;
    const auto timeout = timeout_of(arguments);
    const auto deadline = timeout ? std::optional{in(*timeout)} : std::nullopt;
    Remote remote{find_server(arguments), interrupt.token()};
    const auto terminal = Terminal::of(STDERR_FILENO, arguments.colour);
    Progress progress{progress_mode(arguments.progress, terminal), terminal, put_error};
    std::vector<Outcome> outcomes;
    for (const auto& id : arguments.ids) {
        const auto bar = progress.begin(id, 0);
        try {
            const auto job = follow_job(remote, id, std::nullopt, deadline, [&](const json::object& seen) {
                progress.stage(bar, stage_of(seen), static_cast<int>(number_of(seen, "progress")));
            });
            outcomes.push_back({text_of(job, "state") == "completed" ? exit_ok : exit_failed});
            progress.end(bar, job_line(job, terminal));
            if (arguments.json) put(json::serialize(job) + '\n');
        } catch (const Error& error) {
            if (error.code() == Code::timed_out) {
                const auto seconds = std::chrono::duration<double>(timeout.value_or(Duration{0})).count();
                throw Error{Code::timed_out, {{"seconds", fmt::format("{}", seconds)}}};
            }
            throw;
        }
    }
    // A job that failed is a failed command, also when others went well: scripts ask one question.
    for (const auto& outcome : outcomes) {
        if (outcome.status != exit_ok) return exit_failed;
    }
    return exit_ok;
}

}  // namespace millrace::cli
