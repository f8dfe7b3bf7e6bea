#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/clock.hpp"
#include "cli/commands.hpp"
#include "cli/converting.hpp"
#include "cli/failure.hpp"
#include "cli/output.hpp"
#include "cli/reading.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "transform/interchange.hpp"
#include "transform/plan.hpp"
#include "transform/rules.hpp"

namespace millrace::cli {
namespace {

std::string text_of_file(const std::string& path) {
    const auto source = open_source(path);
    std::string text(source->size(), '\0');
    text.resize(source->read(0, text));
    return text;
}

/// A table of this machine, opened as often as it is needed.
class Input {
public:
    Input(const std::string& path, formats::ReadOptions options) : source_{open_source(path)}, options_{std::move(options)} {
        format_ = &formats::recognise(*source_, name_of(path), options_.dialect);
    }
    std::unique_ptr<formats::TableReader> open() const { return format_->open(*source_, options_); }
    std::vector<transform::SourceColumn> columns() const { return transform::text_rows(open())->columns(); }
    /// `tell` hears of lines that are no rows, once, however often the table is opened.
    transform::OpenRows rows(const transform::OnProblem& tell = {}) {
        return [this, tell] {
            auto options = options_;
            if (tell) {
                options.on_reject = [this, tell](const formats::Reject& reject) {
                    if (reject.line <= told_) return;
                    told_ = reject.line;
                    tell({.line = reject.line, .code = reject.code, .value = transform::shown(reject.raw), .message = reject.reason});
                };
            }
            return transform::text_rows(format_->open(*source_, options));
        };
    }

private:
    std::unique_ptr<formats::Source> source_;
    const formats::ReadOptions options_;
    const formats::Format* format_ = nullptr;
    std::uint64_t told_ = 0;
};

/// Lookups name files beside the spec.
transform::OpenLookup lookups_beside(const std::string& spec_path, std::vector<std::unique_ptr<Input>>& kept) {
    const auto directory = std::filesystem::path{spec_path}.parent_path();
    return [directory, &kept](const std::string& name, const transform::LookupSpec& spec) {
        if (!spec.file) {
            Error error{Code::invalid_fields};
            error.issues.push_back({"/lookups/" + name + "/dataset", "not_applicable", "datasets are known to a server only; say file or rows"});
            throw error;
        }
        const std::filesystem::path file{*spec.file};
        kept.push_back(std::make_unique<Input>((file.is_absolute() ? file : directory / file).string(), formats::ReadOptions{}));
        return kept.back()->open();
    };
}

/// An output that appears when it is published.
struct Target {
    Target(const std::string& path, const Arguments& arguments, bool hashed)
        : plan{output_plan(path, arguments)}, parts{path, {.numbered = plan.options.split_rows || plan.options.split_bytes, .hashed = hashed}} {}

    transform::OpenOutput opener() {
        return [this](std::vector<formats::WriteColumn> columns) {
            return std::make_unique<formats::Output>(*plan.format, std::move(columns), plan.options, parts.opener());
        };
    }

    datasets::ExportPlan plan;
    OutParts parts;
};

/// Rejects are for people and for reading again: CSV unless the name says otherwise.
std::unique_ptr<Target> side_target(const std::string& path) {
    if (path.empty()) return nullptr;
    return std::make_unique<Target>(path, Arguments{}, false);
}

/// Problems as JSON lines.
class Problems {
public:
    explicit Problems(const std::string& path) {
        if (!path.empty()) file_.emplace(path);
    }
    transform::OnProblem sink() {
        if (!file_) return {};
        return [this](const transform::Problem& problem) { file_->write(json::serialize(transform::compacted_problem(problem)) + '\n'); };
    }
    void publish() {
        if (!file_) return;
        file_->sync();
        file_->finish();
    }

private:
    std::optional<OutFile> file_;
};

std::int64_t now_of(const Arguments& arguments) {
    if (arguments.now.empty()) return std::chrono::duration_cast<std::chrono::microseconds>(SystemClock{}.now().time_since_epoch()).count();
    const auto at = from_rfc3339(arguments.now);
    if (!at) throw Error{Code::usage, {{"why", "--now takes a time such as 2026-01-31T12:00:00Z"}}};
    return std::chrono::duration_cast<std::chrono::microseconds>(at->time_since_epoch()).count();
}

formats::ReadOptions read_options(const transform::Spec& spec, const Arguments& arguments) {
    formats::ReadOptions options;
    if (spec.source && spec.source->dialect) options.dialect = *spec.source->dialect;
    for (const auto& given : dialect_of(arguments)) options.dialect.insert_or_assign(given.key(), given.value());
    const auto table = arguments.table ? *arguments.table : spec.source && spec.source->table ? static_cast<int>(*spec.source->table) : 1;
    options.table = static_cast<std::size_t>(std::max(table, 1) - 1);
    return options;
}

json::object report_of(const transform::RunReport& report) { return json::parse(to_json(report)).as_object(); }

void say(const transform::RunReport& report, const Terminal& terminal, const std::string& what) {
    std::string text = fmt::format("{}: {} rows in, {} out", what, grouped(report.rows_in), grouped(report.rows_out));
    const auto also = [&](std::uint64_t count, const char* word) {
        if (count > 0) text += fmt::format(", {} {}", grouped(count), word);
    };
    also(report.rows_added, "added");
    also(report.rows_filtered, "filtered");
    also(report.rows_duplicate, "duplicate");
    also(report.rows_grouped, "grouped");
    also(report.rows_rejected, "rejected");
    also(report.rows_unreadable, "unreadable");
    put_note(report.rows_rejected + report.rows_unreadable > 0 ? styled(text, Style::yellow, terminal.colour) : text);
    for (const auto& [problem, count] : report.problems) put_note(fmt::format("  {}: {}", printable(problem), grouped(count)));
    for (const auto& [op, micros] : report.operator_micros) put_note(fmt::format("  {:20} {:8.1f} ms", op, static_cast<double>(micros) / 1000));
}

struct Files {
    std::string out;  ///< empty: nothing is written
    std::string rejects, problems;
};

int run_plan(transform::Plan& plan, Input& input, const Files& files, const Arguments& arguments, const std::string& what, json::object more) {
    std::unique_ptr<Target> out, rejects = side_target(files.rejects);
    if (!files.out.empty()) out = std::make_unique<Target>(files.out, arguments, arguments.json);
    Problems problems{files.problems};
    transform::RunOptions options{.rejects = rejects ? rejects->opener() : transform::OpenOutput{}, .on_problem = problems.sink(), .timed = arguments.explain};
    if (out) options.output = out->opener();
    const auto report = plan.run(input.rows(options.on_problem), options);
    if (out) out->parts.publish();
    if (rejects) rejects->parts.publish();
    problems.publish();
    const auto terminal = Terminal::of(STDERR_FILENO, arguments.colour);
    if (arguments.json) {
        auto line = report_of(report);
        line.insert_or_assign("in", what);
        for (auto& entry : more) line.insert_or_assign(entry.key(), entry.value());
        (files.out == "-" ? put_error : put)(json::serialize(line) + '\n');
    } else if (files.out != "-" || terminal.live || report.rows_rejected > 0) {
        say(report, terminal, printable(what));
    }
    return report.rows_rejected + report.rows_unreadable > 0 ? exit_partial : exit_ok;
}

}  // namespace

int run_transform(const Arguments& arguments) {
    if (arguments.operators) return put(transform::operator_reference()), exit_ok;
    if (arguments.schema) return put(json::serialize(transform::spec_schema()) + '\n'), exit_ok;
    if (!arguments.import_spec.empty()) {
        std::vector<std::string> names;
        if (!arguments.files.empty()) {
            for (const auto& column : Input{arguments.files[0], read_options({}, arguments)}.columns()) names.push_back(column.name);
        }
        put(transform::to_text(transform::import_spec(text_of_file(arguments.import_spec), names)) + '\n');
        return exit_ok;
    }
    if (arguments.spec.empty()) throw Error{Code::usage, {{"why", "transform needs --spec FILE, e.g. millrace transform in.csv out.csv --spec orders.json"}}};
    const auto spec = transform::parse_spec(text_of_file(arguments.spec));
    const bool looks = arguments.preview.has_value();
    if (arguments.files.size() != (looks ? 1u : 2u)) throw Error{Code::usage, {{"why", looks ? "--preview takes IN alone" : "transform needs IN and OUT"}}};
    std::vector<std::unique_ptr<Input>> kept;
    const transform::LookupTables lookups{spec.lookups, lookups_beside(arguments.spec, kept)};
    std::optional<transform::RulesSpec> rules;
    if (!arguments.rules.empty()) rules = transform::parse_rules(text_of_file(arguments.rules));
    if (rules && !rules->lookups.empty()) {
        Error error{Code::invalid_fields};
        error.issues.push_back({"/lookups", "not_applicable", "beside a spec, rules use the lookups of the spec"});
        throw error;
    }
    Input input{arguments.files[0], read_options(spec, arguments)};
    transform::Plan plan{spec, input.columns(), lookups.by_name, {.now = now_of(arguments), .rules = rules ? &*rules : nullptr}};
    if (looks) {
        put(json::serialize(plan.preview(input.rows(), static_cast<std::size_t>(*arguments.preview))) + '\n');
        return exit_ok;
    }
    return run_plan(plan, input, {arguments.files[1], arguments.rejects, arguments.problems}, arguments, arguments.files[0], {{"spec_sha256", transform::content_hash(spec)}});
}

int run_validate(const Arguments& arguments) {
    if (arguments.kinds) return put(transform::rules_reference()), exit_ok;
    if (arguments.schema) return put(json::serialize(transform::rules_schema()) + '\n'), exit_ok;
    if (arguments.rules.empty() || arguments.files.size() != 1) throw Error{Code::usage, {{"why", "validate needs IN and --rules FILE, e.g. millrace validate in.csv --rules orders.json"}}};
    const auto rules = transform::parse_rules(text_of_file(arguments.rules));
    std::vector<std::unique_ptr<Input>> kept;
    const transform::LookupTables lookups{rules.lookups, lookups_beside(arguments.rules, kept)};
    Input input{arguments.files[0], read_options({}, arguments)};
    const auto columns = input.columns();
    transform::Plan plan{transform::copy_spec(columns), columns, lookups.by_name, {.now = now_of(arguments), .rules = &rules}};
    return run_plan(plan, input, {arguments.accepted, arguments.rejects, arguments.problems}, arguments, arguments.files[0], {});
}

}  // namespace millrace::cli
