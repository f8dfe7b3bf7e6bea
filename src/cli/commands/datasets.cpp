#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/paging.hpp"

namespace millrace::cli {
namespace {

constexpr const char* base = "/api/v2/datasets";

std::string path_of(const std::string& id) { return std::string{base} + '/' + http::encode_segment(id); }

Listing listing_of(const Arguments& arguments, std::vector<Column> columns) {
    const auto out = Terminal::of(STDOUT_FILENO, arguments.colour);
    return {format_from(arguments.output, arguments.json, arguments.quiet, out), out, std::move(columns), arguments.fields};
}

Listing dataset_listing(const Arguments& arguments) {
    return listing_of(arguments, {{.name = "id", .width_min = 36}, {.name = "name", .width_min = 10}, {"version", true}, {.name = "mode", .width_min = 7},
                                  {"row_count", true}, {"rows_rejected", true}, {"column_count", true}, {.name = "created_at", .width_min = 24}});
}

int list(const Arguments& arguments, const std::string& path) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    auto listing = dataset_listing(arguments);
    list_pages(remote, path, arguments.filter, arguments, listing);
    put(listing.end());
    return exit_ok;
}

}  // namespace

int run_datasets_ls(const Arguments& arguments) { return list(arguments, base); }
int run_datasets_versions(const Arguments& arguments) { return list(arguments, path_of(arguments.ids.front()) + "/versions"); }

int run_datasets_get(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    auto listing = dataset_listing(arguments);
    for (const auto& id : arguments.ids) put(listing.add(remote.get(path_of(id)).as_object()));
    put(listing.end());
    return exit_ok;
}

int run_datasets_rows(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    const auto path = path_of(arguments.ids.front());
    std::vector<Column> columns;
    const auto dataset = remote.get(path);
    for (const auto& column : dataset.as_object().at("columns").as_array()) {
        const auto type = cell_text(member(column.as_object(), "type"));
        columns.push_back({cell_text(member(column.as_object(), "name")), type == "int64" || type == "decimal" || type == "float64"});
    }
    auto listing = listing_of(arguments, std::move(columns));
    list_pages(remote, path + "/rows", arguments.filter, arguments, listing);
    put(listing.end());
    return exit_ok;
}

int run_datasets_lineage(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    put(json::serialize(remote.get(path_of(arguments.ids.front()) + "/lineage")) + '\n');
    return exit_ok;
}

int run_datasets_rm(const Arguments& arguments) {
    const Interrupt interrupt;
    Remote remote{find_server(arguments), interrupt.token()};
    for (const auto& id : arguments.ids) remote.remove(path_of(id));
    return exit_ok;
}

}  // namespace millrace::cli
