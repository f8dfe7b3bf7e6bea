// Rows that become several rows: columns turned down, and cells with several values.
#include <algorithm>

#include "base/suggest.hpp"
#include "transform/detail/text.hpp"
#include "transform/plan.hpp"

namespace millrace::transform {
namespace {

std::optional<std::size_t> find(const std::vector<SourceColumn>& columns, const std::string& name) {
    const auto at = std::ranges::find(columns, name, &SourceColumn::name);
    if (at == columns.end()) return std::nullopt;
    return static_cast<std::size_t>(at - columns.begin());
}

std::string unknown(const std::vector<SourceColumn>& columns, const std::string& name) {
    std::vector<std::string> names;
    for (const auto& column : columns) names.push_back(column.name);
    return "there is no column \"" + name + "\"" + did_you_mean(name, names);
}

/// Copies a cell within one batch.
void copy(const Vector& from, std::size_t from_row, Vector& to, std::size_t row) {
    if (!from.has(from_row)) return to.set_state(row, from.state(from_row));
    if (to.type.is_text()) to.texts[row] = from.texts[from_row];
    else if (to.type.kind == Kind::decimal) to.decimals[row] = from.decimals[from_row];
    else if (to.type.kind == Kind::float64) to.floats[row] = from.floats[from_row];
    else to.ints[row] = from.ints[from_row];
}

/// Each row once for each of some columns.
class Unpivoted final : public RowSource, private RowBatch {
public:
    Unpivoted(std::unique_ptr<RowSource> source, const UnpivotSpec& spec) : source_{std::move(source)}, names_{spec.columns} {
        for (const auto& name : spec.columns) turned_.push_back(*find(source_->columns(), name));
        for (std::size_t i = 0; i < source_->columns().size(); ++i) {
            if (std::ranges::find(turned_, i) != turned_.end()) continue;
            kept_.push_back(i);
            columns_.push_back(source_->columns()[i]);
        }
        columns_.push_back({spec.name, {}});
        columns_.push_back({spec.value, source_->columns()[turned_.front()].type});
    }

    const std::vector<SourceColumn>& columns() const override { return columns_; }
    const RowBatch* next() override {
        base_ = source_->next();
        return base_ ? this : nullptr;
    }
    std::uint64_t bytes_consumed() const override { return source_->bytes_consumed(); }
    const formats::ReadReport& report() const override { return source_->report(); }

private:
    std::size_t rows() const override { return base_->rows() * turned_.size(); }
    std::uint64_t number(std::size_t row) const override { return base_->number(row / turned_.size()); }

    void load(std::size_t column, std::span<const std::uint32_t> rows, Vector& out) const override {
        const auto count = static_cast<std::uint32_t>(turned_.size());
        if (column < kept_.size()) {
            std::vector<std::uint32_t> base;
            for (const auto row : rows) base.push_back(row / count);
            return base_->load(kept_[column], base, out);
        }
        if (column == kept_.size()) {
            out.reset({}, rows.size());
            for (std::size_t i = 0; i < rows.size(); ++i) out.texts[i] = names_[rows[i] % count];
            return;
        }
        out.reset(columns_.back().type, rows.size());
        Vector part;
        for (std::uint32_t k = 0; k < count; ++k) {
            std::vector<std::uint32_t> base;
            std::vector<std::size_t> places;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                if (rows[i] % count != k) continue;
                base.push_back(rows[i] / count);
                places.push_back(i);
            }
            base_->load(turned_[k], base, part);
            for (std::size_t i = 0; i < places.size(); ++i) copy(part, i, out, places[i]);
        }
    }

    std::unique_ptr<RowSource> source_;
    std::vector<std::string> names_;
    std::vector<std::size_t> turned_, kept_;
    std::vector<SourceColumn> columns_;
    const RowBatch* base_ = nullptr;
};

/// Each row once for each part of a cell. Parts are found as they are needed, so that a cell of millions costs no memory.
class Exploded final : public RowSource, private RowBatch {
public:
    Exploded(std::unique_ptr<RowSource> source, const ExplodeSpec& spec)
        : source_{std::move(source)}, separator_{spec.separator}, column_{*find(source_->columns(), spec.column)} {}

    const std::vector<SourceColumn>& columns() const override { return source_->columns(); }
    const RowBatch* next() override {
        rows_.clear();
        parts_.clear();
        while (rows_.empty()) {
            if (!base_ || at_ == base_->rows()) {
                base_ = source_->next();
                at_ = 0;
                if (!base_) return nullptr;
            }
            fill();
        }
        return this;
    }
    std::uint64_t bytes_consumed() const override { return source_->bytes_consumed(); }
    const formats::ReadReport& report() const override { return source_->report(); }

private:
    void fill() {
        Vector cell;
        for (; at_ < base_->rows() && rows_.size() < 4 * batch_rows_max; ++at_) {
            const auto row = static_cast<std::uint32_t>(at_);
            base_->load(column_, {&row, 1}, cell);
            if (!cell.has(0)) {
                push(row, std::nullopt);
                continue;
            }
            const auto text = cell.texts[0];
            while (true) {
                const auto end = text.find(separator_, offset_);
                push(row, trim(text.substr(offset_, end == text.npos ? end : end - offset_)));
                if (end == text.npos) break;
                offset_ = end + separator_.size();
                if (rows_.size() >= 4 * batch_rows_max) return;  // to be continued within this cell
            }
            offset_ = 0;
        }
    }
    void push(std::uint32_t row, std::optional<std::string_view> part) {
        rows_.push_back(row);
        parts_.push_back(part);
    }

    std::size_t rows() const override { return rows_.size(); }
    std::uint64_t number(std::size_t row) const override { return base_->number(rows_[row]); }
    void load(std::size_t column, std::span<const std::uint32_t> rows, Vector& out) const override {
        if (column == column_) {
            out.reset({}, rows.size());
            for (std::size_t i = 0; i < rows.size(); ++i) {
                if (const auto& part = parts_[rows[i]]) out.texts[i] = *part;
                else out.set_state(i, State::null);
            }
            return;
        }
        std::vector<std::uint32_t> base;
        for (const auto row : rows) base.push_back(rows_[row]);
        base_->load(column, base, out);
    }

    std::unique_ptr<RowSource> source_;
    const std::string separator_;
    const std::size_t column_;
    const RowBatch* base_ = nullptr;
    std::size_t at_ = 0, offset_ = 0;
    std::vector<std::uint32_t> rows_;
    std::vector<std::optional<std::string_view>> parts_;
};

}  // namespace

std::vector<SourceColumn> columns_after(const RowsSpec& rows, const std::vector<SourceColumn>& source, std::vector<Issue>& issues) {
    auto columns = source;
    if (rows.unpivot) {
        const auto& spec = *rows.unpivot;
        if (spec.columns.empty()) issues.push_back({"/rows/unpivot/columns", "required", "say which columns become rows"});
        std::optional<Type> type;
        for (std::size_t i = 0; i < spec.columns.size(); ++i) {
            const auto pointer = "/rows/unpivot/columns/" + std::to_string(i);
            const auto at = find(columns, spec.columns[i]);
            if (!at) {
                issues.push_back({pointer, "unknown_column", unknown(columns, spec.columns[i])});
                continue;
            }
            if (type && *type != columns[*at].type) issues.push_back({pointer, "wrong_type", "the columns must have one type"});
            type = columns[*at].type;
            columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(*at));
        }
        for (const auto* name : {&spec.name, &spec.value}) {
            if (find(columns, *name)) issues.push_back({"/rows/unpivot", "duplicate", "there is a column \"" + *name + "\" already"});
        }
        columns.push_back({spec.name, {}});
        columns.push_back({spec.value, type.value_or(Type{})});
    }
    if (rows.explode) {
        const auto at = find(columns, rows.explode->column);
        if (!at) issues.push_back({"/rows/explode/column", "unknown_column", unknown(columns, rows.explode->column)});
        else if (columns[*at].type.kind != Kind::text) issues.push_back({"/rows/explode/column", "wrong_type", "only text has parts"});
        if (rows.explode->separator.empty()) issues.push_back({"/rows/explode/separator", "required", "a separator is not empty"});
    }
    return columns;
}

std::unique_ptr<RowSource> reshaped(const RowsSpec& rows, std::unique_ptr<RowSource> source) {
    if (rows.unpivot) source = std::make_unique<Unpivoted>(std::move(source), *rows.unpivot);
    if (rows.explode) source = std::make_unique<Exploded>(std::move(source), *rows.explode);
    return source;
}

}  // namespace millrace::transform
