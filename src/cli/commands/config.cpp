#include <boost/json/object.hpp>
#include <unistd.h>

#include "app/version.hpp"
#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/remote.hpp"
#include "cli/settings.hpp"
#include "cli/table.hpp"

namespace millrace::cli {
namespace {

void note_warnings(const LoadedSettings& loaded) {
    for (const auto& issue : loaded.warnings) put_note("warning: " + printable(issue.pointer) + ": " + printable(issue.detail));
}

}  // namespace

int run_config_show(const Arguments& arguments) {
    const auto loaded = load_settings(arguments);
    const auto out = Terminal::of(STDOUT_FILENO, arguments.colour);
    std::vector<Column> columns{{.name = "key", .width_min = 30}, {.name = "value", .width_min = 8}};
    if (arguments.origin) columns.push_back({.name = "origin", .width_min = 7});
    Listing listing{format_from("", arguments.json, false, out), out, columns,
                    arguments.origin ? std::vector<std::string>{} : std::vector<std::string>{"key", "value"}};
    for (const auto& setting : loaded.origins) put(listing.add(json::parse(to_json(setting)).get_object()));
    put(listing.end());
    note_warnings(loaded);
    return exit_ok;
}

int run_config_check(const Arguments& arguments) {
    const auto loaded = load_settings(arguments);
    note_warnings(loaded);
    put_note("All settings are valid.");
    return exit_ok;
}

int run_openapi(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    const auto response = remote.send({}, "/openapi.json");
    if (response.status >= 400) throw Remote::error_of(response);
    put(response.body + "\n");
    return exit_ok;
}

int run_version(const Arguments& arguments) {
    const std::string version{app::version()};
    put(arguments.json ? json::serialize(json::object{{"name", "millrace"}, {"version", version}}) + "\n" : "millrace " + version + "\n");
    return exit_ok;
}

int run_completion(const Arguments& arguments) {
    put(completion_script(arguments.shell));
    return exit_ok;
}

}  // namespace millrace::cli
