#include "transform/detail/rejects.hpp"

#include "datasets/column.hpp"
#include "transform/detail/fields.hpp"

namespace millrace::transform {

RejectWriter::RejectWriter(const std::vector<SourceColumn>& columns, const OpenOutput& open) {
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        // A file of rejects that is read again has these columns already.
        if (columns[i].name == reject_row_column || columns[i].name == reject_errors_column) continue;
        read_.push_back(i);
        labels.push_back(columns[i].name);
    }
    labels.emplace_back(reject_row_column);
    labels.emplace_back(reject_errors_column);
    const auto names = datasets::unique_names(labels);
    std::vector<formats::WriteColumn> written;
    for (std::size_t i = 0; i < names.size(); ++i) written.push_back({.name = names[i], .label = labels[i], .type = {}});
    columns_.resize(names.size());
    writer_ = open(std::move(written));
}

void RejectWriter::write(const RowBatch& batch, std::span<const std::uint32_t> rows, const std::vector<std::string>& notes) {
    const std::vector<std::uint8_t> all(rows.size(), 1);
    Vector cells;
    for (auto& column : columns_) column.clear();
    for (std::size_t i = 0; i < read_.size(); ++i) {
        batch.load(read_[i], rows, cells);
        append_rows(cells, all, columns_[i]);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        columns_[read_.size()].push(std::string_view{std::to_string(batch.number(rows[i]))});
        columns_[read_.size() + 1].push(std::string_view{notes[i]});
    }
    std::vector<const formats::Column*> pointers;
    for (const auto& column : columns_) pointers.push_back(&column);
    writer_->write({pointers, 0, rows.size()});
}

}  // namespace millrace::transform
