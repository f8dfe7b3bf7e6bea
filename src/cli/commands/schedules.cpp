#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/paging.hpp"

namespace millrace::cli {
namespace {

constexpr const char* base = "/api/v2/schedules";

Listing listing_of(const Arguments& arguments, std::vector<Column> columns) {
    const auto out = Terminal::of(STDOUT_FILENO, arguments.colour);
    return {format_from(arguments.output, arguments.json, arguments.quiet, out), out, std::move(columns), arguments.fields};
}

Listing schedule_listing(const Arguments& arguments) {
    return listing_of(arguments, {{.name = "id", .width_min = 36}, {.name = "name", .width_min = 10}, {.name = "cron", .width_min = 9},
                                  {"zone"}, {"enabled"}, {.name = "next_at", .width_min = 24}, {.name = "last_at", .width_min = 24}});
}

std::string path_of(const std::string& id) { return std::string{base} + '/' + http::encode_segment(id); }

int show_one(const Arguments& arguments, Listing listing, const std::function<json::value(Remote&)>& act) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    const auto shown = act(remote);
    if (shown.is_object()) put(listing.add(shown.get_object()));
    put(listing.end());
    return exit_ok;
}

/// Does the same to every schedule; one that refuses does not keep the others from it.
int each(const Arguments& arguments, Listing listing, const std::function<json::value(Remote&, const std::string& path)>& act) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    std::vector<Outcome> outcomes;
    for (const auto& id : arguments.ids) {
        try {
            const auto shown = act(remote, path_of(id));
            if (shown.is_object()) put(listing.add(shown.get_object()));
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

json::object job_of(const Arguments& arguments) {
    json::object job;
    if (!arguments.kind.empty()) job.emplace("kind", arguments.kind);
    if (!arguments.type.empty()) job.emplace("type", arguments.type);
    if (!arguments.queue.empty()) job.emplace("queue", arguments.queue);
    if (arguments.priority) job.emplace("priority", *arguments.priority);
    if (!arguments.tags.empty()) {
        json::array tags;
        for (const auto& tag : arguments.tags) tags.emplace_back(tag);
        job.emplace("tags", std::move(tags));
    }
    if (!arguments.input.empty()) job.emplace("input", json::parse(arguments.input));
    return job;
}

int switch_each(const Arguments& arguments, bool enabled) {
    return each(arguments, schedule_listing(arguments), [enabled](Remote& remote, const std::string& path) {
        return remote.patch(path, json::object{{"enabled", enabled}});
    });
}

}  // namespace

int run_schedules_ls(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    auto listing = schedule_listing(arguments);
    list_pages(remote, base, arguments.filter, arguments, listing);
    put(listing.end());
    return exit_ok;
}

int run_schedules_create(const Arguments& arguments) {
    json::object body{{"name", arguments.name}, {"cron", arguments.cron}, {"enabled", !arguments.disabled}, {"job", job_of(arguments)}};
    if (!arguments.zone.empty()) body.emplace("zone", arguments.zone);
    if (!arguments.catch_up.empty()) body.emplace("catch_up", arguments.catch_up);
    return show_one(arguments, schedule_listing(arguments), [&](Remote& remote) { return remote.post(base, body); });
}

int run_schedules_rm(const Arguments& arguments) {
    return each(arguments, schedule_listing(arguments), [](Remote& remote, const std::string& path) { return remote.remove(path); });
}

int run_schedules_run(const Arguments& arguments) {
    return each(arguments, listing_of(arguments, {{.name = "id", .width_min = 36}, {"kind"}, {"state"}, {"queue"}}),
                [](Remote& remote, const std::string& path) { return remote.post(path + "/run"); });
}

int run_schedules_enable(const Arguments& arguments) { return switch_each(arguments, true); }
int run_schedules_disable(const Arguments& arguments) { return switch_each(arguments, false); }

int run_schedules_next(const Arguments& arguments) {
    if (arguments.ids.empty() == arguments.cron.empty()) {
        throw Error{Code::usage, {{"why", "schedules next takes the id of a schedule or --cron, one of the two"}}};
    }
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    auto listing = listing_of(arguments, {{.name = "at", .width_min = 24}, {.name = "local", .width_min = 25}});
    json::value answer;
    if (arguments.cron.empty()) {
        answer = remote.get(fmt::format("{}/next?count={}", path_of(arguments.ids.front()), arguments.count.value_or(5)));
    } else {
        json::object body{{"cron", arguments.cron}, {"count", arguments.count.value_or(5)}};
        if (!arguments.zone.empty()) body.emplace("zone", arguments.zone);
        answer = remote.post(std::string{base} + "/preview", body);
    }
    for (const auto& slot : answer.at("items").as_array()) put(listing.add(slot.get_object()));
    put(listing.end());
    return exit_ok;
}

}  // namespace millrace::cli
