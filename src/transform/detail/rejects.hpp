#pragma once

#include <memory>
#include <string>
#include <vector>

#include "transform/plan.hpp"

namespace millrace::transform {

/// Writes rows as they stood, with their number and what is wrong with them: put right, they can be read again by the same spec.
class RejectWriter {
public:
    RejectWriter(const std::vector<SourceColumn>& columns, const OpenOutput& open);
    /// `notes[i]` is of `rows[i]`.
    void write(const RowBatch& batch, std::span<const std::uint32_t> rows, const std::vector<std::string>& notes);
    void finish() { writer_->finish(); }

private:
    std::vector<std::size_t> read_;  // columns of the source
    std::vector<formats::Column> columns_;
    std::unique_ptr<formats::TableWriter> writer_;
};

}  // namespace millrace::transform
