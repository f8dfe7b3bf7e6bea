#pragma once

#include <memory>
#include <stop_token>

#include "formats/writer.hpp"
#include "transform/problem.hpp"
#include "transform/program.hpp"
#include "transform/rows.hpp"
#include "transform/spec.hpp"

namespace millrace::transform {

struct RulesSpec;

/// Opens the table behind a lookup's file or dataset.
using OpenLookup = std::function<std::unique_ptr<formats::TableReader>(const std::string& name, const LookupSpec& spec)>;

/// Lookup tables, loaded.
struct LookupTables {
    std::vector<std::unique_ptr<LookupTable>> tables;
    Lookups by_name;

    LookupTables() = default;
    LookupTables(const std::map<std::string, LookupSpec>& specs, const OpenLookup& open);
};

/// What happened to every row: rows_in + rows_added = rows_out + rows_rejected + rows_filtered + rows_duplicate + rows_grouped.
struct RunReport {
    std::uint64_t rows_in = 0;         ///< of the source
    std::uint64_t rows_added = 0;      ///< by unpivot and explode
    std::uint64_t rows_out = 0;        ///< written
    std::uint64_t rows_rejected = 0;
    std::uint64_t rows_filtered = 0;
    std::uint64_t rows_duplicate = 0;
    std::uint64_t rows_grouped = 0;    ///< became part of a group that is another's row
    std::uint64_t rows_unreadable = 0; ///< not among rows_in: the reader could not make rows of them
    std::uint64_t rows_warned = 0;     ///< among rows_out: with a problem that did not reject them
    std::map<std::string, std::uint64_t> problems;  ///< by "column code", or by "rule code"
    std::map<std::string, std::uint64_t> operator_micros;  ///< with `timed`
};
BOOST_DESCRIBE_STRUCT(RunReport, (), (rows_in, rows_added, rows_out, rows_rejected, rows_filtered, rows_duplicate, rows_grouped, rows_unreadable, rows_warned, problems, operator_micros))

using OpenOutput = std::function<std::unique_ptr<formats::TableWriter>(std::vector<formats::WriteColumn> columns)>;

struct RunOptions {
    OpenOutput output;                 ///< the result; not opened again
    OpenOutput rejects;                ///< rows as they stood, with two columns more; may be empty
    OnProblem on_problem;              ///< in order of the rows; may be empty
    std::function<void(std::uint64_t bytes_consumed, std::uint64_t rows)> on_progress;  ///< after each batch; may be empty
    std::stop_token stop;              ///< asked after each batch; ends with Error{cancelled}
    bool timed = false;
};

/// Columns that a file of rejects has beside those of the source.
inline constexpr std::string_view reject_row_column = "millrace_row", reject_errors_column = "millrace_errors";

/// A spec made ready for a table. For one thread.
class Plan {
public:
    struct Options {
        std::int64_t now = 0;                ///< microseconds since 1970: what now() says
        const RulesSpec* rules = nullptr;    ///< over the result; also those of the spec when absent
        std::uint64_t memory_bytes = 64u << 20;  ///< for keys and groups; beyond it they go to temporary files
    };
    /// Checks everything that can be known before the first row. `lookups` outlives the plan. Throws Error{invalid_fields} with
    /// all issues, each with its JSON Pointer; those of expressions with column and caret.
    Plan(Spec spec, std::vector<SourceColumn> source, const Lookups& lookups, const Options& options);
    ~Plan();

    const Spec& spec() const;
    /// Of the result.
    const std::vector<formats::WriteColumn>& columns() const;

    /// Reads the rows once, or twice when rows are compared with each other (dedupe, unique). Throws what source and writers throw, and
    /// Error{value_refused | too_many_rejects | cancelled}.
    RunReport run(const OpenRows& open, const RunOptions& options);

    /// The first rows as they were and as they become: {"columns", "rows": [{"row", "source": {..}, "target": {..} | null,
    /// "filtered": true, "problems": [..]}]}. Dedupe and groups are left out, since they need all rows.
    json::object preview(const OpenRows& open, std::size_t rows_max);

    struct State;

private:
    std::unique_ptr<State> state_;
};

/// The columns that a run reads when the source has these, before unpivot.
std::vector<SourceColumn> columns_after(const RowsSpec& rows, const std::vector<SourceColumn>& source, std::vector<Issue>& issues);
/// The rows after unpivot and explode.
std::unique_ptr<RowSource> reshaped(const RowsSpec& rows, std::unique_ptr<RowSource> source);

}  // namespace millrace::transform
