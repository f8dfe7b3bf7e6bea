#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "cli/commands.hpp"
#include "cli/failure.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"

namespace millrace::cli {
namespace {

using Run = int (*)(const Arguments&);

/// Names of results in one directory, none given twice.
class Names {
public:
    explicit Names(std::filesystem::path directory) : directory_{std::move(directory)} { std::filesystem::create_directories(directory_); }

    /// What the results of a file begin with.
    std::string of(const std::string& path) {
        const auto base = (directory_ / (path == "-" ? "stdin" : std::filesystem::path{path}.stem())).string();
        auto name = base;
        for (int n = 2; !taken_.insert(name).second; ++n) name = fmt::format("{}-{}", base, n);
        return name;
    }

private:
    std::filesystem::path directory_;
    std::set<std::string> taken_;
};

/// The command for one file of the batch, with its results named.
Run command_for(Arguments& one, const std::string& path, const std::string& name) {
    if (one.operation == "analyze") {
        one.files = {path};
        one.out = name + (one.json ? "-analysis.json" : "-analysis.md");
        return run_analyze;
    }
    const auto out = name + output_plan("-", one).extension();
    if (one.operation == "convert") {
        one.files = {path, out};
        return run_convert;
    }
    one.rejects = name + "-rejects.csv";
    one.problems = name + "-problems.ndjson";
    if (one.operation == "transform") {
        one.files = {path, out};
        return run_transform;
    }
    one.files = {path};
    one.accepted = out;
    return run_validate;
}

void tell_failure(const std::string& path, const Error& error, const Arguments& arguments) {
    const auto message = error.message(language());
    if (arguments.json) {
        return put(json::serialize(json::object{{"in", path}, {"error_code", to_string(error.code())}, {"error_message", message}}) + '\n');
    }
    put_note(styled("failed", Style::red, Terminal::of(STDERR_FILENO, arguments.colour).colour) + " " + printable(path) + ": " + printable(message));
}

}  // namespace

int run_batch(const Arguments& arguments) {
    if (arguments.operation == "transform" && arguments.spec.empty()) throw Error{Code::usage, {{"why", "batch transform needs --spec FILE"}}};
    if (arguments.operation == "validate" && arguments.rules.empty()) throw Error{Code::usage, {{"why", "batch validate needs --rules FILE"}}};
    Names names{arguments.into};
    std::vector<Outcome> outcomes;
    for (const auto& path : arguments.files) {
        auto one = arguments;
        const auto run = command_for(one, path, names.of(path));
        Outcome outcome;
        try {
            outcome.status = run(one);
        } catch (const Error& error) {
            outcome.status = exit_status(error.code());
            tell_failure(path, error, arguments);
        }
        if (outcome.status == exit_partial) outcome = {.rejected_rows = true};
        outcomes.push_back(outcome);
    }
    return combined_status(outcomes);
}

}  // namespace millrace::cli
