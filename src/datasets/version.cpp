#include "datasets/version.hpp"

#include <algorithm>

#include "datasets/detail/merged_table.hpp"

namespace millrace::datasets {
namespace {

/// Columns that both have with another type now, and a value that shows why, if one is known.
void find_retyped(const std::vector<ColumnInfo>& before, const BuildResult& result, Changes& changes) {
    const auto renamed_to = [&](const std::string& name) {
        const auto found = std::ranges::find_if(changes.renamed, [&](const Renamed& r) { return r.same && r.from == name; });
        return found == changes.renamed.end() ? name : found->to;
    };
    for (const auto& column : before) {
        auto now = std::ranges::find(result.columns, column.name, &ColumnInfo::name);
        if (now == result.columns.end()) now = std::ranges::find(result.columns, renamed_to(column.name), &ColumnInfo::name);
        if (now == result.columns.end() || now->type == column.type) continue;
        const auto why = std::ranges::find_if(result.report.widenings, [&](const Widening& w) { return w.column == now->name && w.to == now->type; });
        changes.retyped.push_back({column.name, column.type, now->type, why == result.report.widenings.end() ? std::string{} : why->text});
    }
}

}  // namespace

BuildResult build_version(const OpenTable& open, const Parent& parent, const VersionPlan& plan, const Sinks& sinks, BuildOptions options, Changes& changes) {
    const bool evolves = plan.contract == Contract::evolve;
    OpenTable merged = [&](std::function<void(formats::Reject)> on_reject) {
        return std::make_unique<MergedTable>(open, std::move(on_reject), parent, plan, changes);
    };
    if (plan.mode == Mode::replace && evolves) {
        // The file as it is; what is different is only told.
        merged = [&](std::function<void(formats::Reject)> on_reject) {
            auto table = open(std::move(on_reject));
            changes = match_columns(parent.columns, table->names(), table->has_header()).changes;
            return table;
        };
    }
    if (!evolves) options.columns = parent.columns;
    if (plan.mode != Mode::replace) options.source_bytes += parent.bytes;
    auto result = build(merged, sinks, options);
    if (plan.mode == Mode::replace && evolves) changes.rows_new = result.rows;
    if (evolves) find_retyped(parent.columns, result, changes);
    return result;
}

}  // namespace millrace::datasets
