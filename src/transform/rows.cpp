#include "transform/rows.hpp"

namespace millrace::transform {
namespace {

class TextRows final : public RowSource, private RowBatch {
public:
    explicit TextRows(std::unique_ptr<formats::TableReader> reader) : reader_{std::move(reader)} {
        for (const auto& name : reader_->names()) columns_.push_back({name, {}});
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

}  // namespace

std::unique_ptr<RowSource> text_rows(std::unique_ptr<formats::TableReader> reader) { return std::make_unique<TextRows>(std::move(reader)); }

}  // namespace millrace::transform
