#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/describe.hpp"
#include "transform/lookup.hpp"

namespace millrace::transform {

/// What becomes of a cell whose value cannot be made: null; keep (the text of the only source column); default_value; the
/// row goes to the rejects; the run ends. Whatever it is, it is counted and told.
BOOST_DEFINE_ENUM_CLASS(OnError, null, keep, default_value, reject_row, fail)
BOOST_DEFINE_ENUM_CLASS(Keep, first, last)
BOOST_DEFINE_ENUM_CLASS(Aggregation, count, sum, min, max, first, last, average)

/// One column of the result.
struct FieldSpec {
    std::string target;
    std::vector<std::string> from;                   ///< columns that the steps begin with
    std::optional<std::vector<json::object>> steps;  ///< {"op": name, argument: value, ...}: each takes what came before as its first argument
    std::optional<std::string> expr;                 ///< in place of from and steps
    std::optional<std::string> type;                 ///< e.g. "decimal(12,2)"; what the value is when absent
    OnError on_error = OnError::reject_row;
    json::value default_value;
    std::optional<std::string> provenance;  ///< who proposed it: builtin, history, llm, user
    std::optional<double> confidence;       ///< 0 to 1
    std::optional<std::string> note;
    static std::array<std::string_view, 1> required() { return {"target"}; }
};
BOOST_DESCRIBE_STRUCT(FieldSpec, (), (target, from, steps, expr, type, on_error, default_value, provenance, confidence, note))

struct LetSpec {
    std::string name;
    std::string expr;
    static std::array<std::string_view, 2> required() { return {"name", "expr"}; }
};
BOOST_DESCRIBE_STRUCT(LetSpec, (), (name, expr))

/// A cell with several values becomes several rows.
struct ExplodeSpec {
    std::string column;
    std::string separator = ",";
    static std::array<std::string_view, 1> required() { return {"column"}; }
};
BOOST_DESCRIBE_STRUCT(ExplodeSpec, (), (column, separator))

/// Columns become rows: one for each, with its name and its value.
struct UnpivotSpec {
    std::vector<std::string> columns;
    std::string name = "name";
    std::string value = "value";
    static std::array<std::string_view, 1> required() { return {"columns"}; }
};
BOOST_DESCRIBE_STRUCT(UnpivotSpec, (), (columns, name, value))

struct DedupeSpec {
    std::vector<std::string> by;  ///< expressions over targets and source columns
    Keep keep = Keep::first;
    static std::array<std::string_view, 1> required() { return {"by"}; }
};
BOOST_DESCRIBE_STRUCT(DedupeSpec, (), (by, keep))

/// What becomes of rows, in this order.
struct RowsSpec {
    std::optional<UnpivotSpec> unpivot;
    std::optional<ExplodeSpec> explode;
    std::optional<std::string> filter;  ///< rows for which it is true stay
    std::optional<DedupeSpec> dedupe;
};
BOOST_DESCRIBE_STRUCT(RowsSpec, (), (unpivot, explode, filter, dedupe))

struct AggregateSpec {
    std::string target;
    Aggregation op = Aggregation::count;
    std::optional<std::string> of;    ///< a target; all but count need it
    std::optional<std::string> when;  ///< only rows for which this expression over targets is true; how a table is pivoted
    static std::array<std::string_view, 2> required() { return {"target", "op"}; }
};
BOOST_DESCRIBE_STRUCT(AggregateSpec, (), (target, op, of, when))

struct GroupSpec {
    std::vector<std::string> keys;  ///< targets
    std::vector<AggregateSpec> aggregates;
    static std::array<std::string_view, 2> required() { return {"keys", "aggregates"}; }
};
BOOST_DESCRIBE_STRUCT(GroupSpec, (), (keys, aggregates))

struct SourceSpec {
    std::optional<json::object> dialect;
    std::optional<std::uint32_t> table;
};
BOOST_DESCRIBE_STRUCT(SourceSpec, (), (dialect, table))

struct LimitsSpec {
    std::optional<double> reject_rate_max;  ///< 0 to 1; more end the run
};
BOOST_DESCRIBE_STRUCT(LimitsSpec, (), (reject_rate_max))

/// How a table becomes another one. Version 1.
struct Spec {
    int spec = 1;
    std::optional<std::string> name;
    std::optional<std::string> description;
    std::optional<SourceSpec> source;
    std::optional<std::string> target;  ///< a reference to the schema it is made for; kept, not read
    std::map<std::string, LookupSpec> lookups;
    std::vector<LetSpec> let;
    RowsSpec rows;
    std::vector<FieldSpec> fields;
    std::optional<GroupSpec> group_by;
    std::optional<json::object> validation;  ///< rules over the result, see rules.hpp
    LimitsSpec limits;
    static std::array<std::string_view, 2> required() { return {"spec", "fields"}; }
};
BOOST_DESCRIBE_STRUCT(Spec, (), (spec, name, description, source, target, lookups, let, rows, fields, group_by, validation, limits))

/// Reads a spec strictly: every problem with its JSON Pointer, unknown fields with what was meant. What concerns columns is
/// judged by Plan. Throws Error{invalid_json | invalid_fields}.
Spec parse_spec(std::string_view text);

/// Without what is absent or as usual; reads back as the same spec.
std::string to_text(const Spec& spec);
/// SHA-256 of the spec in its one canonical form, in hex: whatever is written differently but means the same has the same.
std::string content_hash(const Spec& spec);

/// JSON Schema (2020-12) of a spec.
json::value spec_schema();

/// Adds "did you mean" to issues about unknown fields, by the names in a schema.
void suggest_fields(std::vector<Issue>& issues, const json::value& schema);

/// Without members that are null, empty or as usual.
json::value compacted(const json::value& value);

}  // namespace millrace::transform
