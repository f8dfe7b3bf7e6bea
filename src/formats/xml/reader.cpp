#include "formats/xml/detail/reader.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace millrace::formats::xml {
namespace {

constexpr std::size_t batch_cells_max = 64 * 1024;  ///< rows are added while there are fewer
constexpr std::size_t batch_bytes_max = 1 << 20;    ///< of text and memory per batch, about

}  // namespace

Outline outline_of(Source& source, const ReadOptions& options) {
    const auto given = Given::from(options.dialect, source);
    Outline outline{options.columns_max};
    Parser parser{source, given.encoding, options.record_bytes_max, outline};
    while (parser.advance()) {
    }
    outline.settle(given.row);
    return outline;
}

Reader::Reader(Source& source, const ReadOptions& options)
    : options_{options}, given_{Given::from(options.dialect, source)}, outline_{outline_of(source, options)}, record_{outline_},
      parser_{source, given_.encoding, options.record_bytes_max, *this} {
    if (options.table > 0) throw Error{Code::invalid_parameter, {{"name", "table"}, {"why", "the file has 1"}}};
    report_.bytes = source.size();
    describe();
}

void Reader::describe() {
    report_.dialect = {{"encoding", parser_.encoding().name}, {"row", outline_.row_path()}};
    std::string names;
    for (const auto& path : outline_.outside()) names += (names.empty() ? "" : ", ") + path;
    if (!names.empty()) report_.warnings.push_back(fmt::format("values beside the rows are left out: {}", names));
}

bool Reader::next(TextBatch& batch) {
    batch.rows = 0;
    batch.columns = names().size();
    batch.cells.clear();
    batch.first_row = report_.rows_out;
    arena_.clear();
    batch_ = &batch;
    batch_bytes_ = 0;
    while (batch.rows == 0 && parser_.advance()) {
    }
    batch_ = nullptr;
    batch.bytes_consumed = std::min(parser_.bytes_consumed(), report_.bytes);
    return batch.rows > 0;
}

void Reader::start(std::string_view name, const char** attributes) {
    open_.push_back(outline_.child(open_.back(), name));
    if (!in_row_ && open_.back() == outline_.row()) {
        record_.clear();
        in_row_ = true;
    }
    if (!in_row_) return;
    record_.start(open_.back(), attributes);
    check_size();
}

void Reader::text(std::string_view text) {
    if (!in_row_) return;
    record_.text(text);
    check_size();
}

void Reader::end() {
    open_.pop_back();
    if (!in_row_ || !record_.end()) return;
    in_row_ = false;
    emit();
}

void Reader::check_size() const {
    if (record_.bytes() <= options_.record_bytes_max) return;
    throw Error{Code::line_too_long, {{"line", std::to_string(parser_.line())}, {"limit", std::to_string(options_.record_bytes_max)}}};
}

void Reader::emit() {
    auto& batch = *batch_;
    batch.cells.resize(batch.cells.size() + batch.columns);
    record_.put(batch.cells.data() + batch.rows * batch.columns, arena_);
    ++batch.rows;
    ++report_.rows_out;
    ++report_.rows_in;
    batch_bytes_ += record_.bytes();
    if (batch.cells.size() >= batch_cells_max || batch_bytes_ >= batch_bytes_max) parser_.pause();
}

}  // namespace millrace::formats::xml
