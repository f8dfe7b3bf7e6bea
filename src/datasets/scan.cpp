#include "datasets/scan.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace millrace::datasets {
namespace {

constexpr std::uint64_t window_rows = 1024;

}  // namespace

Scan::Scan(const formats::parquet::Reader& file, std::uint64_t first, GroupTest may_match)
    : file_{file}, may_match_{std::move(may_match)}, columns_(file.fields().size()), end_{first} {}

bool Scan::next() {
    ++window_;
    while (group_ < file_.groups()) {
        const auto group_end = group_begin_ + file_.group_rows(group_);
        end_ = std::max(end_, group_begin_);
        if (end_ < group_end && (tested_ || !may_match_ || may_match_(group_))) {
            tested_ = true;
            first_ = end_;
            rows_ = static_cast<std::size_t>(std::min(window_rows, group_end - first_));
            end_ = first_ + rows_;
            return true;
        }
        group_begin_ = group_end;
        ++group_;
        tested_ = false;
    }
    first_ = end_ = file_.rows();
    rows_ = 0;
    return false;
}

void Scan::at(std::uint64_t row) {
    ++window_;
    first_ = row;
    rows_ = 1;
}

const formats::Column& Scan::column(std::size_t index) {
    auto& held = columns_[index];
    if (held.window == window_) return held.values;
    if (!held.reader) {
        held.reader.emplace(file_.column(index));
        held.values.type = file_.fields()[index].type;
    }
    held.values.clear();
    held.reader->seek(first_);
    if (held.reader->read(rows_, held.values) != rows_) throw Error{Code::malformed_file, {{"why", "rows are missing"}}};
    held.window = window_;
    return held.values;
}

}  // namespace millrace::datasets
