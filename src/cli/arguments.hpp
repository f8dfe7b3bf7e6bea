#pragma once

#include <optional>
#include <string>
#include <vector>

namespace millrace::cli {

/// What the command line says. One struct for all commands: most options belong to several of them. Settings of the
/// server are not among them; they stay words in `settings`, for config.
struct Arguments {
    std::string command;  ///< "serve", "jobs ls", ...

    // Every command
    std::string colour = "auto";
    bool debug = false;
    std::string config;                 ///< --config FILE
    std::vector<std::string> settings;  ///< words left over, e.g. "--http-head-timeout", "5s"

    // Commands that talk to a server
    std::string server;
    std::string token;
    std::string data_dir;

    // Commands that list or show
    std::string output;
    bool json = false;
    bool quiet = false;
    std::vector<std::string> fields;

    // import, convert, sniff, demo
    std::vector<std::string> files;
    std::string progress = "auto";
    std::string on_duplicate;
    std::string supplier_id;
    bool no_wait = false;
    int parallel = 4;
    std::string list;  ///< convert --list
    std::string to;    ///< convert, export: format
    std::vector<std::string> options;  ///< -O KEY=VALUE
    std::string out;   ///< export: file
    std::optional<int> table;  ///< import, convert: the main one is 1
    bool all_tables = false;
    std::string version_of, mode, key, contract;  ///< import: of versions
    std::string sql;   ///< query
    std::optional<std::uint64_t> row_limit;  ///< query
    std::optional<std::string> delimiter, quote, encoding;
    std::optional<bool> header;
    std::string samples;
    bool once = false;

    // transform, validate
    std::string spec, rules, rejects, problems, accepted;
    std::string import_spec;     ///< --import FILE
    std::string now;
    std::optional<int> preview;  ///< rows
    bool explain = false;
    bool operators = false, kinds = false, schema = false;

    // batch
    std::string operation, into;
    // classify, ontology
    std::string ontology, examples;
    bool alone = false;

    // jobs
    std::vector<std::string> ids;
    std::string filter;
    std::vector<std::string> states;
    std::string sort;
    int limit = 50;
    bool all = false;
    std::string scope;
    std::string timeout;

    // schedules
    std::string cron;
    std::string zone;
    std::string catch_up;
    bool disabled = false;
    std::string kind, type, queue;
    std::optional<int> priority;
    std::vector<std::string> tags;
    bool follow = false;
    std::optional<int> attempt;
    std::string input;  ///< JSON
    std::optional<int> count;

    // user, key, token
    std::string name;
    std::string email;
    std::string role;
    std::string password_file;
    std::string subject;
    std::string ttl = "1h";
    std::string expires;

    // migrate, config, completion
    bool plan = false;
    bool origin = false;
    std::string shell;
};

struct Parsed {
    Arguments arguments;
    std::optional<std::string> text;  ///< to print in place of doing anything: help, version, completion
};

/// Reads the command line; touches nothing else. `width` is for the help. Throws Error{usage} with what was meant.
Parsed parse_arguments(int argc, const char* const* argv, int width = 80);

/// A completion script, made by walking the options. `shell`: bash, zsh or fish; Error{usage} for another.
std::string completion_script(const std::string& shell);

}  // namespace millrace::cli
