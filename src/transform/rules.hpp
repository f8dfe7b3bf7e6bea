#pragma once

#include <memory>

#include "transform/plan.hpp"

namespace millrace::transform {

/// One claim about a table. Which members a kind of rule takes stands in rule_kinds().
struct RuleSpec {
    std::string rule;
    std::optional<std::string> id;       ///< default: the kind and the columns, e.g. "range(price)"
    std::optional<std::string> column;
    std::vector<std::string> columns;
    Severity severity = Severity::error;  ///< a row with an error is rejected; others are only told
    std::optional<std::string> message;   ///< in place of our own
    std::optional<std::string> type;
    std::optional<std::string> point, group, pattern;
    std::optional<std::string> format;
    json::value min, max;
    std::optional<std::uint64_t> min_length, max_length, min_rows, max_rows;
    std::vector<std::string> values;
    std::optional<bool> ignore_case;
    std::optional<bool> ordered;
    std::optional<std::string> lookup;
    std::optional<std::string> expr, when;
    std::optional<double> max_ratio;
    std::optional<std::int64_t> max_age_days;
    static std::array<std::string_view, 1> required() { return {"rule"}; }
};
BOOST_DESCRIBE_STRUCT(RuleSpec, (), (rule, id, column, columns, severity, message, type, point, group, pattern, format, min, max, min_length, max_length,
                                     min_rows, max_rows, values, ignore_case, ordered, lookup, expr, when, max_ratio, max_age_days))

/// Rules over a table. Version 1.
struct RulesSpec {
    int version = 1;
    std::optional<std::string> name;
    std::map<std::string, LookupSpec> lookups;
    std::vector<RuleSpec> rules;
    LimitsSpec limits;
    static std::array<std::string_view, 1> required() { return {"rules"}; }
};
BOOST_DESCRIBE_STRUCT(RulesSpec, (), (version, name, lookups, rules, limits))

/// Reads rules strictly, as parse_spec does.
RulesSpec parse_rules(std::string_view text);
json::value rules_schema();

struct RuleKind {
    std::string_view name;
    std::string_view members;   ///< that it takes, e.g. "column min max"; one in brackets may be absent
    std::string_view doc;
    std::string_view code;      ///< of its problems; empty when it depends
    bool late = false;          ///< needs all rows before one can be judged
    bool of_table = false;      ///< judges the table, not a row
};
std::span<const RuleKind> rule_kinds();
/// The reference of all rules, as it stands in docs/guide/rules.md.
std::string rules_reference();

/// Rules made ready within a program, whose names and columns they use. For one thread.
class Rules {
public:
    Rules(const RulesSpec& spec, Program& program, const std::vector<SourceColumn>& source, const std::vector<std::string>& names,
          std::uint64_t memory_bytes, std::int64_t now, std::vector<Issue>& issues);
    ~Rules();

    bool has_late() const;
    /// Judges the rows of a batch that the program has worked out. `ordinal` is the number of its first row among all that are judged.
    /// A problem of an error clears `kept`.
    void judge(const Frame& frame, std::uint64_t ordinal, std::span<std::uint8_t> kept,
               const std::function<void(const Problem&, std::size_t row)>& tell);
    /// The first pass: takes notice of what late rules need.
    void gather(std::uint64_t ordinal, std::size_t rows);
    void finish_gathering();
    /// What is wrong with the table as a whole, after all rows.
    void judge_table(std::uint64_t rows, const OnProblem& tell) const;
    /// Forgets the rows, for another pass.
    void restart();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace millrace::transform
