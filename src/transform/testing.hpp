#pragma once

#include <string>
#include <vector>

#include "formats/csv/csv.hpp"
#include "formats/testing.hpp"
#include "formats/writer.hpp"
#include "transform/detail/render.hpp"
#include "transform/plan.hpp"
#include "transform/rules.hpp"

/// Help for the tests of this module.
namespace millrace::transform {

struct Ran {
    std::string out, rejects;
    std::vector<Problem> problems;
    RunReport report;
};

/// A delimited text that can be opened again and again.
inline OpenRows rows_of(formats::Source& source) {
    return [&source] { return text_rows(formats::csv::format().open(source, {.dialect = {{"header", true}, {"delimiter", ","}}})); };
}

inline OpenOutput csv_into(formats::Sink& sink) {
    return [&sink](std::vector<formats::WriteColumn> columns) {
        return formats::find_output("csv")->open(sink, std::move(columns), {.line_end = formats::LineEnd::lf});
    };
}

struct RunHow {
    const RulesSpec* rules = nullptr;
    std::uint64_t memory_bytes = 64u << 20;
    std::int64_t now = 1'700'000'000'000'000;
};

inline Ran run_spec(const Spec& spec, const std::string& csv, RunHow how = {}) {
    formats::TextSource source{csv};
    const auto open = rows_of(source);
    const LookupTables lookups{how.rules && spec.lookups.empty() ? how.rules->lookups : spec.lookups, [](const auto&, const auto&) { return nullptr; }};
    Plan plan{spec, open()->columns(), lookups.by_name, {.now = how.now, .rules = how.rules, .memory_bytes = how.memory_bytes}};
    formats::TextSink out, rejects;
    Ran ran;
    ran.report = plan.run(open, {.output = csv_into(out), .rejects = csv_into(rejects), .on_problem = [&](const Problem& problem) { ran.problems.push_back(problem); }});
    ran.out = out.text;
    ran.rejects = rejects.text;
    const auto& r = ran.report;
    if (r.rows_in + r.rows_added != r.rows_out + r.rows_rejected + r.rows_filtered + r.rows_duplicate + r.rows_grouped) throw std::logic_error("account");
    return ran;
}

inline Ran run_spec(const std::string& spec, const std::string& csv, RunHow how = {}) { return run_spec(parse_spec(spec), csv, how); }

/// "pointer: detail" of every issue.
template <class Act>
std::vector<std::string> issues_of(Act act) {
    std::vector<std::string> all;
    try {
        act();
    } catch (const Error& error) {
        for (const auto& issue : error.issues) all.push_back(issue.pointer + ": " + issue.detail);
        if (error.issues.empty()) all.emplace_back(error.what());
    }
    return all;
}

/// One row of texts.
struct OneRow final : RowBatch {
    std::vector<std::pair<std::string, std::string>> cells;

    std::size_t rows() const override { return 1; }
    std::uint64_t number(std::size_t) const override { return 1; }
    void load(std::size_t column, std::span<const std::uint32_t> wanted, Vector& out) const override {
        out.reset({}, wanted.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) out.texts[i] = cells[column].second;
    }
};

/// The value of an expression over one row of texts, as text; "null", "missing" or "error CODE".
inline std::string evaluate(const std::string& text, const std::vector<std::pair<std::string, std::string>>& row = {}, const Lookups& lookups = {}) {
    OneRow one;
    one.cells = row;
    std::vector<SourceColumn> columns;
    for (const auto& [name, cell] : row) columns.push_back({name, {}});
    Program program{columns, lookups, 1'700'000'000'000'000};
    auto expr = parse_expression(text);
    if (!expr) throw expr.error();
    const auto node = program.add(*expr);
    Frame frame;
    const std::uint64_t number = 1;
    frame.row_numbers = {&number, 1};
    const std::uint32_t first = 0;
    program.run(one, {&first, 1}, frame);
    const auto& value = program.value(node);
    switch (value.state(0)) {
        case State::null: return "null";
        case State::missing: return "missing";
        case State::error: return "error " + std::string{frame.faults[value.faults[0]].code};
        case State::value: break;
    }
    return text_of(value, 0);
}

}  // namespace millrace::transform
