#include "transform/rows.hpp"

#include <algorithm>
#include <optional>

#include "datasets/column.hpp"
#include "formats/parquet/reader.hpp"

namespace millrace::transform {
namespace {

class TextRows final : public RowSource, private RowBatch {
public:
    explicit TextRows(std::unique_ptr<formats::TableReader> reader) : reader_{std::move(reader)} {
        for (const auto& name : datasets::unique_names(reader_->names())) columns_.push_back({name, {}});
    }

    const std::vector<SourceColumn>& columns() const override { return columns_; }
    const RowBatch* next() override {
        do {
            if (!reader_->next(batch_)) return nullptr;
        } while (batch_.rows == 0);
        return this;
    }
    std::uint64_t bytes_consumed() const override { return batch_.bytes_consumed; }
    const formats::ReadReport& report() const override { return reader_->report(); }

private:
    std::size_t rows() const override { return batch_.rows; }
    std::uint64_t number(std::size_t row) const override { return batch_.first_row + row + 1; }
    void load(std::size_t column, std::span<const std::uint32_t> rows, Vector& out) const override {
        out.reset({}, rows.size());
        const auto* const cells = batch_.cells.data() + column;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto& cell = cells[rows[i] * batch_.columns];
            out.texts[i] = cell.text();
            if (cell.size == 0 && !cell.quoted) out.set_state(i, State::null);
        }
    }

    std::unique_ptr<formats::TableReader> reader_;
    std::vector<SourceColumn> columns_;
    formats::TextBatch batch_;
};

Type type_of(const formats::DataType& type) {
    switch (type.type) {
        case formats::Type::int64: return {Kind::int64};
        case formats::Type::decimal: return {Kind::decimal, type.scale};
        case formats::Type::float64: return {Kind::float64};
        case formats::Type::boolean: return {Kind::boolean};
        case formats::Type::date: return {Kind::date};
        case formats::Type::time: return {Kind::time};
        case formats::Type::timestamp: return {Kind::timestamp, 0, type.utc};
        case formats::Type::json: return {Kind::json};
        default: return {Kind::text};
    }
}

class TypedRows final : public RowSource, private RowBatch {
public:
    explicit TypedRows(formats::Source& data) : reader_{data}, bytes_{data.size()}, cells_(reader_.fields().size()) {
        std::vector<std::string> names;
        for (const auto& field : reader_.fields()) names.push_back(field.name);
        names = datasets::unique_names(names);
        for (std::size_t i = 0; i < names.size(); ++i) columns_.push_back({names[i], type_of(reader_.fields()[i].type)});
    }

    const std::vector<SourceColumn>& columns() const override { return columns_; }
    const RowBatch* next() override {
        constexpr std::uint64_t rows_max = 8192;
        first_ += rows_;
        rows_ = std::min(rows_max, reader_.rows() - first_);
        report_ = {.bytes = bytes_, .rows_in = first_ + rows_, .rows_out = first_ + rows_};
        for (auto& cells : cells_) cells.loaded = false;
        return rows_ == 0 ? nullptr : this;
    }
    std::uint64_t bytes_consumed() const override {
        return reader_.rows() == 0 ? bytes_ : static_cast<std::uint64_t>(static_cast<double>(bytes_) * static_cast<double>(first_ + rows_) / static_cast<double>(reader_.rows()));
    }
    const formats::ReadReport& report() const override { return report_; }

private:
    /// A column's part of the batch, read when it is first asked for.
    struct Cells {
        std::optional<formats::parquet::ColumnReader> reader;
        formats::Column values;
        bool loaded = false;
    };

    std::size_t rows() const override { return static_cast<std::size_t>(rows_); }
    std::uint64_t number(std::size_t row) const override { return first_ + row + 1; }
    const formats::Column& cells(std::size_t column) const {
        auto& cells = cells_[column];
        if (cells.loaded) return cells.values;
        if (!cells.reader) cells.reader = reader_.column(column);
        cells.values.clear();
        cells.reader->seek(first_);
        cells.reader->read(rows_, cells.values);
        cells.loaded = true;
        return cells.values;
    }
    void load(std::size_t column, std::span<const std::uint32_t> rows, Vector& out) const override {
        const auto& from = cells(column);
        const auto type = columns_[column].type;
        out.reset(type, rows.size());
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto row = rows[i];
            if (from.is_null(row)) out.set_state(i, State::null);
            else if (type.is_text()) out.texts[i] = from.text(row);
            else if (type.kind == Kind::float64) out.floats[i] = from.floats[row];
            else if (type.kind == Kind::decimal) out.decimals[i] = from.ints[row];
            else out.ints[i] = from.ints[row];
        }
    }

    formats::parquet::Reader reader_;
    const std::uint64_t bytes_;
    std::vector<SourceColumn> columns_;
    mutable std::vector<Cells> cells_;
    std::uint64_t first_ = 0, rows_ = 0;
    formats::ReadReport report_;
};

}  // namespace

std::unique_ptr<RowSource> typed_rows(formats::Source& data) { return std::make_unique<TypedRows>(data); }

std::unique_ptr<RowSource> text_rows(std::unique_ptr<formats::TableReader> reader) { return std::make_unique<TextRows>(std::move(reader)); }

}  // namespace millrace::transform
